//! The names under which a user's inbox is known.

use alloc::format;
use alloc::string::String;

use status_crypto::{KeyError, PublicKey};
use status_layer::{Interest, UserId};

use crate::topic::{self, Spot};

/// One of the names under which a user's inbox is known. They differ in how many share the topic.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Inbox {
    /// `contact-discovery-<X mod 5000>`, shared by every 5000th user: where deployed peers leave everything that has no
    /// better place.
    #[default]
    Partitioned,
    /// `contact-discovery-<key>`, of this user alone. Who asks for it says who they are. Deployed peers leave here what goes
    /// to servers and to their own devices: backups, registrations for notifications.
    Personal,
    /// `contact-discovery`, shared by all. Peers before 2020 left everything here.
    Generic,
}

/// Where we leave what is for the inboxes of others, and where we look for what is in ours. The partitioned name is always
/// listened at, which is all that chats with deployed peers take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inboxes {
    /// Where we leave what is for others.
    pub leave: Inbox,
    /// Whether to listen at our personal inbox, too.
    pub personal: Interest,
    /// Whether to listen at the inbox of all, too. Everything in it is tried with our key.
    pub generic: Interest,
}

impl Default for Inboxes {
    fn default() -> Self {
        Self::DEPLOYED
    }
}

impl Inboxes {
    /// What chats with deployed peers take.
    pub const DEPLOYED: Self =
        Self { leave: Inbox::Partitioned, personal: Interest::Ignore, generic: Interest::Ignore };

    /// The names of our inbox, and whether each is listened at.
    pub(crate) fn names(&self) -> [(Inbox, Interest); 3] {
        [
            (Inbox::Partitioned, Interest::Listen),
            (Inbox::Personal, self.personal),
            (Inbox::Generic, self.generic),
        ]
    }
}

impl Inbox {
    /// The name of the inbox of `user`.
    pub(crate) fn name(self, user: &UserId) -> Result<String, KeyError> {
        match self {
            Self::Partitioned => Ok(topic::partitioned(user)),
            Self::Personal => {
                let key = PublicKey::from_user(user)?.uncompressed();
                Ok(format!("{GENERIC}-{}", hex::encode(key)))
            }
            Self::Generic => Ok(GENERIC.into()),
        }
    }

    pub(crate) fn spot(self, user: &UserId) -> Result<Spot, KeyError> {
        self.name(user).map(Spot::inbox)
    }
}

const GENERIC: &str = "contact-discovery";
