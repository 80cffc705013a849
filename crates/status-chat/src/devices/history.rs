//! What was said before a device was there, from another device of the user: what may be asked for, and how far it has come.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use status_layer::{DeviceId, Timestamp};

use super::Devices;
use crate::error::SendError;
use crate::event::Chat;
use crate::table::ask;

/// Chats that are named in one request at most.
pub const MAX_HISTORY_CHATS: usize = 256;

/// Which messages are asked for.
///
/// ```
/// use status_chat::{HistoryRange, Timestamp};
///
/// let this_year = HistoryRange::all().since(Timestamp::from_secs(1_767_225_600));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryRange {
    pub(crate) chats: Vec<Chat>,
    pub(crate) since: u64,
    pub(crate) until: u64,
}

/// Names a request for history.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HistoryId(pub(crate) [u8; 16]);

/// How far a request for history has come.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HistoryProgress {
    /// The request.
    pub id: HistoryId,
    /// What came from each device that was asked.
    pub givers: Vec<HistoryGiver>,
    /// Whether all that were asked have given all they have. Then the request is forgotten.
    pub done: bool,
}

/// How far one device has come with giving history.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HistoryGiver {
    /// The device.
    pub device: DeviceId,
    /// Messages that were not here before.
    pub taken: u64,
    /// Messages that it went over, also those that were here already.
    pub covered: u64,
    /// How many it has in all, as it said at the beginning; 0 until it has answered.
    pub total: u64,
    /// Whether it has given all it has.
    pub done: bool,
}

impl HistoryRange {
    /// All messages of all chats.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only messages of this chat, and of those that were named before; at most [`MAX_HISTORY_CHATS`].
    #[must_use]
    pub fn chat(mut self, chat: &Chat) -> Self {
        self.chats.push(chat.clone());
        self
    }

    /// Only messages from a time on.
    #[must_use]
    pub const fn since(mut self, at: Timestamp) -> Self {
        self.since = at.millis();
        self
    }

    /// Only messages up to a time.
    #[must_use]
    pub const fn until(mut self, at: Timestamp) -> Self {
        self.until = at.millis();
        self
    }
}

impl Devices {
    /// Asks our other devices for what was said before this one was there, or while it was away. They are asked one after the
    /// other, for a page at a time; what is said meanwhile goes first. [`Event::History`](crate::Event::History) tells how far it
    /// has come. The request outlives restarts on either side, and is given up after 30 days.
    ///
    /// What comes is the word of those devices: messages are marked as [`retold`](crate::Message::retold), since nobody keeps
    /// the signatures of their authors.
    ///
    /// # Errors
    /// [`SendError::NoOtherDevice`], [`SendError::TooLong`] if too many chats are named or too many requests are under way.
    pub async fn request_history(&self, range: HistoryRange) -> Result<HistoryId, SendError> {
        self.0.wish(move |core, step| core.request_history(step, &range)).await
    }

    /// The requests that are under way.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn histories(&self) -> Result<Vec<HistoryProgress>, SendError> {
        self.0
            .look(|shelf| ask::all(shelf)?.into_iter().map(|(id, _)| ask::progress(shelf, id)).collect())
            .await
    }

    /// Asks no more. What came stays.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn stop_history(&self, id: HistoryId) -> Result<(), SendError> {
        self.0.wish(move |_, step| Ok(ask::forget(&mut step.shelf(), id)?)).await
    }
}

impl HistoryProgress {
    /// Messages that were not here before, from all devices.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.givers.iter().map(|giver| giver.taken).sum()
    }
}

impl fmt::Display for HistoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for HistoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HistoryId({self})")
    }
}

impl Serialize for HistoryId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HistoryId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = String::deserialize(from)?;
        let number = u128::from_str_radix(&text, 16).ok().filter(|_| text.len() == 32);
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(|| D::Error::custom("no id of a request"))
    }
}
