//! The commits since the last head, in the order in which they came.
//!
//! A commit is written here, in one place and with one wait for the disk; the database takes it over in memory, and
//! writes it to its own places together with many others. What a stop leaves out of the database is read from here.

use std::fmt;
use std::io;

use redb::StorageBackend;
use status_layer::{StoreError, Value};
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE};
use super::layout::{BLOCK, JOURNAL, JOURNAL_RECORDS, RECORD};
use super::marks::{Mark, mark_of};
use crate::rows::{DAMAGED, Write, unavailable};

/// Bytes of a record before its content: base, turn, mark of the record before, part, number of parts, length.
const HEADER: usize = 8 + 8 + 8 + 2 + 2 + 2;
/// Bytes of content in a record.
const ROOM: usize = BLOCK - HEADER;

/// Where the journal goes on.
#[derive(Debug)]
pub(crate) struct Journal {
    /// The turn of the head that it follows.
    base: u64,
    /// The place of the next record.
    next: usize,
    /// The record before that, zero if there is none.
    last: Mark,
}

/// One commit as it was found.
pub(crate) struct Entry {
    pub(crate) turn: u64,
    pub(crate) writes: Vec<Write>,
}

struct Record {
    base: u64,
    turn: u64,
    before: Mark,
    part: u16,
    parts: u16,
    content: Zeroizing<Vec<u8>>,
    mark: Mark,
}

impl Journal {
    /// The journal after a head with the turn `base`: empty.
    pub(crate) const fn after(base: u64) -> Self {
        Self { base, next: 0, last: 0 }
    }

    /// Reads the commits after the turn `base`, up to the turn `limit`, and how the journal goes on.
    ///
    /// What the last commit left behind that was not whole does not count.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if one is missing before another, or if the journal follows a later head.
    pub(crate) fn read(
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
        base: u64,
        limit: u64,
    ) -> Result<(Self, Vec<Entry>), StoreError> {
        let records = records(disk, cipher, id)?;
        if records.iter().flatten().any(|record| record.base > base) {
            return Err(DAMAGED);
        }
        let mut found = Self::after(base);
        let mut entries = Vec::new();
        while let Some((entry, next, last)) = found.entry(&records).filter(|(entry, ..)| entry.turn <= limit)
        {
            (found.next, found.last) = (next, last);
            entries.push(entry);
        }
        // The next commit may have begun to be written; one after it only when the next was safe.
        let turn = entries.last().map_or(base, |entry| entry.turn);
        let lost = |record: &&Record| {
            record.base == base && record.turn <= limit && record.turn > turn.saturating_add(1)
        };
        match records.iter().flatten().find(lost) {
            Some(_) => Err(DAMAGED),
            None => Ok((found, entries)),
        }
    }

    /// The commit that begins at the next place, the place behind it, and its last record.
    fn entry(&self, records: &[Option<Record>]) -> Option<(Entry, usize, Mark)> {
        let first = records.get(self.next)?.as_ref()?;
        let end = self.next.checked_add(usize::from(first.parts))?;
        let mut content = Zeroizing::new(Vec::new());
        let mut before = self.last;
        for (part, record) in (0..).zip(records.get(self.next..end)?) {
            let record = record.as_ref()?;
            let fits = record.base == self.base
                && record.turn == first.turn
                && record.before == before
                && (record.part, record.parts) == (part, first.parts);
            if !fits {
                return None;
            }
            content.extend_from_slice(&record.content);
            before = record.mark;
        }
        Some((Entry { turn: first.turn, writes: decode(&content)? }, end, before))
    }

    /// Whether there is room for a commit.
    pub(crate) fn has_room(&self, writes: &[Write]) -> bool {
        let parts = encoded_len(writes).div_ceil(ROOM);
        self.next.saturating_add(parts) <= JOURNAL_RECORDS
    }

    /// Writes a commit behind those that are there, in one write. It counts when the disk was synchronised after that
    /// and [`advance`](Self::advance) was given what comes back.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn append(
        &self,
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
        turn: u64,
        writes: &[Write],
    ) -> io::Result<Self> {
        let content = encode(writes);
        let parts = u16::try_from(content.len().div_ceil(ROOM)).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut bytes = vec![0; usize::from(parts).saturating_mul(RECORD)];
        let mut after = Self { ..*self };
        for ((part, content), record) in (0_u16..).zip(content.chunks(ROOM)).zip(bytes.chunks_mut(RECORD)) {
            let mut plain = Zeroizing::new(Vec::with_capacity(BLOCK));
            for number in [self.base, turn, after.last] {
                plain.extend_from_slice(&number.to_le_bytes());
            }
            let len = u16::try_from(content.len()).unwrap_or(u16::MAX);
            for number in [part, parts, len] {
                plain.extend_from_slice(&number.to_le_bytes());
            }
            plain.extend_from_slice(content);
            plain.resize(BLOCK, 0);
            cipher.seal(&place(id, after.next), &plain, record)?;
            after.next = after.next.saturating_add(1);
            after.last = mark_of(record);
        }
        disk.write(position(self.next), &bytes)?;
        Ok(after)
    }

    /// Makes the commit that follows unreadable, if a write of it arrived although it failed.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn forget_next(&self, disk: &impl StorageBackend) -> io::Result<()> {
        if self.next < JOURNAL_RECORDS { disk.write(position(self.next), &[0; RECORD]) } else { Ok(()) }
    }
}

/// All records that open, each at its place.
fn records(
    disk: &impl StorageBackend,
    cipher: &Cipher,
    id: &[u8],
) -> Result<Vec<Option<Record>>, StoreError> {
    let mut bytes = vec![0; JOURNAL_RECORDS * RECORD];
    let there = disk.len().map_err(unavailable)?.saturating_sub(JOURNAL);
    let there = usize::try_from(there).unwrap_or(usize::MAX).min(bytes.len());
    if let Some(part) = bytes.get_mut(..there) {
        disk.read(JOURNAL, part).map_err(unavailable)?;
    }
    Ok(bytes.chunks(RECORD).enumerate().map(|(at, record)| open(cipher, id, at, record)).collect())
}

fn open(cipher: &Cipher, id: &[u8], at: usize, record: &[u8]) -> Option<Record> {
    if record.starts_with(&[0; NONCE]) {
        // Never written, or forgotten.
        return None;
    }
    let mut plain = Zeroizing::new(vec![0; BLOCK]);
    cipher.open(&place(id, at), record, &mut plain).ok()?;
    let mut rest = plain.as_slice();
    let mut number = || -> Option<u64> {
        let (number, later) = rest.split_first_chunk()?;
        rest = later;
        Some(u64::from_le_bytes(*number))
    };
    let (base, turn, before) = (number()?, number()?, number()?);
    let (numbers, rest) = rest.split_first_chunk::<6>()?;
    let [a, b, c, d, e, f] = *numbers;
    let (part, parts) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    let content = rest.get(..usize::from(u16::from_le_bytes([e, f])))?;
    let content = Zeroizing::new(content.to_vec());
    Some(Record { base, turn, before, part, parts, content, mark: mark_of(record) })
}

/// Length of a commit, in bytes: for each row a byte that says whether it stays, two lengths, key and value.
fn encoded_len(writes: &[Write]) -> usize {
    let of = |write: &Write| {
        9_usize
            .saturating_add(write.place.len())
            .saturating_add(write.value.as_ref().map_or(0, |value| value.len()))
    };
    writes.iter().map(of).fold(0, usize::saturating_add)
}

fn encode(writes: &[Write]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded_len(writes)));
    for write in writes {
        let value = write.value.as_deref().unwrap_or_default();
        bytes.push(u8::from(write.value.is_some()));
        for part in [write.place.as_slice(), value] {
            // Both are far below 4 GiB: a commit in the journal has less than one MiB.
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
        bytes.extend_from_slice(&write.place);
        bytes.extend_from_slice(value);
    }
    bytes
}

fn decode(mut rest: &[u8]) -> Option<Vec<Write>> {
    let mut writes = Vec::new();
    while let Some((stays, later)) = rest.split_first() {
        let (key, later) = later.split_first_chunk::<4>()?;
        let (value, later) = later.split_first_chunk::<4>()?;
        let (place, later) = later.split_at_checked(usize::try_from(u32::from_le_bytes(*key)).ok()?)?;
        let (value, later) = later.split_at_checked(usize::try_from(u32::from_le_bytes(*value)).ok()?)?;
        let value = (*stays == 1).then(|| Value::new(value));
        writes.push(Write { place: place.to_vec(), value });
        rest = later;
    }
    Some(writes)
}

pub(super) const fn position(at: usize) -> u64 {
    JOURNAL.saturating_add((at as u64).saturating_mul(RECORD as u64))
}

/// What a record is bound to.
pub(super) fn place(id: &[u8], at: usize) -> Vec<u8> {
    [id, b"journal", &(at as u64).to_le_bytes()].concat()
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {} rows)", self.turn, self.writes.len())
    }
}
