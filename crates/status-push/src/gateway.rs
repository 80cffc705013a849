//! How a device is reached: by whoever talks to the push services.

pub(crate) mod recording;
pub(crate) mod webhook;

use std::fmt;

use async_trait::async_trait;
use status_payload::TokenType;
use zeroize::Zeroizing;

/// By what a push service knows a device. A secret: whoever has it can write to the device by way of the same application.
#[derive(Clone, Eq, PartialEq)]
pub struct DeviceToken(Zeroizing<String>);

impl DeviceToken {
    pub(crate) fn new(token: String) -> Self {
        Self(Zeroizing::new(token))
    }

    /// The token, for the push service.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(..)")
    }
}

/// One notification for one device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Push {
    /// Names it, while it waits.
    pub number: u64,
    /// Whose device token it is.
    pub token_type: TokenType,
    /// By what the push service knows the device.
    pub token: DeviceToken,
    /// The topic at Apple's push service.
    pub apn_topic: String,
    /// What the device shows, sealed for it.
    pub message: Vec<u8>,
    /// The hash of the chat, for the device.
    pub chat_id: Vec<u8>,
    /// The hash of the key of the device's owner, for the device.
    pub public_key: Vec<u8>,
    /// The version of the registration that it is sent under.
    pub version: u64,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The push service has it. Whether the device ever hears of it nobody knows.
    Accepted,
    /// There is no such device any more: it is forgotten.
    Gone,
    /// Not now. It is tried again later.
    TryLater,
}

/// Hands notifications to push services.
///
/// It is called for several notifications at a time, and for one that was handed over twice if the server died in between.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Hands over a notification. It comes to an end within a minute, whatever happens.
    async fn push(&self, push: &Push) -> Outcome;
}
