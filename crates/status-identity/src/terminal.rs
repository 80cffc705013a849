//! Pictures for terminals: two pixels a character, one above the other.

use alloc::format;
use alloc::string::String;

use crate::{ColourHash, Pixels, Rgb};

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ink {
    /// 24-bit colours, by escape sequences.
    Colour,
    /// Characters alone: what is not transparent is filled.
    Plain,
}

/// Draws a picture in half blocks: a line for every two rows.
pub(crate) fn draw(picture: &Pixels, ink: Ink) -> String {
    let mut out = String::new();
    for y in (0..picture.height()).step_by(2) {
        let cells = (0..picture.width()).map(|x| (picture.at(x, y), picture.at(x, y.saturating_add(1))));
        match ink {
            Ink::Colour => coloured(&mut out, cells),
            Ink::Plain => out.extend(cells.map(plain)),
        }
        out.push('\n');
    }
    out
}

impl ColourHash {
    /// The segments as a bar in one line: a character for each unit, or in plain ink its numbers.
    #[must_use]
    pub fn terminal(&self, ink: Ink) -> String {
        if ink == Ink::Plain {
            return format!("{self}\n");
        }
        let units =
            self.segments().iter().flat_map(|segment| (0..segment.units).map(|_| Some(segment.rgb())));
        let mut out = String::new();
        coloured(&mut out, units.map(|colour| (colour, colour)));
        out.push('\n');
        out
    }
}

const fn plain(cell: (Option<Rgb>, Option<Rgb>)) -> char {
    match cell {
        (None, None) => ' ',
        (Some(_), None) => '▀',
        (None, Some(_)) => '▄',
        (Some(_), Some(_)) => '█',
    }
}

/// A row in colours; a colour is named only where it changes.
fn coloured(out: &mut String, cells: impl Iterator<Item = (Option<Rgb>, Option<Rgb>)>) {
    let mut pen = (None, None);
    for (top, bottom) in cells {
        let (front, back, block) = match (top, bottom) {
            (None, None) => (None, None, ' '),
            (Some(_), None) => (top, None, '▀'),
            (None, Some(_)) => (bottom, None, '▄'),
            // A ground has no seams between lines, as a full block has in some fonts.
            (Some(one), Some(other)) if one == other => (None, top, ' '),
            (Some(_), Some(_)) => (top, bottom, '▀'),
        };
        if pen != (front, back) {
            out.push_str("\x1b[0m");
            for (code, colour) in [("38", front), ("48", back)] {
                if let Some(Rgb(red, green, blue)) = colour {
                    out.push_str(&format!("\x1b[{code};2;{red};{green};{blue}m"));
                }
            }
            pen = (front, back);
        }
        out.push(block);
    }
    out.push_str("\x1b[0m");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Pixels {
        Pixels::draw(3, 3, |x, y| (x <= y).then_some(Rgb(1, 2, 3)))
    }

    #[test]
    fn plain_ink_has_two_rows_a_line_and_no_escapes() {
        assert_eq!(draw(&picture(), Ink::Plain), "█▄ \n▀▀▀\n");
    }

    #[test]
    fn colours_are_named_where_they_change_and_ended_with_the_line() {
        let both = "\x1b[0m\x1b[48;2;1;2;3m ";
        let lower = "\x1b[0m\x1b[38;2;1;2;3m▄";

        let drawn = draw(&picture(), Ink::Colour);

        assert_eq!(drawn.lines().next(), Some(&*format!("{both}{lower}\x1b[0m \x1b[0m")));
        assert!(drawn.ends_with("▀▀▀\x1b[0m\n"));
    }
}
