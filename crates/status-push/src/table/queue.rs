//! What waits for the gateway.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, Value};

use super::{DUE, Installation, KeyHash, QUEUE, QUEUED, VERSION, key};

const WHAT: &str = "a notification that waits";

/// A notification that waits. The message is sealed for the device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Queued {
    pub(crate) at: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) tries: u8,
    pub(crate) who: KeyHash,
    pub(crate) which: Installation,
    pub(crate) chat: Vec<u8>,
    pub(crate) message: Vec<u8>,
}

/// Puts a notification into the queue; `false` if `max` wait already.
pub(crate) fn add(shelf: &mut Shelf<'_>, queued: &Queued, max: u32) -> Result<bool, StoreError> {
    let (next, count) = numbers(shelf)?;
    if count >= max {
        return Ok(false);
    }
    set_numbers(shelf, next.saturating_add(1), count.saturating_add(1));
    save(shelf, next, queued);
    Ok(true)
}

/// A notification that waits, if it still does.
pub(crate) fn load(shelf: &Shelf<'_>, number: u64) -> Result<Option<Queued>, StoreError> {
    shelf.get(&key(QUEUED, &[&number.to_be_bytes()]))?.map(|row| Queued::read(&row)).transpose()
}

/// Takes a notification out of the queue.
pub(crate) fn remove(shelf: &mut Shelf<'_>, number: u64, queued: &Queued) -> Result<(), StoreError> {
    let (next, count) = numbers(shelf)?;
    set_numbers(shelf, next, count.saturating_sub(1));
    shelf.delete(due_key(queued.due, number));
    shelf.delete(key(QUEUED, &[&number.to_be_bytes()]));
    Ok(())
}

/// Has a notification wait until another time.
pub(crate) fn put_off(shelf: &mut Shelf<'_>, number: u64, queued: &Queued, until: Timestamp) {
    shelf.delete(due_key(queued.due, number));
    save(shelf, number, &Queued { due: until, tries: queued.tries.saturating_add(1), ..queued.clone() });
}

/// The numbers of those that wait, the earliest first, each with its time.
pub(crate) fn in_order(shelf: &Shelf<'_>, limit: usize) -> Result<Vec<(Timestamp, u64)>, StoreError> {
    shelf.scan(&[DUE], None, limit)?.iter().map(|(key, _)| due(key)).collect()
}

fn save(shelf: &mut Shelf<'_>, number: u64, queued: &Queued) {
    shelf.put(key(QUEUED, &[&number.to_be_bytes()]), queued.row());
    shelf.put(due_key(queued.due, number), Writer::new(VERSION).finish());
}

/// The next number, and how many wait.
pub(crate) fn numbers(shelf: &Shelf<'_>) -> Result<(u64, u32), StoreError> {
    shelf.get(&[QUEUE])?.map_or(Ok((0, 0)), |row| read_numbers(&row))
}

pub(crate) fn read_numbers(row: &[u8]) -> Result<(u64, u32), StoreError> {
    Reader::read("the queue of notifications", VERSION, row, |r| Some((r.u64()?, r.u32()?)))
}

pub(crate) fn numbers_row(next: u64, count: u32) -> Value {
    Writer::new(VERSION).u64(next).u32(count).finish()
}

fn set_numbers(shelf: &mut Shelf<'_>, next: u64, count: u32) {
    shelf.put([QUEUE], numbers_row(next, count));
}

pub(crate) fn due_key(due: Timestamp, number: u64) -> Vec<u8> {
    key(DUE, &[&due.millis().to_be_bytes(), &number.to_be_bytes()])
}

pub(crate) fn due(key: &[u8]) -> Result<(Timestamp, u64), StoreError> {
    Reader::read_key(WHAT, key, |r| Some((Timestamp::from_millis(r.u64()?), r.u64()?)))
}

impl Queued {
    fn row(&self) -> Value {
        let row = Writer::new(VERSION).u64(self.at.millis()).u64(self.due.millis()).u8(self.tries);
        row.bytes(&self.who).bytes(&self.which).sized(&self.chat).bytes(&self.message).finish()
    }

    pub(crate) fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            let (at, due, tries) = (r.u64()?, r.u64()?, r.u8()?);
            let (who, which, chat) = (r.array()?, r.array()?, r.sized()?.to_vec());
            let (at, due) = (Timestamp::from_millis(at), Timestamp::from_millis(due));
            Some(Self { at, due, tries, who, which, chat, message: r.rest().to_vec() })
        })
    }
}
