//! One change of a closed group, signed by whoever made it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use status_crypto::{Keyring, Signature, keccak256};
use status_layer::UserId;

use super::{GroupChatId, read_key_string};
use crate::Clock;
use crate::generated::MembershipUpdateEvent;
use crate::wire::{Malformed, Mirror, parse, print};

numbers! {
    /// What an event changes.
    pub enum EventKind {
        /// Not said; no group may hold it.
        Unset = 0,
        /// The group is made; its author is the first member and admin.
        Created = 1,
        /// Another name.
        Renamed = 2,
        /// New members.
        MembersAdded = 3,
        /// A member says that they are in.
        Joined = 4,
        /// A member is removed, or leaves.
        MemberRemoved = 5,
        /// New admins.
        AdminsAdded = 6,
        /// An admin is no admin any more.
        AdminRemoved = 7,
        /// Another colour.
        Recolored = 8,
        /// Another picture.
        NewPicture = 9,
    }
}

impl Mirror for MembershipUpdateEvent {
    type Wire = Self;

    fn from_wire(wire: Self) -> Result<Self, Malformed> {
        Ok(wire)
    }

    fn to_wire(&self) -> Self {
        self.clone()
    }
}

/// Length of the signature at the head of an entry, in bytes.
const SIGNATURE: usize = 65;

/// A change of a closed group, by whoever signed it. Whether they may make it, only a whole history tells:
/// see [`Roster`](crate::Roster).
#[derive(Clone, Eq, PartialEq)]
pub struct MembershipEvent {
    pub(super) author: UserId,
    pub(super) deed: Deed,
    entry: Vec<u8>,
}

/// What an event says, without who says it.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Deed {
    pub(super) clock: Clock,
    pub(super) kind: EventKind,
    pub(super) members: Vec<Member>,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) image: Vec<u8>,
}

/// Somebody whom an event names. Deployed peers compare members as texts, and take any text for one: a text
/// that is no key string counts in the rules, though nobody can be reached under it.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Member {
    User(UserId),
    Text(String),
}

/// Why an entry is no event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// Nothing follows the signature.
    #[error("an entry is a signature of 65 bytes and an event, this has {len} bytes")]
    Short {
        /// Length found, in bytes.
        len: usize,
    },
    /// No key can have made the signature.
    #[error("the signature of the event is damaged; nobody can have made it")]
    Signature,
    /// What follows the signature is no encoded event, or has too many fields.
    #[error("what follows the signature is no encoded event")]
    Malformed,
}

impl MembershipEvent {
    /// Reads an entry of [`MembershipUpdateMessage::events`](crate::MembershipUpdateMessage::events): 65 bytes
    /// of signature, then the encoded event. The author is whoever can have signed it for this group: an entry
    /// of another group, or one that was changed, reads as an event of somebody unknown.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn read(chat: &GroupChatId, entry: &[u8]) -> Result<Self, EventError> {
        Self::read_under(chat.as_str(), entry)
    }

    /// Reads an entry under any text in place of the chat id.
    pub(crate) fn read_under(chat: &str, entry: &[u8]) -> Result<Self, EventError> {
        let (signature, event) = split(entry)?;
        let digest = digest(chat, event);
        let signature = Signature::from_bytes(signature).map_err(|_| EventError::Signature)?;
        let author = signature.recover(&digest).map_err(|_| EventError::Signature)?;
        Ok(Self { author: author.user(), deed: Deed::read(event)?, entry: entry.to_vec() })
    }

    /// Takes an entry whose author was found by [`MembershipEvent::read`] before, from a store of one's own:
    /// the signature is not looked at again.
    ///
    /// # Errors
    /// [`EventError::Short`] or [`EventError::Malformed`].
    pub fn known(author: UserId, entry: &[u8]) -> Result<Self, EventError> {
        let (_, event) = split(entry)?;
        Ok(Self { author, deed: Deed::read(event)?, entry: entry.to_vec() })
    }

    /// Signs an event of one's own.
    pub(super) fn sign<K: Keyring + ?Sized>(
        keyring: &K,
        chat: &GroupChatId,
        event: &MembershipUpdateEvent,
    ) -> Self {
        let bytes = print(event);
        let signature = keyring.sign(&digest(chat.as_str(), &bytes));
        let entry = [signature.as_bytes(), bytes.as_slice()].concat();
        Self { author: keyring.user(), deed: Deed::of(event.clone()), entry }
    }

    /// Lamport clock of the group: the order of events.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.deed.clock
    }

    /// What it changes.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.deed.kind
    }

    /// The users whom it names, as often as it names them. Texts that are no key strings are left out.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.deed.members.iter().filter_map(Member::user)
    }

    /// The name that it gives, or empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.deed.name
    }

    /// The colour that it gives, or empty.
    #[must_use]
    pub fn color(&self) -> &str {
        &self.deed.color
    }

    /// The picture that it gives, or empty.
    #[must_use]
    pub fn image(&self) -> &[u8] {
        &self.deed.image
    }

    /// Whoever signed it.
    #[must_use]
    pub const fn author(&self) -> UserId {
        self.author
    }

    /// The signature, 65 bytes: what events are known by.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.entry.get(..SIGNATURE).unwrap_or_default()
    }

    /// The entry as it travels: the signature, then the event as its author encoded it.
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }
}

impl Deed {
    fn read(event: &[u8]) -> Result<Self, EventError> {
        let event = parse(event).map_err(|_| EventError::Malformed)?;
        Ok(Self::of(event))
    }

    pub(super) fn of(event: MembershipUpdateEvent) -> Self {
        let MembershipUpdateEvent { clock, members, name, r#type: kind, color, image } = event;
        let (clock, kind) = (Clock::new(clock), EventKind::from(kind));
        Self { clock, kind, members: members.into_iter().map(Member::of).collect(), name, color, image }
    }
}

impl Member {
    fn of(text: String) -> Self {
        read_key_string(&text).map_or(Self::Text(text), Self::User)
    }

    pub(super) const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(*user),
            Self::Text(_) => None,
        }
    }
}

/// The clock of an entry, whoever signed it.
pub(crate) fn clock_of(entry: &[u8]) -> Result<Clock, EventError> {
    Ok(Deed::read(split(entry)?.1)?.clock)
}

fn split(entry: &[u8]) -> Result<(&[u8], &[u8]), EventError> {
    match entry.split_at_checked(SIGNATURE) {
        Some((signature, event)) if !event.is_empty() => Ok((signature, event)),
        _ => Err(EventError::Short { len: entry.len() }),
    }
}

/// What is signed: Keccak-256 of the text of the chat id and the encoded event.
fn digest(chat: &str, event: &[u8]) -> [u8; 32] {
    keccak256(&[chat.as_bytes(), event])
}

impl fmt::Debug for MembershipEvent {
    // Who is in a group, and what it is called, is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MembershipEvent({:?}, {:?})", self.deed.kind, self.deed.clock)
    }
}
