//! Key strings as deployed peers compare them: as text.

use status_crypto::text;
use status_layer::UserId;

/// Length of a key string, in characters: `0x` and an uncompressed key.
pub(crate) const KEY_STRING: usize = 132;

/// The user of a key string in its one right spelling; `None` for any other text, which peers would take for
/// somebody else.
pub(crate) fn read_key_string(text: &str) -> Option<UserId> {
    let digits = text.strip_prefix("0x04").filter(|_| text.len() == KEY_STRING)?;
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.bytes().all(lower) { text::parse_user(text).ok() } else { None }
}
