//! Sealing with a key that both sides know: AES-256-GCM, `ciphertext ‖ tag 16 ‖ nonce 12`.

use alloc::vec::Vec;

use status_crypto::aead::{self, AeadError};
use status_crypto::pbkdf2_sha256;
use status_layer::{CryptoRng, Secret};

/// Length of a key, in bytes.
pub(crate) const KEY: usize = 32;

/// How much longer the sealed bytes are than the plaintext.
pub(crate) const OVERHEAD: usize = aead::OVERHEAD; // bytes

/// Rounds of PBKDF2. Deployed peers use this number, which is not the power of two that it resembles.
const ROUNDS: u32 = 65_356;

/// Derives the key of a place from its name. Slow: about 10 ms optimised.
pub(crate) fn key(name: &[u8]) -> Secret {
    pbkdf2_sha256(name, &[], ROUNDS)
}

/// Seals `plain`. Draws 12 bytes.
pub(crate) fn seal(key: &Secret, rng: &mut dyn CryptoRng, plain: &[u8]) -> Result<Vec<u8>, AeadError> {
    aead::seal_nonce_last(key.expose(), rng, plain)
}

/// Opens what was sealed with `key`; `None` if it was not, or was changed.
pub(crate) fn open(key: &Secret, sealed: &[u8]) -> Option<Vec<u8>> {
    aead::open_nonce_last(key.expose(), sealed).ok().map(|mut plain| core::mem::take(&mut *plain))
}
