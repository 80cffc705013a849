//! Judges what came in, as deployed peers do.

mod name;
mod number;

use core::time::Duration;

use status_layer::Timestamp;

use crate::group::clock_of;
use crate::{
    Attachment, AudioType, ChatMessage, Clock, Content, ContentType, EmojiReaction, GroupContent, ImageType,
    MessageType, ReactionType, StatusType,
};
use name::is_display_name;
use number::is_number;

/// How far the clock of a message may be ahead of the time at which it was sent.
pub const MAX_AHEAD: Duration = Duration::from_secs(120);

/// Longest text of a chat message, in code points; [`Rules::Of2020`] counts bytes.
pub const MAX_TEXT: usize = 4_096;

/// Longest description that a user gives of themselves, in code points.
pub const MAX_BIO: usize = 240;

/// Longest status line, in code points.
pub const MAX_STATUS: usize = 128;

/// Whose judgement to follow where deployed peers disagree.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Rules {
    /// Peers of 2024. In addition everything is refused that clients make only for their own view.
    #[default]
    Current,
    /// Peers of 2020: they demand text with every chat message, count it in bytes, and let in all but two
    /// types of content.
    Of2020,
}

/// Why a message is not let in. Always the fault of its author.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// The clock is zero.
    #[error("the clock is 0")]
    ClockZero,
    /// The clock is more than [`MAX_AHEAD`] ahead of the time of sending.
    #[error("the clock is {ahead:?} ahead, at most {max:?} are allowed")]
    ClockAhead {
        /// How far it is ahead.
        ahead: Duration,
        /// How far it may be.
        max: Duration,
    },
    /// A field that must say something says nothing.
    #[error("{field} is empty")]
    Empty {
        /// The field by its name on the wire.
        field: &'static str,
    },
    /// A field says too much.
    #[error("{field} has a length of {len}, at most {max} are allowed")]
    TooLong {
        /// The field by its name on the wire.
        field: &'static str,
        /// Length found.
        len: usize,
        /// Largest length.
        max: usize,
    },
    /// A field has a value that nobody may send.
    #[error("{field} may not be {number}")]
    Refused {
        /// The field by its name on the wire.
        field: &'static str,
        /// Its value.
        number: i32,
    },
    /// A field is no number.
    #[error("{field} is no number")]
    NotANumber {
        /// The field by its name on the wire.
        field: &'static str,
    },
    /// The message does not carry what its type of content says.
    #[error("the message has no {part}")]
    Missing {
        /// What it should carry.
        part: &'static str,
    },
    /// Pictures and recordings are not let into public channels.
    #[error("pictures and recordings are not let into public channels")]
    MediaInPublic,
    /// A display name is not 5 to 24 ASCII letters, digits, `_`, `-` or spaces, or ends like a name of ENS.
    #[error("a display name has 5 to 24 letters, digits, `_`, `-` or spaces, and does not end in eth")]
    DisplayName,
    /// A user id is not a point of the curve.
    #[error("the user id is no key")]
    NotAUser,
    /// An entry of the history of a group cannot be read.
    #[error("the history of the group holds something that is no event")]
    GroupEvent,
}

/// Judges content by itself: whether its fields are what they must be, at the time `at`.
///
/// `at` is when the envelope was sent; for [`Content::EmojiReaction`] it is the time of day. What is not
/// judged here: whether the author may say this in this chat.
///
/// # Errors
/// The first thing that is wrong.
pub fn validate(content: &Content, at: Timestamp, rules: Rules) -> Result<(), Invalid> {
    match content {
        Content::ChatMessage(chat) => check_chat(chat, at, rules),
        Content::MembershipUpdateMessage(update) => {
            for entry in &update.events {
                check_clock(clock_of(entry).map_err(|_| Invalid::GroupEvent)?, at)?;
            }
            match &update.chat_entity {
                Some(GroupContent::Message(chat)) => check_chat(chat, at, rules),
                Some(GroupContent::Reaction(reaction)) => check_reaction(reaction, at),
                None => Ok(()),
            }
        }
        Content::ContactUpdate(update) => check_display_name(&update.display_name),
        Content::EmojiReaction(reaction) => check_reaction(reaction, at),
        Content::EditMessage(edit) => {
            not_zero(edit.clock)?;
            not_empty("chat_id", &edit.chat_id)?;
            not_empty("message_id", &edit.message_id)?;
            check_message_type(edit.message_type)?;
            check_text(&edit.text, rules)
        }
        Content::DeleteMessage(delete) => {
            not_empty("chat_id", &delete.chat_id)?;
            not_empty("message_id", &delete.message_id)?;
            check_message_type(delete.message_type)
        }
        Content::StatusUpdate(status) => {
            not_zero(status.clock)?;
            not("status_type", status.status_type == StatusType::Unset, 0)?;
            at_most("custom_text", status.custom_text.chars().count(), MAX_STATUS)
        }
        Content::ChatIdentity(identity) => {
            check_display_name(&identity.display_name)?;
            at_most("description", identity.description.chars().count(), MAX_BIO)
        }
        Content::GroupChatInvitation(invitation) => not_empty("chat_id", &invitation.chat_id),
        Content::PairInstallation(pair) => {
            check_clock(pair.clock, at)?;
            not_blank("name", &pair.name)?;
            not_blank("device_type", &pair.device_type)?;
            not_blank("installation_id", &pair.installation_id)
        }
        Content::RequestAddressForTransaction(request) => {
            check_clock(request.clock, at)?;
            check_value(&request.value)
        }
        Content::RequestTransaction(request) => {
            check_clock(request.clock, at)?;
            check_value(&request.value)?;
            not_blank("address", &request.address)
        }
        Content::AcceptRequestAddressForTransaction(accept) => {
            check_clock(accept.clock, at)?;
            not_empty("id", &accept.id)?;
            not_blank("address", &accept.address)
        }
        Content::DeclineRequestAddressForTransaction(decline) => {
            check_clock(decline.clock, at)?;
            not_empty("id", &decline.id)
        }
        Content::DeclineRequestTransaction(decline) => {
            check_clock(decline.clock, at)?;
            not_empty("id", &decline.id)
        }
        Content::SendTransaction(sent) => {
            check_clock(sent.clock, at)?;
            not_blank("transaction_hash", &sent.transaction_hash)?;
            sent.signature.as_ref().map(drop).ok_or(Invalid::Missing { part: "signature" })
        }
        _ => Ok(()),
    }
}

fn check_chat(chat: &ChatMessage, at: Timestamp, rules: Rules) -> Result<(), Invalid> {
    check_clock(chat.clock, at)?;
    not("timestamp", chat.timestamp == 0, 0)?;
    if rules == Rules::Of2020 || wants_text(chat) {
        check_text(&chat.text, rules)?;
    }
    not_empty("chat_id", &chat.chat_id)?;
    check_message_type(chat.message_type)?;
    not("content_type", refuses(rules, chat.content_type), chat.content_type.number())?;
    check_attachment(chat, rules)?;
    match rules {
        Rules::Current => check_display_name(&chat.display_name),
        Rules::Of2020 => Ok(()),
    }
}

fn wants_text(chat: &ChatMessage) -> bool {
    match chat.content_type {
        ContentType::Discord | ContentType::Bridge => false,
        ContentType::Image => !chat.text.is_empty(),
        _ => true,
    }
}

/// Whether nobody may send this type of content.
const fn refuses(rules: Rules, content_type: ContentType) -> bool {
    match content_type {
        ContentType::Unset | ContentType::TransactionCommand => true,
        ContentType::SystemPrivateGroup
        | ContentType::SystemGap
        | ContentType::SystemPinned
        | ContentType::SystemRequestSent
        | ContentType::SystemRequestAccepted
        | ContentType::SystemContactRemoved => matches!(rules, Rules::Current),
        _ => false,
    }
}

/// Whether the message carries what its type of content says, and that is whole.
fn check_attachment(chat: &ChatMessage, rules: Rules) -> Result<(), Invalid> {
    let public = rules == Rules::Current && chat.message_type == MessageType::PublicGroup;
    match (chat.content_type, &chat.payload) {
        (ContentType::Image | ContentType::Audio, _) if public => Err(Invalid::MediaInPublic),
        (ContentType::Sticker, Some(Attachment::Sticker(sticker))) => not_empty("hash", &sticker.hash),
        (ContentType::Sticker, _) => Err(Invalid::Missing { part: "sticker" }),
        (ContentType::Image, Some(Attachment::Image(image))) => {
            not_empty("payload", &image.payload)?;
            not("type", image.r#type == ImageType::Unset, 0)
        }
        (ContentType::Image, _) => Err(Invalid::Missing { part: "image" }),
        (ContentType::Audio, Some(Attachment::Audio(audio))) => {
            not_empty("payload", &audio.payload)?;
            not("type", audio.r#type == AudioType::Unset, 0)
        }
        (ContentType::Audio, _) => Err(Invalid::Missing { part: "audio" }),
        // Peers of 2020 do not know the type, and take it for text.
        (ContentType::Bridge, _) if rules == Rules::Of2020 => Ok(()),
        (ContentType::Bridge, Some(Attachment::Bridge(bridge))) => {
            not_empty("user_name", &bridge.user_name)?;
            not_empty("bridge_name", &bridge.bridge_name)?;
            not_empty("content", &bridge.content)
        }
        (ContentType::Bridge, _) => Err(Invalid::Missing { part: "bridge_message" }),
        _ => Ok(()),
    }
}

fn check_reaction(reaction: &EmojiReaction, at: Timestamp) -> Result<(), Invalid> {
    check_clock(reaction.clock, at)?;
    not_empty("message_id", &reaction.message_id)?;
    not_empty("chat_id", &reaction.chat_id)?;
    not("type", reaction.r#type == ReactionType::Unset, 0)?;
    not("message_type", reaction.message_type == MessageType::Unset, 0)
}

pub(crate) fn check_text(text: &str, rules: Rules) -> Result<(), Invalid> {
    not_blank("text", text)?;
    match rules {
        Rules::Current => at_most("text", text.chars().count(), MAX_TEXT),
        Rules::Of2020 => at_most("text", text.len(), MAX_TEXT),
    }
}

fn check_clock(clock: Clock, at: Timestamp) -> Result<(), Invalid> {
    not_zero(clock)?;
    match Timestamp::from_millis(clock.value()).since(at) {
        ahead if ahead > MAX_AHEAD => Err(Invalid::ClockAhead { ahead, max: MAX_AHEAD }),
        _ => Ok(()),
    }
}

fn check_message_type(message_type: MessageType) -> Result<(), Invalid> {
    let refused = matches!(message_type, MessageType::Unset | MessageType::SystemPrivateGroup);
    not("message_type", refused, message_type.number())
}

fn check_display_name(name: &str) -> Result<(), Invalid> {
    if is_display_name(name) { Ok(()) } else { Err(Invalid::DisplayName) }
}

fn check_value(value: &str) -> Result<(), Invalid> {
    not_blank("value", value)?;
    if is_number(value) { Ok(()) } else { Err(Invalid::NotANumber { field: "value" }) }
}

fn not_zero(clock: Clock) -> Result<(), Invalid> {
    if clock == Clock::default() { Err(Invalid::ClockZero) } else { Ok(()) }
}

fn not(field: &'static str, refused: bool, number: i32) -> Result<(), Invalid> {
    if refused { Err(Invalid::Refused { field, number }) } else { Ok(()) }
}

fn not_empty(field: &'static str, bytes: &(impl AsRef<[u8]> + ?Sized)) -> Result<(), Invalid> {
    if bytes.as_ref().is_empty() { Err(Invalid::Empty { field }) } else { Ok(()) }
}

fn not_blank(field: &'static str, text: &str) -> Result<(), Invalid> {
    not_empty(field, text.trim())
}

fn at_most(field: &'static str, len: usize, max: usize) -> Result<(), Invalid> {
    if len > max { Err(Invalid::TooLong { field, len, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
