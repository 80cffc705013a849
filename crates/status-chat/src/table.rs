//! The chat's own rows.
//!
//! | key | value |
//! | --- | --- |
//! | `I` | version, chat key (32), host key (32), length (2) and device id, recovery phrase |
//! | `D`, `n`, `Y` device id | another device of our own, its name, what is to happen when it is heard of (in `table::devices`) |
//! | `z` | requests for history (in `table/ask.rs`) |
//! | `d` | messages that were deleted before they came (in `table/hidden.rs`) |
//! | `Z` | the clocks of what the user decided (in `table/word.rs`) |
//! | `y` chat | version, clock (8), whether we take part (1): what our devices agreed on (in `table/sync`) |
//! | `J` chat | version: a chat we are in |
//! | `L` chat | version, Lamport clock (8) |
//! | `M` message id (32) | version, stage (1), confirmed and readers (4 each), grade (1), whether another device of ours told it (1), author (33), clock (8), sent at (8), chat, the message it answers, its last change, whether it is gone, name, kind, links, text (in `table/message.rs` and `table/kind.rs`) |
//! | `A` message id (32) which (1) | version, bytes: 0 its picture or recording, from 1 on the small pictures of its links |
//! | `E` `w` message id (32) author (33) | version, chat, deleted (1), the last change of its text with the small pictures of its links: what waits for a message that is not here (in `table/change.rs`) |
//! | `E` `n` chat `0` number (8), `E` `c` chat | version, key: the order in which they came; version, next number (8), bytes of the changes among them (8) |
//! | `K` message id (32) author (33) feeling (1) | version, clock (8), said by message (32), retracted (1), chat: a reaction |
//! | `N` chat `0` message id (32) | version, clock (8), said by message (32), pinned (1), by user (33): a pin |
//! | `r` chat | version, clock (8), message id (32): how far it was read (in `table/pages.rs`) |
//! | `X` `t` word `0` clock, its bits turned (8), message id (32) | version: a word of a message (in `table/search.rs`) |
//! | `X` `m` | version, message id (1, then 32): up to which message the index is, if it is not whole |
//! | `x` `d`, `x` `c` chat | version, age in seconds (1, then 8), count (1, then 8): how long messages are kept (in `table/retention.rs`) |
//! | `x` `l` chat, `x` `p` | version, clock (8) up to which it was emptied; version, when it goes on (8), chat and count of the last look |
//! | `w` album (32) message id (32) | version: a picture of an album (in `table/album.rs`) |
//! | `R` message id (32) user (33) | version, confirmed (1): what became of a message of ours for a reader (in `stage`) |
//! | `R` message id (32) | version, readers (4): how many are to read a message of ours in a closed group (in `stage`) |
//! | `H` chat `0` clock (8) message id (32) | version: the order of a chat |
//! | `P` user (33) | version, our side and theirs (1 and clock (8) each), blocked, muted, stranger, found on a card (1 each), heard at, answered at, clock of the profile (8 each), colour (4), request (1, then id (32), at (8), grade (1)), name, name on the chain, bio, nickname (length (2) and text each): a person (in `table/contacts`) |
//! | `p` heard at (8) user (33) | version: a stranger, the one heard from longest ago first (in `table/contacts`) |
//! | `S` `p` | version, name, bio (length (2) and text each), colour (4): what we say of ourselves (in `table/profile`) |
//! | `S` `s` | version, what becomes of strangers (1): the settings (in `table/profile`) |
//! | `S` `v` | version, who sees our picture (1) (in `table/profile`) |
//! | `S` `i` chat | version, at (8), hash (32): when and what we said of ourselves there (in `table/profile`) |
//! | `T` user (33) | version, how (1), at (8): a user who was verified (in `table/contacts`) |
//! | `Q` | version, first, next and first wanted entry (8 each), cursors (4), bytes of all entries (8) (in `table/log`) |
//! | `Q` number (8) | version, an event as JSON (in `table/log`) |
//! | `q` name | version, the number of the entry that this cursor wants next (8) (in `table/log`) |
//! | `B` key | version, a value of the application as JSON (in `values`) |
//!
//! Closed groups have `G` and `g` (in `group`), and `F` (in `fellows`); profile pictures `i` and `f` (in `avatar`); what nobody
//! asked for has `W` (in `unasked`); notifications have `U`, `u`, `V` and `v` (in `push`).
//!
//! In version 1 a message had, for stage, confirmed and readers, one byte that said whether it was delivered; up to version 2 it was
//! text and nothing else, which followed after the chat. Up to version 3 nothing was told by other devices. In version 1 a change
//! that waits had no small pictures, and neither its chat nor the log of events had a count of bytes.
//!
//! A chat is `u` and 33 bytes, `g` and the id of a group, or `c` and a name. Numbers are big-endian.

use status_layer::row::{Reader, Writer};
use status_layer::{Name, Shelf, StoreError, UserId};
use zeroize::Zeroizing;

use crate::event::Chat;

pub(crate) mod album;
pub(crate) mod ask;
pub(crate) mod avatar;
mod change;
pub(crate) mod contacts;
pub(crate) mod devices;
mod examine;
pub(crate) mod fellows;
pub(crate) mod group;
pub(crate) mod hidden;
mod kind;
pub(crate) mod log;
mod message;
mod pages;
pub(crate) mod profile;
pub(crate) mod push;
mod retention;
mod search;
pub(crate) mod sync;
pub(crate) mod unasked;
pub(crate) mod word;

pub(crate) use change::{
    Dated, Edit, Waiting, forget, forget_waiting, pin, pin_said, pins, react, reactions, reactions_said,
    take_waiting, wait, waiting,
};
#[cfg(test)]
pub(crate) use change::{MAX_WAITING, MAX_WAITING_BYTES};
pub(crate) use examine::{Adopted, TABLES, adopt, chat_in, examine, message_of};
pub(crate) use group::Standing;
pub(crate) use kind::{audio_format, audio_number, image_format, image_number};
pub(crate) use message::{
    Media, drop_media, drop_thumbnails, forget_chat, forget_message, has_message, history, load_media,
    load_message, media_of, save_media, save_message,
};

pub(crate) use pages::{
    MAX_UNREAD, Spot, mark_read, next_chat, read_up_to, shown, shown_at, spots_after, spots_before, unread,
};
pub(crate) use retention::{
    Counted, Look, any_retention, drop_oldest, emptied, last_look, retention, set_emptied, set_look,
    set_retention,
};
pub(crate) use search::{Built, build, built, index, unindex, with_word, words, words_like};

const IDENTITY: &[u8] = b"I";
const JOINED: u8 = b'J';
const CLOCK: u8 = b'L';

const VERSION: u8 = 1;
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

/// Forgets what is known of a chat beside its messages: its clock, how far it was read, and up to where it was emptied.
pub(crate) fn forget_place(shelf: &mut Shelf<'_>, chat: &Chat) {
    shelf.delete(under(CLOCK, chat));
    shelf.delete(under(pages::READ, chat));
    retention::forget_emptied(shelf, chat);
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

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}
