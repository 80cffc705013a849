//! Display names.

use alloc::string::String;
use core::fmt;

use status_layer::{DisplayNameError, MAX_DISPLAY_NAME, MIN_DISPLAY_NAME, judge_display_name};

use crate::WordLists;

/// What a user may call themselves, as deployed peers allow it: 5 to 24 ASCII letters, digits, `_`, `-` and single spaces
/// inside, not ending like a name of ENS.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DisplayName(String);

/// Why a text is no display name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is too short or too long.
    #[error("a display name has {min} to {max} characters, this has {len}")]
    Length {
        /// Number of characters found.
        len: usize,
        /// Smallest number.
        min: usize,
        /// Largest number.
        max: usize,
    },
    /// The name holds something else than ASCII letters, digits, `_`, `-` and spaces, or a space at an end.
    #[error("a display name has letters, digits, `_`, `-` and spaces between them")]
    Character,
    /// The name ends in `_eth`, `.eth` or `-eth`, like a name of ENS.
    #[error("a display name does not end in eth; that is for names of ENS")]
    LikeEns,
    /// The name is the three-word name of some key.
    #[error("these three words are made from somebody's key; take another name")]
    Alias,
}

impl DisplayName {
    /// Fewest characters.
    pub const MIN: usize = MIN_DISPLAY_NAME;

    /// Most characters.
    pub const MAX: usize = MAX_DISPLAY_NAME;

    /// Checks a name by the rules that need no word lists.
    ///
    /// # Errors
    /// [`NameError::Length`], [`NameError::Character`] or [`NameError::LikeEns`].
    pub fn new(name: &str) -> Result<Self, NameError> {
        judge_display_name(name)?;
        // Peers read more: white space of any kind, and at the ends.
        if name.trim() != name || name.contains(|c: char| c.is_ascii_whitespace() && c != ' ') {
            return Err(NameError::Character);
        }
        Ok(Self(name.into()))
    }

    /// Checks a name by all rules: it is no three-word name either, by which its bearer could pass for somebody else.
    ///
    /// # Errors
    /// Any [`NameError`].
    pub fn checked(name: &str, lists: &WordLists) -> Result<Self, NameError> {
        if lists.is_alias(name) {
            return Err(NameError::Alias);
        }
        Self::new(name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<DisplayNameError> for NameError {
    fn from(error: DisplayNameError) -> Self {
        match error {
            DisplayNameError::Length { len } => {
                Self::Length { len, min: DisplayName::MIN, max: DisplayName::MAX }
            }
            DisplayNameError::LikeEns => Self::LikeEns,
            _ => Self::Character,
        }
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_5_to_24_plain_characters_and_no_space_at_an_end() {
        for good in ["alice", "Alice B-2_", &"a".repeat(24)] {
            assert_eq!(DisplayName::new(good).unwrap().as_str(), good);
        }
        assert_eq!(DisplayName::new("bob"), Err(NameError::Length { len: 3, min: 5, max: 24 }));
        assert_eq!(DisplayName::new(&"a".repeat(25)), Err(NameError::Length { len: 25, min: 5, max: 24 }));
        for bad in ["alicé", " alice", "alice ", "alice.b", "ali\nce", "ali\u{202e}ce"] {
            assert_eq!(DisplayName::new(bad), Err(NameError::Character), "{bad:?}");
        }
        assert_eq!(DisplayName::new("alice-eth"), Err(NameError::LikeEns));
    }

    #[test]
    fn the_three_words_of_a_key_are_nobodys_display_name() {
        let lists = WordLists::made_up();

        assert_eq!(DisplayName::checked("adjective1 Adjective2 animal3", &lists), Err(NameError::Alias));
        assert!(DisplayName::checked("Adjective1 Animal3", &lists).is_ok());
    }
}
