//! Why this layer refuses or fails.

use status_layer::{LayerError, StoreError};

use crate::bundle::BundleError;
use crate::ratchet::RatchetError;
use crate::suite::Suite;

/// The error of every operation of this layer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A user or channel cannot be dealt with.
    #[error(transparent)]
    Expect(#[from] ExpectError),
    /// A device of our own was not taken in or out.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// Keys that were carried here were not taken.
    #[error(transparent)]
    Meet(#[from] MeetError),
    /// A datagram was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A parcel was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Our own storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user cannot be dealt with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectError {
    /// The user id is not a point of secp256k1.
    #[error("this user id is not a point of secp256k1; ask the user for their key again")]
    NotAKey,
}

/// Why a device of our own was not taken into our group, or out of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// It is this one.
    #[error("this is the device itself; it belongs to its own group, and another one has to remove it")]
    ThisDevice,
    /// Nothing was heard of such a device.
    #[error("no device of this id was heard of; start it with the same account and let both be online")]
    Unknown,
}

/// Why keys that were carried here were not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeetError {
    /// More bytes than any bundle has.
    #[error("keys of {len} bytes are too large, at most {max} are taken")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// They are not genuine.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// They are genuine, and those of another user.
    #[error("these are the keys of somebody else")]
    OtherUser,
    /// They are our own.
    #[error("these are your own keys; devices of yours hear of each other over the network")]
    Oneself,
}

/// Why a datagram was not sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The recipient's user id is not a point of secp256k1.
    #[error("the recipient's user id is not a point of secp256k1; ask the user for their key again")]
    NotAKey,
    /// No device of the recipient is known, and the policy wants forward secrecy from the first message on.
    #[error(
        "no keys of this user's devices are known yet, and the policy requires forward secrecy; \
         expect the user and wait for their announcement, or allow a static first message"
    )]
    NoBundle,
    /// It is for the other devices of our own, and none of them is active.
    #[error("none of your other devices was heard of lately; it is sent when one of them is online")]
    NoOwnDevice,
    /// None of the recipient's devices reads the suite that we would write in.
    #[error(
        "no device of this user reads a ratchet suite that `transition` lets us write; \
         wait until they have updated, or choose a transition that writes theirs"
    )]
    NoCommonSuite,
    /// The datagram is longer than one message can be.
    #[error("the datagram is too long to be sealed; split it")]
    TooLong,
    /// The session cannot seal.
    #[error(transparent)]
    Ratchet(#[from] RatchetError),
}

/// Why a parcel was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// More bytes than any peer sends.
    #[error("a parcel of {len} bytes is too large, at most {max} are taken")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The envelope names no sender; sessions cannot be found without one.
    #[error("the envelope is not signed, so its sender is not known")]
    Unsigned,
    /// The sender's id is not a point of secp256k1.
    #[error("the sender's user id is not a point of secp256k1")]
    NotAKey,
    /// It was left in the inbox of somebody else.
    #[error("the parcel is for another user")]
    NotOurs,
    /// Mail for a user was left at a public name.
    #[error("a message to a user was left at a public name")]
    WrongPlace,
    /// Neither a message of this layer nor allowed as it is.
    #[error("the parcel is not sealed at all; set `mail_in_clear` to accept such mail as Clear")]
    NotSealed,
    /// This device sent it.
    #[error("this device sent the parcel itself")]
    OwnEcho,
    /// A device of ours wrote it that was not confirmed here.
    #[error(
        "a device of yours wrote this that was not confirmed here; confirm it, and it will be sent again"
    )]
    NotPaired,
    /// It is for devices of ours, but not for this one.
    #[error("the message is for other devices of this user; let the sender know the keys of this device")]
    NotForThisDevice,
    /// The message carries more bundles than any peer sends.
    #[error("the message carries {count} bundles, at most {max} are taken")]
    TooManyBundles {
        /// Number found.
        count: usize,
        /// Largest number.
        max: usize,
    },
    /// A bundle in the message is not genuine.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A text or key of the message has another length than its form demands.
    #[error("a field of the message ({field}) has a wrong length: {len} bytes")]
    FieldLength {
        /// The field.
        field: &'static str,
        /// Length found, in bytes.
        len: usize,
    },
    /// The ciphertext does not say how it was made.
    #[error("the ciphertext has no header that this layer knows")]
    NoHeader,
    /// The ciphertext is of a suite that this device does not read.
    #[error("the message is of the suite {suite}, which `transition` does not let this device read")]
    SuiteNotRead {
        /// The suite.
        suite: Suite,
    },
    /// The handshake names a prekey that is not, or no longer, ours.
    #[error("the handshake is for a prekey that this device does not have")]
    UnknownPrekey,
    /// There is no such session with the sender's device, and the message does not set one up.
    #[error("there is no such session with the sender's device")]
    NoSession,
    /// The message was opened before.
    #[error("the message was opened before")]
    Replayed,
    /// The device has set up more sessions on one prekey than an honest one does.
    #[error("{max} handshakes on one prekey; more are taken after the next rotation")]
    TooManyHandshakes {
        /// Largest number.
        max: usize,
    },
    /// The message opened, and what it says to enclose cannot be read.
    #[error("the message opened, but its sender has not put together well what it encloses")]
    Enclosed,
    /// The message was made with other keys, or changed on its way.
    #[error("authentication failed")]
    Forged,
    /// The session cannot open it.
    #[error(transparent)]
    Ratchet(RatchetError),
}

impl From<RatchetError> for OpenError {
    fn from(error: RatchetError) -> Self {
        match error {
            RatchetError::Forged => Self::Forged,
            RatchetError::Gone { .. } => Self::Replayed,
            other => Self::Ratchet(other),
        }
    }
}

impl From<RatchetError> for Error {
    fn from(error: RatchetError) -> Self {
        Self::Open(error.into())
    }
}

impl From<BundleError> for Error {
    fn from(error: BundleError) -> Self {
        Self::Open(error.into())
    }
}

impl From<Error> for LayerError {
    fn from(error: Error) -> Self {
        match error {
            Error::Expect(error) => Self::reject(error),
            Error::Pair(error) => Self::reject(error),
            Error::Meet(error) => Self::reject(error),
            Error::Seal(error) => Self::reject(error),
            Error::Open(error) => Self::reject(error),
            Error::Store(error) => Self::fault(error),
        }
    }
}
