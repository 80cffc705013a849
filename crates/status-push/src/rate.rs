//! How often something may be done in a minute.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp};

use crate::table::{self, RATE, VERSION};

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    Registrations = 1,
    Questions = 2,
    QuestionsAbout = 3,
    Requests = 4,
    Notifications = 5,
}

/// Counts one more of something about `key`; `false`, and nothing is written, if there were `max` in this minute.
pub(crate) fn take(
    shelf: &mut Shelf<'_>,
    (what, key): (What, &[u8]),
    max: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let row = table::key(RATE, &[&[what as u8], key]);
    let minute = now.millis() / MINUTE;
    let (found, count) = shelf.get(&row)?.map_or(Ok((0, 0)), |row| read(&row))?;
    let count = if found == minute { count } else { 0 };
    if count >= max {
        return Ok(false);
    }
    shelf.put(row, Writer::new(VERSION).u64(minute).u32(count.saturating_add(1)).finish());
    Ok(true)
}

/// Forgets what was counted about `key`.
pub(crate) fn forget(shelf: &mut Shelf<'_>, (what, key): (What, &[u8])) {
    shelf.delete(table::key(RATE, &[&[what as u8], key]));
}

/// The minute, and how many there were.
pub(crate) fn read(row: &[u8]) -> Result<(u64, u32), StoreError> {
    Reader::read("a rate", VERSION, row, |r| Some((r.u64()?, r.u32()?)))
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    #[test]
    fn more_than_may_be_in_a_minute_waits_for_the_next() {
        let mut party = Party::new(1);
        let ask = |party: &mut Party, key: &[u8]| {
            party.run(|cx| take(&mut cx.shelf, (What::Requests, key), 2, cx.now)).unwrap()
        };

        let first =
            [ask(&mut party, b"a"), ask(&mut party, b"a"), ask(&mut party, b"a"), ask(&mut party, b"b")];
        party.wait(std::time::Duration::from_secs(60));
        let later = ask(&mut party, b"a");

        assert_eq!((first, later), ([true, true, false, true], true));
    }
}
