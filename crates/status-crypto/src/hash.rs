//! Hashes over parts: the parts are hashed one after another, without separators.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Keccak-256 with the padding of Ethereum, which is not SHA3-256.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Keccak256>(parts).into()
}

/// SHA-256.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(parts).into()
}

fn digest<D: Digest>(parts: &[&[u8]]) -> sha3::digest::Output<D> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
}

/// HMAC-SHA-256 with a key of any length (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(&(*key_block(key)).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The key brought to the block size of SHA-256: hashed if longer, then filled up with zeros.
fn key_block(key: &[u8]) -> Zeroizing<[u8; 64]> {
    let hashed;
    let key = if key.len() > 64 {
        hashed = Zeroizing::new(sha256(&[key]));
        hashed.as_slice()
    } else {
        key
    };
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    block
}

/// Whether `a` and `b` are the same bytes, in a time that depends only on their lengths.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}
