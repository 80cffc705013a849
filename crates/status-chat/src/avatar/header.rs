//! The headers of pictures: which format, and how many pixels. Whatever follows is not looked at.

use crate::event::ImageFormat;

/// Reads the header of a picture: its format, width and height. Nothing, if it is no picture.
pub(super) fn read(file: &[u8]) -> Option<(ImageFormat, u32, u32)> {
    let (format, (width, height)) = if file.starts_with(b"\x89PNG\r\n\x1a\n") {
        (ImageFormat::Png, png(file)?)
    } else if file.starts_with(b"\xff\xd8\xff") {
        (ImageFormat::Jpeg, jpeg(file)?)
    } else if file.starts_with(b"GIF87a") || file.starts_with(b"GIF89a") {
        (ImageFormat::Gif, (little(file, 6, 2)?, little(file, 8, 2)?))
    } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
        (ImageFormat::Webp, webp(file)?)
    } else {
        return None;
    };
    Some((format, width, height))
}

/// Spec: PNG, 11.2.2: the first chunk says it.
fn png(file: &[u8]) -> Option<(u32, u32)> {
    (file.get(12..16)? == b"IHDR").then_some(())?;
    Some((big(file, 16, 4)?, big(file, 20, 4)?))
}

/// Spec: ITU-T T.81, B.2.2: the first frame header says it; segments before it are skipped.
fn jpeg(file: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        (*file.get(at)? == 0xff).then_some(())?;
        let marker = *file.get(at + 1)?;
        match marker {
            // Fill bytes.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return Some((big(file, at + 7, 2)?, big(file, at + 5, 2)?));
            }
            // The end, or pixels without a header.
            0xd9 | 0xda => return None,
            _ => {
                let len = big(file, at + 2, 2)?;
                // The length counts itself.
                (len >= 2).then_some(())?;
                at += 2 + usize::try_from(len).ok()?;
            }
        }
    }
}

/// Spec: RFC 9649, section 2.5 to 2.7.
fn webp(file: &[u8]) -> Option<(u32, u32)> {
    match file.get(12..16)? {
        b"VP8X" => Some((little(file, 24, 3)? + 1, little(file, 27, 3)? + 1)),
        b"VP8 " => {
            (file.get(23..26)? == b"\x9d\x01\x2a").then_some(())?;
            Some((little(file, 26, 2)? & 0x3fff, little(file, 28, 2)? & 0x3fff))
        }
        b"VP8L" => {
            (*file.get(20)? == 0x2f).then_some(())?;
            let sides = little(file, 21, 4)?;
            Some(((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1))
        }
        _ => None,
    }
}

fn big(file: &[u8], at: usize, len: usize) -> Option<u32> {
    let bytes = file.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn little(file: &[u8], at: usize, len: usize) -> Option<u32> {
    let bytes = file.get(at..at.checked_add(len)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Vec<(ImageFormat, Vec<u8>)> {
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &[0, 0, 0, 80, 0, 0, 0, 70, 8]].concat();
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc4\0\x03h\xff\xc2\0\x0b\x08\0\x46\0\x50\x03".to_vec();
        let gif = b"GIF89a\x50\0\x46\0\0".to_vec();
        let riff = |chunk: &[u8]| [b"RIFF\0\0\0\0WEBP", chunk].concat();
        let lossy = riff(b"VP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x50\0\x46\0");
        let sides = (79_u32 | 69 << 14).to_le_bytes();
        let lossless = riff(&[b"VP8L\0\0\0\0\x2f".as_slice(), &sides].concat());
        let extended = riff(b"VP8X\0\0\0\0\0\0\0\0\x4f\0\0\x45\0\0");
        let webp = [lossy, lossless, extended].map(|file| (ImageFormat::Webp, file));
        [vec![(ImageFormat::Png, png), (ImageFormat::Jpeg, jpeg), (ImageFormat::Gif, gif)], webp.to_vec()]
            .concat()
    }

    #[test]
    fn the_header_of_each_format_says_how_large_the_picture_is() {
        for (format, file) in pictures() {
            assert_eq!(read(&file), Some((format, 80, 70)), "{format:?}");
        }
    }

    #[test]
    fn no_header_that_was_cut_or_changed_is_read_past_its_end() {
        for (_, file) in pictures() {
            for end in 0..file.len() {
                assert!(read(&file[..end]).is_none_or(|(_, width, height)| (width, height) == (80, 70)));
                for byte in [0, 1, 0x7f, 0xff] {
                    let mut changed = file.clone();
                    changed[end] = byte;
                    let _ = read(&changed);
                }
            }
        }
        assert_eq!(read(b"<svg/>"), None);
        assert_eq!(read(&[b"\xff\xd8".as_slice(), &[0xff; 10_000]].concat()), None);
    }
}
