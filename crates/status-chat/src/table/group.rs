//! The rows of closed groups.
//!
//! | key | value |
//! | --- | --- |
//! | `G` id of a group | version, standing (1), who invited us (33) |
//! | `g` length (2) and id of a group, hash of an entry (32) | version, author (33), the entry: a signed event |
//!
//! What a group is follows from its events; nothing that follows is kept. The author of an entry was found from its
//! signature when it came, and is not looked for again.

use std::collections::BTreeSet;

use status_crypto::keccak256;
use status_layer::row::{Reader, Writer};
use status_layer::{Row, Shelf, StoreError, Timestamp, UserId};
use status_payload::{GroupChatId, MAX_EVENTS, MAX_SET_ASIDE, MembershipEvent, Roster};

use super::{VERSION, damaged, forget_chat, text, unasked};
use crate::event::Chat;

pub(crate) const GROUP: u8 = b'G';
pub(crate) const EVENT: u8 = b'g';

const WHAT: &str = "a closed group";

/// Most groups that are kept, also those that we are in no longer.
pub(crate) const MAX_GROUPS: usize = 8_192;

/// How we stand to a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// We are in.
    Active,
    /// Somebody whom we do not trust took us in; we have not answered.
    Invited(UserId),
    /// We do not want to be in, and have told nobody.
    Declined(UserId),
    /// We were in.
    Left,
    /// We were taken out before we knew, or before we had answered. Kept so that an older list is not taken for news.
    Missed(UserId),
}

impl Standing {
    const fn number(self) -> (u8, Option<UserId>) {
        match self {
            Self::Active => (0, None),
            Self::Invited(by) => (1, Some(by)),
            Self::Declined(by) => (2, Some(by)),
            Self::Left => (3, None),
            Self::Missed(by) => (4, Some(by)),
        }
    }

    fn read(number: u8, r: &mut Reader<'_>) -> Option<Self> {
        let mut by = || UserId::from_compressed(&r.array::<33>()?).ok();
        match number {
            0 => Some(Self::Active),
            1 => by().map(Self::Invited),
            2 => by().map(Self::Declined),
            3 => Some(Self::Left),
            4 => by().map(Self::Missed),
            _ => None,
        }
    }

    /// Whether only others had a say in it that we know of the group.
    pub(crate) const fn is_unasked(self) -> bool {
        matches!(self, Self::Invited(_) | Self::Declined(_) | Self::Missed(_))
    }
}

/// How we stand to a group, if it is known.
pub(crate) fn standing(shelf: &Shelf<'_>, group: &GroupChatId) -> Result<Option<Standing>, StoreError> {
    shelf.get(&group_key(group))?.map(|row| read_standing(&row)).transpose()
}

/// Notes how we stand to a group; its events are there already.
pub(crate) fn set_standing(
    shelf: &mut Shelf<'_>,
    group: &GroupChatId,
    standing: Standing,
) -> Result<(), StoreError> {
    let (number, by) = standing.number();
    let row = Writer::new(VERSION).u8(number);
    let row = by.iter().fold(row, |row, by| row.bytes(by.as_bytes()));
    shelf.put(group_key(group), row.finish());
    let chat = Chat::Group(group.clone());
    if standing.is_unasked() {
        unasked::begin(shelf, &chat, Timestamp::default())
    } else {
        unasked::end(shelf, &chat);
        Ok(())
    }
}

pub(crate) fn read_standing(row: &[u8]) -> Result<Standing, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Standing::read(r.u8()?, r))
}

/// Every group that is known, in the order of their ids.
pub(crate) fn standings(shelf: &Shelf<'_>) -> Result<Vec<(GroupChatId, Standing)>, StoreError> {
    let rows = shelf.scan(&[GROUP], None, MAX_GROUPS)?;
    rows.iter().map(|(key, row)| Ok((group_in(key)?, read_standing(row)?))).collect()
}

/// A group as its events make it, if it is known.
pub(crate) fn roster(shelf: &Shelf<'_>, group: &GroupChatId) -> Result<Option<Roster>, StoreError> {
    let rows = events(shelf, group)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let events: Result<_, _> = rows.iter().map(|(_, row)| read_event(row)).collect();
    Roster::restore(group, events?).map(Some).map_err(|_| StoreError::Damaged { what: WHAT })
}

/// Keeps the events of a group in place of those it had `before`.
pub(crate) fn save_roster(
    shelf: &mut Shelf<'_>,
    before: Option<&Roster>,
    after: &Roster,
) -> Result<(), StoreError> {
    let group = after.chat();
    let entries =
        |roster: &Roster| roster.kept().map(|event| event.entry().to_vec()).collect::<BTreeSet<_>>();
    let known = before.map(entries).unwrap_or_default();
    let new = after.kept().filter(|event| !known.contains(event.entry())).map(|event| {
        let row = Writer::new(VERSION).bytes(event.author().as_bytes()).bytes(event.entry());
        (event_key(group, event.entry()), Some(row.finish()))
    });
    let now = entries(after);
    let gone = known.difference(&now).map(|gone| (event_key(group, gone), None));
    unasked::write(shelf, &Chat::Group(group.clone()), new.chain(gone))
}

/// Forgets a group with all that was said in it.
pub(crate) fn forget(shelf: &mut Shelf<'_>, group: &GroupChatId) -> Result<(), StoreError> {
    let chat = Chat::Group(group.clone());
    forget_chat(shelf, &chat)?;
    shelf.delete(group_key(group));
    for (key, _) in events(shelf, group)? {
        shelf.delete(key);
    }
    unasked::end(shelf, &chat);
    Ok(())
}

/// The rows of a group's events.
pub(super) fn events(shelf: &Shelf<'_>, group: &GroupChatId) -> Result<Vec<Row>, StoreError> {
    shelf.scan(&events_of(group), None, MAX_EVENTS + MAX_SET_ASIDE)
}

/// The group that a `G` row is about.
pub(crate) fn group_in(key: &[u8]) -> Result<GroupChatId, StoreError> {
    group_of(key.get(1..).unwrap_or_default())
}

/// The group that a `g` row belongs to.
pub(crate) fn group_of_event(key: &[u8], row: &[u8]) -> Result<GroupChatId, StoreError> {
    let event = read_event(row)?;
    let group = Reader::read_key(WHAT, key, |r| {
        let group = group_of(r.sized()?).ok()?;
        (r.array::<32>()? == keccak256(&[event.entry()])).then_some(group)
    })?;
    Ok(group)
}

fn read_event(row: &[u8]) -> Result<MembershipEvent, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let author = UserId::from_compressed(&r.array::<33>()?).ok()?;
        MembershipEvent::known(author, r.rest()).ok()
    })
}

fn group_of(bytes: &[u8]) -> Result<GroupChatId, StoreError> {
    text(bytes).and_then(|text| text.parse().ok()).ok_or_else(damaged)
}

pub(crate) fn group_key(group: &GroupChatId) -> Vec<u8> {
    [&[GROUP], group.as_str().as_bytes()].concat()
}

fn events_of(group: &GroupChatId) -> Vec<u8> {
    let id = group.as_str().as_bytes();
    // Invariant: an id has at most `GroupChatId::MAX` bytes.
    let len = u16::try_from(id.len()).unwrap_or(u16::MAX);
    [&[EVENT], len.to_be_bytes().as_slice(), id].concat()
}

fn event_key(group: &GroupChatId, entry: &[u8]) -> Vec<u8> {
    [events_of(group), keccak256(&[entry]).to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use status_crypto::{Keyring, SecretKey};
    use status_layer::testing::Party;
    use status_payload::{Change, Clock};

    use super::*;

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_bytes(&[seed; 32]).unwrap()
    }

    fn climbing() -> (GroupChatId, Roster) {
        let id = GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", key(1).user()).unwrap();
        let made = Roster::create(&key(1), &id, "climbing", "", Clock::new(5)).unwrap();
        let add = Change::Add(vec![key(2).user(), key(3).user()]);
        (id, made.change(&key(1), &add, Clock::new(6)).unwrap())
    }

    #[test]
    fn a_group_is_kept_as_it_was() {
        let mut party = Party::new(1);
        let (id, roster) = climbing();
        let later = roster.change(&key(1), &Change::Rename("caving".into()), Clock::new(9)).unwrap();

        let read = party.run(|cx| {
            save_roster(&mut cx.shelf, None, &roster)?;
            let first = super::roster(&cx.shelf, &id)?;
            save_roster(&mut cx.shelf, Some(&roster), &later)?;
            Ok::<_, StoreError>([first, super::roster(&cx.shelf, &id)?])
        });

        assert_eq!(read.unwrap(), [Some(roster), Some(later)]);
    }

    #[test]
    fn every_standing_is_kept_as_it_was() {
        let mut party = Party::new(1);
        let (id, _) = climbing();
        let by = key(1).user();
        let all = [
            Standing::Active,
            Standing::Invited(by),
            Standing::Declined(by),
            Standing::Left,
            Standing::Missed(by),
        ];

        for kept in all {
            let read = party.run(|cx| {
                set_standing(&mut cx.shelf, &id, kept)?;
                standings(&cx.shelf)
            });

            assert_eq!(read.unwrap(), [(id.clone(), kept)]);
        }
    }

    #[test]
    fn nothing_is_left_of_a_group_that_is_forgotten() {
        let mut party = Party::new(1);
        let (id, roster) = climbing();

        let done = party.run(|cx| {
            set_standing(&mut cx.shelf, &id, Standing::Missed(key(1).user()))?;
            save_roster(&mut cx.shelf, None, &roster)?;
            forget(&mut cx.shelf, &id)
        });

        done.unwrap();
        assert_eq!(party.store.len(), 0);
    }

    #[test]
    fn a_group_without_its_creation_is_said_to_be_damaged() {
        let mut party = Party::new(1);
        let (id, roster) = climbing();

        let read = party.run(|cx| {
            save_roster(&mut cx.shelf, None, &roster)?;
            let creation = roster.events().first().unwrap().entry();
            cx.shelf.delete(event_key(&id, creation));
            super::roster(&cx.shelf, &id)
        });

        assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    }
}
