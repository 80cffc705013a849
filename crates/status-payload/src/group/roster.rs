//! Who is in a closed group, by its history.
//!
//! # One history
//!
//! Peers send with every change the whole list of events. A list is valid if, sorted by clock (events of
//! equal clock in the order of the list), each event is allowed by what stands before it, and the first is
//! the creation by whoever the chat id ends with. One event that is not allowed makes the list invalid, and
//! the message with it. So do deployed peers, and so does [`Roster::read`].
//!
//! # Two histories
//!
//! Members change a group at the same time: one removes Bob while Bob renames the group. Each list by itself
//! is valid, both together are not, since the rename comes after the removal. A deployed peer refuses
//! whichever list comes second, so that its members part for ever. Here the lists are joined:
//!
//! - What is known is a set of events, each of which came in a list that was valid by itself. The set only
//!   grows: joining two sets is their union.
//! - The standing of the group is a function of that set: the events are taken in the order of their clocks,
//!   those of equal clock in a fixed order of their kinds and then of their signatures, and an event that is
//!   not allowed when its turn comes is *set aside*: it stays in the set, and has no effect.
//!
//! Hence whoever knows the same set sees the same group, in whatever order the lists came.
//!
//! What is sent are the events in effect, [`Roster::entries`]: by construction a list that is valid by itself,
//! so that deployed peers can read it. What was set aside is not sent, and yet members agree once nobody has
//! news for another: take the first event, in that order, which is in effect for one and not for another. All
//! before it are in effect for both, so for both it is allowed. The first has sent it, so the other knows
//! it; then it is in effect for the other too.
//!
//! Where a joined list is valid as it is, all this is exactly what deployed peers do. Where it is not, a
//! deployed peer stays with the side that it knew first, as it would among its like. Events of equal
//! clock have no defined order among deployed peers; ours puts what lets people in before what shuts them out.

mod history;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use status_crypto::Keyring;
use status_layer::UserId;

use super::change::{Change, creation};
use super::event::Member;
use super::rules::{Refusal, Standing};
use super::{EventError, EventKind, GroupChatId, MembershipEvent};
use crate::Clock;
use history::{check_list, check_size, settle};

pub use history::{MAX_EVENTS, MAX_HISTORY, MAX_SET_ASIDE};

/// A closed group: its members, admins and looks, and the history that proves them.
///
/// Members who know the same events have the same roster, in whatever order they learnt of them, also when
/// some made changes at the same time that exclude each other; the source of this module says why.
///
/// ```
/// use status_crypto::{Keyring, SecretKey};
/// use status_payload::{Change, Clock, GroupChatId, Roster};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (alice, bob) = (SecretKey::from_bytes(&[0x11; 32])?, SecretKey::from_bytes(&[0x22; 32])?);
/// let chat = GroupChatId::new("0b0a6f3d-6d0e-4a53-9a4e-6f5c9d7f5b1e", alice.user())?;
///
/// let made = Roster::create(&alice, &chat, "climbing", "", Clock::new(1_590_000_000_000))?;
/// let ours = made.change(&alice, &Change::Add(vec![bob.user()]), Clock::new(1_590_000_000_000))?;
/// let theirs = Roster::read(&chat, &ours.entries())?;
///
/// assert!(theirs.is_member(&bob.user()) && !theirs.is_admin(&bob.user()));
/// assert!(theirs.would(&bob.user(), &Change::Remove(alice.user())).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Roster {
    chat: GroupChatId,
    standing: Standing,
    /// Events in effect, in the order in which they took effect.
    events: Vec<MembershipEvent>,
    /// Events that are known and have no effect.
    aside: Vec<MembershipEvent>,
}

/// Why a list of events is no history of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The first event is not the creation of the group by whoever its id names.
    #[error("the history does not begin with the creation of the group by whoever its id names")]
    Creation,
    /// An entry cannot be read.
    #[error("entry {index} of the history cannot be read: {why}")]
    Entry {
        /// Which entry of the list, from 0.
        index: usize,
        /// What is wrong with it.
        why: EventError,
    },
    /// An event is not allowed by what stands before it.
    #[error("event {index} of the history is not allowed: {why}")]
    Event {
        /// Which event, from 0, after sorting by clock.
        index: usize,
        /// Why not.
        why: Refusal,
    },
    /// The history has more events than are kept.
    #[error("the history has {len} events, at most {max} are kept")]
    TooManyEvents {
        /// How many there are.
        len: usize,
        /// Most that are kept.
        max: usize,
    },
    /// The history is longer than a message can carry.
    #[error("the history has {len} bytes, at most {max} are kept")]
    TooLarge {
        /// Length of all entries, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
}

impl Roster {
    /// Makes a group. The chat id must name the local user as creator; `color` may be empty.
    ///
    /// # Errors
    /// [`Refusal::NotTheCreator`] or [`Refusal::Empty`].
    pub fn create<K: Keyring + ?Sized>(
        keyring: &K,
        chat: &GroupChatId,
        name: &str,
        color: &str,
        clock: Clock,
    ) -> Result<Self, Refusal> {
        if chat.creator() != keyring.user() {
            return Err(Refusal::NotTheCreator);
        }
        let mut roster = Self::empty(chat.clone());
        roster.push(MembershipEvent::sign(keyring, chat, &creation(name, color, clock)?))?;
        Ok(roster)
    }

    /// Reads the history of a group that is not known yet, as it came in a message.
    ///
    /// # Errors
    /// [`RosterError`]: the message must be dropped as a whole.
    pub fn read(chat: &GroupChatId, entries: &[Vec<u8>]) -> Result<Self, RosterError> {
        let none = Self::empty(chat.clone());
        Self::build(chat, none.read_entries(entries)?)
    }

    /// Judges a list of events by itself, as deployed peers do.
    ///
    /// # Errors
    /// [`RosterError`], except [`RosterError::Entry`].
    pub fn build(chat: &GroupChatId, events: Vec<MembershipEvent>) -> Result<Self, RosterError> {
        check_size(&events)?;
        check_list(chat, &events)?;
        settle(chat.clone(), events)
    }

    /// Takes a group out of a store of one's own, that was put there with [`Roster::kept`], in any order.
    ///
    /// # Errors
    /// [`RosterError`] if these are not the events of a roster.
    pub fn restore(chat: &GroupChatId, events: Vec<MembershipEvent>) -> Result<Self, RosterError> {
        settle(chat.clone(), events)
    }

    /// The group after a message with the history `entries` came; `None` if it says nothing new. Signatures
    /// of events that are known already are not checked again.
    ///
    /// The history is judged by itself first: one event in it that is not allowed makes it wrong. Whether
    /// its sender is a member, and a contact, is not judged here.
    ///
    /// # Errors
    /// [`RosterError`]: the message must be dropped as a whole.
    pub fn receive(&self, entries: &[Vec<u8>]) -> Result<Option<Self>, RosterError> {
        // Nearly every message brings the history that is known.
        if entries.iter().map(Vec::as_slice).eq(self.events.iter().map(MembershipEvent::entry)) {
            return Ok(None);
        }
        let events = self.read_entries(entries)?;
        check_list(&self.chat, &events)?;
        let known = self.known();
        let fresh: Vec<_> = events.into_iter().filter(|event| !known.contains(event.entry())).collect();
        if fresh.is_empty() { Ok(None) } else { self.joined_with(fresh).map(Some) }
    }

    /// What whoever knows both rosters sees. For rosters of the same group the order does not matter; one
    /// of another group adds nothing.
    ///
    /// # Errors
    /// [`RosterError::TooManyEvents`] or [`RosterError::TooLarge`] if both together are too much.
    pub fn merge(&self, other: &Self) -> Result<Self, RosterError> {
        if self.chat != other.chat {
            return Ok(self.clone());
        }
        self.joined_with(other.kept().cloned().collect())
    }

    /// Whether `by` may make the change now.
    ///
    /// # Errors
    /// [`Refusal`]: why not.
    pub fn would(&self, by: &UserId, change: &Change) -> Result<(), Refusal> {
        change.event(by, self.next_clock(Clock::default())?, &self.standing).map(drop)
    }

    /// The group after a change by the local user, which the last of [`Roster::events`] is. Its clock is
    /// `clock`, or later if the group is ahead of that: no two changes of one's own have the same clock.
    ///
    /// The result is to be sent to the members; after a removal, to those before it.
    ///
    /// # Errors
    /// [`Refusal`]: why the change is not allowed.
    pub fn change<K: Keyring + ?Sized>(
        &self,
        keyring: &K,
        change: &Change,
        clock: Clock,
    ) -> Result<Self, Refusal> {
        let event = change.event(&keyring.user(), self.next_clock(clock)?, &self.standing)?;
        let mut roster = self.clone();
        roster.push(MembershipEvent::sign(keyring, &self.chat, &event))?;
        check_size(roster.kept()).map_err(|_| Refusal::Full)?;
        Ok(roster)
    }

    /// The group.
    #[must_use]
    pub const fn chat(&self) -> &GroupChatId {
        &self.chat
    }

    /// The members. Texts that are no key strings, which deployed peers count too, are left out.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.standing.members.iter().filter_map(Member::user)
    }

    /// The admins. Not all of them need be members.
    pub fn admins(&self) -> impl Iterator<Item = UserId> + '_ {
        self.standing.admins.iter().filter_map(Member::user)
    }

    /// The members who have said that they are in. Peers of 2024 make nothing of it.
    pub fn joined(&self) -> impl Iterator<Item = UserId> + '_ {
        self.standing.joined.iter().filter_map(Member::user)
    }

    /// Whether the user is a member.
    #[must_use]
    pub fn is_member(&self, user: &UserId) -> bool {
        self.standing.members.contains(&Member::User(*user))
    }

    /// Whether the user is an admin.
    #[must_use]
    pub fn is_admin(&self, user: &UserId) -> bool {
        self.standing.admins.contains(&Member::User(*user))
    }

    /// Whether somebody ever added the user, who may be gone since. Deployed peers take up an unknown group
    /// only if they have made it or this holds for them.
    #[must_use]
    pub fn was_added(&self, user: &UserId) -> bool {
        let adds = self.events.iter().filter(|event| event.kind() == EventKind::MembersAdded);
        adds.flat_map(MembershipEvent::members).any(|added| added == *user)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.standing.name
    }

    /// The colour, or empty.
    #[must_use]
    pub fn color(&self) -> &str {
        &self.standing.color
    }

    /// The picture, or empty.
    #[must_use]
    pub fn image(&self) -> &[u8] {
        &self.standing.image
    }

    /// The clock of the last event: the clock of the chat is to be raised to it.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.events.last().map_or_else(Clock::default, MembershipEvent::clock)
    }

    /// The events in effect, in the order in which they took effect.
    #[must_use]
    pub fn events(&self) -> &[MembershipEvent] {
        &self.events
    }

    /// The events that are in effect now and were not `before`.
    pub fn since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a MembershipEvent> {
        let known: BTreeSet<&[u8]> = before.events.iter().map(MembershipEvent::entry).collect();
        self.events.iter().filter(move |event| !known.contains(event.entry()))
    }

    /// The history to send with every message: a list that is valid by itself.
    #[must_use]
    pub fn entries(&self) -> Vec<Vec<u8>> {
        self.events.iter().map(|event| event.entry().to_vec()).collect()
    }

    /// All events that are known, also those without effect: what is to be stored.
    pub fn kept(&self) -> impl Iterator<Item = &MembershipEvent> {
        self.events.iter().chain(&self.aside)
    }

    /// A group that nobody has made yet.
    pub(crate) fn empty(chat: GroupChatId) -> Self {
        Self { chat, standing: Standing::default(), events: Vec::new(), aside: Vec::new() }
    }

    /// Adds an event behind all others, whatever its clock.
    pub(crate) fn push(&mut self, event: MembershipEvent) -> Result<(), Refusal> {
        self.standing.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    fn known(&self) -> BTreeSet<&[u8]> {
        self.kept().map(MembershipEvent::entry).collect()
    }

    fn joined_with(&self, mut events: Vec<MembershipEvent>) -> Result<Self, RosterError> {
        events.extend(self.kept().cloned());
        settle(self.chat.clone(), events)
    }

    /// Reads entries; those that are known are not verified again.
    fn read_entries(&self, entries: &[Vec<u8>]) -> Result<Vec<MembershipEvent>, RosterError> {
        history::check_entries(entries.iter().map(Vec::as_slice))?;
        let mut known: Vec<_> = self.kept().collect();
        known.sort_unstable_by_key(|event| event.entry());
        let read = |(index, entry): (usize, &Vec<u8>)| {
            match known.binary_search_by_key(&entry.as_slice(), |event| event.entry()) {
                Ok(at) => known.get(at).map(|event| Ok((*event).clone())),
                Err(_) => None,
            }
            .unwrap_or_else(|| MembershipEvent::read(&self.chat, entry))
            .map_err(|why| RosterError::Entry { index, why })
        };
        entries.iter().enumerate().map(read).collect()
    }

    /// A clock after all events, and not before `clock`. Were it before an event that is set aside, the
    /// change might bring that one back.
    fn next_clock(&self, clock: Clock) -> Result<Clock, Refusal> {
        let last = self.kept().map(MembershipEvent::clock).max().unwrap_or_default();
        let next = last.value().checked_add(1).ok_or(Refusal::Full)?;
        Ok(clock.max(Clock::new(next)))
    }
}

impl fmt::Debug for Roster {
    // Who is in a group, and what it is called, is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roster({} members, {} events)", self.standing.members.len(), self.events.len())
    }
}
