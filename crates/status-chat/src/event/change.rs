//! What becomes of messages after they were said.

use serde::{Deserialize, Serialize};
use status_layer::{MessageId, UserId};
use status_payload::{ReactionType, pin_id, reaction_id};

use super::Chat;
use crate::core::place;

/// How somebody feels about a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Feeling {
    /// A heart.
    Love,
    /// Thumbs up.
    ThumbsUp,
    /// Thumbs down.
    ThumbsDown,
    /// Laughter.
    Laugh,
    /// Tears.
    Sad,
    /// Anger.
    Angry,
}

/// How somebody reacts, or reacts no more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reaction {
    /// Where.
    pub chat: Chat,
    /// To which message, which may not be here yet.
    pub message: MessageId,
    /// Who.
    pub by: UserId,
    /// How.
    pub feeling: Feeling,
    /// Whether it was taken back.
    pub retracted: bool,
    /// The clock of the chat at which they said so.
    pub clock: u64,
}

/// A message that somebody keeps before the eyes of all, or does so no more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Pin {
    /// Where.
    pub chat: Chat,
    /// Which message, which may not be here yet.
    pub message: MessageId,
    /// Who.
    pub by: UserId,
    /// Whether it is pinned now.
    pub pinned: bool,
    /// The clock of the chat at which they said so.
    pub clock: u64,
}

impl Reaction {
    /// The id that deployed peers give it: of who, to which message, and how. Nothing if the user id is no key.
    #[must_use]
    pub fn id(&self) -> Option<[u8; 32]> {
        reaction_id(&self.by, &self.message.to_string(), self.feeling.on_the_wire()).ok()
    }
}

impl Pin {
    /// The id that deployed peers give it: of which message, and where. `us` is who we are. Nothing if a user id is no key.
    #[must_use]
    pub fn id(&self, us: &UserId) -> Option<[u8; 32]> {
        pin_id(&self.message, &place(&self.chat), us).ok()
    }
}

impl Feeling {
    /// All there are, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Love, Self::ThumbsUp, Self::ThumbsDown, Self::Laugh, Self::Sad, Self::Angry];

    /// The number on the wire, which is also that in rows.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Love => 1,
            Self::ThumbsUp => 2,
            Self::ThumbsDown => 3,
            Self::Laugh => 4,
            Self::Sad => 5,
            Self::Angry => 6,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|feeling| feeling.number() == number)
    }

    pub(crate) fn on_the_wire(self) -> ReactionType {
        ReactionType::from(i32::from(self.number()))
    }

    pub(crate) fn of(sort: ReactionType) -> Option<Self> {
        Self::from_number(u8::try_from(sort.number()).ok()?)
    }
}
