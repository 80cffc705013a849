//! The rows of what becomes of messages: changes that wait for their message, reactions and pins.
//!
//! What others can make grow is bounded: of what waits in a chat for messages that are not here, the last [`MAX_WAITING`] are
//! kept; a message has at most [`MAX_REACTIONS`] reactions, a chat [`MAX_PINS`] messages that are or were pinned.

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, UserId};

use super::{VERSION, WHAT, chat_bytes, chat_of, damaged, has_message, kind, text, under};
use crate::event::{Chat, Edited, Feeling, Kind, Pin, Preview, Reaction};

pub(super) const WAITING: u8 = b'E';
pub(super) const REACTION: u8 = b'K';
pub(super) const PIN: u8 = b'N';

/// Second bytes of the keys of what waits: the change itself, the order in which they came, the number of the next.
const CHANGE: u8 = b'w';
const QUEUE: u8 = b'n';
const NEXT: u8 = b'c';

/// Changes, reactions and pins that wait in one chat for messages that are not here. Of more, the oldest are forgotten.
pub(crate) const MAX_WAITING: u64 = 256;
/// Reactions to one message that are kept, those that were taken back included.
pub(crate) const MAX_REACTIONS: usize = 1_024;
/// Messages of one chat that are or were pinned.
pub(crate) const MAX_PINS: usize = 1_024;
/// Users whose changes of one message wait for it.
const MAX_AUTHORS: usize = 64;

/// What somebody said of a message that is not here yet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Waiting {
    /// The last change of its text.
    pub(crate) edit: Option<Edit>,
    /// That it is to be deleted.
    pub(crate) deleted: bool,
}

/// Another text for a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Edit {
    pub(crate) edited: Edited,
    /// What the message is to be made of, if that changes.
    pub(crate) kind: Option<Kind>,
    pub(crate) text: String,
    pub(crate) links: Vec<Preview>,
}

/// A reaction or a pin, and what decides between two of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Dated<T> {
    pub(crate) what: T,
    /// Names the message that said so: of two with the same clock the higher one holds.
    pub(crate) said_by: MessageId,
}

/// Keeps a change until its message comes.
pub(crate) fn wait(
    shelf: &mut Shelf<'_>,
    chat: &Chat,
    message: &MessageId,
    author: &UserId,
    waiting: &Waiting,
) -> Result<(), StoreError> {
    let key = change_key(message, author);
    let row = Writer::new(VERSION).sized(&chat_bytes(chat)).flag(waiting.deleted);
    let row = match &waiting.edit {
        None => row.flag(false),
        Some(Edit { edited, kind, text, links }) => {
            let row = row.flag(true).u64(edited.clock).bytes(edited.by.as_bytes());
            let row = match kind {
                Some(kind) => kind::put(row.flag(true), kind),
                None => row.flag(false),
            };
            kind::put_links(row, links).bytes(text.as_bytes())
        }
    };
    let is_new = !shelf.has(&key)?;
    shelf.put(key.clone(), row.finish());
    if is_new { queue(shelf, chat, &key) } else { Ok(()) }
}

/// What an author said of a message that is not here yet.
pub(crate) fn waiting(
    shelf: &Shelf<'_>,
    chat: &Chat,
    message: &MessageId,
    author: &UserId,
) -> Result<Waiting, StoreError> {
    let row = shelf.get(&change_key(message, author))?;
    let read = row.map(|row| read_waiting(&row)).transpose()?;
    Ok(read.filter(|(its, _)| its == chat).map(|(_, waiting)| waiting).unwrap_or_default())
}

/// Takes what was said of a message before it came.
pub(crate) fn take_waiting(
    shelf: &mut Shelf<'_>,
    chat: &Chat,
    message: &MessageId,
) -> Result<Vec<(UserId, Waiting)>, StoreError> {
    let prefix = [&[WAITING, CHANGE], message.as_bytes().as_slice()].concat();
    let rows = shelf.scan(&prefix, None, MAX_AUTHORS)?;
    let mut taken = Vec::with_capacity(rows.len());
    for (key, row) in rows {
        let (its, waiting) = read_waiting(&row)?;
        if its == *chat {
            taken.push((author_of(&key)?, waiting));
        }
        shelf.delete(key);
    }
    Ok(taken)
}

fn read_waiting(row: &[u8]) -> Result<(Chat, Waiting), StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let (chat, deleted) = (chat_of(r.sized()?)?, r.flag()?);
        let edit = match r.flag()? {
            false => None,
            true => Some(Edit {
                edited: Edited { clock: r.u64()?, by: MessageId::new(r.array()?) },
                kind: if r.flag()? { Some(kind::take(r)?) } else { None },
                links: kind::take_links(r)?,
                text: text(r.rest())?,
            }),
        };
        Some((chat, Waiting { edit, deleted }))
    })
}

/// Remembers in which order things came to wait, and forgets the oldest.
fn queue(shelf: &mut Shelf<'_>, chat: &Chat, key: &[u8]) -> Result<(), StoreError> {
    let counter = [&[WAITING, NEXT], chat_bytes(chat).as_slice()].concat();
    let next = shelf.get(&counter)?;
    let next = next.map_or(Ok(0), |row| Reader::read(WHAT, VERSION, &row, Reader::u64))?;
    shelf.put(queue_key(chat, next), Writer::new(VERSION).bytes(key).finish());
    shelf.put(counter, Writer::new(VERSION).u64(next.saturating_add(1)).finish());
    let Some(oldest) = next.checked_sub(MAX_WAITING) else { return Ok(()) };
    let oldest = queue_key(chat, oldest);
    if let Some(row) = shelf.get(&oldest)? {
        let key = Reader::read(WHAT, VERSION, &row, |r| Some(r.rest().to_vec()))?;
        if !has_message(shelf, &target_of(&key)?)? {
            shelf.delete(key);
        }
        shelf.delete(oldest);
    }
    Ok(())
}

/// Keeps a reaction if it is later than what is known; says whether it is.
pub(crate) fn react(shelf: &mut Shelf<'_>, said: &Dated<Reaction>) -> Result<bool, StoreError> {
    let Dated { what: reaction, said_by } = said;
    let key = reaction_key(&reaction.message, &reaction.by, reaction.feeling);
    let known = shelf.get(&key)?.map(|row| read_reaction(&key, &row)).transpose()?;
    match &known {
        Some(known) if (known.what.clock, known.said_by) >= (reaction.clock, *said_by) => return Ok(false),
        None if shelf.scan(&reactions_to(&reaction.message), None, MAX_REACTIONS)?.len() >= MAX_REACTIONS => {
            return Ok(false);
        }
        _ => {}
    }
    let row = Writer::new(VERSION)
        .u64(reaction.clock)
        .bytes(said_by.as_bytes())
        .flag(reaction.retracted)
        .bytes(&chat_bytes(&reaction.chat));
    shelf.put(key.clone(), row.finish());
    if known.is_none() && !has_message(shelf, &reaction.message)? {
        queue(shelf, &reaction.chat, &key)?;
    }
    Ok(true)
}

/// All that was said of feelings about a message, those that were taken back included.
pub(crate) fn reactions(shelf: &Shelf<'_>, message: &MessageId) -> Result<Vec<Reaction>, StoreError> {
    let rows = shelf.scan(&reactions_to(message), None, MAX_REACTIONS)?;
    rows.iter().map(|(key, row)| Ok(read_reaction(key, row)?.what)).collect()
}

pub(super) fn read_reaction(key: &[u8], row: &[u8]) -> Result<Dated<Reaction>, StoreError> {
    let (message, by, feeling) = Reader::read_key(WHAT, key, |r| {
        let message = MessageId::new(r.array()?);
        let by = UserId::from_compressed(&r.array::<33>()?).ok()?;
        Some((message, by, Feeling::from_number(r.u8()?)?))
    })?;
    Reader::read(WHAT, VERSION, row, |r| {
        let (clock, said_by, retracted) = (r.u64()?, MessageId::new(r.array()?), r.flag()?);
        let chat = chat_of(r.rest())?;
        Some(Dated { what: Reaction { chat, message, by, feeling, retracted, clock }, said_by })
    })
}

/// Keeps a pin if it is later than what is known; says whether it is.
pub(crate) fn pin(shelf: &mut Shelf<'_>, said: &Dated<Pin>) -> Result<bool, StoreError> {
    let Dated { what: pin, said_by } = said;
    let key = pin_key(&pin.chat, &pin.message);
    let known = shelf.get(&key)?.map(|row| read_pin(&pin.chat, &key, &row)).transpose()?;
    match &known {
        Some(known) if (known.what.clock, known.said_by) >= (pin.clock, *said_by) => return Ok(false),
        None if shelf.scan(&pins_in(&pin.chat), None, MAX_PINS)?.len() >= MAX_PINS => return Ok(false),
        _ => {}
    }
    let row = Writer::new(VERSION)
        .u64(pin.clock)
        .bytes(said_by.as_bytes())
        .flag(pin.pinned)
        .bytes(pin.by.as_bytes());
    shelf.put(key.clone(), row.finish());
    if known.is_none() && !has_message(shelf, &pin.message)? {
        queue(shelf, &pin.chat, &key)?;
    }
    Ok(true)
}

/// All that was said of pins in a chat, those that were taken back included.
pub(crate) fn pins(shelf: &Shelf<'_>, chat: &Chat) -> Result<Vec<Pin>, StoreError> {
    let rows = shelf.scan(&pins_in(chat), None, MAX_PINS)?;
    rows.iter().map(|(key, row)| Ok(read_pin(chat, key, row)?.what)).collect()
}

fn read_pin(chat: &Chat, key: &[u8], row: &[u8]) -> Result<Dated<Pin>, StoreError> {
    let message = target_of(key)?;
    Reader::read(WHAT, VERSION, row, |r| {
        let (clock, said_by, pinned) = (r.u64()?, MessageId::new(r.array()?), r.flag()?);
        let by = UserId::from_compressed(&r.array::<33>()?).ok()?;
        Some(Dated { what: Pin { chat: chat.clone(), message, by, pinned, clock }, said_by })
    })
}

/// Looks whether a row of these tables can be read, and returns the message that it speaks of, if it speaks of one.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<Option<MessageId>, StoreError> {
    match (key.first(), key.get(1)) {
        (Some(&WAITING), Some(&CHANGE)) => {
            read_waiting(row)?;
            author_of(key)?;
            target_of(key).map(Some)
        }
        (Some(&WAITING), Some(&QUEUE)) => {
            let waits = Reader::read(WHAT, VERSION, row, |r| Some(r.rest().to_vec()))?;
            target_of(&waits).map(|_| None)
        }
        (Some(&WAITING), Some(&NEXT)) => {
            chat_of(key.get(2..).unwrap_or_default()).ok_or_else(damaged)?;
            Reader::read(WHAT, VERSION, row, Reader::u64).map(|_| None)
        }
        (Some(&REACTION), _) => read_reaction(key, row).map(|said| Some(said.what.message)),
        (Some(&PIN), _) => {
            let len = key.len().checked_sub(33).ok_or_else(damaged)?;
            let chat = key.get(1..len).and_then(chat_of).ok_or_else(damaged)?;
            read_pin(&chat, key, row).map(|said| Some(said.what.message))
        }
        _ => Err(damaged()),
    }
}

/// Forgets all that was said of a message.
pub(crate) fn forget(shelf: &mut Shelf<'_>, chat: &Chat, message: &MessageId) -> Result<(), StoreError> {
    for (key, _) in shelf.scan(&reactions_to(message), None, MAX_REACTIONS)? {
        shelf.delete(key);
    }
    shelf.delete(pin_key(chat, message));
    take_waiting(shelf, chat, message).map(drop)
}

/// The message that the key of a change, of a reaction or of a pin speaks of.
fn target_of(key: &[u8]) -> Result<MessageId, StoreError> {
    let id = match (key.first(), key.get(1)) {
        (Some(&WAITING), Some(&CHANGE)) => key.get(2..34),
        (Some(&REACTION), _) => key.get(1..33),
        (Some(&PIN), _) => key.last_chunk::<32>().map(<[u8; 32]>::as_slice),
        _ => None,
    };
    let id = id.and_then(|id| <[u8; 32]>::try_from(id).ok()).ok_or_else(damaged)?;
    Ok(MessageId::new(id))
}

fn author_of(key: &[u8]) -> Result<UserId, StoreError> {
    UserId::from_compressed(key.get(34..).unwrap_or_default()).map_err(|_| damaged())
}

fn change_key(message: &MessageId, author: &UserId) -> Vec<u8> {
    [&[WAITING, CHANGE], message.as_bytes().as_slice(), author.as_bytes()].concat()
}

fn queue_key(chat: &Chat, number: u64) -> Vec<u8> {
    [&[WAITING, QUEUE], chat_bytes(chat).as_slice(), &[0], &number.to_be_bytes()].concat()
}

fn reactions_to(message: &MessageId) -> Vec<u8> {
    [&[REACTION], message.as_bytes().as_slice()].concat()
}

fn reaction_key(message: &MessageId, by: &UserId, feeling: Feeling) -> Vec<u8> {
    [reactions_to(message).as_slice(), by.as_bytes(), &[feeling.number()]].concat()
}

fn pins_in(chat: &Chat) -> Vec<u8> {
    let mut prefix = under(PIN, chat);
    prefix.push(0);
    prefix
}

fn pin_key(chat: &Chat, message: &MessageId) -> Vec<u8> {
    [pins_in(chat).as_slice(), message.as_bytes()].concat()
}
