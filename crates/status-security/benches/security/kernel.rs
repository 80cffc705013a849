//! The primitive calls that each operation consists of, and nothing else: no state, no checks, no types of ours.

use std::hint::black_box;

use aes::Aes256Enc;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use sha3::{Digest, Keccak256};

mod curve;
#[cfg(feature = "libsecp256k1")]
mod libsecp;

pub(crate) use curve::{Curve, Identity, K256, Secp256k1, X25519};

type Bytes = [u8; 32];

/// What stands beside our rows where the C library does our work.
pub(crate) const BESIDE: Option<&str> =
    if cfg!(feature = "libsecp256k1") { Some("kernel on k256") } else { None };

fn hkdf(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) {
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, out).unwrap();
}

/// One step of the root chain.
pub(crate) fn root(root: &Bytes, agreement: &Bytes) -> [u8; 64] {
    let mut out = [0; 64];
    hkdf(agreement, root, b"rsZUpEuXUqqwXBvSy3EcievAh4cMj6QL", &mut out);
    out
}

/// One step of a message chain: next key and message key.
pub(crate) fn chain(key: &Bytes) -> (Bytes, Bytes) {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    let [next, message] = [0x0f, 0x10].map(|label| {
        let mut mac = mac.clone();
        mac.update(&[label]);
        mac.finalize().into_bytes().into()
    });
    (next, message)
}

fn message_keys(message: &Bytes) -> [u8; 80] {
    let mut keys = [0; 80];
    hkdf(message, &[0; 32], b"pcwSByyx2CRdryCffXJwy7xgVZWtW5Sh", &mut keys);
    keys
}

fn xor(keys: &[u8; 80], iv: &[u8], text: &mut [u8]) {
    let iv: [u8; 16] = iv.try_into().unwrap();
    let key: Bytes = keys[..32].try_into().unwrap();
    ctr::Ctr128BE::<Aes256Enc>::new(&key.into(), &iv.into()).apply_keystream(text);
}

fn tag(keys: &[u8; 80], associated: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&keys[32..64]).unwrap();
    mac.update(associated);
    mac.update(body);
    mac
}

/// Seals one message of a chain.
pub(crate) fn seal(key: &mut Bytes, associated: &[u8], text: &[u8]) -> Vec<u8> {
    let (next, message) = chain(key);
    *key = next;
    let keys = message_keys(&message);
    let mut out = Vec::with_capacity(text.len() + 48);
    out.extend_from_slice(&keys[64..]);
    out.extend_from_slice(text);
    xor(&keys, &keys[64..], &mut out[16..]);
    let tag = tag(&keys, associated, &out).finalize().into_bytes();
    out.extend_from_slice(&tag);
    out
}

/// Opens one message of a chain.
pub(crate) fn open(key: &mut Bytes, associated: &[u8], payload: &[u8]) -> Vec<u8> {
    let (next, message) = chain(key);
    *key = next;
    let keys = message_keys(&message);
    let (body, found) = payload.split_at(payload.len() - 32);
    tag(&keys, associated, body).verify_slice(found).unwrap();
    let mut text = body[16..].to_vec();
    xor(&keys, &body[..16], &mut text);
    text
}

/// X3DH of one side: three agreements and a hash. Two private and two public keys, each read once.
pub(crate) fn x3dh<C: Curve>(
    own: &C::Private,
    other: &C::Private,
    identity: &C::Public,
    prekey: &C::Public,
) -> Bytes {
    let mut hash = Keccak256::new();
    hash.update(C::agree(own, prekey));
    hash.update(C::agree(other, identity));
    hash.update(C::agree(other, prekey));
    hash.finalize().into()
}

/// A turn of the ratchet: what is opened after it, and a new key for the answer.
pub(crate) fn turn<C: Curve>(own: &Bytes, drawn: &Bytes, peer: &[u8], key: &Bytes) -> [u8; 64] {
    let peer = C::read(peer);
    let received = root(key, &C::agree(&C::private(own), &peer));
    let drawn = C::private(drawn);
    black_box(C::public(&drawn));
    root(received[..32].try_into().unwrap(), &C::agree(&drawn, &peer))
}

/// One signature of a bundle.
pub(crate) fn sign<C: Identity>(key: &C::Signing, preimage: &[u8]) -> [u8; 64] {
    C::sign(key, &Keccak256::digest(preimage).into())
}

/// A message that is so far ahead, and all the keys that are kept of those before it.
pub(crate) fn jump(ahead: u32, keep: u32, associated: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut key = [8; 32];
    for _ in 0..ahead - keep {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(&[0x0f]);
        key = mac.finalize().into_bytes().into();
    }
    for _ in 0..keep {
        let (next, message) = chain(&key);
        black_box(message);
        key = next;
    }
    black_box(key);
    // Sealed with the first key of a chain, which does not matter for how long it takes.
    open(&mut [8; 32], associated, payload)
}
