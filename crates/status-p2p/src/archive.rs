//! What a node that keeps history for others keeps it in.

mod memory;

use std::fmt;

use async_trait::async_trait;

use crate::MessageHash;
pub use memory::MemoryArchive;

/// Most messages in one [`Page`]. Spec: 13/WAKU2-STORE.
pub const MAX_PAGE: usize = 100;
/// Most data in one [`Page`], in bytes. A single message may have more; then it is alone in its page.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A place for messages of the past, in the order of their times.
///
/// Messages with one time are ordered by their hash. Nothing that a stranger writes into a message makes it fail: topics may
/// be any text, times any number. `status_p2p::testing::conform_archive` (feature `testing`) checks an implementation.
#[async_trait]
pub trait Archive: fmt::Debug + Send + Sync {
    /// Keeps messages; all of them or none. Those that are here already, or come twice, stay as they came first.
    ///
    /// When it returns, they survive a crash of this process, if the archive has anything that does.
    ///
    /// # Errors
    /// [`ArchiveError`] if nothing could be kept.
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError>;

    /// One page of what fits a question. It ends at [`Query::limit`] or [`MAX_PAGE_BYTES`], whichever comes first.
    ///
    /// # Errors
    /// [`ArchiveError::NoCursor`] if the cursor names no message that is here.
    async fn page(&self, query: &Query) -> Result<Page, ArchiveError>;

    /// Forgets what is older than `before` (nanoseconds since the Unix epoch), then the oldest until at most `bytes` of
    /// data are left, and says how many messages it forgot.
    ///
    /// # Errors
    /// [`ArchiveError`] if it could not.
    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError>;

    /// How much is here.
    ///
    /// # Errors
    /// [`ArchiveError`] if it cannot be told.
    async fn size(&self) -> Result<ArchiveSize, ArchiveError>;
}

/// A message of the past.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Archived {
    /// Its name.
    pub hash: MessageHash,
    /// When it was made, or, if it does not say, when it came; in nanoseconds since the Unix epoch.
    pub at: i64,
    /// The gossip topic that it came on.
    pub pubsub_topic: String,
    /// The label by which applications choose it.
    pub content_topic: String,
    /// The encoded [`WakuMessage`](crate::WakuMessage), as it came. Empty where only names were asked for.
    pub data: Vec<u8>,
}

/// A question to an archive. What is not said does not restrict.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// Only messages of this gossip topic.
    pub pubsub_topic: Option<String>,
    /// Only messages with one of these content topics; empty for all.
    pub content_topics: Vec<String>,
    /// Only messages from this time on, in nanoseconds since the Unix epoch.
    pub from: Option<i64>,
    /// Only messages before this time, in nanoseconds since the Unix epoch.
    pub until: Option<i64>,
    /// Only these messages; empty for all.
    pub hashes: Vec<MessageHash>,
    /// The page begins behind this message, in the direction of the question. It need not fit the question itself.
    pub cursor: Option<MessageHash>,
    /// Whether pages go from the oldest to the newest. Within a page the oldest is always first.
    pub forward: bool,
    /// Most messages in the page; 0, and more than [`MAX_PAGE`], count as [`MAX_PAGE`].
    pub limit: usize,
    /// Whether only names are wanted: [`Archived::data`] is empty then, and does not count.
    pub names_only: bool,
}

/// A part of an answer, oldest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Archived>,
    /// The message behind which the next page begins: the newest of this page if pages go forward, else the oldest. `None` if
    /// nothing else fits the question.
    pub cursor: Option<MessageHash>,
}

impl Query {
    /// The limit that counts.
    #[must_use]
    pub fn page_size(&self) -> usize {
        if self.limit == 0 { MAX_PAGE } else { self.limit.min(MAX_PAGE) }
    }

    /// Whether a message fits; cursor and limit aside.
    #[must_use]
    pub fn fits(&self, message: &Archived) -> bool {
        self.pubsub_topic.as_ref().is_none_or(|topic| *topic == message.pubsub_topic)
            && (self.content_topics.is_empty() || self.content_topics.contains(&message.content_topic))
            && self.from.is_none_or(|from| from <= message.at)
            && self.until.is_none_or(|until| message.at < until)
            && (self.hashes.is_empty() || self.hashes.contains(&message.hash))
    }
}

/// How much an archive holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ArchiveSize {
    /// Messages.
    pub messages: u64,
    /// Their data, in bytes, without what the database needs besides.
    pub bytes: u64,
    /// The time of the oldest, in nanoseconds since the Unix epoch.
    pub oldest: Option<i64>,
}

/// Why an archive did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The message that a page was to begin behind is not here any more.
    #[error("the cursor names no message that is kept; begin without a cursor")]
    NoCursor,
    /// The database failed.
    #[error("the archive failed: {0}")]
    Failed(String),
}
