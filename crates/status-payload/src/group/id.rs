//! The name of a closed group.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use status_crypto::{KeyError, keccak256, text};
use status_layer::{GroupId, UserId};

use super::key_string::{KEY_STRING, read_key_string};

/// The chat id of a closed group: any text, `-`, and the key string of whoever made the group.
///
/// Deployed peers demand no more of an id than that its text ends with the key string and is longer than
/// it, so no more is demanded here; [`GroupChatId::new`] makes ids as they do.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupChatId {
    text: String,
    creator: UserId,
}

/// Why a text is not the id of a closed group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupChatIdError {
    /// The text does not end with a key string.
    #[error("the id of a group ends with the key string of its creator: 0x04…, 132 characters in lower case")]
    Creator,
    /// Nothing stands before the key string.
    #[error("the id of a group has more than the key string; put a UUID and - before it")]
    Bare,
    /// The text is longer than any id.
    #[error("the text has {len} bytes, the id of a group at most {max}")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The creator is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl GroupChatId {
    /// Longest id, in bytes. Those that deployed peers make have 169.
    pub const MAX: usize = 512;

    /// Names a new group: `uuid`, which should be a random UUID (version 4) as text, then `-`, then the key
    /// string of the creator.
    ///
    /// # Errors
    /// [`GroupChatIdError::TooLong`], or [`GroupChatIdError::Key`] if the creator is no point of the curve.
    pub fn new(uuid: &str, creator: UserId) -> Result<Self, GroupChatIdError> {
        let text = format!("{uuid}-{}", text::key_string(&creator)?);
        check_length(&text)?;
        Ok(Self { text, creator })
    }

    /// Whoever made the group.
    #[must_use]
    pub const fn creator(&self) -> UserId {
        self.creator
    }

    /// The id as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The group as the layers below name it: Keccak-256 of the text. It stays on this device.
    #[must_use]
    pub fn group(&self) -> GroupId {
        GroupId::new(keccak256(&[self.text.as_bytes()]))
    }
}

fn check_length(text: &str) -> Result<(), GroupChatIdError> {
    match text.len() {
        len if len > GroupChatId::MAX => Err(GroupChatIdError::TooLong { len, max: GroupChatId::MAX }),
        _ => Ok(()),
    }
}

impl FromStr for GroupChatId {
    type Err = GroupChatIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_length(text)?;
        let before = text.len().checked_sub(KEY_STRING).ok_or(GroupChatIdError::Creator)?;
        let key = text.get(before..).ok_or(GroupChatIdError::Creator)?;
        let creator = read_key_string(key).ok_or(GroupChatIdError::Creator)?;
        if before == 0 {
            return Err(GroupChatIdError::Bare);
        }
        Ok(Self { text: text.into(), creator })
    }
}

impl fmt::Display for GroupChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for GroupChatId {
    // Which group somebody is in is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupChatId({} bytes)", self.text.len())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for GroupChatId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for GroupChatId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use status_crypto::SecretKey;

    use super::*;

    fn alice() -> UserId {
        SecretKey::from_bytes(&[0x11; 32]).unwrap().public().user()
    }

    #[test]
    fn id_names_its_creator() {
        let id = GroupChatId::new("e1dbe2ab-405c-4ad9-8b27-605c5de54932", alice()).unwrap();

        assert_eq!(id.as_str().len(), 169);
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(id.creator(), alice());
    }

    #[test]
    fn id_ends_with_a_key_string_and_is_longer() {
        let key = text::key_string(&alice()).unwrap();
        let read = |text: &str| text.parse::<GroupChatId>().map(|id| id.creator());

        assert_eq!(read(&format!("x{key}")), Ok(alice()));
        assert_eq!(read(&key), Err(GroupChatIdError::Bare));
        assert_eq!(read(&format!("x-{key}x")), Err(GroupChatIdError::Creator));
        assert_eq!(read(&format!("x-{}", key.to_uppercase())), Err(GroupChatIdError::Creator));
        assert_eq!(read(&format!("é{}", &key[1..])), Err(GroupChatIdError::Creator));
        assert_eq!(read("status"), Err(GroupChatIdError::Creator));
    }

    #[test]
    fn id_is_not_endless() {
        let key = text::key_string(&alice()).unwrap();
        let most = "x".repeat(GroupChatId::MAX - key.len());

        assert!(format!("{most}{key}").parse::<GroupChatId>().is_ok());
        assert!(matches!(GroupChatId::new(&most, alice()), Err(GroupChatIdError::TooLong { len: 513, .. })));
    }

    #[test]
    fn groups_of_different_ids_differ_and_are_never_printed() {
        let (one, two) = (GroupChatId::new("1", alice()).unwrap(), GroupChatId::new("2", alice()).unwrap());

        assert_ne!(one.group(), two.group());
        assert_eq!(format!("{one:?}"), "GroupChatId(134 bytes)");
    }
}
