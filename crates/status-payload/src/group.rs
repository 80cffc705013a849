//! Closed groups.

mod change;
mod event;
mod id;
mod key_string;
mod roster;
mod rules;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::generated::membership_update_message::ChatEntity;
use crate::wire::{Malformed, Mirror, parse, print};
use crate::{ChatMessage, Clock, EmojiReaction};

pub use change::{Change, MAX_MEMBERS};
pub(crate) use event::clock_of;
pub use event::{EventError, EventKind, MembershipEvent};
pub use id::{GroupChatId, GroupChatIdError};
pub(crate) use key_string::{KEY_STRING, read_key_string};
pub use roster::{MAX_EVENTS, MAX_HISTORY, MAX_SET_ASIDE, Roster, RosterError};
pub use rules::Refusal;

numbers! {
    /// How far a wish to join a closed group has come.
    pub enum InvitationState {
        /// Not said.
        Unset = 0,
        /// Asked.
        Request = 1,
        /// Refused.
        Rejected = 2,
        /// Granted.
        Approved = 3,
    }
}

mirror! {
    /// A change of a closed group, or a message in it, with the history that proves who is in the group.
    pub struct MembershipUpdateMessage {
        /// The group.
        pub chat_id: String,
        /// Each: 65 bytes of signature, then the encoded event; see [`Roster`].
        pub events: Vec<Vec<u8>>,
        /// What is said in the group, if anything.
        pub chat_entity: Option<GroupContent>,
    }

    /// Somebody asks to join a closed group, or is answered.
    pub struct GroupChatInvitation {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// The group.
        pub chat_id: String,
        /// What they say about themselves.
        pub introduction_message: String,
        /// How far it has come.
        pub state: InvitationState,
    }
}

/// What is said in a closed group. Its id and author are those of the message around it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GroupContent {
    /// What somebody says.
    Message(Box<ChatMessage>),
    /// A reaction to a message.
    Reaction(EmojiReaction),
}

impl Mirror for GroupContent {
    type Wire = ChatEntity;

    fn from_wire(wire: ChatEntity) -> Result<Self, Malformed> {
        match wire {
            ChatEntity::Message(bytes) => parse(&bytes).map(Self::Message),
            ChatEntity::EmojiReaction(bytes) => parse(&bytes).map(Self::Reaction),
        }
    }

    fn to_wire(&self) -> ChatEntity {
        match self {
            Self::Message(message) => ChatEntity::Message(print(message)),
            Self::Reaction(reaction) => ChatEntity::EmojiReaction(print(reaction)),
        }
    }
}
