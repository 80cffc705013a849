//! What messages are made of besides their text.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use status_crypto::text;
use status_layer::{MessageId, UserId};

/// What a message is made of. Its words, whatever it is, are in [`Message::text`](crate::Message::text).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    #[default]
    Text,
    /// One emoji, shown large.
    Emoji,
    /// A status line.
    Status,
    /// A contact request; the text is the note with it.
    ContactRequest,
    /// A sticker.
    Sticker(Sticker),
    /// A picture, with or without text.
    Image(Picture),
    /// A recording.
    Audio(Recording),
    /// Words that somebody said elsewhere, brought here by the author of the message.
    Relayed(Relayed),
}

/// A sticker: a picture of a pack that every application has.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sticker {
    /// The number of the pack.
    pub pack: i32,
    /// Where the picture is found.
    pub hash: String,
}

/// What is known of a picture; its bytes are read with [`Client::media`](crate::Client::media).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Picture {
    /// How the bytes are to be read, as their author says.
    pub format: ImageFormat,
    /// How many bytes there are.
    pub bytes: u32,
    /// Pixels from left to right, as its author says; 0 if not said.
    pub width: u32,
    /// Pixels from top to bottom, as its author says; 0 if not said.
    pub height: u32,
    /// The album that it belongs to. If one picture of an album is deleted for everybody, all are; a deleted one still says to
    /// which it belonged, and has no bytes.
    pub album: Option<Album>,
}

/// Pictures that were sent together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Album {
    /// The same for all pictures of an album by one author.
    pub id: String,
    /// How many pictures it has, as its author says.
    pub of: u32,
}

/// What is known of a recording; its bytes are read with [`Client::media`](crate::Client::media).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Recording {
    /// How the bytes are to be read, as their author says.
    pub format: AudioFormat,
    /// How many bytes there are.
    pub bytes: u32,
    /// How long it is, as its author says.
    pub duration: Duration,
}

/// Where words were first said, as whoever brought them claims. Nothing of it is proven.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Relayed {
    /// The network, by its name.
    pub from: String,
    /// Who said it there.
    pub author: String,
}

/// How the bytes of a picture are to be read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
    /// One that has only a number yet.
    Other(i32),
}

/// How the bytes of a recording are to be read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum AudioFormat {
    /// AAC.
    Aac,
    /// AMR.
    Amr,
    /// One that has only a number yet.
    Other(i32),
}

/// What the author of a message says of a link in it. Nothing of it was looked up by us, and nothing is proven.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// The link.
    pub url: String,
    /// The title of the page.
    pub title: String,
    /// What the page says of itself.
    pub description: String,
    /// Bytes of a small picture, read with [`Client::thumbnail`](crate::Client::thumbnail); 0 if there is none.
    pub thumbnail: u32,
}

/// Somebody who is named in a text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mention {
    /// Who.
    pub who: Mentioned,
    /// Which bytes of the text name them.
    pub at: Range<usize>,
}

/// Who can be named in a text. Prints as it stands there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Mentioned {
    /// One user.
    User(UserId),
    /// Everybody in the chat.
    Everyone,
}

/// The last change of a message by its author.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Edited {
    /// The clock of the change.
    pub clock: u64,
    /// Names the change itself.
    pub by: MessageId,
}

/// A message that is gone: it has no text, and its picture or recording is no more.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Deleted {
    /// For everybody.
    ForAll {
        /// Who did it.
        by: UserId,
    },
    /// For us alone. Such messages are in no history.
    ForMe,
}

/// What stands in a text before everybody and before a key.
const EVERYONE: &str = "@0x00001";
/// The mark and the digits of a key.
const MENTION: usize = 1 + 2 + 130;

impl Kind {
    pub(crate) const fn is_text(&self) -> bool {
        matches!(self, Self::Text)
    }
}

impl Mention {
    /// Everybody who is named in a text.
    #[must_use]
    pub fn all(text: &str) -> Vec<Self> {
        text.match_indices("@0x")
            .filter_map(|(start, _)| {
                let rest = text.get(start..)?;
                if let Some(key) = rest.get(..MENTION)
                    && let Ok(user) = text::parse_user(key.get(1..)?)
                {
                    return Some(Self { who: Mentioned::User(user), at: start..start + MENTION });
                }
                let after = rest.strip_prefix(EVERYONE)?;
                let ends = !after.starts_with(|c: char| c.is_ascii_hexdigit());
                ends.then(|| Self { who: Mentioned::Everyone, at: start..start + EVERYONE.len() })
            })
            .collect()
    }
}

impl fmt::Display for Mentioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str(EVERYONE),
            Self::User(user) => match text::key_string(user) {
                Ok(key) => write!(f, "@{key}"),
                // No key of anybody: it names nobody in a text either.
                Err(_) => write!(f, "@{}", text::compressed_key(user)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    fn user() -> UserId {
        Identity::restore("legal winner thank year wave sausage worth useful legal winner thank yellow")
            .unwrap()
            .user()
    }

    #[test]
    fn who_is_named_in_a_text_is_found_where_they_stand() {
        let user = Mentioned::User(user());
        let text = format!("é {user}, {}!", Mentioned::Everyone);

        let all = Mention::all(&text);

        assert_eq!(all.iter().map(|mention| mention.who).collect::<Vec<_>>(), [user, Mentioned::Everyone]);
        assert!(all.iter().all(|mention| text[mention.at.clone()] == mention.who.to_string()));
    }

    #[test]
    fn what_only_looks_like_a_name_names_nobody() {
        let key = Mentioned::User(user()).to_string();
        let cut = &key[..key.len() - 1];
        let no_point = format!("@0x04{}", "1".repeat(128));

        for text in ["@0x", "@0x00001f", "@0x0000", cut, &no_point, "@", "0x00001", &format!("{cut}é")] {
            assert_eq!(Mention::all(text), [], "{text}");
        }
    }
}
