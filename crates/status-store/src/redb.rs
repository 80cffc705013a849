//! One file as redb lays it out, not sealed: for tests, for measuring, and for homes made before sealing.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};
use tempfile::NamedTempFile;

use crate::rows::{Rows, builder, check_sizes, failed, unavailable};

/// How every database file of redb begins.
pub(crate) const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// A store in one file that **whoever can read the file can read**. For users there is [`Sealed`](crate::Sealed);
/// this one is for tests, for measuring beside it, and for what was written before there was sealing.
pub struct Redb {
    rows: Rows,
    path: PathBuf,
}

impl Redb {
    /// Opens the store in the file `path`, or makes a new one if there is no such file.
    ///
    /// A new file appears under its name only when it is complete, readable by its owner alone. A file that is
    /// refused is left as it is.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process (or value) has it open; [`StoreError::Foreign`] if it is not a
    /// store; [`StoreError::Newer`]; [`StoreError::Damaged`] if it was cut or changed;
    /// [`StoreError::Full`], [`StoreError::ReadOnly`] and [`StoreError::Unavailable`] if the disk fails or the
    /// folder is missing.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let rows = match File::options().read(true).write(true).open(&path) {
            Ok(file) => open(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path)?,
            Err(error) => return Err(unavailable(error)),
        };
        Ok(Self { rows, path })
    }

    /// The file of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn open(mut file: File) -> Result<Rows, StoreError> {
    let mut head = Vec::new();
    let len = u64::try_from(MAGIC.len()).unwrap_or_default();
    io::Read::by_ref(&mut file).take(len).read_to_end(&mut head).map_err(unavailable)?;
    if head != MAGIC {
        return Err(StoreError::Foreign);
    }
    let same = FileBackend::new(file.try_clone().map_err(unavailable)?).map_err(failed)?;
    drop(Rows::rehearse(same)?);
    Ok(Rows::of(builder().create_file(file).map_err(failed)?))
}

/// Makes a new file beside `path` and gives it its name when it is complete.
fn create(path: &Path) -> Result<Rows, StoreError> {
    let draft = NamedTempFile::new_in(folder(path)).map_err(unavailable)?;
    let file = draft.as_file().try_clone().map_err(unavailable)?;
    let rows = Rows::create(builder().create_file(file).map_err(failed)?)?;
    publish(draft, path)?;
    Ok(rows)
}

/// The folder of a file.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Gives a complete file its name, if nobody else has it, and makes the name survive the loss of power.
pub(crate) fn publish(draft: NamedTempFile, path: &Path) -> Result<(), StoreError> {
    match draft.persist_noclobber(path) {
        Ok(_) => sync(folder(path)),
        // Another process was faster, so the store exists now and is its own.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(StoreError::InUse { by: None })
        }
        Err(error) => Err(unavailable(error.error)),
    }
}

/// Makes the names in `folder` survive the loss of power.
pub(crate) fn sync(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(unavailable)?;
    }
    Ok(())
}

impl Read for Redb {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.rows.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.rows.scan(area, prefix, after, limit)
    }
}

impl Store for Redb {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        check_sizes(&batch)?;
        self.rows.commit(&batch)
    }
}

impl fmt::Debug for Redb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redb(..)")
    }
}
