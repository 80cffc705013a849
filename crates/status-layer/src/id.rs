//! Names for the things that the protocol talks about.

use alloc::string::String;
use core::fmt;

/// A person: the compressed secp256k1 identity key, 33 bytes starting with `02` or `03`.
///
/// The kernel checks only length and first byte; `status-crypto` checks that it is a point of the curve.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UserId([u8; 33]);

/// One installation of a user: the installation id text, 1 to [`DeviceId::MAX`] bytes of UTF-8.
///
/// Deployed peers use a UUID version 4 in text form; others are accepted from the wire as they are.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeviceId(String);

/// A closed chat, 32 bytes. Between two users it is derived from both identity keys.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupId([u8; 32]);

/// The application's id of a message, 32 bytes; the same for every recipient.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId([u8; 32]);

/// The number of a frame in the outbox; unique within one store, ascending in order of sealing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FrameId(pub u64);

/// A known string at which people meet: a public channel, or the place where a user's keys are announced.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(String);

/// Why bytes or text are not an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A user id has 33 bytes and starts with 02 or 03.
    #[error("a user id is a compressed key: 33 bytes, the first 02 or 03")]
    User,
    /// A device id or a name is empty.
    #[error("the text is empty")]
    Empty,
    /// A device id or a name is longer than its bound.
    #[error("the text has {len} bytes, at most {max} are allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
}

impl UserId {
    /// Takes the compressed form of an identity key.
    ///
    /// # Errors
    /// [`IdError::User`] if it has not 33 bytes or does not start with `02` or `03`.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, IdError> {
        match <[u8; 33]>::try_from(bytes) {
            Ok(key @ [2 | 3, ..]) => Ok(Self(key)),
            _ => Err(IdError::User),
        }
    }

    /// The compressed key, 33 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// The X coordinate of the key, 32 bytes big-endian.
    #[must_use]
    pub fn x(&self) -> [u8; 32] {
        let [_, x @ ..] = self.0;
        x
    }
}

impl DeviceId {
    /// Longest accepted installation id, in bytes.
    pub const MAX: usize = 128;

    /// Takes an installation id as it stands on the wire.
    ///
    /// # Errors
    /// [`IdError::Empty`] or [`IdError::TooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        bounded(text.into(), Self::MAX).map(Self)
    }

    /// The installation id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Name {
    /// Longest accepted name, in bytes. The longest name that the protocol itself makes has 145.
    pub const MAX: usize = 512;

    /// Takes a name.
    ///
    /// # Errors
    /// [`IdError::Empty`] or [`IdError::TooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        bounded(text.into(), Self::MAX).map(Self)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn bounded(text: String, max: usize) -> Result<String, IdError> {
    match text.len() {
        0 => Err(IdError::Empty),
        len if len > max => Err(IdError::TooLong { len, max }),
        _ => Ok(text),
    }
}

macro_rules! id32 {
    ($name:ident) => {
        impl $name {
            /// Wraps 32 bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                short(f, stringify!($name), &self.0)
            }
        }
    };
}

id32!(GroupId);
id32!(MessageId);

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(f, "UserId", &self.x())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    // A name is the password of its place, so it is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} bytes)", self.0.len())
    }
}

/// Ids are shortened to eight hex digits wherever they may reach a log.
fn short(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    let head = bytes.get(..4).unwrap_or(bytes);
    write!(f, "{name}({})", hex::encode(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_id_is_a_compressed_key() {
        let mut key = [7; 33];

        let refused = UserId::from_compressed(&key);
        key[0] = 2;
        let taken = UserId::from_compressed(&key);

        assert_eq!(refused, Err(IdError::User));
        assert_eq!(taken.map(|user| user.x()), Ok([7; 32]));
        assert_eq!(UserId::from_compressed(&key[..32]), Err(IdError::User));
    }

    #[test]
    fn texts_are_bounded() {
        assert_eq!(DeviceId::new(""), Err(IdError::Empty));
        assert_eq!(DeviceId::new("x".repeat(129)), Err(IdError::TooLong { len: 129, max: 128 }));
        assert!(Name::new("x".repeat(512)).is_ok());
    }

    #[test]
    fn ids_are_short_in_logs() {
        let name = Name::new("secret-room").unwrap();

        assert_eq!(format!("{:?}", MessageId::new([0xab; 32])), "MessageId(abababab)");
        assert_eq!(format!("{name:?}"), "Name(11 bytes)");
    }
}
