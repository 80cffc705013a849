//! What a handler is given.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use status_layer::UserId;

use super::BotError;
use crate::client::Client;
use crate::error::{Error, SendError};
use crate::event::{Chat, Message};
use crate::sent::Sent;
use crate::values::ValueError;

/// A message that a bot is to deal with, and the means to do so. Clones are the same one.
#[derive(Clone)]
pub struct Context(Arc<Asking>);

struct Asking {
    client: Client,
    message: Message,
    command: Option<String>,
    text: String,
}

impl Context {
    pub(super) fn new(client: Client, message: Message, command: Option<&str>, text: &str) -> Self {
        Self(Arc::new(Asking { client, message, command: command.map(str::to_owned), text: text.to_owned() }))
    }

    /// The client of the bot, for everything else that it may do.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Who wrote it.
    #[must_use]
    pub fn from(&self) -> UserId {
        self.0.message.from
    }

    /// Where it was written, and where the answer goes.
    #[must_use]
    pub fn chat(&self) -> &Chat {
        &self.0.message.chat
    }

    /// The command, with its slash; `None` in [`Bot::on_message`](super::Bot::on_message).
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    /// What follows the command; without one all that was said, but for the name of the bot before it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The words of [`Context::text`].
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.text.split_whitespace()
    }

    /// The word number `at` behind the command, counted from 0, as a number, a [`Chat`], or whatever can be read from text.
    ///
    /// # Errors
    /// [`BotError::Argument`] if it is missing or cannot be read; a handler that returns it has it told to whoever asked.
    pub fn arg<T: FromStr<Err: fmt::Display>>(&self, at: usize) -> Result<T, Error> {
        let refused = |why: String| BotError::Argument { number: at.saturating_add(1), why };
        let word = self.words().nth(at).ok_or_else(|| refused("it is missing".into()))?;
        Ok(word.parse().map_err(|why: T::Err| refused(why.to_string()))?)
    }

    /// Answers where the message was written.
    ///
    /// # Errors
    /// [`SendError`]; then nothing will be sent.
    pub async fn reply(&self, text: impl AsRef<str>) -> Result<Sent, SendError> {
        self.0.client.send(self.0.message.chat.clone(), text.as_ref()).await
    }

    /// What the bot has kept under a key, if anything. It is in the home, and in its backups.
    ///
    /// # Errors
    /// [`ValueError`].
    pub async fn state<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ValueError> {
        self.0.client.value(&row(key)).await
    }

    /// Keeps a value under a key. When this returns `Ok`, it is durable.
    ///
    /// # Errors
    /// [`ValueError`]; then the old value stays.
    pub async fn set_state<T: Serialize>(&self, key: &str, value: &T) -> Result<(), ValueError> {
        self.0.client.set_value(&row(key), value).await
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({:?})", self.0.message.id)
    }
}

/// Apart from what the rest of the application keeps.
fn row(key: &str) -> String {
    format!("bot/{key}")
}
