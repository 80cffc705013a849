//! Generated types ⇄ ours.

use alloc::string::String;
use alloc::vec::Vec;

use prost::Message;
use status_layer::{Timestamp, UserId};

use super::{Card, CardError};
use crate::{DisplayName, generated as raw};

/// The form of cards that is written and read.
const VERSION: u32 = 1;

/// Reads a card and checks its parts; neither its signature nor its time.
pub(super) fn read(bytes: &[u8]) -> Result<Card, CardError> {
    let card = raw::Card::decode(bytes).map_err(|_| CardError::Malformed)?;
    match card.version {
        VERSION => {}
        0 => return Err(CardError::Malformed),
        version => return Err(CardError::Newer { version }),
    }
    Ok(Card {
        user: UserId::from_compressed(&card.user).map_err(|_| CardError::Malformed)?,
        name: if card.name.is_empty() { None } else { Some(DisplayName::new(&card.name)?) },
        bundle: card.bundle,
        made_at: Timestamp::from_millis(card.made_at),
        expires_at: Timestamp::from_millis(card.expires_at),
        signature: card.signature.try_into().map_err(|_| CardError::Malformed)?,
    })
}

/// The bytes of a card with this signature.
pub(super) fn write(card: &Card, signature: &[u8]) -> Vec<u8> {
    raw::Card {
        version: VERSION,
        user: card.user.as_bytes().to_vec(),
        name: card.name.as_ref().map_or_else(String::new, |name| name.as_str().into()),
        bundle: card.bundle.clone(),
        made_at: card.made_at.millis(),
        expires_at: card.expires_at.millis(),
        signature: signature.to_vec(),
    }
    .encode_to_vec()
}
