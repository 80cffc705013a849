//! How far messages of ours have come: what each news of the stack means to the stage that is shown.

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, MessageId, Shelf, StoreError, UserId};

use crate::event::{Event, Stage};
use crate::table;

pub(crate) const RECEIPT: u8 = b'R';
const VERSION: u8 = 1;
const WHAT: &str = "the receipts of a message";

/// Readers of a message whose outcome is kept.
const MAX_READERS: usize = 1_024;

/// A fact about a message of ours.
pub(crate) enum Fact {
    Published,
    Stored,
    Delivered { by: UserId, device: Option<DeviceId> },
    GaveUp { to: UserId },
}

/// How many readers have confirmed a message, and how many never did.
struct Readers {
    confirmed: u32,
    lost: u32,
}

/// Notes a fact; returns what is new in it. A fact about what is no message of this chat is none.
pub(crate) fn note(shelf: &mut Shelf<'_>, id: MessageId, fact: &Fact) -> Result<Vec<Event>, StoreError> {
    let Some(mut message) = table::load_message(shelf, id)? else { return Ok(Vec::new()) };
    let Some(before) = message.stage else { return Ok(Vec::new()) };
    let of = match before.readers() {
        Some((_, of)) => of,
        None => expected(shelf, id)?,
    };
    let mut events = Vec::new();
    let after = match fact {
        Fact::Published => Stage::Published,
        Fact::Stored => Stage::Stored,
        Fact::Delivered { by, device } => {
            shelf.put(key(id, Some(by)), Writer::new(VERSION).flag(true).finish());
            events.push(Event::Delivered { id, by: *by, device: device.clone() });
            outcome(shelf, id, of)?
        }
        Fact::GaveUp { to } => {
            if !confirmed(shelf, &key(id, Some(to)))? {
                shelf.put(key(id, Some(to)), Writer::new(VERSION).flag(false).finish());
            }
            outcome(shelf, id, of)?
        }
    };
    let decided = matches!(fact, Fact::Delivered { .. } | Fact::GaveUp { .. });
    if after != before && (decided || after > before) {
        message.stage = Some(after);
        table::save_message(shelf, &message)?;
        events.push(Event::Stage { id, stage: after });
    }
    Ok(events)
}

/// Notes how many are to read a message of ours, if that is not one.
pub(crate) fn expect(shelf: &mut Shelf<'_>, id: MessageId, of: u32) {
    shelf.put(key(id, None), Writer::new(VERSION).u32(of).finish());
}

fn expected(shelf: &Shelf<'_>, id: MessageId) -> Result<u32, StoreError> {
    let row = shelf.get(&key(id, None))?;
    row.map_or(Ok(1), |row| Reader::read(WHAT, VERSION, &row, Reader::u32))
}

/// The stage that follows from what the readers did.
fn outcome(shelf: &Shelf<'_>, id: MessageId, of: u32) -> Result<Stage, StoreError> {
    let Readers { confirmed, lost } = readers(shelf, id)?;
    let of = of.max(confirmed.saturating_add(lost));
    let stage =
        if lost > 0 { Stage::GaveUp { to: confirmed, of } } else { Stage::Delivered { to: confirmed, of } };
    Ok(stage)
}

fn readers(shelf: &Shelf<'_>, id: MessageId) -> Result<Readers, StoreError> {
    let mut readers = Readers { confirmed: 0, lost: 0 };
    let all = key(id, None);
    // Behind the row that says how many there are.
    for (_, row) in shelf.scan(&all, Some(&all), MAX_READERS)? {
        match Reader::read(WHAT, VERSION, &row, Reader::flag)? {
            true => readers.confirmed += 1,
            false => readers.lost += 1,
        }
    }
    Ok(readers)
}

/// Forgets what became of a message.
pub(crate) fn forget(shelf: &mut Shelf<'_>, id: MessageId) -> Result<(), StoreError> {
    shelf.scan(&key(id, None), None, MAX_READERS)?.into_iter().for_each(|(key, _)| shelf.delete(key));
    Ok(())
}

/// The message that a row is about.
pub(crate) fn read(key: &[u8], row: &[u8]) -> Result<MessageId, StoreError> {
    let (id, of_one) = Reader::read_key(WHAT, key, |r| {
        let id = MessageId::new(r.array()?);
        let of_one = !r.is_empty();
        if of_one {
            UserId::from_compressed(&r.array::<33>()?).ok()?;
        }
        Some((id, of_one))
    })?;
    if of_one {
        Reader::read(WHAT, VERSION, row, Reader::flag)?;
    } else {
        Reader::read(WHAT, VERSION, row, Reader::u32)?;
    }
    Ok(id)
}

fn confirmed(shelf: &Shelf<'_>, key: &[u8]) -> Result<bool, StoreError> {
    shelf.get(key)?.map_or(Ok(false), |row| Reader::read(WHAT, VERSION, &row, Reader::flag))
}

fn key(id: MessageId, reader: Option<&UserId>) -> Vec<u8> {
    let reader = reader.map_or(&[][..], |reader| reader.as_bytes());
    [&[RECEIPT], id.as_bytes().as_slice(), reader].concat()
}

#[cfg(test)]
mod tests;
