//! What the devices of one user have agreed on.
//!
//! | key | value |
//! | --- | --- |
//! | `y` chat | version, clock (8), part (1): the newest word of our devices on whether we take part in a chat |
//! | `r` chat | version, clock (8): the messages of a chat were read up to here |
//!
//! Numbers are big-endian.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError};

use super::under;
use crate::event::Chat;

pub(crate) const WORD: u8 = b'y';

const VERSION: u8 = 1;
const WHAT: &str = "what devices agreed on";

/// The newest word on whether we take part in a chat, and its clock.
pub(crate) fn word(shelf: &Shelf<'_>, chat: &Chat) -> Result<Option<(u64, bool)>, StoreError> {
    shelf.get(&under(WORD, chat))?.map(|row| read_word(&row)).transpose()
}

/// The word in a row.
pub(crate) fn read_word(row: &[u8]) -> Result<(u64, bool), StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some((r.u64()?, r.flag()?)))
}

/// Keeps a word if it is newer than the one before, and says whether it is. At the same clock taking part counts, so that
/// devices which spoke at the same moment agree.
pub(crate) fn take_word(
    shelf: &mut Shelf<'_>,
    chat: &Chat,
    clock: u64,
    part: bool,
) -> Result<bool, StoreError> {
    let newer = word(shelf, chat)?.is_none_or(|last| last < (clock, part));
    if newer {
        shelf.put(under(WORD, chat), Writer::new(VERSION).u64(clock).flag(part).finish());
    }
    Ok(newer)
}

#[cfg(test)]
mod tests {
    use status_layer::Name;
    use status_layer::testing::Party;

    use super::*;

    #[test]
    fn words_in_any_order_leave_the_same() {
        let chat = Chat::Channel(Name::new("room").unwrap());
        let words = [(1, true), (2, false), (2, true), (1, false)];
        let mut ends = Vec::new();
        for turn in 0..words.len() {
            let end = Party::new(1).run(|cx| {
                for (clock, part) in words.iter().cycle().skip(turn).take(words.len()) {
                    take_word(&mut cx.shelf, &chat, *clock, *part)?;
                }
                word(&cx.shelf, &chat)
            });
            ends.push(end.unwrap());
        }

        assert!(ends.iter().all(|end| *end == Some((2, true))), "{ends:?}");
    }
}
