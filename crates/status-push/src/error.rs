//! Why a server does not start.

use std::path::PathBuf;

use status_layer::StoreError;
use status_stack::Fault;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The folder cannot be used.
    #[error("the folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file with the key of the server holds something else.
    #[error("{} is no key of a server: that is 64 hexadecimal digits; put the right one back", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// There are registrations, and the key of the server is gone: they were made for it.
    #[error("{} is missing, and the registrations here were made for the key in it; put it back", path.display())]
    KeyGone {
        /// The file.
        path: PathBuf,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Open(#[from] status_store::OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness; try again")]
    Randomness,
    /// The network cannot be used.
    #[error("the network cannot be used: {0}")]
    Network(String),
    /// The first step failed.
    #[error("the server cannot begin: {0}")]
    Step(#[from] Fault),
}
