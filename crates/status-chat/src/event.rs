//! What a client tells its application.

mod change;
mod chat;
mod contact;
mod group;
mod kind;
mod message;
mod own;
mod push;
mod tally;

use serde::{Deserialize, Serialize};
use status_layer::{DeviceId, MessageId, Notice, Timestamp, UserId};
use status_payload::GroupChatId;

use crate::devices::{HistoryProgress, OwnDevice};

pub use change::{Feeling, Pin, Reaction};
pub use chat::Chat;
pub use contact::ContactChange;
pub use group::{Group, GroupChange, Member, Membership, Role};
pub use kind::{
    Album, AudioFormat, Deleted, Edited, ImageFormat, Kind, Mention, Mentioned, Picture, Preview, Recording,
    Relayed, Sticker,
};
pub use message::{Journey, Message, Stage};
pub use own::OwnChange;
pub use push::{PushRefusal, PushState};
pub use tally::Tally;

/// Something that happened.
///
/// Events are written as JSON under these names, by applications and in the home; what older versions wrote is read by newer
/// ones.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Event {
    /// A message arrived, for the first and only time.
    Message(Message),
    /// A message has another text now, as it is here.
    Changed(Message),
    /// A message is gone for everybody.
    Deleted {
        /// Where it was said.
        chat: Chat,
        /// The message.
        id: MessageId,
        /// Who deleted it.
        by: UserId,
    },
    /// Somebody reacts to a message, or reacts no more.
    Reaction(Reaction),
    /// Somebody pinned a message, or pins it no more.
    Pinned(Pin),
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
    /// Something happened in a closed group. What we do on this device is not told.
    Group {
        /// The group.
        group: GroupChatId,
        /// Who did it.
        by: UserId,
        /// What.
        change: GroupChange,
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
    /// Another device of ours has joined or left a chat, and so do we.
    Part {
        /// The chat.
        chat: Chat,
        /// Whether we take part now.
        joined: bool,
    },
    /// A chat was read on another device of ours.
    Read {
        /// The chat.
        chat: Chat,
        /// The clock of the last message that was read.
        clock: u64,
    },
    /// A message was deleted for us alone on another device of ours, and is in no history here any more.
    Hidden {
        /// Where it was said.
        chat: Chat,
        /// The message.
        id: MessageId,
    },
    /// A chat was emptied for us alone on another device of ours, and is so here.
    Cleared {
        /// The chat.
        chat: Chat,
        /// The clock of the last message that is gone.
        clock: u64,
    },
    /// Something of our own was changed on another device of ours.
    Own(OwnChange),
    /// History comes in from another device of ours, as it was asked to with
    /// [`request_history`](crate::Devices::request_history). Of its messages only this is told.
    History(HistoryProgress),
    /// How it is with another device of our own: it was taken in or out, or has another name.
    Device(OwnDevice),
    /// What a notification server answers to what this device asked of it, or that it never did; see [`Client::push`](crate::Client::push).
    Push {
        /// The key of the server.
        server: UserId,
        /// How it stands.
        state: PushState,
    },
    /// Something about keys and devices.
    Notice(Notice),
    /// Something about a person.
    Contact {
        /// Who.
        user: UserId,
        /// What.
        change: ContactChange,
        /// When the user made sure that the key is theirs, if they did.
        verified_since: Option<Timestamp>,
    },
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

impl Event {
    /// Whether it matters to those who were not there when it happened: such events are kept for
    /// [`Stream`](crate::Stream)s. What strangers can cause at no cost, and what left no trace, is not.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        !matches!(
            self,
            Self::Online(_)
                | Self::Fetching { .. }
                | Self::Fetched
                | Self::History(HistoryProgress { done: false, .. })
                | Self::Missed { .. }
                | Self::Refused(_)
                | Self::Unsupported { .. }
                | Self::Contact { change: ContactChange::Forgotten, .. }
                | Self::Failed { .. }
        )
    }
}

/// A refusal, in words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refused {
    /// Who refused.
    pub layer: String,
    /// Why.
    pub why: String,
}

#[cfg(test)]
mod tests;
