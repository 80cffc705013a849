//! What a chat message carries besides text.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::generated::chat_message::Payload;
use crate::wire::{Malformed, Mirror, parse};

/// What a chat message carries besides text.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Attachment {
    /// A sticker.
    Sticker(StickerMessage),
    /// A picture.
    Image(ImageMessage),
    /// A recording.
    Audio(AudioMessage),
    /// A wrapped description of a community, as it came.
    Community(Vec<u8>),
    /// A message imported from elsewhere, as it came.
    Discord(Vec<u8>),
    /// A message relayed by a bridge.
    Bridge(BridgeMessage),
}

numbers! {
    /// How the bytes of a picture are to be read.
    pub enum ImageType {
        /// Not said.
        Unset = 0,
        /// PNG.
        Png = 1,
        /// JPEG.
        Jpeg = 2,
        /// WebP.
        Webp = 3,
        /// GIF.
        Gif = 4,
    }

    /// How the bytes of a recording are to be read.
    pub enum AudioType {
        /// Not said.
        Unset = 0,
        /// AAC.
        Aac = 1,
        /// AMR.
        Amr = 2,
    }
}

mirror! {
    /// A sticker.
    pub struct StickerMessage {
        /// Where the picture is found.
        pub hash: String,
        /// The number of the pack.
        pub pack: i32,
    }

    /// A picture.
    pub struct ImageMessage {
        /// The picture.
        pub payload: Vec<u8>,
        /// How it is to be read.
        pub r#type: ImageType,
        /// The album that it belongs to, or empty.
        pub album_id: String,
        /// Pixels from left to right.
        pub width: u32,
        /// Pixels from top to bottom.
        pub height: u32,
        /// How many pictures the album has.
        pub album_images_count: u32,
    }

    /// A recording.
    pub struct AudioMessage {
        /// The recording.
        pub payload: Vec<u8>,
        /// How it is to be read.
        pub r#type: AudioType,
        /// How long it is, in milliseconds.
        pub duration_ms: u64,
    }

    /// A message relayed by a bridge to another network.
    pub struct BridgeMessage {
        /// The bridge.
        pub bridge_name: String,
        /// The author's name there.
        pub user_name: String,
        /// The author's picture there.
        pub user_avatar: String,
        /// The author's id there.
        pub user_id: String,
        /// What was said.
        pub content: String,
        /// The message's id there.
        pub message_id: String,
        /// The id there of the message that it answers.
        pub parent_message_id: String,
    }
}

mirror! {
    /// A message imported from elsewhere, as far as it is read.
    pub struct DiscordMessage {
        /// What was said.
        pub content: String,
        /// Who said it there, as whoever imported it claims.
        pub author: Option<DiscordMessageAuthor>,
    }

    /// The author of an imported message.
    pub struct DiscordMessageAuthor {
        /// The author's id there.
        pub id: String,
        /// The author's name there.
        pub name: String,
        /// The name that others saw, or empty.
        pub nickname: String,
    }
}

impl DiscordMessage {
    /// Reads what [`Attachment::Discord`] holds; `None` if it is no such message.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        parse(bytes).ok()
    }
}

impl Mirror for Attachment {
    type Wire = Payload;

    fn from_wire(wire: Payload) -> Result<Self, Malformed> {
        Ok(match wire {
            Payload::Sticker(sticker) => Self::Sticker(Mirror::from_wire(sticker)?),
            Payload::Image(image) => Self::Image(Mirror::from_wire(image)?),
            Payload::Audio(audio) => Self::Audio(Mirror::from_wire(audio)?),
            Payload::Community(description) => Self::Community(description),
            Payload::DiscordMessage(message) => Self::Discord(message),
            Payload::BridgeMessage(message) => Self::Bridge(Mirror::from_wire(message)?),
        })
    }

    fn to_wire(&self) -> Payload {
        match self {
            Self::Sticker(sticker) => Payload::Sticker(sticker.to_wire()),
            Self::Image(image) => Payload::Image(image.to_wire()),
            Self::Audio(audio) => Payload::Audio(audio.to_wire()),
            Self::Community(description) => Payload::Community(description.clone()),
            Self::Discord(message) => Payload::DiscordMessage(message.clone()),
            Self::Bridge(message) => Payload::BridgeMessage(message.to_wire()),
        }
    }
}

impl fmt::Debug for Attachment {
    // What people send is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attachment(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imported_message_says_what_was_said_and_by_whom() {
        let bytes =
            [&[0x0a, 1, b'7', 0x2a, 2][..], b"hi", &[0x32, 8, 0x12, 3], b"Ada", &[0x22, 1, b'A']].concat();

        let read = DiscordMessage::read(&bytes).unwrap();

        let author = read.author.unwrap();
        assert_eq!(
            (read.content.as_str(), author.name.as_str(), author.nickname.as_str()),
            ("hi", "Ada", "A")
        );
        assert_eq!(DiscordMessage::read(&[0x2a, 9]), None);
    }
}
