//! The word lists of recovery phrases, and how long phrases are.

/// A language in which recovery phrases are written: one of the ten lists of BIP39.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Language {
    /// English, which every wallet knows.
    #[default]
    English,
    /// Chinese in simplified characters.
    ChineseSimplified,
    /// Chinese in traditional characters.
    ChineseTraditional,
    /// Czech.
    Czech,
    /// French.
    French,
    /// Italian.
    Italian,
    /// Japanese.
    Japanese,
    /// Korean.
    Korean,
    /// Portuguese.
    Portuguese,
    /// Spanish.
    Spanish,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 10] = [
        Self::English,
        Self::ChineseSimplified,
        Self::ChineseTraditional,
        Self::Czech,
        Self::French,
        Self::Italian,
        Self::Japanese,
        Self::Korean,
        Self::Portuguese,
        Self::Spanish,
    ];

    /// The name, such as `english` or `chinese-simplified`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "english",
            Self::ChineseSimplified => "chinese-simplified",
            Self::ChineseTraditional => "chinese-traditional",
            Self::Czech => "czech",
            Self::French => "french",
            Self::Italian => "italian",
            Self::Japanese => "japanese",
            Self::Korean => "korean",
            Self::Portuguese => "portuguese",
            Self::Spanish => "spanish",
        }
    }

    /// The language of a [name](Self::name).
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The 2,048 words, in their order, in the normal form NFKD.
    #[must_use]
    pub fn words(self) -> &'static [&'static str; 2048] {
        self.list().word_list()
    }

    pub(super) const fn list(self) -> bip39::Language {
        match self {
            Self::English => bip39::Language::English,
            Self::ChineseSimplified => bip39::Language::SimplifiedChinese,
            Self::ChineseTraditional => bip39::Language::TraditionalChinese,
            Self::Czech => bip39::Language::Czech,
            Self::French => bip39::Language::French,
            Self::Italian => bip39::Language::Italian,
            Self::Japanese => bip39::Language::Japanese,
            Self::Korean => bip39::Language::Korean,
            Self::Portuguese => bip39::Language::Portuguese,
            Self::Spanish => bip39::Language::Spanish,
        }
    }
}

/// How many words a recovery phrase has. Twelve cannot be guessed; more are harder to lose a part of unnoticed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PhraseLength {
    /// 12 words, 16 random bytes.
    #[default]
    Twelve,
    /// 15 words, 20 random bytes.
    Fifteen,
    /// 18 words, 24 random bytes.
    Eighteen,
    /// 21 words, 28 random bytes.
    TwentyOne,
    /// 24 words, 32 random bytes.
    TwentyFour,
}

impl PhraseLength {
    /// All lengths.
    pub const ALL: [Self; 5] =
        [Self::Twelve, Self::Fifteen, Self::Eighteen, Self::TwentyOne, Self::TwentyFour];

    /// Number of words.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Twelve => 12,
            Self::Fifteen => 15,
            Self::Eighteen => 18,
            Self::TwentyOne => 21,
            Self::TwentyFour => 24,
        }
    }

    /// Number of random bytes: three words are four bytes, and some bits of a hash.
    #[must_use]
    pub const fn entropy(self) -> usize {
        self.words() / 3 * 4
    }

    /// The length with so many words.
    #[must_use]
    pub fn of_words(words: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|length| length.words() == words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_lengths_are_found_by_what_they_are_called() {
        for language in Language::ALL {
            assert_eq!(Language::of_name(language.name()), Some(language));
        }
        for length in PhraseLength::ALL {
            assert_eq!(PhraseLength::of_words(length.words()), Some(length));
        }
        assert_eq!((Language::of_name("latin"), PhraseLength::of_words(13)), (None, None));
        assert_eq!((PhraseLength::Twelve.entropy(), PhraseLength::TwentyFour.entropy()), (16, 32));
    }
}
