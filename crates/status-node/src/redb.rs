//! An archive in one file.

mod forget;
mod open;
mod page;
mod rows;
mod tables;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use redb::Database;
use status_p2p::{Archive, ArchiveError, ArchiveSize, Archived, Page, Query};

use crate::OpenArchiveError;

/// An archive in one file, **not sealed**: what it holds are public envelopes, which anybody may fetch from it anyway.
///
/// - A batch that [`keep`](Archive::keep) was given is in the file as a whole or not at all, also when the process is killed.
///   After a kill the file opens at once, however large it is.
/// - A page costs what it shows, not what lies before it or what does not fit: every question is answered from an index in
///   the order of the page.
/// - What is forgotten goes in slices of 2,000 messages, each a commit of its own; messages are kept in between.
/// - Space that was freed is used again; the file does not shrink.
///
/// All calls run on Tokio's threads for blocking work.
pub struct RedbArchive {
    database: Arc<Database>,
    path: PathBuf,
}

impl RedbArchive {
    /// Opens the archive in the file `path`, or makes a new one if there is no such file, readable by its owner alone.
    ///
    /// A file that is refused is left as it is.
    ///
    /// # Errors
    /// [`OpenArchiveError`]: the file is in use, not an archive, of a newer program, damaged, or cannot be reached.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenArchiveError> {
        let path = path.into();
        let database = Arc::new(open::open(&path)?);
        Ok(Self { database, path })
    }

    /// Reads the whole file and says whether all of it is as it was written. It takes as long as reading it does.
    ///
    /// # Errors
    /// [`OpenArchiveError::Damaged`] if it is not; otherwise as [`open`](Self::open).
    pub fn check(path: impl AsRef<Path>) -> Result<(), OpenArchiveError> {
        open::check(path.as_ref())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let database = Arc::clone(&self.database);
        // The database panics on some damaged pages; that ends the call, not the process.
        tokio::task::spawn_blocking(move || work(&database)).await.unwrap_or_else(|_| Err(failed(DAMAGED)))
    }
}

/// What is said of a file whose pages make no sense.
const DAMAGED: &str = "the file is damaged";

fn failed(error: impl fmt::Display) -> ArchiveError {
    ArchiveError::Failed(error.to_string())
}

#[async_trait]
impl Archive for RedbArchive {
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.run(move |database| rows::keep(database, messages)).await
    }

    async fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let query = query.clone();
        self.run(move |database| page::page(database, &query)).await
    }

    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError> {
        let mut forgotten: u64 = 0;
        loop {
            let slice = self.run(move |database| forget::slice(database, before, bytes)).await?;
            forgotten = forgotten.saturating_add(slice.forgotten);
            if slice.done {
                return Ok(forgotten);
            }
        }
    }

    async fn size(&self) -> Result<ArchiveSize, ArchiveError> {
        self.run(rows::size).await
    }
}

impl fmt::Debug for RedbArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedbArchive({})", self.path.display())
    }
}
