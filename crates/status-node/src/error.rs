//! Why an archive does not open, or a node does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::KeyFileError;

/// Why an archive was not opened. It is left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenArchiveError {
    /// Another process has it open.
    #[error("the archive is in use by another process; stop that, or choose another folder")]
    InUse,
    /// The file is something else.
    #[error("the file is no archive; move it away, or choose another folder")]
    Foreign,
    /// It was written by a newer program.
    #[error("the archive has layout {found}, this program knows up to {known}; use a newer program")]
    Newer {
        /// The layout found.
        found: u8,
        /// The newest layout that this program knows.
        known: u8,
    },
    /// It was cut or changed.
    #[error("the archive is damaged; put back a copy, or move the file away and begin a new one")]
    Damaged,
    /// The file or its folder cannot be reached.
    #[error("the archive cannot be reached: {0}")]
    Unavailable(#[from] io::Error),
    /// The database does not let us in, or does not know what we ask for.
    #[error("the database refuses: {0}")]
    Refused(String),
}

/// Why a service node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The folder cannot be made.
    #[error("the folder {} cannot be made: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// There is no archive.
    #[error(transparent)]
    Archive(#[from] OpenArchiveError),
    /// Metrics and health cannot be told there.
    #[error("cannot listen at {address} for metrics: {error}; choose another address with http.listen")]
    Http {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// The node does not start.
    #[error(transparent)]
    Node(#[from] status_p2p::StartError),
    /// It is not said where the database is.
    #[error("archive.kind is postgres, but archive.postgres does not say how the database is reached")]
    NoConnection,
    /// This program was built without PostgreSQL.
    #[error("this program was built without PostgreSQL; build it with --features postgres")]
    NoPostgres,
}
