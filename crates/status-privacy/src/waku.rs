//! The carrier of Waku v2: a payload of version 1 under a content topic.

use alloc::vec::Vec;

use status_crypto::Keyring;
use status_layer::{Cx, Due, Frame, Interest, Parcel, Privacy, Rendezvous, Topic, UserId};

use crate::letterbox::{Letterbox, MIN_DATA};
use crate::topic::ShortTopic;
use crate::{Darkness, Error, Inboxes, MAX_FRAME, PeelError, table};

/// Envelopes as deployed Status peers exchange them over Waku v2: the sealed bytes as they are.
///
/// Holds the keyring of the local user and nothing that changes.
#[derive(Clone, Debug)]
pub struct Waku<K> {
    letterbox: Letterbox<K>,
}

impl<K: Keyring> Waku<K> {
    /// The privacy of the user whose key `keyring` holds.
    #[must_use]
    pub const fn new(keyring: K) -> Self {
        Self { letterbox: Letterbox::new(keyring) }
    }

    /// Hides more than deployed peers do.
    #[must_use]
    pub const fn with_darkness(mut self, darkness: Darkness) -> Self {
        self.letterbox.darkness = darkness;
        self
    }

    /// Listens at other names of our inbox, too, or leaves what is for others elsewhere.
    #[must_use]
    pub const fn with_inboxes(mut self, inboxes: Inboxes) -> Self {
        self.letterbox.inboxes = inboxes;
        self
    }

    /// Has the keys of places derived by something else, which must give the same: whoever runs many users at once need not
    /// derive a key for each of them.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub const fn with_keys_from(mut self, derive: fn(&[u8]) -> status_layer::Secret) -> Self {
        self.letterbox.derive = derive;
        self
    }

    /// The local user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.letterbox.user()
    }
}

impl<K: Keyring> Privacy for Waku<K> {
    type Error = Error;

    /// Begins or stops listening at a place; returns every topic wanted from now on, ascending, each once.
    ///
    /// # Errors
    /// [`WatchError`](crate::WatchError).
    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Error> {
        let topics = self.letterbox.watch(cx, meet, how)?;
        Ok(topics.into_iter().map(ShortTopic::content_topic).collect())
    }

    /// Puts a parcel into one envelope, or a large one into several, signed if the parcel has a hint.
    ///
    /// # Errors
    /// [`WrapError`](crate::WrapError).
    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Error> {
        let (topic, envelopes) = self.letterbox.seal(cx, &parcel)?;
        let frame = |bytes| Frame { topic: topic.content_topic(), at: cx.now, bytes };
        Ok(envelopes.into_iter().map(frame).collect())
    }

    /// Opens an envelope with whatever opens the places watched under its topic; of several that belong together, the one
    /// with which there are enough gives the parcel.
    ///
    /// # Errors
    /// [`PeelError`].
    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Error> {
        let topic = ShortTopic::from_content_topic(&frame.topic).ok_or(PeelError::Topic)?;
        match frame.bytes.len() {
            len if len < MIN_DATA => return Err(PeelError::TooShort { len, min: MIN_DATA }.into()),
            len if len > MAX_FRAME => return Err(PeelError::TooLarge { len, max: MAX_FRAME }.into()),
            _ => {}
        }
        let places = table::places_at(&cx.shelf, topic)?;
        self.letterbox.open(cx, places, &frame.bytes)
    }

    /// Returns cover, if it is wanted, and forgets large parcels of which too little ever came.
    ///
    /// # Errors
    /// Fails only with the store.
    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Error> {
        let Due { now, next } = self.letterbox.due(cx)?;
        let frame =
            |(topic, bytes): (ShortTopic, _)| Frame { topic: topic.content_topic(), at: cx.now, bytes };
        Ok(Due { now: now.into_iter().map(frame).collect(), next })
    }
}
