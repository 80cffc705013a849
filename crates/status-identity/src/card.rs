//! Contact cards: who somebody is, and the keys for a first message to them, on one slip.

mod error;
mod wire;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use status_crypto::{Keyring, PublicKey, Signature, keccak256};
use status_layer::{Timestamp, UserId};

use crate::{DisplayName, base32};

pub use error::{CardError, MakeCardError};

/// What is signed begins with it. Its first byte begins no protocol buffer and no text, so that no signature of another kind
/// is one of a card.
const DOMAIN: &[u8] = b"\xffstatus-card-v1\0";

/// How a card begins as text, before the multibase prefix `b`.
const SCHEME: &str = "status-card:b";

/// The same in a QR code, where capitals take less space.
const SCHEME_IN_CODE: &str = "STATUS-CARD:B";

/// A contact card whose signature is genuine; there is no other way to have one.
///
/// Its text is `status-card:` and the encoded card in multibase `b`, base32 in lower case; in capitals throughout it is the
/// same card, and needs a smaller QR code. It has one encoding.
#[derive(Clone, Eq, PartialEq)]
pub struct Card {
    user: UserId,
    name: Option<DisplayName>,
    bundle: Vec<u8>,
    made_at: Timestamp,
    expires_at: Timestamp,
    signature: [u8; 65],
}

/// What its owner puts on a card.
#[derive(Clone, Debug)]
pub struct CardContent {
    /// How they call themselves, if they say.
    pub name: Option<DisplayName>,
    /// Their key bundle as the security layer gives it out; empty for none. It is opaque here: its own signature is checked
    /// by the security layer of the reader.
    pub bundle: Vec<u8>,
    /// Now.
    pub made_at: Timestamp,
    /// When the card ends to be valid: when the keys in the bundle are replaced, and at most [`Card::LIFETIME`] from now.
    pub expires_at: Timestamp,
}

impl Card {
    /// How long a card is valid at most, and the keys on it are used: 24 hours.
    pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

    /// How far a card may seem to come from the future, because clocks differ: 5 minutes.
    pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

    /// Largest card, in bytes as encoded. As text it fits the largest QR code.
    pub const MAX: usize = 2_560;

    /// Longest text of a card, in bytes.
    pub const MAX_TEXT: usize = SCHEME.len() + (Self::MAX * 8).div_ceil(5);

    /// Makes a card and signs it with the chat key.
    ///
    /// # Errors
    /// Any [`MakeCardError`].
    pub fn make(keyring: &dyn Keyring, content: CardContent) -> Result<Self, MakeCardError> {
        let CardContent { name, bundle, made_at, expires_at } = content;
        if !is_lifetime(made_at, expires_at) {
            return Err(MakeCardError::Lifetime);
        }
        let mut card = Self { user: keyring.user(), name, bundle, made_at, expires_at, signature: [0; 65] };
        card.signature = *keyring.sign(&card.digest()).as_bytes();
        match card.encode().len() {
            0..=Self::MAX => Ok(card),
            len => Err(MakeCardError::TooLarge { len, max: Self::MAX }),
        }
    }

    /// Reads a card from its text, at the time `now`; white space around it does not matter.
    ///
    /// # Errors
    /// Any [`CardError`].
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, CardError> {
        let text = text.trim();
        if text.len() > Self::MAX_TEXT {
            return Err(CardError::TooLong { len: text.len(), max: Self::MAX_TEXT });
        }
        let capitals;
        let digits = if let Some(digits) = text.strip_prefix(SCHEME_IN_CODE) {
            digits
        } else {
            let digits = text.strip_prefix(SCHEME).ok_or(CardError::Form)?;
            if digits.bytes().any(|digit| digit.is_ascii_uppercase()) {
                return Err(CardError::Character);
            }
            capitals = digits.to_ascii_uppercase();
            &capitals
        };
        Self::decode(&base32::decode(digits).ok_or(CardError::Character)?, now)
    }

    /// Reads a card from its bytes, at the time `now`.
    ///
    /// # Errors
    /// Any [`CardError`].
    pub fn decode(bytes: &[u8], now: Timestamp) -> Result<Self, CardError> {
        if bytes.len() > Self::MAX {
            return Err(CardError::TooLong { len: bytes.len(), max: Self::MAX });
        }
        let card = wire::read(bytes)?;
        if card.encode() != bytes {
            return Err(CardError::NotCanonical);
        }
        card.verify()?;
        card.check_time(now)?;
        Ok(card)
    }

    /// Whose card it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// How they call themselves, if they say.
    #[must_use]
    pub const fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref()
    }

    /// Their key bundle, if there is one, for the security layer to check and to take.
    #[must_use]
    pub fn bundle(&self) -> Option<&[u8]> {
        (!self.bundle.is_empty()).then_some(&*self.bundle)
    }

    /// When it was made, by its owner's clock.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }

    /// When it ends to be valid, by its owner's clock.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Whether it is valid at the time `now`: a card that is kept grows old.
    ///
    /// # Errors
    /// [`CardError::FromTheFuture`] or [`CardError::Expired`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), CardError> {
        if self.made_at > now.after(Self::TOLERANCE) {
            return Err(CardError::FromTheFuture);
        }
        if self.expires_at <= now {
            return Err(CardError::Expired { user: self.user });
        }
        Ok(())
    }

    /// The card in bytes, at most [`Card::MAX`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::write(self, &self.signature)
    }

    /// The card as text in capitals, as it stands in a QR code; at most [`Card::MAX_TEXT`] bytes.
    #[must_use]
    pub fn text_in_code(&self) -> String {
        format!("{SCHEME_IN_CODE}{}", base32::encode(&self.encode()))
    }

    fn verify(&self) -> Result<(), CardError> {
        PublicKey::from_user(&self.user).map_err(|_| CardError::Malformed)?;
        if !is_low(&self.signature) {
            return Err(CardError::NotCanonical);
        }
        let signature = Signature::from_bytes(&self.signature).map_err(|_| CardError::Malformed)?;
        let signer = signature.recover(&self.digest()).map_err(|_| CardError::Signature)?;
        if signer.user() != self.user {
            return Err(CardError::Signature);
        }
        if is_lifetime(self.made_at, self.expires_at) { Ok(()) } else { Err(CardError::Lifetime) }
    }

    /// What is signed: everything but the signature.
    fn digest(&self) -> [u8; 32] {
        keccak256(&[DOMAIN, &wire::write(self, &[])])
    }
}

impl fmt::Display for Card {
    /// The card as text in small letters, for people to paste.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text_in_code().to_ascii_lowercase())
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({:?}, bundle of {} bytes)", self.user, self.bundle.len())
    }
}

fn is_lifetime(made_at: Timestamp, expires_at: Timestamp) -> bool {
    made_at < expires_at && expires_at <= made_at.after(Card::LIFETIME)
}

/// Whether the number `s` of a signature is the smaller one of the two that fit: with the other a card would have a second
/// encoding.
fn is_low(signature: &[u8; 65]) -> bool {
    /// Half the order of the curve.
    const HALF: [u8; 32] = [
        0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
        0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
    ];
    signature.get(32..64).is_some_and(|s| s <= HALF.as_slice())
}

#[cfg(test)]
mod tests;
