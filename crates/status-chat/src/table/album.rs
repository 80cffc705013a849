//! Which pictures make an album: those of one author, in one chat, that name the same one.
//!
//! A picture has a row as long as its message is kept, also when it was deleted: so that the others go with it, those that come
//! later too.

use status_crypto::keccak256;
use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, Value};

use super::message::load_message;
use super::{VERSION, WHAT, chat_bytes};
use crate::event::{Kind, Message};

pub(crate) const ALBUM: u8 = b'w';

/// Pictures of one album that go together. Deployed peers make them of at most 5.
const MAX_PICTURES: usize = 64;

/// The other pictures of the album that a message belongs to.
pub(crate) fn others(shelf: &Shelf<'_>, message: &Message) -> Result<Vec<Message>, StoreError> {
    let Some(album) = name(message) else { return Ok(Vec::new()) };
    let prefix = [&[ALBUM], album.as_slice()].concat();
    let mut others = Vec::new();
    for (key, _) in shelf.scan(&prefix, None, MAX_PICTURES)? {
        let id = id_in(&key)?;
        if id != message.id {
            others.extend(load_message(shelf, id)?);
        }
    }
    Ok(others)
}

/// The row of a message, if it is a picture of an album.
pub(super) fn row_of(message: &Message) -> Option<(Vec<u8>, Value)> {
    let key = [&[ALBUM], name(message)?.as_slice(), message.id.as_bytes()].concat();
    Some((key, Writer::new(VERSION).finish()))
}

/// Looks at a row; returns the message that it is about.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<MessageId, StoreError> {
    Reader::read(WHAT, VERSION, row, |_| Some(()))?;
    id_in(key)
}

fn id_in(key: &[u8]) -> Result<MessageId, StoreError> {
    Reader::read_key(WHAT, key, |r| {
        r.array::<32>()?;
        Some(MessageId::new(r.array()?))
    })
}

/// What no other album has.
fn name(message: &Message) -> Option<[u8; 32]> {
    let Kind::Image(picture) = &message.kind else { return None };
    let album = picture.album.as_ref()?;
    let chat = keccak256(&[&chat_bytes(&message.chat)]);
    Some(keccak256(&[&chat, message.from.as_bytes(), album.id.as_bytes()]))
}
