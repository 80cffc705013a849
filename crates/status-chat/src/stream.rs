//! Events that wait until the application has dealt with them, however often it dies.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::watch;
use tracing::error;

use crate::client::Client;
use crate::core::{Step, Stop};
use crate::error::SendError;
use crate::event::Event;
use crate::table::log::{self, MAX_CURSORS};

/// Entries that are read at once.
const PAGE: usize = 64;

/// What happened since this stream last got an acknowledgement, and what happens now: each event at least once, in order.
///
/// An event is kept in the same commit as what caused it, and until each stream has acknowledged it; so nothing is lost when
/// the application, or the machine, dies at any moment. What had no [`Entry::ack`] comes again.
///
/// ```no_run
/// # async fn run(client: status_chat::Client) -> Result<(), status_chat::Error> {
/// use status_chat::Event;
///
/// let mut stream = client.stream("archive").await?;
/// while let Some(entry) = stream.next().await {
///     if let Event::Message(message) = &*entry {
///         println!("{}", message.text);
///     }
///     entry.ack().await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Kept are the events that matter afterwards: not whether somebody is connected, how fetching goes on, what was refused or
/// failed without a trace. The home keeps at most [`Stream::MAX_KEPT`] events. A stream further behind gets one
/// [`Event::Missed`] that counts what went; nothing is left out in silence. [`Client::events`] is for those who only want to
/// know what happens while they look.
pub struct Stream {
    client: Client,
    name: Arc<str>,
    at: u64,
    ready: VecDeque<(u64, Event)>,
    kept: watch::Receiver<()>,
}

/// An event of a [`Stream`]. It derefs to the [`Event`].
#[derive(Clone)]
pub struct Entry {
    client: Client,
    name: Arc<str>,
    number: u64,
    event: Event,
}

/// Where a new [`Stream`] begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Since {
    /// With what happens from now on.
    #[default]
    Now,
    /// With the oldest event that is kept. Without any other stream there is none: for nobody nothing is kept.
    Oldest,
}

/// Why a stream cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A name is empty or too long.
    #[error("the name of a stream has 1 to {max} bytes", max = Stream::MAX_NAME)]
    Name,
    /// The home has as many streams as it can.
    #[error("this home has {MAX_CURSORS} streams. Forget one with Client::forget_stream")]
    TooMany,
    /// The client is the reason.
    #[error(transparent)]
    Client(#[from] SendError),
}

impl Client {
    /// The stream of this name, which goes on where its last acknowledgement was, or begins now. Only one listener at a time
    /// should use a name.
    ///
    /// What happened between the opening of a client and its very first call of this has passed by;
    /// [`ClientBuilder::stream`](crate::ClientBuilder::stream) begins before.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn stream(&self, name: &str) -> Result<Stream, StreamError> {
        self.stream_since(name, Since::Now).await
    }

    /// As [`Client::stream`], and says where the stream begins if it is new.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn stream_since(&self, name: &str, since: Since) -> Result<Stream, StreamError> {
        let name = check(name)?;
        let wanted = Arc::clone(&name);
        let begin = move |_: &_, step: &mut Step<'_, '_>| -> Result<Option<u64>, Stop> {
            Ok(log::begin(&mut step.shelf(), &wanted, since == Since::Oldest)?)
        };
        let at = self.wish(begin).await?.ok_or(StreamError::TooMany)?;
        Ok(Stream { client: self.clone(), name, at, ready: VecDeque::new(), kept: self.kept() })
    }

    /// Forgets a stream: nothing is kept for it any more. Says whether there was one.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn forget_stream(&self, name: &str) -> Result<bool, SendError> {
        let name: Arc<str> = name.into();
        self.wish(move |_, step| Ok(log::forget(&mut step.shelf(), &name)?)).await
    }

    /// The names of all streams of this home.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn streams(&self) -> Result<Vec<String>, SendError> {
        self.look(log::names).await
    }
}

impl Stream {
    /// The most events that a home keeps, for all its streams together.
    pub const MAX_KEPT: u64 = log::MAX_KEPT;
    /// The longest name of a stream, in bytes.
    pub const MAX_NAME: usize = 64;

    /// Waits for the next event; `None` once the client is closed. Cancel-safe: what is not acknowledged comes again.
    pub async fn next(&mut self) -> Option<Entry> {
        loop {
            if let Some((number, event)) = self.ready.pop_front() {
                self.at = number.saturating_add(1);
                return Some(Entry {
                    client: self.client.clone(),
                    name: Arc::clone(&self.name),
                    number,
                    event,
                });
            }
            // Before the look, so that nothing which comes during it is slept through.
            self.kept.mark_unchanged();
            match self.read().await {
                Ok(()) if !self.ready.is_empty() => continue,
                Ok(()) => {}
                Err(SendError::Closed) => return None,
                Err(why) => error!(%why, "events cannot be read; they are tried again after the next commit"),
            }
            self.kept.changed().await.ok()?;
        }
    }

    async fn read(&mut self) -> Result<(), SendError> {
        let at = self.at;
        let page = self.client.look(move |shelf| log::page(shelf, at, PAGE)).await?;
        if page.missed > 0 {
            let last = at.saturating_add(page.missed).saturating_sub(1);
            self.ready.push_back((last, Event::Missed { count: page.missed }));
        }
        self.ready.extend(page.entries);
        Ok(())
    }
}

impl Entry {
    /// Says that this event, and all before it, have been dealt with. When it returns `Ok`, that is durable.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails; then the event comes again.
    pub async fn ack(&self) -> Result<(), SendError> {
        let (name, number) = (Arc::clone(&self.name), self.number);
        self.client.wish(move |_, step| Ok(log::acknowledge(&mut step.shelf(), &name, number)?)).await
    }

    /// The event.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// Its number, one more than that of the event before it: the same when it comes again.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl Deref for Entry {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({:?} at {})", self.name, self.at)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("number", &self.number)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// The name of a stream.
pub(crate) fn check(name: &str) -> Result<Arc<str>, StreamError> {
    if (1..=Stream::MAX_NAME).contains(&name.len()) { Ok(name.into()) } else { Err(StreamError::Name) }
}
