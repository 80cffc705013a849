//! Chats, as messages name them.

use alloc::string::{String, ToString};

use status_crypto::{KeyError, text};
use status_layer::{Name, UserId};

use crate::group::KEY_STRING;
use crate::{ChatMessage, GroupChatId, MessageType};

/// A chat.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Place {
    /// The chat with one other user; with oneself it reaches the own devices.
    User(UserId),
    /// A public channel.
    Channel(Name),
    /// A closed group.
    Group(GroupChatId),
}

impl Place {
    /// The chat id that messages to this place carry.
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] if a user id is not a point of the curve.
    pub fn chat_id(&self) -> Result<String, KeyError> {
        match self {
            Self::User(user) => text::key_string(user),
            Self::Channel(name) => Ok(name.to_string()),
            Self::Group(group) => Ok(group.to_string()),
        }
    }

    /// The type that messages to this place have.
    #[must_use]
    pub const fn message_type(&self) -> MessageType {
        match self {
            Self::User(_) => MessageType::OneToOne,
            Self::Channel(_) => MessageType::PublicGroup,
            Self::Group(_) => MessageType::PrivateGroup,
        }
    }
}

impl ChatMessage {
    /// The chat that a message by `author` belongs to, for the reader `me`; `None` if there is no such chat.
    ///
    /// From others, a message between two belongs to the chat with its author, whatever its chat id says.
    /// From an own device, the chat id names the other user. Whether the author may speak in a group, its
    /// [`Roster`](crate::Roster) says.
    #[must_use]
    pub fn place(&self, author: &UserId, me: &UserId) -> Option<Place> {
        match self.message_type {
            MessageType::OneToOne if author != me => Some(Place::User(*author)),
            MessageType::OneToOne if self.chat_id.len() == KEY_STRING => {
                text::parse_user(&self.chat_id).ok().map(Place::User)
            }
            MessageType::PublicGroup => Name::new(self.chat_id.as_str()).ok().map(Place::Channel),
            MessageType::PrivateGroup => self.chat_id.parse().ok().map(Place::Group),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;
    use status_layer::Timestamp;

    use super::*;
    use crate::Clock;

    const NOW: Timestamp = Timestamp::from_secs(1_590_000_000);

    fn user(seed: u8) -> UserId {
        SecretKey::from_bytes(&[seed; 32]).unwrap().public().user()
    }

    fn say(to: &Place) -> ChatMessage {
        ChatMessage::text(to, "hi", Clock::default().next(NOW), NOW).unwrap()
    }

    #[test]
    fn message_of_another_belongs_to_the_chat_with_them() {
        let (alice, bob, carol) = (user(1), user(2), user(3));

        let to_bob = say(&Place::User(bob));

        assert_eq!(to_bob.place(&alice, &bob), Some(Place::User(alice)));
        assert_eq!(to_bob.place(&alice, &carol), Some(Place::User(alice)));
    }

    #[test]
    fn message_of_an_own_device_belongs_to_the_chat_it_names() {
        let (alice, bob) = (user(1), user(2));
        let unclear = ChatMessage { chat_id: "bob".into(), ..say(&Place::User(bob)) };

        assert_eq!(say(&Place::User(bob)).place(&alice, &alice), Some(Place::User(bob)));
        assert_eq!(unclear.place(&alice, &alice), None);
    }

    #[test]
    fn public_message_belongs_to_the_channel_it_names() {
        let channel = Place::Channel(Name::new("status").unwrap());

        assert_eq!(say(&channel).chat_id, "status");
        assert_eq!(say(&channel).place(&user(1), &user(2)), Some(channel));
    }

    #[test]
    fn message_in_a_group_belongs_to_the_group_it_names() {
        let group = Place::Group(GroupChatId::new("a-uuid", user(1)).unwrap());
        let unclear = ChatMessage { chat_id: "a-uuid".into(), ..say(&group) };

        assert_eq!(say(&group).message_type, MessageType::PrivateGroup);
        assert_eq!(say(&group).place(&user(1), &user(2)), Some(group));
        assert_eq!(unclear.place(&user(1), &user(2)), None);
    }

    #[test]
    fn message_of_an_unknown_type_belongs_nowhere() {
        let stray = ChatMessage { message_type: MessageType::Other(9), ..say(&Place::User(user(2))) };

        assert_eq!(stray.place(&user(1), &user(2)), None);
    }
}
