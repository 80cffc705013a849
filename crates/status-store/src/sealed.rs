//! One sealed file: the embedded database on blocks that are encrypted and authenticated.

pub(crate) mod blocks;
pub(crate) mod build;
pub(crate) mod cipher;
mod commit;
mod first;
mod head;
mod journal;
pub(crate) mod layout;
pub(crate) mod look;
mod marks;
pub(crate) mod migrate;
pub(crate) mod salvage;
mod secrets;
mod slots;
pub(crate) mod superblock;
#[cfg(test)]
mod tests;
mod upgrade;
pub(crate) mod vault;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};
use tempfile::NamedTempFile;

use crate::error::OpenError;
use crate::lock::{Lock, LockKind};
use crate::owner::Owner;
use crate::redb::{folder, publish};
use crate::rows::{failed, unavailable};
use superblock::Superblock;
use vault::Vault;

/// A store in one file that is of no use without its passphrase or key.
///
/// A random key seals every block with XChaCha20-Poly1305, bound to the file and to its place; the lock seals that
/// key. What can be seen without it: that it is such a file, which kind of lock it has, how long it is, and, by who
/// watches the disk, which blocks change when.
pub struct Sealed {
    vault: Vault<FileBackend>,
    path: PathBuf,
    _owner: Owner,
}

impl Sealed {
    /// Opens the store in the file `path`, or makes a new one under `lock` if there is no such file.
    ///
    /// A new file appears under its name only when it is complete, readable by its owner alone. A file that is
    /// refused is left as it is; one of an earlier layout is written anew, which takes as long as it is large, and
    /// takes the place of the old one when it is complete. Beside it lies a file `.lock` that names the process which has
    /// it open.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do: another process has it open, the lock is another one, the
    /// file is not sealed, foreign, cut, changed or of a newer program, the disk fails.
    pub fn open(path: impl Into<PathBuf>, lock: &Lock) -> Result<Self, OpenError> {
        Self::open_with(path, lock, &[])
    }

    /// Opens a store like [`open`](Self::open), and keeps the rows of the areas `secret` so that they can be erased, now and
    /// whenever it is opened again.
    ///
    /// The value of such a row cannot be read any more, not even with the lock and a copy of the file from then on, as soon
    /// as the commit after the one that deleted or replaced it is done; or [`shred`](Self::shred), or the store is closed or
    /// opened again. At most [`MAX_SECRET`](crate::MAX_SECRET) rows can be kept so.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`StoreError::TooMany`] if the areas have more rows already.
    pub fn open_with(path: impl Into<PathBuf>, lock: &Lock, secret: &[Area]) -> Result<Self, OpenError> {
        let path = path.into();
        let owner = Owner::of(&path)?;
        let vault = match File::options().read(true).write(true).open(&path) {
            Ok(file) => {
                let file = upgrade::run(&path, file, lock, secret)?;
                Vault::open(FileBackend::new(file).map_err(failed)?, lock, secret)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path, lock, secret)?,
            Err(error) => return Err(unavailable(error).into()),
        };
        Ok(Self { vault, path, _owner: owner })
    }

    /// Which lock the store in the file `path` has, if there is such a file.
    ///
    /// # Errors
    /// [`OpenError`] if the file is not a sealed store.
    pub fn lock_of(path: &Path) -> Result<Option<LockKind>, OpenError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unavailable(error).into()),
        };
        let (superblock, _) = Superblock::read(&FileBackend::new(file).map_err(failed)?)?;
        Ok(Some(superblock.kind()))
    }

    /// Replaces the lock. The data are not written again, so this takes no longer for a large store; whoever kept an
    /// old copy of the file can still open that copy with the old lock.
    ///
    /// # Errors
    /// [`OpenError`]; then one of the two locks opens the store: the new one, if the disk failed late.
    pub fn relock(&mut self, lock: &Lock) -> Result<(), OpenError> {
        self.vault.relock(lock)
    }

    /// The number of the last commit. It never falls, so a lower one tells that an old copy was put back.
    #[must_use]
    pub fn turn(&self) -> u64 {
        self.vault.turn()
    }

    /// Makes unreadable at once what the last commit deleted of the secret areas, for whoever does not want to wait for the
    /// next commit. That takes one wait for the disk, or none if there is nothing to do.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails; then the next commit, closing or opening does it.
    pub fn shred(&mut self) -> Result<(), StoreError> {
        self.vault.shred()
    }

    /// Reads everything that counts and verifies it. Opening does not: what is not needed then is verified when it is read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if something is not what was written; what the disk says.
    pub fn verify(&mut self) -> Result<(), StoreError> {
        self.vault.verify()
    }

    /// The file of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a new file beside `path` and gives it its name when it is complete.
fn create(path: &Path, lock: &Lock, secret: &[Area]) -> Result<Vault<FileBackend>, OpenError> {
    let draft = NamedTempFile::new_in(folder(path)).map_err(unavailable)?;
    let file = draft.as_file().try_clone().map_err(unavailable)?;
    let vault = Vault::create(FileBackend::new(file).map_err(failed)?, lock, secret, 0)?;
    publish(draft, path)?;
    Ok(vault)
}

impl Read for Sealed {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.vault.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.vault.scan(area, prefix, after, limit)
    }
}

impl Store for Sealed {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.vault.commit(&batch)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.shred()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}
