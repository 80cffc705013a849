//! The rows of what we say of ourselves, and of what the user has set.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp};

use super::{chat_bytes, chat_of, damaged, text};
use crate::avatar::ShowTo;
use crate::contacts::Strangers;
use crate::event::Chat;
use crate::profile::OwnProfile;

pub(crate) const TAG: u8 = b'S';
const PROFILE: [u8; 2] = [TAG, b'p'];
const SETTINGS: [u8; 2] = [TAG, b's'];
const SHOWN_TO: [u8; 2] = [TAG, b'v'];
const PUBLISHED: u8 = b'i';
const VERSION: u8 = 1;
const WHAT: &str = "the profile and the settings";

/// What we said of ourselves in a chat, and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Published {
    pub(crate) at: Timestamp,
    pub(crate) hash: [u8; 32],
}

pub(crate) fn load(shelf: &Shelf<'_>) -> Result<OwnProfile, StoreError> {
    shelf.get(&PROFILE)?.map_or_else(|| Ok(OwnProfile::default()), |row| read_profile(&row))
}

pub(crate) fn save(shelf: &mut Shelf<'_>, profile: &OwnProfile) {
    let row = Writer::new(VERSION).sized(profile.name.as_bytes()).sized(profile.bio.as_bytes());
    shelf.put(PROFILE, row.u32(profile.colour).finish());
}

pub(crate) fn strangers(shelf: &Shelf<'_>) -> Result<Strangers, StoreError> {
    shelf.get(&SETTINGS)?.map_or(Ok(Strangers::default()), |row| read_settings(&row))
}

pub(crate) fn set_strangers(shelf: &mut Shelf<'_>, strangers: Strangers) {
    shelf.put(SETTINGS, Writer::new(VERSION).u8(strangers.byte()).finish());
}

/// Who sees our picture.
pub(crate) fn shown_to(shelf: &Shelf<'_>) -> Result<ShowTo, StoreError> {
    shelf.get(&SHOWN_TO)?.map_or(Ok(ShowTo::default()), |row| read_shown_to(&row))
}

pub(crate) fn set_shown_to(shelf: &mut Shelf<'_>, to: ShowTo) {
    shelf.put(SHOWN_TO, Writer::new(VERSION).u8(to.byte()).finish());
}

pub(crate) fn published(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<Published>, StoreError> {
    shelf.get(&published_key(chat))?.map(|row| read_published(&row)).transpose()
}

pub(crate) fn set_published(shelf: &mut Shelf<'_>, chat: &Chat, published: &Published) {
    let row = Writer::new(VERSION).u64(published.at.millis()).bytes(&published.hash);
    shelf.put(published_key(chat), row.finish());
}

/// Looks at a row.
pub(crate) fn check(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    match key.get(1..) {
        Some(b"p") => read_profile(row).map(drop),
        Some(b"s") => read_settings(row).map(drop),
        Some(b"v") => read_shown_to(row).map(drop),
        Some([PUBLISHED, chat @ ..]) => {
            chat_of(chat).ok_or_else(damaged)?;
            read_published(row).map(drop)
        }
        _ => Err(StoreError::Damaged { what: WHAT }),
    }
}

fn read_profile(row: &[u8]) -> Result<OwnProfile, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(OwnProfile { name: text(r.sized()?)?, bio: text(r.sized()?)?, colour: r.u32()? })
    })
}

fn read_settings(row: &[u8]) -> Result<Strangers, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Strangers::of(r.u8()?))
}

fn read_shown_to(row: &[u8]) -> Result<ShowTo, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| ShowTo::of(r.u8()?))
}

fn read_published(row: &[u8]) -> Result<Published, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        Some(Published { at: Timestamp::from_millis(r.u64()?), hash: r.array()? })
    })
}

fn published_key(chat: &Chat) -> Vec<u8> {
    [&[TAG, PUBLISHED], chat_bytes(chat).as_slice()].concat()
}
