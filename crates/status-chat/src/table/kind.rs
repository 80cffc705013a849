//! How a row says what a message is made of.

use std::time::Duration;

use status_layer::row::{Reader, Writer};

use super::text;
use crate::event::{Album, AudioFormat, ImageFormat, Kind, Picture, Preview, Recording, Relayed, Sticker};

/// Appends what a message is made of: a number, then what belongs to it.
pub(super) fn put(row: Writer, kind: &Kind) -> Writer {
    match kind {
        Kind::Text => row.u8(1),
        Kind::Emoji => row.u8(2),
        Kind::Status => row.u8(3),
        Kind::ContactRequest => row.u8(4),
        Kind::Sticker(Sticker { pack, hash }) => row.u8(5).bytes(&pack.to_be_bytes()).sized(hash.as_bytes()),
        Kind::Image(Picture { format, bytes, width, height, album }) => {
            let row =
                row.u8(6).bytes(&image_number(*format).to_be_bytes()).u32(*bytes).u32(*width).u32(*height);
            match album {
                Some(Album { id, of }) => row.flag(true).sized(id.as_bytes()).u32(*of),
                None => row.flag(false),
            }
        }
        Kind::Audio(Recording { format, bytes, duration }) => {
            let duration = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            row.u8(7).bytes(&audio_number(*format).to_be_bytes()).u32(*bytes).u64(duration)
        }
        Kind::Relayed(Relayed { from, author }) => row.u8(8).sized(from.as_bytes()).sized(author.as_bytes()),
    }
}

pub(super) fn take(r: &mut Reader<'_>) -> Option<Kind> {
    Some(match r.u8()? {
        1 => Kind::Text,
        2 => Kind::Emoji,
        3 => Kind::Status,
        4 => Kind::ContactRequest,
        5 => Kind::Sticker(Sticker { pack: i32::from_be_bytes(r.array()?), hash: text(r.sized()?)? }),
        6 => Kind::Image(Picture {
            format: image_format(i32::from_be_bytes(r.array()?)),
            bytes: r.u32()?,
            width: r.u32()?,
            height: r.u32()?,
            album: match r.flag()? {
                true => Some(Album { id: text(r.sized()?)?, of: r.u32()? }),
                false => None,
            },
        }),
        7 => Kind::Audio(Recording {
            format: audio_format(i32::from_be_bytes(r.array()?)),
            bytes: r.u32()?,
            duration: Duration::from_millis(r.u64()?),
        }),
        8 => Kind::Relayed(Relayed { from: text(r.sized()?)?, author: text(r.sized()?)? }),
        _ => return None,
    })
}

/// Appends what an author says of links.
pub(super) fn put_links(row: Writer, links: &[Preview]) -> Writer {
    let count = u8::try_from(links.len()).unwrap_or(u8::MAX);
    links.iter().take(usize::from(count)).fold(row.u8(count), |row, link| {
        let Preview { url, title, description, thumbnail } = link;
        row.sized(url.as_bytes()).sized(title.as_bytes()).sized(description.as_bytes()).u32(*thumbnail)
    })
}

pub(super) fn take_links(r: &mut Reader<'_>) -> Option<Vec<Preview>> {
    let count = r.u8()?;
    let mut link = || {
        let (url, title, description) = (text(r.sized()?)?, text(r.sized()?)?, text(r.sized()?)?);
        Some(Preview { url, title, description, thumbnail: r.u32()? })
    };
    (0..count).map(|_| link()).collect()
}

/// The number of a format on the wire, which is also its number in rows.
pub(crate) const fn image_number(format: ImageFormat) -> i32 {
    match format {
        ImageFormat::Png => 1,
        ImageFormat::Jpeg => 2,
        ImageFormat::Webp => 3,
        ImageFormat::Gif => 4,
        ImageFormat::Other(number) => number,
    }
}

pub(crate) const fn image_format(number: i32) -> ImageFormat {
    match number {
        1 => ImageFormat::Png,
        2 => ImageFormat::Jpeg,
        3 => ImageFormat::Webp,
        4 => ImageFormat::Gif,
        other => ImageFormat::Other(other),
    }
}

/// The number of a format on the wire, which is also its number in rows.
pub(crate) const fn audio_number(format: AudioFormat) -> i32 {
    match format {
        AudioFormat::Aac => 1,
        AudioFormat::Amr => 2,
        AudioFormat::Other(number) => number,
    }
}

pub(crate) const fn audio_format(number: i32) -> AudioFormat {
    match number {
        1 => AudioFormat::Aac,
        2 => AudioFormat::Amr,
        other => AudioFormat::Other(other),
    }
}
