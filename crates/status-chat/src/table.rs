//! The chat's own rows.
//!
//! | key | value |
//! | --- | --- |
//! | `I` | version, chat key (32), host key (32), length (2) and device id, recovery phrase |
//! | `D` device id | version, joined (1): another device of our own (in `devices`) |
//! | `J` chat | version: a chat we are in |
//! | `L` chat | version, Lamport clock (8) |
//! | `M` message id (32) | version, stage (1), confirmed and readers (4 each), grade (1), author (33), clock (8), sent at (8), chat length (2), chat, text |
//! | `R` message id (32) user (33) | version, confirmed (1): what became of a message of ours for a reader (in `stage`) |
//! | `H` chat `0` clock (8) message id (32) | version: the order of a chat |
//! | `P` user (33) | version, our side and theirs (1 and clock (8) each), blocked, muted, stranger, found on a card (1 each), heard at, answered at, clock of the profile (8 each), colour (4), request (1, then id (32), at (8), grade (1)), name, name on the chain, bio, nickname (length (2) and text each): a person (in `table/contacts`) |
//! | `p` heard at (8) user (33) | version: a stranger, the one heard from longest ago first (in `table/contacts`) |
//! | `T` user (33) | version, how (1), at (8): a user who was verified (in `table/contacts`) |
//!
//! In version 1 a message had, for stage, confirmed and readers, one byte that said whether it was delivered.
//!
//! A chat is `u` and 33 bytes, `g` and the id of a group, or `c` and a name. Numbers are big-endian.

use status_layer::row::{Reader, Writer};
use status_layer::{Grade, MessageId, Name, Shelf, StoreError, Timestamp, UserId};
use zeroize::Zeroizing;

use crate::event::{Chat, Message, Stage};

pub(crate) mod contacts;
mod examine;

pub(crate) use examine::{Adopted, TABLES, adopt, chat_in, examine, message_of};

const IDENTITY: &[u8] = b"I";
const JOINED: u8 = b'J';
const CLOCK: u8 = b'L';
const MESSAGE: u8 = b'M';
const HISTORY: u8 = b'H';

const VERSION: u8 = 1;
const MESSAGE_VERSION: u8 = 2;
const WHAT: &str = "the chat's table";

/// Who this home belongs to.
pub(crate) struct Owner {
    /// In a place of its own, as all that is secret here: what is moved leaves a copy behind.
    pub(crate) chat_key: Box<Zeroizing<[u8; 32]>>,
    pub(crate) host_key: Box<Zeroizing<[u8; 32]>>,
    pub(crate) device: String,
    pub(crate) phrase: Zeroizing<String>,
}

pub(crate) fn save_owner(shelf: &mut Shelf<'_>, owner: &Owner) {
    let row = Writer::new(VERSION)
        .bytes(owner.chat_key.as_slice())
        .bytes(owner.host_key.as_slice())
        .sized(owner.device.as_bytes())
        .bytes(owner.phrase.as_bytes());
    shelf.put(IDENTITY, row.finish());
}

pub(crate) fn load_owner(shelf: &Shelf<'_>) -> Result<Option<Owner>, StoreError> {
    shelf.get(IDENTITY)?.map(|row| read_owner(&row)).transpose()
}

pub(crate) fn read_owner(row: &[u8]) -> Result<Owner, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Owner {
            chat_key: Box::new(Zeroizing::new(r.array()?)),
            host_key: Box::new(Zeroizing::new(r.array()?)),
            device: text(r.sized()?)?,
            phrase: Zeroizing::new(text(r.rest())?),
        })
    })
}

pub(crate) fn join(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.put(under(JOINED, chat), Writer::new(VERSION).finish());
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
    rows.iter().map(|(key, _)| chat_of(key.get(1..).unwrap_or_default()).ok_or_else(damaged)).collect()
}

pub(crate) fn clock(shelf: &Shelf<'_>, chat: &Chat) -> Result<u64, StoreError> {
    let row = shelf.get(&under(CLOCK, chat))?;
    row.map_or(Ok(0), |row| Reader::read(WHAT, VERSION, &row, Reader::u64))
}

pub(crate) fn set_clock(shelf: &mut Shelf<'_>, chat: &Chat, clock: u64) {
    shelf.put(under(CLOCK, chat), Writer::new(VERSION).u64(clock).finish());
}

pub(crate) fn has_message(shelf: &Shelf<'_>, id: &MessageId) -> Result<bool, StoreError> {
    shelf.has(&message_key(id))
}

pub(crate) fn save_message(shelf: &mut Shelf<'_>, message: &Message) {
    let (stage, to, of) = stage_numbers(message.stage);
    let row = Writer::new(MESSAGE_VERSION)
        .u8(stage)
        .u32(to)
        .u32(of)
        .u8(grade_byte(message.grade))
        .bytes(message.from.as_bytes())
        .u64(message.clock)
        .u64(message.sent_at.millis())
        .sized(&chat_bytes(&message.chat))
        .bytes(message.text.as_bytes());
    shelf.put(message_key(&message.id), row.finish());
    shelf.put(order_key(message), Writer::new(VERSION).finish());
}

pub(crate) fn load_message(shelf: &Shelf<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    shelf.get(&message_key(&id))?.map(|row| read_message(id, &row)).transpose()
}

fn read_message(id: MessageId, row: &[u8]) -> Result<Message, StoreError> {
    Reader::read(WHAT, MESSAGE_VERSION, row, |r| {
        let first = r.u8()?;
        let stage = if r.version() > 1 { stage_of(first, r.u32()?, r.u32()?)? } else { None };
        let mut message = Message {
            id,
            stage,
            grade: grade_of(r.u8()?)?,
            from: UserId::from_compressed(&r.array::<33>()?).ok()?,
            clock: r.u64()?,
            sent_at: Timestamp::from_millis(r.u64()?),
            chat: chat_of(r.sized()?)?,
            text: text(r.rest())?,
            way: None,
        };
        if r.version() == 1 {
            message.stage = first_stage(first, &message)?;
        }
        Some(message)
    })
}

/// What version 1 knew of the stage. Whose a message in a channel is it did not know.
fn first_stage(delivered: u8, message: &Message) -> Option<Option<Stage>> {
    let ours = matches!(&message.chat, Chat::User(user) if *user != message.from);
    match delivered {
        0 if ours => Some(Some(Stage::Queued)),
        0 => Some(None),
        1 => Some(Some(Stage::Delivered { to: 1, of: 1 })),
        _ => None,
    }
}

fn stage_numbers(stage: Option<Stage>) -> (u8, u32, u32) {
    let number = match stage {
        None => 0,
        Some(Stage::Queued) => 1,
        Some(Stage::Published) => 2,
        Some(Stage::Stored) => 3,
        Some(Stage::Delivered { .. }) => 4,
        Some(Stage::GaveUp { .. }) => 5,
    };
    let (to, of) = stage.and_then(Stage::readers).unwrap_or_default();
    (number, to, of)
}

const fn stage_of(number: u8, to: u32, of: u32) -> Option<Option<Stage>> {
    let stage = match number {
        0 => return Some(None),
        1 => Stage::Queued,
        2 => Stage::Published,
        3 => Stage::Stored,
        4 => Stage::Delivered { to, of },
        5 => Stage::GaveUp { to, of },
        _ => return None,
    };
    Some(Some(stage))
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
        Chat::Group(group) => [b"g", group.as_str().as_bytes()].concat(),
        Chat::Channel(name) => [b"c", name.as_str().as_bytes()].concat(),
    }
}

fn chat_of(bytes: &[u8]) -> Option<Chat> {
    match bytes.split_first()? {
        (b'u', user) => UserId::from_compressed(user).ok().map(Chat::User),
        (b'g', group) => text(group)?.parse().ok().map(Chat::Group),
        (b'c', name) => Name::new(text(name)?).ok().map(Chat::Channel),
        _ => None,
    }
}

const fn grade_byte(grade: Grade) -> u8 {
    match grade {
        Grade::Clear => 0,
        Grade::Static => 1,
        Grade::Ratcheted => 2,
    }
}

const fn grade_of(byte: u8) -> Option<Grade> {
    match byte {
        0 => Some(Grade::Clear),
        1 => Some(Grade::Static),
        2 => Some(Grade::Ratcheted),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    fn user(seat: u8) -> UserId {
        let mut key = [seat; 33];
        key[0] = 2;
        UserId::from_compressed(&key).unwrap()
    }

    fn message(id: u8, clock: u64, chat: &Chat) -> Message {
        Message {
            id: MessageId::new([id; 32]),
            chat: chat.clone(),
            from: user(7),
            text: format!("text {id}"),
            clock,
            sent_at: Timestamp::from_millis(clock + 1),
            grade: Grade::Ratcheted,
            stage: None,
            way: None,
        }
    }

    #[test]
    fn a_message_is_kept_as_it_was_at_every_stage() {
        let (to, of) = (2, 5);
        let stages = [
            Stage::Queued,
            Stage::Published,
            Stage::Stored,
            Stage::Delivered { to, of },
            Stage::GaveUp { to, of },
        ];

        for stage in stages.map(Some).into_iter().chain([None]) {
            let mut party = Party::new(1);
            let said = Message { stage, ..message(1, 5, &Chat::User(user(2))) };
            let read = party.run(|cx| {
                save_message(&mut cx.shelf, &said);
                load_message(&cx.shelf, said.id)
            });

            assert_eq!(read.unwrap(), Some(said));
        }
    }

    #[test]
    fn a_message_of_the_first_version_says_what_was_known_of_it() {
        let mut party = Party::new(1);
        let delivered = Some(Stage::Delivered { to: 1, of: 1 });
        let mut stage = |from: u8, flag: bool| {
            let id = MessageId::new([from; 32]);
            let row = Writer::new(1).flag(flag).u8(2).bytes(user(from).as_bytes()).u64(5).u64(6);
            let row = row.sized(&chat_bytes(&Chat::User(user(2)))).bytes(b"old").finish();
            let read = party.run(|cx| {
                cx.shelf.put(message_key(&id), row);
                load_message(&cx.shelf, id)
            });
            read.unwrap().unwrap().stage
        };

        assert_eq!(
            [stage(7, false), stage(7, true), stage(2, false)],
            [Some(Stage::Queued), delivered, None]
        );
    }

    #[test]
    fn a_history_is_in_the_order_of_clocks_and_of_one_chat() {
        let mut party = Party::new(1);
        let (room, rooms) = (Name::new("room").unwrap(), Name::new("rooms").unwrap());
        let (room, rooms) = (Chat::Channel(room), Chat::Channel(rooms));

        let ids = party.run(|cx| {
            for (id, clock, chat) in [(1, 300, &room), (2, 100, &room), (3, 200, &rooms), (4, 200, &room)] {
                save_message(&mut cx.shelf, &message(id, clock, chat));
            }
            let all = history(&cx.shelf, &room, 0, 10)?;
            let later = history(&cx.shelf, &room, 100, 1)?;
            let id = |message: &Message| message.id.as_bytes()[0];
            Ok::<_, StoreError>((
                all.iter().map(id).collect::<Vec<_>>(),
                later.iter().map(id).collect::<Vec<_>>(),
            ))
        });

        assert_eq!(ids.unwrap(), (vec![2, 4, 1], vec![4]));
    }

    #[test]
    fn a_row_that_was_cut_is_said_to_be_damaged() {
        let mut party = Party::new(1);
        let said = message(1, 5, &Chat::User(user(2)));
        party
            .run(|cx| {
                save_message(&mut cx.shelf, &said);
                Ok::<_, StoreError>(())
            })
            .unwrap();

        let read = party.run(|cx| {
            let row = cx.shelf.get(&message_key(&said.id))?.unwrap_or_default();
            cx.shelf.put(message_key(&said.id), row[..20].to_vec());
            load_message(&cx.shelf, said.id)
        });

        assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    }
}
