//! Words that somebody may have meant.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Language;
use super::mnemonic::{likely_language, normal};

/// Most words that are proposed.
const PROPOSED: usize = 3;

/// Most letters by which a proposed word differs.
const FARTHEST: usize = 2;

/// Longest word that is compared, in characters; those of the lists have at most 24, accents counted.
const LONGEST: usize = 32;

/// The first unknown word of a phrase, and the words of the list that are written most like it.
///
/// It says something of the phrase: it is for the eyes of its owner, and `Debug` prints nothing of it.
#[derive(Clone, Eq, PartialEq)]
pub struct Spelling {
    /// Which word, counted from 1.
    pub number: usize,
    /// In whose list the words are: the language in which most words of the phrase are known.
    pub language: Language,
    /// At most three words, the nearest first; none if nothing is near.
    pub words: Vec<&'static str>,
}

impl Spelling {
    /// What may have been meant in a phrase that [`Mnemonic::parse`](super::Mnemonic::parse) does not know a word of;
    /// `None` if it knows them all.
    #[must_use]
    pub fn of(phrase: &str) -> Option<Self> {
        let phrase = normal(phrase);
        let language = likely_language(&phrase);
        let unknown = |word: &str| !language.words().contains(&word);
        let (at, word) = phrase.split_whitespace().enumerate().find(|(_, word)| unknown(word))?;
        Some(Self { number: at.saturating_add(1), language, words: nearest(word, language) })
    }
}

impl fmt::Debug for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spelling(..)")
    }
}

fn nearest(word: &str, language: Language) -> Vec<&'static str> {
    let word: String = word.to_lowercase();
    if word.chars().count() > LONGEST {
        return Vec::new();
    }
    let near =
        |entry: &&'static str| Some((distance(&word, entry), *entry)).filter(|(far, _)| *far <= FARTHEST);
    let mut found: Vec<_> = language.words().iter().filter_map(near).collect();
    // The lists are sorted, and this sort keeps the order of what is equally far.
    found.sort_by_key(|(far, _)| *far);
    found.into_iter().take(PROPOSED).map(|(_, word)| word).collect()
}

/// How many characters have to be added, taken away or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, wanted) in one.chars().enumerate() {
        let (mut corner, mut left) = (line, line.saturating_add(1));
        let (first, rest) = row.split_at_mut(1);
        first.fill(left);
        for (above, found) in rest.iter_mut().zip(other.chars()) {
            let changed = corner.saturating_add(usize::from(found != wanted));
            corner = *above;
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHRASE: &str = "staff search left cable erase awesome super pioneer predict wrestle outside foot";

    #[test]
    fn the_distance_counts_letters() {
        assert_eq!((distance("", ""), distance("abc", ""), distance("", "ab")), (0, 3, 2));
        assert_eq!(
            (distance("left", "lefft"), distance("kitten", "sitting"), distance("ab", "ba")),
            (1, 3, 2)
        );
    }

    #[test]
    fn a_misspelt_word_is_named_with_its_neighbours() {
        let spelling = Spelling::of(&PHRASE.replace("erase", "erace")).unwrap();

        assert_eq!((spelling.number, spelling.language), (5, Language::English));
        assert_eq!(spelling.words.first(), Some(&"erase"));
        assert!(spelling.words.len() <= PROPOSED);
        assert_eq!(
            Spelling::of(&PHRASE.replace("Left", "LEFT").replace("left", "Left")).unwrap().words[0],
            "left"
        );
    }

    #[test]
    fn nothing_is_proposed_for_what_is_far_or_right() {
        assert_eq!(Spelling::of(PHRASE), None);
        assert_eq!(Spelling::of(&PHRASE.replace("left", "qqqqqqqq")).unwrap().words, Vec::<&str>::new());
        assert_eq!(Spelling::of(&"x".repeat(10_000)).unwrap().words, Vec::<&str>::new());
    }

    #[test]
    fn neighbours_are_of_the_language_of_the_phrase() {
        let words = Language::Spanish.words();
        let phrase = [words[7], words[900], "abogadp", words[77]].join(" ");

        let spelling = Spelling::of(&phrase).unwrap();

        assert_eq!((spelling.number, spelling.language), (3, Language::Spanish));
        assert_eq!(spelling.words, ["abogado"]);
    }

    #[test]
    fn what_somebody_may_have_meant_is_never_printed() {
        assert_eq!(format!("{:?}", Spelling::of("lefft").unwrap()), "Spelling(..)");
    }
}
