//! Somebody with keys of their own who follows the protocol as far as it suits them.

use std::collections::BTreeMap;
use std::time::Duration;

use status_crypto::{Keyring, PublicKey, SecretKey};
use status_layer::testing::{SeededRng, rng};
use status_layer::{Timestamp, UserId};
use status_security::Suites;
use status_security::hazmat::ratchet::{Chain, Ratchet, kdf};
use status_security::hazmat::{Bundle, Direct, Extension, Handshake, Lock, Message, Point, Prekey, fixed, x3dh};

/// The forger: all signatures and seals are genuine, whatever they cover.
pub struct Mallory {
    key: SecretKey,
    victim: PublicKey,
    prekey: Point,
}

/// One thing that Mallory does: after a pause, leaves bytes at a place.
pub type Act = (Duration, u8, Vec<u8>);

/// Most acts of one script.
const MAX_ACTS: usize = 6;

/// The bytes of a script; zeroes when they are used up.
struct Script<'a>(&'a [u8]);

impl Mallory {
    pub fn new(victim: PublicKey, prekey: Point) -> Self {
        let key = SecretKey::from_bytes(&[0x66; 32]).expect("a key");
        Self { key, victim, prekey }
    }

    pub fn user(&self) -> UserId {
        self.key.user()
    }

    /// Does what the script says.
    pub fn act(&self, script: &[u8]) -> Vec<Act> {
        let mut script = Script(script);
        let mut random = rng(666);
        let mut session = None;
        let mut acts = Vec::new();
        while !script.0.is_empty() && acts.len() < MAX_ACTS {
            let pause = Duration::from_secs(u64::from(script.byte() % 48) * 3_600);
            let place = script.byte();
            let message = match script.byte() % 4 {
                0 => self.announce(&mut script),
                1 => self.set_up(&mut session, &mut script, &mut random),
                2 => self.go_on(session.as_mut(), None, &mut script),
                _ => self.seal_fixed(&mut script, &mut random),
            };
            acts.push((pause, place, message.encode()));
        }
        acts
    }

    /// A message with genuine bundles, of devices and keys that the script makes up.
    fn announce(&self, script: &mut Script<'_>) -> Message {
        let mut message = self.message(script);
        for _ in 0..script.byte() % 10 {
            let mut prekeys = BTreeMap::new();
            for _ in 0..script.byte() % 18 {
                let key = match script.byte() % 4 {
                    0 => self.prekey.to_vec(),
                    1 => self.key.public().compressed().to_vec(),
                    2 => script.take(33).to_vec(),
                    _ => script.short().to_vec(),
                };
                let [version, protocol] = [script.long(), u32::from(script.byte())];
                let extension = match script.byte() % 3 {
                    0 => None,
                    1 => Extension::new(Suites::from_bits(script.long() & !2), None),
                    _ => Extension::new(Suites::from_bits(script.long() | 2), Some(script.key())),
                };
                prekeys.insert(script.text(), Prekey { key, version, protocol, extension });
            }
            let now = Timestamp::from_secs(u64::from(script.long()));
            message.bundles.push(Bundle::sign(&self.key, prekeys, now));
        }
        message
    }

    /// The first message of a session.
    fn set_up(
        &self,
        session: &mut Option<Ratchet>,
        script: &mut Script<'_>,
        random: &mut SeededRng,
    ) -> Message {
        let ephemeral = SecretKey::generate(random);
        let prekey = PublicKey::from_compressed(&self.prekey).expect("a point");
        let secret = x3dh::initiate(&self.key, &ephemeral, &self.victim, &prekey);
        let ratchet = session.insert(Ratchet::initiate(random, &secret, &prekey));
        let handshake = Handshake { ephemeral: ephemeral.public().compressed(), prekey: self.prekey, private: None };
        self.go_on(Some(ratchet), Some(handshake), script)
    }

    /// A genuine message of a session, far ahead if the script wants it, with whatever it says of the chain before.
    fn go_on(
        &self,
        session: Option<&mut Ratchet>,
        handshake: Option<Handshake>,
        script: &mut Script<'_>,
    ) -> Message {
        let mut message = self.message(script);
        let Some(ratchet) = session else { return message };
        for _ in 0..u16::from_be_bytes([script.byte() % 16, script.byte()]) {
            ratchet.sending = Chain { key: kdf::next(&ratchet.sending.key), n: ratchet.sending.n + 1 };
        }
        ratchet.previous = script.long();
        let Ok((header, payload)) = ratchet.seal(script.short()) else { return message };
        let lock = Lock::Ratchet { session: self.prekey, header };
        message.direct.insert("b1".to_owned(), Direct { handshake, lock, payload });
        message
    }

    /// A message that is sealed to the victim's identity.
    fn seal_fixed(&self, script: &mut Script<'_>, random: &mut SeededRng) -> Message {
        let mut message = self.message(script);
        let sealed = fixed::seal(random, &self.victim, script.short());
        let (ephemeral, payload) = sealed.expect("a short text");
        let lock = Lock::Fixed { ephemeral: ephemeral.compressed() };
        message.direct.insert(fixed::SLOT.to_owned(), Direct { handshake: None, lock, payload });
        message
    }

    fn message(&self, script: &mut Script<'_>) -> Message {
        let device = script.text();
        let public = if script.byte() % 8 == 7 { script.short().to_vec() } else { Vec::new() };
        Message { device, public, ..Message::default() }
    }
}

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn long(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        head
    }

    fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        key.fill_with(|| self.byte());
        key
    }

    fn short(&mut self) -> &'a [u8] {
        let len = self.byte() % 32;
        self.take(usize::from(len))
    }

    fn text(&mut self) -> String {
        String::from_utf8_lossy(self.short()).into_owned()
    }
}
