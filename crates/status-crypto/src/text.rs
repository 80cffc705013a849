//! Identity keys as people and applications write them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use status_layer::UserId;

use crate::{KeyError, PublicKey};

/// The multicodec number of a secp256k1 public key, as an unsigned varint.
const SECP256K1: [u8; 2] = [0xe7, 0x01];

/// Longest text that [`parse_user`] looks at, in bytes; the longest valid one has 136.
const MAX: usize = 160;

/// Why a text does not name a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseUserError {
    /// The text begins neither with `0x` nor with `z`.
    #[error("a user is written as 0x04…, 0x02…, 0x03… or zQ3sh…")]
    Form,
    /// The text is longer than any key.
    #[error("the text has {len} bytes, a key has at most {max}")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The text holds a character that its form does not know, or a digit is missing.
    #[error("the text is cut or holds a wrong character; copy it again")]
    Character,
    /// A text beginning with `z` is not a secp256k1 key.
    #[error("the text is another kind of key than secp256k1")]
    Codec,
    /// The text holds bytes that are not a key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The key string: `0x` and the uncompressed key in lower-case hex, 132 characters.
///
/// It is the id of a contact, of the chat with them, and of a group member.
///
/// # Errors
/// [`KeyError::NotAPoint`] if the user id is not a point of the curve.
pub fn key_string(user: &UserId) -> Result<String, KeyError> {
    Ok(format!("0x{}", hex::encode(PublicKey::from_user(user)?.uncompressed())))
}

/// The compressed chat key: multibase `z` (base58) over multicodec `e7 01` and the key, `zQ3sh…`.
#[must_use]
pub fn compressed_key(user: &UserId) -> String {
    let bytes: Vec<u8> = SECP256K1.iter().chain(user.as_bytes()).copied().collect();
    format!("z{}", bs58::encode(bytes).into_string())
}

/// Reads a user in any form: the key string, the compressed key in hex, or the compressed chat key.
///
/// # Errors
/// [`ParseUserError`].
pub fn parse_user(text: &str) -> Result<UserId, ParseUserError> {
    if text.len() > MAX {
        return Err(ParseUserError::TooLong { len: text.len(), max: MAX });
    }
    let bytes;
    let key = if let Some(digits) = text.strip_prefix("0x") {
        bytes = hex::decode(digits).map_err(|_| ParseUserError::Character)?;
        bytes.strip_prefix(&SECP256K1).unwrap_or(&bytes)
    } else if let Some(digits) = text.strip_prefix('z') {
        bytes = bs58::decode(digits).into_vec().map_err(|_| ParseUserError::Character)?;
        bytes.strip_prefix(&SECP256K1).ok_or(ParseUserError::Codec)?
    } else {
        return Err(ParseUserError::Form);
    };
    let key = match key {
        [4, ..] => PublicKey::from_uncompressed(key)?,
        _ => PublicKey::from_compressed(key)?,
    };
    Ok(key.user())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_STRING: &str = "0x04261c55675e55ff25edb50b345cfb3a3f35f60712d251cbaaab97bd50054c6ebc\
                              3cd4e22200c68daf7493e1f8da6a190a68a671e2d3977809612424c7c3888bc6";
    const COMPRESSED: &str = "zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB";

    #[test]
    fn a_user_is_written_in_the_known_forms() {
        let user = parse_user(KEY_STRING).unwrap();

        assert_eq!(key_string(&user).unwrap(), KEY_STRING);
        assert_eq!(compressed_key(&user), COMPRESSED);
    }

    #[test]
    fn every_form_reads_as_the_same_user() {
        let user = parse_user(KEY_STRING).unwrap();
        let tagged = format!("0xe701{}", hex::encode(user.as_bytes()));

        for text in [COMPRESSED, &user.to_string(), &tagged, &KEY_STRING.to_uppercase().replace("0X", "0x")] {
            assert_eq!(parse_user(text), Ok(user), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_with_the_reason() {
        let other_codec =
            format!("z{}", bs58::encode([&[0xed, 1], [2; 33].as_slice()].concat()).into_string());

        assert_eq!(parse_user(""), Err(ParseUserError::Form));
        assert_eq!(parse_user("alice"), Err(ParseUserError::Form));
        assert_eq!(parse_user("z0OIl"), Err(ParseUserError::Character));
        assert_eq!(parse_user("0x123"), Err(ParseUserError::Character));
        assert_eq!(parse_user(&other_codec), Err(ParseUserError::Codec));
        assert_eq!(parse_user("0x"), Err(ParseUserError::Key(KeyError::Length { len: 0, want: 33 })));
        assert_eq!(
            parse_user(&KEY_STRING.replace("8bc6", "8bc7")),
            Err(ParseUserError::Key(KeyError::NotAPoint))
        );
        assert_eq!(parse_user(&"z".repeat(161)), Err(ParseUserError::TooLong { len: 161, max: 160 }));
    }
}
