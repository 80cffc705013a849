//! Pictures as PNG.

use std::io::Cursor;

use crate::Pixels;

/// Why a picture could not be written. It happens to nobody: everything is in memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the picture could not be written as PNG")]
pub struct PngError;

impl Pixels {
    /// The picture as a PNG file: 8 bits a channel, with transparency.
    ///
    /// # Errors
    /// [`PngError`].
    pub fn png(&self) -> Result<Vec<u8>, PngError> {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = png::Encoder::new(&mut file, self.width(), self.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|_| PngError)?;
        writer.write_image_data(self.rgba()).map_err(|_| PngError)?;
        writer.finish().map_err(|_| PngError)?;
        Ok(file.into_inner())
    }
}
