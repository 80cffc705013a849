//! Colours that follow from a key.

use alloc::vec::Vec;
use core::fmt;

use status_crypto::PublicKey;
use status_layer::UserId;

use crate::digits::{digits, remainder, slice};

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Colours of which a ring is made, by their numbers. The same light and dark.
pub const PALETTE: [Rgb; COLOURS as usize] = palette([
    0x000000, 0x726f6f, 0xc4c4c4, 0xe7e7e7, 0xffffff, 0x00ff00, 0x009800, 0xb8ffbb, 0xffc413, 0x9f5947,
    0xffff00, 0xa8ac00, 0xffffb0, 0xff5733, 0xff0000, 0x9a0000, 0xff9d9d, 0xff0099, 0xc80078, 0xff00ff,
    0x900090, 0xffb0ff, 0x9e00ff, 0x0000ff, 0x000086, 0x9b81ff, 0x3faef9, 0x9a6600, 0x00ffff, 0x008694,
    0xc2ffff, 0x00f0b6,
]);

/// Number of colours in [`PALETTE`].
const COLOURS: u16 = 32;

/// Longest segment, in units.
const LONGEST: u16 = 5;

/// Number of colours that stand for a person.
const PEOPLE: u16 = 11;

/// A piece of the ring around a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segment {
    /// How long it is: 1 to 5 units. The whole ring is the sum of all.
    pub units: u8,
    /// Its colour: a place in [`PALETTE`].
    pub colour: u8,
}

impl Segment {
    /// The colour to paint it in.
    #[must_use]
    pub fn rgb(self) -> Rgb {
        PALETTE.get(usize::from(self.colour)).copied().unwrap_or(Rgb(0, 0, 0))
    }
}

/// The ring of colours around somebody's picture: 80 bits of the key. Neighbours differ in colour.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ColourHash(Vec<Segment>);

impl ColourHash {
    /// Most segments.
    pub const MAX: usize = 11;

    /// The ring of a user.
    #[must_use]
    pub fn of(user: &UserId) -> Self {
        Self::of_number(&slice::<10>(user, 21))
    }

    /// The ring of a number. A digit of base 160 is a length and a colour; who would repeat the colour before takes the
    /// next one.
    fn of_number(number: &[u8]) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        for digit in digits(number, LONGEST * COLOURS) {
            let (units, mut colour) = (digit / COLOURS + 1, digit % COLOURS);
            if segments.last().is_some_and(|last| u16::from(last.colour) == colour) {
                colour = (colour + 1) % COLOURS;
            }
            segments.push(Segment { units: units as u8, colour: colour as u8 });
        }
        Self(segments)
    }

    /// The segments, in their order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The length of the whole ring, in units.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.0.iter().map(|segment| u32::from(segment.units)).sum()
    }
}

impl fmt::Display for ColourHash {
    /// As text, for screens without colours: `3-30 2-10 …`, units and number of the colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{}-{}", segment.units, segment.colour)?;
        }
        Ok(())
    }
}

/// The number of the colour in which a person is shown, below 11.
#[must_use]
pub fn colour_id(key: &PublicKey) -> u8 {
    remainder(&key.uncompressed(), PEOPLE) as u8
}

const fn palette(colours: [u32; COLOURS as usize]) -> [Rgb; COLOURS as usize] {
    let mut out = [Rgb(0, 0, 0); COLOURS as usize];
    let (mut to, mut from) = (out.as_mut_slice(), colours.as_slice());
    while let ([first, others @ ..], [colour, rest @ ..]) = (to, from) {
        let [_, red, green, blue] = colour.to_be_bytes();
        *first = Rgb(red, green, blue);
        (to, from) = (others, rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use status_crypto::text::parse_user;

    const KEY: &str = "0x04e25da6994ea2dc4ac70727e07eca153ae92bf7609db7befb7ebdceaad348f4fc\
                       55bbe90abf9501176301db5aa103fc0eb3bc3750272a26c424a10887db2a7ea8";

    #[test]
    fn a_key_has_the_ring_that_deployed_peers_draw() {
        let ring = ColourHash::of(&parse_user(KEY).unwrap());

        assert_eq!(ring.to_string(), "3-30 2-10 5-5 3-14 5-4 4-19 3-16 4-0 5-28 4-13 4-15");
        assert_eq!(ring.units(), 42);
    }

    #[test]
    fn a_key_has_the_colour_that_deployed_peers_give_it() {
        let key = PublicKey::from_user(&parse_user(KEY).unwrap()).unwrap();

        assert_eq!(colour_id(&key), 2);
    }

    #[test]
    fn neighbours_differ_in_colour() {
        let ring = ColourHash::of_number(&[0; 10]);
        assert_eq!(ring.to_string(), "1-0");

        // 160 × 159 + 159: both digits are the longest segment of the last colour.
        let ring = ColourHash::of_number(&(160_u16 * 159 + 159).to_be_bytes());
        assert_eq!(ring.to_string(), "5-31 5-0");
        assert_eq!(ColourHash::of_number(&[0xff; 10]).segments().len(), ColourHash::MAX);
    }

    #[test]
    fn the_palette_is_whole() {
        assert_eq!(PALETTE[1], Rgb(0x72, 0x6f, 0x6f));
        assert_eq!(PALETTE[31], Rgb(0x00, 0xf0, 0xb6));
    }
}
