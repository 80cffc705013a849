//! Why a sealed store does not open.

use std::io;
use std::path::PathBuf;

use status_layer::StoreError;

use crate::lock::LockKind;

/// Why a sealed store was not opened. The file is left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The passphrase is not that of the store.
    #[error("this passphrase does not open the store. Nothing was changed: try again")]
    WrongPassphrase,
    /// The key is not that of the store.
    #[error("this key does not open the store. Give the key with which it was made, or last locked")]
    WrongKey,
    /// The store has the other kind of lock.
    #[error("the store is locked with {kind}. Give it that")]
    OtherLock {
        /// What it is locked with.
        kind: LockKind,
    },
    /// The store has an earlier layout, which is only opened, not looked at.
    #[error("the store has an earlier layout. Open it once, which writes it anew, then try again")]
    Outdated,
    /// The store was made before there was sealing.
    #[error("the store is not sealed. Seal it first")]
    NotSealed,
    /// The key file cannot be used.
    #[error("the key file {} cannot be used: {source}. Give the right path, or another key", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The keyring of the operating system does not give the key. Only with the feature `keyring`.
    #[error("the keyring does not give the key: {0}. Unlock it, or open the store with what locks it now")]
    Keyring(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was given is no passphrase or key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The file or the disk is the reason.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why something is no passphrase or key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A passphrase has at least one character.
    #[error("the passphrase is empty. Give one, or use a key")]
    Empty,
    /// A key is 64 hexadecimal digits.
    #[error("this is no key of a store: a key is 64 hexadecimal digits")]
    Text,
}
