//! Mail that this device has no key for: its sender is told our keys, so that the next message fits.
//!
//! Spec: whitepaper 4.5 "Partitioned devices", 1.5.3; SECURE-TRANSPORT, "Account Recovery".
//!
//! | what came | what happened |
//! | --- | --- |
//! | a message for other devices | this device is new to the sender, as after a restore from the words of the account |
//! | no such session, or a handshake for a prekey that is not here | an old copy of this store was put back |
//! | a handshake with a private prekey that was used or is not here | an old copy of either store was put back |
//! | a turn of the ratchet that does not fit, or a jump that is too long | the same, or too much was lost |
//! | a number that was used before, in a message that is new | an old copy of the sender's store was put back |
//!
//! Whoever changes bytes on their way gives none of these: the envelope would bear another signature. That the
//! message is not an old one, brought again, is shown by the bundle in it: of the very user who signed the envelope,
//! listing the device that wrote, and signed later than all that was heard of that device. So each message counts
//! once.

use status_crypto::PublicKey;
use status_layer::{Cx, Notice, Opened, Rendezvous};

use crate::bundle::{Bundle, Prekey};
use crate::error::{Error, OpenError};
use crate::own::OwnPrekey;
use crate::ratchet::RatchetError;
use crate::security::Sessions;
use crate::session::{self, Peer};
use crate::wire::{Direct, Handshake, Lock, Opening};
use crate::{answered, device, private};

/// Why a message cannot be read here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reason {
    /// It was sealed for other devices.
    Elsewhere,
    /// The two sides disagree about their session.
    Adrift,
}

impl Sessions {
    /// What becomes of a message that did not open because of `error`.
    ///
    /// Its keys are kept, the application is told, and at most once every [`Config::answer_every`] the sender gets an
    /// empty message with our bundle, in a session that begins anew if the old one is of no use.
    ///
    /// # Errors
    /// `error`, if it does not show that the sender needs our keys.
    ///
    /// [`Config::answer_every`]: crate::Config::answer_every
    pub(crate) fn unreadable(
        &self,
        cx: &mut Cx<'_>,
        sender: &PublicKey,
        (message, direct): (&Opening, Option<&Direct>),
        error: Error,
    ) -> Result<Opened, Error> {
        let user = sender.user();
        let peer = Peer { key: sender, device: &message.device };
        let Some(every) = self.config.answer_every else { return Err(error) };
        let Some(reason) = self.reason(cx, &peer, direct, &error)? else { return Err(error) };
        let stranger = user == self.keyring.user() && !self.is_paired(&cx.shelf, &message.device)?;
        if stranger || !is_fresh(cx, &peer, message)? {
            return Err(error);
        }
        let mut opened = self.learn(cx, &user, message)?;
        opened.notices.push(Notice::Unreadable { from: user });
        if !answered::note(&mut cx.shelf, &user, cx.now, every)? {
            return Ok(opened);
        }
        if reason == Reason::Adrift {
            self.begin_anew(cx, &peer, direct.and_then(|direct| direct.handshake.as_ref()))?;
        }
        let mut answer = self.seal_user(cx, &user, &[], false)?;
        // Who has lost something may not know of a shared place.
        answer.parcels.iter_mut().for_each(|parcel| parcel.meet = Rendezvous::Inbox(user));
        opened.then.extend(answer);
        Ok(opened)
    }

    /// Sees to it that nothing is sealed with keys that may have sealed before, because an old copy of the store was put
    /// back: sessions make room for new ones, our prekey is replaced, and private prekeys of others count as used.
    ///
    /// What was sent to us since the copy was made can still be opened.
    pub(crate) fn renew_all(&self, cx: &mut Cx<'_>) -> Result<(), Error> {
        session::set_all_aside(cx)?;
        private::reset_all(&mut cx.shelf)?;
        Ok(OwnPrekey::replace_at_once(cx, self.config.transition.reads())?)
    }

    fn reason(
        &self,
        cx: &Cx<'_>,
        peer: &Peer<'_>,
        direct: Option<&Direct>,
        error: &Error,
    ) -> Result<Option<Reason>, Error> {
        let Error::Open(error) = error else { return Ok(None) };
        let Some(direct) = direct else {
            return Ok((*error == OpenError::NotForThisDevice).then_some(Reason::Elsewhere));
        };
        let Lock::Ratchet { session: prekey, header } = &direct.lock else { return Ok(None) };
        let session = session::under_way(&cx.shelf, peer, prekey, direct.handshake.as_ref())?;
        let adrift = match (error, session) {
            // Nobody who follows the protocol begins a session with a message of another one.
            (OpenError::NoSession, _) => direct.handshake.is_none(),
            (OpenError::UnknownPrekey, _) => true,
            (OpenError::Replayed | OpenError::Ratchet(RatchetError::TooFarAhead { .. }), session) => {
                session.is_some()
            }
            // In a chain that both sides have, a wrong key is no misunderstanding.
            (OpenError::Forged, Some(session)) => {
                session.ratchet.peer.is_some_and(|known| known != header.key)
            }
            _ => false,
        };
        Ok(adrift.then_some(Reason::Adrift))
    }

    /// Replaces the prekey with which a device would write to us, and drops the session on its prekey in which we would
    /// write to it: the answer begins another there, at both ends.
    ///
    /// Invariant: afterwards neither side sends in a session of which the other may have another state, unless our prekey
    /// was too young to be replaced. What was set up with ours stays for late messages, and because it tells replays. No
    /// private prekey is used: one of the two stores may be an old copy.
    fn begin_anew(
        &self,
        cx: &mut Cx<'_>,
        peer: &Peer<'_>,
        handshake: Option<&Handshake>,
    ) -> Result<(), Error> {
        OwnPrekey::replace(cx, self.config.transition.reads())?;
        private::reset(&mut cx.shelf, peer)?;
        if let Some(lost) = handshake.filter(|handshake| handshake.private.is_some())
            && session::under_way(&cx.shelf, peer, &lost.prekey, Some(lost))?.is_none()
        {
            // The device has begun another session there, which we cannot have.
            session::end(&mut cx.shelf, session::key_of(peer, &lost.prekey))?;
        }
        if let Some(device) = device::find(&cx.shelf, &peer.key.user(), peer.device)? {
            session::delete(&mut cx.shelf, session::key_of(peer, &device.prekey))?;
        }
        Ok(())
    }
}

/// Whether a message was made after all that was heard of the device that sent it.
///
/// Of a device that its user has removed nothing is kept by which old and new could be told apart: it counts again once it
/// was taken back.
fn is_fresh(cx: &Cx<'_>, peer: &Peer<'_>, message: &Opening) -> Result<bool, Error> {
    let user = peer.key.user();
    let removed = device::removed::when(&cx.shelf, &user, peer.device)?;
    let counts = |prekey: &Prekey| removed.is_none_or(|at| prekey.joined > at);
    let own = message
        .bundles
        .iter()
        .filter(|bundle| bundle.identity() == user && bundle.prekeys().get(peer.device).is_some_and(counts));
    let Some(made) = own.map(Bundle::timestamp).max() else { return Ok(false) };
    let heard = device::find(&cx.shelf, &user, peer.device)?;
    Ok(heard.is_none_or(|device| made > device.heard))
}
