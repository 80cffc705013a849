//! Notifications: being woken by a push service when somebody writes, and having others woken.
//!
//! Both are off until the application asks for them, because notification servers learn something of who talks to whom; the
//! book says what (`docs/book/notifications.md`).
//!
//! ```no_run
//! # use status_chat::{Client, DeviceToken, PushWishes, UserId};
//! # async fn ask(client: Client, server: UserId, token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let push = client.push();
//! push.register(&[server], DeviceToken::firebase(token)?, PushWishes::default()).await?; // wake this device
//! push.set_notifying(true).await?; // and have those woken to whom we write
//! # Ok(()) }
//! ```

mod courier;
mod passing;

use std::fmt;

use status_layer::{StoreError, Timestamp, UserId};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::core::Core;
use crate::error::SendError;
use crate::event::PushState;
use crate::table::push as rows;

pub(crate) use courier::Courier;

/// Notification servers that a device registers with at most; as many as deployed peers take.
pub const MAX_PUSH_SERVERS: usize = 3;

/// Longest device token, in bytes.
pub const MAX_DEVICE_TOKEN: usize = 4_096;

/// Longest topic at Apple's push service, in bytes.
pub const MAX_PUSH_TOPIC: usize = 256;

/// Being notified, and having others notified; see [`Client::push`].
///
/// When a call returns `Ok`, what was asked for is durable: servers are told of it also after a restart.
#[derive(Clone, Copy, Debug)]
pub struct Push<'c> {
    client: &'c Client,
}

/// By what a push service knows this device: a secret, which prints as `DeviceToken(..)`. Notification servers learn it.
#[derive(Clone, Eq, PartialEq)]
pub struct DeviceToken {
    pub(crate) service: PushService,
    pub(crate) token: Zeroizing<String>,
    pub(crate) topic: Zeroizing<String>,
}

/// Whose device token it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PushService {
    /// Apple's push service.
    Apn,
    /// Firebase.
    Firebase,
}

/// What a device wants to be notified of. Whom the user has blocked or muted it never is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PushWishes {
    /// Only people whom the user has added as contacts can have the device notified: others do not learn the access token.
    pub contacts_only: bool,
    /// Nobody who names the user in a channel has the device notified.
    pub block_mentions: bool,
}

/// How it is with one notification server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PushServer {
    /// The key of the server.
    pub server: UserId,
    /// How it stands to what we asked of it.
    pub state: PushState,
    /// Whether it is being asked to forget this device.
    pub leaving: bool,
    /// How often it was asked since something changed.
    pub tries: u32,
    /// When it was asked last; 0 if it was not.
    pub asked: Timestamp,
}

impl Client {
    /// Notifications by push services: for this device, and for those to whom we write.
    #[must_use]
    pub const fn push(&self) -> Push<'_> {
        Push { client: self }
    }
}

impl Push<'_> {
    /// Has this device notified by these servers from now on, and by no others: those of an earlier call are asked to forget it.
    ///
    /// Each server is asked until it answers, also after a restart, and asked again whenever contacts, blocked or muted people
    /// or channels change. [`Event::Push`](crate::Event::Push) tells what it answers; [`Push::status`] says how it stands. Which
    /// servers, the application decides; deployed ones take three at random of those that they know.
    ///
    /// # Errors
    /// [`SendError::PushServers`] if there is no server, or more than [`MAX_PUSH_SERVERS`], or one is ourselves.
    pub async fn register(
        &self,
        servers: &[UserId],
        device: DeviceToken,
        wishes: PushWishes,
    ) -> Result<(), SendError> {
        let servers = servers.to_vec();
        self.client.wish(move |core, step| core.register(step, &servers, &device, wishes)).await
    }

    /// Has this device notified no more: all servers are asked to forget it, until they answer.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn unregister(&self) -> Result<(), SendError> {
        self.client.wish(Core::unregister).await
    }

    /// How it is with each server, in the order of their keys. A server that has forgotten us is not in it.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn status(&self) -> Result<Vec<PushServer>, SendError> {
        self.client.look(status).await
    }

    /// Whether those to whom we write are notified of it by the servers that they registered with. Off at first.
    ///
    /// # Errors
    /// [`SendError`] if our own side fails.
    pub async fn set_notifying(&self, notifying: bool) -> Result<(), SendError> {
        self.client.wish(move |_, step| Ok(rows::set_notifying(&mut step.shelf(), notifying)?)).await
    }

    /// Whether those to whom we write are notified.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn is_notifying(&self) -> Result<bool, SendError> {
        self.client.look(rows::notifying).await
    }
}

impl DeviceToken {
    /// A token of Firebase.
    ///
    /// # Errors
    /// [`SendError::DeviceToken`] if it is empty or longer than [`MAX_DEVICE_TOKEN`].
    pub fn firebase(token: impl Into<String>) -> Result<Self, SendError> {
        Self::new(PushService::Firebase, token.into(), String::new())
    }

    /// A token of Apple's push service, and the topic there, which is the bundle id of the application.
    ///
    /// # Errors
    /// [`SendError::DeviceToken`] if it is empty or longer than [`MAX_DEVICE_TOKEN`], or the topic longer than [`MAX_PUSH_TOPIC`].
    pub fn apn(token: impl Into<String>, topic: impl Into<String>) -> Result<Self, SendError> {
        Self::new(PushService::Apn, token.into(), topic.into())
    }

    /// Whose token it is.
    #[must_use]
    pub const fn service(&self) -> PushService {
        self.service
    }

    fn new(service: PushService, token: String, topic: String) -> Result<Self, SendError> {
        let (token, topic) = (Zeroizing::new(token), Zeroizing::new(topic));
        if token.is_empty() || token.len() > MAX_DEVICE_TOKEN || topic.len() > MAX_PUSH_TOPIC {
            return Err(SendError::DeviceToken { max: MAX_DEVICE_TOKEN, max_topic: MAX_PUSH_TOPIC });
        }
        Ok(Self { service, token, topic })
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

fn status(shelf: &status_layer::Shelf<'_>) -> Result<Vec<PushServer>, StoreError> {
    let shown = |(server, row): (UserId, rows::Server)| PushServer {
        server,
        state: row.state,
        leaving: row.leaving,
        tries: row.tries,
        asked: row.asked,
    };
    Ok(rows::servers(shelf)?.into_iter().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_token_is_not_empty_not_too_long_and_never_printed() {
        let token = DeviceToken::apn("secret-token", "secret.topic").unwrap();

        assert_eq!(format!("{token:?}"), "DeviceToken(..)");
        assert!(matches!(DeviceToken::firebase(""), Err(SendError::DeviceToken { .. })));
        let long = "x".repeat(MAX_DEVICE_TOKEN + 1);
        assert!(matches!(DeviceToken::firebase(long.clone()), Err(SendError::DeviceToken { .. })));
        let long = "x".repeat(MAX_PUSH_TOPIC + 1);
        assert!(matches!(DeviceToken::apn("x", long), Err(SendError::DeviceToken { .. })));
    }
}
