//! The way down: a datagram becomes a parcel.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use status_crypto::PublicKey;
use status_layer::{Cx, Name, Outgoing, Rendezvous, UserId};

use crate::config::{FirstMessage, SharedPlace};
use crate::device::{self, Device};
use crate::error::{Error, SealError};
use crate::fixed;
use crate::key::Point;
use crate::security::Sessions;
use crate::session;
use crate::wire::{Direct, Lock, Message};

impl Sessions {
    /// Seals for a user: one ciphertext for each of their devices, or one for their identity if none is known.
    pub(crate) fn seal_user(
        &self,
        cx: &mut Cx<'_>,
        user: &UserId,
        plaintext: &[u8],
        introduces: bool,
    ) -> Result<Outgoing, Error> {
        let key = PublicKey::from_user(user).map_err(|_| SealError::NotAKey)?;
        let devices = device::active(&cx.shelf, user, self.config.max_targets, cx.now)?;
        let (own, bundle) = self.bundle(cx)?;
        let direct = if devices.is_empty() {
            self.check_static(cx, user, introduces)?;
            self.seal_fixed(cx, &key, plaintext)?
        } else {
            self.seal_sessions(cx, &own.key, &key, &devices, plaintext)?
        };

        let message =
            Message { device: self.device.to_string(), bundles: vec![bundle], direct, public: Vec::new() };
        let mut out = self.listen_with(cx, &key)?;
        out.parcels.push(self.parcel(self.meeting_place(&key, &devices), message));
        Ok(out)
    }

    /// Where a message for some devices of a user is left. A static message may be read by devices that we do not know,
    /// so it goes to the inbox.
    fn meeting_place(&self, user: &PublicKey, devices: &[Device]) -> Rendezvous {
        let agreed = !devices.is_empty() && devices.iter().all(|device| device.shares);
        match self.config.shared_place {
            SharedPlace::Use if agreed => Rendezvous::Shared(self.keyring.agree(user)),
            _ => Rendezvous::Inbox(user.user()),
        }
    }

    /// Leaves content for everybody at a public name, with our bundle, so that readers can write to us.
    pub(crate) fn seal_channel(
        &self,
        cx: &mut Cx<'_>,
        name: Name,
        content: Vec<u8>,
    ) -> Result<Outgoing, Error> {
        let (_, bundle) = self.bundle(cx)?;
        let message = Message {
            device: self.device.to_string(),
            bundles: vec![bundle],
            direct: BTreeMap::new(),
            public: content,
        };
        Ok(Outgoing { parcels: vec![self.parcel(Rendezvous::Named(name), message)], meet: Vec::new() })
    }

    fn seal_sessions(
        &self,
        cx: &mut Cx<'_>,
        own: &Point,
        user: &PublicKey,
        devices: &[Device],
        plaintext: &[u8],
    ) -> Result<BTreeMap<String, Direct>, Error> {
        let mut direct = BTreeMap::new();
        for device in devices {
            // A device that reads nothing of what we write is left out as long as another one does.
            let Some(suite) = self.config.transition.writes(device.suites()) else { continue };
            let ours = (&*self.keyring, &self.config, own);
            let sealed = session::seal(cx, ours, (user, device), suite, plaintext)?;
            direct.insert(device.id.clone(), sealed);
        }
        if direct.is_empty() { Err(SealError::NoCommonSuite.into()) } else { Ok(direct) }
    }

    /// Whether what is for a user may be sealed to their identity key alone. What is for the devices of our own group is
    /// never, although none of them may be active.
    pub(crate) fn check_static(&self, cx: &Cx<'_>, user: &UserId, introduces: bool) -> Result<(), Error> {
        if *user == self.keyring.user() && device::any_enabled(&cx.shelf, user)? {
            return Err(SealError::NoOwnDevice.into());
        }
        match self.config.first_message {
            FirstMessage::AllowStatic => Ok(()),
            FirstMessage::OnlyIntroductions if introduces => Ok(()),
            FirstMessage::OnlyIntroductions | FirstMessage::RequireForwardSecrecy => {
                Err(SealError::NoBundle.into())
            }
        }
    }

    fn seal_fixed(
        &self,
        cx: &mut Cx<'_>,
        user: &PublicKey,
        plaintext: &[u8],
    ) -> Result<BTreeMap<String, Direct>, Error> {
        let (ephemeral, payload) = fixed::seal(cx.rng, user, plaintext).map_err(|_| SealError::TooLong)?;
        let lock = Lock::Fixed { ephemeral: ephemeral.compressed() };
        Ok([(fixed::SLOT.to_string(), Direct { handshake: None, lock, payload })].into())
    }
}
