//! What may be wrong with a body.

use status_layer::LayerError;

use crate::wire::{MAX_FIELDS, Malformed};
use crate::{Invalid, Kind};

/// Why a body cannot be read. Always the fault of whoever made it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is longer than any message may be.
    #[error("the body has {len} bytes, at most {max} are read")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The bytes are not a wrapped message.
    #[error("the body is no wrapped message")]
    NotWrapped,
    /// The signature has not 65 bytes, or no key can have made it.
    #[error("the signature is damaged; nobody can have made it")]
    Signature,
    /// The body is not signed, and nobody is known to have sent it.
    #[error("the body is not signed; say who sent it")]
    NoAuthor,
    /// The payload is not an encoding of the message that its type says.
    #[error("the payload is no encoded {kind:?}")]
    Malformed {
        /// What the payload should have been.
        kind: Kind,
    },
    /// The payload has more fields than any message needs.
    #[error("the payload has more than {max} fields")]
    TooManyFields {
        /// Most fields that are read.
        max: usize,
    },
}

/// Why content cannot be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoded content is longer than peers read.
    #[error("the body would have {len} bytes, at most {max} are read by others; send less at once")]
    TooLarge {
        /// Length of the body, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
}

impl DecodeError {
    pub(crate) const fn of(kind: Kind, malformed: Malformed) -> Self {
        match malformed {
            Malformed::Encoding => Self::Malformed { kind },
            Malformed::TooManyFields => Self::TooManyFields { max: MAX_FIELDS },
        }
    }
}

impl From<DecodeError> for LayerError {
    fn from(error: DecodeError) -> Self {
        Self::reject(error)
    }
}

impl From<EncodeError> for LayerError {
    fn from(error: EncodeError) -> Self {
        Self::reject(error)
    }
}

impl From<Invalid> for LayerError {
    fn from(error: Invalid) -> Self {
        Self::reject(error)
    }
}
