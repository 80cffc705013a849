//! What a node that keeps history for others keeps it in.

use std::fmt;

use async_trait::async_trait;

use crate::MessageHash;

/// Most messages in one [`Page`]. Spec: 13/WAKU2-STORE.
pub const MAX_PAGE: usize = 100;

/// A place for messages of the past, in the order of their times.
///
/// Messages with one time are ordered by their hash.
#[async_trait]
pub trait Archive: fmt::Debug + Send + Sync {
    /// Keeps messages; all of them or none. Those that are here already stay as they are.
    ///
    /// When it returns, they survive a crash of this process.
    ///
    /// # Errors
    /// [`ArchiveError`] if nothing could be kept.
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError>;

    /// One page of what fits a question.
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
    /// The encoded [`WakuMessage`](crate::WakuMessage), as it came.
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
    /// The page begins behind this message, in the direction of the question.
    pub cursor: Option<MessageHash>,
    /// Whether pages go from the oldest to the newest. Within a page the oldest is always first.
    pub forward: bool,
    /// Most messages in the page; more than [`MAX_PAGE`] counts as [`MAX_PAGE`].
    pub limit: usize,
}

/// A part of an answer, oldest first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Archived>,
    /// Where the next page begins; `None` if this is the last one.
    pub cursor: Option<MessageHash>,
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
