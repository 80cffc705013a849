//! The places that we listen at and leave parcels at: all that carriers share.
//!
//! A carrier takes sealed bytes and a topic of four bytes, and puts them into its own envelope. What is sealed, with
//! which key, and which place a topic belongs to, is the same for all of them.

use alloc::vec::Vec;

use status_crypto::{Keyring, PublicKey};
use status_layer::{
    CryptoRng, Cx, Due, Interest, Parcel, Rendezvous, Sealed, Secret, Shelf, StoreError, UserId,
};

use crate::payload::plain::{self, Plain};
use crate::payload::{ecies, symmetric};
use crate::table::{self, Place};
use crate::topic::{self, Left, PARTITIONS, ShortTopic, Spot};
use crate::{
    Darkness, Error, Inbox, Inboxes, MAX_PLACES, MAX_SEGMENT, MAX_WHOLE, PeelError, SEGMENT, WatchError,
    WrapError, cover, segment,
};

/// The longest envelope that is made or read, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The longest parcel that is taken, in bytes; longer than one piece, it goes in several frames.
pub const MAX_SEALED: usize = MAX_WHOLE;

/// What a segment and an envelope have besides a piece and what seals it, at most, in bytes.
const AROUND: usize = 128;

// The longest piece of a deployed peer is read, whatever its envelope.
const _: () = assert!(MAX_SEGMENT + AROUND + plain::MAX_OVERHEAD + ecies::OVERHEAD <= MAX_FRAME);

/// Sealed bytes longer than this have a payload of more than 50,000 bytes for certain.
pub(crate) const LARGE_DATA: usize = 50_000 + plain::MAX_OVERHEAD + ecies::OVERHEAD; // bytes

/// The fewest sealed bytes that can be opened: one byte of plaintext under a symmetric key.
pub(crate) const MIN_DATA: usize = symmetric::OVERHEAD + 1; // bytes

/// Our places, and the keyring that signs and opens. Nothing in it changes.
#[derive(Clone, Debug)]
pub(crate) struct Letterbox<K> {
    keyring: K,
    pub(crate) inboxes: Inboxes,
    pub(crate) darkness: Darkness,
    /// Derives the key of a place from its name.
    pub(crate) derive: Derive,
}

/// What derives the key of a place from its name.
pub(crate) type Derive = fn(&[u8]) -> Secret;

impl<K: Keyring> Letterbox<K> {
    pub(crate) const fn new(keyring: K) -> Self {
        Self { keyring, inboxes: Inboxes::DEPLOYED, darkness: Darkness::DEPLOYED, derive: symmetric::key }
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
        if matches!(meet, Rendezvous::Inbox(_)) {
            self.watch_inbox(cx, how)?;
        } else {
            self.watch_spot(cx, meet, &Spot::of(meet).ok_or(WatchError::SecretLength)?, how)?;
        }
        let mut topics = table::topics(&cx.shelf)?;
        topics.extend(table::decoys(&cx.shelf)?);
        topics.sort();
        topics.dedup();
        Ok(topics)
    }

    /// Our inbox, under all its names that are wanted; and the inboxes that ours is hidden among.
    fn watch_inbox(&self, cx: &mut Cx<'_>, how: Interest) -> Result<(), Error> {
        let meet = Rendezvous::Inbox(self.user());
        for (inbox, wanted) in self.inboxes.names() {
            let spot = inbox.spot(&self.user()).map_err(|_| WatchError::NotOurInbox)?;
            let how = if wanted == Interest::Listen { how } else { Interest::Ignore };
            self.watch_spot(cx, &meet, &spot, how)?;
        }
        let wanted = if how == Interest::Listen { self.darkness.decoys } else { 0 };
        let mut decoys = table::decoys(&cx.shelf)?;
        for surplus in decoys.split_off(decoys.len().min(wanted.into())) {
            table::delete_decoy(&mut cx.shelf, surplus);
        }
        let ours = Inbox::Partitioned.spot(&self.user()).map_err(|_| WatchError::NotOurInbox)?.topic();
        while decoys.len() < wanted.into() {
            let partition = u16::try_from(cover::below(cx.rng, PARTITIONS.into())).unwrap_or_default();
            let topic = Spot::inbox(topic::partition_name(partition)).topic();
            if topic != ours && !decoys.contains(&topic) {
                table::put_decoy(&mut cx.shelf, topic);
                decoys.push(topic);
            }
        }
        Ok(())
    }

    /// Seals a parcel for its place, signed if it has a hint; returns the topic of the place and the sealed bytes of each
    /// envelope.
    pub(crate) fn seal(&self, cx: &mut Cx<'_>, parcel: &Parcel) -> Result<(ShortTopic, Vec<Vec<u8>>), Error> {
        let len = parcel.sealed.as_bytes().len();
        let too_large = WrapError::TooLarge { len, max: MAX_SEALED };
        if len > MAX_SEALED {
            return Err(too_large.into());
        }
        let spot = match &parcel.meet {
            Rendezvous::Inbox(user) => self.inboxes.leave.spot(user).map_err(|_| WrapError::UnusableKey)?,
            meet => Spot::of(meet).ok_or(WrapError::SecretLength)?,
        };
        let signer = self.signer(parcel.hint)?;
        let lock = match &parcel.meet {
            Rendezvous::Inbox(user) => {
                Lock::User(PublicKey::from_user(user).map_err(|_| WrapError::UnusableKey)?)
            }
            Rendezvous::Named(_) | Rendezvous::Shared(_) => Lock::Place(self.key_of(&mut cx.shelf, &spot)?),
        };
        let mut envelopes = Vec::new();
        for part in segment::split(&parcel.sealed, SEGMENT) {
            let padding = plain::draw_padding(&part, signer, self.darkness.padding, cx.rng);
            let plain = plain::encode(&part, &padding, signer).ok_or(too_large)?;
            if self.darkness.cover.is_some() {
                cover::note(cx, &spot, plain.len())?;
            }
            envelopes.push(lock.seal(cx.rng, &plain)?);
        }
        Ok((spot.topic(), envelopes))
    }

    /// Opens sealed bytes with whatever opens the places that are watched under their topic, if anything does. Of a parcel in
    /// several envelopes, the one with which there are enough gives the whole.
    pub(crate) fn open(
        &self,
        cx: &mut Cx<'_>,
        places: Vec<Place>,
        data: &[u8],
    ) -> Result<Option<Parcel>, Error> {
        for place in places {
            let Some(plain) = self.unseal(&place, data) else {
                continue;
            };
            let plain = Plain::decode(&plain).map_err(PeelError::Malformed)?;
            let hint = plain.signer().map_err(PeelError::Malformed)?.map(|key| key.user());
            let sealed = Sealed::new(plain.payload.to_vec());
            return segment::gather(cx, Parcel { meet: place.into_meet(self.user()), sealed, hint });
        }
        Ok(None)
    }

    /// What is to go out on our own account, as its topic and sealed bytes, and when to ask again: cover, if it is wanted. And
    /// forgets large parcels of which too little ever came.
    pub(crate) fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Option<Left>>, StoreError> {
        let forget = segment::forget_old(cx)?;
        let Some(cover) = self.darkness.cover else {
            cover::stop(&mut cx.shelf)?;
            return Ok(Due { now: None, next: forget });
        };
        let (now, next) = cover::due(cx, cover)?;
        Ok(Due { now, next: Some(forget.map_or(next, |forget| forget.min(next))) })
    }

    /// The keyring that is to sign, if anything is.
    fn signer(&self, hint: Option<UserId>) -> Result<Option<&dyn Keyring>, WrapError> {
        match hint {
            Some(user) if user == self.user() => Ok(Some(&self.keyring)),
            Some(_) => Err(WrapError::NotOurSignature),
            None => Ok(None),
        }
    }

    /// Begins or stops listening at a place under one name.
    fn watch_spot(
        &self,
        cx: &mut Cx<'_>,
        meet: &Rendezvous,
        spot: &Spot,
        how: Interest,
    ) -> Result<(), Error> {
        let here = table::has_place(&cx.shelf, spot)?;
        match how {
            Interest::Listen if here => {}
            Interest::Listen => self.listen(&mut cx.shelf, meet, spot)?,
            Interest::Ignore if here || table::key(&cx.shelf, spot)?.is_some() => {
                table::delete_place(&mut cx.shelf, spot);
            }
            Interest::Ignore => {}
        }
        Ok(())
    }

    /// Notes a place that is not listened at yet.
    fn listen(&self, shelf: &mut Shelf<'_>, meet: &Rendezvous, spot: &Spot) -> Result<(), Error> {
        if table::topics(shelf)?.len() >= MAX_PLACES {
            return Err(WatchError::TooManyPlaces { max: MAX_PLACES }.into());
        }
        let place = match meet {
            Rendezvous::Inbox(_) => Place::Inbox,
            Rendezvous::Named(name) => Place::Named { key: self.key_of(shelf, spot)?, name: name.clone() },
            Rendezvous::Shared(secret) => {
                Place::Shared { key: self.key_of(shelf, spot)?, secret: secret.clone() }
            }
        };
        table::put_place(shelf, spot, &place);
        Ok(())
    }

    /// The symmetric key of a place; derived the first time, and kept.
    fn key_of(&self, shelf: &mut Shelf<'_>, spot: &Spot) -> Result<Secret, StoreError> {
        if let Some(key) = table::key(shelf, spot)? {
            return Ok(key);
        }
        let key = (self.derive)(spot.name().as_bytes());
        table::put_key(shelf, spot, &key)?;
        Ok(key)
    }

    /// Opens bytes that were left at `place`; `None` if they are not for us, or were changed.
    fn unseal(&self, place: &Place, data: &[u8]) -> Option<Vec<u8>> {
        match place {
            Place::Inbox => ecies::open(&self.keyring, data),
            Place::Named { key, .. } | Place::Shared { key, .. } => symmetric::open(key, data),
        }
    }
}

/// What envelopes of a place are sealed with.
enum Lock {
    /// The key of a user, whose inbox it is.
    User(PublicKey),
    /// The key that all who know the place have.
    Place(Secret),
}

impl Lock {
    fn seal(&self, rng: &mut dyn CryptoRng, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        match self {
            Self::User(to) => Ok(ecies::seal(to, rng, plain)),
            Self::Place(key) => symmetric::seal(key, rng, plain)
                .map_err(|_| StoreError::Damaged { what: "the key of a place" }),
        }
    }
}
