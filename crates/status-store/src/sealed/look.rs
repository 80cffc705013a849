//! Looking at a store without changing it: what is written while it is open stays in memory.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::FileBackend;
use status_layer::{Area, Read, Row, StoreError, Value};
use zeroize::Zeroizing;

use super::Sealed;
use super::layout::BLOCK;
use super::superblock::Superblock;
use super::vault::Vault;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::owner::Owner;
use crate::rehearsal::Rehearsal;
use crate::rows::{failed, unavailable};

/// A store that is looked at. Its file stays as it is, whatever is wrong with it.
pub struct Look {
    vault: Vault<Rehearsal<FileBackend>>,
    _owner: Owner,
}

/// What reading every block of a file has shown.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Blocks {
    /// How many there are, of 4096 bytes each.
    pub all: u64,
    /// Those that are not what was written, ascending.
    pub damaged: Vec<u64>,
}

impl Sealed {
    /// Looks at the store in the file `path`.
    ///
    /// # Errors
    /// As [`Sealed::open`]; there has to be such a file.
    pub fn look(path: &Path, lock: &Lock) -> Result<Look, OpenError> {
        let owner = Owner::of(path)?;
        let disk = open(path)?;
        if Superblock::read(&disk)?.0.is_first() {
            return Err(OpenError::Outdated);
        }
        let vault = Vault::open(Rehearsal::new(disk).map_err(unavailable)?, lock, &[])?;
        Ok(Look { vault, _owner: owner })
    }
}

impl Look {
    /// Reads and authenticates every block, whether anything is kept in it or not. `progress` is told how many of how many
    /// were read.
    ///
    /// # Errors
    /// [`StoreError`] if the disk fails; a block that is damaged is no error here.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Blocks, StoreError> {
        let pages = self.vault.blocks();
        let all = pages.len().map_err(unavailable)?.div_ceil(BLOCK as u64);
        verify(all, &mut |index| read_page(pages, index), progress)
    }
}

/// The file of a store, for reading; locking demands that it could be written.
pub(super) fn open(path: &Path) -> Result<FileBackend, StoreError> {
    let file = File::options().read(true).write(true).open(path).map_err(unavailable)?;
    FileBackend::new(file).map_err(failed)
}

/// Reads `all` blocks; `read` says whether one is what was written.
pub(super) fn verify(
    all: u64,
    read: &mut dyn FnMut(u64) -> Result<bool, StoreError>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Blocks, StoreError> {
    const STEP: u64 = 1_024;
    let mut found = Blocks { all, damaged: Vec::new() };
    for index in 0..all {
        if !read(index)? {
            found.damaged.push(index);
        }
        if index.is_multiple_of(STEP) {
            progress(index, all);
        }
    }
    progress(all, all);
    Ok(found)
}

/// Whether the page `index` is what was written.
fn read_page(pages: &impl StorageBackend, index: u64) -> Result<bool, StoreError> {
    let mut page = Zeroizing::new(vec![0; BLOCK]);
    match pages.read(index.saturating_mul(BLOCK as u64), &mut page) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => {
            Ok(false)
        }
        Err(error) => Err(unavailable(error)),
    }
}

impl Read for Look {
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

impl fmt::Debug for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look(..)")
    }
}
