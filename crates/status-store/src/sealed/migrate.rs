//! From a store that is not sealed to one that is.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use status_layer::{Area, Batch, Read};
use tempfile::NamedTempFile;

use super::vault::Vault;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::owner::Owner;
use crate::redb::{Redb, folder, publish, sync};
use crate::rows::{failed, unavailable};

/// Rows that are moved in one commit.
const STEP: usize = 500;

/// Moves the store in the file `plain`, if there is one, into a new sealed store in the file `path`, and says
/// whether it did. The areas `secret` are as in [`Sealed::open_with`](crate::Sealed::open_with).
///
/// The sealed store appears complete or not at all; then the plain file is overwritten with zeros and removed (what a
/// disk keeps of overwritten files is beyond us). It may stop at any moment, and goes on the next time. If there is a
/// sealed store already, it counts and a plain file beside it is left alone.
///
/// # Errors
/// [`OpenError`]; then the plain store is there as before.
pub fn seal_plain(plain: &Path, path: &Path, lock: &Lock, secret: &[Area]) -> Result<bool, OpenError> {
    let aside = aside(plain);
    if !exists(plain)? && !exists(&aside)? {
        return Ok(false);
    }
    let _owner = Owner::of(path)?;
    if exists(path)? {
        if exists(&aside)? {
            wipe(&aside)?;
        }
        return Ok(false);
    }
    if !exists(&aside)? {
        // Refused here, it is still under its own name.
        drop(Redb::open(plain)?);
        fs::rename(plain, &aside).map_err(unavailable)?;
    }
    let from = Redb::open(&aside)?;
    let draft = NamedTempFile::new_in(folder(path)).map_err(unavailable)?;
    let file = draft.as_file().try_clone().map_err(unavailable)?;
    let mut to = Vault::create(FileBackend::new(file).map_err(failed)?, lock, secret, 0)?;
    copy(&from, &mut to)?;
    drop(to);
    publish(draft, path)?;
    drop(from);
    wipe(&aside)?;
    Ok(true)
}

/// Copies all rows.
pub(super) fn copy(from: &impl Read, to: &mut Vault<FileBackend>) -> Result<(), OpenError> {
    for area in 0..=u8::MAX {
        copy_area(from, to, Area(area))?;
    }
    Ok(())
}

fn copy_area(from: &impl Read, to: &mut Vault<FileBackend>, area: Area) -> Result<(), OpenError> {
    let mut after = None;
    loop {
        let rows = from.scan(area, b"", after.as_deref(), STEP)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(last.clone());
        let mut batch = Batch::default();
        for (key, value) in rows {
            batch.set(area, key, Some(value));
        }
        to.commit(&batch)?;
    }
}

/// Overwrites a file and removes it.
fn wipe(path: &Path) -> Result<(), OpenError> {
    overwrite(path).and_then(|()| fs::remove_file(path)).map_err(unavailable)?;
    Ok(sync(folder(path))?)
}

fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    let zeros = vec![0; 64 * 1024];
    while let Some(part) = zeros.get(..usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len())) {
        if part.is_empty() {
            break;
        }
        file.write_all(part)?;
        left = left.saturating_sub(part.len() as u64);
    }
    file.sync_all()
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    Ok(path.try_exists().map_err(unavailable)?)
}

/// Where the plain store is while it is being sealed.
fn aside(plain: &Path) -> PathBuf {
    let mut name = OsString::from(plain);
    name.push(".sealing");
    name.into()
}
