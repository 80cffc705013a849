//! Fourteen emoji that follow from a key.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use status_layer::UserId;

use crate::digits::{digits, slice};
use crate::list::{ListError, lines};

/// Entries of the list of emoji that are used; the original has more.
pub const EMOJIS: u16 = 2757;

/// Emoji in a hash.
const LENGTH: usize = 14;

/// Longest emoji, in bytes of UTF-8.
const LONGEST: usize = 48;

/// Places of the list that are known, and what stands there, without joiners and variation selectors. They tell the list of
/// deployed peers from others.
const KNOWN: [(u16, &str); 15] = [
    (0, "\u{1f600}"),
    (41, "\u{1f925}"),
    (302, "\u{1f64c}\u{1f3fb}"),
    (305, "\u{1f64c}\u{1f3fe}"),
    (396, "\u{1f476}\u{1f3ff}"),
    (400, "\u{1f9d2}\u{1f3fd}"),
    (406, "\u{1f466}\u{1f3fd}"),
    (673, "\u{1f647}\u{1f3fd}\u{2642}"),
    (826, "\u{1f469}\u{1f3fd}\u{1f527}"),
    (1180, "\u{1f9b9}\u{1f3fb}"),
    (1857, "\u{1f41b}"),
    (2074, "\u{1f301}"),
    (2517, "\u{1f527}"),
    (2520, "\u{2699}"),
    (2552, "\u{1f6c1}"),
];

/// The emoji beside somebody's name, as places in the list: 160 bits of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EmojiHash([u16; LENGTH]);

impl EmojiHash {
    /// The emoji of a user.
    #[must_use]
    pub fn of(user: &UserId) -> Self {
        let digits = digits(&slice::<20>(user, 1), EMOJIS);
        let mut out = [0; LENGTH];
        for (place, digit) in out.iter_mut().rev().zip(digits.iter().rev()) {
            *place = *digit;
        }
        Self(out)
    }

    /// The places in the list, each below [`EMOJIS`].
    #[must_use]
    pub const fn indexes(&self) -> &[u16; LENGTH] {
        &self.0
    }
}

impl fmt::Display for EmojiHash {
    /// As text, for those who lack the list: `406 1180 …`. It says as much as the emoji.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, index) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{index}")?;
        }
        Ok(())
    }
}

/// The emoji themselves, which are supplied apart: their licence keeps them out of this crate.
#[derive(Clone, Debug)]
pub struct EmojiList(Vec<String>);

impl EmojiList {
    /// Reads a list, one emoji a line, in the order of the original; what follows after [`EMOJIS`] is not used.
    ///
    /// The list is taken if it is right at the fifteen places that are known.
    ///
    /// # Errors
    /// Any [`ListError`].
    pub fn read(text: &str) -> Result<Self, ListError> {
        let mut entries = lines(text)?;
        let want = usize::from(EMOJIS);
        if entries.len() < want {
            return Err(ListError::Entries { found: entries.len(), want });
        }
        entries.truncate(want);
        let fits = |entry: &String| !entry.is_empty() && entry.len() <= LONGEST;
        let known = |(at, emoji): &(u16, &str)| {
            entries.get(usize::from(*at)).is_some_and(|e| bare(e).eq(emoji.chars()))
        };
        if !entries.iter().all(fits) || !KNOWN.iter().all(known) {
            return Err(ListError::Other);
        }
        Ok(Self(entries))
    }

    /// The emoji of a hash, one after another.
    #[must_use]
    pub fn emojis(&self, hash: &EmojiHash) -> String {
        hash.0.iter().filter_map(|at| self.0.get(usize::from(*at))).map(String::as_str).collect()
    }
}

/// Without what only joins and selects.
fn bare(emoji: &str) -> impl Iterator<Item = char> {
    emoji.chars().filter(|c| !matches!(c, '\u{200d}' | '\u{fe0f}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use status_crypto::text::parse_user;

    const KEY: &str = "0x04e25da6994ea2dc4ac70727e07eca153ae92bf7609db7befb7ebdceaad348f4fc\
                       55bbe90abf9501176301db5aa103fc0eb3bc3750272a26c424a10887db2a7ea8";

    /// A list that is right at the known places.
    fn made_up() -> Vec<String> {
        let mut list: Vec<String> = (0..2800).map(|at| format!("<{at}>")).collect();
        for (at, emoji) in KNOWN {
            list[usize::from(at)] = emoji.into();
        }
        list
    }

    #[test]
    fn a_key_has_the_emoji_that_deployed_peers_show() {
        let hash = EmojiHash::of(&parse_user(KEY).unwrap());

        assert_eq!(hash.to_string(), "406 1180 396 2552 2074 302 673 305 41 1857 826 2517 2520 400");
        let list = EmojiList::read(&made_up().join("\n")).unwrap();
        assert!(list.emojis(&hash).starts_with("\u{1f466}\u{1f3fd}\u{1f9b9}\u{1f3fb}"));
    }

    #[test]
    fn a_small_number_is_led_by_the_first_emoji() {
        let user = |number: u8| {
            let mut key = [0; 33];
            (key[0], key[21]) = (2, number << 4);
            EmojiHash::of(&UserId::from_compressed(&key).unwrap())
        };

        assert_eq!(user(0).indexes(), &[0; 14]);
        assert_eq!(user(2).to_string(), "0 0 0 0 0 0 0 0 0 0 0 0 0 2");
    }

    #[test]
    fn joiners_and_selectors_of_a_list_do_not_matter() {
        let mut list = made_up();
        list[826] = "\u{1f469}\u{1f3fd}\u{200d}\u{1f527}".into();
        list[2520] = "\u{2699}\u{fe0f}".into();

        assert!(EmojiList::read(&list.join("\r\n")).is_ok());
    }

    #[test]
    fn another_list_is_refused() {
        let mut moved = made_up();
        moved.remove(100);
        let mut empty = made_up();
        empty[7].clear();
        let mut long = made_up();
        long[7] = "x".repeat(LONGEST + 1);

        assert_eq!(EmojiList::read("a\nb").err(), Some(ListError::Entries { found: 2, want: 2757 }));
        for other in [moved, empty, long] {
            assert_eq!(EmojiList::read(&other.join("\n")).err(), Some(ListError::Other));
        }
    }
}
