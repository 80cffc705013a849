//! What is to be sent to whom, and when; by id, and by user and time.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};

use super::{NUMBER, QUEUE, RECORD, VERSION, id, key, user};
use crate::ident::SyncId;

const WHAT: &str = "a data sync record";

/// Something to be sent: the name of a record.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Task {
    pub(crate) user: UserId,
    pub(crate) id: SyncId,
    pub(crate) kind: Kind,
}

/// What is to be sent about a message.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Offer,
    Request,
    Message,
}

/// How far a task has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Record {
    /// When it is to be sent (again).
    pub(crate) due: Timestamp,
    /// Its place among all records, in order of queueing.
    pub(crate) number: u64,
    /// How often it was sent.
    pub(crate) sends: u32,
    /// When it was sent last; 0 if never.
    pub(crate) sent: Timestamp,
    /// When it was queued.
    pub(crate) queued: Timestamp,
}

/// A place in the queue of a user: where to go on reading.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    due: Timestamp,
    number: u64,
}

impl Task {
    fn key(&self) -> Vec<u8> {
        key(RECORD, &[self.id.as_bytes(), self.user.as_bytes(), &[self.kind.byte()]])
    }

    pub(crate) fn load(&self, shelf: &Shelf<'_>) -> Result<Option<Record>, StoreError> {
        shelf.get(&self.key())?.map(|row| Record::read(&row)).transpose()
    }

    /// Adds a record that is due at `due`. There must be none of this name.
    pub(crate) fn add(
        &self,
        shelf: &mut Shelf<'_>,
        due: Timestamp,
        queued: Timestamp,
    ) -> Result<(), StoreError> {
        let record =
            Record { due, number: next_number(shelf)?, sends: 0, sent: Timestamp::default(), queued };
        self.write(shelf, &record);
        Ok(())
    }

    /// Puts `record` in place of the record `old`.
    pub(crate) fn replace(&self, shelf: &mut Shelf<'_>, old: &Record, record: &Record) {
        shelf.delete(old.place().key(&self.user));
        self.write(shelf, record);
    }

    /// Deletes the record `old`.
    pub(crate) fn remove(&self, shelf: &mut Shelf<'_>, old: &Record) {
        shelf.delete(old.place().key(&self.user));
        shelf.delete(self.key());
    }

    /// The error for a task whose record or message is gone.
    pub(crate) const fn missing(&self) -> StoreError {
        StoreError::Damaged { what: WHAT }
    }

    fn write(&self, shelf: &mut Shelf<'_>, record: &Record) {
        let row = Writer::new(VERSION).bytes(self.id.as_bytes()).u8(self.kind.byte());
        shelf.put(record.place().key(&self.user), row.finish());
        shelf.put(self.key(), record.value());
    }
}

/// Whether there is any record about a message.
pub(crate) fn any(shelf: &Shelf<'_>, id: SyncId) -> Result<bool, StoreError> {
    Ok(!shelf.scan(&key(RECORD, &[id.as_bytes()]), None, 1)?.is_empty())
}

/// The first moment at which a record of `user` is due.
pub(crate) fn first_due(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
    let first = shelf.scan(&key(QUEUE, &[user.as_bytes()]), None, 1)?;
    first.first().map(|(key, _)| Ok(place(key)?.due)).transpose()
}

/// At most `limit` of the tasks of `user` in the order of their times, and of queueing among equal times; from `after` on.
pub(crate) fn queue(
    shelf: &Shelf<'_>,
    user: &UserId,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<(Place, Task)>, StoreError> {
    let after = after.map(|place| place.key(user));
    let rows = shelf.scan(&key(QUEUE, &[user.as_bytes()]), after.as_deref(), limit)?;
    rows.iter().map(|(key, row)| Ok((place(key)?, task(user, row)?))).collect()
}

/// A number that was not given out before; they ascend.
pub(crate) fn next_number(shelf: &mut Shelf<'_>) -> Result<u64, StoreError> {
    let number = match shelf.get(&[NUMBER])? {
        Some(row) => Reader::read("the counter of data sync", VERSION, &row, Reader::u64)?,
        None => 0,
    };
    shelf.put([NUMBER], Writer::new(VERSION).u64(number.saturating_add(1)).finish());
    Ok(number)
}

/// Every record there is. For replays, not for use.
#[cfg(feature = "hazmat")]
pub(crate) fn all(shelf: &Shelf<'_>) -> Result<Vec<(Task, Record)>, StoreError> {
    let rows = shelf.scan(&[RECORD], None, usize::MAX)?;
    let read = |(key, row): (Vec<u8>, Value)| {
        let task = Reader::read_key(WHAT, &key, |r| {
            let (id, user) = (id(r)?, user(r)?);
            Some(Task { user, id, kind: kind(r)? })
        });
        Ok((task?, Record::read(&row)?))
    };
    rows.into_iter().map(read).collect()
}

impl Record {
    const fn place(&self) -> Place {
        Place { due: self.due, number: self.number }
    }

    fn value(&self) -> Value {
        Writer::new(VERSION)
            .u64(self.due.millis())
            .u64(self.number)
            .u32(self.sends)
            .u64(self.sent.millis())
            .u64(self.queued.millis())
            .finish()
    }

    fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            Some(Self {
                due: Timestamp::from_millis(r.u64()?),
                number: r.u64()?,
                sends: r.u32()?,
                sent: Timestamp::from_millis(r.u64()?),
                queued: Timestamp::from_millis(r.u64()?),
            })
        })
    }
}

impl Place {
    pub(crate) const fn due(&self) -> Timestamp {
        self.due
    }

    pub(super) fn write(self, row: Writer) -> Writer {
        row.u64(self.due.millis()).u64(self.number)
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        Some(Self { due: Timestamp::from_millis(r.u64()?), number: r.u64()? })
    }

    fn key(&self, user: &UserId) -> Vec<u8> {
        key(QUEUE, &[user.as_bytes(), &self.due.millis().to_be_bytes(), &self.number.to_be_bytes()])
    }
}

fn place(key: &[u8]) -> Result<Place, StoreError> {
    Reader::read_key("the data sync queue", key, |r| {
        user(r)?;
        Some(Place { due: Timestamp::from_millis(r.u64()?), number: r.u64()? })
    })
}

pub(super) fn task(user: &UserId, row: &[u8]) -> Result<Task, StoreError> {
    Reader::read("the data sync queue", VERSION, row, |r| {
        Some(Task { user: *user, id: id(r)?, kind: kind(r)? })
    })
}

pub(super) fn kind(r: &mut Reader<'_>) -> Option<Kind> {
    match r.u8()? {
        0 => Some(Kind::Offer),
        1 => Some(Kind::Request),
        2 => Some(Kind::Message),
        _ => None,
    }
}

impl Kind {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Offer => 0,
            Self::Request => 1,
            Self::Message => 2,
        }
    }
}
