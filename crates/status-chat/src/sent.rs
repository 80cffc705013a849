//! A message of ours, and how far it has come.

use std::fmt;
use std::ops::Deref;

use status_layer::MessageId;

use crate::client::Client;
use crate::error::SendError;
use crate::event::{Event, Stage};
use crate::table;

/// A message that was sent. It derefs to its [`MessageId`], and prints as that.
///
/// ```no_run
/// # async fn run(client: status_chat::Client, bob: status_chat::UserId) -> Result<(), status_chat::Error> {
/// let sent = client.send(bob, "hello").await?;   // durable: it is sent until it is acknowledged
/// sent.delivered().await?;                       // and now bob has it
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sent {
    client: Client,
    id: MessageId,
}

impl Client {
    /// A message that was sent, perhaps before a restart.
    #[must_use]
    pub fn sent(&self, id: MessageId) -> Sent {
        Sent { client: self.clone(), id }
    }
}

impl Sent {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> MessageId {
        self.id
    }

    /// How far it has come.
    ///
    /// # Errors
    /// [`SendError::NotOurs`] if no message of ours has this id, [`SendError::Failed`] if the store fails.
    pub async fn stage(&self) -> Result<Stage, SendError> {
        let id = self.id;
        let message = self.client.look(move |shelf| table::load_message(shelf, id)).await?;
        message.and_then(|message| message.stage).ok_or(SendError::NotOurs(id))
    }

    /// Waits until it has come far enough, such as [`Stage::is_delivered`]; returns the stage that was. May be asked at any time,
    /// also after a restart, and is answered at once if it had come so far before. It waits for ever for what never happens:
    /// nobody confirms most messages in channels.
    ///
    /// # Errors
    /// [`SendError::GaveUp`] if it is sent no more, [`SendError::NotOurs`], [`SendError::Closed`] if the client is closed meanwhile.
    pub async fn reached(&self, far_enough: impl Fn(Stage) -> bool) -> Result<Stage, SendError> {
        // Before the look, so that no stage falls between.
        let mut events = self.client.listen();
        let mut stage = self.stage().await?;
        loop {
            if far_enough(stage) {
                return Ok(stage);
            }
            if let Stage::GaveUp { to, of } = stage {
                return Err(SendError::GaveUp { to, of });
            }
            stage = loop {
                match events.next().await {
                    Some(Event::Stage { id, stage }) if id == self.id => break stage,
                    Some(Event::Missed { .. }) => break self.stage().await?,
                    Some(_) => {}
                    None => return Err(SendError::Closed),
                }
            };
        }
    }

    /// Waits until all its readers have it.
    ///
    /// # Errors
    /// As [`Sent::reached`].
    pub async fn delivered(&self) -> Result<Stage, SendError> {
        self.reached(Stage::is_delivered).await
    }

    /// Waits until the network has taken it, which is as much as is known of most messages in channels.
    ///
    /// # Errors
    /// As [`Sent::reached`].
    pub async fn published(&self) -> Result<Stage, SendError> {
        self.reached(|stage| stage > Stage::Queued).await
    }
}

impl Deref for Sent {
    type Target = MessageId;

    fn deref(&self) -> &MessageId {
        &self.id
    }
}

impl From<Sent> for MessageId {
    fn from(sent: Sent) -> Self {
        sent.id
    }
}

impl PartialEq for Sent {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Sent {}

impl PartialEq<MessageId> for Sent {
    fn eq(&self, other: &MessageId) -> bool {
        self.id == *other
    }
}

impl PartialEq<Sent> for MessageId {
    fn eq(&self, other: &Sent) -> bool {
        *self == other.id
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({:?})", self.id)
    }
}
