//! The clocks of what the user has decided: of two words of the user's devices on a subject the newer one counts. What was
//! decided is where it always was; here is when.
//!
//! | key | value |
//! | --- | --- |
//! | `Z` `c` user (33) | version, clock (8): how the user calls a person, and whether they are blocked and muted |
//! | `Z` `t` user (33) | version, clock (8): whether a person was verified |
//! | `Z` `s` setting (1) | version, clock (8): a setting, or a part of the profile |
//! | `Z` `x` chat | version, clock (8): messages up to there are to be dropped, and are not all dropped yet |
//!
//! Numbers are big-endian.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, UserId};

use super::{chat_bytes, chat_of};
use crate::event::Chat;

pub(crate) const SAID: u8 = b'Z';

const PERSON: u8 = b'c';
const TRUST: u8 = b't';
const SETTING: u8 = b's';
const CLEARED: u8 = b'x';
const VERSION: u8 = 1;
const WHAT: &str = "what the user decided";

/// The clock of what was decided before clocks were kept: every word is newer, but that nothing was decided.
const BEFORE: u64 = 1;

/// What the user decides about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subject<'a> {
    /// How they call a person, and whether that one is blocked and muted.
    Person(&'a UserId),
    /// Whether a person was verified.
    Trust(&'a UserId),
    /// A setting.
    Setting(Setting),
}

/// A setting, or a part of the profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Setting {
    /// What the user is called.
    Name = 1,
    /// What they say of themselves.
    Bio = 2,
    /// The colour of their choice.
    Colour = 3,
    /// What becomes of what strangers write.
    Strangers = 4,
    /// The profile picture, in both sizes.
    Picture = 5,
    /// Who sees it.
    ShownTo = 6,
}

impl Setting {
    pub(crate) const ALL: [Self; 6] =
        [Self::Name, Self::Bio, Self::Colour, Self::Strangers, Self::Picture, Self::ShownTo];

    pub(crate) fn numbered(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| *setting as u32 == number)
    }
}

/// When the newest word on a subject was said. `any` is whether anything was decided at all.
pub(crate) fn said_at(shelf: &Shelf<'_>, subject: Subject<'_>, any: bool) -> Result<u64, StoreError> {
    let row = shelf.get(&key(subject))?;
    row.map_or(Ok(if any { BEFORE } else { 0 }), |row| clock(&row))
}

/// Keeps when the newest word was said.
pub(crate) fn set_said_at(shelf: &mut Shelf<'_>, subject: Subject<'_>, clock: u64) {
    shelf.put(key(subject), Writer::new(VERSION).u64(clock).finish());
}

/// Remembers that a chat is to be emptied up to a clock.
pub(crate) fn set_clearing(shelf: &mut Shelf<'_>, chat: &Chat, up_to: Option<u64>) {
    let key = [&[SAID, CLEARED], chat_bytes(chat).as_slice()].concat();
    match up_to {
        Some(clock) => shelf.put(key, Writer::new(VERSION).u64(clock).finish()),
        None => shelf.delete(key),
    }
}

/// Up to which clock a chat is to be emptied, if it is not done.
pub(super) fn clearing(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<u64>, StoreError> {
    let key = [&[SAID, CLEARED], chat_bytes(chat).as_slice()].concat();
    shelf.get(&key)?.map(|row| clock(&row)).transpose()
}

/// Whether what was said in a chat at a clock is to be dropped, and not to be shown.
pub(crate) fn is_cleared(shelf: &Shelf<'_>, chat: &Chat, clock: u64) -> Result<bool, StoreError> {
    Ok(clearing(shelf, chat)?.is_some_and(|up_to| clock <= up_to))
}

/// A chat that is to be emptied, and up to which clock.
pub(crate) fn any_clearing(shelf: &Shelf<'_>) -> Result<Option<(Chat, u64)>, StoreError> {
    let rows = shelf.scan(&[SAID, CLEARED], None, 1)?;
    let read = |(key, row): &(Vec<u8>, status_layer::Value)| {
        let chat = chat_of(key.get(2..).unwrap_or_default());
        Ok((chat.ok_or(StoreError::Damaged { what: WHAT })?, clock(row)?))
    };
    rows.first().map(read).transpose()
}

/// Looks whether a row can be read.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    clock(row)?;
    let rest = key.get(2..).unwrap_or_default();
    let fits = match key.get(1) {
        Some(&(PERSON | TRUST)) => UserId::from_compressed(rest).is_ok(),
        Some(&SETTING) => matches!(rest, [number] if Setting::numbered((*number).into()).is_some()),
        Some(&CLEARED) => chat_of(rest).is_some(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(StoreError::Damaged { what: WHAT }) }
}

fn clock(row: &[u8]) -> Result<u64, StoreError> {
    Reader::read(WHAT, VERSION, row, Reader::u64)
}

fn key(subject: Subject<'_>) -> Vec<u8> {
    match subject {
        Subject::Person(user) => [&[SAID, PERSON], user.as_bytes().as_slice()].concat(),
        Subject::Trust(user) => [&[SAID, TRUST], user.as_bytes().as_slice()].concat(),
        Subject::Setting(setting) => vec![SAID, SETTING, setting as u8],
    }
}
