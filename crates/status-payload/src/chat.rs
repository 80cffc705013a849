//! What people say, and what they do to what was said.

mod attachment;

use alloc::string::String;
use alloc::vec::Vec;

use status_layer::{MessageId, Timestamp};

use crate::validate::{Rules, check_text};
use crate::{Clock, ContactRequestPropagatedState, Invalid, Place};

pub use attachment::{
    Attachment, AudioMessage, AudioType, BridgeMessage, DiscordMessage, DiscordMessageAuthor, ImageMessage,
    ImageType, StickerMessage,
};

numbers! {
    /// In which sort of chat a message belongs.
    pub enum MessageType {
        /// Not said.
        Unset = 0,
        /// Between two users.
        OneToOne = 1,
        /// A public channel.
        PublicGroup = 2,
        /// A closed group.
        PrivateGroup = 3,
        /// A note about a closed group, made by a client for its own view.
        SystemPrivateGroup = 4,
        /// A channel of a community.
        CommunityChat = 5,
        /// A gap in the history, made by a client for its own view.
        SystemGap = 6,
    }

    /// What a chat message is made of.
    pub enum ContentType {
        /// Not said.
        Unset = 0,
        /// Text.
        Text = 1,
        /// A sticker.
        Sticker = 2,
        /// A status line.
        Status = 3,
        /// One emoji, shown large.
        Emoji = 4,
        /// A payment, made by a client for its own view.
        TransactionCommand = 5,
        /// A note about a closed group, made by a client for its own view.
        SystemPrivateGroup = 6,
        /// A picture, with or without text.
        Image = 7,
        /// A recording.
        Audio = 8,
        /// An invitation to a community.
        Community = 9,
        /// A gap in the history, made by a client for its own view.
        SystemGap = 10,
        /// A contact request; the text is the note with it.
        ContactRequest = 11,
        /// A message imported from elsewhere.
        Discord = 12,
        /// A question to prove who one is.
        IdentityVerification = 13,
        /// A note about a pinned message, made by a client for its own view.
        SystemPinned = 14,
        /// A note about a contact request, made by a client for its own view.
        SystemRequestSent = 15,
        /// A note about a contact request, made by a client for its own view.
        SystemRequestAccepted = 16,
        /// A note about a contact request, made by a client for its own view.
        SystemContactRemoved = 17,
        /// A message relayed by a bridge to another network.
        Bridge = 18,
    }

    /// What a link leads to.
    pub enum LinkType {
        /// A page.
        Page = 0,
        /// A picture.
        Image = 1,
    }
}

mirror! {
    /// What somebody says in a chat.
    pub struct ChatMessage {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// When it was written by the author's clock, in milliseconds since the Unix epoch.
        pub timestamp: u64,
        /// The text.
        pub text: String,
        /// Text of the id of the message that this one answers, or empty; see [`ChatMessage::answers`].
        pub response_to: String,
        /// A name that the author claims, not verified.
        pub ens_name: String,
        /// The chat, as the author names it; see [`ChatMessage::place`].
        pub chat_id: String,
        /// The sort of chat.
        pub message_type: MessageType,
        /// What the message is made of.
        pub content_type: ContentType,
        /// What it carries besides text.
        pub payload: Option<Attachment>,
        /// The author's name.
        pub display_name: String,
        /// How the author sees the state of the contact.
        pub contact_request_propagated_state: Option<ContactRequestPropagatedState>,
        /// Previews of the links in the text, made by the author.
        pub unfurled_links: Vec<UnfurledLink>,
        /// The author's colour; 0 if not chosen.
        pub customization_color: u32,
    }

    /// The preview of a link.
    pub struct UnfurledLink {
        /// The link.
        pub url: String,
        /// The title of the page.
        pub title: String,
        /// What the page says of itself.
        pub description: String,
        /// A small picture.
        pub thumbnail_payload: Vec<u8>,
        /// Pixels from left to right.
        pub thumbnail_width: u32,
        /// Pixels from top to bottom.
        pub thumbnail_height: u32,
        /// What the link leads to.
        pub r#type: LinkType,
        /// The icon of the site.
        pub favicon_payload: Vec<u8>,
    }

    /// A message has another text now. Only its author may say so.
    pub struct EditMessage {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// The new text.
        pub text: String,
        /// The chat, as the author names it.
        pub chat_id: String,
        /// Text of the id of the message.
        pub message_id: String,
        /// The sort of chat.
        pub message_type: MessageType,
        /// What the message is made of.
        pub content_type: ContentType,
        /// Previews of the links in the new text.
        pub unfurled_links: Vec<UnfurledLink>,
    }

    /// A message is gone for everybody.
    pub struct DeleteMessage {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// The chat, as the author names it.
        pub chat_id: String,
        /// Text of the id of the message.
        pub message_id: String,
        /// The sort of chat.
        pub message_type: MessageType,
        /// Who deleted it, if not its author.
        pub deleted_by: String,
    }

    /// A message was pinned, or is no more.
    pub struct PinMessage {
        /// Lamport clock of the chat.
        pub clock: Clock,
        /// Text of the id of the message.
        pub message_id: String,
        /// The chat, as the author names it.
        pub chat_id: String,
        /// Whether it is pinned now.
        pub pinned: bool,
        /// The sort of chat.
        pub message_type: MessageType,
    }
}

impl ChatMessage {
    /// Writes text to a place. `clock` is the next reading of the clock of that place.
    ///
    /// # Errors
    /// [`Invalid`] if the text is blank or too long, or the user is no point of the curve.
    pub fn text(to: &Place, text: impl Into<String>, clock: Clock, now: Timestamp) -> Result<Self, Invalid> {
        let text = text.into();
        check_text(&text, Rules::Current)?;
        Ok(Self {
            clock,
            timestamp: now.millis(),
            text,
            chat_id: to.chat_id().map_err(|_| Invalid::NotAUser)?,
            message_type: to.message_type(),
            content_type: ContentType::Text,
            ..Self::default()
        })
    }

    /// The message that this one answers, if it names one.
    #[must_use]
    pub fn answers(&self) -> Option<MessageId> {
        read_message_id(&self.response_to)
    }
}

/// Reads the id of a message as others name it: `0x` and 64 hex digits.
#[must_use]
pub fn read_message_id(text: &str) -> Option<MessageId> {
    let mut id = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut id).ok()?;
    Some(MessageId::new(id))
}

#[cfg(test)]
mod tests {
    use status_layer::Name;

    use super::*;

    fn text(text: &str) -> Result<ChatMessage, Invalid> {
        let now = Timestamp::from_millis(5);
        ChatMessage::text(&Place::Channel(Name::new("status").unwrap()), text, Clock::new(7), now)
    }

    #[test]
    fn text_is_written_with_clock_time_and_place() {
        let chat = text("hello").unwrap();

        assert_eq!((chat.clock, chat.timestamp), (Clock::new(7), 5));
        assert_eq!((chat.message_type, chat.content_type), (MessageType::PublicGroup, ContentType::Text));
    }

    #[test]
    fn blank_or_long_text_is_not_written() {
        assert_eq!(text(" \u{a0}\n"), Err(Invalid::Empty { field: "text" }));
        assert!(text(&"é".repeat(4_096)).is_ok());
        assert!(matches!(text(&"e".repeat(4_097)), Err(Invalid::TooLong { field: "text", .. })));
    }

    #[test]
    fn answer_names_its_message() {
        let mut chat = text("yes").unwrap();

        assert_eq!(chat.answers(), None);
        chat.response_to = MessageId::new([3; 32]).to_string();
        assert_eq!(chat.answers(), Some(MessageId::new([3; 32])));
        chat.response_to.push('0');
        assert_eq!(chat.answers(), None);
    }
}
