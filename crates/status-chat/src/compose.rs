//! What can be said: text, pictures, recordings, and what goes with them.

use std::fmt;
use std::time::Duration;

use status_layer::{MessageId, Timestamp};
use status_payload::{
    Attachment, AudioMessage, ChatMessage, Clock, ContentType, ImageMessage, Invalid, LinkType, Place,
    StickerMessage, UnfurledLink,
};

use crate::event::{Album, AudioFormat, ImageFormat, Kind, Picture, Recording, Sticker};
use crate::table::{audio_number, image_number};

/// Largest picture or recording, in bytes: what still fits into one signed body with the longest text.
pub const MAX_MEDIA: usize = 1_000_000;

/// Previews of links that one message has at most.
pub const MAX_LINKS: usize = 5;

/// Largest small picture of a link, in bytes.
pub const MAX_THUMBNAIL: usize = 100_000;

/// Something to say; made from a text, or from a [`Text`], [`Emoji`], [`Image`], [`Audio`] or [`Sticker`].
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Outgoing {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) media: Vec<u8>,
    pub(crate) answers: Option<MessageId>,
    pub(crate) links: Vec<LinkPreview>,
}

/// A text, and what goes with it.
///
/// ```
/// use status_chat::{LinkPreview, Mentioned, Outgoing, Text};
///
/// let text = format!("{}: status.app is up again", Mentioned::Everyone);
/// let said: Outgoing = Text::new(text).link(LinkPreview::new("https://status.app").title("Status")).into();
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Text(Outgoing);

/// One emoji, shown large.
#[derive(Clone, Eq, PartialEq)]
pub struct Emoji(Outgoing);

/// A picture, with or without words beneath it. Not in public channels: every receiver refuses it there.
#[derive(Clone, Eq, PartialEq)]
pub struct Image(Picture, Outgoing);

/// A recording. Not in public channels: every receiver refuses it there.
#[derive(Clone, Eq, PartialEq)]
pub struct Audio(Outgoing);

/// What we say of a link in a text. Readers look nothing up: they see what is said here.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct LinkPreview {
    url: String,
    title: String,
    description: String,
    thumbnail: Vec<u8>,
    size: (u32, u32),
}

/// Gives a type of what can be said the wish to answer.
macro_rules! answers {
    ($($name:ident . $part:tt)*) => { $(
        impl $name {
            /// Answers a message.
            #[must_use]
            pub fn reply_to(mut self, message: MessageId) -> Self {
                self.$part.answers = Some(message);
                self
            }
        }

        impl fmt::Debug for $name {
            // What people say is not for logs.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )* };
}

answers!(Text.0 Emoji.0 Image.1 Audio.0);

impl Text {
    /// A text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Outgoing { text: text.into(), ..Outgoing::default() })
    }

    /// Adds what readers are to see of a link in the text; at most [`MAX_LINKS`] of them.
    #[must_use]
    pub fn link(mut self, link: LinkPreview) -> Self {
        self.0.links.push(link);
        self
    }
}

impl Emoji {
    /// An emoji.
    pub fn new(emoji: impl Into<String>) -> Self {
        Self(Outgoing { kind: Kind::Emoji, text: emoji.into(), ..Outgoing::default() })
    }
}

impl Image {
    /// A picture of at most [`MAX_MEDIA`] bytes.
    pub fn new(format: ImageFormat, bytes: impl Into<Vec<u8>>) -> Self {
        let media: Vec<u8> = bytes.into();
        let picture = Picture { format, bytes: count(&media), width: 0, height: 0, album: None };
        Self(picture, Outgoing { media, ..Outgoing::default() })
    }

    /// A PNG.
    pub fn png(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(ImageFormat::Png, bytes)
    }

    /// A JPEG.
    pub fn jpeg(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(ImageFormat::Jpeg, bytes)
    }

    /// Puts words beneath it.
    #[must_use]
    pub fn caption(mut self, text: impl Into<String>) -> Self {
        self.1.text = text.into();
        self
    }

    /// Says how large it is, in pixels, so that readers can make room for it.
    #[must_use]
    pub const fn size(mut self, width: u32, height: u32) -> Self {
        (self.0.width, self.0.height) = (width, height);
        self
    }

    /// Puts it into an album of so many pictures. The name is the same for all of them and for no other album of ours.
    #[must_use]
    pub fn in_album(mut self, name: impl Into<String>, of: u32) -> Self {
        self.0.album = Some(Album { id: name.into(), of });
        self
    }
}

impl Audio {
    /// A recording of at most [`MAX_MEDIA`] bytes.
    pub fn new(format: AudioFormat, bytes: impl Into<Vec<u8>>, duration: Duration) -> Self {
        let media: Vec<u8> = bytes.into();
        let kind = Kind::Audio(Recording { format, bytes: count(&media), duration });
        // Receivers want text with a recording, and show none of it.
        let text = "🎤".to_owned();
        Self(Outgoing { kind, media, text, ..Outgoing::default() })
    }

    /// AAC.
    pub fn aac(bytes: impl Into<Vec<u8>>, duration: Duration) -> Self {
        Self::new(AudioFormat::Aac, bytes, duration)
    }
}

impl Sticker {
    /// A sticker of a pack.
    pub fn new(pack: i32, hash: impl Into<String>) -> Self {
        Self { pack, hash: hash.into() }
    }
}

impl LinkPreview {
    /// A link without anything said of it.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Says how the page is called.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Says what the page says of itself.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds a small picture of at most [`MAX_THUMBNAIL`] bytes, so many pixels wide and high.
    #[must_use]
    pub fn thumbnail(mut self, bytes: impl Into<Vec<u8>>, width: u32, height: u32) -> Self {
        (self.thumbnail, self.size) = (bytes.into(), (width, height));
        self
    }

    pub(crate) fn content(&self) -> UnfurledLink {
        UnfurledLink {
            url: self.url.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            thumbnail_payload: self.thumbnail.clone(),
            thumbnail_width: self.size.0,
            thumbnail_height: self.size.1,
            r#type: LinkType::Page,
            favicon_payload: Vec::new(),
        }
    }
}

impl Outgoing {
    /// The message for a place, which every receiver takes.
    pub(crate) fn content(
        &self,
        to: &Place,
        clock: Clock,
        now: Timestamp,
        name: String,
    ) -> Result<ChatMessage, TooMuch> {
        self.check()?;
        let (content_type, payload) = self.attachment();
        let links = self.links.iter().map(LinkPreview::content).collect();
        Ok(ChatMessage {
            clock,
            timestamp: now.millis(),
            text: self.text.clone(),
            response_to: self.answers.map(|id| id.to_string()).unwrap_or_default(),
            chat_id: to.chat_id().map_err(|_| Invalid::NotAUser)?,
            message_type: to.message_type(),
            content_type,
            payload,
            display_name: name,
            unfurled_links: links,
            ..ChatMessage::default()
        })
    }

    fn check(&self) -> Result<(), TooMuch> {
        let largest = self.links.iter().map(|link| link.thumbnail.len()).max().unwrap_or_default();
        let limits = [
            ("the picture or recording", self.media.len(), MAX_MEDIA),
            ("the list of links", self.links.len(), MAX_LINKS),
            ("the small picture of a link", largest, MAX_THUMBNAIL),
        ];
        match limits.into_iter().find(|(_, len, max)| len > max) {
            Some((what, len, max)) => Err(TooMuch::Large { what, len, max }),
            None => Ok(()),
        }
    }

    fn attachment(&self) -> (ContentType, Option<Attachment>) {
        match &self.kind {
            Kind::Text | Kind::Relayed(_) => (ContentType::Text, None),
            Kind::Emoji => (ContentType::Emoji, None),
            Kind::Status => (ContentType::Status, None),
            Kind::ContactRequest => (ContentType::ContactRequest, None),
            Kind::Sticker(Sticker { pack, hash }) => {
                let sticker = StickerMessage { hash: hash.clone(), pack: *pack };
                (ContentType::Sticker, Some(Attachment::Sticker(sticker)))
            }
            Kind::Image(Picture { format, width, height, album, .. }) => {
                let image = ImageMessage {
                    payload: self.media.clone(),
                    r#type: image_number(*format).into(),
                    album_id: album.as_ref().map(|album| album.id.clone()).unwrap_or_default(),
                    width: *width,
                    height: *height,
                    album_images_count: album.as_ref().map_or(0, |album| album.of),
                };
                (ContentType::Image, Some(Attachment::Image(image)))
            }
            Kind::Audio(Recording { format, duration, .. }) => {
                let audio = AudioMessage {
                    payload: self.media.clone(),
                    r#type: audio_number(*format).into(),
                    duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
                };
                (ContentType::Audio, Some(Attachment::Audio(audio)))
            }
        }
    }
}

/// Why something cannot be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TooMuch {
    #[error("{what} has {len}, at most {max} are sent. Send less")]
    Large { what: &'static str, len: usize, max: usize },
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

fn count(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

impl From<Text> for Outgoing {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl From<Emoji> for Outgoing {
    fn from(emoji: Emoji) -> Self {
        emoji.0
    }
}

impl From<Image> for Outgoing {
    fn from(Image(picture, said): Image) -> Self {
        Self { kind: Kind::Image(picture), ..said }
    }
}

impl From<Audio> for Outgoing {
    fn from(audio: Audio) -> Self {
        audio.0
    }
}

impl From<Sticker> for Outgoing {
    fn from(sticker: Sticker) -> Self {
        // Receivers want text with a sticker, and show none of it.
        Self { kind: Kind::Sticker(sticker), text: "🙂".to_owned(), ..Self::default() }
    }
}

impl From<&str> for Outgoing {
    fn from(text: &str) -> Self {
        Text::new(text).into()
    }
}

impl From<&String> for Outgoing {
    fn from(text: &String) -> Self {
        Text::new(text).into()
    }
}

impl From<String> for Outgoing {
    fn from(text: String) -> Self {
        Text::new(text).into()
    }
}

impl fmt::Debug for Outgoing {
    // What people say is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing(..)")
    }
}

impl fmt::Debug for LinkPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkPreview(..)")
    }
}
