//! The rows of a data sync that sends once. A key is a tag and what the row is about; numbers are big-endian. A value is a
//! version and its fields.
//!
//! | tag | key | value |
//! | --- | --- | --- |
//! | 01 | – | the next number (8), how many bodies are kept (8) |
//! | 02 | number 8 | id 32, kind 1, reader (1, 2, bytes), body: what waits to leave |
//! | 03 | until 8, id 32 | user 33: what was sent, and when it is given up |
//! | 04 | id 32 | –: the id of an 02 or an 03 |
//!
//! Invariants: each 02 and each 03 has one 04 and the other way round; 01 counts them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::row::{Reader, Writer};
use status_layer::{
    Area, Draft, MessageId, Name, Read, Recipient, Shelf, StoreError, Timestamp, UserId, Value,
};

const NUMBER: u8 = 0x01;
const WAITING: u8 = 0x02;
const GONE: u8 = 0x03;
const KNOWN: u8 = 0x04;

const VERSION: u8 = 1;
const WHAT: &str = "a message that is sent once";

/// Rows read at a time.
const PAGE: usize = 64;

const INTRODUCES: u8 = 1;
const PASSES: u8 = 2;

/// Every table of [`Once`](crate::Once).
pub const TABLES: [Table; 4] = [
    table(NUMBER, "the next number", Nature::Device),
    table(WAITING, "bodies that wait to leave", Nature::Device),
    table(GONE, "messages that were sent", Nature::Device),
    table(KNOWN, "what the application calls them", Nature::Index),
];

const fn table(tag: u8, holds: &'static str, nature: Nature) -> Table {
    Table { tag, holds, nature }
}

/// A body that waits to leave.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Waiting {
    pub(super) id: MessageId,
    pub(super) to: Recipient,
    pub(super) introduces: bool,
    pub(super) passes: bool,
    pub(super) body: Vec<u8>,
}

/// A message of which nothing was ever heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Gone {
    pub(super) id: MessageId,
    pub(super) to: UserId,
}

/// Whether a message waits, or was sent not long ago.
pub(super) fn is_known(shelf: &Shelf<'_>, id: MessageId) -> Result<bool, StoreError> {
    shelf.has(&key(KNOWN, &[id.as_bytes()]))
}

/// Keeps a body; `false` if `max` are kept already.
pub(super) fn add(shelf: &mut Shelf<'_>, waiting: &Waiting, max: u64) -> Result<bool, StoreError> {
    let (next, kept) = numbers(shelf)?;
    if kept >= max {
        return Ok(false);
    }
    set_numbers(shelf, next.saturating_add(1), kept.saturating_add(1));
    shelf.put(key(WAITING, &[&next.to_be_bytes()]), waiting.row());
    shelf.put(key(KNOWN, &[waiting.id.as_bytes()]), Writer::new(VERSION).finish());
    Ok(true)
}

/// Takes some of the bodies that wait, in the order in which they were added; none if there are none. Of what may be missed
/// a note is left until `until`.
pub(super) fn take(shelf: &mut Shelf<'_>, until: Timestamp) -> Result<Vec<Waiting>, StoreError> {
    let rows = shelf.scan(&[WAITING], None, PAGE)?;
    let mut taken = Vec::with_capacity(rows.len());
    for (row_key, row) in rows {
        let waiting = Waiting::read(&row)?;
        shelf.delete(row_key);
        match &waiting.to {
            Recipient::User(user) if !waiting.passes => {
                let gone = key(GONE, &[&until.millis().to_be_bytes(), waiting.id.as_bytes()]);
                shelf.put(gone, Writer::new(VERSION).bytes(user.as_bytes()).finish());
            }
            _ => forget(shelf, waiting.id)?,
        }
        taken.push(waiting);
    }
    Ok(taken)
}

/// Takes what was sent so long ago that it ends at `now`, and says when the next one does.
pub(super) fn end(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
) -> Result<(Vec<Gone>, Option<Timestamp>), StoreError> {
    let mut ended = Vec::new();
    loop {
        let rows = shelf.scan(&[GONE], None, PAGE)?;
        if rows.is_empty() {
            return Ok((ended, None));
        }
        for (row_key, row) in rows {
            let (until, id) = gone_key(&row_key)?;
            if until > now {
                return Ok((ended, Some(until)));
            }
            let to = gone(&row)?;
            shelf.delete(row_key);
            forget(shelf, id)?;
            ended.push(Gone { id, to });
        }
    }
}

fn forget(shelf: &mut Shelf<'_>, id: MessageId) -> Result<(), StoreError> {
    let (next, kept) = numbers(shelf)?;
    set_numbers(shelf, next, kept.saturating_sub(1));
    shelf.delete(key(KNOWN, &[id.as_bytes()]));
    Ok(())
}

/// The next number, and how many bodies are kept.
fn numbers(shelf: &Shelf<'_>) -> Result<(u64, u64), StoreError> {
    shelf.get(&[NUMBER])?.map_or(Ok((0, 0)), |row| read_numbers(&row))
}

fn read_numbers(row: &[u8]) -> Result<(u64, u64), StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some((r.u64()?, r.u64()?)))
}

fn set_numbers(shelf: &mut Shelf<'_>, next: u64, kept: u64) {
    shelf.put([NUMBER], Writer::new(VERSION).u64(next).u64(kept).finish());
}

fn key(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag][..], parts.concat().as_slice()].concat()
}

fn gone_key(key: &[u8]) -> Result<(Timestamp, MessageId), StoreError> {
    Reader::read_key(WHAT, key, |r| Some((Timestamp::from_millis(r.u64()?), MessageId::new(r.array()?))))
}

fn gone(row: &[u8]) -> Result<UserId, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| UserId::from_compressed(&r.array::<33>()?).ok())
}

impl Waiting {
    fn row(&self) -> Value {
        let kind = (u8::from(self.introduces) * INTRODUCES) | (u8::from(self.passes) * PASSES);
        let row = Writer::new(VERSION).bytes(self.id.as_bytes()).u8(kind);
        // Invariant: the kernel bounds a name to 512 bytes.
        let row = match &self.to {
            Recipient::User(user) => row.u8(0).sized(user.as_bytes()),
            Recipient::Channel(name) => row.u8(1).sized(name.as_str().as_bytes()),
        };
        row.bytes(&self.body).finish()
    }

    fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            let (id, kind) = (MessageId::new(r.array()?), r.u8()?);
            let to = match (r.u8()?, r.sized()?) {
                (0, user) => Recipient::User(UserId::from_compressed(user).ok()?),
                (1, name) => Recipient::Channel(Name::new(core::str::from_utf8(name).ok()?).ok()?),
                _ => return None,
            };
            let (introduces, passes) = (kind & INTRODUCES != 0, kind & PASSES != 0);
            Some(Self { id, to, introduces, passes, body: r.rest().to_vec() })
        })
    }
}

/// Looks at all rows of this layer in `area`: every row can be read, each message is known by its id, and the count is right.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let mut ids = BTreeSet::new();
    let mut next = 0;
    {
        let mut draft = Draft::new(rows);
        let shelf = draft.shelf(area);
        for (row_key, row) in shelf.scan(&[WAITING], None, usize::MAX)? {
            ids.extend(Waiting::read(&row).ok().map(|waiting| waiting.id));
            let number = Reader::read_key(WHAT, &row_key, Reader::u64).unwrap_or(0);
            next = next.max(number.saturating_add(1));
        }
        ids.extend(
            shelf.scan(&[GONE], None, usize::MAX)?.iter().filter_map(|(k, _)| Some(gone_key(k).ok()?.1)),
        );
    }
    let counted = rows.get(area, &[NUMBER])?.is_some() || ids.is_empty();
    let mut examined = every_row(rows, area, &TABLES, |shelf, row_key, row, report| {
        let named = |id: MessageId| Ok::<_, StoreError>((key(KNOWN, &[id.as_bytes()]), is_known(shelf, id)?));
        let lacking = match row_key.first().copied().unwrap_or_default() {
            NUMBER => {
                let (found, kept) = read_numbers(row)?;
                if kept != ids.len() as u64 || found < next {
                    let right = Writer::new(VERSION).u64(found.max(next)).u64(ids.len() as u64).finish();
                    report.mend(Wrong::Differs, [(row_key.to_vec(), Some(right))].into());
                }
                return Ok(());
            }
            WAITING => {
                Reader::read_key(WHAT, row_key, Reader::u64)?;
                named(Waiting::read(row)?.id)?
            }
            GONE => {
                gone(row)?;
                named(gone_key(row_key)?.1)?
            }
            _ => {
                let id = Reader::read_key(WHAT, row_key, Reader::array).map(MessageId::new)?;
                Reader::read(WHAT, VERSION, row, |_| Some(()))?;
                if !ids.contains(&id) {
                    report.drop(Wrong::Dangling);
                }
                return Ok(());
            }
        };
        if let (name, false) = lacking {
            report.mend(Wrong::Incomplete, [(name, Some(Writer::new(VERSION).finish()))].into());
        }
        Ok(())
    })?;
    if !counted {
        let right = Writer::new(VERSION).u64(next).u64(ids.len() as u64).finish();
        examined.add(&TABLES, &[NUMBER], Wrong::Incomplete, [([NUMBER].to_vec(), Some(right))].into());
    }
    Ok(examined)
}
