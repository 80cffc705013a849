//! Ids that no message carries, and that everybody makes alike: reactions, pins, requests, invitations.
//!
//! Their text is `0x` and lower-case hex, that of a pin lower-case hex alone.

use alloc::format;
use alloc::vec::Vec;

use status_crypto::{KeyError, PublicKey, keccak256, sha256, text};
use status_layer::{MessageId, UserId};

use crate::{Place, ReactionType};

/// The id of a reaction: one user has each reaction to a message once. `message` is the text of the id of the
/// message, as the reaction names it.
///
/// # Errors
/// [`KeyError::NotAPoint`] if the author is not a point of the curve.
pub fn reaction_id(author: &UserId, message: &str, kind: ReactionType) -> Result<[u8; 32], KeyError> {
    let kind = format!("{}", kind.number());
    Ok(keccak256(&[text::key_string(author)?.as_bytes(), message.as_bytes(), kind.as_bytes()]))
}

/// The id of a pin: a message is pinned once in a chat. `me` is the local user, the other one of a chat
/// between two.
///
/// # Errors
/// [`KeyError::NotAPoint`] if a user is not a point of the curve.
pub fn pin_id(message: &MessageId, place: &Place, me: &UserId) -> Result<[u8; 32], KeyError> {
    let chat: Vec<u8> = match place {
        Place::User(other) => {
            let mut keys =
                [PublicKey::from_user(me)?.uncompressed(), PublicKey::from_user(other)?.uncompressed()];
            keys.sort_unstable();
            keys.concat()
        }
        _ => place.chat_id()?.into_bytes(),
    };
    Ok(sha256(&[message.as_bytes(), &chat]))
}

/// The id of a contact request by this user that came without a message of its own.
///
/// # Errors
/// [`KeyError::NotAPoint`] if the user is not a point of the curve.
pub fn request_id_of(contact: &UserId) -> Result<[u8; 32], KeyError> {
    const NO_MESSAGE: &[u8] = b" ";

    Ok(keccak256(&[&PublicKey::from_user(contact)?.uncompressed(), NO_MESSAGE]))
}

/// The id of a wish to join a closed group: one for each user and group.
///
/// # Errors
/// [`KeyError::NotAPoint`] if the user is not a point of the curve.
pub fn invitation_id(from: &UserId, chat_id: &str) -> Result<[u8; 32], KeyError> {
    Ok(keccak256(&[text::key_string(from)?.as_bytes(), chat_id.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use status_crypto::{Keyring, SecretKey};
    use status_layer::Name;

    use super::*;

    fn user(byte: u8) -> UserId {
        SecretKey::from_bytes(&[byte; 32]).unwrap().user()
    }

    // Spec: the computed vector of the facts; the key is 32 times the letter 2.
    #[test]
    fn reaction_id_is_that_of_peers() {
        let id = reaction_id(&user(b'2'), "0xabcd", ReactionType::Love).unwrap();

        assert_eq!(hex::encode(id), "5aac388345b8d649ff1d469e36b7419b75695cd4e104f6ccc55c667d92e16a88");
        assert_ne!(reaction_id(&user(b'2'), "0xabcd", ReactionType::Sad), Ok(id));
    }

    #[test]
    fn both_users_of_a_chat_name_a_pin_alike() {
        let (message, (alice, bob)) = (MessageId::new([7; 32]), (user(1), user(2)));

        let by_alice = pin_id(&message, &Place::User(bob), &alice);

        assert_eq!(by_alice, pin_id(&message, &Place::User(alice), &bob));
        assert_ne!(by_alice, pin_id(&message, &Place::User(user(3)), &alice));
    }

    #[test]
    fn pin_elsewhere_is_named_by_the_chat() {
        let channel = Place::Channel(Name::new("status").unwrap());

        let id = pin_id(&MessageId::new([7; 32]), &channel, &user(1)).unwrap();

        assert_eq!(id, sha256(&[&[7; 32], b"status"]));
        assert_eq!(pin_id(&MessageId::new([7; 32]), &channel, &user(2)), Ok(id));
    }

    #[test]
    fn request_and_invitation_are_named_by_user_and_group() {
        let uncompressed = PublicKey::from_user(&user(1)).unwrap().uncompressed();
        let key_string = format!("0x{}", hex::encode(uncompressed));

        assert_eq!(request_id_of(&user(1)), Ok(keccak256(&[&[&uncompressed[..], &[0x20]].concat()])));
        assert_eq!(
            invitation_id(&user(1), "group"),
            Ok(keccak256(&[format!("{key_string}group").as_bytes()]))
        );
    }
}
