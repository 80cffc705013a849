//! Moving from the deployed suite to that of the whitepaper, one release at a time.

use crate::suite::{Suite, Suites};

/// Which suites this device reads, and in which it writes. Default: [`Transition::Negotiated`].
///
/// The old form is [`Suite::Secp256k1`] in deployed messages, the new one [`Suite::Curve25519`]. Four of the choices
/// are the releases *x* − 1 to *x* + 2 of a transition: two neighbours understand each other, and of any others the
/// one that would not be understood refuses to seal, or the reader refuses to open. None of them changes what is
/// sealed to an identity alone, because identities are on secp256k1 in every suite.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Transition {
    /// *x* − 1: reads the old, writes the old, announces nothing. Forbids Curve25519.
    Old,
    /// *x*: reads both and says so, writes the old.
    ReadBoth,
    /// Reads both and says so; writes the new to each device that reads it, and the old to the others.
    #[default]
    Negotiated,
    /// *x* + 1: reads both and says so, writes the new only.
    WriteNew,
    /// *x* + 2: reads the new and says so, writes the new. Requires Curve25519.
    New,
}

impl Transition {
    /// What this device reads, as it announces it.
    #[must_use]
    pub const fn reads(self) -> Suites {
        match self {
            Self::Old => Suites::DEPLOYED,
            Self::ReadBoth | Self::Negotiated | Self::WriteNew => {
                Suites::of(&[Suite::Secp256k1, Suite::Curve25519])
            }
            Self::New => Suites::of(&[Suite::Curve25519]),
        }
    }

    /// In which suite to write to a device that reads `theirs`; `None` if none will do.
    ///
    /// Invariant: it follows from what the device has announced alone, so no message on its way changes it.
    #[must_use]
    pub const fn writes(self, theirs: Suites) -> Option<Suite> {
        let old = theirs.has(Suite::Secp256k1);
        let new = theirs.has(Suite::Curve25519);
        match self {
            Self::Old | Self::ReadBoth if old => Some(Suite::Secp256k1),
            Self::Negotiated | Self::WriteNew | Self::New if new => Some(Suite::Curve25519),
            Self::Negotiated if old => Some(Suite::Secp256k1),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_negotiation_writes_in_both() {
        let both = Transition::Negotiated.reads();
        let writes =
            |transition: Transition| [Suites::DEPLOYED, both].map(|theirs| transition.writes(theirs));
        let (old, new) = (Some(Suite::Secp256k1), Some(Suite::Curve25519));

        assert_eq!(writes(Transition::Old), [old, old]);
        assert_eq!(writes(Transition::ReadBoth), [old, old]);
        assert_eq!(writes(Transition::Negotiated), [old, new]);
        assert_eq!(writes(Transition::WriteNew), [None, new]);
        assert_eq!(writes(Transition::New), [None, new]);
    }

    #[test]
    fn suites_of_the_future_alone_cannot_be_written_to() {
        let future = Suites::from_bits(0b100);

        assert_eq!(Transition::Negotiated.writes(future), None);
    }
}
