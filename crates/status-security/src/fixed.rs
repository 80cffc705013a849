//! Sealing to an identity key alone ("DH mode"), for when no device of the reader is known.
//!
//! Confidential, not forward secret: whoever gets the identity key later can read it. Spec: the key is the
//! agreement of a fresh ephemeral key with the identity key, used as it is; AES-256-GCM, nonce last.

use alloc::vec::Vec;

use status_crypto::aead::{self, AeadError};
use status_crypto::{Keyring, PublicKey, SecretKey};
use zeroize::Zeroizing;

use status_layer::CryptoRng;

/// Where the ciphertext stands in the map of a message: no installation is named.
pub const SLOT: &str = "none";

/// Seals for the owner of `identity`; returns the ephemeral key for the header, and the payload.
///
/// Draws the ephemeral key (32 bytes), then the nonce (12 bytes).
///
/// # Errors
/// [`AeadError::TooLong`].
pub fn seal(
    rng: &mut dyn CryptoRng,
    identity: &PublicKey,
    plaintext: &[u8],
) -> Result<(PublicKey, Vec<u8>), AeadError> {
    let ephemeral = SecretKey::generate(rng);
    let key = ephemeral.agree(identity);
    let payload = aead::seal_nonce_last(key.expose(), rng, plaintext)?;
    Ok((ephemeral.public(), payload))
}

/// Opens what was sealed for the owner of `ours`.
///
/// # Errors
/// [`AeadError::Short`] or [`AeadError::Forged`].
pub fn open(
    ours: &dyn Keyring,
    ephemeral: &PublicKey,
    payload: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AeadError> {
    aead::open_nonce_last(ours.agree(ephemeral).expose(), payload)
}

#[cfg(test)]
mod tests {
    use status_layer::testing::ScriptedRng;

    use super::*;

    #[test]
    fn the_payload_is_that_of_the_deployed_layout() {
        let bob = SecretKey::from_bytes(&[b'2'; 32]).unwrap();
        let script: Vec<u8> = [b'1'; 32].into_iter().chain(0..12).collect();

        let (ephemeral, payload) = seal(&mut ScriptedRng::new(script), &bob.public(), b"test").unwrap();

        let expected = "23fc6b962473a0a6c429bad3b8a83ebb398e8a95000102030405060708090a0b";
        assert_eq!(hex::encode(&payload), expected);
        assert_eq!(open(&bob, &ephemeral, &payload).unwrap().as_slice(), b"test");
    }
}
