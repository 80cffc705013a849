//! What may be chosen about a server, and the bounds of all that comes from outside.

use std::time::Duration;

use status_payload::{PushNotificationRegistration, TokenType};

/// Most people that a server can have: each is a place that the privacy layer listens at, which are
/// [bounded](status_privacy::MAX_PLACES); some are left for its inboxes.
pub const MAX_PEOPLE: u32 = 4_000;

/// Longest device token, in bytes. Those in use have less than 200.
pub const MAX_TOKEN: usize = 4_096;

/// Longest topic at Apple's push service, in bytes.
pub const MAX_TOPIC: usize = 256;

/// Most contacts for whom the access token is sealed in a registration.
pub const MAX_CONTACTS: usize = 1_000;

/// Longest sealed access token, in bytes. It has 64.
pub const MAX_SEALED_TOKEN: usize = 128;

/// Most chats in each of the lists of a registration.
pub const MAX_CHATS: usize = 1_000;

/// Most hashes of keys in a question.
pub const MAX_QUESTIONS: usize = 64;

/// Longest answer to a question, in bytes: the registrations beyond are left out.
pub const MAX_ANSWER: usize = 256 * 1024;

/// Most devices in a request.
pub const MAX_REQUESTS: usize = 256;

/// Longest message for a device, in bytes: more than push services carry.
pub const MAX_MESSAGE: usize = 4_096;

/// Longest name in a request, in bytes: of a chat, an author, a message. They are hashes of 64 bytes or less.
pub const MAX_NAME: usize = 64;

/// How long the id of a message is remembered, so that a copy of it does nothing.
pub const SEEN_FOR: Duration = Duration::from_secs(2 * 86_400);

/// Most ids that are remembered; the oldest go first.
pub const MAX_SEEN: u32 = 65_536;

/// How often a notification is handed to the gateway before it is given up: for about an hour.
pub const MAX_TRIES: u8 = 12;

/// What may be chosen about a server. All of it bounds what strangers can make it keep and do: anybody may register, and
/// nobody says who they are to ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// Most people with registrations, also those who have given them up; at most [`MAX_PEOPLE`], the default.
    pub people: u32,
    /// Most devices of one person; the one that was registered first makes room. Default: 16.
    pub devices: u32,
    /// Most bytes of all registrations. Default: 1 GiB.
    pub bytes: u64,
    /// Most notifications that wait for the gateway. Default: 10,000.
    pub queue: u32,
    /// Registrations that are looked at in a minute. Each new person costs a key derivation of some 50 ms. Default: 120.
    pub registrations: u32,
    /// Questions that are answered in a minute. Default: 1,200.
    pub questions: u32,
    /// Questions about one person that are answered in a minute. Default: 120.
    pub questions_about: u32,
    /// Requests that are looked at in a minute, of however many devices each. Default: 1,200.
    pub requests: u32,
    /// Notifications of one device in a minute. Default: 60.
    pub notifications: u32,
    /// Whether devices at Apple's push service are served.
    pub apn: bool,
    /// Whether devices at Firebase are served.
    pub firebase: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            people: MAX_PEOPLE,
            devices: 16,
            bytes: 1 << 30,
            queue: 10_000,
            registrations: 120,
            questions: 1_200,
            questions_about: 120,
            requests: 1_200,
            notifications: 60,
            apn: true,
            firebase: true,
        }
    }
}

impl Config {
    /// Whether devices of this sort are served.
    pub(crate) const fn serves(&self, sort: TokenType) -> bool {
        match sort {
            TokenType::Apn => self.apn,
            TokenType::Firebase => self.firebase,
            _ => false,
        }
    }
}

/// Whether every part of a registration has a size that is in use.
pub(crate) fn fits(registration: &PushNotificationRegistration) -> bool {
    let hashes = |list: &[Vec<u8>]| list.len() <= MAX_CHATS && list.iter().all(|hash| hash.len() <= MAX_NAME);
    let sealed = &registration.allowed_key_list;
    registration.device_token.len() <= MAX_TOKEN
        && registration.apn_topic.len() <= MAX_TOPIC
        && registration.grant.len() <= MAX_SEALED_TOKEN
        && sealed.len() <= MAX_CONTACTS
        && sealed.iter().all(|token| token.len() <= MAX_SEALED_TOKEN)
        && hashes(&registration.blocked_chat_list)
        && hashes(&registration.allowed_mentions_chat_list)
        && hashes(&registration.muted_chat_list)
}
