//! Events that wait for the applications that asked for them, and how far each of those has come.
//!
//! Entries have consecutive numbers. What all cursors have passed goes, a slice with each commit, so that no commit has much to
//! do. Without a cursor nothing is written.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError};

use crate::event::Event;

pub(crate) const LOG: u8 = b'Q';
pub(crate) const CURSOR: u8 = b'q';

const VERSION: u8 = 1;
const LOG_VERSION: u8 = 2;
const WHAT: &str = "the log of events";

/// The most events that are kept. A cursor that is further behind is told how many it has missed.
pub(crate) const MAX_KEPT: u64 = 100_000;
/// The most bytes of events that are kept; of more, the oldest go. Events that were kept before they were counted are not among
/// them.
pub(crate) const MAX_KEPT_BYTES: u64 = 256 * 1024 * 1024;
/// The most cursors of one home.
pub(crate) const MAX_CURSORS: usize = 64;
/// The largest event that is kept, in bytes of JSON; in place of a larger one it is told that one was missed.
pub(crate) const MAX_EVENT: usize = 1024 * 1024;
/// Entries that go with a commit that keeps some, beside as many as it keeps.
const SLICE: u64 = 16;
/// Entries that go with an acknowledgement.
const LARGE_SLICE: u64 = 256;

/// What is known of the log as a whole.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Log {
    /// The number of the first entry that is here.
    first: u64,
    /// The number of the next one.
    next: u64,
    /// Entries before this one are wanted by nobody.
    floor: u64,
    cursors: u32,
    /// Bytes of all entries.
    bytes: u64,
}

/// A few entries, from the first one that was asked for on.
pub(crate) struct Page {
    /// How many entries before them were asked for and are here no more.
    pub(crate) missed: u64,
    /// In their order, with their numbers.
    pub(crate) entries: Vec<(u64, Event)>,
}

/// Keeps events for whoever asked for them; says whether anybody did.
pub(crate) fn keep(shelf: &mut Shelf<'_>, events: &[Event]) -> Result<bool, StoreError> {
    let mut kept = events.iter().filter(|event| event.is_kept()).peekable();
    if kept.peek().is_none() {
        return Ok(false);
    }
    let Some(mut log) = load(shelf)?.filter(|log| log.cursors > 0 || log.first < log.next) else {
        return Ok(false);
    };
    let before = log.next;
    if log.cursors > 0 {
        for event in kept {
            let entry = entry(event);
            log.bytes = log.bytes.saturating_add(entry.len() as u64);
            shelf.put(entry_key(log.next), entry);
            log.next = log.next.saturating_add(1);
        }
    }
    let new = log.next.saturating_sub(before);
    log.trim(shelf, MAX_KEPT, new.saturating_add(SLICE))?;
    while log.bytes > MAX_KEPT_BYTES && log.first < log.next {
        log.drop_first(shelf)?;
    }
    save(shelf, &log);
    Ok(new > 0)
}

/// Where a cursor stands, which begins at the end of the log, or at its oldest entry, if it is new; `None` if there is no room
/// for one more.
pub(crate) fn begin(shelf: &mut Shelf<'_>, name: &str, at_oldest: bool) -> Result<Option<u64>, StoreError> {
    if let Some(at) = position(shelf, name)? {
        return Ok(Some(at));
    }
    let mut log = load(shelf)?.unwrap_or_default();
    if log.cursors as usize >= MAX_CURSORS {
        return Ok(None);
    }
    let at = if at_oldest { log.first } else { log.next };
    shelf.put(cursor_key(name), cursor(at));
    log.floor = if log.cursors == 0 { at } else { log.floor.min(at) };
    log.cursors += 1;
    save(shelf, &log);
    Ok(Some(at))
}

/// Notes that the entries up to this one have been dealt with.
pub(crate) fn acknowledge(shelf: &mut Shelf<'_>, name: &str, through: u64) -> Result<(), StoreError> {
    let (Some(at), Some(mut log)) = (position(shelf, name)?, load(shelf)?) else { return Ok(()) };
    let to = through.saturating_add(1).min(log.next);
    if to > at {
        shelf.put(cursor_key(name), cursor(to));
        log.floor = floor(shelf, log.next)?;
        log.trim(shelf, MAX_KEPT, LARGE_SLICE)?;
        save(shelf, &log);
    }
    Ok(())
}

/// Forgets a cursor; says whether there was one.
pub(crate) fn forget(shelf: &mut Shelf<'_>, name: &str) -> Result<bool, StoreError> {
    let (Some(_), Some(mut log)) = (position(shelf, name)?, load(shelf)?) else { return Ok(false) };
    shelf.delete(cursor_key(name));
    log.cursors = log.cursors.saturating_sub(1);
    log.floor = floor(shelf, log.next)?;
    log.trim(shelf, MAX_KEPT, LARGE_SLICE)?;
    save(shelf, &log);
    Ok(true)
}

/// At most `limit` entries from number `at` on.
pub(crate) fn page(shelf: &Shelf<'_>, at: u64, limit: usize) -> Result<Page, StoreError> {
    let first = load(shelf)?.unwrap_or_default().first;
    let from = at.max(first);
    let after = from.checked_sub(1).map_or_else(|| vec![LOG], entry_key);
    let rows = shelf.scan(&[LOG], Some(&after), limit)?;
    // One that cannot be read is not passed over in silence.
    let entry = |(key, row): status_layer::Row| {
        Ok((number(&key)?, read_entry(&row).unwrap_or(Event::Missed { count: 1 })))
    };
    let entries = rows.into_iter().map(entry).collect::<Result<_, StoreError>>()?;
    Ok(Page { missed: from.saturating_sub(at), entries })
}

/// The names of all cursors.
pub(crate) fn names(shelf: &Shelf<'_>) -> Result<Vec<String>, StoreError> {
    let rows = shelf.scan(&[CURSOR], None, MAX_CURSORS)?;
    rows.iter().map(|(key, _)| cursor_name(key)).collect()
}

/// Looks whether a row of the log is one.
pub(crate) fn examine(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    match key {
        [LOG] => read_log(row).map(drop),
        [LOG, ..] => number(key).and(read_entry(row)).map(drop),
        _ => cursor_name(key).and(Reader::read(WHAT, VERSION, row, Reader::u64)).map(drop),
    }
}

impl Log {
    /// Deletes at most `slice` entries of those that nobody wants, or that are too many.
    fn trim(&mut self, shelf: &mut Shelf<'_>, max: u64, slice: u64) -> Result<(), StoreError> {
        let wanted = self.floor.max(self.next.saturating_sub(max)).min(self.next);
        let to = wanted.min(self.first.saturating_add(slice));
        while self.first < to {
            self.drop_first(shelf)?;
        }
        Ok(())
    }

    fn drop_first(&mut self, shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
        let key = entry_key(self.first);
        let len = shelf.get(&key)?.map_or(0, |entry| entry.len() as u64);
        self.bytes = self.bytes.saturating_sub(len);
        shelf.delete(key);
        self.first = self.first.saturating_add(1);
        Ok(())
    }
}

fn load(shelf: &Shelf<'_>) -> Result<Option<Log>, StoreError> {
    shelf.get(&[LOG])?.map(|row| read_log(&row)).transpose()
}

fn read_log(row: &[u8]) -> Result<Log, StoreError> {
    Reader::read(WHAT, LOG_VERSION, row, |r| {
        let (first, next, floor, cursors) = (r.u64()?, r.u64()?, r.u64()?, r.u32()?);
        let bytes = if r.version() > 1 { r.u64()? } else { 0 };
        Some(Log { first, next, floor, cursors, bytes })
    })
}

fn save(shelf: &mut Shelf<'_>, log: &Log) {
    let row = Writer::new(LOG_VERSION).u64(log.first).u64(log.next).u64(log.floor).u32(log.cursors);
    shelf.put([LOG], row.u64(log.bytes).finish());
}

/// The entry that the cursor furthest behind wants next; `next` if there is no cursor.
fn floor(shelf: &Shelf<'_>, next: u64) -> Result<u64, StoreError> {
    let rows = shelf.scan(&[CURSOR], None, MAX_CURSORS)?;
    rows.iter()
        .try_fold(next, |floor, (_, row)| Ok(floor.min(Reader::read(WHAT, VERSION, row, Reader::u64)?)))
}

fn position(shelf: &Shelf<'_>, name: &str) -> Result<Option<u64>, StoreError> {
    shelf.get(&cursor_key(name))?.map(|row| Reader::read(WHAT, VERSION, &row, Reader::u64)).transpose()
}

fn entry(event: &Event) -> status_layer::Value {
    let written = |event: &Event| serde_json::to_vec(event).ok().filter(|json| json.len() <= MAX_EVENT);
    let json = written(event).or_else(|| written(&Event::Missed { count: 1 })).unwrap_or_default();
    Writer::new(VERSION).bytes(&json).finish()
}

fn read_entry(row: &[u8]) -> Result<Event, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| serde_json::from_slice(r.rest()).ok())
}

fn cursor(at: u64) -> status_layer::Value {
    Writer::new(VERSION).u64(at).finish()
}

fn entry_key(seq: u64) -> Vec<u8> {
    [[LOG].as_slice(), &seq.to_be_bytes()].concat()
}

fn cursor_key(name: &str) -> Vec<u8> {
    [&[CURSOR], name.as_bytes()].concat()
}

fn number(key: &[u8]) -> Result<u64, StoreError> {
    match key {
        [LOG, seq @ ..] => seq.try_into().map(u64::from_be_bytes).map_err(|_| damaged()),
        _ => Err(damaged()),
    }
}

fn cursor_name(key: &[u8]) -> Result<String, StoreError> {
    let name = key.strip_prefix(&[CURSOR]).ok_or_else(damaged)?;
    String::from_utf8(name.to_vec()).map_err(|_| damaged())
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}

#[cfg(test)]
mod tests;
