//! What is inside a backup: entries one after the other.
//!
//! | kind | entry |
//! | --- | --- |
//! | 1 | the account, first and once: version (1), made at (8), chat key (32), recovery phrase |
//! | 2 | a row: area (1), length of the key (2), key, value as in the store, with its own version |
//! | 3 | the end: number of rows (8) |
//!
//! Before each stand its kind (1) and its length (4). Numbers are big-endian.

use status_layer::row::{Reader, Writer};
use status_layer::{Area, Timestamp, Value};
use status_store::{BackupReader, BackupWriter, MAX_VALUE};
use zeroize::Zeroizing;

use super::BackupError;

const ACCOUNT: u8 = 1;
const ROW: u8 = 2;
const END: u8 = 3;

const VERSION: u8 = 1;

/// Longest entry, in bytes: a row with its key.
const MAX_ENTRY: usize = MAX_VALUE + 64 * 1024 + 3;

/// One entry.
pub(super) enum Entry {
    Account(Account),
    Row { area: Area, key: Vec<u8>, value: Value },
    End { rows: u64 },
}

/// Who a backup belongs to.
pub(super) struct Account {
    pub(super) made_at: Timestamp,
    pub(super) chat_key: Box<Zeroizing<[u8; 32]>>,
    pub(super) phrase: Zeroizing<String>,
}

impl Entry {
    pub(super) fn write(&self, file: &mut BackupWriter) -> Result<(), BackupError> {
        match self {
            Self::Account(account) => {
                let entry = Writer::new(VERSION)
                    .u64(account.made_at.millis())
                    .bytes(account.chat_key.as_slice())
                    .bytes(account.phrase.as_bytes())
                    .finish();
                put(file, ACCOUNT, &[&entry])
            }
            Self::Row { area, key, value } => {
                let len = u16::try_from(key.len()).map_err(|_| BackupError::Content)?;
                put(file, ROW, &[&[area.0], &len.to_be_bytes(), key, value])
            }
            Self::End { rows } => put(file, END, &[&rows.to_be_bytes()]),
        }
    }

    pub(super) fn read(file: &mut BackupReader) -> Result<Self, BackupError> {
        let mut head = [0; 5];
        file.read(&mut head)?;
        let [kind, a, b, c, d] = head;
        let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if len > MAX_ENTRY || len as u64 > file.left() {
            return Err(BackupError::Content);
        }
        let mut entry = Zeroizing::new(vec![0; len]);
        file.read(&mut entry)?;
        match kind {
            ACCOUNT => account(&entry).map(Self::Account),
            ROW => row(&entry).ok_or(BackupError::Content),
            END => {
                let rows = entry.as_slice().try_into().map_err(|_| BackupError::Content)?;
                Ok(Self::End { rows: u64::from_be_bytes(rows) })
            }
            _ => Err(BackupError::Content),
        }
    }
}

fn put(file: &mut BackupWriter, kind: u8, parts: &[&[u8]]) -> Result<(), BackupError> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(len).map_err(|_| BackupError::Content)?;
    file.write(&[kind])?;
    file.write(&len.to_be_bytes())?;
    parts.iter().try_for_each(|part| Ok(file.write(part)?))
}

fn account(entry: &[u8]) -> Result<Account, BackupError> {
    Ok(Reader::read("the account of a backup", VERSION, entry, |r| {
        let (made_at, chat_key) = (Timestamp::from_millis(r.u64()?), Box::new(Zeroizing::new(r.array()?)));
        let phrase = Zeroizing::new(std::str::from_utf8(r.rest()).ok()?.to_owned());
        Some(Account { made_at, chat_key, phrase })
    })?)
}

fn row(entry: &[u8]) -> Option<Entry> {
    let ([area, a, b], rest) = entry.split_first_chunk()?;
    let (key, value) = rest.split_at_checked(u16::from_be_bytes([*a, *b]).into())?;
    Some(Entry::Row { area: Area(*area), key: key.to_vec(), value: Value::new(value) })
}
