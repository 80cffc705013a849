//! Somebody with keys of their own who follows the protocol as far as it suits them.

use std::collections::BTreeMap;
use std::time::Duration;

use status_crypto::{Keyring, PublicKey, SecretKey, aead, x25519};
use status_layer::testing::{SeededRng, rng};
use status_layer::{Secret, UserId};
use status_security::hazmat::ratchet::{Chain, Form, Ratchet, kdf};
use status_security::hazmat::{
    Bundle, Direct, Extension, Handshake, Listing, Lock, Message, Point, Prekey, fixed, x3dh,
};
use status_security::{Suite, Suites};

use crate::ring::Ring;
use crate::script::Script;
use crate::tree;

/// The forger: all signatures and seals are genuine, whatever they cover.
pub struct Mallory {
    key: Ring,
    prekey: Prekey,
    /// Sessions as they begin, in both suites; made once, since making them costs more time than what comes then.
    sessions: Vec<(Handshake, Ratchet)>,
    /// Ephemeral keys and what each agrees on with the victim.
    ephemerals: Vec<(Point, Secret)>,
}

/// One thing that Mallory does: after a pause, leaves a message at a place.
pub struct Act {
    /// How long to wait before it.
    pub pause: Duration,
    /// Where, for the caller to choose.
    pub place: u8,
    /// What is left there.
    pub message: Message,
}

/// What Mallory remembers from one act to the next.
pub struct Memory {
    random: SeededRng,
    session: Option<Ratchet>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { random: rng(666), session: None }
    }
}

impl Mallory {
    /// Mallory, who knows `victim` and the prekey of a device `b1` of theirs.
    pub fn new(victim: &PublicKey, prekey: Prekey) -> Self {
        let key = SecretKey::from_bytes(&[0x66; 32]).expect("a key");
        let mut random = rng(666);
        let mut begin = |suite: Suite| {
            let ephemeral = SecretKey::generate(&mut random);
            let point = PublicKey::from_compressed(&prekey.key).expect("a point");
            let secret = x3dh::initiate(&key, &ephemeral, victim, &point);
            let first = prekey.extension.as_ref().and_then(Extension::ratchet).expect("a prekey of ours");
            let first = x25519::PublicKey::from_bytes(*first);
            let ratchet = match suite {
                Suite::Secp256k1 => Ratchet::initiate(&mut random, &secret, &point),
                Suite::Curve25519 => {
                    Ratchet::initiate_25519(&mut random, &secret, &first).expect("a good key")
                }
            };
            let prekey = point.compressed();
            (Handshake { ephemeral: ephemeral.public().compressed(), prekey, private: None }, ratchet)
        };
        let sessions = [Suite::Secp256k1, Suite::Curve25519, Suite::Curve25519].map(&mut begin).into();
        let ephemerals = (0..4).map(|_| SecretKey::generate(&mut random));
        let ephemerals = ephemerals.map(|key| (key.public().compressed(), key.agree(victim))).collect();
        Self { key: Ring::new(key), prekey, sessions, ephemerals }
    }

    /// Mallory's identity.
    pub fn user(&self) -> UserId {
        self.key.user()
    }

    /// Mallory's key.
    pub fn key(&self) -> &Ring {
        &self.key
    }

    /// Does the next thing that the script says.
    pub fn act(&self, memory: &mut Memory, script: &mut Script<'_>) -> Act {
        let what = script.byte();
        let pause = if what >= 0xf0 { u64::from(script.byte() % 48) } else { 0 };
        let place = script.byte();
        let message = match what % 4 {
            0 => self.announce(script),
            1 => self.set_up(memory, script),
            2 => self.go_on(memory, None, script),
            _ => self.seal_fixed(memory, script),
        };
        Act { pause: Duration::from_secs(pause * 3_600), place, message }
    }

    /// A message with genuine bundles, of devices and keys that the script makes up.
    fn announce(&self, script: &mut Script<'_>) -> Message {
        let mut message = self.message(script);
        let most = match script.byte() {
            0xff => 10,
            0xe0..0xff => 3,
            _ => 1,
        };
        for _ in message.bundles.len()..=script.below(most) {
            message.bundles.push(self.bundle(script));
        }
        message
    }

    /// A genuine bundle of Mallory's, with whatever content the script says.
    pub fn bundle(&self, script: &mut Script<'_>) -> Bundle {
        let most = if script.byte() % 8 == 7 { 18 } else { 4 };
        let mut prekeys = BTreeMap::new();
        for _ in 0..script.below(most) {
            prekeys.insert(script.id(), self.entry(script));
        }
        let mut removed = BTreeMap::new();
        if script.byte() % 4 == 3 {
            removed.extend((0..script.below(3)).map(|_| (script.id(), script.time())));
        }
        let listing = Listing { prekeys, removed };
        Bundle::sign(&self.key, listing, script.time())
    }

    fn entry(&self, script: &mut Script<'_>) -> Prekey {
        let key = match script.byte() % 6 {
            0 => self.prekey.key.clone(),
            1..4 => self.key.public().compressed().to_vec(),
            4 => script.take(33).to_vec(),
            _ => script.short().to_vec(),
        };
        let [version, protocol] = [script.number(), script.number()];
        let joined = script.time();
        let extension = match script.byte() % 4 {
            0 => None,
            1 => Extension::new(Suites::from_bits(script.number() & !2), None),
            2 => Extension::new(Suites::from_bits(3), Some([9; 32])),
            _ => Extension::new(Suites::from_bits(script.long() | 2), Some(script.key())),
        };
        let extension = extension.map(|it| it.with_features(script.number()));
        Prekey { key, version, protocol, joined, extension }
    }

    /// The first message of a session, in either suite.
    fn set_up(&self, memory: &mut Memory, script: &mut Script<'_>) -> Message {
        let (handshake, ratchet) = script.one(&self.sessions);
        memory.session = Some(ratchet.clone());
        let mut handshake = *handshake;
        if script.byte() % 16 == 15 {
            handshake.private = script.take(33).try_into().ok();
        }
        self.go_on(memory, Some(handshake), script)
    }

    /// A genuine message of a session, ahead if the script wants it, with whatever it says of the chain before.
    fn go_on(&self, memory: &mut Memory, handshake: Option<Handshake>, script: &mut Script<'_>) -> Message {
        let mut message = self.message(script);
        let Some(ratchet) = &mut memory.session else { return message };
        for _ in 0..script.byte() / 4 {
            ratchet.sending = Chain { key: kdf::next(&ratchet.sending.key), n: ratchet.sending.n + 1 };
        }
        ratchet.previous = script.number();
        let form = if script.byte() % 4 == 3 { Form::Enclosed } else { Form::Bare };
        let text = match form {
            Form::Enclosed if script.byte() % 4 != 3 => Self::enclosed(script),
            _ => script.short().to_vec(),
        };
        let Ok((header, payload)) = ratchet.seal_as(form, &text) else { return message };
        let lock = Lock::Ratchet { session: self.point(), header };
        message.direct.insert("b1".to_owned(), Direct { handshake, lock, payload });
        message
    }

    /// What devices of our kind tell each other besides a text: a prekey, until when it is good, and its number.
    fn enclosed(script: &mut Script<'_>) -> Vec<u8> {
        let prekey = [
            tree::bytes(1, if script.byte().is_multiple_of(2) { &[2; 33] } else { script.take(33) }),
            tree::number(2, 1_800_000_000_000 ^ u64::from(script.number())),
            tree::number(3, u64::from(script.number())),
        ];
        tree::encode(&[tree::bytes(1, tree::encode(&prekey)), tree::bytes(2, script.short())])
    }

    /// A message that is sealed to the victim's identity.
    fn seal_fixed(&self, memory: &mut Memory, script: &mut Script<'_>) -> Message {
        let mut message = self.message(script);
        let (ephemeral, key) = script.one(&self.ephemerals);
        let payload = aead::seal_nonce_last(key.expose(), &mut memory.random, script.short()).expect("short");
        let lock = Lock::Fixed { ephemeral: *ephemeral };
        message.direct.insert(fixed::SLOT.to_owned(), Direct { handshake: None, lock, payload });
        message
    }

    fn message(&self, script: &mut Script<'_>) -> Message {
        let device = script.id();
        let public = if script.byte() % 8 == 7 { script.short().to_vec() } else { Vec::new() };
        let mut message = Message { device, public, ..Message::default() };
        if script.byte() % 8 == 7 {
            message.bundles.push(self.bundle(script));
        }
        message
    }

    fn point(&self) -> Point {
        Point::try_from(self.prekey.key.as_slice()).expect("33 bytes")
    }
}
