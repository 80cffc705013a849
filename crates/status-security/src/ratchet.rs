//! The Double Ratchet, as a pure state machine: no storage, no clock.
//!
//! Signal's algorithm with the choices of deployed peers: every chain that is not set up yet starts with the
//! X3DH secret (so a responder may send first), headers travel in the clear, and the responder's first ratchet
//! key is their signed prekey. On Curve25519 all is the same but the first key, which is announced beside the
//! prekey.

pub(crate) mod cipher;
pub(crate) mod kdf;

use alloc::vec::Vec;
use core::fmt;

use status_crypto::{PublicKey, SecretKey, x25519};
use status_layer::{CryptoRng, Secret};
use zeroize::Zeroizing;

use crate::key::Key;
use crate::suite::curve::{Curve, Curve25519, Secp256k1};
use crate::suite::{RatchetKey, Suite};

/// The state of one side of a session.
#[derive(Clone, Eq, PartialEq)]
pub struct Ratchet {
    /// The key from which the next chains will come.
    pub root: Key,
    /// Our ratchet key.
    pub own: OwnKey,
    /// The other side's ratchet key, as it came; none until a responder has opened something.
    pub peer: Option<RatchetKey>,
    /// The chain of what we send.
    pub sending: Chain,
    /// The chain of what we open.
    pub receiving: Chain,
    /// How many messages our previous sending chain had.
    pub previous: u32,
    /// How many times the other side's ratchet key has changed; orders skipped keys by age.
    pub epoch: u32,
}

/// A ratchet key pair. The public half is kept so that sealing need not compute it.
#[derive(Clone, Eq, PartialEq)]
pub struct OwnKey {
    /// The scalar, 32 bytes: big-endian on secp256k1, as RFC 7748 has it on Curve25519.
    pub secret: Key,
    /// Its public half.
    pub public: RatchetKey,
}

/// A chain: the key of the next step, and how many steps were made.
#[derive(Clone, Eq, PartialEq)]
pub struct Chain {
    /// The chain key.
    pub key: Key,
    /// The number of the next message.
    pub n: u32,
}

/// What leads a message, in the clear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// The sender's ratchet key.
    pub key: RatchetKey,
    /// The number of the message in its chain.
    pub n: u32,
    /// The length of the sender's previous chain.
    pub pn: u32,
    /// How the plaintext is to be read.
    pub form: Form,
}

/// How the plaintext of a message is to be read. Each form has message keys of its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// It is the content, as on deployed peers.
    #[default]
    Bare,
    /// The content is enclosed with what devices of our kind tell each other.
    Enclosed,
}

/// The key of a message that has not come yet.
#[derive(Clone, Eq, PartialEq)]
pub struct Skipped {
    /// The [`Ratchet::epoch`] in which it was skipped.
    pub epoch: u32,
    /// The ratchet key of the message's header.
    pub ratchet: RatchetKey,
    /// The number of the message in its chain.
    pub n: u32,
    /// Its message key.
    pub key: Key,
}

/// What opening a message in turn yields. Nothing is changed until the caller puts `ratchet` in place.
#[derive(Clone, Eq, PartialEq)]
pub struct Turn {
    /// The state after the message.
    pub ratchet: Ratchet,
    /// What was sealed.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Keys of messages that were passed over, oldest first, at most [`Limits::keep`] for each of the two chains.
    pub skipped: Vec<Skipped>,
    /// The key that opened the message. Invariant: the layer drops it; only a caller who wants to open the same
    /// bytes again would keep it.
    pub used: Key,
}

/// How far a ratchet goes for a message that is ahead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The largest gap that is bridged in one chain, in messages.
    pub jump: u32,
    /// The most keys that one gap yields; of a larger gap the newest.
    pub keep: u32,
}

/// Why a ratchet does not seal or open.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RatchetError {
    /// The payload cannot hold its own frame.
    #[error("a ratchet payload has at least {min} bytes, this has {len}", min = cipher::OVERHEAD)]
    Short {
        /// Length found, in bytes.
        len: usize,
    },
    /// The ratchet key of the header is not a point of the curve.
    #[error("the ratchet key is not a point of secp256k1")]
    NotAPoint,
    /// The ratchet key gives the same agreement with everybody.
    #[error("the ratchet key is of small order; it must not be used")]
    WeakKey,
    /// The ratchet key of the header is not of the session's suite.
    #[error("the ratchet key is of another suite than the session")]
    OtherSuite,
    /// The message was opened before, or its key was dropped as too old.
    #[error("message {n} was opened before, or is too old")]
    Gone {
        /// The number of the message, or the length of the previous chain.
        n: u32,
    },
    /// The message is further ahead than is bridged.
    #[error("the message is {ahead} ahead, at most {max} are bridged; ask for the messages in between")]
    TooFarAhead {
        /// How many messages would be passed over.
        ahead: u32,
        /// The largest number that is.
        max: u32,
    },
    /// The message was made with other keys, or changed on its way.
    #[error("authentication failed")]
    Forged,
    /// A chain has given all the messages it can.
    #[error("the sending chain has no message left; wait for an answer")]
    Exhausted,
}

impl Ratchet {
    /// The initiator's side of a new session. Draws a ratchet key.
    #[must_use]
    pub fn initiate(rng: &mut dyn CryptoRng, secret: &Key, prekey: &PublicKey) -> Self {
        let own = SecretKey::generate(rng);
        Self::begin(secret, Secp256k1::own(&own), &own.agree(prekey), prekey.compressed().into())
    }

    /// The initiator's side of a new session on Curve25519, with the ratchet key that the responder has announced
    /// beside their prekey. Draws a ratchet key.
    ///
    /// # Errors
    /// [`RatchetError::WeakKey`] if nobody should agree with `first`.
    pub fn initiate_25519(
        rng: &mut dyn CryptoRng,
        secret: &Key,
        first: &x25519::PublicKey,
    ) -> Result<Self, RatchetError> {
        let own = x25519::SecretKey::generate(rng);
        let agreement = Curve25519::agree(&own, first)?;
        Ok(Self::begin(secret, Curve25519::own(&own), &agreement, RatchetKey::Curve25519(*first.as_bytes())))
    }

    /// The responder's side of a new session: the signed prekey is the first ratchet key.
    #[must_use]
    pub fn respond(secret: &Key, prekey: &SecretKey) -> Self {
        Self::wait(secret, Secp256k1::own(prekey))
    }

    /// The responder's side of a new session on Curve25519: `first` is the ratchet key announced beside the prekey.
    #[must_use]
    pub fn respond_25519(secret: &Key, first: &x25519::SecretKey) -> Self {
        Self::wait(secret, Curve25519::own(first))
    }

    /// The suite of the session, for as long as it lasts.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.own.public.suite()
    }

    fn begin(secret: &Key, own: OwnKey, agreement: &Secret, peer: RatchetKey) -> Self {
        let (root, sending) = kdf::root(secret, agreement);
        Self { root, peer: Some(peer), sending: Chain::new(sending), ..Self::wait(secret, own) }
    }

    fn wait(secret: &Key, own: OwnKey) -> Self {
        Self {
            root: secret.clone(),
            own,
            peer: None,
            sending: Chain::new(secret.clone()),
            receiving: Chain::new(secret.clone()),
            previous: 0,
            epoch: 0,
        }
    }

    /// Seals the next message, whose plaintext is to be read as it is.
    ///
    /// # Errors
    /// As [`Ratchet::seal_as`].
    #[cfg(any(test, feature = "hazmat"))]
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<(Header, Vec<u8>), RatchetError> {
        self.seal_as(Form::Bare, plaintext)
    }

    /// Seals the next message, whose plaintext is to be read as `form` says.
    ///
    /// # Errors
    /// [`RatchetError::Exhausted`] after 2³² − 1 messages without an answer.
    pub fn seal_as(&mut self, form: Form, plaintext: &[u8]) -> Result<(Header, Vec<u8>), RatchetError> {
        let header = Header { key: self.own.public, n: self.sending.n, pn: self.previous, form };
        let key = self.sending.step()?;
        let payload = cipher::seal(&key, &header, plaintext);
        Ok((header, payload))
    }

    /// Opens a message whose key was not skipped before. Draws a ratchet key if the sender has turned theirs.
    ///
    /// Spec: Double Ratchet, "Decrypting messages". The state is left as it is; see [`Turn`].
    ///
    /// # Errors
    /// Any [`RatchetError`] but [`RatchetError::Exhausted`].
    pub fn open(
        &self,
        rng: &mut dyn CryptoRng,
        limits: Limits,
        header: &Header,
        payload: &[u8],
    ) -> Result<Turn, RatchetError> {
        if payload.len() < cipher::OVERHEAD {
            return Err(RatchetError::Short { len: payload.len() });
        }
        match header.key.suite() {
            suite if suite != self.suite() => Err(RatchetError::OtherSuite),
            Suite::Secp256k1 => self.clone().open_on::<Secp256k1>(rng, limits, header, payload),
            Suite::Curve25519 => self.clone().open_on::<Curve25519>(rng, limits, header, payload),
        }
    }

    fn open_on<C: Curve>(
        mut self,
        rng: &mut dyn CryptoRng,
        limits: Limits,
        header: &Header,
        payload: &[u8],
    ) -> Result<Turn, RatchetError> {
        let mut skipped = Vec::new();
        let mut turned = None;
        if self.peer != Some(header.key) {
            self.skip(limits, header.pn, &mut skipped)?;
            let peer = C::public(&header.key)?;
            self.turn_receiving(&C::agree_kept(&self.own.secret, &peer)?, header.key);
            turned = Some(peer);
        }
        self.skip(limits, header.n, &mut skipped)?;
        let (plaintext, used) = self.open_next(header, payload)?;
        // Only now that the message is proved is a key drawn for the answer.
        if let Some(peer) = turned {
            self.turn_sending::<C>(rng, &peer)?;
        }
        Ok(Turn { ratchet: self, plaintext, skipped, used })
    }

    fn open_next(
        &mut self,
        header: &Header,
        payload: &[u8],
    ) -> Result<(Zeroizing<Vec<u8>>, Key), RatchetError> {
        let key = self.receiving.step()?;
        let plaintext = cipher::open(&key, header, payload)?;
        Ok((plaintext, key))
    }

    /// Moves the receiving chain to message `until` in one pass, collecting the keys of the last
    /// [`Limits::keep`] messages passed over.
    fn skip(&mut self, limits: Limits, until: u32, skipped: &mut Vec<Skipped>) -> Result<(), RatchetError> {
        let ahead = until.checked_sub(self.receiving.n).ok_or(RatchetError::Gone { n: until })?;
        if ahead > limits.jump {
            return Err(RatchetError::TooFarAhead { ahead, max: limits.jump });
        }
        for _ in 0..ahead.saturating_sub(limits.keep) {
            self.receiving.pass()?;
        }
        while self.receiving.n < until {
            let n = self.receiving.n;
            let key = self.receiving.step()?;
            // Before the first turn of a responder nobody can have sent on this chain.
            if let Some(ratchet) = self.peer {
                skipped.push(Skipped { epoch: self.epoch, ratchet, n, key });
            }
        }
        Ok(())
    }

    /// Takes the sender's new ratchet key, given what our key agrees on with it.
    fn turn_receiving(&mut self, agreement: &Secret, peer: RatchetKey) {
        let (root, receiving) = kdf::root(&self.root, agreement);
        self.root = root;
        self.receiving = Chain::new(receiving);
        self.peer = Some(peer);
        self.epoch = self.epoch.saturating_add(1);
    }

    /// Makes a whole turn on secp256k1 without a message, given what our key agrees on with the sender's new one.
    #[cfg(feature = "hazmat")]
    pub(crate) fn turn(
        &mut self,
        rng: &mut dyn CryptoRng,
        agreement: &Secret,
        peer: &PublicKey,
    ) -> Result<(), RatchetError> {
        self.turn_receiving(agreement, peer.compressed().into());
        self.turn_sending::<Secp256k1>(rng, peer)
    }

    /// Draws a new ratchet key for what we send.
    fn turn_sending<C: Curve>(
        &mut self,
        rng: &mut dyn CryptoRng,
        peer: &C::Public,
    ) -> Result<(), RatchetError> {
        let own = C::generate(rng);
        let (root, sending) = kdf::root(&self.root, &C::agree(&own, peer)?);
        self.root = root;
        self.own = C::own(&own);
        self.previous = self.sending.n;
        self.sending = Chain::new(sending);
        Ok(())
    }
}

impl Chain {
    /// A chain at its beginning.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key, n: 0 }
    }

    /// Steps over one message and returns its key.
    fn step(&mut self) -> Result<Key, RatchetError> {
        let (next, message) = kdf::chain(&self.key);
        self.advance(next)?;
        Ok(message)
    }

    /// Steps over one message whose key is not wanted.
    fn pass(&mut self) -> Result<(), RatchetError> {
        let next = kdf::next(&self.key);
        self.advance(next)
    }

    fn advance(&mut self, next: Key) -> Result<(), RatchetError> {
        self.n = self.n.checked_add(1).ok_or(RatchetError::Exhausted)?;
        self.key = next;
        Ok(())
    }
}

impl Header {
    /// The header as it is authenticated: n and pn, each 4 bytes little-endian, then the ratchet key.
    #[must_use]
    pub fn associated(&self) -> Associated {
        let mut bytes = [0; 41];
        let (numbers, key) = bytes.split_at_mut(8);
        let (n, pn) = numbers.split_at_mut(4);
        n.copy_from_slice(&self.n.to_le_bytes());
        pn.copy_from_slice(&self.pn.to_le_bytes());
        let len = match &self.key {
            RatchetKey::Secp256k1(point) => {
                key.copy_from_slice(point);
                41
            }
            RatchetKey::Curve25519(u) => {
                key.split_at_mut(32).0.copy_from_slice(u);
                40
            }
        };
        Associated { bytes, len }
    }
}

/// What of a header is authenticated: 41 bytes, or 40 on Curve25519.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Associated {
    bytes: [u8; 41],
    len: usize,
}

impl AsRef<[u8]> for Associated {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Ratchet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, opened) = (self.sending.n, self.receiving.n);
        write!(f, "Ratchet(epoch {}, {sent} sent, {opened} opened, ..)", self.epoch)
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnKey(..)")
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain(at {}, ..)", self.n)
    }
}

impl fmt::Debug for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Skipped(epoch {}, message {}, ..)", self.epoch, self.n)
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn({} bytes, {} skipped, ..)", self.plaintext.len(), self.skipped.len())
    }
}

#[cfg(test)]
mod tests;
