//! The carrier of Waku v2: a payload of version 1 under a content topic.

use alloc::vec;
use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey};
use status_layer::{
    Cx, Due, Frame, Interest, Parcel, Privacy, Rendezvous, Sealed, Secret, Shelf, StoreError, Topic, UserId,
};
use zeroize::Zeroizing;

use crate::payload::plain::{self, Plain};
use crate::payload::{ecies, symmetric};
use crate::table::{self, Place};
use crate::topic::{ShortTopic, Spot};
use crate::{Error, PeelError, WatchError, WrapError};

/// The longest frame that is made or read, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The longest parcel that fits into one frame, in bytes: room is left for everything that is put around it.
pub const MAX_SEALED: usize = MAX_FRAME - plain::MAX_OVERHEAD - ecies::OVERHEAD;

/// The most places that are listened at.
pub const MAX_PLACES: usize = 4_096;

/// The shortest frame that can be opened, in bytes: one byte of plaintext under a symmetric key.
const MIN_FRAME: usize = symmetric::OVERHEAD + 1;

/// Envelopes as deployed Status peers exchange them over Waku v2.
///
/// Holds the keyring of the local user and nothing that changes.
#[derive(Clone, Debug)]
pub struct Waku<K> {
    keyring: K,
}

impl<K: Keyring> Waku<K> {
    /// The privacy of the user whose key `keyring` holds.
    #[must_use]
    pub const fn new(keyring: K) -> Self {
        Self { keyring }
    }

    /// The local user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.keyring.user()
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
    fn open(&self, place: &Place, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match place {
            Place::Inbox => ecies::open(&self.keyring, bytes),
            Place::Named { key, .. } | Place::Shared { key, .. } => symmetric::open(key, bytes),
        }
    }
}

impl<K: Keyring> Privacy for Waku<K> {
    type Error = Error;

    /// Begins or stops listening at a place; returns every topic wanted from now on, ascending, each once.
    ///
    /// # Errors
    /// [`WatchError`].
    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Error> {
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
        Ok(topics.into_iter().map(ShortTopic::content_topic).collect())
    }

    /// Puts a parcel into one envelope, signed if the parcel has a hint.
    ///
    /// # Errors
    /// [`WrapError`].
    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Error> {
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
        Ok(vec![Frame { topic: spot.topic().content_topic(), at: cx.now, bytes }])
    }

    /// Opens an envelope with whatever opens the places watched under its topic.
    ///
    /// # Errors
    /// [`PeelError`].
    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Error> {
        let topic = ShortTopic::from_content_topic(&frame.topic).ok_or(PeelError::Topic)?;
        match frame.bytes.len() {
            len if len < MIN_FRAME => return Err(PeelError::TooShort { len, min: MIN_FRAME }.into()),
            len if len > MAX_FRAME => return Err(PeelError::TooLarge { len, max: MAX_FRAME }.into()),
            _ => {}
        }
        for place in table::places_at(&cx.shelf, topic)? {
            let Some(plain) = self.open(&place, &frame.bytes) else {
                continue;
            };
            let plain = Plain::decode(&plain).map_err(PeelError::Malformed)?;
            let hint = plain.signer().map_err(PeelError::Malformed)?.map(|key| key.user());
            let sealed = Sealed::new(plain.payload.to_vec());
            return Ok(Some(Parcel { meet: place.into_meet(self.user()), sealed, hint }));
        }
        Ok(None)
    }

    /// Nothing is ever due: this carrier sends on nobody's account but the upper layers'.
    ///
    /// # Errors
    /// Never.
    fn due(&self, _: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Error> {
        Ok(Due::default())
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
