//! Replaying a recorded conversation of deployed peers on the real layer.
//!
//! A recording names the private keys that decide what a receiver can read. What an initiator drew is not in it, but
//! the responder's keys give the same agreements, so the initiator's state can be rebuilt; that it is right shows
//! when the very bytes of the recording come out of it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use status_crypto::{PublicKey, SecretKey};
use status_layer::{
    Area, CryptoRng, Cx, Datagram, DeviceId, Memory, Opened, Parcel, Recipient, Rendezvous, Sealed, Security,
    Store, Timestamp, Unit, UserId,
};

use crate::key::{Key, Point};
use crate::ratchet::{Chain, Header, OwnKey, Ratchet, kdf};
use crate::session::{Private, Session};
use crate::suite::RatchetKey;
use crate::wire::{Direct, Lock, Message};
use crate::{Config, Error, Joining, OpenError, Sessions, SharedPlace, Transition, x3dh};

/// Private keys that a recording names: prekeys and ratchet keys, by their points.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<Point, SecretKey>);

/// A device of a recording: the layer and its store.
#[derive(Clone, Debug)]
pub struct ReplayedDevice {
    layer: Sessions,
    identity: SecretKey,
    device: DeviceId,
    store: Memory,
    now: Timestamp,
}

/// Why a recorded sending could not be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The sender has no such session, and the message does not set it up with keys of the recording.
    #[error("the sender has no session for {device} that gives this message")]
    NoSession {
        /// The receiving device.
        device: String,
    },
    /// The layer makes other bytes.
    #[error("the ciphertext for {device} differs")]
    Differs {
        /// The receiving device.
        device: String,
    },
    /// The layer failed.
    #[error(transparent)]
    Layer(#[from] Error),
}

const AREA: Area = Area(0);

impl Secrets {
    /// Adds a private key.
    pub fn know(&mut self, secret: SecretKey) {
        self.0.insert(secret.public().compressed(), secret);
    }

    fn own(&self, public: Point) -> OwnKey {
        let secret = self.0.get(&public).map_or(UNKNOWN, |key| *key.to_bytes());
        OwnKey { secret: Key::new(secret), public: public.into() }
    }
}

/// Stands for the private half of a ratchet key that the recording does not name; never a scalar in range.
const UNKNOWN: [u8; 32] = [0; 32];

impl ReplayedDevice {
    /// A device without prekeys and sessions.
    #[must_use]
    pub fn new(identity: SecretKey, device: DeviceId, now: Timestamp) -> Self {
        // What a recorded device could not read, it refused; it wrote at shared places, announced no suites, and read what
        // any device of its user wrote.
        let config = Config {
            answer_every: None,
            shared_place: SharedPlace::Use,
            transition: Transition::Old,
            joining: Joining::Automatic,
            ..Config::default()
        };
        let layer = Sessions::new(config, Arc::new(identity.clone()), device.clone());
        Self { layer, identity, device, store: Memory::new(), now }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.identity.public().user()
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        &self.device
    }

    /// What is on the shelf.
    #[must_use]
    pub const fn store(&self) -> &Memory {
        &self.store
    }

    /// Gives the device a prekey; the last one given is the one in use.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn give_prekey(
        &mut self,
        rng: &mut dyn CryptoRng,
        secret: &SecretKey,
        version: u32,
    ) -> Result<(), Error> {
        self.run(rng, |layer, cx| Ok(layer.install_prekey(cx, secret, version)?))
    }

    /// Opens a message of the recording. The ratchet key that the recorded device drew comes from `rng`.
    ///
    /// # Errors
    /// What the layer says; then nothing has changed.
    pub fn deliver(
        &mut self,
        rng: &mut dyn CryptoRng,
        secrets: &Secrets,
        from: UserId,
        meet: Rendezvous,
        bytes: &[u8],
    ) -> Result<Opened, Error> {
        let before = self.store.clone();
        let parcel = Parcel { meet, sealed: Sealed::new(bytes.to_vec()), hint: Some(from) };
        let opened = self.bridge(rng, secrets, from, bytes);
        let opened = opened.and_then(|()| self.run(rng, |layer, cx| layer.open(cx, parcel)));
        if opened.is_err() {
            self.store = before;
        }
        opened
    }

    /// Repeats a recorded sending to the owner of `to`, and compares every ciphertext.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn sent(
        &mut self,
        rng: &mut dyn CryptoRng,
        secrets: &Secrets,
        to: &SecretKey,
        message: &Message,
        plaintext: &[u8],
    ) -> Result<(), ReplayError> {
        for (device, recorded) in &message.direct {
            let Lock::Ratchet { session: prekey, header } = &recorded.lock else { continue };
            let peer = (&to.public(), device.as_str());
            let known = self.session(rng, peer, prekey)?;
            let session = match known {
                Some(session) => Some(session),
                None => self.initiated(secrets, to, recorded, header),
            };
            let device = device.to_string();
            let Some(mut session) = session else { return Err(ReplayError::NoSession { device }) };
            let repeated = session.seal(*prekey, plaintext).map_err(Error::from)?;
            if repeated != *recorded {
                return Err(ReplayError::Differs { device });
            }
            self.put(rng, peer, prekey, &session)?;
        }
        Ok(())
    }

    /// Where the device would leave a message for a user now. Nothing is changed.
    ///
    /// # Errors
    /// What the layer says.
    pub fn meeting_place(&self, rng: &mut dyn CryptoRng, user: UserId) -> Result<Rendezvous, Error> {
        let datagram = Datagram::new(Recipient::User(user), Vec::new());
        let out = self.clone().run(rng, |layer, cx| layer.seal(cx, datagram))?;
        Ok(out.parcels.into_iter().next().map_or(Rendezvous::Inbox(user), |parcel| parcel.meet))
    }

    /// The session with a device that was set up with `prekey`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn session(
        &mut self,
        rng: &mut dyn CryptoRng,
        peer: (&PublicKey, &str),
        prekey: &Point,
    ) -> Result<Option<Session>, Error> {
        self.run(rng, |layer, cx| Ok(layer.session(&cx.shelf, peer, prekey)?))
    }

    /// The initiator's session before its first message, from the responder's keys.
    fn initiated(
        &self,
        secrets: &Secrets,
        to: &SecretKey,
        direct: &Direct,
        header: &Header,
    ) -> Option<Session> {
        let handshake = direct.handshake?;
        let prekey = secrets.0.get(&handshake.prekey)?;
        let ephemeral = PublicKey::from_compressed(&handshake.ephemeral).ok()?;
        let RatchetKey::Secp256k1(point) = header.key else { return None };
        let turned = PublicKey::from_compressed(&point).ok()?;
        let secret = x3dh::respond(to, prekey, &self.identity.public(), &ephemeral);
        let (root, sending) = kdf::root(&secret, &prekey.agree(&turned));
        let ratchet = Ratchet {
            root,
            own: secrets.own(point),
            peer: Some(handshake.prekey.into()),
            sending: Chain::new(sending),
            receiving: Chain::new(secret.clone()),
            previous: 0,
            epoch: 0,
        };
        let number = u32::try_from(self.store.len()).unwrap_or(u32::MAX);
        let rank = secret.expose().first_chunk().copied().unwrap_or_default();
        let handshake = Some(handshake.ephemeral);
        let private = Private::No;
        let handshakes = Vec::new();
        Some(Session { number, rank, handshake, private, handshakes, kept: 0, ratchet, expired: None })
    }

    /// If a message turns the ratchet of a session whose own key the recording does not name: makes that turn with
    /// the sender's key in place of ours.
    fn bridge(
        &mut self,
        rng: &mut dyn CryptoRng,
        secrets: &Secrets,
        from: UserId,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let Some((peer, device, prekey, header)) = self.target(from, bytes) else { return Ok(()) };
        let peer = (&peer, device.as_str());
        let Some(mut session) = self.session(rng, peer, &prekey)? else { return Ok(()) };
        let blind = *session.ratchet.own.secret.expose() == UNKNOWN;
        let turns = session.ratchet.peer != Some(header.key);
        let (RatchetKey::Secp256k1(theirs), RatchetKey::Secp256k1(ours)) =
            (header.key, session.ratchet.own.public)
        else {
            return Ok(());
        };
        let (true, true, Some(theirs)) = (blind, turns, secrets.0.get(&theirs)) else { return Ok(()) };
        let ours = PublicKey::from_compressed(&ours).map_err(|_| OpenError::NotAKey)?;
        session.ratchet.turn(rng, &theirs.agree(&ours), &theirs.public())?;
        self.put(rng, peer, &prekey, &session)
    }

    fn put(
        &mut self,
        rng: &mut dyn CryptoRng,
        peer: (&PublicKey, &str),
        prekey: &Point,
        session: &Session,
    ) -> Result<(), Error> {
        self.run(rng, |layer, cx| {
            layer.put_session(&mut cx.shelf, peer, prekey, session);
            Ok(())
        })
    }

    /// The session that a message for this device belongs to, and its ratchet header.
    fn target(&self, from: UserId, bytes: &[u8]) -> Option<(PublicKey, String, Point, Header)> {
        let mut message = Message::decode(bytes).ok()?;
        match message.direct.remove(self.device.as_str())?.lock {
            Lock::Ratchet { session, header } => {
                Some((PublicKey::from_user(&from).ok()?, message.device, session, header))
            }
            Lock::Fixed { .. } => None,
        }
    }

    fn run<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        call: impl FnOnce(&Sessions, &mut Cx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut unit = Unit::new(self.now, rng, &self.store);
        let done = unit.attempt(|unit| call(&self.layer, &mut unit.cx(AREA)));
        let batch = unit.into_batch();
        self.store.commit(batch)?;
        done
    }
}
