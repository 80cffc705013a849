//! Recovery phrases (BIP39).

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

use rand_core::CryptoRng;
use sha2::Sha512;
use status_layer::Secret;
use zeroize::Zeroizing;

use super::{Language, PhraseLength};

/// Rounds of PBKDF2 between a phrase and its seed (BIP39, "From mnemonic to seed").
const ROUNDS: u32 = 2048;

/// Longest phrase, in bytes: 24 words, and a space after each. The longest words are Japanese.
const MAX_TEXT: usize = 24 * 64;

/// A recovery phrase: words of one list of BIP39, 12 to 24 of them. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Mnemonic(Zeroizing<String>);

/// Why a text is not a recovery phrase.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MnemonicError {
    /// A phrase has 12, 15, 18, 21 or 24 words.
    #[error("a recovery phrase has 12, 15, 18, 21 or 24 words, this has {found}")]
    Words {
        /// Number of words found.
        found: usize,
    },
    /// A word is not in the list. Words are lower-case.
    #[error("word {number} is not a word of recovery phrases; check its spelling")]
    UnknownWord {
        /// Which word, counted from 1.
        number: usize,
    },
    /// All words are known, but they do not belong together.
    #[error("the words do not fit together; one is wrong, or their order is")]
    Checksum,
    /// Entropy has 16, 20, 24, 28 or 32 bytes.
    #[error("the entropy of a phrase has 16, 20, 24, 28 or 32 bytes, this has {len}")]
    Entropy {
        /// Length found, in bytes.
        len: usize,
    },
}

impl Mnemonic {
    /// Makes a phrase of 12 English words, drawing 16 bytes.
    ///
    /// # Errors
    /// Never with this length; the type is that of [`Mnemonic::from_entropy`].
    pub fn generate(rng: &mut dyn CryptoRng) -> Result<Self, MnemonicError> {
        Self::generate_in(Language::English, PhraseLength::Twelve, rng)
    }

    /// Makes a phrase of this length in a language, drawing [`PhraseLength::entropy`] bytes.
    ///
    /// # Errors
    /// Never; the type is that of [`Mnemonic::from_entropy_in`].
    pub fn generate_in(
        language: Language,
        length: PhraseLength,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, MnemonicError> {
        let mut entropy = Zeroizing::new([0; 32]);
        let drawn = entropy.get_mut(..length.entropy()).unwrap_or_default();
        rng.fill_bytes(drawn);
        Self::from_entropy_in(language, drawn)
    }

    /// The English phrase that stands for 16, 20, 24, 28 or 32 random bytes: 12, 15, 18, 21 or 24 words.
    ///
    /// # Errors
    /// [`MnemonicError::Entropy`].
    pub fn from_entropy(entropy: &[u8]) -> Result<Self, MnemonicError> {
        Self::from_entropy_in(Language::English, entropy)
    }

    /// The phrase in a language that stands for 16, 20, 24, 28 or 32 random bytes.
    ///
    /// # Errors
    /// [`MnemonicError::Entropy`].
    pub fn from_entropy_in(language: Language, entropy: &[u8]) -> Result<Self, MnemonicError> {
        match bip39::Mnemonic::from_entropy_in(language.list(), entropy) {
            Ok(words) => Ok(Self(written(&words))),
            Err(_) => Err(MnemonicError::Entropy { len: entropy.len() }),
        }
    }

    /// Reads a phrase in whatever language it is, and checks it. White space between and around the words does not matter.
    ///
    /// A phrase that is right in two languages gives the same seed in both. [`Spelling`](super::Spelling) says what may
    /// have been meant by an unknown word.
    ///
    /// # Errors
    /// [`MnemonicError::Words`], [`MnemonicError::UnknownWord`] or [`MnemonicError::Checksum`], judged in the language in
    /// which most words are known.
    pub fn parse(text: &str) -> Result<Self, MnemonicError> {
        let found = text.split_whitespace().count();
        if PhraseLength::of_words(found).is_none() {
            return Err(MnemonicError::Words { found });
        }
        let text = normal(text);
        let read = Language::ALL.iter().find_map(|language| Self::parse_in(*language, &text).ok());
        read.map_or_else(|| Self::parse_in(likely_language(&text), &text), Ok)
    }

    /// Reads a phrase in one language, and checks it.
    ///
    /// # Errors
    /// [`MnemonicError::Words`], [`MnemonicError::UnknownWord`] or [`MnemonicError::Checksum`].
    pub fn parse_in(language: Language, text: &str) -> Result<Self, MnemonicError> {
        match bip39::Mnemonic::parse_in(language.list(), text) {
            Ok(words) => Ok(Self(written(&words))),
            Err(bip39::Error::BadWordCount(found)) => Err(MnemonicError::Words { found }),
            Err(bip39::Error::UnknownWord(index)) => {
                Err(MnemonicError::UnknownWord { number: index.saturating_add(1) })
            }
            Err(_) => Err(MnemonicError::Checksum),
        }
    }

    /// Takes any text as a phrase, exactly as it is. Deployed peers derive accounts from unchecked phrases
    /// too, so this recovers an account that was made with a misspelt one.
    #[must_use]
    pub fn unchecked(text: &str) -> Self {
        Self(Zeroizing::new(text.to_string()))
    }

    /// The phrase, to be shown once to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The seed, 64 bytes: PBKDF2-HMAC-SHA-512 over the phrase, with `mnemonic` and the passphrase as salt, both
    /// in the normal form NFKD.
    #[must_use]
    pub fn seed(&self, passphrase: &str) -> Secret {
        let phrase = normal(self.0.as_str());
        let salt = normal(passphrase);
        let salt = Zeroizing::new([b"mnemonic", salt.as_bytes()].concat());
        let mut seed = Zeroizing::new([0; 64]);
        pbkdf2::pbkdf2_hmac::<Sha512>(phrase.as_bytes(), &salt, ROUNDS, seed.as_mut_slice());
        Secret::new(seed.as_slice())
    }
}

/// The words with single spaces between them.
fn written(words: &bip39::Mnemonic) -> Zeroizing<String> {
    // Room for all at once: a text that grows leaves copies of its beginning behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
    for word in words.words() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The language in whose list most words of a phrase in normal form are; the first of equals.
pub(super) fn likely_language(text: &str) -> Language {
    let known = |language: &Language| {
        let list = language.words();
        text.split_whitespace().take(24).filter(|word| list.contains(word)).count()
    };
    let mut likely = (0, Language::English);
    for language in Language::ALL {
        let count = known(&language);
        if count > likely.0 {
            likely = (count, language);
        }
    }
    likely.1
}

/// The text in the normal form NFKD.
pub(super) fn normal(text: &str) -> Zeroizing<String> {
    let mut text = Cow::from(text);
    bip39::Mnemonic::normalize_utf8_cow(&mut text);
    Zeroizing::new(text.into_owned())
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mnemonic(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use status_layer::testing::ScriptedRng;

    const PHRASE: &str = "staff search left cable erase awesome super pioneer predict wrestle outside foot";

    #[test]
    fn a_new_phrase_has_twelve_words() {
        let entropy = hex::decode("d41841fc8ff4c621366d29a9bfca762d").unwrap();

        let phrase = Mnemonic::generate(&mut ScriptedRng::new(entropy)).unwrap();

        assert_eq!(phrase.expose(), PHRASE);
    }

    #[test]
    fn a_phrase_is_written_with_single_spaces() {
        let phrase = Mnemonic::parse(&PHRASE.replace(' ', "\n  ")).unwrap();

        assert_eq!(phrase.expose(), PHRASE);
    }

    #[test]
    fn a_wrong_phrase_is_refused_with_the_reason() {
        let refused = |text: &str| Mnemonic::parse(text).err();

        assert_eq!(refused("staff search"), Some(MnemonicError::Words { found: 2 }));
        assert_eq!(refused(&PHRASE.replace("left", "lefft")), Some(MnemonicError::UnknownWord { number: 3 }));
        assert_eq!(refused(&PHRASE.replace("foot", "left")), Some(MnemonicError::Checksum));
        assert_eq!(Mnemonic::from_entropy(&[7; 17]).err(), Some(MnemonicError::Entropy { len: 17 }));
    }

    #[test]
    fn every_language_and_length_is_made_and_read_back() {
        for language in Language::ALL {
            for length in PhraseLength::ALL {
                let mut rng =
                    ScriptedRng::new((0..length.entropy()).map(|at| at as u8 ^ 0xa5).collect::<Vec<_>>());
                let phrase = Mnemonic::generate_in(language, length, &mut rng).unwrap();

                let text = phrase.expose();

                assert_eq!(text.split(' ').count(), length.words());
                assert_eq!(Mnemonic::parse(text).unwrap().expose(), text, "{language:?}");
                assert_eq!(likely_language(text), language);
            }
        }
    }

    #[test]
    fn a_phrase_is_read_however_its_letters_are_composed() {
        // The first eleven bits are the first word.
        let french = Language::French.words().iter().position(|word| *word == "acade\u{301}mie").unwrap();
        let phrase = (0..=u8::MAX)
            .map(|byte| {
                Mnemonic::from_entropy_in(
                    Language::French,
                    &[(french >> 3) as u8, (french << 5) as u8, byte, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                )
                .unwrap()
            })
            .find(|phrase| phrase.expose().starts_with("acade\u{301}mie "))
            .unwrap();
        let composed = phrase.expose().replace("e\u{301}", "\u{e9}");
        let japanese = Mnemonic::from_entropy_in(Language::Japanese, &[0x5a; 16]).unwrap();

        assert_eq!(Mnemonic::parse(&composed).unwrap().expose(), phrase.expose());
        let wide = Mnemonic::parse(&japanese.expose().replace(' ', "\u{3000}")).unwrap();
        assert_eq!(wide.expose(), japanese.expose());
    }

    #[test]
    fn a_phrase_of_another_language_is_refused_with_its_own_reason() {
        let phrase = Mnemonic::from_entropy_in(Language::Czech, &[9; 16]).unwrap();
        let mut words: Vec<&str> = phrase.expose().split(' ').collect();
        words[4] = "nothing";

        assert_eq!(Mnemonic::parse(&words.join(" ")).err(), Some(MnemonicError::UnknownWord { number: 5 }));
    }

    #[test]
    fn there_is_room_for_the_longest_phrase() {
        let longest = Language::ALL.iter().flat_map(|language| language.words()).map(|word| word.len()).max();

        assert!(longest.unwrap() * 24 + 23 <= MAX_TEXT, "{longest:?}");
    }

    // Spec: BIP39, "From mnemonic to seed"
    #[test]
    fn a_passphrase_is_normalized() {
        let phrase = Mnemonic::unchecked(PHRASE);

        assert_eq!(phrase.seed("\u{e9}"), phrase.seed("e\u{301}"));
        assert_ne!(phrase.seed("\u{e9}"), phrase.seed("e"));
    }

    #[test]
    fn a_phrase_is_never_printed() {
        assert_eq!(format!("{:?}", Mnemonic::unchecked(PHRASE)), "Mnemonic(..)");
    }
}
