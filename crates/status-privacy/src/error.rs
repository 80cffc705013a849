//! What may go wrong in this layer.

use status_layer::{LayerError, StoreError};

use crate::SegmentError;
use crate::payload::PlainError;
use crate::whisper::{FormError, Refusal};

/// Why this layer refuses an input or fails. At the seam it is erased; the enum of the operation is the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A place cannot be listened at.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// A parcel cannot be put into an envelope.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// A frame is one that nobody could have meant.
    #[error(transparent)]
    Peel(#[from] PeelError),
    /// What was found is not what was to be found.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// Our own store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a place cannot be listened at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The inbox belongs to another user, whose key we do not have.
    #[error("the inbox of another user cannot be opened here. Listen at your own")]
    NotOurInbox,
    /// A shared secret has another length than 32 bytes.
    #[error("a shared secret has 32 bytes")]
    SecretLength,
    /// As many places are listened at as the layer allows.
    #[error("{max} places are listened at already. Stop listening at one of them")]
    TooManyPlaces {
        /// The largest number of places.
        max: usize,
    },
}

/// Why a parcel cannot be put into an envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The recipient's key is not a point of the curve, so nothing can be sealed to it.
    #[error("the recipient's key is not a point of the curve. Check their chat key")]
    UnusableKey,
    /// A shared secret has another length than 32 bytes.
    #[error("a shared secret has 32 bytes")]
    SecretLength,
    /// The envelope is to be signed as a user whose key we do not have.
    #[error("the envelope cannot be signed as another user. Sign as yourself, or not at all")]
    NotOurSignature,
    /// The parcel does not fit into one envelope.
    #[error("the parcel has {len} bytes, one envelope takes {max}. Split it")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
}

/// Why a frame is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeelError {
    /// The topic is not `/waku/1/0x<8 lowercase hex digits>/rfc26`.
    #[error("the topic is not /waku/1/0x<8 lowercase hex digits>/rfc26")]
    Topic,
    /// The frame is too short to hold anything.
    #[error("the frame has {len} bytes, the shortest envelope has {min}")]
    TooShort {
        /// Length found, in bytes.
        len: usize,
        /// Smallest length, in bytes.
        min: usize,
    },
    /// The frame is longer than any that a peer may send.
    #[error("the frame has {len} bytes, at most {max} are read")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The topic is not `/whisper/6/0x<8 lowercase hex digits>/rlp`.
    #[error("the topic is not /whisper/6/0x<8 lowercase hex digits>/rlp")]
    Label,
    /// The topic in the envelope is not the one under which it was left.
    #[error("the envelope was left under the topic of another")]
    OtherTopic,
    /// The frame is not an envelope of Whisper.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The envelope breaks a rule of nodes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A key of ours opened the frame, but what is inside has not the form of a message.
    #[error(transparent)]
    Malformed(#[from] PlainError),
    /// It is part of a larger parcel, and cannot be.
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// Why a number is not put into an envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// Its receivers would find less work in it than was wanted.
    #[error("too little work was done for the envelope. Search on")]
    LittleWork,
}

impl From<Error> for LayerError {
    fn from(error: Error) -> Self {
        match error {
            Error::Watch(why) => Self::reject(why),
            Error::Wrap(why) => Self::reject(why),
            Error::Peel(why) => Self::reject(why),
            Error::Prove(why) => Self::reject(why),
            Error::Store(why) => Self::fault(why),
        }
    }
}
