//! Rows in an embedded database, whatever it lies on.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{
    Builder, Database, Durability, Error, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    TableError,
};
use status_layer::{Area, Batch, Read, Row, StoreError, Value};

use crate::rehearsal::Rehearsal;

/// Largest value of a row, in bytes.
pub const MAX_VALUE: usize = 16 * 1024 * 1024;

/// All rows: the area as one byte, then the key.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// The areas whose rows are sealed once more, in a sealed store.
const SECRET: TableDefinition<'_, u8, ()> = TableDefinition::new("secret-areas");

/// One row that tells our files from those of other programs: the version of the layout.
const FORMAT: TableDefinition<'_, (), u8> = TableDefinition::new("status-chat");

/// The version of the layout that this program writes.
const VERSION: u8 = 1;

/// Memory for pages that were read or are about to be written, in bytes.
const CACHE: usize = 16 * 1024 * 1024;

pub(crate) const DAMAGED: StoreError = StoreError::Damaged { what: "the file" };

/// The rows of one open database.
pub(crate) struct Rows(Database);

pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// One write, as it goes into the table.
pub(crate) struct Write {
    /// Where the row lies.
    pub(crate) place: Vec<u8>,
    /// Nothing deletes the row.
    pub(crate) value: Option<Value>,
}

/// When a commit is on the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wait {
    /// When it is done.
    Now,
    /// When it is done, and with all that the next opening needs to read little.
    NowQuick,
    /// With a later one.
    Later,
}

impl Rows {
    /// Makes the tables of a new store.
    pub(crate) fn create(database: Database) -> Result<Self, StoreError> {
        let mut write = database.begin_write().map_err(failed)?;
        write.set_quick_repair(true);
        write.open_table(ROWS).map_err(failed)?;
        write.open_table(FORMAT).map_err(failed)?.insert((), VERSION).map_err(failed)?;
        write.commit().map_err(failed)?;
        Ok(Self(database))
    }

    /// Takes a database that was rehearsed before.
    pub(crate) fn of(database: Database) -> Self {
        Self(database)
    }

    /// Opens what lies below without writing to it, and reads all of it, so that whatever is wrong with it comes
    /// out now.
    ///
    /// # Errors
    /// [`StoreError`] that says what is wrong.
    pub(crate) fn rehearse<D: StorageBackend>(below: D) -> Result<Self, StoreError> {
        guarded(|| {
            let mut rows = Self::glance(below)?;
            if rows.0.check_integrity().map_err(failed)? { Ok(rows) } else { Err(DAMAGED) }
        })
    }

    /// Opens what lies below without writing to it, and without reading more than that takes. For what notices itself
    /// when a page is not what was written.
    ///
    /// # Errors
    /// [`StoreError`] that says what is wrong.
    pub(crate) fn glance<D: StorageBackend>(below: D) -> Result<Self, StoreError> {
        guarded(|| {
            let rehearsal = Rehearsal::new(below).map_err(unavailable)?;
            let database = builder().create_with_backend(rehearsal).map_err(failed)?;
            check(&database)?;
            Ok(Self(database))
        })
    }

    /// Applies all writes of `batch`, durably.
    pub(crate) fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let writes =
            batch.iter().map(|(area, key, value)| Write { place: place(area, key), value: value.cloned() });
        self.apply(&writes.collect::<Vec<_>>(), &[], Wait::Now)
    }

    /// Applies all writes, or none, and notes the areas whose rows are sealed once more from now on.
    pub(crate) fn apply(&self, writes: &[Write], secret: &[Area], wait: Wait) -> Result<(), StoreError> {
        let mut write = self.0.begin_write().map_err(failed)?;
        let durability = if wait == Wait::Later { Durability::None } else { Durability::Immediate };
        write.set_durability(durability).map_err(failed)?;
        write.set_quick_repair(wait == Wait::NowQuick);
        let mut rows = write.open_table(ROWS).map_err(failed)?;
        for Write { place, value } in writes {
            match value {
                Some(value) => rows.insert(place.as_slice(), &**value),
                None => rows.remove(place.as_slice()),
            }
            .map_err(failed)?;
        }
        drop(rows);
        for area in secret {
            write.open_table(SECRET).map_err(failed)?.insert(area.0, ()).map_err(failed)?;
        }
        write.commit().map_err(failed)
    }

    /// The row at `place`.
    pub(crate) fn row(&self, place: &[u8]) -> Result<Option<Value>, StoreError> {
        let read = self.0.begin_read().map_err(failed)?;
        let rows = read.open_table(ROWS).map_err(failed)?;
        let found = rows.get(place).map_err(failed)?;
        Ok(found.map(|value| Value::new(value.value())))
    }

    /// The areas whose rows are sealed once more.
    pub(crate) fn secret(&self) -> Result<BTreeSet<Area>, StoreError> {
        let read = self.0.begin_read().map_err(failed)?;
        let table = match read.open_table(SECRET) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(BTreeSet::new()),
            table => table.map_err(failed)?,
        };
        let areas = table.iter().map_err(failed)?;
        areas.map(|row| Ok(Area(row.map_err(failed)?.0.value()))).collect()
    }

    /// Shows all rows of an area to `see`, with the place of each, until it returns an error.
    pub(crate) fn each(
        &self,
        area: Area,
        mut see: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let read = self.0.begin_read().map_err(failed)?;
        let table = read.open_table(ROWS).map_err(failed)?;
        let first = [area.0];
        for row in table.range::<&[u8]>(first.as_slice()..).map_err(failed)? {
            let (key, value) = row.map_err(failed)?;
            if !key.value().starts_with(&first) {
                break;
            }
            see(key.value(), value.value())?;
        }
        Ok(())
    }
}

/// Runs what reads a file that may be damaged: the database trusts its own pages and panics on some that are.
fn guarded<T>(run: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(DAMAGED))
}

/// Refuses a batch that no store takes.
pub(crate) fn check_sizes(batch: &Batch) -> Result<(), StoreError> {
    let mut lens = batch.iter().filter_map(|(_, _, value)| value.map(|value| value.len()));
    match lens.find(|len| *len > MAX_VALUE) {
        Some(len) => Err(StoreError::TooLarge { len, max: MAX_VALUE }),
        None => Ok(()),
    }
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

impl Read for Rows {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.row(&place(area, key))
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let read = self.0.begin_read().map_err(failed)?;
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

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rows(..)")
    }
}

/// Where a row lies in [`ROWS`].
pub(crate) fn place(area: Area, key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(key.len().saturating_add(1));
    place.push(area.0);
    place.extend_from_slice(key);
    place
}

/// What an error of the operating system means for a store.
pub(crate) fn unavailable(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full
        }
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        // A record that does not open, or a file that ends too early.
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => DAMAGED,
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

pub(crate) fn failed(error: impl Into<Error>) -> StoreError {
    match error.into() {
        Error::Io(error) => unavailable(error),
        Error::DatabaseAlreadyOpen => StoreError::InUse { by: None },
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
