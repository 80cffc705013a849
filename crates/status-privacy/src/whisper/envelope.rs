//! The envelope of Whisper v6, which is that of Waku v1 too: a list of five items in RLP.

use alloc::vec::Vec;

use alloy_rlp::{Decodable, Encodable, Header};
use status_crypto::keccak256;

/// Added to the length of the data to make the size of an envelope, whatever its fields really take.
const FIELDS: usize = 20; // bytes

/// An envelope taken apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Envelope<'a> {
    /// When it runs out, in seconds since the Unix epoch.
    pub expiry: u32,
    /// For how long it is carried, in seconds.
    pub ttl: u32,
    /// The topic.
    pub topic: [u8; 4],
    /// The sealed bytes.
    pub data: &'a [u8],
    /// What was found in proving work.
    pub nonce: u64,
}

/// Why bytes are not an envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// They end within an item.
    #[error("the envelope is cut off")]
    Cut,
    /// Something follows, in the list or after it.
    #[error("more follows than the five items of an envelope")]
    Longer,
    /// A length or a number is not written in its shortest form.
    #[error("a length or a number of the envelope is not in its shortest form")]
    NotShortest,
    /// An item is a list where bytes are expected, or the other way round, or has another length.
    #[error("an item of the envelope is of another kind or length")]
    OtherItem,
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart. There is one form for each; every other is refused, as deployed peers refuse it.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn decode(mut rlp: &'a [u8]) -> Result<Self, FormError> {
        let mut fields = Header::decode_bytes(&mut rlp, true)?;
        if !rlp.is_empty() {
            return Err(FormError::Longer);
        }
        let fields = &mut fields;
        let envelope = Self {
            expiry: u32::decode(fields)?,
            ttl: u32::decode(fields)?,
            topic: <[u8; 4]>::decode(fields)?,
            data: Header::decode_bytes(fields, false)?,
            nonce: u64::decode(fields)?,
        };
        if fields.is_empty() { Ok(envelope) } else { Err(FormError::Longer) }
    }

    /// The envelope as it is sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.list(Some(self.nonce))
    }

    /// What is hashed before the nonce: the list without it.
    #[must_use]
    pub fn prefix(&self) -> Vec<u8> {
        self.list(None)
    }

    /// The size that limits are about: 20 bytes and the data.
    #[must_use]
    pub const fn size(&self) -> usize {
        FIELDS.saturating_add(self.data.len())
    }

    /// When it was sent, in seconds since the Unix epoch, modulo 2³².
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.expiry.wrapping_sub(self.ttl)
    }

    fn list(&self, nonce: Option<u64>) -> Vec<u8> {
        let Self { expiry, ttl, topic, data, .. } = self;
        let payload_length =
            expiry.length() + ttl.length() + topic.length() + data.length() + nonce.map_or(0, |n| n.length());
        let header = Header { list: true, payload_length };
        let mut rlp = Vec::with_capacity(header.length_with_payload());
        header.encode(&mut rlp);
        expiry.encode(&mut rlp);
        ttl.encode(&mut rlp);
        topic.encode(&mut rlp);
        data.encode(&mut rlp);
        if let Some(nonce) = nonce {
            nonce.encode(&mut rlp);
        }
        rlp
    }
}

/// What names an envelope among nodes: the Keccak-256 of its bytes as they arrived.
#[must_use]
pub fn hash(rlp: &[u8]) -> [u8; 32] {
    keccak256(&[rlp])
}

impl From<alloy_rlp::Error> for FormError {
    fn from(error: alloy_rlp::Error) -> Self {
        use alloy_rlp::Error;
        match error {
            Error::InputTooShort => Self::Cut,
            Error::LeadingZero | Error::NonCanonicalSingleByte | Error::NonCanonicalSize => Self::NotShortest,
            _ => Self::OtherItem,
        }
    }
}
