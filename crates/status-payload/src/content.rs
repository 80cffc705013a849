//! What a message may say: one row per type of message that is read here.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::wire::Payload;
use crate::{
    AcceptContactRequest, AcceptContactVerification, AcceptRequestAddressForTransaction, Backup,
    CancelContactVerification, ChatIdentity, ChatMessage, ContactCodeAdvertisement, ContactUpdate,
    DeclineContactVerification, DeclineRequestAddressForTransaction, DeclineRequestTransaction, DecodeError,
    DeleteMessage, EditMessage, EmojiReaction, GroupChatInvitation, MembershipUpdateMessage, OwnDevices,
    PairInstallation, PinMessage, PushNotificationQuery, PushNotificationQueryResponse,
    PushNotificationRegistrationResponse, PushNotificationRequest, PushNotificationResponse,
    RequestAddressForTransaction, RequestContactVerification, RequestTransaction, RetractContactRequest,
    SealedRegistration, SendTransaction, StatusUpdate, SyncActivityCenter, SyncChat, SyncChatMessagesRead,
    SyncChatRemoved, SyncClearHistory, SyncContactRequestDecision, SyncDeleteForMe, SyncInstallation,
    SyncInstallationAccount, SyncInstallationContact, SyncInstallationPublicChat, SyncProfilePictures,
    SyncSetting, SyncTrustedUser,
};

macro_rules! contents {
    ($( $(#[$about:meta])* $name:ident($type:ty) = $number:literal, )*) => {
        numbers! {
            /// The type of a message, by its number in the wrapper.
            pub enum Kind { $( $(#[$about])* $name = $number, )* }
        }

        /// What a message says.
        #[derive(Clone, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum Content {
            $( $(#[$about])* $name($type), )*
            /// A message of a type that is not read here, as it came.
            Other {
                /// The type.
                kind: Kind,
                /// The encoded message.
                payload: Vec<u8>,
            },
        }

        impl Content {
            /// The type under which the message travels.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self {
                    $( Self::$name(_) => Kind::$name, )*
                    Self::Other { kind, .. } => *kind,
                }
            }

            /// The encoded message, without wrapper.
            pub(crate) fn payload(&self) -> Vec<u8> {
                match self {
                    $( Self::$name(message) => message.bytes(), )*
                    Self::Other { payload, .. } => payload.clone(),
                }
            }

            pub(crate) fn read(kind: Kind, payload: &[u8]) -> Result<Self, DecodeError> {
                let content = match kind {
                    $( Kind::$name => Payload::read(payload).map(Self::$name), )*
                    Kind::Other(_) => Ok(Self::Other { kind, payload: payload.to_vec() }),
                };
                content.map_err(|malformed| DecodeError::of(kind, malformed))
            }
        }

        #[cfg(feature = "hazmat")]
        impl Content {
            /// The type of message with this name.
            pub(crate) fn kind_named(name: &str) -> Option<Kind> {
                match name {
                    $( stringify!($name) => Some(Kind::$name), )*
                    _ => None,
                }
            }

            /// The fields of the message; `None` if its type is not read here.
            pub(crate) fn show(&self) -> Option<crate::fields::Fields> {
                match self {
                    $( Self::$name(message) => crate::fields::Item::show(message).message(), )*
                    Self::Other { .. } => None,
                }
            }

            /// The message with these fields; `None` if the type does not have such fields.
            pub(crate) fn take(kind: Kind, fields: crate::fields::Fields) -> Option<Self> {
                let value = crate::fields::Value::Message(fields);
                match kind {
                    $( Kind::$name => crate::fields::Item::take(value).map(Self::$name), )*
                    Kind::Other(_) => None,
                }
            }
        }
    };
}

contents! {
    /// What somebody says in a chat.
    ChatMessage(Box<ChatMessage>) = 1,
    /// News of a contact's name or picture.
    ContactUpdate(Box<ContactUpdate>) = 2,
    /// A change of a closed group, or a message in it.
    MembershipUpdateMessage(Box<MembershipUpdateMessage>) = 3,
    /// A device tells its name to the user's other devices.
    PairInstallation(PairInstallation) = 4,
    /// Everything for a newly paired device, by peers of 2020.
    SyncInstallation(SyncInstallation) = 5,
    /// Somebody wants to pay and asks where to.
    RequestAddressForTransaction(RequestAddressForTransaction) = 6,
    /// The address for a payment.
    AcceptRequestAddressForTransaction(AcceptRequestAddressForTransaction) = 7,
    /// No address for a payment.
    DeclineRequestAddressForTransaction(DeclineRequestAddressForTransaction) = 8,
    /// Somebody wants to be paid.
    RequestTransaction(RequestTransaction) = 9,
    /// Somebody has paid.
    SendTransaction(SendTransaction) = 10,
    /// Somebody will not pay.
    DeclineRequestTransaction(DeclineRequestTransaction) = 11,
    /// A contact, for the user's other devices.
    SyncInstallationContact(Box<SyncInstallationContact>) = 12,
    /// The profile, for the user's other devices, by peers of 2020.
    SyncInstallationAccount(SyncInstallationAccount) = 13,
    /// A public channel, for the user's other devices, by peers of 2020.
    SyncInstallationPublicChat(SyncInstallationPublicChat) = 14,
    /// A user's profile and notification servers, in public.
    ContactCodeAdvertisement(ContactCodeAdvertisement) = 15,
    /// Somebody wants to be notified, sealed for a notification server.
    PushNotificationRegistration(SealedRegistration) = 16,
    /// A notification server took a registration, or did not.
    PushNotificationRegistrationResponse(PushNotificationRegistrationResponse) = 17,
    /// A question for registrations.
    PushNotificationQuery(PushNotificationQuery) = 18,
    /// The registrations that a notification server has.
    PushNotificationQueryResponse(PushNotificationQueryResponse) = 19,
    /// Devices that a server should notify.
    PushNotificationRequest(PushNotificationRequest) = 20,
    /// What became of the notifications.
    PushNotificationResponse(PushNotificationResponse) = 21,
    /// A reaction to a message, or its end.
    EmojiReaction(EmojiReaction) = 22,
    /// Somebody asks to join a closed group, or is answered.
    GroupChatInvitation(GroupChatInvitation) = 23,
    /// A user's profile.
    ChatIdentity(ChatIdentity) = 24,
    /// A message was pinned, or is no more.
    PinMessage(PinMessage) = 28,
    /// A message has another text now.
    EditMessage(EditMessage) = 29,
    /// Whether somebody is online.
    StatusUpdate(StatusUpdate) = 30,
    /// A message is gone.
    DeleteMessage(DeleteMessage) = 31,
    /// A chat is gone from the user's other devices.
    SyncChatRemoved(SyncChatRemoved) = 34,
    /// The messages of a chat were read on another device of the user.
    SyncChatMessagesRead(SyncChatMessagesRead) = 35,
    /// What a new device of the account shall know.
    Backup(Box<Backup>) = 36,
    /// Notices were read.
    SyncActivityCenterRead(SyncActivityCenter) = 37,
    /// Notices were accepted.
    SyncActivityCenterAccepted(SyncActivityCenter) = 38,
    /// Notices were dismissed.
    SyncActivityCenterDismissed(SyncActivityCenter) = 39,
    /// The messages of a chat were deleted from the user's devices.
    SyncClearHistory(SyncClearHistory) = 41,
    /// A setting, for the user's other devices.
    SyncSetting(SyncSetting) = 42,
    /// The profile picture, for the user's other devices.
    SyncProfilePictures(SyncProfilePictures) = 44,
    /// A contact request was taken.
    AcceptContactRequest(AcceptContactRequest) = 46,
    /// A contact request or a contact was given up.
    RetractContactRequest(RetractContactRequest) = 47,
    /// A question that only the right person can answer.
    RequestContactVerification(RequestContactVerification) = 50,
    /// The answer.
    AcceptContactVerification(AcceptContactVerification) = 51,
    /// No answer.
    DeclineContactVerification(DeclineContactVerification) = 52,
    /// Whether somebody is trusted, for the user's other devices.
    SyncTrustedUser(SyncTrustedUser) = 53,
    /// A contact request was decided on another device of the user.
    SyncContactRequestDecision(SyncContactRequestDecision) = 56,
    /// A message was deleted from the user's devices.
    SyncDeleteForMe(SyncDeleteForMe) = 58,
    /// The question is taken back.
    CancelContactVerification(CancelContactVerification) = 61,
    /// A chat, for the user's other devices.
    SyncChat(Box<SyncChat>) = 74,
    /// Notices were deleted.
    SyncActivityCenterDeleted(SyncActivityCenter) = 75,
    /// Notices are to be read again.
    SyncActivityCenterUnread(SyncActivityCenter) = 76,
    /// Settings and history, for the user's other devices; no type of deployed peers, who pass over it.
    OwnDevices(Box<OwnDevices>) = 21_329,
}

impl Kind {
    /// Whether only the user's own devices may say this: from anybody else it must be ignored.
    #[must_use]
    pub const fn is_for_own_devices(self) -> bool {
        matches!(
            self.number(),
            4 | 5 | 12..=14 | 32 | 34..=42 | 44 | 45 | 49 | 53 | 54 | 56 | 58 | 59 | 62..=64 | 69 | 70 | 74..=78 | 80 | 82 | 21_329
        )
    }

    /// Whether deployed peers send it to a user without sealing it: the answers of notification servers. It says nothing
    /// that is private, and only its signature proves whose it is.
    #[must_use]
    pub const fn comes_unsealed(self) -> bool {
        matches!(self.number(), 17 | 19 | 21)
    }
}

impl From<ChatMessage> for Content {
    fn from(message: ChatMessage) -> Self {
        Self::ChatMessage(Box::new(message))
    }
}

impl fmt::Debug for Content {
    // What people write is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({:?})", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::application_metadata_message::Type;

    #[test]
    fn what_own_devices_say_is_named_sync_or_backup() {
        let reserved = [14]; // once a public channel, told to own devices

        for number in 0..=200 {
            let name = Type::try_from(number).map_or("", |known| known.as_str_name());
            let named_so =
                name.starts_with("SYNC_") || name == "DEPRECATED_SYNC_INSTALLATION" || name == "BACKUP";

            let own = Kind::from(number).is_for_own_devices();

            assert_eq!(own, named_so || reserved.contains(&number), "{number} {name}");
        }
    }

    #[test]
    fn unknown_kinds_are_kept_as_they_came() {
        let content = Content::read(Kind::from(200), &[0xff]).unwrap();

        assert_eq!(content, Content::Other { kind: Kind::Other(200), payload: vec![0xff] });
        assert_eq!(content.payload(), [0xff]);
    }
}
