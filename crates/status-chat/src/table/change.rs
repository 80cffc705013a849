//! The rows of what becomes of messages: changes that wait for their message, reactions and pins.
//!
//! What others can make grow is bounded: of what waits in a chat for messages that are not here, the last [`MAX_WAITING`] are
//! kept, and of changes of texts among them [`MAX_WAITING_BYTES`]; a message has at most [`MAX_REACTIONS`] reactions, a chat
//! [`MAX_PINS`] messages that are or were pinned.

use std::collections::BTreeMap;

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Row, Shelf, StoreError, UserId, Value};

use super::{VERSION, WHAT, chat_bytes, chat_of, damaged, has_message, kind, text, unasked, under};
use crate::event::{Chat, Edited, Feeling, Kind, Pin, Preview, Reaction};

pub(super) const WAITING: u8 = b'E';
pub(super) const REACTION: u8 = b'K';
pub(super) const PIN: u8 = b'N';

/// Second bytes of the keys of what waits: the change itself, the order in which they came, the number of the next.
const CHANGE: u8 = b'w';
const QUEUE: u8 = b'n';
const NEXT: u8 = b'c';

const CHANGE_VERSION: u8 = 2;
const COUNT_VERSION: u8 = 2;

/// Changes, reactions and pins that wait in one chat for messages that are not here. Of more, the oldest are forgotten.
pub(crate) const MAX_WAITING: u64 = 256;
/// Reactions to one message that are kept, those that were taken back included.
pub(crate) const MAX_REACTIONS: usize = 1_024;
/// Messages of one chat that are or were pinned.
pub(crate) const MAX_PINS: usize = 1_024;
/// Bytes of changes of texts, small pictures of links included, that wait in one chat. Of more, the oldest are forgotten.
pub(crate) const MAX_WAITING_BYTES: u64 = 1024 * 1024;
/// Rows that are looked at for all that waits in a chat, or for one message.
const ALL_WAITING: usize = MAX_WAITING as usize + 1;

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
    /// The small pictures of these links, as long as each of them says.
    pub(crate) thumbnails: Vec<Vec<u8>>,
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
    let row = Writer::new(CHANGE_VERSION).sized(&chat_bytes(chat)).flag(waiting.deleted);
    let row = match &waiting.edit {
        None => row.flag(false),
        Some(Edit { edited, kind, text, links, thumbnails }) => {
            let row = row.flag(true).u64(edited.clock).bytes(edited.by.as_bytes());
            let row = match kind {
                Some(kind) => kind::put(row.flag(true), kind),
                None => row.flag(false),
            };
            let row = kind::put_links(row, links);
            thumbnails.iter().fold(row, |row, thumbnail| row.bytes(thumbnail)).bytes(text.as_bytes())
        }
    };
    let is_new = match shelf.get(&key)? {
        None => true,
        Some(before) => drop_change(shelf, &key, &before)?.0 != *chat,
    };
    let row = row.finish();
    let mut count = counted(shelf, chat)?;
    count.add(&key, &row);
    unasked::write(shelf, chat, [(key.clone(), Some(row))])?;
    if is_new { queue(shelf, chat, count, &key) } else { drop_oldest(shelf, chat, count) }
}

/// Takes a change away that waits; returns its chat too.
fn drop_change(shelf: &mut Shelf<'_>, key: &[u8], row: &Value) -> Result<(Chat, Waiting), StoreError> {
    let (chat, waiting) = read_waiting(row)?;
    let mut count = counted(shelf, &chat)?;
    count.subtract(key, row);
    count.save(shelf, &chat);
    unasked::write(shelf, &chat, [(key.to_vec(), None)])?;
    Ok((chat, waiting))
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
    let rows = shelf.scan(&prefix, None, ALL_WAITING)?;
    let mut taken = Vec::with_capacity(rows.len());
    for (key, row) in rows {
        let (its, waiting) = drop_change(shelf, &key, &row)?;
        if its == *chat {
            taken.push((author_of(&key)?, waiting));
        }
    }
    // What was said of it in another chat, by whoever knew its id, is not about it.
    for (key, row) in reaction_rows(shelf, message)? {
        let its = read_reaction(&key, &row)?.what.chat;
        if its != *chat {
            unasked::write(shelf, &its, [(key, None)])?;
        }
    }
    Ok(taken)
}

/// Forgets all that waits in a chat, and its pins.
pub(crate) fn forget_waiting(shelf: &mut Shelf<'_>, chat: &Chat) -> Result<(), StoreError> {
    for (at, row) in shelf.scan(&queue_of(chat), None, ALL_WAITING)? {
        let key = queued(&row)?;
        if waits(shelf, chat, &key)?.is_some() {
            unasked::write(shelf, chat, [(key, None)])?;
        }
        shelf.delete(at);
    }
    shelf.delete(counter_key(chat));
    let pins = shelf.scan(&pins_in(chat), None, MAX_PINS)?;
    unasked::write(shelf, chat, pins.into_iter().map(|(key, _)| (key, None)))
}

/// The rows of reactions to a message.
pub(super) fn reaction_rows(shelf: &Shelf<'_>, message: &MessageId) -> Result<Vec<Row>, StoreError> {
    shelf.scan(&reactions_to(message), None, MAX_REACTIONS)
}

/// The rows of a chat that belong to none of its messages: pins, and what waits. In which order that waits is left out.
pub(super) fn rows_beside_messages(shelf: &Shelf<'_>, chat: &Chat) -> Result<Vec<Row>, StoreError> {
    let mut rows: BTreeMap<_, _> = shelf.scan(&pins_in(chat), None, MAX_PINS)?.into_iter().collect();
    for (_, row) in shelf.scan(&queue_of(chat), None, ALL_WAITING)? {
        let key = queued(&row)?;
        if let Some(row) = waits(shelf, chat, &key)? {
            rows.insert(key, row);
        }
    }
    Ok(rows.into_iter().collect())
}

/// What waits in a chat under a key, if it still does.
fn waits(shelf: &Shelf<'_>, chat: &Chat, key: &[u8]) -> Result<Option<Value>, StoreError> {
    let Some(row) = shelf.get(key)?.filter(|row| !row.is_empty()) else { return Ok(None) };
    let its = match key.first() {
        Some(&WAITING) => read_waiting(&row)?.0,
        Some(&REACTION) => read_reaction(key, &row)?.what.chat,
        _ => chat.clone(),
    };
    Ok((its == *chat && !has_message(shelf, &target_of(key)?)?).then_some(row))
}

fn read_waiting(row: &[u8]) -> Result<(Chat, Waiting), StoreError> {
    Reader::read(WHAT, CHANGE_VERSION, row, |r| {
        let (chat, deleted) = (chat_of(r.sized()?)?, r.flag()?);
        let edit = match r.flag()? {
            false => None,
            true => {
                let edited = Edited { clock: r.u64()?, by: MessageId::new(r.array()?) };
                let kind = if r.flag()? { Some(kind::take(r)?) } else { None };
                let mut links = kind::take_links(r)?;
                let mut thumbnails = Vec::with_capacity(links.len());
                for link in &mut links {
                    if r.version() == 1 {
                        link.thumbnail = 0;
                    }
                    thumbnails.push(r.bytes(usize::try_from(link.thumbnail).ok()?)?.to_vec());
                }
                Some(Edit { edited, kind, links, thumbnails, text: text(r.rest())? })
            }
        };
        Some((chat, Waiting { edit, deleted }))
    })
}

/// What waits in a chat.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// The number of the next.
    next: u64,
    /// Bytes of the changes among them.
    bytes: u64,
}

impl Count {
    fn read(row: &[u8]) -> Result<(u8, Self), StoreError> {
        Reader::read(WHAT, COUNT_VERSION, row, |r| {
            let next = r.u64()?;
            let bytes = if r.version() > 1 { r.u64()? } else { 0 };
            Some((r.version(), Self { next, bytes }))
        })
    }

    fn add(&mut self, key: &[u8], row: &Value) {
        self.bytes = self.bytes.saturating_add(Self::size(key, row));
    }

    fn subtract(&mut self, key: &[u8], row: &Value) {
        self.bytes = self.bytes.saturating_sub(Self::size(key, row));
    }

    /// Only changes of texts are large.
    fn size(key: &[u8], row: &Value) -> u64 {
        let counts = key.starts_with(&[WAITING, CHANGE]);
        if counts { key.len().saturating_add(row.len()) as u64 } else { 0 }
    }

    fn save(self, shelf: &mut Shelf<'_>, chat: &Chat) {
        let row = Writer::new(COUNT_VERSION).u64(self.next).u64(self.bytes);
        shelf.put(counter_key(chat), row.finish());
    }
}

fn counted(shelf: &Shelf<'_>, chat: &Chat) -> Result<Count, StoreError> {
    let Some(row) = shelf.get(&counter_key(chat))? else { return Ok(Count::default()) };
    let (version, mut count) = Count::read(&row)?;
    if version == 1 {
        // That one did not count them.
        for (_, row) in shelf.scan(&queue_of(chat), None, ALL_WAITING)? {
            let key = queued(&row)?;
            if let Some(row) = waits(shelf, chat, &key)? {
                count.add(&key, &row);
            }
        }
    }
    Ok(count)
}

/// Remembers in which order things came to wait, and forgets the oldest.
fn queue(shelf: &mut Shelf<'_>, chat: &Chat, mut count: Count, key: &[u8]) -> Result<(), StoreError> {
    shelf.put(queue_key(chat, count.next), Writer::new(VERSION).bytes(key).finish());
    count.next = count.next.saturating_add(1);
    drop_oldest(shelf, chat, count)
}

/// Forgets the oldest of what waits, as far as that is too much.
fn drop_oldest(shelf: &mut Shelf<'_>, chat: &Chat, mut count: Count) -> Result<(), StoreError> {
    while let Some((at, row)) = shelf.scan(&queue_of(chat), None, 1)?.pop() {
        let number = at.last_chunk().copied().map(u64::from_be_bytes).ok_or_else(damaged)?;
        if count.next.saturating_sub(number) <= MAX_WAITING && count.bytes <= MAX_WAITING_BYTES {
            break;
        }
        let key = queued(&row)?;
        if let Some(row) = waits(shelf, chat, &key)? {
            count.subtract(&key, &row);
            unasked::write(shelf, chat, [(key, None)])?;
        }
        shelf.delete(at);
    }
    count.save(shelf, chat);
    Ok(())
}

/// What an entry of the queue says that waits.
fn queued(row: &[u8]) -> Result<Vec<u8>, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(r.rest().to_vec()))
}

/// Keeps a reaction if it is later than what is known; says whether it is.
pub(crate) fn react(shelf: &mut Shelf<'_>, said: &Dated<Reaction>) -> Result<bool, StoreError> {
    let Dated { what: reaction, said_by } = said;
    let key = reaction_key(&reaction.message, &reaction.by, reaction.feeling);
    let known = shelf.get(&key)?.map(|row| read_reaction(&key, &row)).transpose()?;
    match &known {
        Some(known) if (known.what.clock, known.said_by) >= (reaction.clock, *said_by) => return Ok(false),
        None if reaction_rows(shelf, &reaction.message)?.len() >= MAX_REACTIONS => {
            return Ok(false);
        }
        _ => {}
    }
    let row = Writer::new(VERSION)
        .u64(reaction.clock)
        .bytes(said_by.as_bytes())
        .flag(reaction.retracted)
        .bytes(&chat_bytes(&reaction.chat));
    unasked::write(shelf, &reaction.chat, [(key.clone(), Some(row.finish()))])?;
    if known.is_none() && !has_message(shelf, &reaction.message)? {
        let count = counted(shelf, &reaction.chat)?;
        queue(shelf, &reaction.chat, count, &key)?;
    }
    Ok(true)
}

/// All that was said of feelings about a message, those that were taken back included.
pub(crate) fn reactions(shelf: &Shelf<'_>, message: &MessageId) -> Result<Vec<Reaction>, StoreError> {
    Ok(reactions_said(shelf, message)?.into_iter().map(|said| said.what).collect())
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

/// The same, each with the message that said so, in the order of their authors.
pub(crate) fn reactions_said(
    shelf: &Shelf<'_>,
    message: &MessageId,
) -> Result<Vec<Dated<Reaction>>, StoreError> {
    let rows = reaction_rows(shelf, message)?;
    rows.iter().map(|(key, row)| read_reaction(key, row)).collect()
}

/// Whether a message is or was pinned, and the message that said so.
pub(crate) fn pin_said(
    shelf: &Shelf<'_>,
    chat: &Chat,
    message: &MessageId,
) -> Result<Option<Dated<Pin>>, StoreError> {
    let key = pin_key(chat, message);
    shelf.get(&key)?.map(|row| read_pin(chat, &key, &row)).transpose()
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
    unasked::write(shelf, &pin.chat, [(key.clone(), Some(row.finish()))])?;
    if known.is_none() && !has_message(shelf, &pin.message)? {
        let count = counted(shelf, &pin.chat)?;
        queue(shelf, &pin.chat, count, &key)?;
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
        (Some(&WAITING), Some(&QUEUE)) => target_of(&queued(row)?).map(|_| None),
        (Some(&WAITING), Some(&NEXT)) => {
            chat_of(key.get(2..).unwrap_or_default()).ok_or_else(damaged)?;
            Count::read(row).map(|_| None)
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
    take_waiting(shelf, chat, message)?;
    let reactions = reaction_rows(shelf, message)?.into_iter().map(|(key, _)| (key, None));
    unasked::write(shelf, chat, reactions.chain([(pin_key(chat, message), None)]))
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

fn queue_of(chat: &Chat) -> Vec<u8> {
    [&[WAITING, QUEUE], chat_bytes(chat).as_slice(), &[0]].concat()
}

fn queue_key(chat: &Chat, number: u64) -> Vec<u8> {
    [queue_of(chat).as_slice(), &number.to_be_bytes()].concat()
}

fn counter_key(chat: &Chat) -> Vec<u8> {
    [&[WAITING, NEXT], chat_bytes(chat).as_slice()].concat()
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
