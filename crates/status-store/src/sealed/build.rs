//! A new store that appears with everything in it, or not at all.

use std::fs::File;
use std::path::PathBuf;

use redb::backends::FileBackend;
use status_layer::{Area, Batch, Read, Row, StoreError, Value};
use tempfile::NamedTempFile;

use super::Sealed;
use super::vault::Vault;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::owner::Owner;
use crate::redb::{folder, publish};
use crate::rows::{failed, unavailable};

/// A store that is being filled and has no name yet. Dropped, it leaves nothing behind; a process that dies leaves
/// a sealed file with a name of chance.
pub struct Builder {
    // First, so that it is closed before its file goes.
    vault: Vault<FileBackend>,
    file: NamedTempFile,
    path: PathBuf,
    _owner: Owner,
}

impl Sealed {
    /// Begins a store that will be the file `path`, under `lock`, with the areas `secret` as
    /// [`Sealed::open_with`] has them.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if somebody else is about to make it, [`OpenError`] if the disk fails.
    pub fn build(path: impl Into<PathBuf>, lock: &Lock, secret: &[Area]) -> Result<Builder, OpenError> {
        let path = path.into();
        let owner = Owner::of(&path)?;
        let file = NamedTempFile::new_in(folder(&path)).map_err(unavailable)?;
        let same = file.as_file().try_clone().map_err(unavailable)?;
        let vault = Vault::create(FileBackend::new(same).map_err(failed)?, lock, secret, 0)?;
        Ok(Builder { vault, file, path, _owner: owner })
    }
}

impl Builder {
    /// Adds rows. They may be added in as many batches as one likes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.vault.commit(batch)
    }

    /// Gives the store its name: from now on it is there, whole, whatever happens.
    ///
    /// # Errors
    /// [`StoreError`]; if there is a store of that name already, it stays.
    pub fn finish(self) -> Result<(), StoreError> {
        let Self { vault, file, path, _owner } = self;
        drop(vault);
        // What closing wrote has to be on the disk before the name is.
        File::sync_all(file.as_file()).map_err(unavailable)?;
        publish(file, &path)
    }
}

/// What was added so far.
impl Read for Builder {
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

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder(..)")
    }
}
