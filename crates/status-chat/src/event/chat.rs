//! Conversations, and how they are written.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use status_crypto::text;
use status_layer::{Name, UserId};
use status_payload::GroupChatId;

use crate::error::SendError;

/// A conversation.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Chat {
    /// With one person.
    User(UserId),
    /// With some people, whom its members choose.
    Group(GroupChatId),
    /// In public.
    Channel(Name),
}

impl Chat {
    /// The key of a user, as messages name them.
    pub(crate) fn key_string(&self) -> Option<String> {
        match self {
            Self::User(user) => text::key_string(user).ok(),
            Self::Group(_) | Self::Channel(_) => None,
        }
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(&text::compressed_key(user)),
            Self::Group(group) => write!(f, "{group}"),
            Self::Channel(name) => write!(f, "#{name}"),
        }
    }
}

impl FromStr for Chat {
    type Err = SendError;

    /// Reads `#channel`, a user's key in any of its forms, or the id of a group.
    fn from_str(input: &str) -> Result<Self, SendError> {
        let nobody = || SendError::Nobody(input.chars().take(64).collect());
        if let Some(name) = input.strip_prefix('#') {
            return channel(name).map(Self::Channel).ok_or_else(nobody);
        }
        text::parse_user(input)
            .map(Self::User)
            .or_else(|_| input.parse().map(Self::Group))
            .map_err(|_| nobody())
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

impl Serialize for Chat {
    /// As it is written.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chat {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
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
        let user = text::parse_user(KEY).unwrap();
        let group = GroupChatId::new("7a1a7ea0-0000-4000-8000-000000000000", user).unwrap();
        for text in [KEY, "#status", "#a-1", group.as_str()] {
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
