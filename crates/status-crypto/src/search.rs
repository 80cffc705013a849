//! The search for a number that gives a hash many leading zeros: proof of work.

use core::ops::Range;

use sha3::{Digest, Keccak256};

/// A prefix that was hashed once; each number that is tried costs only the hashing of what follows.
#[derive(Clone)]
pub struct Search {
    absorbed: Keccak256,
}

/// A number and what it is worth.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Found {
    /// How many leading zero bits the hash has.
    pub zeros: u32, // bits
    /// The number.
    pub number: u64,
}

impl Search {
    /// A search for numbers behind `prefix`.
    #[must_use]
    pub fn new(prefix: &[u8]) -> Self {
        Self { absorbed: Keccak256::new_with_prefix(prefix) }
    }

    /// How many leading zero bits `keccak256(prefix ‖ number, 8 bytes big-endian)` has, 0 to 256.
    #[must_use]
    pub fn zeros(&self, number: u64) -> u32 {
        let mut hash = self.absorbed.clone();
        hash.update(number.to_be_bytes());
        leading_zeros(&hash.finalize().into())
    }

    /// Tries numbers in ascending order; returns the first that has `enough` zeros, otherwise the first of the best. `None`
    /// if there is no number to try.
    #[must_use]
    pub fn run(&self, numbers: Range<u64>, enough: u32) -> Option<Found> {
        let mut best: Option<Found> = None;
        for number in numbers {
            let zeros = self.zeros(number);
            if best.is_none_or(|best| zeros > best.zeros) {
                best = Some(Found { zeros, number });
                if zeros >= enough {
                    break;
                }
            }
        }
        best
    }
}

impl core::fmt::Debug for Search {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Search(..)")
    }
}

/// How many bits before the first that is set.
fn leading_zeros(hash: &[u8; 32]) -> u32 {
    let mut zeros = 0;
    for byte in hash {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keccak256;

    #[test]
    fn a_prefix_that_was_hashed_once_gives_the_same_hashes() {
        for len in [0, 1, 127, 128, 129, 135, 136, 137, 1_000] {
            let prefix = vec![7; len];
            let search = Search::new(&prefix);

            for number in [0, 1, 255, u64::MAX] {
                let whole = keccak256(&[&prefix, &number.to_be_bytes()]);
                assert_eq!(search.zeros(number), leading_zeros(&whole), "{len} bytes, {number}");
            }
        }
    }

    #[test]
    fn the_first_number_that_suffices_is_found() {
        let search = Search::new(b"prefix");

        let found = search.run(0..u64::MAX, 8).unwrap();

        assert!(found.zeros >= 8);
        assert!((0..found.number).all(|number| search.zeros(number) < 8));
    }

    #[test]
    fn without_enough_the_best_is_returned() {
        let search = Search::new(b"prefix");

        let best = search.run(100..200, 256).unwrap();

        assert!((100..200).all(|number| search.zeros(number) <= best.zeros));
        assert!((100..best.number).all(|number| search.zeros(number) < best.zeros));
        assert_eq!(search.run(5..5, 0), None);
    }

    #[test]
    fn zeros_are_counted_bit_by_bit() {
        let hash = |set: usize| {
            let mut hash = [0; 32];
            if let Some(byte) = hash.get_mut(set / 8) {
                *byte = 0x80 >> (set % 8);
            }
            leading_zeros(&hash)
        };

        assert!((0..256).all(|set| hash(set) == set as u32));
        assert_eq!(hash(256), 256);
    }
}
