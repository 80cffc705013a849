//! Push notifications: what users, their contacts and notification servers tell each other.

mod registration;
mod seal;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::wire::{Malformed, Mirror};

pub use registration::{Filter, PushNotificationRegistration, TokenType, hash_of_key, hash_of_text};
pub use seal::{SealError, SealedRegistration, grant, granted, open_token, seal_token};

numbers! {
    /// Why a registration was refused.
    pub enum RegistrationError {
        /// Not said.
        Unset = 0,
        /// Something in it is wrong.
        Malformed = 1,
        /// A newer one is known.
        Version = 2,
        /// The sort of device token is not served.
        TokenType = 3,
        /// The server failed.
        Internal = 4,
    }

    /// Why a device was not notified.
    pub enum ReportError {
        /// Not said.
        Unset = 0,
        /// The token is not the one of the registration.
        WrongToken = 1,
        /// The server failed.
        Internal = 2,
        /// There is no such registration.
        NotRegistered = 3,
    }

    /// What somebody is notified of.
    pub enum NotificationType {
        /// Not said.
        Unset = 0,
        /// A message.
        Message = 1,
        /// A message that names them.
        Mention = 2,
        /// Somebody wants to join their community.
        RequestToJoin = 3,
    }
}

mirror! {
    /// A notification server took a registration, or did not.
    pub struct PushNotificationRegistrationResponse {
        /// Whether it did.
        pub success: bool,
        /// Why not.
        pub error: RegistrationError,
        /// The hash of the registration, 64 bytes.
        pub request_id: Vec<u8>,
    }

    /// A question for registrations.
    pub struct PushNotificationQuery {
        /// Hashes of the users' keys, 64 bytes each.
        pub public_keys: Vec<Vec<u8>>,
    }

    /// How to have a user notified.
    pub struct PushNotificationQueryInfo {
        /// The token that the server wants to see.
        pub access_token: String,
        /// The user's device.
        pub installation_id: String,
        /// Hash of the user's key, 64 bytes.
        pub public_key: Vec<u8>,
        /// The token, sealed for each contact.
        pub allowed_key_list: Vec<Vec<u8>>,
        /// The user's signature that the server acts for them.
        pub grant: Vec<u8>,
        /// The version of the registration.
        pub version: u64,
        /// The server's key, compressed, 33 bytes.
        pub server_public_key: Vec<u8>,
    }

    /// The registrations that a notification server has.
    pub struct PushNotificationQueryResponse {
        /// Those that were asked for.
        pub info: Vec<PushNotificationQueryInfo>,
        /// The id of the question.
        pub message_id: Vec<u8>,
        /// Whether it could be answered.
        pub success: bool,
    }

    /// One device to be notified.
    pub struct PushNotification {
        /// The token that the server wants to see.
        pub access_token: String,
        /// The chat.
        pub chat_id: ChatMark,
        /// Hash of the user's key, 64 bytes.
        pub public_key: Vec<u8>,
        /// The user's device.
        pub installation_id: String,
        /// What the device shows, sealed.
        pub message: Vec<u8>,
        /// What it is about.
        pub r#type: NotificationType,
        /// Hash of the author's key string, 64 bytes.
        pub author: Vec<u8>,
    }

    /// Devices that a server should notify.
    pub struct PushNotificationRequest {
        /// The devices.
        pub requests: Vec<PushNotification>,
        /// The id of the message that they are notified of.
        pub message_id: Vec<u8>,
    }

    /// What became of one notification.
    pub struct PushNotificationReport {
        /// Whether it went out.
        pub success: bool,
        /// Why not.
        pub error: ReportError,
        /// Hash of the user's key, 64 bytes.
        pub public_key: Vec<u8>,
        /// The user's device.
        pub installation_id: String,
    }

    /// What became of the notifications.
    pub struct PushNotificationResponse {
        /// The id of the message that they were about.
        pub message_id: Vec<u8>,
        /// One per device.
        pub reports: Vec<PushNotificationReport>,
    }
}

/// A chat as notification servers know it: a hash of the chat id, 64 bytes. Peers of 2020 put the text here.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct ChatMark(pub Vec<u8>);

impl Mirror for ChatMark {
    type Wire = Vec<u8>;

    fn from_wire(wire: Vec<u8>) -> Result<Self, Malformed> {
        Ok(Self(wire))
    }

    fn to_wire(&self) -> Vec<u8> {
        self.0.clone()
    }
}

impl fmt::Debug for ChatMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatMark(..)")
    }
}
