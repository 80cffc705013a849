//! Pictures as pixels.

use alloc::vec::Vec;

use crate::Rgb;

/// A picture of at most [`Pixels::MAX_SIDE`] pixels a side, with a transparency for each pixel.
#[derive(Clone, Eq, PartialEq)]
pub struct Pixels {
    width: u32,
    rgba: Vec<u8>,
}

/// Bytes of a pixel: red, green, blue, opacity.
const PIXEL: usize = 4;

impl Pixels {
    /// Longest side, in pixels.
    pub const MAX_SIDE: u32 = 2_048;

    /// A picture whose pixels are given by `colour` at (x, y); `None` is transparent. Sides that are too long are cut.
    #[must_use]
    pub fn draw(width: u32, height: u32, colour: impl Fn(u32, u32) -> Option<Rgb>) -> Self {
        Self::shade(width, height, |x, y| colour(x, y).map(|colour| (colour, u8::MAX)))
    }

    /// Like [`Pixels::draw`], with an opacity.
    pub(crate) fn shade(width: u32, height: u32, colour: impl Fn(u32, u32) -> Option<(Rgb, u8)>) -> Self {
        let (width, height) = (width.clamp(1, Self::MAX_SIDE), height.clamp(1, Self::MAX_SIDE));
        let mut rgba = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (Rgb(red, green, blue), opacity) = colour(x, y).unwrap_or((Rgb(0, 0, 0), 0));
                rgba.extend([red, green, blue, opacity]);
            }
        }
        Self { width, rgba }
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> u32 {
        let row = usize::try_from(self.width).unwrap_or(1).saturating_mul(PIXEL);
        self.rgba.len().checked_div(row).and_then(|rows| u32::try_from(rows).ok()).unwrap_or_default()
    }

    /// All pixels, row by row from the top, each red, green, blue and opacity, one byte each.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// The pixel at (x, y) if it is there and at least half opaque.
    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> Option<Rgb> {
        let at = u64::from(y).checked_mul(u64::from(self.width))?.checked_add(u64::from(x))?;
        let at = usize::try_from(at).ok()?.checked_mul(PIXEL)?;
        match self.rgba.get(at..)?.first_chunk::<PIXEL>()? {
            [red, green, blue, 128..=u8::MAX] if x < self.width => Some(Rgb(*red, *green, *blue)),
            _ => None,
        }
    }
}

impl core::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Pixels({} x {})", self.width, self.height())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_where_they_were_drawn() {
        let picture = Pixels::draw(3, 2, |x, y| (x != y).then_some(Rgb(x as u8, y as u8, 9)));

        assert_eq!((picture.width(), picture.height(), picture.rgba().len()), (3, 2, 24));
        assert_eq!(picture.at(2, 1), Some(Rgb(2, 1, 9)));
        assert_eq!((picture.at(1, 1), picture.at(3, 0), picture.at(0, 2)), (None, None, None));
        assert_eq!(picture.at(u32::MAX, u32::MAX), None);
    }

    #[test]
    fn a_picture_is_never_endless_or_empty() {
        let picture = Pixels::draw(u32::MAX, 0, |_, _| None);

        assert_eq!((picture.width(), picture.height()), (2_048, 1));
    }
}
