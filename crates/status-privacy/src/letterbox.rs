//! The places that we listen at and leave parcels at: all that carriers share.
//!
//! A carrier takes sealed bytes and a topic of four bytes, and puts them into its own envelope. What is sealed, with
//! which key, and which place a topic belongs to, is the same for all of them.

use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey};
use status_layer::{Cx, Interest, Parcel, Rendezvous, Sealed, Secret, Shelf, StoreError, UserId};

use crate::payload::plain::{self, Plain};
use crate::payload::{ecies, symmetric};
use crate::table::{self, Place};
use crate::topic::{ShortTopic, Spot};
use crate::{Error, MAX_PLACES, PeelError, WatchError, WrapError};

/// The longest envelope that is made or read, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The most that a carrier puts around sealed bytes, in bytes.
const MAX_ENVELOPE: usize = 32;

/// The longest parcel that fits into one frame of any carrier, in bytes: room is left for everything that is put around it.
pub const MAX_SEALED: usize = MAX_FRAME - plain::MAX_OVERHEAD - ecies::OVERHEAD - MAX_ENVELOPE;

/// Sealed bytes longer than this have a payload of more than 50,000 bytes for certain.
pub(crate) const LARGE_DATA: usize = 50_000 + plain::MAX_OVERHEAD + ecies::OVERHEAD; // bytes

/// The fewest sealed bytes that can be opened: one byte of plaintext under a symmetric key.
pub(crate) const MIN_DATA: usize = symmetric::OVERHEAD + 1; // bytes

/// Our places, and the keyring that signs and opens. Nothing in it changes.
#[derive(Clone, Debug)]
pub(crate) struct Letterbox<K> {
    keyring: K,
}

impl<K: Keyring> Letterbox<K> {
    pub(crate) const fn new(keyring: K) -> Self {
        Self { keyring }
    }

    /// The local user.
    pub(crate) fn user(&self) -> UserId {
        self.keyring.user()
    }

    /// Begins or stops listening at a place; returns every topic wanted from now on, ascending, each once.
    pub(crate) fn watch(
        &self,
        cx: &mut Cx<'_>,
        meet: &Rendezvous,
        how: Interest,
    ) -> Result<Vec<ShortTopic>, Error> {
        // Also when it is about stopping: an inbox of the same partition would be taken for ours.
        if matches!(meet, Rendezvous::Inbox(user) if *user != self.user()) {
            return Err(WatchError::NotOurInbox.into());
        }
        let spot = Spot::of(meet).ok_or(WatchError::SecretLength)?;
        match how {
            Interest::Ignore => table::delete_place(&mut cx.shelf, &spot),
            Interest::Listen if table::has_place(&cx.shelf, &spot)? => {}
            Interest::Listen => listen(&mut cx.shelf, meet, &spot)?,
        }
        let mut topics = table::topics(&cx.shelf)?;
        topics.dedup();
        Ok(topics)
    }

    /// Seals a parcel for its place, signed if it has a hint; returns the topic of the place and the sealed bytes.
    pub(crate) fn seal(&self, cx: &mut Cx<'_>, parcel: &Parcel) -> Result<(ShortTopic, Vec<u8>), Error> {
        let sealed = parcel.sealed.as_bytes();
        let too_large = WrapError::TooLarge { len: sealed.len(), max: MAX_SEALED };
        if sealed.len() > MAX_SEALED {
            return Err(too_large.into());
        }
        let spot = Spot::of(&parcel.meet).ok_or(WrapError::SecretLength)?;
        let signer = self.signer(parcel.hint)?;
        let padding = plain::draw_padding(sealed, signer, cx.rng);
        let plain = plain::encode(sealed, &padding, signer).ok_or(too_large)?;
        let bytes = match &parcel.meet {
            Rendezvous::Inbox(user) => {
                let to = PublicKey::from_user(user).map_err(|_| WrapError::UnusableKey)?;
                ecies::seal(&to, cx.rng, &plain)
            }
            Rendezvous::Named(_) | Rendezvous::Shared(_) => {
                let key = key_of(&mut cx.shelf, &spot)?;
                let damaged = |_| StoreError::Damaged { what: "the key of a place" };
                symmetric::seal(&key, cx.rng, &plain).map_err(damaged)?
            }
        };
        Ok((spot.topic(), bytes))
    }

    /// Opens sealed bytes with whatever opens the places that are watched under their topic, if anything does.
    pub(crate) fn open(&self, places: Vec<Place>, data: &[u8]) -> Result<Option<Parcel>, Error> {
        for place in places {
            let Some(plain) = self.unseal(&place, data) else {
                continue;
            };
            let plain = Plain::decode(&plain).map_err(PeelError::Malformed)?;
            let hint = plain.signer().map_err(PeelError::Malformed)?.map(|key| key.user());
            let sealed = Sealed::new(plain.payload.to_vec());
            return Ok(Some(Parcel { meet: place.into_meet(self.user()), sealed, hint }));
        }
        Ok(None)
    }

    /// The keyring that is to sign, if anything is.
    fn signer(&self, hint: Option<UserId>) -> Result<Option<&dyn Keyring>, WrapError> {
        match hint {
            Some(user) if user == self.user() => Ok(Some(&self.keyring)),
            Some(_) => Err(WrapError::NotOurSignature),
            None => Ok(None),
        }
    }

    /// Opens bytes that were left at `place`; `None` if they are not for us, or were changed.
    fn unseal(&self, place: &Place, data: &[u8]) -> Option<Vec<u8>> {
        match place {
            Place::Inbox => ecies::open(&self.keyring, data),
            Place::Named { key, .. } | Place::Shared { key, .. } => symmetric::open(key, data),
        }
    }
}

/// Notes a place that is not listened at yet.
fn listen(shelf: &mut Shelf<'_>, meet: &Rendezvous, spot: &Spot) -> Result<(), Error> {
    if table::topics(shelf)?.len() >= MAX_PLACES {
        return Err(WatchError::TooManyPlaces { max: MAX_PLACES }.into());
    }
    let place = match meet {
        Rendezvous::Inbox(_) => Place::Inbox,
        Rendezvous::Named(name) => Place::Named { key: key_of(shelf, spot)?, name: name.clone() },
        Rendezvous::Shared(secret) => Place::Shared { key: key_of(shelf, spot)?, secret: secret.clone() },
    };
    table::put_place(shelf, spot, &place);
    Ok(())
}

/// The symmetric key of a place; derived the first time, and kept.
fn key_of(shelf: &mut Shelf<'_>, spot: &Spot) -> Result<Secret, StoreError> {
    if let Some(key) = table::key(shelf, spot)? {
        return Ok(key);
    }
    let key = symmetric::key(spot.name().as_bytes());
    table::put_key(shelf, spot, &key)?;
    Ok(key)
}
