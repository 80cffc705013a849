//! Topics: the four bytes of a place that the network sees.
//!
//! Every place has a name, a string. Its topic is the first four bytes of the name's Keccak-256; where the
//! envelope is sealed with a key that both sides know, that key is derived from the very same name.

use alloc::format;
use alloc::string::String;
use core::fmt;

use status_crypto::keccak256;
use status_layer::{Rendezvous, Topic, UserId};
use zeroize::Zeroizing;

/// Inboxes are spread over this many topics, so that a topic does not tell whose inbox it is.
pub(crate) const PARTITIONS: u16 = 5_000;

/// Length of a secret that two users share, in bytes.
pub(crate) const SECRET: usize = 32;

const PREFIX: &str = "/waku/1/0x";
const SUFFIX: &str = "/rfc26";

/// A rendezvous with its name worked out.
pub(crate) struct Spot {
    pub(crate) kind: Kind,
    /// For a shared place the name holds the secret.
    name: Zeroizing<String>,
    pub(crate) hash: [u8; 32],
}

/// What kind of place it is, which decides how envelopes are sealed there. The numbers are written into rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Inbox = 0,
    Named = 1,
    Shared = 2,
}

/// The first four bytes of the Keccak-256 of a name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct ShortTopic(pub(crate) [u8; 4]);

impl Spot {
    /// Works out the name of a place; `None` if a shared secret has not 32 bytes.
    pub(crate) fn of(meet: &Rendezvous) -> Option<Self> {
        let (kind, name) = match meet {
            Rendezvous::Inbox(user) => (Kind::Inbox, Zeroizing::new(partitioned(user))),
            Rendezvous::Named(name) => (Kind::Named, Zeroizing::new(String::from(name.as_str()))),
            Rendezvous::Shared(secret) if secret.expose().len() == SECRET => {
                (Kind::Shared, negotiated(secret.expose()))
            }
            Rendezvous::Shared(_) => return None,
        };
        let hash = keccak256(&[name.as_bytes()]);
        Some(Self { kind, name, hash })
    }

    /// An inbox of this name.
    pub(crate) fn inbox(name: String) -> Self {
        let hash = keccak256(&[name.as_bytes()]);
        Self { kind: Kind::Inbox, name: Zeroizing::new(name), hash }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn topic(&self) -> ShortTopic {
        ShortTopic::of_hash(self.hash)
    }
}

impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spot({:?}, ..)", self.kind)
    }
}

impl ShortTopic {
    /// The topic of a name whose Keccak-256 is `hash`.
    pub(crate) const fn of_hash(hash: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = hash;
        Self([a, b, c, d])
    }

    /// The form in which Waku v2 carries it.
    pub(crate) fn content_topic(self) -> Topic {
        Topic::new(format!("{PREFIX}{}{SUFFIX}", hex::encode(self.0)))
    }

    /// Reads what [`content_topic`](Self::content_topic) writes, and nothing else.
    pub(crate) fn from_content_topic(topic: &Topic) -> Option<Self> {
        let digits = topic.as_str().strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        // Upper-case digits name another topic as far as the network is concerned.
        if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return None;
        }
        let mut short = [0; 4];
        hex::decode_to_slice(digits, &mut short).ok()?;
        Some(Self(short))
    }
}

/// The partition of a user's inbox: the X coordinate of the identity key modulo [`PARTITIONS`].
pub(crate) fn partition(user: &UserId) -> u16 {
    let modulus = u32::from(PARTITIONS);
    let rest = user.x().iter().fold(0, |rest, byte| ((rest << 8) | u32::from(*byte)) % modulus);
    u16::try_from(rest).unwrap_or_default()
}

/// The name of the inbox that a user shares with everybody of the same partition.
pub(crate) fn partitioned(user: &UserId) -> String {
    partition_name(partition(user))
}

/// The name of a partition's inboxes.
pub(crate) fn partition_name(partition: u16) -> String {
    format!("contact-discovery-{partition}")
}

/// The name of the place that two users agreed on: their secret in lower-case hex.
pub(crate) fn negotiated(secret: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_topic_has_one_form() {
        let good = Topic::new("/waku/1/0xcd42376a/rfc26");
        let bad = [
            "",
            "/waku/1/0xcd42376a/rfc2",
            "/waku/1/0xcd42376A/rfc26",
            "/waku/1/0xcd42376/rfc26",
            "/waku/1/0xcd42376a0/rfc26",
            "/waku/1/cd42376a/rfc26",
            "/waku/1/0xcd42376g/rfc26",
            "/waku/2/0xcd42376a/rfc26",
            "waku/1/0xcd42376a/rfc26",
            "/waku/1/0xcd42376a/rfc26/",
            "/waku/1/0x/rfc26",
            "/waku/1/0xcd4é376/rfc26",
        ];

        let read = ShortTopic::from_content_topic(&good);

        assert_eq!(read, Some(ShortTopic([0xcd, 0x42, 0x37, 0x6a])));
        for text in bad {
            assert_eq!(ShortTopic::from_content_topic(&Topic::new(text)), None, "{text}");
        }
    }

    #[test]
    fn a_spot_does_not_print_its_name() {
        let spot = Spot::of(&Rendezvous::Shared(status_layer::Secret::new([7; 32])));

        assert_eq!(format!("{spot:?}"), "Some(Spot(Shared, ..))");
    }

    #[test]
    fn a_short_secret_is_no_place() {
        assert!(Spot::of(&Rendezvous::Shared(status_layer::Secret::new([7; 31]))).is_none());
    }
}
