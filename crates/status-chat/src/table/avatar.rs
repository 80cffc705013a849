//! The rows of profile pictures.
//!
//! | key | value |
//! | --- | --- |
//! | `i` size (1) | version, bytes: our own picture |
//! | `f` user (33) size (1) | version, clock (8), bytes: the picture of somebody; no bytes, if they took it away |

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, UserId};

use crate::avatar::AvatarSize;

pub(crate) const OURS: u8 = b'i';
pub(crate) const THEIRS: u8 = b'f';

const VERSION: u8 = 1;
const WHAT: &str = "a profile picture";

/// A picture of somebody, as it is kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Kept {
    /// The clock of what it came with.
    pub(crate) clock: u64,
    /// Empty, if there is none any more.
    pub(crate) bytes: Vec<u8>,
}

/// Our own picture, if there is one.
pub(crate) fn ours(shelf: &Shelf<'_>, size: AvatarSize) -> Result<Option<Vec<u8>>, StoreError> {
    shelf.get(&[OURS, size.byte()])?.map(|row| read_ours(&row)).transpose()
}

pub(crate) fn set_ours(shelf: &mut Shelf<'_>, size: AvatarSize, bytes: Option<&[u8]>) {
    let key = [OURS, size.byte()];
    match bytes {
        Some(bytes) => shelf.put(key, Writer::new(VERSION).bytes(bytes).finish()),
        None => shelf.delete(key),
    }
}

/// The picture of somebody.
pub(crate) fn theirs(shelf: &Shelf<'_>, user: &UserId, size: AvatarSize) -> Result<Option<Kept>, StoreError> {
    shelf.get(&key(user, size))?.map(|row| read_theirs(&row)).transpose()
}

pub(crate) fn set_theirs(shelf: &mut Shelf<'_>, user: &UserId, size: AvatarSize, kept: &Kept) {
    shelf.put(key(user, size), Writer::new(VERSION).u64(kept.clock).bytes(&kept.bytes).finish());
}

/// Forgets the pictures of somebody.
pub(crate) fn forget(shelf: &mut Shelf<'_>, user: &UserId) {
    for size in AvatarSize::ALL {
        shelf.delete(key(user, size));
    }
}

/// Looks at a row; says whose picture it is, unless it is ours.
pub(crate) fn check(key: &[u8], row: &[u8]) -> Result<Option<UserId>, StoreError> {
    let damaged = || StoreError::Damaged { what: WHAT };
    match key {
        [OURS, size] => {
            AvatarSize::of(*size).ok_or_else(damaged)?;
            read_ours(row).map(|_| None)
        }
        [THEIRS, ..] => {
            read_theirs(row)?;
            let user = Reader::read_key(WHAT, key, |r| {
                let user = UserId::from_compressed(&r.array::<33>()?).ok()?;
                AvatarSize::of(r.u8()?).map(|_| user)
            });
            user.map(Some)
        }
        _ => Err(damaged()),
    }
}

fn read_ours(row: &[u8]) -> Result<Vec<u8>, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(r.rest().to_vec()))
}

fn read_theirs(row: &[u8]) -> Result<Kept, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(Kept { clock: r.u64()?, bytes: r.rest().to_vec() }))
}

fn key(user: &UserId, size: AvatarSize) -> Vec<u8> {
    [&[THEIRS], user.as_bytes().as_slice(), &[size.byte()]].concat()
}
