//! A device that wants to be notified: what it says, and what a server makes of it.

use alloc::string::String;
use alloc::vec::Vec;

use status_crypto::{same, shake256};
use status_layer::UserId;

use zeroize::Zeroizing;

use super::{NotificationType, PushNotification, RegistrationError, SealError, granted};
use crate::wire::Payload;

numbers! {
    /// Whose device token it is.
    pub enum TokenType {
        /// Not said.
        Unset = 0,
        /// Of Apple's push service.
        Apn = 1,
        /// Of Firebase.
        Firebase = 2,
    }
}

mirror! {
    /// A device that wants to be notified; it travels as [`SealedRegistration`](crate::SealedRegistration).
    pub struct PushNotificationRegistration {
        /// Whose device token it is.
        pub token_type: TokenType,
        /// By what the push service knows the device.
        pub device_token: String,
        /// The device: a UUID.
        pub installation_id: String,
        /// What whoever wants to notify must know: a UUID. A new one when somebody shall know it no more.
        pub access_token: String,
        /// Whether it is to be notified at all.
        pub enabled: bool,
        /// Rises by one with each registration of the device.
        pub version: u64,
        /// The access token, sealed for each contact; see [`seal_token`](crate::seal_token).
        pub allowed_key_list: Vec<Vec<u8>>,
        /// Hashes of blocked chats, and of authors: [`hash_of_text`].
        pub blocked_chat_list: Vec<Vec<u8>>,
        /// Whether the device gives up being notified.
        pub unregister: bool,
        /// The user's leave for this server; see [`grant`](crate::grant).
        pub grant: Vec<u8>,
        /// Whether only contacts learn the access token.
        pub allow_from_contacts_only: bool,
        /// The topic at Apple's push service.
        pub apn_topic: String,
        /// Whether mentions are not notified, but for the chats that are allowed.
        pub block_mentions: bool,
        /// Hashes of chats whose mentions are notified all the same.
        pub allowed_mentions_chat_list: Vec<Vec<u8>>,
        /// Hashes of chats whose messages are not notified.
        pub muted_chat_list: Vec<Vec<u8>>,
    }
}

/// What a server does with a notification.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// It goes to the push service.
    Send,
    /// It goes nowhere, and is reported as a success.
    Drop,
    /// The access token is not the one of the registration: reported as such.
    WrongToken,
}

/// The hash of a user, as push messages name them: SHAKE-256 of the compressed key.
#[must_use]
pub fn hash_of_key(user: &UserId) -> [u8; 64] {
    shake256(&[user.as_bytes()])
}

/// The hash of a chat id or of the key string of an author. Between two users the chat id is the key string of
/// the author, as whoever is notified names the chat.
#[must_use]
pub fn hash_of_text(text: &str) -> [u8; 64] {
    shake256(&[text.as_bytes()])
}

impl PushNotificationRegistration {
    /// The encoded registration, as it is inside of what is sealed: for a server to keep. It holds secrets.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(Payload::bytes(self))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// [`SealError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Self::read(bytes).map_err(|_| SealError::Malformed)
    }

    /// Whether a server takes the registration; `stored` is the version that it has from the same device, and
    /// `server` the server itself.
    ///
    /// # Errors
    /// What the server answers: [`RegistrationError::Version`] if it has one as new, else
    /// [`RegistrationError::Malformed`].
    pub fn check(
        &self,
        client: &UserId,
        server: &UserId,
        stored: Option<u64>,
    ) -> Result<(), RegistrationError> {
        let needs = |holds| if holds { Ok(()) } else { Err(RegistrationError::Malformed) };
        if self.version <= stored.unwrap_or(0) {
            return Err(RegistrationError::Version);
        }
        needs(is_uuid(&self.installation_id))?;
        if self.unregister {
            return Ok(());
        }
        needs(is_uuid(&self.access_token))?;
        needs(granted(client, server, &self.access_token, &self.grant))?;
        needs(!self.device_token.is_empty())?;
        needs(matches!(self.token_type, TokenType::Apn | TokenType::Firebase))
    }

    /// What a server does with a notification for this device. A wrong token is told by a comparison in
    /// constant time.
    #[must_use]
    pub fn filter(&self, notification: &PushNotification) -> Filter {
        let chat = &notification.chat_id.0;
        if !same(self.access_token.as_bytes(), notification.access_token.as_bytes()) {
            return Filter::WrongToken;
        }
        let unwanted = match notification.r#type {
            NotificationType::Mention => {
                self.block_mentions && !self.allowed_mentions_chat_list.contains(chat)
            }
            NotificationType::Message => self.muted_chat_list.contains(chat),
            _ => false,
        };
        let blocked = |hash| self.blocked_chat_list.contains(hash);
        if !self.enabled || unwanted || blocked(chat) || blocked(&notification.author) {
            return Filter::Drop;
        }
        Filter::Send
    }
}

/// Whether the text is a UUID in its usual form: 32 hex digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(text: &str) -> bool {
    const DASHES: [usize; 4] = [8, 13, 18, 23];

    let fits = |(at, byte): (usize, u8)| {
        if DASHES.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}
