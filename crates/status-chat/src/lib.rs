//! Status messaging for applications and bots.
//!
//! A [`Client`] is one user on one device: it keeps its state in one file, carries messages for others as every
//! node of the network does, and keeps trying until what it sent is acknowledged.
//!
//! ```no_run
//! use status_chat::{Client, Error, Event};
//!
//! # async fn run() -> Result<(), Error> {
//! let client = Client::builder().home("alice").local_discovery().open().await?;
//! println!("write to me: {}", client.me());
//! client.send("#lobby", "hello, all").await?.published().await?;
//! let mut events = client.events();
//! while let Some(event) = events.next().await {
//!     if let Event::Message(message) = event {
//!         println!("{}: {}", message.from, message.text);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client::send`] returns once the message is durable; what it returns waits until the message was
//!   [delivered](Sent::delivered).
//! - [`Client::events`] tells what happens while one looks; a [`Stream`] tells it at least once, whatever kills the application.
//! - [`bot::Bot`] is a program that answers messages, in a few lines.
//! - [`Error`] holds every error of the crate, each with a hint.
//!
//! It runs on threads of its own and works under any async executor. When a call returns `Ok`, its effect is
//! durable. Below it run the five layers of the protocol; [`ClientBuilder::stack`] puts others in their place.

mod areas;
mod avatar;
pub mod backup;
pub mod bot;
mod builder;
mod changes;
mod client;
mod clock;
mod compose;
pub(crate) mod contacts;
mod core;
mod default;
mod devices;
pub mod doctor;
mod driver;
mod error;
mod event;
mod groups;
mod guest;
mod history;
pub mod home;
mod identity;
mod nodes;
pub mod pairing;
mod preset;
mod profile;
mod push;
mod sent;
mod stage;
mod stream;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
mod values;

pub use avatar::{Avatar, AvatarError, AvatarSize, ShowTo};
pub use builder::{ClientBuilder, Us};
pub use client::{Client, Events};
pub use clock::{Clock, SystemClock};
pub use compose::{Audio, Emoji, Image, LinkPreview, MAX_LINKS, MAX_MEDIA, MAX_THUMBNAIL, Outgoing, Text};
pub use contacts::{Contact, ContactRequest, Contacts, How, Safety, Strangers, Verified, Which};
pub use devices::{
    DeviceName, Devices, HistoryGiver, HistoryId, HistoryProgress, HistoryRange, MAX_DEVICE_NAME,
    MAX_HISTORY_CHATS, OwnDevice,
};
pub use error::{Error, OpenError, SendError};
pub use event::{
    Album, AudioFormat, Chat, ContactChange, Deleted, Edited, Event, Feeling, Group, GroupChange,
    ImageFormat, Journey, Kind, Member, Membership, Mention, Mentioned, Message, OwnChange, Picture, Pin,
    Preview, PushRefusal, PushState, Reaction, Recording, Refused, Relayed, Role, Stage, Sticker, Tally,
};
pub use groups::{Groups, MAX_GROUP_NAME, MAX_GROUP_PICTURE};
pub use history::{Cursor, ExportError, Hits, MAX_PAGE, Page, Pages, Retention, Search, Unread};
pub use identity::{Identity, IdentityError, RecoveryPhrase};
pub use preset::{Policy, Preset};
pub use profile::{OwnProfile, Profile};
pub use push::{
    DeviceToken, MAX_DEVICE_TOKEN, MAX_PUSH_SERVERS, MAX_PUSH_TOPIC, Push, PushServer, PushService,
    PushWishes,
};
pub use sent::Sent;
pub use status_crypto::account::{Language, PhraseLength};
pub use status_identity::{Card, CardError, MakeCardError, SafetyNumber};
pub use status_layer::{DeviceId, Grade, MessageId, Name, Network, Notice, Timestamp, Traffic, UserId};
pub use status_p2p::{
    Capabilities, Direction, Discovery, Discv5, Fault, Fleet, Link, NodeId, PeerAddr, PeerStatus, Source,
    Transport,
};
pub use status_payload::{
    ContactState, GroupChatId, MAX_MEMBERS as MAX_GROUP_MEMBERS, Refusal as GroupRefusal,
};
pub use status_stack::{Engine, Stack, Way};
#[cfg(feature = "keyring")]
pub use status_store::keyring_core;
pub use status_store::{
    BackupError as BackupFileError, Blocks, Found, Key as StoreKey, KeyError, Lock, LockKind,
    OpenError as LockError, Passphrase,
};
pub use stream::{Entry, Since, Stream, StreamError};
pub use values::ValueError;

/// What documents show compiles.
#[cfg(doctest)]
mod shown {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/book/your-first-bot.md")]
    struct YourFirstBot;
    #[doc = include_str!("../../../docs/book/notifications.md")]
    struct Notifications;
}
