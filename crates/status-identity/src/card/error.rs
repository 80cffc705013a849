//! Why a card is not made, or not taken.

use status_layer::UserId;

use super::Card;
use crate::NameError;

/// Why no card is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MakeCardError {
    /// The bundle is too large for the largest QR code.
    #[error(
        "the card would have {len} bytes, a QR code holds {max}; make it without a bundle, which then comes over the network"
    )]
    TooLarge {
        /// Length, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The card would end before it begins, or be valid for more than 24 hours.
    #[error("a card is valid for up to {} hours from when it is made", Card::LIFETIME.as_secs() / 3600)]
    Lifetime,
}

/// Why a text or bytes are not a card that is valid now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The text does not begin like a card.
    #[error("a contact card begins with status-card:b")]
    Form,
    /// The text or the bytes are longer than any card.
    #[error("this has {len} bytes, a contact card has at most {max}")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The text is cut, or holds a wrong character.
    #[error("the card is cut or holds a wrong character; copy or scan it again")]
    Character,
    /// The bytes are no card.
    #[error("the card is damaged; copy or scan it again")]
    Malformed,
    /// The card has a form that this program does not know.
    #[error("the card is of form {version}, which a newer program has made; update this one")]
    Newer {
        /// The form.
        version: u32,
    },
    /// The name on the card is no display name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The same card could be written in another way: no program that keeps the rules wrote this one.
    #[error("the card is not written as cards are; ask for a new one")]
    NotCanonical,
    /// The card was changed, or made by somebody else than it says.
    #[error("the card is not signed by the person that it names; do not trust it")]
    Signature,
    /// The card claims to be valid for longer than a day, or for no time at all.
    #[error("the card claims a time for which cards are not valid; ask for a new one")]
    Lifetime,
    /// The card was made later than now.
    #[error("the card comes from the future; set the clock of this device or of theirs")]
    FromTheFuture,
    /// The card was genuine, and its time is over. The key of its owner is still theirs.
    #[error(
        "the card has expired; ask for a new one, or add the person by their key {}",
        status_crypto::text::compressed_key(user)
    )]
    Expired {
        /// Whose card it is.
        user: UserId,
    },
}
