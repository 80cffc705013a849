//! One file: an embedded database with atomic, durable commits.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, Durability, Error, ReadableDatabase, TableDefinition, TableError};
use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};
use tempfile::NamedTempFile;

use crate::rehearsal::Rehearsal;

/// Largest value of a row, in bytes.
pub const MAX_VALUE: usize = 16 * 1024 * 1024;

/// All rows: the area as one byte, then the key.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// One row that tells our files from those of other programs: the version of the layout.
const FORMAT: TableDefinition<'_, (), u8> = TableDefinition::new("status-chat");

/// The version of the layout that this program writes.
const VERSION: u8 = 1;

/// How every database file of redb begins.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// Memory for pages that were read or are about to be written, in bytes.
const CACHE: usize = 16 * 1024 * 1024;

const DAMAGED: StoreError = StoreError::Damaged { what: "the file" };

/// A store in one file. Only one process at a time has it open.
pub struct Redb {
    database: Database,
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
    /// [`StoreError::Unavailable`] if the disk fails or the folder is missing.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let database = match File::options().read(true).write(true).open(&path) {
            Ok(file) => open(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path)?,
            Err(error) => return Err(unavailable(error)),
        };
        Ok(Self { database, path })
    }

    /// The file of the store.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

fn open(mut file: File) -> Result<Database, StoreError> {
    let mut head = Vec::new();
    let len = u64::try_from(MAGIC.len()).unwrap_or_default();
    io::Read::by_ref(&mut file).take(len).read_to_end(&mut head).map_err(unavailable)?;
    if head != MAGIC {
        return Err(StoreError::Foreign);
    }
    let same = file.try_clone().map_err(unavailable)?;
    // The database trusts its own pages and panics on some that are damaged.
    catch_unwind(AssertUnwindSafe(|| rehearse(same))).unwrap_or(Err(DAMAGED))?;
    builder().create_file(file).map_err(failed)
}

/// Opens the file without writing to it and reads all of it, so that whatever is wrong with it comes out now.
fn rehearse(file: File) -> Result<(), StoreError> {
    let rehearsal = Rehearsal::new(file).map_err(failed)?;
    let mut database = builder().create_with_backend(rehearsal).map_err(failed)?;
    check(&database)?;
    if database.check_integrity().map_err(failed)? { Ok(()) } else { Err(DAMAGED) }
}

/// Checks that the file is ours and not newer than this program.
fn check(database: &impl ReadableDatabase) -> Result<(), StoreError> {
    let read = database.begin_read().map_err(failed)?;
    let table = match read.open_table(FORMAT) {
        Err(TableError::TableDoesNotExist(_)) => return Err(StoreError::Foreign),
        table => table.map_err(failed)?,
    };
    let found = table.get(()).map_err(failed)?.ok_or(StoreError::Foreign)?.value();
    match found {
        VERSION => Ok(()),
        0 => Err(StoreError::Damaged { what: "the version of the store" }),
        _ => Err(StoreError::Newer { what: "the store", found, known: VERSION }),
    }
}

/// Makes a new file beside `path` and gives it its name when it is complete.
fn create(path: &Path) -> Result<Database, StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let draft = NamedTempFile::new_in(folder).map_err(unavailable)?;
    let file = draft.as_file().try_clone().map_err(unavailable)?;
    let database = builder().create_file(file).map_err(failed)?;
    let write = database.begin_write().map_err(failed)?;
    write.open_table(ROWS).map_err(failed)?;
    write.open_table(FORMAT).map_err(failed)?.insert((), VERSION).map_err(failed)?;
    write.commit().map_err(failed)?;

    match draft.persist_noclobber(path) {
        Ok(_) => {}
        // Another process was faster, so the store exists now and is its own.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(StoreError::InUse),
        Err(error) => return Err(unavailable(error.error)),
    }
    sync(folder)?;
    Ok(database)
}

/// Makes a new name in `folder` survive the loss of power.
fn sync(folder: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(unavailable)?;
    }
    Ok(())
}

impl Read for Redb {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let read = self.database.begin_read().map_err(failed)?;
        let rows = read.open_table(ROWS).map_err(failed)?;
        let found = rows.get(place(area, key).as_slice()).map_err(failed)?;
        Ok(found.map(|value| Value::new(value.value())))
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let read = self.database.begin_read().map_err(failed)?;
        let table = read.open_table(ROWS).map_err(failed)?;
        let prefix = place(area, prefix);
        let after = after.map(|after| place(area, after));
        let start = match &after {
            Some(after) if *after >= prefix => Bound::Excluded(after.as_slice()),
            _ => Bound::Included(prefix.as_slice()),
        };

        let mut rows = Vec::new();
        for row in table.range::<&[u8]>((start, Bound::Unbounded)).map_err(failed)?.take(limit) {
            let (key, value) = row.map_err(failed)?;
            let Some((_, key)) = key.value().split_first().filter(|_| key.value().starts_with(&prefix))
            else {
                break;
            };
            rows.push((key.to_vec(), Value::new(value.value())));
        }
        Ok(rows)
    }
}

impl Store for Redb {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut lens = batch.iter().filter_map(|(_, _, value)| value.map(|value| value.len()));
        if let Some(len) = lens.find(|len| *len > MAX_VALUE) {
            return Err(StoreError::TooLarge { len, max: MAX_VALUE });
        }

        let mut write = self.database.begin_write().map_err(failed)?;
        write.set_durability(Durability::Immediate).map_err(failed)?;
        let mut rows = write.open_table(ROWS).map_err(failed)?;
        for (area, key, value) in batch.iter() {
            let key = place(area, key);
            match value {
                Some(value) => rows.insert(key.as_slice(), &**value),
                None => rows.remove(key.as_slice()),
            }
            .map_err(failed)?;
        }
        drop(rows);
        write.commit().map_err(failed)
    }
}

impl fmt::Debug for Redb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redb(..)")
    }
}

/// Where a row lies in [`ROWS`].
fn place(area: Area, key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(key.len().saturating_add(1));
    place.push(area.0);
    place.extend_from_slice(key);
    place
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn failed(error: impl Into<Error>) -> StoreError {
    match error.into() {
        Error::DatabaseAlreadyOpen => StoreError::InUse,
        Error::ValueTooLarge(len) => StoreError::TooLarge { len, max: MAX_VALUE },
        Error::Corrupted(_)
        | Error::UpgradeRequired(_)
        | Error::TableDoesNotExist(_)
        | Error::TableIsMultimap(_)
        | Error::TableTypeMismatch { .. }
        | Error::TypeDefinitionChanged { .. } => DAMAGED,
        error => StoreError::Unavailable(Box::new(error)),
    }
}
