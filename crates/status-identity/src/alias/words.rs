//! The words themselves, which are supplied apart.

use alloc::string::String;
use alloc::vec::Vec;

use status_crypto::{same, sha256};
use status_layer::UserId;

use super::{ADJECTIVES, ANIMALS, AliasIndexes};
use crate::list::{ListError, lines};

/// SHA-256 over the adjectives, joined by newlines.
const ADJECTIVES_DIGEST: [u8; 32] = [
    0x2f, 0xd4, 0x79, 0x5a, 0x3e, 0xea, 0xe8, 0xe7, 0x60, 0x9e, 0x65, 0x13, 0x3c, 0xc2, 0x3c, 0xc2, 0x13,
    0x89, 0x70, 0xf0, 0x82, 0x72, 0xc2, 0x32, 0x09, 0x37, 0xdc, 0x88, 0xf1, 0x90, 0x85, 0xf3,
];

/// SHA-256 over the animals, joined by newlines.
const ANIMALS_DIGEST: [u8; 32] = [
    0x9d, 0x97, 0x0d, 0x67, 0x89, 0xf4, 0x39, 0xcd, 0xb2, 0x0a, 0xe6, 0x9f, 0x88, 0x98, 0x57, 0xee, 0xe0,
    0x10, 0x4f, 0x16, 0xaa, 0x7f, 0x2b, 0x16, 0xd1, 0x7d, 0xd1, 0xef, 0xfb, 0x36, 0x60, 0x31,
];

/// The adjectives and animals of three-word names: exactly those of deployed peers, or none.
///
/// Their licence keeps them out of this crate; the book says which file holds them.
#[derive(Clone, Debug)]
pub struct WordLists {
    adjectives: Vec<String>,
    animals: Vec<String>,
}

impl WordLists {
    /// Reads both lists, one word a line, in the order of the original, with what stands there twice.
    ///
    /// # Errors
    /// [`ListError::TooLong`], [`ListError::Entries`], or [`ListError::Other`] if a digest is not that of the lists which
    /// deployed peers use: other words would name people wrongly.
    pub fn read(adjectives: &str, animals: &str) -> Result<Self, ListError> {
        Ok(Self {
            adjectives: list(adjectives, ADJECTIVES, &ADJECTIVES_DIGEST)?,
            animals: list(animals, ANIMALS, &ANIMALS_DIGEST)?,
        })
    }

    /// The three words of a user, such as `Darkorange Blue Bubblefish`.
    #[must_use]
    pub fn alias(&self, user: &UserId) -> String {
        self.words(AliasIndexes::of(user))
    }

    /// The three words at these places.
    #[must_use]
    pub fn words(&self, at: AliasIndexes) -> String {
        let word = |list: &[String], at: u16| list.get(usize::from(at)).cloned().unwrap_or_default();
        [word(&self.adjectives, at.first), word(&self.adjectives, at.second), word(&self.animals, at.animal)]
            .join(" ")
    }

    /// Whether a text could be taken for somebody's three-word name: two adjectives and an animal of the lists, in whatever
    /// case they are written.
    #[must_use]
    pub fn is_alias(&self, text: &str) -> bool {
        let mut words = text.split_whitespace();
        let three = (words.next(), words.next(), words.next(), words.next());
        let (Some(first), Some(second), Some(animal), None) = three else { return false };
        let listed = |list: &[String], word: &str| list.iter().any(|entry| entry.eq_ignore_ascii_case(word));
        listed(&self.adjectives, first) && listed(&self.adjectives, second) && listed(&self.animals, animal)
    }
}

fn list(text: &str, want: u64, digest: &[u8; 32]) -> Result<Vec<String>, ListError> {
    let words = lines(text)?;
    let want = usize::try_from(want).unwrap_or(usize::MAX);
    if words.len() != want {
        return Err(ListError::Entries { found: words.len(), want });
    }
    if !same(&sha256(&[words.join("\n").as_bytes()]), digest) {
        return Err(ListError::Other);
    }
    Ok(words)
}

#[cfg(test)]
impl WordLists {
    /// Lists for tests, whose words are told apart by their places alone.
    pub(crate) fn made_up() -> Self {
        let words = |kind: &str, count| (0..count).map(|at| alloc::format!("{kind}{at}")).collect();
        Self { adjectives: words("Adjective", ADJECTIVES), animals: words("Animal", ANIMALS) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lists_are_refused_with_the_reason() {
        let word = |count: u64| "Word\n".repeat(usize::try_from(count).unwrap());

        assert_eq!(
            WordLists::read("One\nTwo", "Three").err(),
            Some(ListError::Entries { found: 2, want: 1389 })
        );
        assert_eq!(WordLists::read(&word(ADJECTIVES), &word(ANIMALS)).err(), Some(ListError::Other));
        assert!(matches!(WordLists::read(&"x".repeat(1 << 20), "").err(), Some(ListError::TooLong { .. })));
    }

    #[test]
    fn an_alias_is_two_adjectives_and_an_animal() {
        let lists = WordLists::made_up();

        assert_eq!(lists.words(AliasIndexes::of_seed(42)), "Adjective84 Adjective169 Animal339");
        assert!(lists.is_alias(" adjective84  ADJECTIVE169 Animal339 "));
        for other in [
            "",
            "Adjective84 Animal339",
            "Adjective84 Animal339 Adjective169",
            "Adjective1 Adjective1 Animal1 x",
        ] {
            assert!(!lists.is_alias(other), "{other}");
        }
    }
}
