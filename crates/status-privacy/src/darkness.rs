//! Darkness: what is hidden beyond what deployed peers hide. All of it is off unless asked for, costs traffic, and is
//! understood by deployed peers.

use core::time::Duration;

/// What is hidden, and at which price.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Darkness {
    /// To which lengths messages are filled up.
    pub padding: Padding,
    /// Whether frames are sent that say nothing, so that who watches us cannot tell when we write.
    pub cover: Option<Cover>,
    /// Among how many other inboxes ours is asked for. Each costs the traffic of one partition and no key agreement. They are
    /// chosen once and kept, for whoever compared changing ones would be left with ours.
    pub decoys: u8,
}

impl Darkness {
    /// As deployed peers: blocks of 256 bytes, no cover, no decoys.
    pub const DEPLOYED: Self = Self { padding: Padding::Blocks, cover: None, decoys: 0 };
}

/// To which lengths a message is filled up before it is sealed. Every plaintext has one of the lengths, signature
/// included, and at least one byte of padding.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Padding {
    /// Multiples of 256 bytes, as deployed peers do. Up to 115 KiB these are 451 lengths.
    #[default]
    Blocks,
    /// Powers of two from 256 bytes on: ten lengths up to the longest, 128 KiB. A message is up to twice as long for it.
    PowersOfTwo,
}

/// How much cover traffic is sent.
///
/// The moments are a Poisson process: whatever came before, the next frame is as far away as ever. Each frame costs what it
/// is long (as a frame that was lately sent; 512 bytes before there was one) and up to 113 bytes of sealing and about 80 of its
/// message; with one a minute that is some 42 kB an hour, see [`Cover::bytes_an_hour`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cover {
    /// The mean time between two frames, at least a second.
    pub every: Duration,
}

/// The least time between two frames of cover on average.
const LEAST: Duration = Duration::from_secs(1);

/// What Waku and sealing put around a plaintext, in bytes: 113 and about 80.
const AROUND: u64 = 193;

/// The length to which the shortest messages are filled up, in bytes.
pub(crate) const BLOCK: usize = 256;

impl Padding {
    /// The length, in bytes, of a plaintext that has `raw` bytes without padding. It is always more.
    #[must_use]
    pub fn filled(self, raw: usize) -> usize {
        match self {
            Self::Blocks => raw.saturating_add(BLOCK - raw % BLOCK),
            Self::PowersOfTwo => {
                raw.saturating_add(1).checked_next_power_of_two().unwrap_or(usize::MAX).max(BLOCK)
            }
        }
    }
}

impl Cover {
    /// The mean time between two frames as it is kept to.
    pub(crate) fn mean(self) -> Duration {
        self.every.max(LEAST)
    }

    /// What it costs on average, in bytes an hour, if the frames have plaintexts of `len` bytes.
    #[must_use]
    pub fn bytes_an_hour(self, len: usize) -> u64 {
        let hour = Duration::from_secs(3_600).as_millis();
        let frame = u128::from(AROUND).saturating_add(len as u128);
        u64::try_from(hour.saturating_mul(frame) / self.mean().as_millis().max(1)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classes_are_those_of_deployed_peers_or_powers_of_two() {
        for (raw, blocks, powers) in [
            (0, 256, 256),
            (255, 256, 256),
            (256, 512, 512),
            (512, 768, 1_024),
            (768, 1_024, 1_024),
            (1_023, 1_024, 1_024),
            (1_024, 1_280, 2_048),
            (115_400, 115_456, 131_072),
        ] {
            assert_eq!(
                (Padding::Blocks.filled(raw), Padding::PowersOfTwo.filled(raw)),
                (blocks, powers),
                "{raw}"
            );
        }
    }

    #[test]
    fn cover_costs_what_is_said() {
        let cover = Cover { every: Duration::from_secs(60) };

        assert_eq!(cover.bytes_an_hour(512), 42_300);
        assert_eq!(Cover { every: Duration::ZERO }.bytes_an_hour(512), 60 * 42_300, "a second at least");
    }
}
