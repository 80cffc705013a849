//! Files to grey pixels.

use std::io::Cursor;

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{CameraError, MAX_FILE, MAX_PIXELS};

/// A picture in grey, one byte a pixel, 0 for black.
pub(super) struct Grey {
    width: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// Takes pixels row by row.
    pub(super) fn new(width: usize, pixels: Vec<u8>) -> Result<Self, CameraError> {
        if pixels.len() as u64 > MAX_PIXELS {
            return Err(CameraError::TooLarge);
        }
        if pixels.is_empty() || pixels.len().checked_rem(width) != Some(0) {
            return Err(CameraError::Damaged);
        }
        Ok(Self { width, pixels })
    }

    /// Reads a file.
    pub(super) fn read(file: &[u8]) -> Result<Self, CameraError> {
        if file.len() > MAX_FILE {
            return Err(CameraError::TooLarge);
        }
        if file.starts_with(b"\x89PNG\r\n\x1a\n") {
            from_png(file)
        } else if file.starts_with(b"\xff\xd8\xff") {
            from_jpeg(file)
        } else {
            Err(CameraError::Format)
        }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width).unwrap_or_default()
    }

    pub(super) fn longer_side(&self) -> usize {
        self.width.max(self.height())
    }

    /// The picture with the mean of `by` by `by` pixels in the place of each.
    pub(super) fn smaller(&self, by: usize) -> Self {
        let by = by.clamp(1, self.width.min(self.height()).max(1));
        let (width, height) = (self.width / by, self.height() / by);
        let mean = |x: usize, y: usize| {
            let rows = (y * by..(y + 1) * by).filter_map(|y| {
                let start = y * self.width + x * by;
                self.pixels.get(start..start + by)
            });
            let sum: usize = rows.flatten().map(|pixel| usize::from(*pixel)).sum();
            (sum / (by * by)) as u8
        };
        let pixels =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y)).collect();
        Self { width, pixels }
    }
}

impl Grey {
    /// The picture with the mean of three by three pixels in the place of each.
    pub(super) fn softer(&self) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        self.each_neighbourhood(1, |_, sum, count| pixels.push((sum / count.max(1)) as u8));
        Self { width: self.width, pixels }
    }

    /// Which pixels are clearly darker than what is around them: light falls unevenly, and paper is never quite white.
    pub(super) fn dark(&self) -> Vec<bool> {
        /// How bright a dark pixel is at most, in hundredths of the mean around it.
        const DARK: u64 = 85;

        let radius = (self.longer_side() / 16).max(8);
        let mut dark = Vec::with_capacity(self.pixels.len());
        self.each_neighbourhood(radius, |pixel, sum, count| {
            dark.push(u64::from(pixel) * count * 100 < sum * DARK);
        });
        dark
    }

    /// Tells of each pixel, row by row: itself, and the sum and number of the pixels in the square around it.
    fn each_neighbourhood(&self, radius: usize, mut tell: impl FnMut(u8, u64, u64)) {
        let row = |y: usize| {
            let start = y.saturating_mul(self.width);
            self.pixels.get(start..start.saturating_add(self.width)).unwrap_or_default()
        };
        let height = self.height();
        let mut columns = vec![0_u64; self.width];
        for y in 0..radius.min(height) {
            columns.iter_mut().zip(row(y)).for_each(|(sum, pixel)| *sum += u64::from(*pixel));
        }
        let mut sums = Vec::with_capacity(self.width + 1);
        for y in 0..height {
            columns.iter_mut().zip(row(y + radius)).for_each(|(sum, pixel)| *sum += u64::from(*pixel));
            if let Some(gone) = y.checked_sub(radius + 1) {
                columns.iter_mut().zip(row(gone)).for_each(|(sum, pixel)| *sum -= u64::from(*pixel));
            }
            sums.clear();
            sums.push(0);
            let mut sum = 0;
            sums.extend(columns.iter().map(|column| {
                sum += column;
                sum
            }));
            let rows = (y + radius + 1).min(height) - y.saturating_sub(radius);
            for (x, pixel) in row(y).iter().enumerate() {
                let (from, to) = (x.saturating_sub(radius), (x + radius + 1).min(self.width));
                let at = |x: usize| sums.get(x).copied().unwrap_or_default();
                tell(*pixel, at(to) - at(from), ((to - from) * rows) as u64);
            }
        }
    }
}

fn from_png(file: &[u8]) -> Result<Grey, CameraError> {
    let damaged = |_| CameraError::Damaged;
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_limits(png::Limits { bytes: MAX_FILE });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let info = reader.info();
    if u64::from(info.width) * u64::from(info.height) > MAX_PIXELS {
        return Err(CameraError::TooLarge);
    }
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(CameraError::TooLarge)?];
    let frame = reader.next_frame(&mut pixels).map_err(damaged)?;
    pixels.truncate(frame.buffer_size());
    let grey = match frame.color_type {
        png::ColorType::Grayscale => pixels,
        png::ColorType::GrayscaleAlpha => each(&pixels, |[grey, opacity]: [u8; 2]| on_white(grey, opacity)),
        png::ColorType::Rgb => each(&pixels, |[red, green, blue]: [u8; 3]| luma(red, green, blue)),
        png::ColorType::Rgba => {
            each(&pixels, |[red, green, blue, opacity]: [u8; 4]| on_white(luma(red, green, blue), opacity))
        }
        png::ColorType::Indexed => return Err(CameraError::Damaged),
    };
    Grey::new(usize::try_from(frame.width).map_err(|_| CameraError::TooLarge)?, grey)
}

fn from_jpeg(file: &[u8]) -> Result<Grey, CameraError> {
    const SIDE: usize = 16_384;

    let options = DecoderOptions::default()
        .set_max_width(SIDE)
        .set_max_height(SIDE)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(file), options);
    decoder.decode_headers().map_err(|_| CameraError::Damaged)?;
    let (width, height) = decoder.dimensions().ok_or(CameraError::Damaged)?;
    if width as u64 * height as u64 > MAX_PIXELS {
        return Err(CameraError::TooLarge);
    }
    let pixels = decoder.decode().map_err(|_| CameraError::Damaged)?;
    Grey::new(width, pixels)
}

fn each<const N: usize>(pixels: &[u8], grey: impl Fn([u8; N]) -> u8) -> Vec<u8> {
    pixels.as_chunks::<N>().0.iter().map(|pixel| grey(*pixel)).collect()
}

/// Brightness as eyes see it.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1_000) as u8
}

fn on_white(grey: u8, opacity: u8) -> u8 {
    let (grey, opacity) = (u32::from(grey), u32::from(opacity));
    ((grey * opacity + 255 * (255 - opacity)) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbourhood_is_cut_at_the_edges() {
        let picture = Grey::new(3, vec![1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        let mut told = Vec::new();

        picture.each_neighbourhood(1, |pixel, sum, count| told.push((pixel, sum, count)));

        assert_eq!(told[0], (1, 1 + 2 + 4 + 5, 4));
        assert_eq!(told[4], (5, 45, 9));
        assert_eq!(told[8], (9, 5 + 6 + 8 + 9, 4));
    }

    #[test]
    fn a_picture_is_made_smaller_by_means() {
        let picture = Grey::new(4, vec![0, 100, 8, 8, 100, 200, 8, 8]).unwrap();

        assert_eq!(picture.smaller(2).pixels, [100, 8]);
        assert_eq!(picture.smaller(9).pixels, [100, 8]);
    }

    #[test]
    fn what_is_seen_through_is_white() {
        assert_eq!((on_white(0, 0), on_white(0, 255), luma(255, 255, 255)), (255, 0, 255));
    }
}
