//! QR codes of cards, keys and numbers.

use qrcode::{EcLevel, QrCode};

use crate::{Ink, Pixels, Rgb, svg, terminal};

/// Empty modules around a code, which readers need.
const QUIET: u32 = 4;

/// Longest text with the stronger error correction, in bytes; above it the modules become too small for cameras, so that
/// fewer modules serve better.
const STRONG_UP_TO: usize = 400;

/// A QR code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Code {
    side: u32,
    dark: Vec<bool>,
}

/// Why a text does not become a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a text of {len} bytes is too long for a QR code")]
pub struct CodeError {
    /// Length of the text, in bytes.
    pub len: usize,
}

impl Code {
    /// The smallest code of a text: as a rule it stands a seventh of it being damaged, a large one a fourteenth. Capitals, digits
    /// and some marks alone take two thirds of the space.
    ///
    /// # Errors
    /// [`CodeError`] if the text is too long; a [`Card`](crate::Card) never is.
    pub fn of(text: &str) -> Result<Self, CodeError> {
        let level = if text.len() <= STRONG_UP_TO { EcLevel::M } else { EcLevel::L };
        let code =
            QrCode::with_error_correction_level(text, level).map_err(|_| CodeError { len: text.len() })?;
        let side = u32::try_from(code.width()).map_err(|_| CodeError { len: text.len() })?;
        let dark = code.to_colors().iter().map(|colour| *colour == qrcode::Color::Dark).collect();
        Ok(Self { side, dark })
    }

    /// Modules a side, 21 to 177.
    #[must_use]
    pub const fn side(&self) -> u32 {
        self.side
    }

    /// Whether the module in this column and row is dark; those around the code are not.
    #[must_use]
    pub fn is_dark(&self, x: u32, y: u32) -> bool {
        let at = u64::from(y) * u64::from(self.side) + u64::from(x);
        x < self.side && usize::try_from(at).is_ok_and(|at| self.dark.get(at).copied().unwrap_or_default())
    }

    /// The code in black on white, with modules of `module` pixels and the empty space that it needs.
    #[must_use]
    pub fn pixels(&self, module: u32) -> Pixels {
        let side = self.side + 2 * QUIET;
        let module = module.clamp(1, (Pixels::MAX_SIDE / side).max(1));
        let (black, white) = (Rgb(0, 0, 0), Rgb(255, 255, 255));
        Pixels::draw(side * module, side * module, |x, y| {
            Some(if self.is_dark_with_margin(x / module, y / module) { black } else { white })
        })
    }

    /// The code as SVG.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.side + 2 * QUIET;
        let (mut white, mut black) = (String::new(), String::new());
        svg::rectangle(&mut white, 0, 0, side, side);
        for y in 0..self.side {
            let mut x = 0;
            while x < self.side {
                let run = (x..self.side).take_while(|x| self.is_dark(*x, y)).count() as u32;
                if run > 0 {
                    svg::rectangle(&mut black, x + QUIET, y + QUIET, run, 1);
                }
                x += run.max(1);
            }
        }
        let body = svg::group(Rgb(255, 255, 255), &white) + &svg::group(Rgb(0, 0, 0), &black);
        svg::document(side, side, &body)
    }

    /// The code for a terminal, half as many lines as modules. In plain ink the light modules are filled: it is right on a
    /// dark ground, and most readers take the negative too.
    #[must_use]
    pub fn terminal(&self, ink: Ink) -> String {
        match ink {
            Ink::Colour => terminal::draw(&self.pixels(1), ink),
            Ink::Plain => {
                let side = self.side + 2 * QUIET;
                let light = |x, y| (!self.is_dark_with_margin(x, y)).then_some(Rgb(255, 255, 255));
                terminal::draw(&Pixels::draw(side, side, light), ink)
            }
        }
    }

    fn is_dark_with_margin(&self, x: u32, y: u32) -> bool {
        let inner = |at: u32| at.checked_sub(QUIET);
        inner(x).zip(inner(y)).is_some_and(|(x, y)| self.is_dark(x, y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corners_and_empty_space_around() {
        let code = Code::of("HELLO").unwrap();

        assert_eq!(code.side(), 21);
        assert!(code.is_dark(0, 0) && code.is_dark(20, 0) && code.is_dark(0, 20) && !code.is_dark(21, 0));
        let picture = code.pixels(2);
        assert_eq!(picture.width(), 2 * 29);
        assert_eq!((picture.at(7, 7), picture.at(8, 8)), (Some(Rgb(255, 255, 255)), Some(Rgb(0, 0, 0))));
    }

    #[test]
    fn svg_has_as_many_dark_modules_as_the_code() {
        let code = Code::of("HELLO").unwrap();

        let widths = code
            .svg()
            .split("<rect")
            .skip(2)
            .map(|rect| {
                rect.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse::<usize>().unwrap()
            })
            .sum::<usize>();

        assert_eq!(widths, code.dark.iter().filter(|dark| **dark).count());
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        assert_eq!(Code::of(&"a".repeat(3_000)), Err(CodeError { len: 3_000 }));
    }

    #[test]
    fn the_largest_card_fits_the_largest_code() {
        let text = format!("STATUS-CARD:B{}", "A".repeat(crate::Card::MAX_TEXT - 13));

        assert!(Code::of(&text).is_ok_and(|code| code.side() <= 177));
    }

    #[test]
    fn a_terminal_shows_two_rows_a_line() {
        let code = Code::of("HELLO").unwrap();

        for ink in [Ink::Plain, Ink::Colour] {
            assert_eq!(code.terminal(ink).lines().count(), 15);
        }
    }
}
