//! Rings of colours as pixels.

use core::f64::consts::TAU;

use crate::{ColourHash, Identicon, Pixels, Rgb};

/// Points a side that are looked at within a pixel, to have smooth edges.
const POINTS: u32 = 4;

impl ColourHash {
    /// The segments as a ring of this diameter, in pixels; it begins on the right and goes clockwise, as deployed peers draw
    /// it, and is a twelfth of the diameter wide.
    #[must_use]
    pub fn ring(&self, diameter: u32) -> Pixels {
        self.around(diameter, |_, _| None)
    }

    /// The ring with an identicon in it.
    #[must_use]
    pub fn portrait(&self, identicon: &Identicon, diameter: u32) -> Pixels {
        let diameter = diameter.clamp(1, Pixels::MAX_SIDE);
        let cell = (diameter / 9).max(1);
        let picture = identicon.scaled(cell, 0);
        let margin = diameter.saturating_sub(picture.width()) / 2;
        self.around(diameter, |x, y| picture.at(x.checked_sub(margin)?, y.checked_sub(margin)?))
    }

    fn around(&self, diameter: u32, inside: impl Fn(u32, u32) -> Option<Rgb>) -> Pixels {
        let outer = f64::from(diameter.clamp(1, Pixels::MAX_SIDE)) / 2.0;
        Pixels::shade(diameter, diameter, |x, y| {
            let points = (0..POINTS * POINTS).filter_map(|at| {
                let part = |at: u32| (f64::from(at) + 0.5) / f64::from(POINTS);
                let (right, down) =
                    (f64::from(x) + part(at % POINTS) - outer, f64::from(y) + part(at / POINTS) - outer);
                self.colour_at(right / outer, down / outer)
            });
            blend(points).or_else(|| inside(x, y).map(|colour| (colour, u8::MAX)))
        })
    }

    /// The colour at a point, if it is on the ring; the circle has radius 1 around 0.
    fn colour_at(&self, right: f64, down: f64) -> Option<Rgb> {
        const INNER: f64 = 5.0 / 6.0;

        if !(INNER..=1.0).contains(&right.hypot(down)) {
            return None;
        }
        let turned = down.atan2(right).rem_euclid(TAU) / TAU * f64::from(self.units());
        let mut end = 0.0;
        let segment = self.segments().iter().find(|segment| {
            end += f64::from(segment.units);
            turned < end
        });
        segment.or(self.segments().last()).map(|segment| segment.rgb())
    }
}

/// The mean of the colours of some points of a pixel, as opaque as there are many.
fn blend(points: impl Iterator<Item = Rgb>) -> Option<(Rgb, u8)> {
    let (mut sum, mut count) = ([0_u32; 3], 0_u32);
    for Rgb(red, green, blue) in points {
        for (sum, part) in sum.iter_mut().zip([red, green, blue]) {
            *sum += u32::from(part);
        }
        count += 1;
    }
    let [red, green, blue] = sum.map(|sum| sum.checked_div(count).unwrap_or_default() as u8);
    (count > 0).then_some((Rgb(red, green, blue), (count * 255 / (POINTS * POINTS)) as u8))
}

#[cfg(test)]
mod tests {
    use status_crypto::{Keyring, SecretKey};

    use super::*;

    #[test]
    fn a_ring_begins_on_the_right_and_goes_clockwise() {
        let ring = ColourHash::of(&SecretKey::from_bytes(&[3; 32]).unwrap().user());
        let picture = ring.ring(120);

        let (first, last) = (ring.segments().first().unwrap(), ring.segments().last().unwrap());
        assert_eq!(picture.at(115, 61), Some(first.rgb()));
        assert_eq!(picture.at(115, 58), Some(last.rgb()));
        assert_eq!((picture.at(60, 60), picture.at(0, 0)), (None, None));
    }

    #[test]
    fn every_colour_of_a_ring_shows() {
        let ring = ColourHash::of(&SecretKey::from_bytes(&[3; 32]).unwrap().user());
        let picture = ring.ring(240);

        for segment in ring.segments() {
            let shows = (0..240).any(|y| (0..240).any(|x| picture.at(x, y) == Some(segment.rgb())));
            assert!(shows, "{segment:?}");
        }
    }
}
