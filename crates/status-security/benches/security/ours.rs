//! Our ratchet, ready to be measured, in either suite.

use status_crypto::{PublicKey, SecretKey, x25519};
use status_layer::testing::{SeededRng, rng};
use status_security::Suite;
use status_security::hazmat::ratchet::{Header, Limits, Ratchet, Turn};
use status_security::hazmat::{Key, x3dh};

pub(crate) const LIMITS: Limits = Limits { jump: 1000, keep: 1000 };

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32]).unwrap()
}

/// The first ratchet key of a responder on Curve25519.
pub(crate) fn first() -> x25519::SecretKey {
    x25519::SecretKey::from_bytes(&[5; 32])
}

fn initiate(
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

fn respond(suite: Suite, secret: &Key, prekey: &SecretKey, first: &x25519::SecretKey) -> Ratchet {
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

/// Two who have not met, with what each has read from its store: own keys with their public sides, and keys of the other
/// as bytes.
pub(crate) struct Strangers {
    pub(crate) suite: Suite,
    alice: SecretKey,
    bob: SecretKey,
    prekey: SecretKey,
    first: x25519::SecretKey,
    pub(crate) from: [u8; 33],
    pub(crate) identity: [u8; 33],
    pub(crate) signed: [u8; 33],
}

/// A first message: the ephemeral key, the header and the payload.
pub(crate) type First = ([u8; 33], Header, Vec<u8>);

impl Strangers {
    pub(crate) fn new(suite: Suite) -> Self {
        let (alice, bob, prekey) = (key(1), key(2), key(4));
        let [from, identity, signed] = [&alice, &bob, &prekey].map(|key| key.public().compressed());
        Self { suite, alice, bob, prekey, first: first(), from, identity, signed }
    }

    /// Alice sets up a session and seals its first message.
    pub(crate) fn begin(&self, random: &mut SeededRng, text: &[u8]) -> First {
        let ephemeral = SecretKey::generate(random);
        let prekey = PublicKey::from_compressed(&self.signed).unwrap();
        let identity = PublicKey::from_compressed(&self.identity).unwrap();
        let secret = x3dh::initiate(&self.alice, &ephemeral, &identity, &prekey);
        let mut ratchet = initiate(self.suite, random, &secret, &prekey, &self.first.public());
        let (header, payload) = ratchet.seal(text).unwrap();
        (ephemeral.public().compressed(), header, payload)
    }

    /// Bob sets up the same session and opens the message.
    pub(crate) fn answer(&self, random: &mut SeededRng, (ephemeral, header, payload): &First) -> Turn {
        let alice = PublicKey::from_compressed(&self.from).unwrap();
        let ephemeral = PublicKey::from_compressed(ephemeral).unwrap();
        let secret = x3dh::respond(&self.bob, &self.prekey, &alice, &ephemeral);
        let waiting = respond(self.suite, &secret, &self.prekey, &self.first);
        waiting.open(random, LIMITS, header, payload).unwrap()
    }
}
