//! The profile picture as our devices tell it to each other: the length of the small one (4, big-endian), the small one, and the
//! large one. Nothing, if there is none.

use crate::avatar::{Avatar, AvatarSize};

/// Both sizes; none, if the small one is missing.
pub(in crate::core) fn write(thumbnail: Option<Vec<u8>>, large: Option<Vec<u8>>) -> Vec<u8> {
    let Some(thumbnail) = thumbnail else { return Vec::new() };
    let len = u32::try_from(thumbnail.len()).unwrap_or(u32::MAX);
    [len.to_be_bytes().as_slice(), &thumbnail, &large.unwrap_or_default()].concat()
}

/// The small and the large picture, as far as there are any; `None` if one of them is no picture, or too large.
pub(super) fn read(said: &[u8]) -> Option<[Option<Vec<u8>>; 2]> {
    if said.is_empty() {
        return Some([None, None]);
    }
    let (len, rest) = said.split_first_chunk::<4>()?;
    let (thumbnail, large) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    let bytes = |size, bytes: &[u8]| Avatar::read(size, bytes.to_vec()).ok().map(|it| it.bytes);
    let large = match large {
        [] => None,
        large => Some(bytes(AvatarSize::Large, large)?),
    };
    Some([Some(bytes(AvatarSize::Thumbnail, thumbnail)?), large])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head of a PNG, which is what is looked at.
    fn png(side: u8) -> Vec<u8> {
        let head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice();
        [head, &[0, 0, 0, side, 0, 0, 0, side], &[8, 6, 0, 0, 0, 0, 0, 0, 0]].concat()
    }

    #[test]
    fn what_is_written_is_read_and_what_is_no_picture_is_not() {
        let both = write(Some(png(40)), Some(png(200)));

        assert_eq!(read(&both), Some([Some(png(40)), Some(png(200))]));
        assert_eq!(read(&write(Some(png(40)), None)), Some([Some(png(40)), None]));
        assert_eq!(read(&write(None, None)), Some([None, None]));
        for wrong in [&[0][..], &[0; 4], &[255; 64], &both[..20], &both[..both.len() - 12]] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
