//! The two key derivations of the Double Ratchet.

use status_crypto::{hkdf_sha256, hmac_sha256, hmac_sha256_each, wipe};
use status_layer::Secret;

use crate::key::Key;

const ROOT_INFO: &[u8] = b"rsZUpEuXUqqwXBvSy3EcievAh4cMj6QL";
const NEXT_CHAIN: &[u8] = &[0x0f];
const MESSAGE: &[u8] = &[0x10];
const ENCLOSED: &[u8] = b"status security enclosed 1";

/// `KDF_RK`: from the root key and a new agreement to the next root key and a new chain key.
///
/// Spec: HKDF-SHA-256 with the agreement as key material and the root key as salt. On deployed peers it gives
/// 96 bytes; the last 32, a header key, are used by nobody.
#[must_use]
pub fn root(root: &Key, agreement: &Secret) -> (Key, Key) {
    let mut out = [[0; 32]; 2];
    // A shorter output of HKDF is a prefix of a longer one, and 64 bytes are far below its limit.
    let done = hkdf_sha256(agreement.expose(), root.expose(), ROOT_INFO, out.as_flattened_mut());
    debug_assert!(done.is_ok(), "HKDF gives 64 bytes");
    let keys = out.map(Key::new);
    wipe(out.as_flattened_mut());
    keys.into()
}

/// `KDF_CK`: from a chain key to the next chain key and the key of one message.
#[must_use]
pub fn chain(chain: &Key) -> (Key, Key) {
    let [next, message] = hmac_sha256_each(chain.expose(), [NEXT_CHAIN, MESSAGE]);
    (Key::new(next), Key::new(message))
}

/// The key of a message that encloses more than content, from the message key of its place in the chain.
///
/// Nothing that was sealed with the one opens with the other, so nobody can change on the way how a message is read.
#[must_use]
pub fn enclosed(message: &Key) -> Key {
    Key::new(hmac_sha256(message.expose(), &[ENCLOSED]))
}

/// The first half of [`chain`]: the step over a message whose key is not wanted.
#[must_use]
pub fn next(chain: &Key) -> Key {
    Key::new(hmac_sha256(chain.expose(), &[NEXT_CHAIN]))
}
