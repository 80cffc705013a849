//! Contacts, and what users publish about themselves.

mod relation;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Clock, ImageType, PushNotificationQueryInfo};

pub use relation::{ContactState, Reaction, Relation, Side};

numbers! {
    /// Where a profile picture comes from.
    pub enum SourceType {
        /// Not said.
        Unset = 0,
        /// The bytes are the picture.
        Raw = 1,
        /// The picture belongs to a name on the chain.
        EnsAvatar = 2,
    }

    /// Whether somebody is online.
    pub enum StatusType {
        /// Not said.
        Unset = 0,
        /// As their activity shows.
        Automatic = 1,
        /// Do not disturb.
        DoNotDisturb = 2,
        /// Always.
        AlwaysOnline = 3,
        /// No.
        Inactive = 4,
    }
}

mirror! {
    /// News of a contact's name or picture; also part of asking to become a contact.
    pub struct ContactUpdate {
        /// Lamport clock of the chat with the contact; older news than the last are ignored.
        pub clock: Clock,
        /// A name that the contact claims, not verified.
        pub ens_name: String,
        /// A picture; empty since 2020.
        pub profile_image: String,
        /// The contact's name.
        pub display_name: String,
        /// When the contact asked to become one; 0 if they did not.
        pub contact_request_clock: Clock,
        /// How the contact sees the state. Always to be sent: peers of 2024 fail without it.
        pub contact_request_propagated_state: Option<ContactRequestPropagatedState>,
        /// The contact's key string.
        pub public_key: String,
        /// The contact's colour; 0 if not chosen.
        pub customization_color: u32,
    }

    /// How one side of a contact sees its state, in the numbers of [`ContactState`]; see [`Relation::propagated`].
    pub struct ContactRequestPropagatedState {
        /// When the sender's side last changed.
        pub local_clock: Clock,
        /// The sender's side.
        pub local_state: u64,
        /// When the reader's side last changed, as the sender knows.
        pub remote_clock: Clock,
        /// The reader's side, as the sender knows.
        pub remote_state: u64,
    }

    /// A contact request was taken.
    pub struct AcceptContactRequest {
        /// Text of the id of the message with the request.
        pub id: String,
        /// Lamport clock of the chat.
        pub clock: Clock,
    }

    /// A contact request or a contact was given up.
    pub struct RetractContactRequest {
        /// Text of the id of the message with the request; peers leave it empty.
        pub id: String,
        /// Lamport clock of the chat.
        pub clock: Clock,
    }

    /// What a user publishes at their contact code topic.
    pub struct ContactCodeAdvertisement {
        /// How to have the user notified.
        pub push_notification_info: Vec<PushNotificationQueryInfo>,
        /// The profile, if it is due.
        pub chat_identity: Option<ChatIdentity>,
    }

    /// A user's profile.
    pub struct ChatIdentity {
        /// Lamport clock.
        pub clock: Clock,
        /// A name that the user claims, not verified.
        pub ens_name: String,
        /// Pictures by the name of their size.
        pub images: BTreeMap<String, IdentityImage>,
        /// The user's name.
        pub display_name: String,
        /// What the user says of themselves.
        pub description: String,
        /// A colour by name.
        pub color: String,
        /// An emoji.
        pub emoji: String,
        /// When the first message of the chat was written, in seconds since the Unix epoch.
        pub first_message_timestamp: u32,
        /// The user's colour; 0 if not chosen.
        pub customization_color: u32,
    }

    /// One size of a profile picture.
    pub struct IdentityImage {
        /// The picture, sealed if `encrypted`.
        pub payload: Vec<u8>,
        /// Where it comes from.
        pub source_type: SourceType,
        /// How it is to be read.
        pub image_format: ImageType,
        /// The key of the picture, sealed for each contact.
        pub encryption_keys: Vec<Vec<u8>>,
        /// Whether the picture is sealed.
        pub encrypted: bool,
    }

    /// Whether somebody is online.
    pub struct StatusUpdate {
        /// Seconds, not milliseconds.
        pub clock: Clock,
        /// Whether they are.
        pub status_type: StatusType,
        /// In their own words.
        pub custom_text: String,
    }
}
