//! AES-256-GCM in the byte layouts that deployed peers use.

use alloc::vec::Vec;

use aes_gcm::aead::KeyInit;
use aes_gcm::{AeadInOut, Aes256Gcm};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Length of a nonce, in bytes.
const NONCE: usize = 12;

/// Length of an authentication tag, in bytes.
const TAG: usize = 16;

/// What sealing adds to a plaintext, in bytes: the tag and the nonce.
pub const OVERHEAD: usize = TAG + NONCE;

/// Why bytes were not sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AeadError {
    /// The key has not 32 bytes.
    #[error("a key has 32 bytes, this has {len}")]
    Key {
        /// Length found, in bytes.
        len: usize,
    },
    /// The plaintext is longer than AES-GCM takes (64 GiB).
    #[error("the plaintext is too long for one AES-GCM message; split it")]
    TooLong,
    /// The sealed bytes cannot hold a tag and a nonce.
    #[error("sealed bytes are at least {OVERHEAD}, these are {len}")]
    Short {
        /// Length found, in bytes.
        len: usize,
    },
    /// The bytes were sealed with another key, or changed on their way.
    #[error("authentication failed")]
    Forged,
}

/// Seals with AES-256-GCM, a random nonce and no associated data: ciphertext, tag (16), nonce (12).
///
/// # Errors
/// [`AeadError::Key`] if `key` has not 32 bytes, [`AeadError::TooLong`].
pub fn seal_nonce_last(key: &[u8], rng: &mut dyn CryptoRng, plaintext: &[u8]) -> Result<Vec<u8>, AeadError> {
    let cipher = cipher(key)?;
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);

    let mut sealed = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
    sealed.extend_from_slice(plaintext);
    cipher.encrypt_in_place(&nonce.into(), b"", &mut sealed).map_err(|_| AeadError::TooLong)?;
    sealed.extend_from_slice(&nonce);
    Ok(sealed)
}

/// Opens what [`seal_nonce_last`] made.
///
/// # Errors
/// [`AeadError::Key`], [`AeadError::Short`] or [`AeadError::Forged`].
pub fn open_nonce_last(key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
    let cipher = cipher(key)?;
    let Some((body, nonce)) = sealed.split_last_chunk::<NONCE>().filter(|(body, _)| body.len() >= TAG) else {
        return Err(AeadError::Short { len: sealed.len() });
    };

    // The tag is looked at first: what does not open stays ciphertext, and there is nothing to wipe.
    let mut plaintext = body.to_vec();
    cipher.decrypt_in_place(&(*nonce).into(), b"", &mut plaintext).map_err(|_| AeadError::Forged)?;
    Ok(Zeroizing::new(plaintext))
}

/// Seals with AES-256-GCM, a random nonce and no associated data: nonce (12), ciphertext, tag (16).
///
/// # Errors
/// [`AeadError::Key`] if `key` has not 32 bytes, [`AeadError::TooLong`].
pub fn seal_nonce_first(key: &[u8], rng: &mut dyn CryptoRng, plaintext: &[u8]) -> Result<Vec<u8>, AeadError> {
    let mut sealed = seal_nonce_last(key, rng, plaintext)?;
    sealed.rotate_right(NONCE);
    Ok(sealed)
}

/// Opens what [`seal_nonce_first`] made.
///
/// # Errors
/// [`AeadError::Key`], [`AeadError::Short`] or [`AeadError::Forged`].
pub fn open_nonce_first(key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, AeadError> {
    let Some((nonce, body)) = sealed.split_first_chunk::<NONCE>() else {
        return Err(AeadError::Short { len: sealed.len() });
    };
    open_nonce_last(key, &[body, nonce].concat())
}

fn cipher(key: &[u8]) -> Result<Aes256Gcm, AeadError> {
    Aes256Gcm::new_from_slice(key).map_err(|_| AeadError::Key { len: key.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use status_layer::testing::{ScriptedRng, rng};

    const KEY: &str = "01d2e36e3c06975e69a5b59e83c946176c50a4984a2f7190079b1c99e44a1252";
    const SEALED: &str = "23fc6b962473a0a6c429bad3b8a83ebb398e8a95000102030405060708090a0b";

    #[test]
    fn the_nonce_stands_last() {
        let nonce: Vec<u8> = (0..12).collect();

        let sealed =
            seal_nonce_last(&hex::decode(KEY).unwrap(), &mut ScriptedRng::new(nonce), b"test").unwrap();

        assert_eq!(hex::encode(&sealed), SEALED);
        assert_eq!(sealed.len(), 4 + OVERHEAD);
    }

    #[test]
    fn the_nonce_may_stand_first() {
        let key = hex::decode(KEY).unwrap();
        let nonce: Vec<u8> = (0..12).collect();

        let sealed = seal_nonce_first(&key, &mut ScriptedRng::new(nonce), b"test").unwrap();

        assert_eq!(
            hex::encode(&sealed),
            [&SEALED[SEALED.len() - 24..], &SEALED[..SEALED.len() - 24]].concat()
        );
        assert_eq!(open_nonce_first(&key, &sealed).unwrap().as_slice(), b"test");
        assert_eq!(open_nonce_first(&key, &sealed[1..]), Err(AeadError::Forged));
        assert_eq!(open_nonce_first(&key, &sealed[..11]), Err(AeadError::Short { len: 11 }));
        assert_eq!(open_nonce_first(&key, &sealed[..20]), Err(AeadError::Short { len: 20 }));
    }

    #[test]
    fn what_is_sealed_opens() {
        let opened = open_nonce_last(&hex::decode(KEY).unwrap(), &hex::decode(SEALED).unwrap()).unwrap();

        assert_eq!(opened.as_slice(), b"test");
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        let key = [7; 32];
        let sealed = seal_nonce_last(&key, &mut rng(1), b"test").unwrap();

        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;

            assert_eq!(open_nonce_last(&key, &changed), Err(AeadError::Forged), "byte {at}");
        }
        assert_eq!(open_nonce_last(&[8; 32], &sealed), Err(AeadError::Forged));
    }

    #[test]
    fn cut_bytes_are_refused() {
        for len in 0..OVERHEAD {
            assert_eq!(open_nonce_last(&[7; 32], &vec![0; len]), Err(AeadError::Short { len }));
        }
        assert_eq!(open_nonce_last(&[7; 32], &[0; OVERHEAD]), Err(AeadError::Forged));
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert_eq!(seal_nonce_last(&[7; 16], &mut rng(1), b""), Err(AeadError::Key { len: 16 }));
        assert_eq!(open_nonce_last(&[], &[0; 64]), Err(AeadError::Key { len: 0 }));
    }
}
