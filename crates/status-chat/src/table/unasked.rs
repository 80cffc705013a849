//! The rows of what takes room here although nobody asked for it: chats that strangers began, and closed groups into which
//! strangers took us.
//!
//! | key | value |
//! | --- | --- |
//! | `W` chat | version, since (8), settled (1), bytes (8) |
//! | `W` | version: the bytes of all such chats have been counted |
//!
//! A chat has such a row as long as nobody here wants it: it comes and goes with the mark of a stranger, and with how we stand to
//! a group. Its bytes are those of the rows that others can make grow, keys included: messages, their places, pictures, words,
//! reactions, pins, what waits, and the changes of a group. They are changed in the commit that changes one of these rows,
//! because all of them are written by [`write`].

use std::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};

use super::{change, chat_bytes, chat_of, contacts, damaged, group, message};
use crate::event::Chat;

pub(crate) const UNASKED: u8 = b'W';
const COUNTED: [u8; 1] = [UNASKED];

const VERSION: u8 = 1;
const WHAT: &str = "what nobody asked for";

/// Bytes that are kept of one stranger: two of the largest pictures. The oldest message goes, a contact request last.
pub(crate) const MAX_STRANGER_BYTES: u64 = 2 * 1024 * 1024;

/// Bytes that are kept of all strangers together. Whoever has most of them gives way. So nobody is touched who has less than an
/// equal share, 64 KiB: more than the longest request has.
pub(crate) const MAX_STRANGERS_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes that are kept of one closed group while we have not answered the invitation: its changes, and what is said in it. What
/// would be more is refused. With the number of such groups that makes 64 MiB.
pub(crate) const MAX_INVITATION_BYTES: u64 = 256 * 1024;

/// Strangers who give way to no newcomer: those who came while there were fewer of them.
pub(crate) const MAX_SETTLED: usize = 256;

/// How long a stranger is one of these.
const SETTLED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Places that are looked at at once.
const PAGE: usize = 256;

/// A chat that nobody asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Unasked {
    /// Since when it is there; of groups it is not said.
    pub(crate) since: Timestamp,
    /// Whether it was among those that newcomers do not push out.
    pub(crate) settled: bool,
    /// Bytes of its rows.
    pub(crate) bytes: u64,
}

impl Unasked {
    /// Whether it gives way to no newcomer.
    pub(crate) fn is_settled(&self, now: Timestamp) -> bool {
        self.settled && now.since(self.since) < SETTLED_FOR
    }
}

pub(crate) fn load(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<Unasked>, StoreError> {
    if matches!(chat, Chat::Channel(_)) {
        return Ok(None);
    }
    shelf.get(&key(chat))?.map(|row| read_row(&row)).transpose()
}

/// All strangers, in the order of their keys.
pub(crate) fn strangers(shelf: &Shelf<'_>) -> Result<Vec<(UserId, Unasked)>, StoreError> {
    let rows = shelf.scan(&[UNASKED, b'u'], None, contacts::MAX_STRANGERS + 1)?;
    let read = |key: &[u8], row: &[u8]| match chat_in(key)? {
        Chat::User(user) => Ok((user, read_row(row)?)),
        _ => Err(damaged()),
    };
    rows.iter().map(|(key, row)| read(key, row)).collect()
}

/// Notes that nobody asked for a chat, with all that is there of it; unless that is known.
pub(crate) fn begin(shelf: &mut Shelf<'_>, chat: &Chat, since: Timestamp) -> Result<(), StoreError> {
    if load(shelf, chat)?.is_some() {
        return Ok(());
    }
    let settled = match chat {
        Chat::User(_) => {
            strangers(shelf)?.iter().filter(|(_, known)| known.is_settled(since)).count() < MAX_SETTLED
        }
        _ => false,
    };
    let bytes = count(shelf, chat)?;
    shelf.put(key(chat), row(&Unasked { since, settled, bytes }));
    Ok(())
}

/// Notes that a chat is wanted, or gone: its room is free for others.
pub(crate) fn end(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.delete(key(chat));
}

/// Writes or deletes rows that belong to a chat, and that others can make grow.
pub(crate) fn write(
    shelf: &mut Shelf<'_>,
    chat: &Chat,
    rows: impl IntoIterator<Item = (Vec<u8>, Option<Value>)>,
) -> Result<(), StoreError> {
    let mut unasked = load(shelf, chat)?;
    for (at, value) in rows {
        if let Some(unasked) = &mut unasked {
            let before = shelf.get(&at)?.map_or(0, |value| size(&at, &value));
            let after = value.as_ref().map_or(0, |value| size(&at, value));
            unasked.bytes = unasked.bytes.saturating_sub(before).saturating_add(after);
        }
        match value {
            Some(value) => shelf.put(at, value),
            None => shelf.delete(at),
        }
    }
    if let Some(unasked) = &unasked {
        shelf.put(key(chat), row(unasked));
    }
    Ok(())
}

/// Counts the bytes of all rows of a chat that others can make grow.
pub(crate) fn count(shelf: &Shelf<'_>, chat: &Chat) -> Result<u64, StoreError> {
    let mut bytes = 0_u64;
    let mut add = |rows: Vec<(Vec<u8>, Value)>| {
        bytes = rows.iter().fold(bytes, |bytes, (key, value)| bytes.saturating_add(size(key, value)));
    };
    let mut after = super::Spot::FIRST;
    loop {
        let spots = super::spots_after(shelf, chat, after, PAGE)?;
        let Some(last) = spots.last() else { break };
        after = *last;
        for spot in spots {
            add(message::rows_of(shelf, chat, spot)?);
        }
    }
    add(change::rows_beside_messages(shelf, chat)?);
    if let Chat::Group(id) = chat {
        add(group::events(shelf, id)?);
    }
    Ok(bytes)
}

/// At a start: counts what an earlier version did not, and what came with a backup.
pub(crate) fn prepare(shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
    if shelf.has(&COUNTED)? {
        return Ok(());
    }
    for (user, person) in contacts::strangers(shelf)? {
        let chat = Chat::User(user);
        end(shelf, &chat);
        begin(shelf, &chat, person.heard)?;
    }
    for (id, _) in group::standings(shelf)?.iter().filter(|(_, standing)| standing.is_unasked()) {
        let chat = Chat::Group(id.clone());
        end(shelf, &chat);
        begin(shelf, &chat, Timestamp::default())?;
    }
    shelf.put(COUNTED, Writer::new(VERSION).finish());
    Ok(())
}

/// The row that is to be there for a chat, if it is not the one that is.
pub(super) fn mended(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<(Vec<u8>, Value)>, StoreError> {
    let known = load(shelf, chat)?;
    let bytes = count(shelf, chat)?;
    if known.is_none() && !shelf.has(&COUNTED)? || known.is_some_and(|known| known.bytes == bytes) {
        return Ok(None);
    }
    Ok(Some((key(chat), row(&Unasked { bytes, ..known.unwrap_or_default() }))))
}

/// Looks at a row; returns the chat that it is about, if it is about one.
pub(super) fn check(key: &[u8], value: &[u8]) -> Result<Option<Chat>, StoreError> {
    if key == COUNTED {
        return Reader::read(WHAT, VERSION, value, |_| Some(())).map(|()| None);
    }
    read_row(value)?;
    chat_in(key).map(Some)
}

fn chat_in(key: &[u8]) -> Result<Chat, StoreError> {
    let chat = key.get(1..).and_then(chat_of);
    chat.filter(|chat| !matches!(chat, Chat::Channel(_))).ok_or_else(damaged)
}

fn row(unasked: &Unasked) -> Value {
    Writer::new(VERSION).u64(unasked.since.millis()).flag(unasked.settled).u64(unasked.bytes).finish()
}

fn read_row(row: &[u8]) -> Result<Unasked, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Unasked { since: Timestamp::from_millis(r.u64()?), settled: r.flag()?, bytes: r.u64()? })
    })
}

fn key(chat: &Chat) -> Vec<u8> {
    [&[UNASKED], chat_bytes(chat).as_slice()].concat()
}

fn size(key: &[u8], value: &Value) -> u64 {
    key.len().saturating_add(value.len()) as u64
}
