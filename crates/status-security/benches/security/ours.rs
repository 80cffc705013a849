//! Our ratchet, ready to be measured, in either suite.

use status_crypto::{PublicKey, SecretKey, x25519};
use status_layer::testing::{SeededRng, rng};
use status_security::Suite;
use status_security::hazmat::Key;
use status_security::hazmat::ratchet::{Limits, Ratchet};

pub(crate) const LIMITS: Limits = Limits { jump: 1000, keep: 1000 };

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32]).unwrap()
}

/// The first ratchet key of a responder on Curve25519.
pub(crate) fn first() -> x25519::SecretKey {
    x25519::SecretKey::from_bytes(&[5; 32])
}

pub(crate) fn initiate(
    suite: Suite,
    rng: &mut SeededRng,
    secret: &Key,
    prekey: &PublicKey,
    first: &x25519::PublicKey,
) -> Ratchet {
    match suite {
        Suite::Secp256k1 => Ratchet::initiate(rng, secret, prekey),
        Suite::Curve25519 => Ratchet::initiate_25519(rng, secret, first).unwrap(),
    }
}

pub(crate) fn respond(suite: Suite, secret: &Key, prekey: &SecretKey, first: &x25519::SecretKey) -> Ratchet {
    match suite {
        Suite::Secp256k1 => Ratchet::respond(secret, prekey),
        Suite::Curve25519 => Ratchet::respond_25519(secret, first),
    }
}

/// Two sides of a session; the first one has begun it.
pub(crate) fn pair(suite: Suite) -> (Ratchet, Ratchet) {
    let secret = Key::new([9; 32]);
    (
        initiate(suite, &mut rng(1), &secret, &key(4).public(), &first().public()),
        respond(suite, &secret, &key(4), &first()),
    )
}

/// Two sides of a session, the second of which has opened a message, and so has turned its ratchet.
pub(crate) fn turned(suite: Suite) -> (Ratchet, Ratchet) {
    let (mut alice, bob) = pair(suite);
    let (header, payload) = alice.seal(b"first").unwrap();
    let bob = bob.open(&mut rng(2), LIMITS, &header, &payload).unwrap().ratchet;
    (alice, bob)
}
