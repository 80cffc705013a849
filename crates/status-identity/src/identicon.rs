//! Identicons: a few squares in a colour, mirrored.

use alloc::format;
use alloc::string::String;

use md5::{Digest, Md5};
use status_crypto::PublicKey;

use crate::{Ink, Pixels, Rgb, svg, terminal};

/// Cells a side.
const CELLS: u32 = 5;

/// Side of a cell in the picture of deployed peers, in pixels.
const CELL: u32 = 6;

/// Empty space around the cells in that picture, in pixels.
const MARGIN: u32 = 10;

/// The picture of a key that deployed peers drew: five by five cells, the right half a mirror of the left one.
///
/// It is for recognising, not for proving: one key in 2²⁵ draws the same. Compare a [`SafetyNumber`](crate::SafetyNumber).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identicon {
    hash: [u8; 16],
}

impl Identicon {
    /// The identicon of a key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let mut digits = String::from("0x");
        for byte in key.uncompressed() {
            digits.push_str(&format!("{byte:02x}"));
        }
        Self::of_text(&digits)
    }

    /// The identicon of any text. Deployed peers give the key string, `0x04…`.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self { hash: Md5::digest(text.as_bytes()).into() }
    }

    /// Whether the cell in this row and column is filled; there are five of each.
    #[must_use]
    pub fn cell(&self, row: u32, column: u32) -> bool {
        let mirrored = if column <= 2 { column } else { 4_u32.saturating_sub(column) };
        let at = usize::try_from(row.saturating_mul(3).saturating_add(mirrored)).unwrap_or(usize::MAX);
        row < CELLS && column < CELLS && self.hash.get(at).is_some_and(|byte| byte % 2 == 0)
    }

    /// The colour of the cells: one hue out of 766, half saturated, rather light.
    #[must_use]
    pub fn colour(&self) -> Rgb {
        // Saturation 0.5 and lightness 0.7 leave 0.55 to 0.85 for each part. Deployed peers round that to 16 bits and keep
        // the upper 8. A sixth of the circle has 765 steps, and a hundredth of a step is a 76500th.
        const SIXTH: u32 = 765;
        const WHOLE: u64 = 76_500;
        let part = |steps: u32| {
            let wide = 0xffff * (55 * 765 + 30 * u64::from(steps));
            (((wide + WHOLE / 2) / WHOLE) >> 8) as u8
        };

        let [.., a, b, c] = self.hash;
        let hue = (u32::from(a) + u32::from(b) + u32::from(c)) * 6;
        let up = hue % SIXTH;
        let (least, most, up, down) = (part(0), part(SIXTH), part(up), part(SIXTH - up));
        match hue / SIXTH {
            1 => Rgb(down, most, least),
            2 => Rgb(least, most, up),
            3 => Rgb(least, down, most),
            4 => Rgb(up, least, most),
            5 => Rgb(most, least, down),
            _ => Rgb(most, up, least),
        }
    }

    /// The picture as deployed peers draw it: 50 by 50 pixels, transparent around the cells.
    #[must_use]
    pub fn pixels(&self) -> Pixels {
        self.scaled(CELL, MARGIN)
    }

    /// The picture with cells of `cell` pixels and an empty `margin` of so many around them.
    #[must_use]
    pub fn scaled(&self, cell: u32, margin: u32) -> Pixels {
        let (cell, margin) = (cell.clamp(1, Pixels::MAX_SIDE / 8), margin.min(Pixels::MAX_SIDE / 8));
        let (side, colour) = (cell * CELLS + 2 * margin, self.colour());
        Pixels::draw(side, side, |x, y| {
            let (x, y) = (x.checked_sub(margin)?, y.checked_sub(margin)?);
            self.cell(y / cell, x / cell).then_some(colour)
        })
    }

    /// The picture as SVG: a text of less than 2 kB that can be drawn in any size.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = CELLS * CELL + 2 * MARGIN;
        let mut body = String::new();
        for row in 0..CELLS {
            for column in (0..CELLS).filter(|column| self.cell(row, *column)) {
                svg::rectangle(&mut body, MARGIN + column * CELL, MARGIN + row * CELL, CELL, CELL);
            }
        }
        svg::document(side, side, &svg::group(self.colour(), &body))
    }

    /// The picture for a terminal: five lines of ten characters.
    #[must_use]
    pub fn terminal(&self, ink: Ink) -> String {
        terminal::draw(&self.scaled(2, 0), ink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(picture: &Identicon) -> [String; 5] {
        [0, 1, 2, 3, 4]
            .map(|row| (0..5).map(|column| if picture.cell(row, column) { '1' } else { '0' }).collect())
    }

    // The vector that deployed peers test themselves with.
    #[test]
    fn a_cell_is_filled_if_its_byte_is_even() {
        let picture = Identicon::of_text("Culona");

        assert_eq!(rows(&picture), ["00100", "10101", "10001", "00000", "01010"]);
        assert!(!picture.cell(5, 0) && !picture.cell(0, 5) && !picture.cell(u32::MAX, u32::MAX));
    }

    #[test]
    fn hues_go_round_the_circle() {
        let colour = |sum: [u8; 3]| {
            let mut hash = [0; 16];
            hash[13..].copy_from_slice(&sum);
            Identicon { hash }.colour()
        };

        assert_eq!(colour([0, 0, 0]), Rgb(217, 140, 140));
        assert_eq!(colour([255, 0, 0]), Rgb(140, 217, 140));
        assert_eq!(colour([255, 255, 0]), Rgb(140, 140, 217));
        assert_eq!(colour([255, 255, 255]), colour([0, 0, 0]));
    }

    #[test]
    fn svg_and_terminal_show_the_same_cells() {
        let picture = Identicon::of_text("Culona");

        assert_eq!(picture.svg().matches("<rect").count(), 8);
        assert_eq!(picture.terminal(Ink::Plain).lines().next(), Some("    ██    "));
    }

    #[test]
    fn no_scale_is_too_large() {
        assert!(Identicon::of_text("").scaled(u32::MAX, u32::MAX).width() <= Pixels::MAX_SIDE);
    }
}
