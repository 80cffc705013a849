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

    let mut plaintext = Zeroizing::new(body.to_vec());
    cipher.decrypt_in_place(&(*nonce).into(), b"", &mut *plaintext).map_err(|_| AeadError::Forged)?;
    Ok(plaintext)
}

fn cipher(key: &[u8]) -> Result<Aes256Gcm, AeadError> {
    Aes256Gcm::new_from_slice(key).map_err(|_| AeadError::Key { len: key.len() })
}
