//! The rows of this layer.
//!
//! | table | key | value, after the version byte |
//! | --- | --- | --- |
//! | places listened at | `01 ‖ keccak256(name) ‖ kind` | inbox: nothing; named: key 32 ‖ name; shared: key 32 ‖ secret 32 |
//! | keys of other places | `02 ‖ keccak256(name)` | key 32 |
//! | decoys | `07 ‖ topic 4` | nothing |
//!
//! The first four bytes of the hash are the topic, so the places of one topic are one short scan. A key takes
//! long to derive (about 10 ms optimised), which is why it is kept; keys of places that are only sent to are
//! bounded by [`MAX_KEYS`], and any may be dropped, since it can be derived again.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{Name, Rendezvous, Secret, Shelf, StoreError, UserId, Value};

use crate::payload::symmetric::KEY;
use crate::topic::{Kind, SECRET, ShortTopic, Spot};

mod examine;

pub use examine::{TABLES, examine};

/// The most places that are listened at.
pub const MAX_PLACES: usize = 4_096;

/// The most topics that are asked for to hide our own.
pub(crate) const MAX_DECOYS: usize = 255;

/// The most keys that are kept for places that are not listened at.
pub(crate) const MAX_KEYS: usize = 256; // rows

const PLACES: u8 = 1;
const KEYS: u8 = 2;
const DECOYS: u8 = 7;
const VERSION: u8 = 1;

const INBOX: u8 = 1;
const NAMED: u8 = 2;
const SHARED: u8 = 3;

/// A place that is listened at, with what opens the envelopes left there.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Our own inbox; the keyring opens it.
    Inbox,
    /// A place known by its name.
    Named { key: Secret, name: Name },
    /// A place agreed on with another user.
    Shared { key: Secret, secret: Secret },
}

impl Place {
    /// The rendezvous that was watched; `user` is ourselves.
    pub(crate) fn into_meet(self, user: UserId) -> Rendezvous {
        match self {
            Self::Inbox => Rendezvous::Inbox(user),
            Self::Named { name, .. } => Rendezvous::Named(name),
            Self::Shared { secret, .. } => Rendezvous::Shared(secret),
        }
    }

    fn encode(&self) -> Value {
        let row = Writer::new(VERSION);
        match self {
            Self::Inbox => row,
            Self::Named { key, name } => row.bytes(key.expose()).bytes(name.as_str().as_bytes()),
            Self::Shared { key, secret } => row.bytes(key.expose()).bytes(secret.expose()),
        }
        .finish()
    }

    fn decode(row_key: &[u8], value: &Value) -> Result<Self, StoreError> {
        Reader::read("a place", VERSION, value, |r| match *row_key.last()? {
            INBOX => Some(Self::Inbox),
            NAMED => {
                let key = Secret::new(r.bytes(KEY)?);
                let name = Name::new(core::str::from_utf8(r.rest()).ok()?).ok()?;
                Some(Self::Named { key, name })
            }
            SHARED => {
                Some(Self::Shared { key: Secret::new(r.bytes(KEY)?), secret: Secret::new(r.bytes(SECRET)?) })
            }
            _ => None,
        })
    }
}

/// Writes a place that is to be listened at. Its key is then kept with it and nowhere else.
pub(crate) fn put_place(shelf: &mut Shelf<'_>, spot: &Spot, place: &Place) {
    shelf.put(place_key(spot), place.encode());
    shelf.delete(key_key(spot));
}

/// Forgets a place and its key.
pub(crate) fn delete_place(shelf: &mut Shelf<'_>, spot: &Spot) {
    shelf.delete(place_key(spot));
    shelf.delete(key_key(spot));
}

/// Whether a place is listened at.
pub(crate) fn has_place(shelf: &Shelf<'_>, spot: &Spot) -> Result<bool, StoreError> {
    shelf.has(&place_key(spot))
}

/// The places that are listened at under one topic, in the order in which they are tried; mostly none or one.
pub(crate) fn places_at(shelf: &Shelf<'_>, topic: ShortTopic) -> Result<Vec<Place>, StoreError> {
    let [a, b, c, d] = topic.0;
    let rows = shelf.scan(&[PLACES, a, b, c, d], None, MAX_PLACES)?;
    let places: Result<Vec<_>, _> = rows.iter().map(|(key, value)| Place::decode(key, value)).collect();
    let mut places = places?;
    // A key agreement costs a hundred times as much as a symmetric key that does not fit: it comes last, and once.
    places.sort_by_key(|place| *place == Place::Inbox);
    places.dedup_by(|one, other| *one == Place::Inbox && *other == Place::Inbox);
    Ok(places)
}

/// The topic of every place that is listened at, ascending; as many as there are places.
pub(crate) fn topics(shelf: &Shelf<'_>) -> Result<Vec<ShortTopic>, StoreError> {
    let rows = shelf.scan(&[PLACES], None, MAX_PLACES)?;
    rows.iter().map(|(key, _)| topic_of(key)).collect()
}

/// The topics that are asked for and not listened at, ascending.
pub(crate) fn decoys(shelf: &Shelf<'_>) -> Result<Vec<ShortTopic>, StoreError> {
    shelf.scan(&[DECOYS], None, MAX_DECOYS)?.iter().map(|(key, _)| topic_of(key)).collect()
}

/// Asks for a topic that is not listened at.
pub(crate) fn put_decoy(shelf: &mut Shelf<'_>, topic: ShortTopic) {
    shelf.put(decoy_key(topic), Writer::new(VERSION).finish());
}

/// Asks for it no more.
pub(crate) fn delete_decoy(shelf: &mut Shelf<'_>, topic: ShortTopic) {
    shelf.delete(decoy_key(topic));
}

/// The symmetric key of a place, if it is known without deriving it.
pub(crate) fn key(shelf: &Shelf<'_>, spot: &Spot) -> Result<Option<Secret>, StoreError> {
    let row = place_key(spot);
    if let Some(value) = shelf.get(&row)? {
        return match Place::decode(&row, &value)? {
            Place::Named { key, .. } | Place::Shared { key, .. } => Ok(Some(key)),
            Place::Inbox => Ok(None),
        };
    }
    let Some(value) = shelf.get(&key_key(spot))? else {
        return Ok(None);
    };
    Reader::read("the key of a place", VERSION, &value, |r| r.bytes(KEY).map(Secret::new)).map(Some)
}

/// Keeps the key of a place that is not listened at.
///
/// Invariant: at most [`MAX_KEYS`] are kept. The first row makes room; the order is that of hashes, so it is any.
pub(crate) fn put_key(shelf: &mut Shelf<'_>, spot: &Spot, key: &Secret) -> Result<(), StoreError> {
    let kept = shelf.scan(&[KEYS], None, MAX_KEYS)?;
    if kept.len() >= MAX_KEYS
        && let Some((first, _)) = kept.into_iter().next()
    {
        shelf.delete(first);
    }
    shelf.put(key_key(spot), Writer::new(VERSION).bytes(key.expose()).finish());
    Ok(())
}

fn topic_of(key: &[u8]) -> Result<ShortTopic, StoreError> {
    match key {
        [_, a, b, c, d, ..] => Ok(ShortTopic([*a, *b, *c, *d])),
        _ => Err(StoreError::Damaged { what: "the key of a place" }),
    }
}

fn decoy_key(topic: ShortTopic) -> Vec<u8> {
    [&[DECOYS], topic.0.as_slice()].concat()
}

fn place_key(spot: &Spot) -> Vec<u8> {
    let kind = match spot.kind {
        Kind::Inbox => INBOX,
        Kind::Named => NAMED,
        Kind::Shared => SHARED,
    };
    [&[PLACES], spot.hash.as_slice(), &[kind]].concat()
}

fn key_key(spot: &Spot) -> Vec<u8> {
    [&[KEYS], spot.hash.as_slice()].concat()
}

#[cfg(test)]
mod tests;
