//! What crosses the seams. Two ladders, one rung a layer, each rung knowing less than the one above it:
//!
//! - data: [`Body`] → [`Datagram`] → [`Sealed`] (in a [`Parcel`]) → [`Frame`]
//! - address: [`Audience`] → [`Recipient`] → [`Rendezvous`] → [`Topic`]

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{DeviceId, GroupId, MessageId, Name, Secret, Timestamp, UserId};

/// Who should read: the address that chat gives to data sync.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Audience {
    /// One person, on all their devices.
    User(UserId),
    /// The members of a closed chat.
    Group(GroupId),
    /// Whoever listens to a public channel.
    Channel(Name),
}

/// One reader: the address that data sync gives to security.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Recipient {
    /// One person, on all their devices.
    User(UserId),
    /// Whoever listens at a public name.
    Channel(Name),
}

/// Where sender and reader will look: the address that security gives to privacy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rendezvous {
    /// Where anybody can leave something for a user; only they can open it.
    Inbox(UserId),
    /// A place known by a string; whoever knows the string can open what is left there.
    Named(Name),
    /// A place that two users agreed on; 32 secret bytes.
    Shared(Secret),
}

/// What the network sees of an address. Equal rendezvous give equal topics.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Topic(String);

impl Topic {
    /// Takes the text under which the network knows the topic.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text under which the network knows the topic.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Signed chat content, opaque below the payload layer.
#[derive(Clone, Eq, PartialEq)]
pub struct Body {
    bytes: Vec<u8>,
    kind: Kind,
}

/// What a body is for data sync. It does not travel: of what arrives, only the content says what it is.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Ordinary,
    Introduction,
    Passing,
}

impl Body {
    /// Wraps encoded content.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, kind: Kind::Ordinary }
    }

    /// Wraps encoded content that may begin a conversation: a contact request.
    #[must_use]
    pub const fn introduction(bytes: Vec<u8>) -> Self {
        Self { bytes, kind: Kind::Introduction }
    }

    /// Wraps encoded content of the moment, such as "is typing": it is sent once, neither kept nor acknowledged.
    #[must_use]
    pub const fn passing(bytes: Vec<u8>) -> Self {
        Self { bytes, kind: Kind::Passing }
    }

    /// Whether it was wrapped as an [`introduction`](Self::introduction). It does not travel: of what arrives, only the
    /// content says what it is.
    #[must_use]
    pub const fn introduces(&self) -> bool {
        matches!(self.kind, Kind::Introduction)
    }

    /// Whether it was wrapped as [`passing`](Self::passing).
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self.kind, Kind::Passing)
    }

    /// The encoded content.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encoded content, by value.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.bytes.len())
    }
}

/// What data sync wants one recipient to get: plaintext for security.
#[derive(Clone, Eq, PartialEq)]
pub struct Datagram {
    /// The reader. On the way up: ourselves, or the channel it was read in.
    pub to: Recipient,
    /// For a user the data sync payload, for a channel the bare body.
    pub bytes: Vec<u8>,
    /// On the way down: whether it carries introductions and nothing else, so that a policy may let it go out before the
    /// keys of the reader's devices are known. On the way up: `false`.
    pub introduces: bool,
    /// On the way down: the messages in it, as they were named when they were appended. On the way up: none.
    pub carries: Vec<MessageId>,
}

impl Datagram {
    /// A datagram that is no introduction and carries no message.
    #[must_use]
    pub const fn new(to: Recipient, bytes: Vec<u8>) -> Self {
        Self { to, bytes, introduces: false, carries: Vec::new() }
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Datagram({:?}, {} bytes)", self.to, self.bytes.len())
    }
}

/// The output of security: nothing private can be read from it.
#[derive(Clone, Eq, PartialEq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Wraps bytes that security made, or that privacy took out of a frame.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Sealed bytes and where they are left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parcel {
    /// The place.
    pub meet: Rendezvous,
    /// What is left there.
    pub sealed: Sealed,
    /// On the way down: the user as whom the envelope is to be signed, if any. On the way up: the user whose
    /// signature the envelope bears. Good for finding a session; what proves the author is [`Sender::proof`].
    pub hint: Option<UserId>,
}

/// What the network carries.
#[derive(Clone, Eq, PartialEq)]
pub struct Frame {
    /// The label by which nodes choose what to carry and keep.
    pub topic: Topic,
    /// When it was wrapped; millisecond precision, part of what makes the frame's bytes on the wire.
    pub at: Timestamp,
    /// The envelope.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} at {}, {} bytes)", self.topic.as_str(), self.at.millis(), self.bytes.len())
    }
}

/// A datagram that was opened, with who sent it and how well it was sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Letter {
    /// Whoever sent it.
    pub from: Sender,
    /// How it was sealed.
    pub grade: Grade,
    /// What they sent.
    pub datagram: Datagram,
}

/// Whoever sent something, and what vouches for that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sender {
    /// The person.
    pub user: UserId,
    /// Their device, if it is known.
    pub device: Option<DeviceId>,
    /// What vouches for `user`.
    pub proof: Proof,
}

/// What vouches for a sender.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proof {
    /// Only they share the keys of the session that opened it.
    Session,
    /// They signed exactly these bytes.
    Signature,
    /// They signed the envelope, which says nothing of who made its content.
    Hint,
}

/// How well something was sealed; applications may show it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Grade {
    /// Readable for whoever knows the place where it was left: public channels.
    Clear,
    /// Sealed to the long-lived identity key: confidential, not forward secret.
    Static,
    /// Sealed with a key that exists for one message: confidential and forward secret.
    Ratcheted,
}

/// What security wants to go out, and places to begin or stop listening at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outgoing {
    /// In the order in which they should leave.
    pub parcels: Vec<Parcel>,
    /// Changes of the places to listen at.
    pub meet: Vec<(Rendezvous, Interest)>,
}

impl Outgoing {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty() && self.meet.is_empty()
    }

    /// Puts what `other` wants behind what this one wants.
    pub fn extend(&mut self, other: Self) {
        self.parcels.extend(other.parcels);
        self.meet.extend(other.meet);
    }
}

/// What came out of a parcel, and what security wants sent because of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Opened {
    /// Zero letters is fine: a parcel may carry keys alone.
    pub mail: Vec<Letter>,
    /// Goes out in the same step.
    pub then: Outgoing,
    /// Whether a session took a new key agreement out of it (a turn of an asymmetric ratchet); for who counts.
    pub turned: bool,
    /// What the application should know of it besides the mail.
    pub notices: Vec<Notice>,
}

/// What an application should know of keys and devices.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Notice {
    /// A user wrote something that this device has no key for: they know other devices of ours, or have lost a session.
    /// They are told our keys; what they wrote is resent with keys that fit.
    Unreadable {
        /// The user.
        from: UserId,
    },
    /// A user has a device that we had not heard of.
    NewDevice {
        /// The user; ourselves if it is a device of our own.
        user: UserId,
        /// The device.
        device: DeviceId,
        /// Whether it is written to from now on. One of our own may have to be confirmed first, with
        /// [`Security::pair`](crate::Security::pair).
        joined: bool,
    },
    /// A user has removed a device of theirs; it is written to no more.
    RemovedDevice {
        /// The user; ourselves if it is a device of our own.
        user: UserId,
        /// The device; it may be this one.
        device: DeviceId,
    },
}

/// Whether to listen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Interest {
    /// Begin, or go on.
    Listen,
    /// Stop.
    Ignore,
}

/// What is due now, and when to ask again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Due<T> {
    /// To be done at once.
    pub now: T,
    /// The next moment at which something may be due; `None` if only an input can make it so.
    pub next: Option<Timestamp>,
}

/// What data sync wants done at one moment, and what that moment brought.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Round {
    /// To be sent, in this order.
    pub datagrams: Vec<Datagram>,
    /// What is to be told although no letter came: [`Arrival::GaveUp`], and bodies that waited long enough.
    pub arrivals: Vec<Arrival>,
}

/// What data sync has to tell.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Arrival {
    /// A body, seen for the first time.
    Body {
        /// Whoever sent it.
        from: Sender,
        /// How it was sealed.
        grade: Grade,
        /// Ourselves, or the channel it was read in.
        to: Recipient,
        /// The content.
        body: Body,
    },
    /// A body that was here before; nothing is to be done but to count it.
    Again {
        /// Whoever sent it.
        from: UserId,
    },
    /// A user confirmed that a message is stored on one of their devices.
    Acked {
        /// The message, as it was named when it was appended.
        id: MessageId,
        /// The user.
        by: UserId,
        /// Which of their devices, if it is known. Each is told once; what was given up may be confirmed still.
        device: Option<DeviceId>,
    },
    /// A message was not confirmed for so long that it is sent no more.
    GaveUp {
        /// The message, as it was named when it was appended.
        id: MessageId,
        /// Who did not confirm it.
        to: UserId,
    },
    /// Messages are missing that a user sent, or knew, before one that is here. They have been asked for.
    Gap {
        /// The user.
        from: UserId,
        /// How many are missing at least.
        missing: usize,
    },
    /// A user says which messages of a chat they can give. Data sync does not ask for them: they are named as chats name
    /// them.
    Offered {
        /// The user.
        from: UserId,
        /// The chat, as they name it.
        chat: Vec<u8>,
        /// The messages.
        ids: Vec<MessageId>,
    },
}

/// A wish for what was published while we were away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct History {
    /// The topics of interest.
    pub topics: Vec<Topic>,
    /// The first moment of interest.
    pub since: Timestamp,
}

impl History {
    /// Whether it asks for all of these topics, since that time or longer.
    #[must_use]
    pub fn covers(&self, topics: &[Topic], since: Timestamp) -> bool {
        let asked: BTreeSet<&Topic> = self.topics.iter().collect();
        self.since <= since && topics.iter().all(|topic| asked.contains(topic))
    }

    /// Both wishes in one, if there are any. It may ask for more than they did.
    #[must_use]
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (mut all, more) = match (one, other) {
            (Some(one), Some(other)) => (one, other),
            (one, other) => return one.or(other),
        };
        all.since = all.since.min(more.since);
        all.topics.extend(more.topics);
        all.topics.sort();
        all.topics.dedup();
        Some(all)
    }
}
