//! Opening the file of an archive, and making a new one.

use std::fs::File;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Builder, Database, Error, ReadableDatabase, TableError};
use tempfile::NamedTempFile;

use super::tables::{DATA, FORMAT, MESSAGE, PLACE, SHELF, TALLY, TOPIC, VERSION};
use crate::OpenArchiveError;

/// How every database file of redb begins.
const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";
/// Memory for pages that were read or are about to be written, in bytes.
const CACHE: usize = 128 * 1024 * 1024;

/// Opens a file, or makes a new one.
pub(super) fn open(path: &Path) -> Result<Database, OpenArchiveError> {
    match File::options().read(true).write(true).open(path) {
        Ok(file) => guarded(|| existing(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(error) => Err(error.into()),
    }
}

/// Reads all of a file.
pub(super) fn check(path: &Path) -> Result<(), OpenArchiveError> {
    let file = File::options().read(true).write(true).open(path)?;
    guarded(|| {
        let mut database = existing(file)?;
        match database.check_integrity().map_err(refused)? {
            true => Ok(()),
            false => Err(OpenArchiveError::Damaged),
        }
    })
}

fn existing(mut file: File) -> Result<Database, OpenArchiveError> {
    let mut head = Vec::new();
    let len = u64::try_from(MAGIC.len()).unwrap_or_default();
    Read::by_ref(&mut file).take(len).read_to_end(&mut head)?;
    if head != MAGIC {
        return Err(OpenArchiveError::Foreign);
    }
    let database = builder().create_file(file).map_err(refused)?;
    check_version(&database)?;
    Ok(database)
}

fn check_version(database: &Database) -> Result<(), OpenArchiveError> {
    let read = database.begin_read().map_err(refused)?;
    let table = match read.open_table(FORMAT) {
        Err(TableError::TableDoesNotExist(_)) => return Err(OpenArchiveError::Foreign),
        table => table.map_err(refused)?,
    };
    match table.get(()).map_err(refused)?.map(|row| row.value()) {
        Some(VERSION) => Ok(()),
        Some(found @ 1..) => Err(OpenArchiveError::Newer { found, known: VERSION }),
        _ => Err(OpenArchiveError::Damaged),
    }
}

/// Makes a new file beside `path` and gives it its name when it is complete.
fn create(path: &Path) -> Result<Database, OpenArchiveError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let draft = NamedTempFile::new_in(folder)?;
    let database = builder().create_file(draft.as_file().try_clone()?).map_err(refused)?;
    let mut write = database.begin_write().map_err(refused)?;
    write.set_quick_repair(true);
    write.open_table(MESSAGE).map_err(refused)?;
    write.open_table(DATA).map_err(refused)?;
    write.open_table(TOPIC).map_err(refused)?;
    write.open_table(PLACE).map_err(refused)?;
    write.open_table(SHELF).map_err(refused)?;
    write.open_table(TALLY).map_err(refused)?;
    write.open_table(FORMAT).map_err(refused)?.insert((), VERSION).map_err(refused)?;
    write.commit().map_err(refused)?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        // Another process was faster, so the archive exists now and is its own.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(OpenArchiveError::InUse);
        }
        Err(error) => return Err(error.error.into()),
    }
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(database)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// The database trusts its own pages and panics on some that are damaged.
fn guarded<T>(run: impl FnOnce() -> Result<T, OpenArchiveError>) -> Result<T, OpenArchiveError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(OpenArchiveError::Damaged))
}

fn refused(error: impl Into<Error>) -> OpenArchiveError {
    match error.into() {
        Error::DatabaseAlreadyOpen => OpenArchiveError::InUse,
        // A file that ends too early.
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => OpenArchiveError::Damaged,
        Error::Io(error) => OpenArchiveError::Unavailable(error),
        _ => OpenArchiveError::Damaged,
    }
}
