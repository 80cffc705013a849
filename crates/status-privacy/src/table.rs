//! The rows of this layer.
//!
//! | table | key | value, after the version byte |
//! | --- | --- | --- |
//! | places listened at | `01 ‖ keccak256(name) ‖ kind` | inbox: nothing; named: key 32 ‖ name; shared: key 32 ‖ secret 32 |
//! | keys of other places | `02 ‖ keccak256(name)` | key 32 |
//!
//! The first four bytes of the hash are the topic, so the places of one topic are one short scan. A key takes
//! long to derive (about 10 ms optimised), which is why it is kept; keys of places that are only sent to are
//! bounded by [`MAX_KEYS`], and any may be dropped, since it can be derived again.

use alloc::vec::Vec;

use status_layer::{Name, Rendezvous, Secret, Shelf, StoreError, UserId, Value};

use crate::payload::symmetric::KEY;
use crate::topic::{Kind, SECRET, ShortTopic, Spot};

mod examine;

pub use examine::{TABLES, examine};

/// The most places that are listened at.
pub const MAX_PLACES: usize = 4_096;

/// The most keys that are kept for places that are not listened at.
pub(crate) const MAX_KEYS: usize = 256; // rows

const PLACES: u8 = 1;
const KEYS: u8 = 2;
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
        match self {
            Self::Inbox => value(&[]),
            Self::Named { key, name } => value(&[key.expose(), name.as_str().as_bytes()]),
            Self::Shared { key, secret } => value(&[key.expose(), secret.expose()]),
        }
    }

    fn decode(row_key: &[u8], value: &Value) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged { what: "a place" };
        let bytes = unversioned("a place", value)?;
        match (row_key.last(), bytes.split_at_checked(KEY)) {
            (Some(&INBOX), None) if bytes.is_empty() => Ok(Self::Inbox),
            (Some(&NAMED), Some((key, text))) => {
                let text = core::str::from_utf8(text).map_err(|_| damaged())?;
                let name = Name::new(text).map_err(|_| damaged())?;
                Ok(Self::Named { key: Secret::new(key), name })
            }
            (Some(&SHARED), Some((key, secret))) if secret.len() == SECRET => {
                Ok(Self::Shared { key: Secret::new(key), secret: Secret::new(secret) })
            }
            _ => Err(damaged()),
        }
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

/// The places that are listened at under one topic; mostly none or one.
pub(crate) fn places_at(shelf: &Shelf<'_>, topic: ShortTopic) -> Result<Vec<Place>, StoreError> {
    let [a, b, c, d] = topic.0;
    let rows = shelf.scan(&[PLACES, a, b, c, d], None, MAX_PLACES)?;
    rows.iter().map(|(key, value)| Place::decode(key, value)).collect()
}

/// The topic of every place that is listened at, ascending; as many as there are places.
pub(crate) fn topics(shelf: &Shelf<'_>) -> Result<Vec<ShortTopic>, StoreError> {
    let rows = shelf.scan(&[PLACES], None, MAX_PLACES)?;
    rows.iter()
        .map(|(key, _)| match key.as_slice() {
            [_, a, b, c, d, ..] => Ok(ShortTopic([*a, *b, *c, *d])),
            _ => Err(StoreError::Damaged { what: "the key of a place" }),
        })
        .collect()
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
    match unversioned("the key of a place", &value)? {
        key if key.len() == KEY => Ok(Some(Secret::new(key))),
        _ => Err(StoreError::Damaged { what: "the key of a place" }),
    }
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
    shelf.put(key_key(spot), value(&[key.expose()]));
    Ok(())
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

fn value(parts: &[&[u8]]) -> Value {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    // Room for all at once: a vector that grows leaves copies of the key behind.
    let mut bytes = Vec::with_capacity(len.saturating_add(1));
    bytes.push(VERSION);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    Value::new(bytes)
}

fn unversioned<'a>(what: &'static str, value: &'a Value) -> Result<&'a [u8], StoreError> {
    match value.split_first() {
        Some((&VERSION, bytes)) => Ok(bytes),
        Some((&found, _)) if found > VERSION => Err(StoreError::Newer { what, found, known: VERSION }),
        _ => Err(StoreError::Damaged { what }),
    }
}

#[cfg(test)]
mod tests;
