//! The chat's own rows.
//!
//! | key | value |
//! | --- | --- |
//! | `I` | version, chat key (32), host key (32), length (1) and device id, recovery phrase |
//! | `J` chat | version: a chat we are in |
//! | `L` chat | version, Lamport clock (8) |
//! | `M` message id (32) | version, flags (1), grade (1), author (33), clock (8), sent at (8), chat length (2), chat, text |
//! | `H` chat `0` clock (8) message id (32) | version: the order of a chat |
//!
//! A chat is `u` and 33 bytes, or `c` and a name. Numbers are big-endian.

use status_layer::{Grade, MessageId, Name, Shelf, StoreError, Timestamp, UserId};
use zeroize::Zeroizing;

use crate::event::{Chat, Message};

const IDENTITY: &[u8] = b"I";
const JOINED: u8 = b'J';
const CLOCK: u8 = b'L';
const MESSAGE: u8 = b'M';
const HISTORY: u8 = b'H';

const VERSION: u8 = 1;
const WHAT: &str = "the chat's table";
const DELIVERED: u8 = 1;

/// Who this home belongs to.
pub(crate) struct Owner {
    pub(crate) chat_key: Zeroizing<[u8; 32]>,
    pub(crate) host_key: Zeroizing<[u8; 32]>,
    pub(crate) device: String,
    pub(crate) phrase: Zeroizing<String>,
}

pub(crate) fn save_owner(shelf: &mut Shelf<'_>, owner: &Owner) {
    let mut row = vec![VERSION];
    row.extend_from_slice(owner.chat_key.as_slice());
    row.extend_from_slice(owner.host_key.as_slice());
    row.push(u8::try_from(owner.device.len()).unwrap_or(u8::MAX));
    row.extend_from_slice(owner.device.as_bytes());
    row.extend_from_slice(owner.phrase.as_bytes());
    shelf.put(IDENTITY, row);
}

pub(crate) fn load_owner(shelf: &Shelf<'_>) -> Result<Option<Owner>, StoreError> {
    let Some(row) = shelf.get(IDENTITY)? else { return Ok(None) };
    let mut reader = Reader::new(&row)?;
    let chat_key = Zeroizing::new(*reader.take()?);
    let host_key = Zeroizing::new(*reader.take()?);
    let [len] = *reader.take()?;
    let device = text(reader.bytes(usize::from(len))?)?;
    Ok(Some(Owner { chat_key, host_key, device, phrase: Zeroizing::new(text(reader.rest)?) }))
}

pub(crate) fn join(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.put(under(JOINED, chat), vec![VERSION]);
}

pub(crate) fn leave(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.delete(under(JOINED, chat));
}

pub(crate) fn joined(shelf: &Shelf<'_>, chat: &Chat) -> Result<bool, StoreError> {
    shelf.has(&under(JOINED, chat))
}

/// All chats we are in, in the order of their keys.
pub(crate) fn chats(shelf: &Shelf<'_>, limit: usize) -> Result<Vec<Chat>, StoreError> {
    let rows = shelf.scan(&[JOINED], None, limit)?;
    rows.iter().map(|(key, _)| chat_of(key.get(1..).unwrap_or_default())).collect()
}

pub(crate) fn clock(shelf: &Shelf<'_>, chat: &Chat) -> Result<u64, StoreError> {
    shelf.get(&under(CLOCK, chat))?.map_or(Ok(0), |row| Reader::new(&row)?.number())
}

pub(crate) fn set_clock(shelf: &mut Shelf<'_>, chat: &Chat, clock: u64) {
    let mut row = vec![VERSION];
    row.extend(clock.to_be_bytes());
    shelf.put(under(CLOCK, chat), row);
}

pub(crate) fn has_message(shelf: &Shelf<'_>, id: &MessageId) -> Result<bool, StoreError> {
    shelf.has(&message_key(id))
}

pub(crate) fn save_message(shelf: &mut Shelf<'_>, message: &Message) {
    let chat = chat_bytes(&message.chat);
    let mut row = vec![VERSION, if message.delivered { DELIVERED } else { 0 }, grade_byte(message.grade)];
    row.extend_from_slice(message.from.as_bytes());
    row.extend(message.clock.to_be_bytes());
    row.extend(message.sent_at.millis().to_be_bytes());
    row.extend(u16::try_from(chat.len()).unwrap_or(u16::MAX).to_be_bytes());
    row.extend_from_slice(&chat);
    row.extend_from_slice(message.text.as_bytes());
    shelf.put(message_key(&message.id), row);
    shelf.put(order_key(message), vec![VERSION]);
}

pub(crate) fn load_message(shelf: &Shelf<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    let Some(row) = shelf.get(&message_key(&id))? else { return Ok(None) };
    let mut reader = Reader::new(&row)?;
    let [flags, grade] = *reader.take()?;
    let from = UserId::from_compressed(reader.take::<33>()?).map_err(|_| damaged())?;
    let clock = reader.number()?;
    let sent_at = Timestamp::from_millis(reader.number()?);
    let len = usize::from(u16::from_be_bytes(*reader.take()?));
    let chat = chat_of(reader.bytes(len)?)?;
    let text = text(reader.rest)?;
    let (grade, delivered) = (grade_of(grade)?, flags & DELIVERED != 0);
    Ok(Some(Message { id, chat, from, text, clock, sent_at, grade, delivered, way: None }))
}

/// The messages of a chat with a clock above `after`, oldest first.
pub(crate) fn history(
    shelf: &Shelf<'_>,
    chat: &Chat,
    after: u64,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut prefix = under(HISTORY, chat);
    prefix.push(0);
    let mut start = prefix.clone();
    start.extend(after.to_be_bytes());
    start.extend([0xff; 32]);
    let rows = shelf.scan(&prefix, (after > 0).then_some(start.as_slice()), limit)?;
    let mut messages = Vec::with_capacity(rows.len());
    for (key, _) in rows {
        let id = key.last_chunk::<32>().ok_or_else(damaged)?;
        messages.extend(load_message(shelf, MessageId::new(*id))?);
    }
    Ok(messages)
}

fn message_key(id: &MessageId) -> Vec<u8> {
    [&[MESSAGE], id.as_bytes().as_slice()].concat()
}

fn order_key(message: &Message) -> Vec<u8> {
    let mut key = under(HISTORY, &message.chat);
    key.push(0);
    key.extend(message.clock.to_be_bytes());
    key.extend_from_slice(message.id.as_bytes());
    key
}

fn under(tag: u8, chat: &Chat) -> Vec<u8> {
    [&[tag], chat_bytes(chat).as_slice()].concat()
}

fn chat_bytes(chat: &Chat) -> Vec<u8> {
    match chat {
        Chat::User(user) => [b"u", user.as_bytes().as_slice()].concat(),
        Chat::Channel(name) => [b"c", name.as_str().as_bytes()].concat(),
    }
}

fn chat_of(bytes: &[u8]) -> Result<Chat, StoreError> {
    match bytes.split_first() {
        Some((b'u', user)) => UserId::from_compressed(user).map(Chat::User).map_err(|_| damaged()),
        Some((b'c', name)) => Name::new(text(name)?).map(Chat::Channel).map_err(|_| damaged()),
        _ => Err(damaged()),
    }
}

const fn grade_byte(grade: Grade) -> u8 {
    match grade {
        Grade::Clear => 0,
        Grade::Static => 1,
        Grade::Ratcheted => 2,
    }
}

const fn grade_of(byte: u8) -> Result<Grade, StoreError> {
    match byte {
        0 => Ok(Grade::Clear),
        1 => Ok(Grade::Static),
        2 => Ok(Grade::Ratcheted),
        _ => Err(damaged()),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(row: &'a [u8]) -> Result<Self, StoreError> {
        match row.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest }),
            Some((&found, _)) if found > VERSION => {
                Err(StoreError::Newer { what: WHAT, found, known: VERSION })
            }
            _ => Err(damaged()),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], StoreError> {
        let (field, rest) = self.rest.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.rest = rest;
        Ok(field)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], StoreError> {
        let (field, rest) = self.rest.split_at_checked(len).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(field)
    }

    fn number(&mut self) -> Result<u64, StoreError> {
        self.take().map(|bytes| u64::from_be_bytes(*bytes))
    }
}

fn text(bytes: &[u8]) -> Result<String, StoreError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| damaged())
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}
