//! What a client tells its application.

use std::fmt;
use std::str::FromStr;

use status_crypto::text;
use status_layer::{DeviceId, Grade, MessageId, Name, Notice, Timestamp, Traffic, UserId};
use status_stack::Way;

use crate::error::SendError;

/// A conversation.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Chat {
    /// With one person.
    User(UserId),
    /// In public.
    Channel(Name),
}

/// A text message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Names it everywhere.
    pub id: MessageId,
    /// Where it was said.
    pub chat: Chat,
    /// Who said it.
    pub from: UserId,
    /// What was said.
    pub text: String,
    /// Its place in the order of the chat: a Lamport clock in milliseconds.
    pub clock: u64,
    /// When its author says that it was sent.
    pub sent_at: Timestamp,
    /// How well it was sealed on its way. For messages of our own: how private the chat is at least.
    pub grade: Grade,
    /// How far it has come, if it is ours; `None` for messages of others.
    pub stage: Option<Stage>,
    /// Bytes at each layer on its way up to us; `None` for messages of our own and those read from history.
    pub way: Option<Journey>,
}

/// How far a message of ours has come. Each stage follows from a fact, and none is taken back, except that what was given up
/// may be confirmed late.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// It is kept here, durably, and goes out as soon as somebody carries it.
    Queued,
    /// The network has taken it. In a channel this is as much as is known of most messages.
    Published,
    /// Nodes that keep history have it.
    Stored,
    /// Readers have acknowledged it: it is stored on a device of each of them.
    Delivered {
        /// How many readers have.
        to: u32,
        /// How many there are.
        of: u32,
    },
    /// Not all readers acknowledged it within 30 days. It is sent no more.
    GaveUp {
        /// How many readers have acknowledged it.
        to: u32,
        /// How many there are.
        of: u32,
    },
}

/// The sizes of a message at each layer, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Journey {
    /// The text.
    pub text: usize,
    /// The signed body.
    pub body: usize,
    /// From data sync to the network.
    pub layers: Way,
}

/// Something that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A message arrived, for the first and only time.
    Message(Message),
    /// A user has our message: it is stored on one of their devices.
    Delivered {
        /// The message.
        id: MessageId,
        /// The user.
        by: UserId,
        /// Which of their devices, if it is known. Each is told once.
        device: Option<DeviceId>,
    },
    /// A message of ours has come one stage further, see [`Message::stage`].
    Stage {
        /// The message.
        id: MessageId,
        /// How far it has come now.
        stage: Stage,
    },
    /// Messages of a user are missing before one that arrived. They were asked for.
    Gap {
        /// The user.
        from: UserId,
        /// How many are missing at least.
        missing: usize,
    },
    /// Content arrived that this version does not show.
    Unsupported {
        /// Who sent it.
        from: UserId,
        /// The number of its type.
        kind: u32,
    },
    /// Something that arrived was refused, or something of ours is delayed. Nothing is lost by it.
    Refused(Refused),
    /// Something about keys and devices.
    Notice(Notice),
    /// The home is an older copy of itself, or was copied: what was said since then is missing from it, and conversations
    /// go on with new keys. The first event of a client, if it comes.
    PutBack,
    /// Whether somebody is connected who carries our traffic.
    Online(bool),
    /// What was said while we were away comes in from nodes that keep it. Told again and again while it does.
    Fetching {
        /// Messages of the network that came so far, whether they are for us, and new, or not.
        messages: u64,
        /// What went over the wire for it, in bytes.
        bytes: u64,
    },
    /// Nodes that keep history have given all that they have.
    Fetched,
    /// The application was too slow and missed events. All messages are in [`Client::history`](crate::Client::history).
    Missed {
        /// How many.
        count: u64,
    },
    /// Our own side failed in one step; that step left no trace.
    Failed {
        /// How.
        why: String,
    },
}

/// A refusal, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused {
    /// Who refused.
    pub layer: String,
    /// Why.
    pub why: String,
}

/// What a client has done since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Messages of ours that were committed.
    pub sent: u64,
    /// Messages that arrived.
    pub received: u64,
    /// Acknowledgements that arrived.
    pub acked: u64,
    /// Copies that were recognised.
    pub copies: u64,
    /// Times that an asymmetric ratchet turned because of what arrived.
    pub turns: u64,
    /// Parcels that carried keys alone: announcements of other users.
    pub keys: u64,
    /// Frames given to the network.
    pub frames_out: u64,
    /// Bytes in these frames.
    pub bytes_out: u64,
    /// Frames taken from the network that were for us.
    pub frames_in: u64,
    /// Bytes in these frames.
    pub bytes_in: u64,
    /// Commits to the store.
    pub commits: u64,
    /// Frames that wait to be published.
    pub waiting: u64,
    /// What went through our node.
    pub traffic: Traffic,
}

impl Tally {
    /// Adds what one step counted.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            sent,
            received,
            acked,
            copies,
            turns,
            keys,
            frames_out,
            bytes_out,
            frames_in,
            bytes_in,
            commits,
            ..
        } = other;
        self.sent += sent;
        self.received += received;
        self.acked += acked;
        self.copies += copies;
        self.turns += turns;
        self.keys += keys;
        self.frames_out += frames_out;
        self.bytes_out += bytes_out;
        self.frames_in += frames_in;
        self.bytes_in += bytes_in;
        self.commits += commits;
    }
}

impl Stage {
    /// How many readers have acknowledged it, and of how many that is known.
    #[must_use]
    pub const fn readers(self) -> Option<(u32, u32)> {
        match self {
            Self::Delivered { to, of } | Self::GaveUp { to, of } => Some((to, of)),
            _ => None,
        }
    }

    /// Whether all readers have acknowledged it.
    #[must_use]
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::Delivered { to, of } if to >= of)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("queued"),
            Self::Published => f.write_str("published"),
            Self::Stored => f.write_str("stored"),
            Self::Delivered { to: 1, of: 1 } => f.write_str("delivered"),
            Self::Delivered { to, of } => write!(f, "delivered to {to} of {of}"),
            Self::GaveUp { to: 0, .. } => f.write_str("not delivered, given up"),
            Self::GaveUp { to, of } => write!(f, "delivered to {to} of {of}, given up"),
        }
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(&text::compressed_key(user)),
            Self::Channel(name) => write!(f, "#{name}"),
        }
    }
}

impl FromStr for Chat {
    type Err = SendError;

    /// Reads `#channel`, or a user's key in any of its forms.
    fn from_str(input: &str) -> Result<Self, SendError> {
        let nobody = || SendError::Nobody(input.chars().take(64).collect());
        if let Some(name) = input.strip_prefix('#') {
            return channel(name).map(Self::Channel).ok_or_else(nobody);
        }
        text::parse_user(input).map(Self::User).map_err(|_| nobody())
    }
}

impl TryFrom<&str> for Chat {
    type Error = SendError;

    fn try_from(input: &str) -> Result<Self, SendError> {
        input.parse()
    }
}

impl From<UserId> for Chat {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

/// Reads the name of a public channel: letters a–z, digits and hyphens.
///
/// Spec: 2/ACCOUNT, "Public chats".
fn channel(name: &str) -> Option<Name> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    Name::new(name).ok().filter(|name| name.as_str().chars().all(legal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB";

    #[test]
    fn a_chat_reads_as_it_is_written() {
        for text in [KEY, "#status", "#a-1"] {
            assert_eq!(text.parse::<Chat>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_nobody_is_refused_and_quoted() {
        for text in ["", "#", "status", "#No", "#a b", "0x04", &KEY[1..], &format!("#{}", "x".repeat(600))] {
            let refused = text.parse::<Chat>();

            assert!(matches!(refused, Err(SendError::Nobody(_))), "{text}: {refused:?}");
        }
    }
}
