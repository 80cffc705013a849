//! What is known of a person.

use status_identity::short_key;
use status_layer::{Grade, MessageId, Timestamp, UserId};
use status_payload::ContactState;

/// A person, as far as the user has to do with them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub user: UserId,
    /// How the two stand.
    pub state: ContactState,
    /// Whether the user has added them, that is asked them to be a contact or accepted their request.
    pub added: bool,
    /// How they call themselves, if they do. Anybody can call themselves anything.
    pub name: Option<String>,
    /// A name on the chain that they claim. It is not checked.
    pub ens_name: Option<String>,
    /// How the user calls them, if they do; nobody else hears of it.
    pub nickname: Option<String>,
    /// What they say of themselves; may be empty.
    pub bio: String,
    /// The colour that they chose, by its number; 0 if none.
    pub colour: u32,
    /// When something of them arrived last.
    pub heard_at: Option<Timestamp>,
    /// Their last request to be a contact.
    pub request: Option<ContactRequest>,
    /// Whether what they send is dropped unread.
    pub blocked: bool,
    /// Whether the user does not want to be disturbed by what they say.
    pub muted: bool,
    /// Whether their chat is active: the user has written there, has added them, or joined it. What a stranger writes is shown
    /// in a chat that is not, and may be forgotten; see [`Contacts`](crate::Contacts).
    pub active: bool,
    /// Whether they were added from a contact card.
    pub from_card: bool,
    /// When and how the user made sure that the key is theirs.
    pub verified: Option<Verified>,
}

/// A request to be a contact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ContactRequest {
    /// The message with the request, if it came with one.
    pub id: MessageId,
    /// When it arrived.
    pub at: Timestamp,
    /// How well it was sealed on its way: [`Grade::Static`] is not forward secret yet.
    pub grade: Grade,
}

/// When and how a user was verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verified {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: How,
}

/// How the user made sure that a key is the key of the person that they mean.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum How {
    /// Both have compared the safety number.
    SafetyNumber,
    /// Both have compared the three words that follow from the key.
    Alias,
    /// The user took their card from their own screen, or hand.
    Card,
    /// On another device of the user, which knows how.
    Elsewhere,
}

/// How safe what is said to somebody is, or what they said was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Safety {
    /// How well it is sealed, or was.
    pub grade: Grade,
    /// When and how the user made sure whose key it is; `None` if they never did.
    pub verified: Option<Verified>,
}

/// Which people to list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Which {
    /// All that anything is kept of.
    All,
    /// Those who stand so, and are not blocked.
    State(ContactState),
    /// Those who are blocked.
    Blocked,
}

/// What becomes of what people write whom the user has not added, and with whom they have no active chat.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Strangers {
    /// It is shown, in a chat that is not active, as deployed peers do.
    #[default]
    Shown,
    /// Only their requests to be a contact are; the rest is dropped unread.
    RequestsOnly,
    /// All of it is dropped unread: messages from contacts only.
    Refused,
}

impl Contact {
    /// The name to show: the one the user gave them, the one they give themselves, or a short form of their key.
    #[must_use]
    pub fn shown_name(&self) -> String {
        let named = self.nickname.clone().or_else(|| self.name.clone());
        named.unwrap_or_else(|| short_key(&self.user))
    }
}

impl Which {
    /// Whether a contact is to be listed.
    pub(super) fn takes(self, contact: &Contact) -> bool {
        match self {
            Self::All => true,
            Self::State(state) => contact.state == state && !contact.blocked,
            Self::Blocked => contact.blocked,
        }
    }
}

impl How {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::SafetyNumber => 1,
            Self::Alias => 2,
            Self::Card => 3,
            Self::Elsewhere => 4,
        }
    }

    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::SafetyNumber),
            2 => Some(Self::Alias),
            3 => Some(Self::Card),
            4 => Some(Self::Elsewhere),
            _ => None,
        }
    }
}

impl Strangers {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Shown => 0,
            Self::RequestsOnly => 1,
            Self::Refused => 2,
        }
    }

    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Shown),
            1 => Some(Self::RequestsOnly),
            2 => Some(Self::Refused),
            _ => None,
        }
    }
}
