//! From an earlier layout of sealed files to the one of this program.

use std::fs::File;
use std::path::Path;

use redb::backends::FileBackend;
use status_layer::Area;
use tempfile::NamedTempFile;

use super::superblock::Superblock;
use super::vault::Vault;
use super::{first, migrate};
use crate::error::OpenError;
use crate::lock::Lock;
use crate::redb::{folder, sync};
use crate::rows::{failed, unavailable};

/// Writes the store in the file `path` anew if it has an earlier layout, and returns the file as it is then.
///
/// The new file takes the place of the old one when it is complete; then the key in the old one is overwritten. It may
/// stop at any moment: one of the two is there, whole.
///
/// # Errors
/// [`OpenError`]; then the old file is there as before.
pub(super) fn run(path: &Path, file: File, lock: &Lock, secret: &[Area]) -> Result<File, OpenError> {
    let same = file.try_clone().map_err(unavailable)?;
    let disk = FileBackend::new(same).map_err(failed)?;
    let (superblock, _) = Superblock::read(&disk)?;
    if !superblock.is_first() {
        return Ok(file);
    }
    let key = superblock.unlock(lock)?;
    let (from, turn) = first::open(disk, &key, superblock.id)?;
    let draft = NamedTempFile::new_in(folder(path)).map_err(unavailable)?;
    let new = draft.as_file().try_clone().map_err(unavailable)?;
    let mut to = Vault::create(FileBackend::new(new).map_err(failed)?, lock, secret, turn)?;
    migrate::copy(&from, &mut to)?;
    drop((from, to));
    // What closing wrote has to be on the disk before the old file is gone.
    draft.as_file().sync_all().map_err(unavailable)?;
    let new = draft.persist(path).map_err(|error| unavailable(error.error))?;
    sync(folder(path))?;
    // Nobody sees the old file any more. If it cannot be written it stays what an old copy is.
    if let Ok(old) = FileBackend::new(file) {
        let _ = Superblock::destroy(&old);
    }
    Ok(new)
}
