//! What people may call themselves: one rule for what is read, and for what is made here.

/// Fewest characters of a display name.
pub const MIN_DISPLAY_NAME: usize = 5;

/// Most characters of a display name.
pub const MAX_DISPLAY_NAME: usize = 24;

/// Why a text is no display name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DisplayNameError {
    /// It is too short or too long.
    #[error("a display name has {MIN_DISPLAY_NAME} to {MAX_DISPLAY_NAME} characters, this has {len}")]
    Length {
        /// Number of characters found.
        len: usize,
    },
    /// It holds something else than ASCII letters, digits, `_`, `-` and white space.
    #[error("a display name has letters, digits, `_`, `-` and spaces")]
    Character,
    /// It ends in `_eth`, `.eth` or `-eth`, like a name of ENS.
    #[error("a display name does not end in eth; that is for names of ENS")]
    LikeEns,
}

/// Judges a display name as deployed peers do. White space at its ends is part of it: whoever allows it cuts it off before.
///
/// Peers also refuse the three-word names that they make from keys; their word lists are not known here.
///
/// # Errors
/// [`DisplayNameError`]
pub fn judge_display_name(name: &str) -> Result<(), DisplayNameError> {
    let len = name.chars().count();
    if !(MIN_DISPLAY_NAME..=MAX_DISPLAY_NAME).contains(&len) {
        return Err(DisplayNameError::Length { len });
    }
    if ["_eth", ".eth", "-eth"].iter().any(|end| name.ends_with(end)) {
        return Err(DisplayNameError::LikeEns);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "_-".contains(c);
    if name.chars().all(plain) { Ok(()) } else { Err(DisplayNameError::Character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_has_5_to_24_plain_characters_and_does_not_look_like_a_name_of_ens() {
        let judged = [
            ("alice", Ok(())),
            ("Alice B-2_", Ok(())),
            ("al\tice", Ok(())),
            ("bob", Err(DisplayNameError::Length { len: 3 })),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa", Err(DisplayNameError::Length { len: 25 })),
            ("alicé", Err(DisplayNameError::Character)),
            ("alice.b", Err(DisplayNameError::Character)),
            ("al\u{b}ice", Err(DisplayNameError::Character)),
            ("alice.eth", Err(DisplayNameError::LikeEns)),
            ("alice_eth", Err(DisplayNameError::LikeEns)),
            ("aliceeth", Ok(())),
        ];

        for (name, expected) in judged {
            assert_eq!(judge_display_name(name), expected, "{name:?}");
        }
    }
}
