//! How long messages are kept, and how far the last look at it has come.

use std::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp};

use super::message::{forget_message, load_message};
use super::pages::{Spot, spots_after};
use super::{VERSION, WHAT, chat_bytes, chat_of, damaged};
use crate::event::Chat;
use crate::history::Retention;

pub(super) const RETENTION: u8 = b'x';

/// Second bytes of the keys: for all chats, for one, up to which clock a chat was emptied, how far the last look is.
const ALL: u8 = b'd';
const CHAT: u8 = b'c';
const EMPTIED: u8 = b'l';
const LOOK: u8 = b'p';

/// How far a look at what is too old has come.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Look {
    /// When it goes on, or the next one begins.
    pub(crate) due: Timestamp,
    /// The chat that it is at, and what was counted there.
    pub(crate) at: Option<(Chat, Counted)>,
}

/// What was counted in a chat so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// So many messages up to this place.
    UpTo(Spot, u64),
    /// All of them: so many are too many.
    Surplus(u64),
}

/// How long messages of a chat are kept, or of all chats for which nothing else was said.
pub(crate) fn retention(shelf: &Shelf<'_>, chat: Option<&Chat>) -> Result<Option<Retention>, StoreError> {
    shelf.get(&setting_key(chat))?.map(|row| read_setting(&row)).transpose()
}

pub(crate) fn set_retention(shelf: &mut Shelf<'_>, chat: Option<&Chat>, retention: Option<Retention>) {
    let key = setting_key(chat);
    let Some(Retention { age, count }) = retention else { return shelf.delete(key) };
    let row = Writer::new(VERSION).flag(age.is_some()).u64(age.map_or(0, |age| age.as_secs()));
    shelf.put(key, row.flag(count.is_some()).u64(count.unwrap_or(0)).finish());
}

fn read_setting(row: &[u8]) -> Result<Retention, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let age = (r.flag()?, Duration::from_secs(r.u64()?));
        let count = (r.flag()?, r.u64()?);
        Some(Retention { age: age.0.then_some(age.1), count: count.0.then_some(count.1) })
    })
}

/// The clock up to which messages of a chat were dropped: what comes again with one that is not later is not kept.
pub(crate) fn emptied(shelf: &Shelf<'_>, chat: &Chat) -> Result<u64, StoreError> {
    let row = shelf.get(&emptied_key(chat))?;
    row.map_or(Ok(0), |row| Reader::read(WHAT, VERSION, &row, Reader::u64))
}

/// Keeps the clock up to which messages of a chat were dropped, or are to be.
pub(crate) fn set_emptied(shelf: &mut Shelf<'_>, chat: &Chat, up_to: u64) {
    shelf.put(emptied_key(chat), Writer::new(VERSION).u64(up_to).finish());
}

pub(crate) fn last_look(shelf: &Shelf<'_>) -> Result<Option<Look>, StoreError> {
    shelf.get(&[RETENTION, LOOK])?.map(|row| read_look(&row)).transpose()
}

pub(crate) fn set_look(shelf: &mut Shelf<'_>, look: Option<&Look>) {
    let key = [RETENTION, LOOK];
    let Some(look) = look else { return shelf.delete(key) };
    let row = Writer::new(VERSION).u64(look.due.millis());
    let row = match &look.at {
        None => row.u8(0),
        Some((chat, Counted::UpTo(spot, count))) => {
            row.u8(1).u64(spot.clock).bytes(&spot.id).u64(*count).bytes(&chat_bytes(chat))
        }
        Some((chat, Counted::Surplus(count))) => row.u8(2).u64(*count).bytes(&chat_bytes(chat)),
    };
    shelf.put(key, row.finish());
}

fn read_look(row: &[u8]) -> Result<Look, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let due = Timestamp::from_millis(r.u64()?);
        let counted = match r.u8()? {
            0 => return Some(Look { due, at: None }),
            1 => Counted::UpTo(Spot { clock: r.u64()?, id: r.array()? }, r.u64()?),
            2 => Counted::Surplus(r.u64()?),
            _ => return None,
        };
        Some(Look { due, at: Some((chat_of(r.rest())?, counted)) })
    })
}

/// Drops messages from the beginning of a chat while `too_old` says so, at most `limit`; returns how many.
pub(crate) fn drop_oldest(
    shelf: &mut Shelf<'_>,
    chat: &Chat,
    limit: usize,
    mut too_old: impl FnMut(usize, u64) -> bool,
) -> Result<usize, StoreError> {
    let spots = spots_after(shelf, chat, Spot::FIRST, limit)?;
    let mut dropped = 0;
    for spot in spots {
        if !too_old(dropped, spot.clock) {
            break;
        }
        if let Some(message) = load_message(shelf, status_layer::MessageId::new(spot.id))? {
            forget_message(shelf, &message)?;
        }
        let known = emptied(shelf, chat)?.max(spot.clock);
        set_emptied(shelf, chat, known);
        dropped = dropped.saturating_add(1);
    }
    Ok(dropped)
}

/// Forgets up to which clock a chat was emptied.
pub(super) fn forget_emptied(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.delete(emptied_key(chat));
}

/// Looks whether a row can be read.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    let chat = || chat_of(key.get(2..).unwrap_or_default()).ok_or_else(damaged);
    match key.get(1) {
        Some(&ALL) => read_setting(row).map(drop),
        Some(&CHAT) => chat().and(read_setting(row)).map(drop),
        Some(&EMPTIED) => chat().and(Reader::read(WHAT, VERSION, row, Reader::u64)).map(drop),
        Some(&LOOK) => read_look(row).map(drop),
        _ => Err(damaged()),
    }
}

fn setting_key(chat: Option<&Chat>) -> Vec<u8> {
    match chat {
        None => vec![RETENTION, ALL],
        Some(chat) => [&[RETENTION, CHAT], chat_bytes(chat).as_slice()].concat(),
    }
}

fn emptied_key(chat: &Chat) -> Vec<u8> {
    [&[RETENTION, EMPTIED], chat_bytes(chat).as_slice()].concat()
}

/// Whether anything is ever dropped.
pub(crate) fn any_retention(shelf: &Shelf<'_>) -> Result<bool, StoreError> {
    Ok(shelf.has(&setting_key(None))? || !shelf.scan(&[RETENTION, CHAT], None, 1)?.is_empty())
}
