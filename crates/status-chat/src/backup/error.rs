//! Why a backup cannot be made, read or restored.

use std::path::PathBuf;

use status_layer::StoreError;

use crate::error::OpenError;

/// Why a backup cannot be made, read or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file is the reason.
    #[error(transparent)]
    File(#[from] status_store::BackupError),
    /// The home is the reason.
    #[error(transparent)]
    Home(#[from] OpenError),
    /// There is a user in the home already.
    #[error("{} has an identity already, and it is not overwritten. Choose another home", home.display())]
    Occupied {
        /// The folder.
        home: PathBuf,
    },
    /// There is no user in the home.
    #[error("there is nobody in this home. Give the path of another one")]
    Empty,
    /// What is in the backup is not what this program writes, although it was sealed with the right lock.
    #[error("the backup was sealed by another program, or by a newer one. Use that program")]
    Content,
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Randomness,
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Home(error.into())
    }
}

impl From<status_store::OpenError> for BackupError {
    fn from(error: status_store::OpenError) -> Self {
        Self::Home(error.into())
    }
}
