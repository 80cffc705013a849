//! What was said: in pages from either end, what of it was read, how long it is kept, and all of it as lines of JSON.

use std::io::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use status_layer::{MessageId, Shelf, StoreError};

use crate::client::Client;
use crate::error::SendError;
use crate::event::{Chat, Message, Reaction};
use crate::table::{self, MAX_UNREAD, Spot};

mod search;

pub use search::{Hits, Search};

/// Messages of one page at most.
pub const MAX_PAGE: usize = 1_000;

/// Messages that are read at once while exporting.
const PORTION: usize = 200;

/// A place in a chat: pages go on from it. It stays good whatever is said or deleted, also after a restart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cursor {
    clock: u64,
    id: MessageId,
}

/// Some messages of a chat.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// In the order that was asked for.
    pub messages: Vec<Message>,
    /// Where the messages before these are; nothing, if there are none.
    pub older: Option<Cursor>,
    /// Where the messages after these are; nothing, if there are none yet.
    pub newer: Option<Cursor>,
}

/// The history of one chat.
///
/// ```no_run
/// # async fn show(client: status_chat::Client, chat: status_chat::Chat) -> Result<(), status_chat::SendError> {
/// let mut page = client.pages(&chat).newest(50).await?;
/// while let Some(older) = page.older {
///     page = client.pages(&chat).before(older, 50).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Pages {
    client: Client,
    chat: Chat,
}

/// How long messages are kept: what is older, or more, is dropped with all that belongs to it. Nothing of it is told to others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Retention {
    /// How old a message may be; by whole seconds.
    pub age: Option<Duration>,
    /// How many messages a chat may have.
    pub count: Option<u64>,
}

/// How much of a chat was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Unread {
    /// Messages of others since the last one that was read.
    pub count: usize,
    /// Whether there may be more than that: at most 1,000 are counted.
    pub or_more: bool,
}

/// Why an export came to no end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The history could not be read.
    #[error(transparent)]
    Read(#[from] SendError),
    /// What was read could not be written.
    #[error("the export could not be written: {0}. What was written before is whole lines, but not all")]
    Write(#[from] std::io::Error),
}

/// One line of an export.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    message: &'a Message,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reaction>,
}

impl Client {
    /// The history of a chat, to be read in pages of at most [`MAX_PAGE`](crate::MAX_PAGE) messages. Those that were deleted for us are
    /// left out; those that were deleted for everybody are there, without text.
    #[must_use]
    pub fn pages(&self, chat: &Chat) -> Pages {
        Pages { client: self.clone(), chat: chat.clone() }
    }

    /// Remembers that a chat was read up to a message. What was read stays so: an earlier message changes nothing.
    ///
    /// # Errors
    /// [`SendError::NoMessage`] if the message is not here or in another chat.
    pub async fn mark_read(&self, chat: &Chat, up_to: MessageId) -> Result<(), SendError> {
        let chat = chat.clone();
        self.wish(move |core, step| {
            let message = table::load_message(&step.shelf(), up_to)?.filter(|message| message.chat == chat);
            let message = message.ok_or(SendError::NoMessage)?;
            core.mark_read(step, &chat, Spot::of(&message))
        })
        .await
    }

    /// How many messages of others came in a chat since the last one that was read; all, if none was.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn unread(&self, chat: &Chat) -> Result<Unread, SendError> {
        let (chat, us) = (chat.clone(), self.user());
        let count = self.look(move |shelf| table::unread(shelf, &chat, &us)).await?;
        Ok(Unread { count, or_more: count >= MAX_UNREAD })
    }

    /// Says how long messages are kept: in one chat, or in all that we take part in and for which nothing else was said. Nothing at all takes the
    /// saying back. At first everything is kept. What is too old goes soon, a little at once.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn keep(&self, chat: Option<&Chat>, retention: Option<Retention>) -> Result<(), SendError> {
        let chat = chat.cloned();
        self.wish(move |core, step| core.keep(step, chat.as_ref(), retention)).await
    }

    /// How long messages are kept, as [`keep`](Self::keep) was told.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn retention(&self, chat: Option<&Chat>) -> Result<Option<Retention>, SendError> {
        let chat = chat.cloned();
        self.look(move |shelf| table::retention(shelf, chat.as_ref())).await
    }

    /// Writes the history of a chat, or of all, as lines of JSON, **not encrypted**: each message with its fields by their names as in
    /// [`Message`], and its reactions. Pictures and recordings are not in it. Returns how many messages were written. At no time
    /// more than 200 messages are in memory; what is said meanwhile may be in it or not.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(&self, chat: Option<&Chat>, mut to: impl Write) -> Result<u64, ExportError> {
        let chats = match chat {
            Some(chat) => vec![chat.clone()],
            None => self.chats().await?,
        };
        let mut count = 0_u64;
        for chat in chats {
            let mut at = Spot::FIRST;
            loop {
                let chat = chat.clone();
                let (lines, last) = self.look(move |shelf| portion(shelf, &chat, at)).await?;
                let Some(last) = last else { break };
                at = last;
                for (message, reactions) in lines {
                    let line = Line { message: &message, reactions };
                    serde_json::to_writer(&mut to, &line).map_err(std::io::Error::from)?;
                    to.write_all(b"\n")?;
                    count = count.saturating_add(1);
                }
            }
        }
        to.flush()?;
        Ok(count)
    }
}

impl Pages {
    /// The last messages, the newest first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn newest(&self, limit: usize) -> Result<Page, SendError> {
        self.backward(Spot::LAST, limit).await
    }

    /// The messages before a place, the newest first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn before(&self, place: Cursor, limit: usize) -> Result<Page, SendError> {
        self.backward(place.spot(), limit).await
    }

    /// The first messages, the oldest first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn oldest(&self, limit: usize) -> Result<Page, SendError> {
        self.forward(Spot::FIRST, limit).await
    }

    /// The messages after a place, the oldest first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn after(&self, place: Cursor, limit: usize) -> Result<Page, SendError> {
        self.forward(place.spot(), limit).await
    }

    async fn backward(&self, mut at: Spot, limit: usize) -> Result<Page, SendError> {
        let (chat, limit) = (self.chat.clone(), limit.clamp(1, MAX_PAGE));
        self.client
            .look(move |shelf| {
                let (latest, mut messages) = (table::clock(shelf, &chat)?, Vec::new());
                let begin = at;
                let mut is_end = false;
                while messages.len() < limit && !is_end {
                    let wanted = limit.saturating_sub(messages.len());
                    let spots = table::spots_before(shelf, &chat, at, latest, wanted)?;
                    is_end = spots.len() < wanted;
                    at = spots.last().copied().unwrap_or(at);
                    for spot in spots {
                        messages.extend(table::shown_at(shelf, spot)?);
                    }
                }
                let more = !is_end && !table::spots_before(shelf, &chat, at, latest, 1)?.is_empty();
                let newer = messages.first().map(Cursor::at).filter(|_| begin != Spot::LAST);
                Ok(Page { messages, older: more.then(|| Cursor::of(at)), newer })
            })
            .await
    }

    async fn forward(&self, mut at: Spot, limit: usize) -> Result<Page, SendError> {
        let (chat, limit) = (self.chat.clone(), limit.clamp(1, MAX_PAGE));
        self.client
            .look(move |shelf| {
                let (begin, mut messages) = (at, Vec::new());
                let mut is_end = false;
                while messages.len() < limit && !is_end {
                    let wanted = limit.saturating_sub(messages.len());
                    let spots = table::spots_after(shelf, &chat, at, wanted)?;
                    is_end = spots.len() < wanted;
                    at = spots.last().copied().unwrap_or(at);
                    for spot in spots {
                        messages.extend(table::shown_at(shelf, spot)?);
                    }
                }
                let more = !is_end && !table::spots_after(shelf, &chat, at, 1)?.is_empty();
                let older = messages.first().map(Cursor::at).filter(|_| begin != Spot::FIRST);
                Ok(Page { messages, older, newer: more.then(|| Cursor::of(at)) })
            })
            .await
    }
}

impl Cursor {
    /// The place of a message: of pages from here the message itself is not part.
    #[must_use]
    pub fn at(message: &Message) -> Self {
        Self { clock: message.clock, id: message.id }
    }

    const fn of(spot: Spot) -> Self {
        Self { clock: spot.clock, id: MessageId::new(spot.id) }
    }

    const fn spot(self) -> Spot {
        Spot { clock: self.clock, id: *self.id.as_bytes() }
    }
}

type Exported = (Vec<(Message, Vec<Reaction>)>, Option<Spot>);

/// The next messages of an export, and where it goes on.
fn portion(shelf: &Shelf<'_>, chat: &Chat, after: Spot) -> Result<Exported, StoreError> {
    let spots = table::spots_after(shelf, chat, after, PORTION)?;
    let last = spots.last().copied();
    let mut lines = Vec::with_capacity(spots.len());
    for spot in spots {
        if let Some(message) = table::shown_at(shelf, spot)? {
            let mut reactions = table::reactions(shelf, &message.id)?;
            reactions.retain(|it| !it.retracted && it.chat == message.chat && message.deleted.is_none());
            lines.push((message, reactions));
        }
    }
    Ok((lines, last))
}
