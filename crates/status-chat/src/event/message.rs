//! Messages, and how far those of ours have come.

use std::fmt;

use serde::{Deserialize, Serialize};
use status_layer::{Grade, MessageId, Timestamp, UserId};
use status_stack::Way;

use super::Chat;
use super::kind::{Deleted, Edited, Kind, Mention, Preview};

/// A message.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Names it everywhere.
    pub id: MessageId,
    /// Where it was said.
    pub chat: Chat,
    /// Who said it.
    pub from: UserId,
    /// The name that its author gives themselves, or nothing. Others may use the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Kind::is_text")]
    pub kind: Kind,
    /// What was said; for a picture, what stands beneath it.
    pub text: String,
    /// Who is named in the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// What its author says of links in the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Preview>,
    /// The message that it answers, which may not be here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageId>,
    /// Its last change by its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// That it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deleted>,
    /// Its place in the order of the chat: a Lamport clock in milliseconds.
    pub clock: u64,
    /// When its author says that it was sent.
    pub sent_at: Timestamp,
    /// How well it was sealed on its way. For messages of our own: how private the chat is at least.
    pub grade: Grade,
    /// Whether another device of ours has told it, because this one was not there when it was said. Then it is as genuine as
    /// that device is honest: the signature of its author was checked there, and is kept nowhere.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retold: bool,
    /// How far it has come, if it is ours and was said here; `None` for messages of others.
    pub stage: Option<Stage>,
    /// Bytes at each layer on its way up to us; `None` for messages of our own and those read from history.
    pub way: Option<Journey>,
}

/// How far a message of ours has come. Each stage follows from a fact, and none is taken back, except that what was given up
/// may be confirmed late.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
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
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Journey {
    /// The text.
    pub text: usize,
    /// The signed body.
    pub body: usize,
    /// From data sync to the network.
    #[serde(with = "Layers")]
    pub layers: Way,
}

/// How a [`Way`] is written.
#[derive(Deserialize, Serialize)]
#[serde(remote = "Way")]
struct Layers {
    datagram: usize,
    sealed: usize,
    frame: usize,
}

impl Message {
    /// A text as somebody sent it in a chat, of which nothing else is known: sealed as well as one-to-one messages are.
    #[must_use]
    pub fn new(id: MessageId, chat: Chat, from: UserId, text: impl Into<String>, clock: u64) -> Self {
        let text = text.into();
        Self {
            id,
            chat,
            from,
            name: String::new(),
            kind: Kind::Text,
            mentions: Mention::all(&text),
            text,
            links: Vec::new(),
            answers: None,
            edited: None,
            deleted: None,
            clock,
            sent_at: Timestamp::from_millis(clock),
            grade: Grade::Ratcheted,
            retold: false,
            stage: None,
            way: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
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
