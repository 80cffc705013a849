//! The index by which words are found.
//!
//! Each message has a row for each of its first [`MAX_WORDS`] different words, in lower case. Under one word the newest message
//! comes first. An index that is not complete says up to which message it is; what is behind that is added in slices.

use std::collections::BTreeSet;

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError};

use super::message::{MESSAGE, load_message, message_key};
use super::pages::Spot;
use super::{VERSION, WHAT, damaged, unasked};
use crate::event::Message;

pub(super) const INDEX: u8 = b'X';

/// Second bytes of the keys: a word of a message, and how far the index is.
const WORD: u8 = b't';
const STATE: u8 = b'm';

/// Different words of one message that can be found.
pub(crate) const MAX_WORDS: usize = 64;
/// Bytes of a word that count.
pub(crate) const MAX_WORD: usize = 32;

/// How far the index is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Built {
    /// Messages up to this one are in it, in the order of their ids, and all that came since.
    UpTo([u8; 32]),
    /// All messages are in it.
    Whole,
}

/// The words of a text as they are looked for, each once.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if words.len() >= MAX_WORDS {
            break;
        }
        words.insert(fold(word));
    }
    words
}

/// A word in lower case, cut to what counts.
fn fold(word: &str) -> String {
    let mut folded = String::new();
    for c in word.chars().flat_map(char::to_lowercase) {
        if folded.len().saturating_add(c.len_utf8()) > MAX_WORD {
            break;
        }
        folded.push(c);
    }
    folded
}

/// Makes the words of a message known.
pub(crate) fn index(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    let rows = rows_of(message).into_iter().map(|row| (row, Some(Writer::new(VERSION).finish())));
    unasked::write(shelf, &message.chat, rows)
}

/// Takes the words of a message away, as it was before it became another.
pub(crate) fn unindex(shelf: &mut Shelf<'_>, message: &Message) -> Result<(), StoreError> {
    unasked::write(shelf, &message.chat, rows_of(message).into_iter().map(|row| (row, None)))
}

/// Words that begin so, in their order.
pub(crate) fn words_like(
    shelf: &Shelf<'_>,
    beginning: &str,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let prefix = [&[INDEX, WORD], beginning.as_bytes()].concat();
    let (mut found, mut after): (Vec<String>, Option<Vec<u8>>) = (Vec::new(), None);
    while found.len() < limit {
        let rows = shelf.scan(&prefix, after.as_deref(), 1)?;
        let Some((key, _)) = rows.first() else { break };
        let (word, _) = read_key(key)?;
        // Behind all messages with this word.
        after = Some([&[INDEX, WORD], word.as_bytes(), &[0], &[0xff; 40], &[0xff]].concat());
        found.push(word);
    }
    Ok(found)
}

/// Messages with a word that come before a place in time, the newest first.
pub(crate) fn with_word(
    shelf: &Shelf<'_>,
    word: &str,
    before: Spot,
    limit: usize,
) -> Result<Vec<Spot>, StoreError> {
    let prefix = [&[INDEX, WORD], word.as_bytes(), &[0]].concat();
    let rows = shelf.scan(&prefix, Some(&word_key(word, before)), limit)?;
    rows.iter().map(|(key, _)| Ok(read_key(key)?.1)).collect()
}

pub(crate) fn built(shelf: &Shelf<'_>) -> Result<Option<Built>, StoreError> {
    let row = shelf.get(&[INDEX, STATE])?;
    row.map(|row| read_state(&row)).transpose()
}

fn read_state(row: &[u8]) -> Result<Built, StoreError> {
    let up_to = Reader::read(WHAT, VERSION, row, Reader::option::<32>)?;
    Ok(up_to.map_or(Built::Whole, Built::UpTo))
}

pub(crate) fn set_built(shelf: &mut Shelf<'_>, built: Built) {
    let up_to = match &built {
        Built::UpTo(id) => Some(id),
        Built::Whole => None,
    };
    shelf.put([INDEX, STATE], Writer::new(VERSION).option(up_to).finish());
}

/// Adds a slice of messages to an index that is not whole; returns how far it is then.
pub(crate) fn build(shelf: &mut Shelf<'_>, from: [u8; 32], slice: usize) -> Result<Built, StoreError> {
    let after = message_key(&MessageId::new(from));
    // The first slice begins with the first message, whatever its id.
    let after = (from != [0; 32]).then_some(after.as_slice());
    let rows = shelf.scan(&[MESSAGE], after, slice)?;
    let mut built = Built::Whole;
    for (key, _) in &rows {
        let id = key.last_chunk::<32>().ok_or_else(damaged)?;
        // What cannot be read is for the doctor; it is no reason to find nothing else.
        if let Ok(Some(message)) = load_message(shelf, MessageId::new(*id)) {
            index(shelf, &message)?;
        }
        built = Built::UpTo(*id);
    }
    let built = if rows.len() < slice { Built::Whole } else { built };
    set_built(shelf, built);
    Ok(built)
}

/// Looks whether a row of the index can be read; returns the message and the word that it speaks of.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<Option<(MessageId, String)>, StoreError> {
    if key.get(1) == Some(&STATE) {
        return read_state(row).map(|_| None);
    }
    Reader::read(WHAT, VERSION, row, |_| Some(()))?;
    let (word, spot) = read_key(key)?;
    Ok(Some((MessageId::new(spot.id), word)))
}

/// The rows of the index that a message has.
pub(super) fn rows_of(message: &Message) -> Vec<Vec<u8>> {
    words(&message.text).iter().map(|word| word_key(word, Spot::of(message))).collect()
}

fn word_key(word: &str, spot: Spot) -> Vec<u8> {
    // The clock upside down, so that the newest comes first.
    let clock = (!spot.clock).to_be_bytes();
    [&[INDEX, WORD], word.as_bytes(), &[0], &clock, &spot.id].concat()
}

fn read_key(key: &[u8]) -> Result<(String, Spot), StoreError> {
    let read = || {
        let (rest, id) = key.split_last_chunk::<32>()?;
        let (rest, clock) = rest.split_last_chunk::<8>()?;
        let word = rest.strip_prefix(&[INDEX, WORD])?.strip_suffix(&[0])?;
        let spot = Spot { clock: !u64::from_be_bytes(*clock), id: *id };
        Some((String::from_utf8(word.to_vec()).ok()?, spot))
    };
    read().ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;
    use status_layer::{Name, UserId};

    use super::*;
    use crate::event::Chat;
    use crate::table::save_message;

    #[test]
    fn words_are_found_whatever_their_case_and_what_stands_between() {
        let found = words("Straße, ÄPFEL-mus! (Äpfel) 42");

        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["42", "mus", "straße", "äpfel"]);
    }

    #[test]
    fn an_index_that_is_made_in_slices_is_whole_in_the_end() {
        let mut party = Party::new(1);
        let room = Chat::Channel(Name::new("room").unwrap());
        let author = UserId::from_compressed(&[2; 33]).unwrap();

        let (slices, found) = party
            .run(|cx| {
                for n in 0..7 {
                    let id = MessageId::new([n; 32]);
                    save_message(&mut cx.shelf, &Message::new(id, room.clone(), author, "a word", n.into()))?;
                }
                let (mut slices, mut state) = (1, build(&mut cx.shelf, [0; 32], 2)?);
                while let Built::UpTo(id) = state {
                    state = build(&mut cx.shelf, id, 2)?;
                    slices += 1;
                }
                let start = Spot { clock: u64::MAX, id: [0; 32] };
                Ok::<_, StoreError>((slices, with_word(&cx.shelf, "word", start, 100)?))
            })
            .unwrap();

        assert_eq!(slices, 4);
        assert_eq!(found.iter().map(|spot| spot.clock).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn words_of_a_message_are_bounded_in_number_and_length() {
        let many: String = (0..100).map(|n| format!("w{n} ")).collect();
        let long = "ä".repeat(40);

        assert_eq!(words(&many).len(), MAX_WORDS);
        assert_eq!(words(&long).into_iter().collect::<Vec<_>>(), ["ä".repeat(16)]);
    }
}
