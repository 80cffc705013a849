//! Chat contents: typed messages to signed [`Body`]s and back. Pure functions, no state.
//!
//! - [`encode`] turns [`Content`] into a body that the local user has signed; [`decode`] gives a [`Message`]
//!   back, with the author who signed it and the id that is the same for every reader.
//! - [`validate`] judges content that came from outside, as deployed peers do.
//! - [`Clock`] is the Lamport clock by which the messages of a chat are ordered.
//!
//! A message of an unknown type is no error: it is kept as it came, in [`Content::Other`].
//!
//! ```
//! use status_crypto::SecretKey;
//! use status_layer::{Name, Timestamp};
//! use status_payload::{ChatMessage, Clock, Content, Place, decode, encode};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let alice = SecretKey::from_bytes(&[0x11; 32])?;
//! let now = Timestamp::from_millis(1_590_000_000_000);
//! let clock = Clock::default().next(now);
//! let hello = ChatMessage::text(&Place::Channel(Name::new("status")?), "hello", clock, now)?;
//!
//! let body = encode(&alice, &Content::from(hello))?;
//! let message = decode(&body, None)?;
//!
//! assert_eq!(message.author, alice.public().user());
//! assert!(matches!(message.content, Content::ChatMessage(chat) if chat.text == "hello"));
//! # Ok(())
//! # }
//! ```
//!
//! [`Body`]: status_layer::Body
#![cfg_attr(not(test), no_std)]

extern crate alloc;

#[macro_use]
mod wire;

mod body;
mod chat;
mod clock;
mod contact;
mod content;
mod device;
mod error;
#[cfg(feature = "hazmat")]
mod fields;
#[allow(missing_docs, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
#[path = "generated/status.payload.v1.rs"]
mod generated;
mod group;
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod ids;
mod own;
mod place;
mod push;
mod reaction;
mod sync;
mod transaction;
mod validate;
mod verification;

pub use body::{MAX_BODY, Message, Signed, decode, decode_signed, encode, message_id};
pub use chat::{
    Attachment, AudioMessage, AudioType, BridgeMessage, ChatMessage, ContentType, DeleteMessage,
    DiscordMessage, DiscordMessageAuthor, EditMessage, ImageMessage, ImageType, LinkType, MessageType,
    PinMessage, StickerMessage, UnfurledLink, read_message_id,
};
pub use clock::Clock;
pub use contact::{
    AcceptContactRequest, ChatIdentity, ContactCodeAdvertisement, ContactRequestPropagatedState,
    ContactState, ContactUpdate, IdentityImage, Reaction, Relation, RetractContactRequest, Side, SourceType,
    StatusType, StatusUpdate,
};
pub use content::{Content, Kind};
pub use device::{
    PairInstallation, SyncInstallation, SyncInstallationAccount, SyncInstallationContact,
    SyncInstallationPublicChat,
};
pub use error::{DecodeError, EncodeError};
pub use group::{
    Change, EventError, EventKind, GroupChatId, GroupChatIdError, GroupChatInvitation, GroupContent,
    InvitationState, MAX_EVENTS, MAX_HISTORY, MAX_MEMBERS, MAX_SET_ASIDE, MembershipEvent,
    MembershipUpdateMessage, Refusal, Roster, RosterError,
};
pub use ids::{invitation_id, pin_id, reaction_id, request_id_of};
pub use own::{
    HistoryAsk, HistoryMessage, HistoryPage, HistoryPin, HistoryPlace, HistoryReaction, OwnDevices,
    OwnSetting, OwnSettings,
};
pub use place::Place;
pub use push::{
    ChatMark, Filter, NotificationType, PushNotification, PushNotificationQuery, PushNotificationQueryInfo,
    PushNotificationQueryResponse, PushNotificationRegistration, PushNotificationRegistrationResponse,
    PushNotificationReport, PushNotificationRequest, PushNotificationResponse, RegistrationError,
    ReportError, SealError, SealedRegistration, TokenType, grant, granted, hash_of_key, hash_of_text,
    open_token, seal_token,
};
pub use reaction::{EmojiReaction, ReactionType};
pub use sync::{
    BackedUpProfile, Backup, BackupPart, ChatType, Decision, MembershipUpdateEvents, SettingType,
    SettingValue, SyncActivityCenter, SyncChat, SyncChatMessagesRead, SyncChatRemoved, SyncClearHistory,
    SyncContactRequestDecision, SyncDeleteForMe, SyncProfilePicture, SyncProfilePictures, SyncSetting,
    SyncTrustedUser, TrustStatus,
};
pub use transaction::{
    AcceptRequestAddressForTransaction, DeclineRequestAddressForTransaction, DeclineRequestTransaction,
    RequestAddressForTransaction, RequestTransaction, SendTransaction,
};
pub use validate::{Invalid, MAX_AHEAD, MAX_BIO, MAX_STATUS, MAX_TEXT, Rules, validate};
pub use verification::{
    AcceptContactVerification, CancelContactVerification, DeclineContactVerification,
    RequestContactVerification,
};
pub use wire::MAX_FIELDS;
