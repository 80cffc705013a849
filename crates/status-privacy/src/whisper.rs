//! The carrier of Whisper v6: sealed bytes in an [`Envelope`] that runs out, and for which work was done.
//!
//! What speaks the wire of Whisper itself (devp2p, `shh` version 6) is no part of this crate. [`Whisper`] leaves its
//! envelopes under topics of the network that has taken Whisper's place, `/whisper/6/0x<8 hex digits>/rlp`; a bridge
//! passes the bytes of a frame on as they are. It needs no key: [`Envelope`], [`Rules`] and [`Bloom`] are all that it takes.

mod bloom;
mod envelope;
mod label;
pub mod pow;
mod rules;

use alloc::vec::Vec;
use core::time::Duration;

use status_crypto::Keyring;
use status_layer::{
    Cx, Due, Frame, Interest, Late, Parcel, Privacy, Ready, Rendezvous, Timestamp, Topic, UserId, Work,
};

use crate::letterbox::{LARGE_DATA, Letterbox, MIN_DATA};
use crate::topic::ShortTopic;
use crate::{Darkness, Error, Inboxes, MAX_FRAME, PeelError, ProveError, table};

pub use bloom::Bloom;
pub use envelope::{Envelope, FormError, hash};
pub use pow::Pow;
pub use rules::{Refusal, Rules, Verdict};

/// The time to live that stands for none, in seconds.
const DEFAULT_TTL: u32 = 50;

/// How envelopes are made and which are opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// For how long our envelopes are carried, in seconds; 0 stands for 50.
    pub ttl: u32,
    /// How much work is done for them.
    pub pow: Pow,
    /// Which envelopes of others are opened.
    pub rules: Rules,
    /// What becomes of those that ran out.
    pub expired: Expired,
}

/// What becomes of envelopes that ran out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expired {
    /// They are not opened, as nodes among each other do it.
    Refuse,
    /// They are opened, as if they came from a trusted mail server: history is nothing else. All other rules hold.
    Open,
}

impl Default for Config {
    /// What deployed peers do.
    fn default() -> Self {
        Self { ttl: 15, pow: Pow::default(), rules: Rules::default(), expired: Expired::Refuse }
    }
}

/// Envelopes as Status peers exchanged them over Whisper v6 and Waku v1.
///
/// Holds the keyring of the local user and configuration, and nothing that changes. A frame of [`wrap`](Privacy::wrap) has an
/// envelope without work; each time that it is to be published [`ready`](Privacy::ready) lets it run out later and says what
/// work is wanted.
#[derive(Clone, Debug)]
pub struct Whisper<K> {
    letterbox: Letterbox<K>,
    config: Config,
}

impl<K: Keyring> Whisper<K> {
    /// The privacy of the user whose key `keyring` holds.
    #[must_use]
    pub const fn new(keyring: K, config: Config) -> Self {
        Self { letterbox: Letterbox::new(keyring), config }
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

    /// The local user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.letterbox.user()
    }

    /// For how long our envelopes are carried, in seconds.
    const fn ttl(&self) -> u32 {
        if self.config.ttl == 0 { DEFAULT_TTL } else { self.config.ttl }
    }

    /// What the work in an envelope of ours has to be worth, and how long to search; `None` if no target is set.
    fn target(&self, envelope: &Envelope<'_>) -> Option<(f64, Duration)> {
        match self.config.pow {
            Pow::Target { large, within, .. } if envelope.data.len() > LARGE_DATA => Some((large, within)),
            Pow::Target { usual, within, .. } => Some((usual, within)),
            Pow::Nothing | Pow::Best { .. } => None,
        }
    }

    /// An envelope for which no work was done yet.
    fn frame(&self, at: Timestamp, topic: ShortTopic, data: &[u8]) -> Frame {
        let ttl = self.ttl();
        let expiry = seconds(at).saturating_add(ttl);
        let envelope = Envelope { expiry, ttl, topic: topic.0, data, nonce: 0 };
        Frame { topic: label::of(topic), at, bytes: envelope.encode() }
    }

    /// Whether the rules let an envelope be opened at `now`.
    fn opens(&self, envelope: &Envelope<'_>, now: Timestamp) -> Result<bool, Refusal> {
        let Config { rules, expired, .. } = &self.config;
        match (rules.judge(envelope, seconds(now)), expired) {
            (Ok(Verdict::RunOut) | Err(Refusal::VeryOld), Expired::Open) => {
                rules.deserves(envelope, 0).map(|()| true)
            }
            (judged, _) => judged.map(|verdict| verdict == Verdict::Take),
        }
    }
}

impl<K: Keyring> Privacy for Whisper<K> {
    type Error = Error;

    /// Begins or stops listening at a place; returns every topic wanted from now on, ascending, each once.
    ///
    /// # Errors
    /// [`WatchError`](crate::WatchError).
    fn watch(&self, cx: &mut Cx<'_>, meet: &Rendezvous, how: Interest) -> Result<Vec<Topic>, Error> {
        let topics = self.letterbox.watch(cx, meet, how)?;
        Ok(topics.into_iter().map(label::of).collect())
    }

    /// Puts a parcel into one envelope, or a large one into several, signed if the parcel has a hint. They are not yet
    /// [ready](Privacy::ready).
    ///
    /// # Errors
    /// [`WrapError`](crate::WrapError).
    fn wrap(&self, cx: &mut Cx<'_>, parcel: Parcel) -> Result<Vec<Frame>, Error> {
        let (topic, sealed) = self.letterbox.seal(cx, &parcel)?;
        Ok(sealed.iter().map(|data| self.frame(cx.now, topic, data)).collect())
    }

    /// Lets an envelope run out later, and says what work is to be done for it.
    ///
    /// # Errors
    /// [`PeelError::Form`] if it is not an envelope.
    fn ready(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Ready, Error> {
        let mut envelope = Envelope::decode(&frame.bytes).map_err(PeelError::Form)?;
        envelope.ttl = self.ttl();
        envelope.expiry = seconds(cx.now).saturating_add(envelope.ttl);
        envelope.nonce = 0;
        let wanted = match (self.target(&envelope), self.config.pow) {
            (Some((target, within)), _) => Some((target, within, Late::GiveUp)),
            (None, Pow::Best { within }) => {
                let longer = u32::try_from(within.as_secs()).unwrap_or(u32::MAX);
                envelope.expiry = envelope.expiry.saturating_add(longer);
                Some((f64::INFINITY, within, Late::TakeBest))
            }
            (None, _) => None,
        };
        let work = wanted.map(|(target, within, late)| {
            let prefix = envelope.prefix();
            Work { zeros: pow::bits_for(target, &envelope, &prefix), prefix, within, late }
        });
        let bytes = envelope.encode();
        Ok(Ready { frame: Frame { at: cx.now, bytes, ..frame }, work })
    }

    /// Puts the nonce that was found into an envelope. What the work is worth is computed as its receivers do.
    ///
    /// # Errors
    /// [`ProveError`] if it is worth less than the target, [`PeelError::Form`] if the frame is not an envelope.
    fn prove(&self, _: &mut Cx<'_>, frame: Frame, number: u64) -> Result<Frame, Error> {
        let mut envelope = Envelope::decode(&frame.bytes).map_err(PeelError::Form)?;
        envelope.nonce = number;
        if self.target(&envelope).is_some_and(|(target, _)| pow::value(&envelope, 0) < target) {
            return Err(ProveError::LittleWork.into());
        }
        let bytes = envelope.encode();
        Ok(Frame { bytes, ..frame })
    }

    /// Opens an envelope with whatever opens the places watched under its topic, if the [`Rules`] let it.
    ///
    /// The cheapest question comes first: what is left at no place of ours is not even taken apart.
    ///
    /// # Errors
    /// [`PeelError`].
    fn peel(&self, cx: &mut Cx<'_>, frame: Frame) -> Result<Option<Parcel>, Error> {
        let topic = label::read(&frame.topic).ok_or(PeelError::Label)?;
        if frame.bytes.len() > MAX_FRAME {
            return Err(PeelError::TooLarge { len: frame.bytes.len(), max: MAX_FRAME }.into());
        }
        let places = table::places_at(&cx.shelf, topic)?;
        if places.is_empty() {
            return Ok(None);
        }
        let envelope = Envelope::decode(&frame.bytes).map_err(PeelError::Form)?;
        if envelope.topic != topic.0 {
            return Err(PeelError::OtherTopic.into());
        }
        if !self.opens(&envelope, cx.now).map_err(PeelError::Refused)? {
            return Ok(None);
        }
        match envelope.data.len() {
            len if len < MIN_DATA => Err(PeelError::TooShort { len, min: MIN_DATA }.into()),
            _ => self.letterbox.open(cx, places, envelope.data),
        }
    }

    /// Returns cover, if it is wanted, and forgets large parcels of which too little ever came.
    ///
    /// # Errors
    /// Fails only with the store.
    fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Frame>>, Error> {
        let Due { now, next } = self.letterbox.due(cx)?;
        let frame = |(topic, data): (ShortTopic, Vec<u8>)| self.frame(cx.now, topic, &data);
        Ok(Due { now: now.into_iter().map(frame).collect(), next })
    }
}

/// Envelopes count in seconds.
fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.millis() / 1_000).unwrap_or(u32::MAX)
}
