//! The way up: a parcel becomes letters.

use alloc::vec;
use alloc::vec::Vec;

use status_crypto::PublicKey;
use status_layer::{
    Cx, Datagram, DeviceId, Grade, Letter, Name, Notice, Opened, Parcel, Proof, Recipient, Rendezvous,
    Sender, UserId,
};
use zeroize::Zeroizing;

use crate::bundle::Bundle;
use crate::config::MailInClear;
use crate::device::Learner;
use crate::error::{Error, OpenError};
use crate::key::Point;
use crate::security::Sessions;
use crate::session::{self, Peer};
use crate::wire::{Direct, Lock, Opening, Unchecked};
use crate::{device, fixed, people, seen};

/// Largest parcel that is taken, in bytes.
pub const MAX_PARCEL: usize = 4 * 1024 * 1024;

/// The lowest protocol version of devices that listen at shared places.
const SHARES: u32 = 1;

/// What came out of a ciphertext.
struct Plain {
    text: Zeroizing<Vec<u8>>,
    grade: Grade,
    proof: Proof,
    turned: bool,
}

impl Sessions {
    pub(crate) fn open_parcel(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, Error> {
        let bytes = parcel.sealed.as_bytes();
        if bytes.len() > MAX_PARCEL {
            return Err(OpenError::TooLarge { len: bytes.len(), max: MAX_PARCEL }.into());
        }
        let sender = parcel.hint.ok_or(OpenError::Unsigned)?;
        let sender = PublicKey::from_user(&sender).map_err(|_| OpenError::NotAKey)?;
        match parcel.meet {
            Rendezvous::Named(name) => self.open_named(cx, &sender, name, bytes),
            Rendezvous::Inbox(user) if user != self.keyring.user() => Err(OpenError::NotOurs.into()),
            Rendezvous::Inbox(_) | Rendezvous::Shared(_) => self.open_mail(cx, &sender, bytes),
        }
    }

    /// Opens what was left at a public name. Deployed peers leave content there with and without our frame.
    fn open_named(
        &self,
        cx: &mut Cx<'_>,
        sender: &PublicKey,
        name: Name,
        bytes: &[u8],
    ) -> Result<Opened, Error> {
        let to = Recipient::Channel(name);
        let Some(message) = Unchecked::decode(bytes) else {
            return Ok(mail(clear(sender, None, to, bytes.to_vec())));
        };
        let message = self.checked(sender, message)?;
        if message.is_direct() && message.public.is_empty() {
            return Err(OpenError::WrongPlace.into());
        }
        let mut opened = self.learn(cx, &sender.user(), &message)?;
        if !message.public.is_empty() {
            let device = DeviceId::new(message.device).ok();
            opened.mail.push(clear(sender, device, to, message.public));
        }
        Ok(opened)
    }

    /// Opens what was left for us.
    fn open_mail(&self, cx: &mut Cx<'_>, sender: &PublicKey, bytes: &[u8]) -> Result<Opened, Error> {
        let to = Recipient::User(self.keyring.user());
        let Some(message) = Unchecked::decode(bytes) else {
            self.admit_clear()?;
            return Ok(mail(clear(sender, None, to, bytes.to_vec())));
        };
        let mut message = self.checked(sender, message)?;
        let device = DeviceId::new(message.device.as_str()).ok();
        if !message.public.is_empty() {
            self.admit_clear()?;
            let learnt = self.learn(cx, &sender.user(), &message)?;
            return Ok(Opened { mail: vec![clear(sender, device, to, message.public)], ..learnt });
        }
        let direct = self.ours(&mut message)?;
        if self.is_of_unpaired(cx, sender, &message, direct.as_ref())? {
            let opened = self.learn(cx, &sender.user(), &message)?;
            return if opened.notices.is_empty() { Err(OpenError::NotPaired.into()) } else { Ok(opened) };
        }
        let plain = match self.open_direct(cx, sender, &message, direct.as_ref()) {
            Ok(plain) => plain,
            Err(error) => return self.unreadable(cx, sender, (&message, direct.as_ref()), error),
        };

        // Invariant: nothing of a message is believed before all of it was verified.
        let mut opened = self.learn(cx, &sender.user(), &message)?;
        let Some(mut plain) = plain else { return Ok(opened) };
        opened.turned = plain.turned;
        self.note_sharing(cx, sender, &message)?;
        opened.then.extend(self.listen_with(cx, sender)?);
        // Deployed peers seal an empty text to make their keys known; there is nothing to hand up.
        if !plain.text.is_empty() {
            let from = Sender { user: sender.user(), device, proof: plain.proof };
            let datagram = Datagram::new(to, core::mem::take(&mut *plain.text));
            opened.mail.push(Letter { from, grade: plain.grade, datagram });
        }
        Ok(opened)
    }

    /// Takes out the ciphertext that is for this device, if any.
    fn ours(&self, message: &mut Opening) -> Result<Option<Direct>, OpenError> {
        message.take(self.device.as_str()).or_else(|| message.take(fixed::SLOT)).transpose()
    }

    /// Spec: whoever seals for us with a bundle of protocol version 1 or more listens at the place that we share.
    fn note_sharing(&self, cx: &mut Cx<'_>, sender: &PublicKey, message: &Opening) -> Result<(), Error> {
        let user = sender.user();
        let first = message.bundles.first().filter(|bundle| bundle.identity() == user);
        let prekey = first.and_then(|bundle| bundle.prekeys().get(&message.device));
        if prekey.is_some_and(|prekey| prekey.protocol >= SHARES) {
            device::note_sharing(&mut cx.shelf, &user, &message.device)?;
        }
        Ok(())
    }

    /// Opens the ciphertext that is for this device; `None` if the message carries keys alone.
    ///
    /// Invariant: if it fails for one of the reasons in [`crate::recover`], nothing was written.
    fn open_direct(
        &self,
        cx: &mut Cx<'_>,
        sender: &PublicKey,
        message: &Opening,
        direct: Option<&Direct>,
    ) -> Result<Option<Plain>, Error> {
        let Some(direct) = direct else {
            return if message.is_direct() { Err(OpenError::NotForThisDevice.into()) } else { Ok(None) };
        };
        match direct.lock {
            Lock::Fixed { ephemeral } => self.open_fixed(cx, sender, &ephemeral, direct).map(Some),
            Lock::Ratchet { header, .. } => {
                let suite = header.key.suite();
                if !self.config.transition.reads().has(suite) {
                    return Err(OpenError::SuiteNotRead { suite }.into());
                }
                let peer = Peer { key: sender, device: &message.device };
                let session::Plain { text, turned } =
                    session::open(cx, &*self.keyring, &self.config, &peer, direct)?;
                Ok(Some(Plain { text, grade: Grade::Ratcheted, proof: Proof::Session, turned }))
            }
        }
    }

    fn open_fixed(
        &self,
        cx: &mut Cx<'_>,
        sender: &PublicKey,
        ephemeral: &Point,
        direct: &Direct,
    ) -> Result<Plain, Error> {
        let key = PublicKey::from_compressed(ephemeral).map_err(|_| OpenError::Forged)?;
        let text = fixed::open(&*self.keyring, &key, &direct.payload).map_err(|_| OpenError::Forged)?;
        if !seen::note(&mut cx.shelf, &sender.user(), ephemeral, cx.now)? {
            return Err(OpenError::Replayed.into());
        }
        Ok(Plain { text, grade: Grade::Static, proof: Proof::Hint, turned: false })
    }

    /// Verifies what does not depend on the place.
    fn checked(&self, sender: &PublicKey, message: Unchecked) -> Result<Opening, OpenError> {
        let message = message.open()?;
        let echo = sender.user() == self.keyring.user() && message.device == self.device.as_str();
        if echo { Err(OpenError::OwnEcho) } else { Ok(message) }
    }

    /// Whether a device of our own wrote a message in a session without being confirmed here. Its keys are taken, so that
    /// it can be.
    fn is_of_unpaired(
        &self,
        cx: &Cx<'_>,
        sender: &PublicKey,
        message: &Opening,
        direct: Option<&Direct>,
    ) -> Result<bool, Error> {
        let in_session = direct.is_some_and(|direct| matches!(direct.lock, Lock::Ratchet { .. }));
        let ours = sender.user() == self.keyring.user();
        Ok(in_session && ours && !self.may_write(&cx.shelf, &message.device)?)
    }

    /// Takes the keys in the genuine bundles of a message, whoever carries them.
    pub(crate) fn learn(&self, cx: &mut Cx<'_>, sender: &UserId, message: &Opening) -> Result<Opened, Error> {
        self.learn_bundles(cx, (sender, &message.device), &message.bundles)
    }

    /// Takes the keys in genuine bundles that a device of a user has carried; an empty id says that it is not known which.
    pub(crate) fn learn_bundles(
        &self,
        cx: &mut Cx<'_>,
        sender: (&UserId, &str),
        bundles: &[Bundle],
    ) -> Result<Opened, Error> {
        let own = self.keyring.user();
        let mut out = Opened::default();
        for bundle in bundles {
            let user = bundle.identity();
            if user != own {
                let forgotten = people::hear_of(&mut cx.shelf, &user)?;
                out.then.extend(self.stop_sharing(&forgotten));
            }
            let first = !device::any(&cx.shelf, &user)?;
            let learner = Learner { own: &own, device: &self.device, joining: self.config.joining, sender };
            let learnt = device::learn(&mut cx.shelf, bundle, learner, cx.now)?;
            if user == own {
                self.make_known(cx, bundle, !learnt.new.is_empty() || !learnt.removed.is_empty())?;
            }
            // Of a stranger, and of somebody of whom no device was known, every device is new.
            if user == own || (!first && people::is_met(&cx.shelf, &user)?) {
                let new = learnt.new.into_iter();
                out.notices.extend(new.map(|(device, joined)| Notice::NewDevice { user, device, joined }));
                let removed = learnt.removed.into_iter();
                out.notices.extend(removed.map(|device| Notice::RemovedDevice { user, device }));
            }
        }
        Ok(out)
    }

    fn admit_clear(&self) -> Result<(), OpenError> {
        match self.config.mail_in_clear {
            MailInClear::Accept => Ok(()),
            MailInClear::Refuse => Err(OpenError::NotSealed),
        }
    }
}

fn clear(sender: &PublicKey, device: Option<DeviceId>, to: Recipient, bytes: Vec<u8>) -> Letter {
    let from = Sender { user: sender.user(), device, proof: Proof::Hint };
    Letter { from, grade: Grade::Clear, datagram: Datagram::new(to, bytes) }
}

fn mail(letter: Letter) -> Opened {
    Opened { mail: vec![letter], ..Opened::default() }
}
