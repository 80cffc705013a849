//! Messages that were deleted on another device of the user before they came here.
//!
//! | key | value |
//! | --- | --- |
//! | `d` `i` message id (32) | version, heard at (8) |
//! | `d` `t` heard at (8) message id (32) | version: their order, the one heard of longest ago first |
//!
//! Numbers are big-endian, times in milliseconds since the Unix epoch. Of more than [`MAX_HIDDEN`] the oldest are forgotten.

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, Timestamp};

pub(crate) const HIDDEN: u8 = b'd';

const BY_ID: u8 = b'i';
const BY_TIME: u8 = b't';
const VERSION: u8 = 1;
const WHAT: &str = "deleted messages that were not here";

/// Deleted messages that are remembered while they are not here.
pub(crate) const MAX_HIDDEN: usize = 1_024;

/// Remembers a message, so that it is not shown when it comes.
pub(crate) fn hide(shelf: &mut Shelf<'_>, id: &MessageId, at: Timestamp) -> Result<(), StoreError> {
    if shelf.has(&id_key(id))? {
        return Ok(());
    }
    let rows = shelf.scan(&[HIDDEN, BY_TIME], None, MAX_HIDDEN)?;
    if let Some((oldest, _)) = rows.first().filter(|_| rows.len() >= MAX_HIDDEN) {
        let gone = oldest.last_chunk::<32>().ok_or(StoreError::Damaged { what: WHAT })?;
        shelf.delete(id_key(&MessageId::new(*gone)));
        shelf.delete(oldest.clone());
    }
    shelf.put(id_key(id), Writer::new(VERSION).u64(at.millis()).finish());
    shelf.put(time_key(at.millis(), id), Writer::new(VERSION).finish());
    Ok(())
}

/// Whether a message that has just come was deleted before; then it is remembered no more.
pub(crate) fn take_hidden(shelf: &mut Shelf<'_>, id: &MessageId) -> Result<bool, StoreError> {
    let Some(row) = shelf.get(&id_key(id))? else { return Ok(false) };
    let at = Reader::read(WHAT, VERSION, &row, Reader::u64)?;
    shelf.delete(id_key(id));
    shelf.delete(time_key(at, id));
    Ok(true)
}

/// Looks whether a row can be read.
pub(super) fn check(key: &[u8], row: &[u8]) -> Result<(), StoreError> {
    match (key.get(1), key.len()) {
        (Some(&BY_ID), 34) => Reader::read(WHAT, VERSION, row, Reader::u64).map(drop),
        (Some(&BY_TIME), 42) => Reader::read(WHAT, VERSION, row, |_| Some(())),
        _ => Err(StoreError::Damaged { what: WHAT }),
    }
}

fn id_key(id: &MessageId) -> Vec<u8> {
    [&[HIDDEN, BY_ID], id.as_bytes().as_slice()].concat()
}

fn time_key(at: u64, id: &MessageId) -> Vec<u8> {
    [&[HIDDEN, BY_TIME], at.to_be_bytes().as_slice(), id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    fn id(number: usize) -> MessageId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        MessageId::new(id)
    }

    #[test]
    fn deleted_messages_that_never_come_are_bounded_and_the_oldest_go() {
        let taken: Result<_, StoreError> = Party::new(1).run(|cx| {
            for number in 0..MAX_HIDDEN + 2 {
                hide(&mut cx.shelf, &id(number), Timestamp::from_millis(number as u64))?;
                hide(&mut cx.shelf, &id(number), Timestamp::from_millis(9_999_999))?;
            }
            let rows = cx.shelf.scan(&[HIDDEN], None, 10 * MAX_HIDDEN)?.len();
            let shelf = &mut cx.shelf;
            Ok((rows, take_hidden(shelf, &id(1))?, take_hidden(shelf, &id(2))?, take_hidden(shelf, &id(2))?))
        });

        assert_eq!(taken.unwrap(), (2 * MAX_HIDDEN, false, true, false));
    }
}
