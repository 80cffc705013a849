//! Ids as text for files and other programs: each as a person knows it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{DeviceId, GroupId, MessageId, Name, UserId};

/// The multicodec number of a secp256k1 public key, as an unsigned varint.
const SECP256K1: [u8; 2] = [0xe7, 0x01];

/// Longest text that is looked at for a user, in bytes; those that are written have 49.
const MAX_USER: usize = 80;

impl Serialize for UserId {
    /// As the compressed chat key, `zQ3sh…`.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = SECP256K1.iter().chain(self.as_bytes()).copied().collect();
        to.serialize_str(&format!("z{}", bs58::encode(bytes).into_string()))
    }
}

impl<'de> Deserialize<'de> for UserId {
    /// From `zQ3sh…`, or the compressed key in hex, `0x02…`.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = match text.strip_prefix('z').filter(|_| text.len() <= MAX_USER) {
            Some(digits) => bs58::decode(digits).into_vec().ok(),
            None => digits(&text),
        };
        let key = bytes.as_deref().map(|bytes| bytes.strip_prefix(&SECP256K1).unwrap_or(bytes));
        UserId::from_compressed(key.unwrap_or_default()).map_err(D::Error::custom)
    }
}

macro_rules! digits {
    ($($name:ident)*) => { $(
        impl Serialize for $name {
            /// As `0x` and 64 digits in lower case.
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let bytes = digits(&String::deserialize(from)?).and_then(|bytes| bytes.try_into().ok());
                bytes.map(Self::new).ok_or_else(|| D::Error::custom("an id is 0x and 64 hex digits"))
            }
        }
    )* };
}

macro_rules! text {
    ($($name:ident)*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(from)?).map_err(D::Error::custom)
            }
        }
    )* };
}

digits!(GroupId MessageId);
text!(DeviceId Name);

fn digits(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

#[cfg(test)]
mod tests {
    use core::fmt::Debug;

    use super::*;
    use crate::Timestamp;

    fn user() -> UserId {
        let key = hex::decode("02261c55675e55ff25edb50b345cfb3a3f35f60712d251cbaaab97bd50054c6ebc");
        UserId::from_compressed(&key.unwrap()).unwrap()
    }

    fn reads_as_written<T>(value: &T, text: &str)
    where
        T: Serialize + for<'de> Deserialize<'de> + Debug + PartialEq,
    {
        assert_eq!(serde_json::to_string(value).unwrap(), text);
        assert_eq!(&serde_json::from_str::<T>(text).unwrap(), value);
    }

    #[test]
    fn ids_are_written_as_people_know_them() {
        reads_as_written(&user(), r#""zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB""#);
        reads_as_written(&MessageId::new([0xab; 32]), &format!("\"0x{}\"", "ab".repeat(32)));
        reads_as_written(&GroupId::new([1; 32]), &format!("\"0x{}\"", "01".repeat(32)));
        reads_as_written(&DeviceId::new("a-device").unwrap(), r#""a-device""#);
        reads_as_written(&Name::new("room").unwrap(), r#""room""#);
        reads_as_written(&Timestamp::from_millis(1_700_000_000_123), "1700000000123");
    }

    #[test]
    fn a_user_is_read_from_hex_too() {
        let read: UserId = serde_json::from_str(&format!("\"{}\"", user())).unwrap();

        assert_eq!(read, user());
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let z = format!("\"z{}\"", "1".repeat(500));
        for text in ["\"\"", "\"0x\"", "\"0x01\"", "\"z0\"", &z, "7", &format!("\"0x{}\"", "ab".repeat(33))] {
            assert!(serde_json::from_str::<UserId>(text).is_err(), "{text}");
            assert!(serde_json::from_str::<MessageId>(text).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<DeviceId>("\"\"").is_err());
        assert!(serde_json::from_str::<Name>(&format!("\"{}\"", "x".repeat(513))).is_err());
    }
}
