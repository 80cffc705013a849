//! What people paste or scan to write to somebody.

use alloc::boxed::Box;

use status_crypto::text::{ParseUserError, parse_user};
use status_layer::{Timestamp, UserId};

use crate::{Card, CardError};

/// Somebody to write to, in whatever form their key was handed over.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Pasted {
    /// A card that is genuine and valid.
    Card(Box<Card>),
    /// A key alone: `0x04…`, `0x02…`, `0x03…` or `zQ3sh…`.
    Key(UserId),
}

/// Why a text names nobody to write to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PastedError {
    /// The text is a card that is not taken.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The text is no card, and no key.
    #[error(transparent)]
    Key(#[from] ParseUserError),
}

impl Pasted {
    /// Reads a card or a key, at the time `now`; white space around it does not matter.
    ///
    /// # Errors
    /// Any [`PastedError`].
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, PastedError> {
        match Card::parse(text, now) {
            Ok(card) => Ok(Self::Card(Box::new(card))),
            // Too long for a card is too long for a key.
            Err(CardError::Form) => Ok(Self::Key(parse_user(text.trim())?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Whom it names.
    #[must_use]
    pub const fn user(&self) -> UserId {
        match self {
            Self::Card(card) => card.user(),
            Self::Key(user) => *user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_key_is_read() {
        let compressed = "zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB";
        let user = parse_user(compressed).unwrap();
        let now = Timestamp::from_secs(1);

        for text in [compressed, &user.to_string(), &status_crypto::text::key_string(&user).unwrap()] {
            assert_eq!(Pasted::parse(&format!(" {text}\n"), now).map(|pasted| pasted.user()), Ok(user));
        }
        assert_eq!(Pasted::parse("alice", now), Err(PastedError::Key(ParseUserError::Form)));
        assert_eq!(Pasted::parse("status-card:b1", now), Err(PastedError::Card(CardError::Character)));
    }
}
