//! The primitive calls that each operation consists of, and nothing else: no state, no checks, no types of ours.

use std::hint::black_box;

use aes::Aes256Enc;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use k256::ecdsa::SigningKey;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{PublicKey, SecretKey, ecdh::diffie_hellman};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use x25519_dalek::StaticSecret;

type Bytes = [u8; 32];

/// Private and public key of one curve.
pub(crate) trait Curve {
    type Private;
    type Public;
    fn private(bytes: &Bytes) -> Self::Private;
    fn public(private: &Self::Private) -> Vec<u8>;
    fn read(public: &[u8]) -> Self::Public;
    fn agree(private: &Self::Private, public: &Self::Public) -> Bytes;
}

pub(crate) enum Secp256k1 {}
pub(crate) enum X25519 {}

impl Curve for Secp256k1 {
    type Private = SecretKey;
    type Public = PublicKey;

    fn private(bytes: &Bytes) -> SecretKey {
        SecretKey::from_slice(bytes).unwrap()
    }

    fn public(private: &SecretKey) -> Vec<u8> {
        private.public_key().to_sec1_point(true).as_bytes().to_vec()
    }

    fn read(public: &[u8]) -> PublicKey {
        PublicKey::from_sec1_bytes(public).unwrap()
    }

    fn agree(private: &SecretKey, public: &PublicKey) -> Bytes {
        (*diffie_hellman(private.to_nonzero_scalar(), public.as_affine()).raw_secret_bytes()).into()
    }
}

impl Curve for X25519 {
    type Private = StaticSecret;
    type Public = x25519_dalek::PublicKey;

    fn private(bytes: &Bytes) -> StaticSecret {
        StaticSecret::from(*bytes)
    }

    fn public(private: &StaticSecret) -> Vec<u8> {
        x25519_dalek::PublicKey::from(private).to_bytes().to_vec()
    }

    fn read(public: &[u8]) -> x25519_dalek::PublicKey {
        <Bytes>::try_from(public).unwrap().into()
    }

    fn agree(private: &StaticSecret, public: &x25519_dalek::PublicKey) -> Bytes {
        private.diffie_hellman(public).to_bytes()
    }
}

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
pub(crate) fn x3dh(own: &SecretKey, other: &SecretKey, identity: &PublicKey, prekey: &PublicKey) -> Bytes {
    let mut hash = Keccak256::new();
    hash.update(Secp256k1::agree(own, prekey));
    hash.update(Secp256k1::agree(other, identity));
    hash.update(Secp256k1::agree(other, prekey));
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
pub(crate) fn sign(key: &SigningKey, preimage: &[u8]) -> Vec<u8> {
    let digest: Bytes = Keccak256::digest(preimage).into();
    key.sign_prehash_recoverable(&digest).0.to_bytes().to_vec()
}

/// One verification of a bundle, by recovery, as the wire demands.
pub(crate) fn recover(signature: &[u8; 65], digest: &Bytes) -> k256::ecdsa::VerifyingKey {
    let id = k256::ecdsa::RecoveryId::from_byte(signature[64]).unwrap();
    let signature = k256::ecdsa::Signature::from_slice(&signature[..64]).unwrap();
    k256::ecdsa::VerifyingKey::recover_from_prehash(digest, &signature, id).unwrap()
}
