//! Hashes over parts: the parts are hashed one after another, without separators.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use shake::Shake256;
use shake::digest::ExtendableOutput;
use subtle::{Choice, ConstantTimeEq};

use crate::wipe::{Wiped, wipe};

/// Keccak-256 with the padding of Ethereum, which is not SHA3-256.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Keccak256>(parts).into()
}

/// Keccak-256 in steps: what was taken in so far may be hashed in several ways on.
#[derive(Clone)]
pub struct Keccak(Keccak256);

impl Keccak {
    /// Begins with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Keccak256::new_with_prefix(bytes))
    }

    /// Takes in more.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was taken in.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.0.clone().finalize().into()
    }
}

impl core::fmt::Debug for Keccak {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keccak(..)")
    }
}

/// SHA-256.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    digest::<Sha256>(parts).into()
}

/// SHAKE-256 with 64 bytes of output.
#[must_use]
pub fn shake256(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Shake256::default();
    for part in parts {
        shake::digest::Update::update(&mut hash, part);
    }
    let mut out = [0; 64];
    hash.finalize_xof_into(&mut out);
    out
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
    let mut mac = Hmac::<Sha256>::new((&*key_block(key)).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA-256 of several messages under one key, which is prepared once.
#[must_use]
pub fn hmac_sha256_each<const N: usize>(key: &[u8], messages: [&[u8]; N]) -> [[u8; 32]; N] {
    let mac = Hmac::<Sha256>::new((&*key_block(key)).into());
    messages.map(|message| mac.clone().chain_update(message).finalize().into_bytes().into())
}

/// The key brought to the block size of SHA-256: hashed if longer, then filled up with zeros.
fn key_block(key: &[u8]) -> Wiped<64> {
    let mut block = Wiped::new();
    if let Some(short) = block.get_mut(..key.len()) {
        short.copy_from_slice(key);
        return block;
    }
    let mut hashed = sha256(&[key]);
    if let Some(head) = block.first_chunk_mut() {
        *head = hashed;
    }
    wipe(&mut hashed);
    block
}

/// Whether `a` and `b` are the same bytes, in a time that depends only on their lengths.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Eight bytes at a time: each comparison stands behind a barrier of its own.
    let (words, rest) = a.as_chunks::<8>();
    let (others, other_rest) = b.as_chunks::<8>();
    let pairs = words.iter().zip(others);
    let equal = pairs
        .fold(Choice::from(1), |equal, (a, b)| equal & u64::from_ne_bytes(*a).ct_eq(&u64::from_ne_bytes(*b)));
    (equal & rest.ct_eq(other_rest)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_has_the_padding_of_ethereum() {
        let empty = keccak256(&[]);

        assert_eq!(hex::encode(empty), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    }

    #[test]
    fn parts_are_hashed_as_one() {
        assert_eq!(keccak256(&[b"ab", b"", b"c"]), keccak256(&[b"abc"]));
        assert_eq!(
            hex::encode(sha256(&[b"a", b"bc"])),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    // Spec: FIPS 202; the hash of the empty text
    #[test]
    fn shake_gives_64_bytes() {
        let empty = shake256(&[]);

        assert_eq!(
            hex::encode(empty),
            "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f\
             d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be"
        );
        assert_eq!(shake256(&[b"ab", b"c"]), shake256(&[b"abc"]));
    }

    // Spec: RFC 4231, test cases 1, 2 and 6
    #[test]
    fn hmac_takes_keys_of_any_length() {
        let usual = hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"]);
        let short = hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"]);
        let long = hmac_sha256(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"]);

        assert_eq!(hex::encode(usual), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(hex::encode(short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_key_that_is_prepared_once_gives_the_same_tags() {
        let each = hmac_sha256_each(&[3; 32], [b"one", b"another"]);

        assert_eq!(each, [hmac_sha256(&[3; 32], &[b"one"]), hmac_sha256(&[3; 32], &[b"another"])]);
    }

    #[test]
    fn bytes_are_the_same_only_with_the_same_length() {
        assert!(same(b"ab", b"ab"));
        assert!(!same(b"ab", b"ac"));
        assert!(!same(b"ab", b"a"));
    }

    #[test]
    fn a_difference_is_found_in_every_byte() {
        for at in 0..19 {
            let mut other = [7; 19];
            other[at] ^= 0x80;

            assert!(!same(&[7; 19], &other), "byte {at}");
        }
        assert!(same(&[7; 19], &[7; 19]));
    }
}
