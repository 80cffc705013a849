//! Between bodies and what people say: the one file that speaks the payload layer's language.

use status_crypto::Keyring;
use status_layer::{Body, MessageId, Proof, Recipient, Sender, Timestamp, UserId};
use status_payload::{
    ChatMessage, Clock, Content, ContentType, DecodeError, Invalid, Kind, Place, Rules, decode, encode,
    message_id, validate,
};

use crate::error::SendError;
use crate::event::Chat;

/// What we are about to say.
pub(crate) struct Said {
    pub(crate) id: MessageId,
    pub(crate) body: Body,
    pub(crate) clock: u64,
}

/// What was said.
pub(crate) enum Words {
    /// Text, for a chat.
    Text(Text),
    /// Something else; `kind` is `None` if nobody needs to hear of it.
    Other { from: UserId, kind: Option<u32> },
}

/// Text that is fit to be shown.
pub(crate) struct Text {
    pub(crate) id: MessageId,
    pub(crate) chat: Chat,
    pub(crate) from: UserId,
    pub(crate) text: String,
    pub(crate) clock: u64,
    pub(crate) sent_at: Timestamp,
}

/// Why a body is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error("its author is not who sent it")]
    Forwarded,
    #[error("nobody has signed it")]
    Unsigned,
    #[error("it names another chat than the one it came in")]
    Elsewhere,
}

/// Puts text into a signed body. `seen` is the highest clock of the chat so far.
pub(crate) fn compose(
    keyring: &dyn Keyring,
    chat: &Chat,
    text: &str,
    seen: u64,
    now: Timestamp,
) -> Result<Said, SendError> {
    let refuse = |why: &dyn std::error::Error| SendError::Invalid(why.to_string());
    let place = match chat {
        Chat::User(user) => Place::User(*user),
        Chat::Channel(name) => Place::Channel(name.clone()),
    };
    let clock = Clock::new(seen).next(now);
    let message = ChatMessage::text(&place, text, clock, now).map_err(|why| refuse(&why))?;
    let body = encode(keyring, &Content::from(message)).map_err(|why| refuse(&why))?;
    Ok(Said { id: message_id(&keyring.public(), &body), body, clock: clock.value() })
}

/// Reads a body that `from` has sent to `to`.
///
/// Between two users, the session (or, without one, the signed envelope) proves the author, and the signature
/// inside must be by the same person: a body that somebody else wrote could have been meant for somebody else. In
/// a channel only the signature inside proves anything.
pub(crate) fn read(body: &Body, from: &Sender, to: &Recipient, now: Timestamp) -> Result<Words, ReadError> {
    let message = decode(body, Some(from.user))?;
    let author = message.author;
    match to {
        Recipient::User(_) if author != from.user => return Err(ReadError::Forwarded),
        Recipient::Channel(_) if !message.signed && from.proof == Proof::Hint => {
            return Err(ReadError::Unsigned);
        }
        _ => {}
    }
    let chat_message = match &message.content {
        Content::ChatMessage(chat) if shows(chat) => chat,
        // Announcements of keys and profiles at a contact code are no messages.
        Content::ContactCodeAdvertisement(_) | Content::ChatIdentity(_) => {
            return Ok(Words::Other { from: author, kind: None });
        }
        other => return Ok(Words::Other { from: author, kind: Some(number(other.kind())) }),
    };
    validate(&message.content, now, Rules::Current)?;
    let chat = match (to, chat_message.place(&author, &reader(to, author))) {
        (Recipient::User(_), Some(Place::User(user))) => Chat::User(user),
        (Recipient::Channel(name), Some(Place::Channel(said))) if *name == said => Chat::Channel(said),
        _ => return Err(ReadError::Elsewhere),
    };
    Ok(Words::Text(Text {
        id: message.id,
        chat,
        from: author,
        clock: chat_message.clock.value(),
        sent_at: Timestamp::from_millis(chat_message.timestamp),
        text: chat_message.text.clone(),
    }))
}

/// Whether a chat message is shown by its text alone.
fn shows(chat: &ChatMessage) -> bool {
    use ContentType::{ContactRequest, Emoji, Status, Text};
    matches!(chat.content_type, Text | Emoji | Status | ContactRequest)
}

const fn number(kind: Kind) -> u32 {
    let number = kind.number();
    if number < 0 { 0 } else { number.unsigned_abs() }
}

/// The user for whom a body is read; in a channel that is of no account.
const fn reader(to: &Recipient, author: UserId) -> UserId {
    match to {
        Recipient::User(user) => *user,
        Recipient::Channel(_) => author,
    }
}
