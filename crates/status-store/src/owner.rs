//! One owner: a lock beside the store that names the process which has it open.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use status_layer::StoreError;

use crate::rows::unavailable;

/// How often, and after what time each, it is tried again if the lock seems to be our own.
const TRIES: u32 = 20;
const WAIT: Duration = Duration::from_millis(10);
/// Longest number that is read from the lock, in bytes.
const MAX_NUMBER: u64 = 20;

/// The right to have a store open. It ends with the value, or with the process, however that dies.
#[derive(Debug)]
pub(crate) struct Owner {
    _lock: File,
}

impl Owner {
    /// Becomes the owner of the store in the file `path`.
    ///
    /// The lock is a file of its own and stays there: to remove it would let two processes own one store.
    ///
    /// # Errors
    /// [`StoreError::InUse`], with the number of the process that is the owner.
    pub(crate) fn of(path: &Path) -> Result<Self, StoreError> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(beside(path)).map_err(unavailable)?;
        let mut tries = 0;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(unavailable(error)),
                TryLockError::WouldBlock => {}
            }
            let by = holder(&mut file);
            // A process that we are about to start has a copy of our lock, until it runs its own program.
            if by != Some(std::process::id()) || tries == TRIES {
                return Err(StoreError::InUse { by });
            }
            tries += 1;
            std::thread::sleep(WAIT);
        }
        // The number is for people only; a disk that is full does not make us less the owner.
        let number = format!("{}\n", std::process::id());
        drop(file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(number.as_bytes())));
        Ok(Self { _lock: file })
    }
}

/// The name of the lock of `path`.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

/// The process that wrote its number into the lock.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    // Where locks forbid reading too, the number stays unknown.
    file.rewind().ok()?;
    file.take(MAX_NUMBER).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
