//! Profile pictures: what they may be, and who sees ours.
//!
//! Spec: profile publication of deployed peers. A picture has two sizes, `thumbnail` and `large`. No picture is drawn or made
//! smaller here: an application gives both sizes, and shows those of others with a decoder that it trusts.

mod header;

use std::fmt;

use crate::event::ImageFormat;

/// One size of a profile picture: its header was read, its pixels were not.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Avatar {
    /// How the bytes are to be read: PNG, JPEG, WebP or GIF, as they begin.
    pub format: ImageFormat,
    /// Pixels from left to right, as its header says.
    pub width: u32,
    /// Pixels from top to bottom, as its header says.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The sizes of a profile picture.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AvatarSize {
    /// For lists; the only one that is said in public channels.
    Thumbnail,
    /// For the page about somebody.
    Large,
}

/// Whom we show our picture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ShowTo {
    /// Those whom we have added: it is sealed, with a key for each of them. The default, as of deployed peers.
    #[default]
    Contacts,
    /// Everybody who has our key, or reads what we say in a channel.
    Everybody,
    /// Nobody.
    Nobody,
}

/// Why a file is no profile picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AvatarError {
    /// It is no picture that others could show.
    #[error("this is no PNG, JPEG, WebP or GIF. Give a file of one of these formats")]
    Format,
    /// It is too large a file.
    #[error("the {size} has {len} bytes, at most {max} are sent. Make it smaller, or of less quality")]
    Bytes {
        /// Which.
        size: AvatarSize,
        /// Its length in bytes.
        len: usize,
        /// The most it may have.
        max: usize,
    },
    /// It has too many pixels, or none.
    #[error("the {size} has {width} × {height} pixels, at most {max} a side are sent. Make it smaller")]
    Pixels {
        /// Which.
        size: AvatarSize,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The most a side may have.
        max: u32,
    },
}

/// How large a picture may be.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    side: u32,
    bytes: usize,
}

impl AvatarSize {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Thumbnail, Self::Large];

    /// Most pixels a side of one of ours, as deployed peers make them.
    #[must_use]
    pub const fn max_side(self) -> u32 {
        self.ours().side
    }

    /// Most bytes of one of ours, as deployed peers make them.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        self.ours().bytes
    }

    /// Its name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Thumbnail => "thumbnail",
            Self::Large => "large",
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Thumbnail => 0,
            Self::Large => 1,
        }
    }

    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Thumbnail),
            1 => Some(Self::Large),
            _ => None,
        }
    }

    const fn ours(self) -> Limits {
        match self {
            Self::Thumbnail => Limits { side: 80, bytes: 5_632 },
            Self::Large => Limits { side: 240, bytes: 38_400 },
        }
    }

    /// What is kept of others, who may be more generous than deployed peers, but not without bounds.
    const fn theirs(self) -> Limits {
        match self {
            Self::Thumbnail => Limits { side: 240, bytes: 16 * 1_024 },
            Self::Large => Limits { side: 1_024, bytes: 128 * 1_024 },
        }
    }
}

impl Avatar {
    /// Reads the header of a picture of our own, for one of its sizes.
    ///
    /// # Errors
    /// [`AvatarError`] if it is none, or too large to be sent.
    pub fn read(size: AvatarSize, bytes: impl Into<Vec<u8>>) -> Result<Self, AvatarError> {
        Self::within(size, size.ours(), bytes.into())
    }

    /// The same for what somebody else sent.
    pub(crate) fn of_somebody(size: AvatarSize, bytes: Vec<u8>) -> Result<Self, AvatarError> {
        Self::within(size, size.theirs(), bytes)
    }

    fn within(size: AvatarSize, limits: Limits, bytes: Vec<u8>) -> Result<Self, AvatarError> {
        if bytes.len() > limits.bytes {
            return Err(AvatarError::Bytes { size, len: bytes.len(), max: limits.bytes });
        }
        let (format, width, height) = header::read(&bytes).ok_or(AvatarError::Format)?;
        if [width, height].iter().any(|side| *side == 0 || *side > limits.side) {
            return Err(AvatarError::Pixels { size, width, height, max: limits.side });
        }
        Ok(Self { format, width, height, bytes })
    }
}

impl ShowTo {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Contacts => 1,
            Self::Everybody => 2,
            Self::Nobody => 3,
        }
    }

    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Contacts),
            2 => Some(Self::Everybody),
            3 => Some(Self::Nobody),
            _ => None,
        }
    }
}

impl fmt::Display for AvatarSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thumbnail => f.write_str("small picture"),
            Self::Large => f.write_str("large picture"),
        }
    }
}

impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, width, height, bytes } = self;
        write!(f, "Avatar({format:?}, {width} × {height}, {} bytes)", bytes.len())
    }
}
