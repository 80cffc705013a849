//! Messages by name and field, and payloads signed as they are: for research and for checks against other
//! implementations. An application needs none of it.

use alloc::string::String;
use alloc::vec::Vec;

use status_crypto::Keyring;
use status_layer::Body;

pub use crate::fields::{Fields, Value, differences};
use crate::generated::MembershipUpdateEvent;
use crate::wire::print;
use crate::{
    Clock, Content, DecodeError, EventError, EventKind, GroupChatId, Kind, MembershipEvent, Refusal, Roster,
    SendTransaction, body,
};

/// Why a listing of fields is no message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// Messages of this type are not read here.
    #[error("there is no table of the fields of this type")]
    Kind,
    /// A field has a wrong name or a value of a wrong type.
    #[error("a field has a wrong name or a value of a wrong type")]
    Field,
}

/// The type of the messages with this name in the proto files, for instance `EmojiReaction`.
#[must_use]
pub fn kind_named(name: &str) -> Option<Kind> {
    Content::kind_named(name)
}

/// Opens a payload that came without a wrapper.
///
/// # Errors
/// [`DecodeError::Malformed`] or [`DecodeError::TooManyFields`].
pub fn decode_payload(kind: Kind, payload: &[u8]) -> Result<Content, DecodeError> {
    Content::read(kind, payload)
}

/// The payload of a message, without a wrapper.
#[must_use]
pub fn encode_payload(content: &Content) -> Vec<u8> {
    content.payload()
}

/// Lists the fields of a message: defaults too, sub-messages only if they are set. `None` if messages of
/// this type are not read here.
#[must_use]
pub fn fields(content: &Content) -> Option<Fields> {
    content.show()
}

/// Makes a message of its fields; what is left out gets its default.
///
/// # Errors
/// [`FieldsError`].
pub fn from_fields(kind: Kind, fields: Fields) -> Result<Content, FieldsError> {
    match kind {
        Kind::Other(_) => Err(FieldsError::Kind),
        _ => Content::take(kind, fields).ok_or(FieldsError::Field),
    }
}

/// Wraps and signs a payload as it is.
#[must_use]
pub fn sign_payload<K: Keyring + ?Sized>(keyring: &K, kind: Kind, payload: Vec<u8>) -> Body {
    body::sign(keyring, kind, payload)
}

/// Another message that has the same list of fields, if there is one: a signature that is empty in place of
/// one that is absent. Peers judge the two differently, and a list of fields does not tell them apart.
#[must_use]
pub fn twin(content: &Content) -> Option<Content> {
    match content {
        Content::SendTransaction(sent) if sent.signature.is_none() => {
            Some(Content::SendTransaction(SendTransaction { signature: Some(Vec::new()), ..sent.clone() }))
        }
        _ => None,
    }
}

/// Reads an entry of a group under any text in place of the chat id: [`MembershipEvent::read`] asks for the id
/// of a group.
///
/// # Errors
/// [`EventError`].
pub fn read_event(chat_id: &str, entry: &[u8]) -> Result<MembershipEvent, EventError> {
    MembershipEvent::read_under(chat_id, entry)
}

/// Encodes an event of a group that nobody has signed, with any texts as members.
#[must_use]
pub fn encode_event(clock: Clock, kind: EventKind, members: Vec<String>, name: &str) -> Vec<u8> {
    let (clock, r#type, name) = (clock.value(), kind.number(), name.into());
    print(&MembershipUpdateEvent { clock, members, name, r#type, ..MembershipUpdateEvent::default() })
}

/// A group that nobody has made yet. It has no creation and is no history: what a roster promises does not
/// hold for it.
#[must_use]
pub fn nobodys_roster(chat: &GroupChatId) -> Roster {
    Roster::empty(chat.clone())
}

/// Adds one event to a group, whatever its clock.
///
/// # Errors
/// [`Refusal`]: the event is not allowed now; the group stays as it is.
pub fn step(roster: &mut Roster, event: MembershipEvent) -> Result<(), Refusal> {
    roster.push(event)
}
