//! Why a backup is not written or not read.

use std::io;

use crate::lock::LockKind;

/// Why a backup cannot be written or read. A file that is refused is left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file was not made by this software, or is something else of it.
    #[error("this file is no backup. Give the path of one")]
    Foreign,
    /// The backup was made by a newer version of this software.
    #[error("the backup has version {found}, this program knows {known}. Use a newer program")]
    Newer {
        /// Version found.
        found: u8,
        /// Newest version known here.
        known: u8,
    },
    /// The file ends before the backup does.
    #[error("the backup was cut: its end is missing. Copy it again, or use another one")]
    Cut,
    /// The file goes on after the end of the backup.
    #[error("something was added to the end of the backup. Copy it again, or use another one")]
    Extended,
    /// What is in the file is not what was written, or not in that order.
    #[error("the backup was changed or damaged. Copy it again, or use another one")]
    Changed,
    /// The passphrase is not that of the backup.
    #[error("this passphrase does not open the backup. Nothing was changed: try again")]
    WrongPassphrase,
    /// The key is not that of the backup.
    #[error("this key does not open the backup. Give the key with which it was made")]
    WrongKey,
    /// The backup has the other kind of lock.
    #[error("the backup is locked with {kind}. Give it that")]
    OtherLock {
        /// What it is locked with.
        kind: LockKind,
    },
    /// The file asks for more work than any backup of ours.
    #[error("the backup asks for more work to open it than this program ever does; it was made to stop you")]
    TooCostly,
    /// There is a file of that name already.
    #[error("there is such a file already, and it is not overwritten. Choose another name")]
    Exists,
    /// The disk failed, or the operating system refused.
    #[error("the backup cannot be reached: {0}. Check the path and the disk, then try again")]
    Io(#[from] io::Error),
}
