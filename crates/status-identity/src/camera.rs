//! QR codes out of pictures.

mod picture;

use crate::camera::picture::Grey;

/// Largest picture file that is read, in bytes.
pub const MAX_FILE: usize = 32 * 1024 * 1024;

/// Most pixels of a picture: more than telephones make.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Longer side at which codes are searched first, in pixels; larger pictures are made smaller.
const SEARCHED: [usize; 3] = [1_600, 800, 2_400];

/// Most codes that are read of one picture.
const MAX_CODES: usize = 16;

/// Why no code was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CameraError {
    /// The file is neither PNG nor JPEG.
    #[error("the picture is neither PNG nor JPEG")]
    Format,
    /// The file or the picture in it is too large.
    #[error("the picture is too large; at most {} MiB and {MAX_PIXELS} pixels are read", MAX_FILE / (1024 * 1024))]
    TooLarge,
    /// The file is damaged, or of a kind that is not read.
    #[error("the picture is damaged, or of a rare kind; save it as an ordinary PNG or JPEG")]
    Damaged,
    /// There is no code that can be read in the picture.
    #[error("no QR code can be read in the picture; take it again, closer, straight and in focus")]
    NoCode,
}

/// The texts of the codes in a PNG or JPEG file, in no particular order; at least one.
///
/// # Errors
/// Any [`CameraError`].
pub fn read_codes(file: &[u8]) -> Result<Vec<String>, CameraError> {
    let picture = Grey::read(file)?;
    codes(&picture).ok_or(CameraError::NoCode)
}

/// The texts of the codes in a grey picture: one byte a pixel, row by row, 0 for black.
///
/// # Errors
/// [`CameraError::Damaged`] if there are not as many bytes as pixels, [`CameraError::TooLarge`], or
/// [`CameraError::NoCode`].
pub fn read_codes_in_grey(width: usize, pixels: Vec<u8>) -> Result<Vec<String>, CameraError> {
    codes(&Grey::new(width, pixels)?).ok_or(CameraError::NoCode)
}

/// Searches at several sizes, sharp and soft: large pictures have noise that small ones lack, and small ones lose fine codes.
fn codes(picture: &Grey) -> Option<Vec<String>> {
    let mut tried = Vec::new();
    SEARCHED.iter().find_map(|longest| {
        let by = picture.longer_side().div_ceil(*longest).max(1);
        if tried.contains(&by) {
            return None;
        }
        tried.push(by);
        let smaller = picture.smaller(by);
        search(&smaller).or_else(|| search(&smaller.softer()))
    })
}

fn search(picture: &Grey) -> Option<Vec<String>> {
    let dark = picture.dark();
    let width = picture.width();
    let is_dark = |x: usize, y: usize| dark.get(y.saturating_mul(width).saturating_add(x)) == Some(&true);
    let mut prepared = rqrr::PreparedImage::prepare_from_bitmap(width, picture.height(), is_dark);
    let found: Vec<String> = prepared
        .detect_grids()
        .iter()
        .take(MAX_CODES)
        .filter_map(|grid| grid.decode().ok().map(|(_, text)| text))
        .collect();
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr::Code;

    #[test]
    fn a_code_is_read_from_the_picture_that_was_drawn_of_it() {
        let file = Code::of("STATUS-CARD:BABC").unwrap().pixels(5).png().unwrap();

        assert_eq!(read_codes(&file), Ok(vec!["STATUS-CARD:BABC".to_owned()]));
    }

    #[test]
    fn what_is_no_picture_is_refused_with_the_reason() {
        let file = Code::of("HELLO").unwrap().pixels(5).png().unwrap();

        assert_eq!(read_codes(b"GIF89a"), Err(CameraError::Format));
        assert_eq!(read_codes(&file[..file.len() / 2]), Err(CameraError::Damaged));
        assert_eq!(read_codes(&[0xff, 0xd8, 0xff, 0xe0]), Err(CameraError::Damaged));
        assert_eq!(read_codes(&vec![0; MAX_FILE + 1]), Err(CameraError::TooLarge));
        assert_eq!(read_codes_in_grey(3, vec![255; 8]), Err(CameraError::Damaged));
        assert_eq!(read_codes_in_grey(0, Vec::new()), Err(CameraError::Damaged));
        assert_eq!(read_codes_in_grey(100, vec![255; 10_000]), Err(CameraError::NoCode));
    }
}
