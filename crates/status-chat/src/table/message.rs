//! The rows of messages: what was said, pictures and recordings, and the order of a chat.

use status_layer::row::{Reader, Writer};
use status_layer::{Grade, MessageId, Row, Shelf, StoreError, Timestamp, UserId, Value};

use super::pages::{Spot, spots_after};
use super::{VERSION, WHAT, album, chat_bytes, chat_of, damaged, kind, search, text, unasked, under, word};
use crate::event::{Chat, Deleted, Edited, Kind, Mention, Message, Stage};
use crate::stage;

pub(super) const MESSAGE: u8 = b'M';
pub(super) const HISTORY: u8 = b'H';
pub(super) const MEDIA: u8 = b'A';

const MESSAGE_VERSION: u8 = 4;

/// Bytes that belong to a message and lie in a row of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Media {
    /// The picture or recording that it is.
    Whole,
    /// The small picture of a link in it.
    Thumbnail(u8),
}

/// Keeps a message, in place of what was kept of it before.
pub(crate) fn save_message(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    let (stage, to, of) = stage_numbers(message.stage);
    let row = Writer::new(MESSAGE_VERSION)
        .u8(stage)
        .u32(to)
        .u32(of)
        .u8(grade_byte(message.grade))
        .flag(message.retold)
        .bytes(message.from.as_bytes())
        .u64(message.clock)
        .u64(message.sent_at.millis())
        .sized(&chat_bytes(&message.chat))
        .option(message.answers.as_ref().map(MessageId::as_bytes));
    let row = match message.edited {
        Some(Edited { clock, by }) => row.flag(true).u64(clock).bytes(by.as_bytes()),
        None => row.flag(false),
    };
    let row = match message.deleted {
        None => row.u8(0),
        Some(Deleted::ForAll { by }) => row.u8(1).bytes(by.as_bytes()),
        Some(Deleted::ForMe) => row.u8(2),
    };
    let row = kind::put(row.sized(message.name.as_bytes()), &message.kind);
    let row = kind::put_links(row, &message.links).bytes(message.text.as_bytes());
    let rows = [
        (message_key(&message.id), Some(row.finish())),
        (order_key(message), Some(Writer::new(VERSION).finish())),
    ];
    let of_album = album::row_of(message).map(|(key, row)| (key, Some(row)));
    unasked::write(shelf, &message.chat, rows.into_iter().chain(of_album))
}

/// Forgets a message with all that belongs to it.
pub(crate) fn forget_message(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    drop_media(shelf, message)?;
    search::unindex(shelf, message)?;
    super::forget(shelf, &message.chat, &message.id)?;
    stage::forget(shelf, message.id)?;
    let of_album = album::row_of(message).map(|(key, _)| key);
    let keys = [order_key(message), message_key(&message.id)].into_iter().chain(of_album);
    unasked::write(shelf, &message.chat, keys.map(|key| (key, None)))
}

/// Forgets all that was said in a chat that nobody asked for: a bounded number of messages, and what is about them.
pub(crate) fn forget_chat(shelf: &mut Shelf<'_>, chat: &Chat) -> Result<(), StoreError> {
    for spot in spots_after(shelf, chat, Spot::FIRST, usize::MAX)? {
        if let Some(message) = load_message(shelf, MessageId::new(spot.id))? {
            forget_message(shelf, &message)?;
        }
    }
    super::forget_waiting(shelf, chat)?;
    super::forget_place(shelf, chat);
    Ok(())
}

/// The rows of a message at a place of a chat, and of all that belongs to it.
pub(super) fn rows_of(shelf: &Shelf<'_>, chat: &Chat, spot: Spot) -> Result<Vec<Row>, StoreError> {
    let id = MessageId::new(spot.id);
    let mut keys = vec![place_key(chat, spot.clock, &id), message_key(&id)];
    if let Some(message) = load_message(shelf, id)? {
        keys.extend(media_of(&message).map(|(which, _)| media_key(&id, which)));
        keys.extend(search::rows_of(&message));
        keys.extend(album::row_of(&message).map(|(key, _)| key));
    }
    let mut rows = super::change::reaction_rows(shelf, &id)?;
    for key in keys {
        if let Some(row) = shelf.get(&key)? {
            rows.push((key, row));
        }
    }
    Ok(rows)
}

pub(crate) fn has_message(shelf: &Shelf<'_>, id: &MessageId) -> Result<bool, StoreError> {
    shelf.has(&message_key(id))
}

pub(crate) fn load_message(shelf: &Shelf<'_>, id: MessageId) -> Result<Option<Message>, StoreError> {
    shelf.get(&message_key(&id))?.map(|row| read_message(id, &row)).transpose()
}

pub(super) fn read_message(id: MessageId, row: &[u8]) -> Result<Message, StoreError> {
    Reader::read(WHAT, MESSAGE_VERSION, row, |r| {
        let first = r.u8()?;
        let stage = if r.version() > 1 { stage_of(first, r.u32()?, r.u32()?)? } else { None };
        let grade = grade_of(r.u8()?)?;
        let retold = if r.version() > 3 { r.flag()? } else { false };
        let from = UserId::from_compressed(&r.array::<33>()?).ok()?;
        let (clock, sent_at) = (r.u64()?, Timestamp::from_millis(r.u64()?));
        let chat = chat_of(r.sized()?)?;
        let mut message =
            Message { sent_at, grade, retold, stage, ..Message::new(id, chat, from, "", clock) };
        if r.version() > 2 {
            message.answers = r.option()?.map(MessageId::new);
            message.edited = match r.flag()? {
                true => Some(Edited { clock: r.u64()?, by: MessageId::new(r.array()?) }),
                false => None,
            };
            message.deleted = match r.u8()? {
                0 => None,
                1 => Some(Deleted::ForAll { by: UserId::from_compressed(&r.array::<33>()?).ok()? }),
                2 => Some(Deleted::ForMe),
                _ => return None,
            };
            message.name = text(r.sized()?)?;
            message.kind = kind::take(r)?;
            message.links = kind::take_links(r)?;
        }
        message.text = text(r.rest())?;
        message.mentions = Mention::all(&message.text);
        if r.version() == 1 {
            message.stage = first_stage(first, &message)?;
        }
        Some(message)
    })
}

/// Keeps bytes that belong to a message.
pub(crate) fn save_media(
    shelf: &mut Shelf<'_>,
    message: &Message,
    which: Media,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let row = Writer::new(VERSION).bytes(bytes).finish();
    unasked::write(shelf, &message.chat, [(media_key(&message.id, which), Some(row))])
}

pub(crate) fn load_media(
    shelf: &Shelf<'_>,
    id: &MessageId,
    which: Media,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = shelf.get(&media_key(id, which))?;
    row.map(|row| Reader::read(WHAT, VERSION, &row, |r| Some(r.rest().to_vec()))).transpose()
}

/// Drops all bytes that belong to a message.
pub(crate) fn drop_media(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    let gone = media_of(message).map(|(which, _)| (media_key(&message.id, which), None));
    unasked::write(shelf, &message.chat, gone)
}

/// Drops the small pictures of the links in a message.
pub(crate) fn drop_thumbnails(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    let small = media_of(message).filter(|(which, _)| *which != Media::Whole);
    let gone = small.map(|(which, _)| (media_key(&message.id, which), None));
    unasked::write(shelf, &message.chat, gone)
}

/// The bytes that belong to a message, and how many there are of each.
pub(crate) fn media_of(message: &Message) -> impl Iterator<Item = (Media, u32)> {
    let whole = match &message.kind {
        Kind::Image(picture) => Some(picture.bytes),
        Kind::Audio(recording) => Some(recording.bytes),
        _ => None,
    };
    let thumbnails = (0_u8..).zip(&message.links).map(|(n, link)| (Media::Thumbnail(n), link.thumbnail));
    whole.map(|bytes| (Media::Whole, bytes)).into_iter().chain(thumbnails).filter(|(_, bytes)| *bytes > 0)
}

/// The message that a row of bytes belongs to, which of its bytes they are, and how many.
pub(super) fn read_media(key: &[u8], row: &Value) -> Result<(MessageId, Media, u32), StoreError> {
    let len = Reader::read(WHAT, VERSION, row, |r| u32::try_from(r.rest().len()).ok())?;
    let (id, which) = Reader::read_key(WHAT, key, |r| Some((MessageId::new(r.array()?), r.u8()?)))?;
    let which = which.checked_sub(1).map_or(Media::Whole, Media::Thumbnail);
    Ok((id, which, len))
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
    let after = after.max(word::clearing(shelf, chat)?.unwrap_or(0));
    let mut prefix = under(HISTORY, chat);
    prefix.push(0);
    let mut start = prefix.clone();
    start.extend(after.to_be_bytes());
    start.extend([0xff; 32]);
    let rows = shelf.scan(&prefix, (after > 0).then_some(start.as_slice()), limit)?;
    let mut messages = Vec::with_capacity(rows.len());
    for (key, _) in rows {
        let id = key.last_chunk::<32>().ok_or_else(damaged)?;
        let message = load_message(shelf, MessageId::new(*id))?;
        messages.extend(message.filter(|message| message.deleted != Some(Deleted::ForMe)));
    }
    Ok(messages)
}

pub(super) fn message_key(id: &MessageId) -> Vec<u8> {
    [&[MESSAGE], id.as_bytes().as_slice()].concat()
}

fn media_key(id: &MessageId, which: Media) -> Vec<u8> {
    let number = match which {
        Media::Whole => 0,
        Media::Thumbnail(number) => number.saturating_add(1),
    };
    [&[MEDIA], id.as_bytes().as_slice(), &[number]].concat()
}

pub(super) fn order_key(message: &Message) -> Vec<u8> {
    place_key(&message.chat, message.clock, &message.id)
}

fn place_key(chat: &Chat, clock: u64, id: &MessageId) -> Vec<u8> {
    let mut key = under(HISTORY, chat);
    key.push(0);
    key.extend(clock.to_be_bytes());
    key.extend_from_slice(id.as_bytes());
    key
}

pub(super) const fn grade_byte(grade: Grade) -> u8 {
    match grade {
        Grade::Clear => 0,
        Grade::Static => 1,
        Grade::Ratcheted => 2,
    }
}

pub(super) const fn grade_of(byte: u8) -> Option<Grade> {
    match byte {
        0 => Some(Grade::Clear),
        1 => Some(Grade::Static),
        2 => Some(Grade::Ratcheted),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
