//! What the devices of one user tell each other so that all show the same.
//!
//! Everything here counts only from the user's own key: [`Kind::is_for_own_devices`](crate::Kind::is_for_own_devices).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use status_crypto::{KeyError, text};
use status_layer::Name;

use crate::generated::sync_setting;
use crate::wire::{Malformed, Mirror};
use crate::{Clock, EventKind, MembershipEvent, Place, Roster, SyncInstallationContact};

numbers! {
    /// The sort of a chat.
    pub enum ChatType {
        /// Not said.
        Unset = 0,
        /// Between two users.
        OneToOne = 1,
        /// A public channel.
        Public = 2,
        /// A closed group.
        PrivateGroup = 3,
        /// What one user says to everybody; since given up.
        Profile = 4,
        /// What contacts say to everybody; since given up.
        Timeline = 5,
        /// A channel of a community.
        Community = 6,
    }

    /// What became of a contact request.
    pub enum Decision {
        /// It was accepted.
        Accepted = 0,
        /// It was declined.
        Declined = 1,
    }

    /// Whether somebody is trusted.
    pub enum TrustStatus {
        /// Not said.
        Unset = 0,
        /// They are who they say.
        Trusted = 1,
        /// They are not.
        Untrustworthy = 2,
    }

    /// What a setting is about. Newer peers have more.
    pub enum SettingType {
        /// Not said.
        Unset = 0,
        /// The currency in which amounts are shown.
        Currency = 1,
        /// Moving pictures lately used.
        GifRecents = 2,
        /// Moving pictures that the user likes.
        GifFavourites = 3,
        /// Whether messages of strangers are refused.
        MessagesFromContactsOnly = 4,
        /// The name that the user goes by.
        PreferredName = 5,
        /// Whether notifications hide the text.
        PreviewPrivacy = 6,
        /// To whom the profile picture is shown.
        ProfilePicturesShowTo = 7,
        /// Whose profile pictures are shown.
        ProfilePicturesVisibility = 8,
        /// Whether others see that the user is online.
        SendStatusUpdates = 9,
        /// Sticker packs that are there.
        StickerPacksInstalled = 10,
        /// Sticker packs that are on their way.
        StickerPacksPending = 11,
        /// Stickers lately used.
        RecentStickers = 12,
    }
}

mirror! {
    /// A chat, for the user's other devices.
    pub struct SyncChat {
        /// The chat id; see [`SyncChat::place`].
        pub id: String,
        /// The sort of chat.
        pub chat_type: ChatType,
        /// Its name.
        pub name: String,
        /// The history of a closed group; see [`SyncChat::entries`].
        pub membership_update_events: Vec<MembershipUpdateEvents>,
        /// Whether it is shown.
        pub active: bool,
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Whether it is muted.
        pub muted: bool,
    }

    /// One event of a closed group, with what the other device has made of it. Only `raw_payload` proves
    /// anything.
    pub struct MembershipUpdateEvents {
        /// Lamport clock of the group.
        pub clock: Clock,
        /// What it changes.
        pub r#type: EventKind,
        /// Key strings of whom it names.
        pub members: Vec<String>,
        /// The name that it gives.
        pub name: String,
        /// The signature, 65 bytes.
        pub signature: Vec<u8>,
        /// The group.
        pub chat_id: String,
        /// Key string of whoever signed it.
        pub from: String,
        /// The entry as it travels: the signature, then the encoded event.
        pub raw_payload: Vec<u8>,
        /// The colour that it gives.
        pub color: String,
        /// The picture that it gives.
        pub image: Vec<u8>,
    }

    /// A chat is gone.
    pub struct SyncChatRemoved {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// The chat id.
        pub id: String,
    }

    /// The messages of a chat were read.
    pub struct SyncChatMessagesRead {
        /// Lamport clock of the chat: messages up to it were read.
        pub clock: Clock,
        /// The chat id.
        pub id: String,
    }

    /// The messages of a chat were deleted from the user's devices.
    pub struct SyncClearHistory {
        /// The chat id.
        pub chat_id: String,
        /// Lamport clock of the chat: messages up to it are gone.
        pub cleared_at: Clock,
    }

    /// A message was deleted from the user's devices.
    pub struct SyncDeleteForMe {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the message.
        pub message_id: String,
    }

    /// A contact request was decided on another device.
    pub struct SyncContactRequestDecision {
        /// Lamport clock of the chat with the contact.
        pub clock: Clock,
        /// Text of the id of the message with the request.
        pub request_id: String,
        /// What became of it.
        pub decision_status: Decision,
        /// The contact's key string.
        pub contact_id: String,
    }

    /// Whether somebody is trusted.
    pub struct SyncTrustedUser {
        /// Lamport clock.
        pub clock: Clock,
        /// The user's key string.
        pub id: String,
        /// Whether they are.
        pub status: TrustStatus,
    }

    /// Notices of the activity centre were read, accepted, dismissed, deleted or marked as unread: the type of
    /// the message says which.
    pub struct SyncActivityCenter {
        /// Lamport clock.
        pub clock: Clock,
        /// The ids of the notices.
        pub ids: Vec<Vec<u8>>,
    }

    /// A setting.
    pub struct SyncSetting {
        /// What it is about.
        pub r#type: SettingType,
        /// When it was changed; the newer one counts.
        pub clock: Clock,
        /// What it is set to.
        pub value: Option<SettingValue>,
    }

    /// The profile picture.
    pub struct SyncProfilePictures {
        /// The key uid of the account.
        pub key_uid: String,
        /// Its sizes.
        pub pictures: Vec<SyncProfilePicture>,
    }

    /// One size of the profile picture.
    pub struct SyncProfilePicture {
        /// The name of the size.
        pub name: String,
        /// The picture.
        pub payload: Vec<u8>,
        /// Pixels from left to right.
        pub width: u32,
        /// Pixels from top to bottom.
        pub height: u32,
        /// Length of the picture, in bytes.
        pub file_size: u32,
        /// Pixels to which it was made smaller.
        pub resize_target: u32,
        /// When it was changed; the newer one counts.
        pub clock: Clock,
    }

    /// What a new device of the account shall know; each message holds one of the lists, in part.
    pub struct Backup {
        /// Lamport clock.
        pub clock: Clock,
        /// The id of the backup.
        pub id: String,
        /// Contacts.
        pub contacts: Vec<SyncInstallationContact>,
        /// Which part of the contacts these are.
        pub contacts_details: Option<BackupPart>,
        /// The user's own profile.
        pub profile: Option<BackedUpProfile>,
        /// Which part of the profile this is.
        pub profile_details: Option<BackupPart>,
        /// One setting.
        pub setting: Option<SyncSetting>,
        /// Which of the settings this is.
        pub settings_details: Option<BackupPart>,
        /// Chats.
        pub chats: Vec<SyncChat>,
    }

    /// Which part of a list a message holds.
    pub struct BackupPart {
        /// Its number, from 1.
        pub data_number: u32,
        /// How many there are.
        pub total_number: u32,
    }

    /// The user's own profile.
    pub struct BackedUpProfile {
        /// The key uid of the account.
        pub key_uid: String,
        /// The user's name.
        pub display_name: String,
        /// When the name was changed; the newer one counts.
        pub display_name_clock: Clock,
        /// The sizes of the profile picture.
        pub pictures: Vec<SyncProfilePicture>,
    }
}

/// What a setting is set to.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum SettingValue {
    /// Text.
    Text(String),
    /// Bytes, mostly JSON.
    Bytes(Vec<u8>),
    /// On or off.
    Flag(bool),
    /// A number.
    Number(i64),
}

impl Mirror for SettingValue {
    type Wire = sync_setting::Value;

    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed> {
        Ok(match wire {
            sync_setting::Value::ValueString(text) => Self::Text(text),
            sync_setting::Value::ValueBytes(bytes) => Self::Bytes(bytes),
            sync_setting::Value::ValueBool(flag) => Self::Flag(flag),
            sync_setting::Value::ValueInt64(number) => Self::Number(number),
        })
    }

    fn to_wire(&self) -> Self::Wire {
        match self {
            Self::Text(text) => sync_setting::Value::ValueString(text.clone()),
            Self::Bytes(bytes) => sync_setting::Value::ValueBytes(bytes.clone()),
            Self::Flag(flag) => sync_setting::Value::ValueBool(*flag),
            Self::Number(number) => sync_setting::Value::ValueInt64(*number),
        }
    }
}

impl fmt::Debug for SettingValue {
    // What people choose is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingValue(..)")
    }
}

impl SyncChat {
    /// A chat that is not a closed group, or whose history is given with [`SyncChat::with_history`].
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] if a user is not a point of the curve.
    pub fn new(place: &Place, clock: Clock) -> Result<Self, KeyError> {
        let chat_type = match place {
            Place::User(_) => ChatType::OneToOne,
            Place::Channel(_) => ChatType::Public,
            Place::Group(_) => ChatType::PrivateGroup,
        };
        Ok(Self { id: place.chat_id()?, chat_type, active: true, clock, ..Self::default() })
    }

    /// Adds the name and the history of a closed group, which has to be the one of the chat.
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] if a member is not a point of the curve.
    pub fn with_history(self, roster: &Roster) -> Result<Self, KeyError> {
        let event = |event| MembershipUpdateEvents::of(roster, event);
        let events = roster.events().iter().map(event).collect::<Result<_, _>>()?;
        Ok(Self { name: roster.name().into(), membership_update_events: events, ..self })
    }

    /// The chat, if it is one that is known here.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        match self.chat_type {
            ChatType::OneToOne => text::parse_user(&self.id).ok().map(Place::User),
            ChatType::Public => Name::new(self.id.as_str()).ok().map(Place::Channel),
            ChatType::PrivateGroup => self.id.parse().ok().map(Place::Group),
            _ => None,
        }
    }

    /// The history of a closed group, for [`Roster::read`] and [`Roster::receive`]. Peers trust what their own
    /// devices make of it; the entries prove it.
    #[must_use]
    pub fn entries(&self) -> Vec<Vec<u8>> {
        let entry = |event: &MembershipUpdateEvents| {
            if event.raw_payload.starts_with(&event.signature) {
                event.raw_payload.clone()
            } else {
                [event.signature.as_slice(), &event.raw_payload].concat()
            }
        };
        self.membership_update_events.iter().map(entry).collect()
    }
}

impl MembershipUpdateEvents {
    fn of(roster: &Roster, event: &MembershipEvent) -> Result<Self, KeyError> {
        let members = event.members().map(|member| text::key_string(&member));
        Ok(Self {
            clock: event.clock(),
            r#type: event.kind(),
            members: members.collect::<Result<_, _>>()?,
            name: event.name().into(),
            signature: event.signature().into(),
            chat_id: roster.chat().as_str().into(),
            from: text::key_string(&event.author())?,
            raw_payload: event.entry().into(),
            color: event.color().into(),
            image: event.image().into(),
        })
    }
}
