//! Pictures as SVG: text made from numbers alone, so nothing in it needs escaping.

use alloc::format;
use alloc::string::String;

use crate::{ColourHash, Rgb};

/// A whole document of this size.
pub(crate) fn document(width: u32, height: u32, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         shape-rendering=\"crispEdges\">{body}</svg>\n"
    )
}

/// Shapes in one colour.
pub(crate) fn group(Rgb(red, green, blue): Rgb, body: &str) -> String {
    format!("<g fill=\"#{red:02x}{green:02x}{blue:02x}\">{body}</g>")
}

/// A rectangle without a colour of its own.
pub(crate) fn rectangle(body: &mut String, x: u32, y: u32, width: u32, height: u32) {
    body.push_str(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
}

impl ColourHash {
    /// The segments as a ring, as SVG; it begins on the right and goes clockwise.
    #[must_use]
    pub fn svg(&self) -> String {
        /// Length of a unit on the ring.
        const UNIT: u32 = 1_000;
        /// Radius of a circle that is a unit long, in thousandths: UNIT / 2π.
        const RADIUS: u32 = 159_155;

        let all = self.units().max(1);
        let radius = all * RADIUS / 1_000;
        let (wide, side) = (radius / 5, radius / 5 + 2 * radius);
        let (mut body, mut at) = (String::new(), 0);
        for segment in self.segments() {
            let (Rgb(red, green, blue), units) = (segment.rgb(), u32::from(segment.units));
            // A dash as long as the segment, and a gap as long as the rest.
            body.push_str(&format!(
                "<circle cx=\"{middle}\" cy=\"{middle}\" r=\"{radius}\" fill=\"none\" \
                 stroke=\"#{red:02x}{green:02x}{blue:02x}\" stroke-width=\"{wide}\" \
                 stroke-dasharray=\"{} {}\" stroke-dashoffset=\"-{}\"/>",
                units * UNIT,
                all.saturating_sub(units) * UNIT,
                at * UNIT,
                middle = side / 2,
            ));
            at += units;
        }
        document(side, side, &body).replace("crispEdges", "geometricPrecision")
    }
}

#[cfg(test)]
mod tests {
    use status_layer::UserId;

    use super::*;

    #[test]
    fn a_ring_has_a_dash_for_each_segment() {
        let ring = ColourHash::of(&UserId::from_compressed(&[2; 33]).unwrap());

        let svg = ring.svg();

        assert_eq!(svg.matches("<circle").count(), ring.segments().len());
        let first = u32::from(ring.segments()[0].units);
        assert!(svg.contains(&format!(
            "\"{}000 {}000\" stroke-dashoffset=\"-0\"",
            first,
            ring.units() - first
        )));
        assert!(svg.contains(&format!("stroke-dashoffset=\"-{first}000\"")));
    }
}
