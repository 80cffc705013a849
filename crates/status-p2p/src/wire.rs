//! The message that gossip carries, and its two hashes.

use std::fmt;

use prost::Message as _;
use sha2::{Digest, Sha256};
use status_layer::{Frame, Timestamp, Topic};

use crate::generated;

/// Largest `meta` of a message, in bytes. Spec: WAKU2-MESSAGE, "Message Attributes".
pub(crate) const MAX_META: usize = 64;
/// Payloads encrypted as in WAKU2-PAYLOAD, which all of Status's are.
const VERSION: u32 = 1;

/// What one gossip message carries. Spec: 14/WAKU2-MESSAGE.
///
/// Optional fields keep whether they were present. Unknown fields are not kept: who forwards a message forwards
/// the bytes it came in.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct WakuMessage {
    /// The envelope. Not empty in what [`WakuMessage::decode`] returns.
    pub payload: Vec<u8>,
    /// The topic by which applications choose. Not empty in what [`WakuMessage::decode`] returns.
    pub content_topic: String,
    /// How the payload is made: 0 plain, 1 encrypted as Status does it, 2 Noise.
    pub version: Option<u32>,
    /// When it was made, in nanoseconds since the Unix epoch.
    pub timestamp: Option<i64>,
    /// Chosen by the application; at most 64 bytes in what [`WakuMessage::decode`] returns.
    pub meta: Option<Vec<u8>>,
    /// A rate limit proof; Status has none.
    pub rate_limit_proof: Option<Vec<u8>>,
    /// Whether nodes that keep history should leave it out.
    pub ephemeral: Option<bool>,
}

/// The deterministic hash of a message: its name for stores, and what tells copies apart from news.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageHash([u8; 32]);

/// Why bytes are not a message that a relay forwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WakuMessageError {
    /// Not protobuf, or a field of the wrong type.
    #[error("the bytes are not a Waku message")]
    Malformed,
    /// Nothing is carried.
    #[error("the message has no payload")]
    NoPayload,
    /// Nobody could choose it.
    #[error("the message has no content topic")]
    NoContentTopic,
    /// `meta` is too long.
    #[error("the meta field has {len} bytes, at most {MAX_META} are allowed")]
    LongMeta {
        /// Length found, in bytes.
        len: usize,
    },
}

impl WakuMessage {
    /// The message for a frame of ours, with the fields that deployed Status nodes write.
    #[must_use]
    pub fn from_frame(frame: Frame) -> Self {
        Self {
            payload: frame.bytes,
            content_topic: frame.topic.as_str().to_owned(),
            version: Some(VERSION),
            timestamp: Some(frame.at.nanos()),
            meta: Some(Vec::new()),
            rate_limit_proof: None,
            ephemeral: Some(false),
        }
    }

    /// The frame that it carries; `None` if its version is not 1. A missing or negative time becomes the epoch.
    #[must_use]
    pub fn into_frame(self) -> Option<Frame> {
        if self.version != Some(VERSION) {
            return None;
        }
        let nanos = u64::try_from(self.timestamp.unwrap_or_default()).unwrap_or_default();
        let at = Timestamp::from_millis(nanos / 1_000_000);
        Some(Frame { topic: Topic::new(self.content_topic), at, bytes: self.payload })
    }

    /// The bytes that gossip carries. Equal messages have equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = generated::WakuMessage {
            payload: self.payload.clone(),
            content_topic: self.content_topic.clone(),
            version: self.version,
            timestamp: self.timestamp,
            meta: self.meta.clone(),
            rate_limit_proof: self.rate_limit_proof.clone(),
            ephemeral: self.ephemeral,
        };
        wire.encode_to_vec()
    }

    /// Reads what gossip carries. Unknown fields are skipped.
    ///
    /// # Errors
    /// Whatever deployed nodes refuse too: bytes that are no message, no payload, no content topic, a long `meta`.
    pub fn decode(bytes: &[u8]) -> Result<Self, WakuMessageError> {
        let wire = generated::WakuMessage::decode(bytes).map_err(|_| WakuMessageError::Malformed)?;
        if wire.payload.is_empty() {
            return Err(WakuMessageError::NoPayload);
        }
        if wire.content_topic.is_empty() {
            return Err(WakuMessageError::NoContentTopic);
        }
        let len = wire.meta.as_ref().map_or(0, Vec::len);
        if len > MAX_META {
            return Err(WakuMessageError::LongMeta { len });
        }
        Ok(Self {
            payload: wire.payload,
            content_topic: wire.content_topic,
            version: wire.version,
            timestamp: wire.timestamp,
            meta: wire.meta,
            rate_limit_proof: wire.rate_limit_proof,
            ephemeral: wire.ephemeral,
        })
    }

    /// The deterministic hash: the same for every encoding of the message on one gossip topic.
    ///
    /// Spec: WAKU2-MESSAGE, "Deterministic message hashing". Version, proof and `ephemeral` are not covered; a missing
    /// time counts as zero.
    #[must_use]
    pub fn hash(&self, pubsub_topic: &str) -> MessageHash {
        let mut hash = Sha256::new();
        hash.update(pubsub_topic);
        hash.update(&self.payload);
        hash.update(&self.content_topic);
        hash.update(self.meta.as_deref().unwrap_or_default());
        hash.update(self.timestamp.unwrap_or_default().to_be_bytes());
        MessageHash(hash.finalize().into())
    }
}

impl fmt::Debug for WakuMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WakuMessage({} bytes)", self.payload.len())
    }
}

impl MessageHash {
    /// Reads a hash that [`as_bytes`](Self::as_bytes) gave.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash, 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MessageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "MessageHash({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

/// The id by which gossip names a message: SHA-256 over exactly the bytes that it carries.
///
/// Another encoding of the same message has another id: that is why messages are forwarded as they came.
#[must_use]
pub fn gossip_id(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

#[cfg(test)]
mod tests;
