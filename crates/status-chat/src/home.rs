//! The folder in which a client keeps everything, and what locks it.
//!
//! A home is the folder of one account, and may hold more of them, each under a label: [`accounts`] lists them. Each has a
//! lock, an anchor and a store of its own in a folder of its own, so [`is_home`], [`lock_of`], [`relock`], backups and the doctor
//! take [`account_folder`] for it, and several may be open at once, each by one process.

mod account;

use std::path::{Path, PathBuf};

use status_layer::{Area, Memory, Store};
use status_store::{Anchored, Builder, Continuity, Key, Lock, LockKind, Sealed, seal_plain};

use crate::error::OpenError;

pub(crate) use account::folder_to_open;
pub use account::{
    Account, AccountLabel, LabelError, MAX_ACCOUNT_LABEL, MAX_ACCOUNTS, account_folder, accounts,
};

/// The file in a home that holds everything.
const STORE_FILE: &str = "status.store";
/// The file in a home that holds its key, if it has no other lock.
const KEY_FILE: &str = "status.key";
/// The file in a home by which an old copy of the store is noticed.
const ANCHOR_FILE: &str = "status.anchor";
/// What held everything before there was sealing.
const PLAIN_FILE: &str = "status.redb";

/// Whether there is a user in the folder `home`.
#[must_use]
pub fn is_home(home: &Path) -> bool {
    [STORE_FILE, PLAIN_FILE].iter().any(|name| home.join(name).exists())
}

/// What locks the home, or nothing if the client opens it without being given anything: it is new, or its key lies
/// in it.
///
/// # Errors
/// [`OpenError`] if it cannot be read, or its file is not ours.
pub fn lock_of(home: &Path) -> Result<Option<LockKind>, OpenError> {
    let kind = Sealed::lock_of(&home.join(STORE_FILE))?;
    let unasked = kind == Some(LockKind::Key) && home.join(KEY_FILE).exists();
    Ok(kind.filter(|_| !unasked))
}

/// Replaces the lock of a home that no client has open. No lock means the key that lies in the home.
///
/// What was written before is not written again, so this takes no time; an old copy of the home still opens with the
/// old lock.
///
/// # Errors
/// [`OpenError`] if the old lock does not fit, or the home is in use; then the old lock still holds.
pub fn relock(home: &Path, old: Option<&Lock>, new: Option<&Lock>) -> Result<(), OpenError> {
    let path = home.join(STORE_FILE);
    let mut store = Sealed::open(&path, &choose(home, old)?)?;
    let key = home.join(KEY_FILE);
    match new {
        Some(new) => {
            store.relock(new)?;
            if key.exists() {
                // It opens nothing any more but old copies.
                std::fs::remove_file(&key).map_err(|source| failed(home, source))?;
            }
        }
        None => store.relock(&Key::read_or_make(&key)?.into())?,
    }
    Ok(())
}

/// Opens the store in a home, or one in memory if there is no home. What is deleted of the areas `secret` is erased.
pub(crate) fn open_store(
    home: Option<&Path>,
    lock: Option<&Lock>,
    anchor: Option<&Path>,
    secret: &[Area],
) -> Result<(Box<dyn Store + Send>, Continuity), OpenError> {
    let Some(home) = home else { return Ok((Box::new(Memory::new()), Continuity::Whole)) };
    make_private(home).map_err(|source| failed(home, source))?;
    let lock = choose(home, lock)?;
    seal(home, &lock, secret)?;
    let anchor = anchor.map_or_else(|| home.join(ANCHOR_FILE), Path::to_owned);
    let (store, continuity) = Anchored::open_with(&home.join(STORE_FILE), &lock, &anchor, secret)?;
    if continuity == Continuity::PutBack {
        tracing::warn!(
            "this home is an older copy of itself, or was copied; conversations go on with new keys"
        );
    }
    Ok((Box::new(store), continuity))
}

/// Opens the store in a home in which there is a user.
pub(crate) fn open_there(home: &Path, lock: Option<&Lock>) -> Result<Sealed, OpenError> {
    let lock = lock_there(home, lock)?;
    seal(home, &lock, &[])?;
    Ok(Sealed::open(home.join(STORE_FILE), &lock)?)
}

/// The lock of a home in which there is a user.
pub(crate) fn lock_there(home: &Path, lock: Option<&Lock>) -> Result<Lock, OpenError> {
    if !is_home(home) {
        return Err(failed(home, std::io::Error::new(std::io::ErrorKind::NotFound, "there is nobody in it")));
    }
    choose(home, lock)
}

/// The file in a home that holds everything.
pub(crate) fn store_file(home: &Path) -> PathBuf {
    home.join(STORE_FILE)
}

/// The areas whose deleted rows are erased, with the layers of the deployed network.
pub(crate) fn secret_areas() -> [Area; 1] {
    [status_stack::Config::default().areas.security]
}

/// Begins the store of a home in which there is nobody yet.
pub(crate) fn build_store(home: &Path, lock: Option<&Lock>) -> Result<Builder, OpenError> {
    make_private(home).map_err(|source| failed(home, source))?;
    Ok(Sealed::build(home.join(STORE_FILE), &choose(home, lock)?, &secret_areas())?)
}

/// Seals a home from before there was sealing.
fn seal(home: &Path, lock: &Lock, secret: &[Area]) -> Result<(), OpenError> {
    if seal_plain(&home.join(PLAIN_FILE), &home.join(STORE_FILE), lock, secret)? {
        tracing::warn!("this home was not sealed; now it is");
    }
    Ok(())
}

/// The lock that was given, or the key in the home, which is made if the home is new.
fn choose(home: &Path, given: Option<&Lock>) -> Result<Lock, OpenError> {
    if let Some(lock) = given {
        return Ok(lock.clone());
    }
    let key: PathBuf = home.join(KEY_FILE);
    match Sealed::lock_of(&home.join(STORE_FILE))? {
        None => Ok(Key::read_or_make(&key)?.into()),
        Some(LockKind::Key) if key.exists() => Ok(Key::read(&key)?.into()),
        Some(kind) => Err(status_store::OpenError::OtherLock { kind }.into()),
    }
}

fn failed(home: &Path, source: std::io::Error) -> OpenError {
    OpenError::Home { path: home.display().to_string(), source }
}

/// Makes a folder that only its owner can look into; one that is there already is left as it is.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut maker = std::fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder)
}
