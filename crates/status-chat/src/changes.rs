//! What an application does with messages after they were said.

use status_layer::MessageId;

use crate::client::Client;
use crate::compose::Outgoing;
use crate::error::SendError;
use crate::event::{Chat, Feeling, Message, Pin, Reaction};
use crate::table;

impl Client {
    /// Gives a text of ours, or the words beneath a picture of ours, another wording for everybody who has it. Readers that
    /// are away get it when they are back; whoever has not read it sees only the last one.
    ///
    /// # Errors
    /// [`SendError::NotYours`], [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn edit(&self, message: MessageId, what: impl Into<Outgoing>) -> Result<(), SendError> {
        let what = what.into();
        self.wish(move |core, step| core.edit(step, message, &what)).await
    }

    /// Deletes a message for everybody: ours, or another's where our rights in the chat say so. That it was there stays in the
    /// history. Readers whose client does not do so keep what they have.
    ///
    /// # Errors
    /// [`SendError::NotYours`], [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn delete(&self, message: MessageId) -> Result<(), SendError> {
        self.wish(move |core, step| core.delete(step, message)).await
    }

    /// Deletes a message for us alone, on all our devices: it is in no history any more, and does not come back.
    ///
    /// # Errors
    /// [`SendError::NoMessage`], or our own side fails.
    pub async fn delete_for_me(&self, message: MessageId) -> Result<(), SendError> {
        self.wish(move |core, step| core.hide(step, message)).await
    }

    /// Empties a chat for us alone, on all our devices: what was said in it up to now is in no history any more, is not found
    /// by its words, and does not come back. Nobody else is told.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn clear_history(&self, chat: &Chat) -> Result<(), SendError> {
        let chat = chat.clone();
        self.wish(move |core, step| core.clear(step, &chat)).await
    }

    /// Reacts to a message; one may react in several ways.
    ///
    /// # Errors
    /// [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn react(&self, message: MessageId, feeling: Feeling) -> Result<(), SendError> {
        self.wish(move |core, step| core.react(step, message, feeling, false)).await
    }

    /// Takes a reaction back.
    ///
    /// # Errors
    /// [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn unreact(&self, message: MessageId, feeling: Feeling) -> Result<(), SendError> {
        self.wish(move |core, step| core.react(step, message, feeling, true)).await
    }

    /// Pins a message for everybody in its chat.
    ///
    /// # Errors
    /// [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn pin(&self, message: MessageId) -> Result<(), SendError> {
        self.wish(move |core, step| core.pin(step, message, true)).await
    }

    /// Takes a pin away, whoever put it there.
    ///
    /// # Errors
    /// [`SendError::NoMessage`], or whatever [`send`](Self::send) says.
    pub async fn unpin(&self, message: MessageId) -> Result<(), SendError> {
        self.wish(move |core, step| core.pin(step, message, false)).await
    }

    /// Who feels how about a message, in the order of their keys; at most 1,024.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn reactions(&self, message: MessageId) -> Result<Vec<Reaction>, SendError> {
        self.look(move |shelf| {
            let Some(message) = table::load_message(shelf, message)?.filter(is_there) else {
                return Ok(Vec::new());
            };
            let mut all = table::reactions(shelf, &message.id)?;
            all.retain(|reaction| !reaction.retracted && reaction.chat == message.chat);
            Ok(all)
        })
        .await
    }

    /// The pinned messages of a chat that are here, the last pinned first.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn pins(&self, chat: &Chat) -> Result<Vec<Pin>, SendError> {
        let chat = chat.clone();
        self.look(move |shelf| {
            let mut pins = Vec::new();
            for pin in table::pins(shelf, &chat)?.into_iter().filter(|pin| pin.pinned) {
                let message = table::load_message(shelf, pin.message)?;
                if message.is_some_and(|message| is_there(&message) && message.chat == chat) {
                    pins.push(pin);
                }
            }
            pins.sort_by_key(|pin| std::cmp::Reverse((pin.clock, pin.message)));
            Ok(pins)
        })
        .await
    }
}

const fn is_there(message: &Message) -> bool {
    message.deleted.is_none()
}
