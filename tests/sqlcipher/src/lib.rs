//! SQLCipher, in which deployed clients keep their messages, as a store: rows in one table, one transaction for each
//! batch, and on the disk when `commit` returns.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};

/// A store in one file of SQLCipher 4 with its usual settings: AES-256 in CBC mode and HMAC-SHA-512 for each page of 4 KiB.
pub struct SqlCipher(Connection);

/// How a transaction gets to the disk. Either way it is there when `commit` returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Journal {
    /// New pages go to a log beside the file, which is brought in now and then.
    Wal,
    /// Old pages go to a journal beside the file, which is deleted to commit.
    Delete,
}

/// Memory for pages, in KiB: as much as our own store takes.
const CACHE: u32 = 16 * 1024;

impl SqlCipher {
    /// Opens the store in the file `path` with a key, or makes a new one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be used with that key.
    pub fn open(path: &Path, key: &[u8; 32], journal: Journal) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(failed)?;
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        // A commit in WAL mode waits for the log with FULL; the deletion of a journal is waited for with EXTRA alone.
        let how = match journal {
            Journal::Wal => "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
            Journal::Delete => "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA;",
        };
        let words = format!(
            "PRAGMA key = \"x'{key}'\"; {how} PRAGMA cache_size = -{CACHE};
             CREATE TABLE IF NOT EXISTS rows (area INTEGER, key BLOB, value BLOB, PRIMARY KEY (area, key)) WITHOUT ROWID;"
        );
        connection.execute_batch(&words).map_err(failed)?;
        Ok(Self(connection))
    }

    /// The file of the store.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().map(PathBuf::from).unwrap_or_default()
    }
}

impl Read for SqlCipher {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let mut query =
            self.0.prepare_cached("SELECT value FROM rows WHERE area = ? AND key = ?").map_err(failed)?;
        let found = query.query_row(params![area.0, key], |row| row.get::<_, Vec<u8>>(0)).optional();
        Ok(found.map_err(failed)?.map(Value::new))
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (start, words) = match after {
            Some(after) if after >= prefix => {
                (after, "SELECT key, value FROM rows WHERE area = ? AND key > ? ORDER BY key LIMIT ?")
            }
            _ => (prefix, "SELECT key, value FROM rows WHERE area = ? AND key >= ? ORDER BY key LIMIT ?"),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut query = self.0.prepare_cached(words).map_err(failed)?;
        let mut found = query.query(params![area.0, start, limit]).map_err(failed)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed)? {
            let key: Vec<u8> = row.get(0).map_err(failed)?;
            if !key.starts_with(prefix) {
                break;
            }
            rows.push((key, Value::new(row.get::<_, Vec<u8>>(1).map_err(failed)?)));
        }
        Ok(rows)
    }
}

impl Store for SqlCipher {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.0.transaction().map_err(failed)?;
        for (area, key, value) in batch.iter() {
            match value {
                Some(value) => transaction
                    .prepare_cached("INSERT OR REPLACE INTO rows (area, key, value) VALUES (?, ?, ?)")
                    .and_then(|mut put| put.execute(params![area.0, key, &**value])),
                None => transaction
                    .prepare_cached("DELETE FROM rows WHERE area = ? AND key = ?")
                    .and_then(|mut delete| delete.execute(params![area.0, key])),
            }
            .map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}
