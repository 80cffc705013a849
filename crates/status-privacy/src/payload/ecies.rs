//! Sealing to the key of one user: ECIES over secp256k1 as go-ethereum has it.
//!
//! ```text
//! ephemeral key 65, uncompressed ‖ counter block 16 ‖ ciphertext, AES-128-CTR ‖ tag 32, HMAC-SHA256
//! ```

use alloc::vec::Vec;

use status_crypto::stream::aes128_ctr;
use status_crypto::{Keyring, PublicKey, SecretKey, hmac_sha256, same, sha256};
use status_layer::{CryptoRng, Secret};
use zeroize::{Zeroize, Zeroizing};

const KEY: usize = 65; // bytes
const BLOCK: usize = 16; // bytes
const TAG: usize = 32; // bytes

/// How much longer the sealed bytes are than the plaintext.
pub(crate) const OVERHEAD: usize = KEY + BLOCK + TAG; // bytes

/// The first byte of an uncompressed key.
const UNCOMPRESSED: u8 = 4;

/// The two keys that follow from one agreement.
struct Keys {
    cipher: Zeroizing<[u8; 16]>,
    mac: Zeroizing<[u8; 32]>,
}

/// Seals `plain` to the key of one user. Draws the ephemeral key, then 16 bytes.
pub(crate) fn seal(to: &PublicKey, rng: &mut dyn CryptoRng, plain: &[u8]) -> Vec<u8> {
    let ephemeral = SecretKey::generate(rng);
    let mut block = [0; BLOCK];
    rng.fill_bytes(&mut block);
    let keys = Keys::derive(&ephemeral.agree(to));

    let mut ciphertext = plain.to_vec();
    aes128_ctr(&keys.cipher, &block, &mut ciphertext);
    let tag = hmac_sha256(keys.mac.as_slice(), &[&block, &ciphertext]);
    [ephemeral.public().uncompressed().as_slice(), &block, &ciphertext, &tag].concat()
}

/// Opens what was sealed to the key of `keyring`; `None` if it was not, or was changed.
pub(crate) fn open(keyring: &dyn Keyring, sealed: &[u8]) -> Option<Vec<u8>> {
    if sealed.first() != Some(&UNCOMPRESSED) {
        return None;
    }
    let (key, rest) = sealed.split_first_chunk::<KEY>()?;
    let (authentic, tag) = rest.split_last_chunk::<TAG>()?;
    let (block, ciphertext) = authentic.split_first_chunk::<BLOCK>()?;
    let keys = Keys::derive(&keyring.agree(&PublicKey::from_uncompressed(key).ok()?));
    if !same(tag, &hmac_sha256(keys.mac.as_slice(), &[authentic])) {
        return None;
    }
    let mut plain = ciphertext.to_vec();
    aes128_ctr(&keys.cipher, block, &mut plain);
    Some(plain)
}

impl Keys {
    /// Spec: NIST SP 800-56A, concatenation KDF with SHA-256 (one round), no shared information. The half for
    /// the tag is hashed once more.
    fn derive(agreed: &Secret) -> Self {
        let mut derived = sha256(&[&1_u32.to_be_bytes(), agreed.expose()]);
        let [cipher @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = derived;
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, mac @ ..] = derived;
        derived.zeroize();
        Self { cipher: Zeroizing::new(cipher), mac: Zeroizing::new(sha256(&[&mac])) }
    }
}
