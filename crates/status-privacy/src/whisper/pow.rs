//! Proof of work: what makes an envelope worth carrying to strangers.
//!
//! Of the Keccak-256 over the envelope without its nonce, then the nonce as eight bytes, the leading zero bits count. They
//! are divided by the length of what was hashed before the nonce and by the time for which the envelope is carried.

use core::time::Duration;

use status_crypto::Search;

use crate::whisper::Envelope;

/// How much work is done for our own envelopes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pow {
    /// None.
    Nothing,
    /// Until the value reaches a target; if it does not in time, the envelope waits for its next try.
    Target {
        /// The target.
        usual: f64,
        /// The target of an envelope whose payload has more than 50,000 bytes.
        large: f64,
        /// How long to search.
        within: Duration,
    },
    /// As much as is possible in this time. The envelope is carried for so much longer.
    Best {
        /// How long to search.
        within: Duration,
    },
}

impl Default for Pow {
    /// What deployed peers do.
    fn default() -> Self {
        Self::Target { usual: 0.002, large: 0.000_002, within: Duration::from_secs(5) }
    }
}

/// What the work in an envelope is worth. `later` is how many seconds longer than its time to live it will be carried, because
/// it came from a clock that is ahead; it is counted as deployed peers count, modulo 2³².
#[must_use]
pub fn value(envelope: &Envelope<'_>, later: u32) -> f64 {
    let prefix = envelope.prefix();
    let zeros = Search::new(&prefix).zeros(envelope.nonce);
    // In this order: other orders round otherwise.
    power_of_two(zeros) / length(prefix.len()) / f64::from(envelope.ttl.wrapping_add(later))
}

/// How many leading zero bits are searched for when an envelope of `size` bytes with a time to live of `ttl` seconds shall be
/// worth `target`; 1 to 256.
///
/// Spec: here the size is [`Envelope::size`], which is not the length that [`value`] divides by. Deployed peers do so too.
#[must_use]
pub fn needed_bits(target: f64, size: usize, ttl: u32) -> u32 {
    let hashes = target * length(size) * f64::from(ttl);
    if hashes.is_nan() || hashes <= 1.0 {
        return 1;
    }
    // The logarithm, rounded up: the exponent, and one more if anything is left.
    let bits = hashes.to_bits();
    let exponent = u32::try_from(bits >> 52).unwrap_or_default().saturating_sub(1_023);
    let rest = u32::from(bits & ((1 << 52) - 1) != 0);
    exponent.saturating_add(rest).clamp(1, 256)
}

/// How many leading zero bits make an envelope worth `target`: what deployed peers search for, and more where that is too
/// little.
pub(crate) fn bits_for(target: f64, envelope: &Envelope<'_>, prefix: &[u8]) -> u32 {
    let mut bits = needed_bits(target, envelope.size(), envelope.ttl);
    while bits < 256 && power_of_two(bits) / length(prefix.len()) / f64::from(envelope.ttl) < target {
        bits += 1;
    }
    bits
}

fn power_of_two(exponent: u32) -> f64 {
    f64::from_bits((u64::from(exponent) + 1_023) << 52)
}

fn length(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_rounded_up_and_never_below_one() {
        assert_eq!(needed_bits(1.0, 1, 1), 1);
        assert_eq!(needed_bits(1.0, 2, 1), 1);
        assert_eq!(needed_bits(1.0, 4, 1), 2);
        assert_eq!(needed_bits(1.0, 5, 1), 3);
        assert_eq!(needed_bits(0.002, 84, 15), 2);
    }

    #[test]
    fn a_target_without_sense_is_no_trouble() {
        for target in [-1.0, 0.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(needed_bits(target, 300, 15), 1, "{target}");
        }
        assert_eq!(needed_bits(f64::INFINITY, 300, 15), 256);
        assert_eq!(needed_bits(f64::MAX, 300, 15), 256);
    }
}
