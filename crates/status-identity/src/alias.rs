//! Three-word names: which words a key stands for.

mod words;

use alloc::format;
use alloc::string::String;

use status_crypto::text::compressed_key;
use status_layer::UserId;

pub use words::WordLists;

/// Entries in the list of adjectives; some stand twice.
pub const ADJECTIVES: u64 = 1389;

/// Entries in the list of animals; some stand twice.
pub const ANIMALS: u64 = 1704;

/// Bits of the state of the shift register that make the next bit: polynomial 0xB8.
const TAPS: u64 = 0xb8;

/// The places of the three words of a user in the [`WordLists`]: two adjectives and an animal.
///
/// They say as much as the words, so two people who lack the lists may compare them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AliasIndexes {
    /// The first adjective, below [`ADJECTIVES`].
    pub first: u16,
    /// The second adjective, below [`ADJECTIVES`].
    pub second: u16,
    /// The animal, below [`ANIMALS`].
    pub animal: u16,
}

impl AliasIndexes {
    /// The words of a user: they follow from the last eight bytes of the X coordinate of the key.
    #[must_use]
    pub fn of(user: &UserId) -> Self {
        let seed = user.as_bytes().last_chunk().map_or(0, |low| u64::from_be_bytes(*low));
        Self::of_seed(seed)
    }

    /// The words of a seed.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        let first = shifted(seed);
        let second = shifted(first);
        let animal = shifted(second);
        Self {
            first: (first % ADJECTIVES) as u16,
            second: (second % ADJECTIVES) as u16,
            animal: (animal % ANIMALS) as u16,
        }
    }
}

/// The next state of a shift register of 64 bits.
const fn shifted(state: u64) -> u64 {
    let bit = (state & TAPS).count_ones() & 1;
    state << 1 | bit as u64
}

/// The beginning and the end of a compressed chat key, such as `zQ3...XHeEgB`: how deployed peers show who has no name.
#[must_use]
pub fn short_key(user: &UserId) -> String {
    const HEAD: usize = 3; // characters
    const TAIL: usize = 6; // characters

    let key = compressed_key(user);
    let head = key.get(..HEAD).unwrap_or_default();
    let tail = key.len().checked_sub(TAIL).and_then(|start| key.get(start..)).unwrap_or_default();
    format!("{head}...{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use status_crypto::text::parse_user;

    #[test]
    fn the_register_shifts_left_and_takes_the_parity_of_its_taps() {
        assert_eq!(shifted(0), 0);
        assert_eq!(shifted(1), 2);
        for bit in [3, 4, 5, 7] {
            assert_eq!(shifted(1 << bit), 1 << (bit + 1) | 1, "bit {bit}");
        }
        assert_eq!(shifted(1 << 3 | 1 << 4), 1 << 4 | 1 << 5);
        assert_eq!(shifted(u64::MAX), u64::MAX << 1);
    }

    #[test]
    fn a_seed_of_42_leads_to_its_words() {
        // 42 has the bits 1, 3 and 5: 84, then bits 2, 4 and 6: 169, then bits 0, 3, 5 and 7: 339.
        assert_eq!(AliasIndexes::of_seed(42), AliasIndexes { first: 84, second: 169, animal: 339 });
    }

    #[test]
    fn a_key_is_shown_by_its_ends() {
        let user = parse_user("zQ3shPyZJnxZK4Bwyx9QsaksNKDYTPmpwPvGSjMYVHoXHeEgB").unwrap();

        assert_eq!(short_key(&user), "zQ3...XHeEgB");
    }
}
