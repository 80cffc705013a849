//! Sessions: a ratchet with one device of a user, set up with one prekey, and how it is kept.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey, SecretKey, keccak256, x25519};
use status_layer::{Cx, Shelf, StoreError, Timestamp, UserId};
use zeroize::Zeroizing;

use crate::bundle::Extension;
use crate::config::Config;
use crate::device::Device;
use crate::error::{Error, OpenError, SealError};
use crate::key::{Key, Point};
use crate::ratchet::{Form, Header, Limits, Ratchet, RatchetError, cipher};
use crate::skipped::SkippedKeys;
use crate::suite::Suite;
use crate::table::codec::writer;
use crate::wire::{Direct, Handshake, Lock};
use crate::{own, private, table, x3dh};

mod aside;
mod ending;
pub(crate) mod row;

pub(crate) use aside::set_all as set_all_aside;
pub(crate) use ending::{delete, end, expire, forget_all};
use ending::{end_at, kept};

/// Most sessions that are kept with one user; the one set up longest ago goes. With two a day for each of three
/// devices, late messages find their session for three weeks.
pub const MAX_SESSIONS: usize = 128;

/// Most handshakes that are taken on one prekey from one device. An honest device sets up one, and one more each
/// time it is restored; when there are more, none is forgotten, so that none can be replayed.
pub const MAX_HANDSHAKES: usize = 16;

/// A session.
///
/// Invariant: it is found by user, device and prekey together, so that nobody can step into a session by borrowing
/// the installation id of another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Names the rows of its skipped keys; ascending in order of setting up.
    pub number: u32,
    /// The first bytes of the X3DH secret: among concurrent sessions the lower one is used for sending. The secret
    /// itself is not kept.
    pub rank: [u8; 8],
    /// Our ephemeral key, repeated with each message until the first answer was opened.
    pub handshake: Option<Point>,
    /// Whether a private prekey had a part in its secret.
    pub private: Private,
    /// Which ephemeral keys of the other side have set it up, the one in force first.
    pub handshakes: Vec<[u8; 8]>,
    /// How many skipped keys are on the shelf.
    pub kept: u32,
    /// The ratchet.
    pub ratchet: Ratchet,
    /// Since when it is known not to be sent in any more.
    pub expired: Option<Timestamp>,
}

/// Whether a session was set up with a private prekey besides the signed one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Private {
    /// It was not.
    No,
    /// It was.
    Yes,
    /// It was, and the private prekey is repeated with the handshake.
    Repeated(Point),
}

/// The device at the other end of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<'a> {
    /// The user, whose id is a point of the curve.
    pub(crate) key: &'a PublicKey,
    /// The installation id; may be empty.
    pub(crate) device: &'a str,
}

/// What a ciphertext of a session held.
pub(crate) struct Plain {
    pub(crate) text: Zeroizing<Vec<u8>>,
    /// Whether the other side's ratchet key was a new one.
    pub(crate) turned: bool,
}

/// Seals for one device, in the session of `suite` that is to be used now; sets one up if there is none.
///
/// Spec: whitepaper 3.2: of two concurrent sessions the one whose secret is first in byte order; the other expires. It
/// is taken back if the winner expires first: to deployed peers a second handshake on one prekey says nothing. A session
/// without a private prekey goes before one with it: who lost a private prekey begins again without one, and both follow.
pub(crate) fn seal(
    cx: &mut Cx<'_>,
    (keyring, config, own_prekey): (&dyn Keyring, &Config, &Point),
    (key, device): (&PublicKey, &Device),
    suite: Suite,
    plaintext: &[u8],
) -> Result<Direct, Error> {
    let peer = Peer { key, device: &device.id };
    let ours = load(&cx.shelf, &peer, own_prekey)?.map(|session| (*own_prekey, session));
    let theirs = load(&cx.shelf, &peer, &device.prekey)?.map(|session| (device.prekey, session));
    let fits = |found: Option<(Point, Session)>| found.filter(|(_, s)| s.ratchet.suite() == suite);
    let (first, second) = match (fits(ours), fits(theirs)) {
        (Some(ours), Some(theirs)) if theirs.1.order() < ours.1.order() => (Some(theirs), Some(ours)),
        (None, theirs) => (theirs, None),
        both => both,
    };
    if let Some((prekey, _)) = second {
        expire(&mut cx.shelf, &key_of(&peer, &prekey), cx.now)?;
    }
    let (prekey, mut session) = match first {
        Some(found) => found,
        None => (device.prekey, initiate(cx, (keyring, config), &peer, device, suite)?),
    };
    if let Some(at) = session.expired.take() {
        cx.shelf.delete(table::expired(at, session.number));
    }
    let direct = match private::offer(cx, config, &peer, (device, &session))? {
        None => session.seal(prekey, plaintext),
        Some(offer) => session.seal_as(Form::Enclosed, prekey, &private::enclose(&offer, plaintext)),
    };
    let direct = direct.map_err(SealError::Ratchet)?;
    save(&mut cx.shelf, &peer, &prekey, &session);
    Ok(direct)
}

/// Opens a ciphertext of a session; sets the session up if the ciphertext carries a handshake that is new.
///
/// Invariant: what opened the message is gone from the shelf when this returns.
pub(crate) fn open(
    cx: &mut Cx<'_>,
    keyring: &dyn Keyring,
    config: &Config,
    peer: &Peer<'_>,
    direct: &Direct,
) -> Result<Plain, Error> {
    let Lock::Ratchet { session: prekey, header } = &direct.lock else {
        return Err(OpenError::NoHeader.into());
    };
    match open_kept(cx, (keyring, config), peer, (prekey, header), direct) {
        // Only who answers us writes in a session that was set aside, so there is no handshake.
        Err(Error::Open(error)) if direct.handshake.is_none() => {
            let opened = aside::open(cx, config, (peer, prekey), (header, &direct.payload))?;
            opened.ok_or(error.into())
        }
        opened => opened,
    }
}

fn open_kept(
    cx: &mut Cx<'_>,
    (keyring, config): (&dyn Keyring, &Config),
    peer: &Peer<'_>,
    (prekey, header): (&Point, &Header),
    direct: &Direct,
) -> Result<Plain, Error> {
    let mut known = kept(cx, config, peer, prekey)?;
    let begun_by = begun_by(&cx.shelf, peer, prekey, known.as_ref(), direct.handshake.as_ref())?;
    let peer = &Peer { device: begun_by.as_deref().unwrap_or(peer.device), ..*peer };
    if begun_by.is_some() {
        known = kept(cx, config, peer, prekey)?;
    }
    let mut session = match direct.handshake {
        Some(handshake) if handshake.prekey == *prekey => {
            respond(cx, (keyring, config), peer, known, (&handshake, header.key.suite()))?
        }
        Some(_) => return Err(OpenError::NoSession.into()),
        None => known.ok_or(OpenError::NoSession)?,
    };
    let plain = session.open(cx, config, peer, (header, &direct.payload))?;
    // Answered: the other side has the session.
    session.handshake = None;
    if session.private != Private::No {
        session.private = Private::Yes;
    }
    save(&mut cx.shelf, peer, prekey, &session);
    Ok(plain)
}

/// The device with which `handshake` has begun a session, if it is not the one that is said to have sent it.
///
/// Nothing that is sealed names the device. Without this, a first message would open once more under the id of
/// another.
fn begun_by(
    shelf: &Shelf<'_>,
    peer: &Peer<'_>,
    prekey: &Point,
    known: Option<&Session>,
    handshake: Option<&Handshake>,
) -> Result<Option<String>, StoreError> {
    let Some(handshake) = handshake else { return Ok(None) };
    let digest = digest(&handshake.ephemeral);
    if known.is_some_and(|session| session.handshakes.contains(&digest)) {
        return Ok(None);
    }
    for (key, row) in shelf.scan(&table::sessions(&peer.key.user()), None, MAX_SESSIONS)? {
        if table::prekey_of(&key) == Some(prekey) && row::read(&row)?.handshakes.contains(&digest) {
            return Ok(table::session_device_of(&key).map(ToString::to_string));
        }
    }
    Ok(None)
}

fn initiate(
    cx: &mut Cx<'_>,
    (keyring, config): (&dyn Keyring, &Config),
    peer: &Peer<'_>,
    device: &Device,
    suite: Suite,
) -> Result<Session, Error> {
    let damaged = StoreError::Damaged { what: "device" };
    let point = PublicKey::from_compressed(&device.prekey).map_err(|_| damaged)?;
    let ephemeral = SecretKey::generate(cx.rng);
    let (secret, private) = match private::take_up(cx, config, peer, device)? {
        None => (x3dh::initiate(keyring, &ephemeral, peer.key, &point), Private::No),
        Some(private) => {
            let secret = x3dh::initiate_private(keyring, &ephemeral, peer.key, (&point, &private));
            (secret, Private::Repeated(private.compressed()))
        }
    };
    let ratchet = match suite {
        Suite::Secp256k1 => Ratchet::initiate(cx.rng, &secret, &point),
        Suite::Curve25519 => {
            let first = device.extension.as_ref().and_then(Extension::ratchet);
            let first = x25519::PublicKey::from_bytes(*first.ok_or(SealError::NoCommonSuite)?);
            Ratchet::initiate_25519(cx.rng, &secret, &first).map_err(SealError::Ratchet)?
        }
    };
    // A session of another suite with the same prekey makes room.
    delete(&mut cx.shelf, key_of(peer, &device.prekey))?;
    let number = allot(&mut cx.shelf, &peer.key.user())?;
    let handshake = Some(ephemeral.public().compressed());
    let (rank, handshakes) = (rank(&secret), Vec::new());
    Ok(Session { number, rank, handshake, private, handshakes, kept: 0, ratchet, expired: None })
}

/// The session that `handshake` belongs to: the known one, or a new ratchet if the handshake is new.
///
/// Invariant: no handshake starts a ratchet twice, and no private prekey has a part in two.
fn respond(
    cx: &mut Cx<'_>,
    (keyring, config): (&dyn Keyring, &Config),
    peer: &Peer<'_>,
    known: Option<Session>,
    (handshake, suite): (&Handshake, Suite),
) -> Result<Session, Error> {
    let digest = digest(&handshake.ephemeral);
    let mut handshakes = match known {
        Some(session) if session.handshakes.first() == Some(&digest) => return Ok(session),
        Some(ref session) => session.handshakes.clone(),
        None => Vec::new(),
    };
    if handshakes.contains(&digest) || cx.shelf.has(&table::spent_handshake(&handshake.prekey, &digest))? {
        return Err(OpenError::Replayed.into());
    }
    if handshakes.len() >= MAX_HANDSHAKES {
        return Err(OpenError::TooManyHandshakes { max: MAX_HANDSHAKES }.into());
    }
    let found = own::secret(&cx.shelf, &handshake.prekey, cx.now, config.keep_prekeys)?;
    let (prekey, retired) = found.ok_or(OpenError::UnknownPrekey)?;
    let ephemeral = PublicKey::from_compressed(&handshake.ephemeral)
        .map_err(|_| OpenError::Ratchet(RatchetError::NotAPoint))?;
    let secret = match &handshake.private {
        None => x3dh::respond(keyring, &prekey, peer.key, &ephemeral),
        Some(point) => {
            let private = private::secret(&cx.shelf, peer, point, cx.now)?;
            let private = private.ok_or(OpenError::UnknownPrekey)?;
            x3dh::respond_private(keyring, (&prekey, &private), peer.key, &ephemeral)
        }
    };
    let ratchet = match suite {
        Suite::Secp256k1 => Ratchet::respond(&secret, &prekey),
        Suite::Curve25519 => {
            let first = own::ratchet(&cx.shelf, &handshake.prekey)?.ok_or(OpenError::UnknownPrekey)?;
            Ratchet::respond_25519(&secret, &first)
        }
    };

    // Nothing was written until all that it takes was found.
    private::begun(&mut cx.shelf, peer, handshake.private.as_ref())?;
    handshakes.insert(0, digest);
    let (number, expired) = match known {
        Some(replaced) => {
            SkippedKeys(replaced.number).forget_oldest(&mut cx.shelf, replaced.kept)?;
            (replaced.number, replaced.expired)
        }
        None => (begin(cx, peer, &handshake.prekey, retired)?, retired.map(|_| cx.now)),
    };
    let (rank, private) = (rank(&secret), handshake.private.map_or(Private::No, |_| Private::Yes));
    Ok(Session { number, rank, handshake: None, private, handshakes, kept: 0, ratchet, expired })
}

/// The number of a new session on a prekey of ours. If the prekey is retired the session has expired already, and is
/// kept as long as any other for what belongs to it.
fn begin(
    cx: &mut Cx<'_>,
    peer: &Peer<'_>,
    prekey: &Point,
    retired: Option<Timestamp>,
) -> Result<u32, StoreError> {
    let key = key_of(peer, prekey);
    let number = allot(&mut cx.shelf, &peer.key.user())?;
    match retired {
        None => cx.shelf.put(table::begun_session(prekey, number), writer().bytes(&key).finish()),
        Some(_) => end_at(&mut cx.shelf, &key, number, cx.now)?,
    }
    Ok(number)
}

impl Session {
    /// Its place among concurrent sessions; the first is used for sending.
    fn order(&self) -> (bool, [u8; 8]) {
        (self.private != Private::No, self.rank)
    }

    pub(crate) fn seal(&mut self, prekey: Point, plaintext: &[u8]) -> Result<Direct, RatchetError> {
        self.seal_as(Form::Bare, prekey, plaintext)
    }

    fn seal_as(&mut self, form: Form, prekey: Point, plaintext: &[u8]) -> Result<Direct, RatchetError> {
        let (header, payload) = self.ratchet.seal_as(form, plaintext)?;
        let private = match self.private {
            Private::Repeated(private) => Some(private),
            Private::No | Private::Yes => None,
        };
        let handshake = self.handshake.map(|ephemeral| Handshake { ephemeral, prekey, private });
        Ok(Direct { handshake, lock: Lock::Ratchet { session: prekey, header }, payload })
    }

    fn open(
        &mut self,
        cx: &mut Cx<'_>,
        config: &Config,
        peer: &Peer<'_>,
        (header, payload): (&Header, &[u8]),
    ) -> Result<Plain, Error> {
        let epoch = self.ratchet.epoch;
        let text = self.unlock(cx, config.limits(), header, payload)?;
        let text = match header.form {
            Form::Bare => text,
            Form::Enclosed => private::unpack(cx, config, peer, &text)?,
        };
        Ok(Plain { text, turned: self.ratchet.epoch != epoch })
    }

    fn unlock(
        &mut self,
        cx: &mut Cx<'_>,
        limits: Limits,
        header: &Header,
        payload: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let keys = SkippedKeys(self.number);
        if let Some(epoch) = self.passed(&cx.shelf, header)?
            && let Some(key) = keys.find(&cx.shelf, epoch, header.n)?
        {
            let plaintext = cipher::open(&key, header, payload)?;
            keys.forget(&mut cx.shelf, epoch, header.n)?;
            self.kept = self.kept.saturating_sub(1);
            return Ok(plaintext);
        }
        let turn = self.ratchet.open(cx.rng, limits, header, payload)?;
        self.ratchet = turn.ratchet;
        self.kept = keys.add(&mut cx.shelf, self.kept, &turn.skipped, limits.keep)?;
        Ok(turn.plaintext)
    }
}

impl Session {
    /// The epoch of a message that was passed over, if its key may wait on the shelf. In the chain under way this costs
    /// no row, in an earlier one a row.
    fn passed(&self, shelf: &Shelf<'_>, header: &Header) -> Result<Option<u32>, StoreError> {
        match self.ratchet.peer == Some(header.key) {
            _ if self.kept == 0 => Ok(None),
            true => Ok((header.n < self.ratchet.receiving.n).then_some(self.ratchet.epoch)),
            false => SkippedKeys(self.number).epoch(shelf, &header.key),
        }
    }
}

/// The number of a new session with `user`, with room made for it.
fn allot(shelf: &mut Shelf<'_>, user: &UserId) -> Result<u32, StoreError> {
    let rows = shelf.scan(&table::sessions(user), None, MAX_SESSIONS)?;
    if rows.len() >= MAX_SESSIONS {
        let mut oldest: Option<(Session, Vec<u8>)> = None;
        for (key, row) in rows {
            let session = row::read(&row)?;
            if oldest.as_ref().is_none_or(|(oldest, _)| session.number < oldest.number) {
                oldest = Some((session, key));
            }
        }
        if let Some((_, key)) = oldest {
            delete(shelf, key)?;
        }
    }
    row::next_number(shelf)
}

/// The session with a device that was set up with `prekey`, unless `handshake` would begin another.
pub(crate) fn under_way(
    shelf: &Shelf<'_>,
    peer: &Peer<'_>,
    prekey: &Point,
    handshake: Option<&Handshake>,
) -> Result<Option<Session>, StoreError> {
    let known = |session: &Session| {
        handshake.is_none_or(|handshake| session.handshakes.contains(&digest(&handshake.ephemeral)))
    };
    Ok(load(shelf, peer, prekey)?.filter(known))
}

pub(crate) fn load(
    shelf: &Shelf<'_>,
    peer: &Peer<'_>,
    prekey: &Point,
) -> Result<Option<Session>, StoreError> {
    let row = shelf.get(&key_of(peer, prekey))?;
    row.map(|row| row::read(&row)).transpose()
}

pub(crate) fn save(shelf: &mut Shelf<'_>, peer: &Peer<'_>, prekey: &Point, session: &Session) {
    shelf.put(key_of(peer, prekey), row::write(session));
}

/// Where the session with a device that was set up with `prekey` stands.
pub(crate) fn key_of(peer: &Peer<'_>, prekey: &Point) -> Vec<u8> {
    table::session(&peer.key.user(), peer.device, prekey)
}

fn rank(secret: &Key) -> [u8; 8] {
    secret.expose().first_chunk().copied().unwrap_or_default()
}

/// What is remembered of an ephemeral key.
///
/// Only X counts: a point and its negation give the same agreements, so a replay could wear the other sign.
fn digest(ephemeral: &Point) -> [u8; 8] {
    let [_, x @ ..] = ephemeral;
    keccak256(&[x]).first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
