//! Sealing one message with its message key: AES-256-CTR, then HMAC-SHA-256.

use alloc::vec::Vec;

use status_crypto::stream::aes256_ctr;
use status_crypto::{hkdf_sha256, hmac_sha256, same, wipe};
use zeroize::Zeroizing;

use super::{Form, Header, RatchetError, kdf};
use crate::key::Key;

/// What sealing adds to a plaintext, in bytes: the start of the counter and the tag.
pub const OVERHEAD: usize = IV + TAG;

const IV: usize = 16;
const TAG: usize = 32;
const INFO: &[u8] = b"pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh";
const SALT: [u8; 32] = [0; 32];

/// The keys of one message, derived from its message key.
///
/// Spec: HKDF-SHA-256, 80 bytes: AES-256 key (32), HMAC key (32), start of the counter (16).
struct MessageKeys {
    encryption: [u8; 32],
    authentication: [u8; 32],
    iv: [u8; IV],
}

/// Seals `plaintext` under `header`: counter start (16), ciphertext, tag (32).
#[must_use]
pub fn seal(key: &Key, header: &Header, plaintext: &[u8]) -> Vec<u8> {
    let associated = header.associated();
    match header.form {
        Form::Bare => seal_with(key, associated.as_ref(), plaintext),
        Form::Enclosed => seal_with(&kdf::enclosed(key), associated.as_ref(), plaintext),
    }
}

/// Opens a payload whose header is `header`.
///
/// # Errors
/// [`RatchetError::Short`] below [`OVERHEAD`] bytes, [`RatchetError::Forged`].
pub fn open(key: &Key, header: &Header, payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, RatchetError> {
    let associated = header.associated();
    match header.form {
        Form::Bare => open_with(key, associated.as_ref(), payload),
        Form::Enclosed => open_with(&kdf::enclosed(key), associated.as_ref(), payload),
    }
}

/// Seals under any associated data; on the wire it is always that of a header.
#[must_use]
pub fn seal_with(key: &Key, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let keys = MessageKeys::derive(key);
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
    out.extend_from_slice(&keys.iv);
    out.extend_from_slice(plaintext);
    if let Some((_, text)) = out.split_at_mut_checked(IV) {
        aes256_ctr(&keys.encryption, &keys.iv, text);
    }
    let tag = hmac_sha256(&keys.authentication, &[associated, &out]);
    out.extend_from_slice(&tag);
    out
}

/// Opens what [`seal_with`] made. The counter starts where the payload says, as on deployed peers.
///
/// # Errors
/// [`RatchetError::Short`] below [`OVERHEAD`] bytes, [`RatchetError::Forged`].
pub fn open_with(key: &Key, associated: &[u8], payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, RatchetError> {
    let short = RatchetError::Short { len: payload.len() };
    let (body, tag) = payload.split_last_chunk::<TAG>().ok_or(short)?;
    let (iv, text) = body.split_first_chunk::<IV>().ok_or(short)?;

    let keys = MessageKeys::derive(key);
    let expected = hmac_sha256(&keys.authentication, &[associated, body]);
    if !same(tag, &expected) {
        return Err(RatchetError::Forged);
    }
    let mut plaintext = Zeroizing::new(text.to_vec());
    aes256_ctr(&keys.encryption, iv, &mut plaintext);
    Ok(plaintext)
}

impl MessageKeys {
    fn derive(key: &Key) -> Self {
        let mut out = [0; 80];
        let done = hkdf_sha256(key.expose(), &SALT, INFO, &mut out);
        debug_assert!(done.is_ok(), "HKDF gives 80 bytes");

        let mut keys = Self { encryption: [0; 32], authentication: [0; 32], iv: [0; IV] };
        let (first, rest) = out.split_at(32);
        let (second, third) = rest.split_at(32);
        keys.encryption.copy_from_slice(first);
        keys.authentication.copy_from_slice(second);
        keys.iv.copy_from_slice(third);
        wipe(&mut out);
        keys
    }
}

impl Drop for MessageKeys {
    fn drop(&mut self) {
        wipe(&mut self.encryption);
        wipe(&mut self.authentication);
        wipe(&mut self.iv);
    }
}
