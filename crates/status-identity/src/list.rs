//! Lists that are supplied apart, one entry a line.

use alloc::string::String;
use alloc::vec::Vec;

/// Longest list that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 256 * 1024;

/// Why a text is not the list that it should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The text is longer than any such list.
    #[error("the list has {len} bytes, at most {max} are read; give the list alone, one entry a line")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// The list has another number of entries.
    #[error(
        "the list has {found} entries, it must have {want}; give one entry a line, in the order of the original"
    )]
    Entries {
        /// Number found.
        found: usize,
        /// Number wanted.
        want: usize,
    },
    /// The entries are other ones than those that deployed peers use, or stand in another order.
    #[error(
        "these are not the entries that deployed peers use, in their order; the book says where to get them"
    )]
    Other,
}

/// The lines of a list, without the space around them and without empty ones at the end.
pub(crate) fn lines(text: &str) -> Result<Vec<String>, ListError> {
    if text.len() > MAX_TEXT {
        return Err(ListError::TooLong { len: text.len(), max: MAX_TEXT });
    }
    Ok(text.trim().lines().map(|line| line.trim().into()).collect())
}
