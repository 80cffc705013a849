//! The layer: what [`Security`] asks for, made of sessions, bundles and devices.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey};
use status_layer::{
    Cx, Datagram, DeviceId, Due, Grade, Interest, Name, Opened, Outgoing, Parcel, Recipient, Rendezvous,
    Sealed, Security, StoreError, UserId,
};

use crate::bundle::Bundle;
use crate::config::Config;
use crate::error::{Error, ExpectError};
use crate::own::OwnPrekey;
use crate::wire::Message;
use crate::{expiry, people};

/// Sealing for people with X3DH and the Double Ratchet, in the formats of deployed peers.
///
/// Holds configuration and keys only; sessions, devices and prekeys are on the shelf.
#[derive(Clone, Debug)]
pub struct Sessions {
    pub(crate) config: Config,
    pub(crate) keyring: Arc<dyn Keyring>,
    pub(crate) device: DeviceId,
}

impl Sessions {
    /// The layer of one device of the user whose identity key `keyring` holds.
    ///
    /// `device` is made once per installation; deployed peers use a UUID version 4.
    #[must_use]
    pub const fn new(config: Config, keyring: Arc<dyn Keyring>, device: DeviceId) -> Self {
        Self { config, keyring, device }
    }

    /// Our prekey in use.
    pub(crate) fn own_prekey(&self, cx: &mut Cx<'_>) -> Result<OwnPrekey, StoreError> {
        OwnPrekey::in_use(cx, self.config.rotate_after, self.config.transition.reads())
    }

    /// Our bundle, signed now, and the prekey in it.
    pub(crate) fn bundle(&self, cx: &mut Cx<'_>) -> Result<(OwnPrekey, Bundle), Error> {
        let own = self.own_prekey(cx)?;
        let listing = self.listing(cx, &own)?;
        Ok((own, Bundle::sign(&*self.keyring, listing, cx.now)))
    }

    /// Leaves a message at a place, to be signed as ours.
    pub(crate) fn parcel(&self, meet: Rendezvous, message: Message) -> Parcel {
        Parcel { meet, sealed: Sealed::new(message.encode()), hint: Some(self.keyring.user()) }
    }

    /// Makes us listen at the place that we share with a user, where deployed peers write to us once all our
    /// devices are known to understand it.
    pub(crate) fn listen_with(&self, cx: &mut Cx<'_>, user: &PublicKey) -> Result<Outgoing, Error> {
        let id = user.user();
        if id == self.keyring.user() {
            return Ok(Outgoing::default());
        }
        let forgotten = people::meet(&mut cx.shelf, &id)?;
        let mut out = self.stop_sharing(&forgotten);
        if people::share(&mut cx.shelf, &id)? {
            out.meet.push((Rendezvous::Shared(self.keyring.agree(user)), Interest::Listen));
        }
        Ok(out)
    }

    /// Stops listening at the places shared with `users`.
    pub(crate) fn stop_sharing(&self, users: &[UserId]) -> Outgoing {
        let keys = users.iter().filter_map(|user| PublicKey::from_user(user).ok());
        let meet = keys.map(|key| (Rendezvous::Shared(self.keyring.agree(&key)), Interest::Ignore));
        Outgoing { parcels: Vec::new(), meet: meet.collect() }
    }
}

impl Security for Sessions {
    type Error = Error;

    fn expect(&self, cx: &mut Cx<'_>, whom: &Recipient, how: Interest) -> Result<Outgoing, Error> {
        let mut out = Outgoing::default();
        match whom {
            Recipient::Channel(name) => out.meet.push((Rendezvous::Named(name.clone()), how)),
            Recipient::User(user) => {
                let key = PublicKey::from_user(user).map_err(|_| ExpectError::NotAKey)?;
                if *user == self.keyring.user() {
                    out.meet.push((Rendezvous::Inbox(*user), how));
                } else if how == Interest::Listen {
                    people::expect(&mut cx.shelf, user)?;
                } else {
                    let left = people::ignore(&mut cx.shelf, user)?;
                    out.extend(self.stop_sharing(&left));
                }
                out.meet.push((contact_code(&key)?, how));
            }
        }
        Ok(out)
    }

    fn pair(&self, cx: &mut Cx<'_>, device: &DeviceId, how: Interest) -> Result<(), Error> {
        self.pair_device(cx, device, how)
    }

    fn renew(&self, cx: &mut Cx<'_>) -> Result<(), Error> {
        self.renew_all(cx)
    }

    fn seal(&self, cx: &mut Cx<'_>, datagram: Datagram) -> Result<Outgoing, Error> {
        match datagram.to {
            Recipient::User(user) => self.seal_user(cx, &user, &datagram.bytes, datagram.introduces),
            Recipient::Channel(name) => self.seal_channel(cx, name, datagram.bytes),
        }
    }

    fn open(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Opened, Error> {
        self.open_parcel(cx, parcel)
    }

    fn introduce(&self, cx: &mut Cx<'_>) -> Result<Option<Vec<u8>>, Error> {
        self.give_keys(cx).map(Some)
    }

    fn meet(&self, cx: &mut Cx<'_>, user: &UserId, keys: &[u8]) -> Result<Option<Opened>, Error> {
        self.take_keys(cx, user, keys).map(Some)
    }

    fn prospect(&self, cx: &mut Cx<'_>, user: &UserId) -> Result<Option<Grade>, Error> {
        self.would_seal(cx, user)
    }

    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Outgoing>, Error> {
        let ends = expiry::due(cx, &self.config)?;
        let mut due = self.announce(cx)?;
        due.next = [due.next, ends].into_iter().flatten().min();
        Ok(due)
    }
}

/// Where a user's keys are announced. Spec: `0x`, the uncompressed key in hex, `-contact-code`.
pub(crate) fn contact_code(user: &PublicKey) -> Result<Rendezvous, ExpectError> {
    let name = format!("0x{}-contact-code", hex::encode(user.uncompressed()));
    Name::new(name).map(Rendezvous::Named).map_err(|_| ExpectError::NotAKey)
}
