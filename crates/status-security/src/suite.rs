//! Ratchet suites: on which curve the keys of a ratchet live, and how a device says which it understands.
//!
//! Identities, prekeys and X3DH are on secp256k1 in every suite; only the ratchet's own keys differ.

pub(crate) mod curve;

use core::fmt;

use crate::key::Point;

/// The curve of a ratchet's keys.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Suite {
    /// The deployed one: compressed points, 33 bytes in a header.
    Secp256k1,
    /// The whitepaper's: X25519 (RFC 7748), 32 bytes in a header.
    Curve25519,
}

/// A set of suites, as a device announces it: one bit each. Bits of suites that are not known here are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Suites(u32);

/// The public half of a ratchet key, as it stands in a header. Its length tells the suite.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RatchetKey {
    /// A compressed point, not yet known to lie on the curve.
    Secp256k1(Point),
    /// A `u` coordinate; any 32 bytes are one, but not all may be used.
    Curve25519([u8; 32]),
}

impl Suite {
    /// Its bit in [`Suites`].
    const fn bit(self) -> u32 {
        match self {
            Self::Secp256k1 => 1,
            Self::Curve25519 => 2,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secp256k1 => "secp256k1",
            Self::Curve25519 => "curve25519",
        })
    }
}

impl Suites {
    /// What a device understands that announces nothing: the deployed suite.
    pub const DEPLOYED: Self = Self::of(&[Suite::Secp256k1]);

    /// The set of these.
    #[must_use]
    pub const fn of(suites: &[Suite]) -> Self {
        let (mut bits, mut rest) = (0, suites);
        while let [suite, tail @ ..] = rest {
            bits |= suite.bit();
            rest = tail;
        }
        Self(bits)
    }

    /// The set of which these are the bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The set as bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it holds `suite`.
    #[must_use]
    pub const fn has(self, suite: Suite) -> bool {
        self.0 & suite.bit() != 0
    }
}

impl RatchetKey {
    /// Takes a key as it came; `None` if no suite has keys of this length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            33 => bytes.try_into().ok().map(Self::Secp256k1),
            32 => bytes.try_into().ok().map(Self::Curve25519),
            _ => None,
        }
    }

    /// The bytes on the wire: 33 or 32.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Secp256k1(point) => point,
            Self::Curve25519(u) => u,
        }
    }

    /// The suite of the ratchet that it belongs to.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        match self {
            Self::Secp256k1(_) => Suite::Secp256k1,
            Self::Curve25519(_) => Suite::Curve25519,
        }
    }
}

impl From<Point> for RatchetKey {
    fn from(point: Point) -> Self {
        Self::Secp256k1(point)
    }
}

impl AsRef<[u8]> for RatchetKey {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_key_tells_its_suite() {
        let suite = |len| RatchetKey::from_bytes(&[2; 40][..len]).map(|key| key.suite());

        assert_eq!(suite(33), Some(Suite::Secp256k1));
        assert_eq!(suite(32), Some(Suite::Curve25519));
        assert_eq!((suite(0), suite(31), suite(34)), (None, None, None));
    }

    #[test]
    fn suites_that_are_not_known_here_stay_in_the_set() {
        let set = Suites::from_bits(0b1010);

        assert!(set.has(Suite::Curve25519) && !set.has(Suite::Secp256k1));
        assert_eq!(set.bits(), 0b1010);
    }
}
