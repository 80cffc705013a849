//! Which messages came already.

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, Shelf, StoreError, Timestamp};

use super::{SEEN, SEEN_AT, SEEN_COUNT, VERSION, key};
use crate::config::SEEN_FOR;

const WHAT: &str = "a message that came";

/// Ids that are forgotten when one more is noted.
const PAGE: usize = 8;

/// Notes a message; `false` if it came already. At most `max` are kept.
pub(crate) fn note(
    shelf: &mut Shelf<'_>,
    id: MessageId,
    now: Timestamp,
    max: u32,
) -> Result<bool, StoreError> {
    let mut count = count(shelf)?;
    for (row, _) in shelf.scan(&[SEEN_AT], None, PAGE)? {
        let (at, old) = at(&row)?;
        if at.after(SEEN_FOR) > now {
            break;
        }
        forget(shelf, row, old);
        count = count.saturating_sub(1);
    }
    let seen = key(SEEN, &[id.as_bytes()]);
    if shelf.has(&seen)? {
        shelf.put([SEEN_COUNT], Writer::new(VERSION).u32(count).finish());
        return Ok(false);
    }
    if count >= max {
        for (row, _) in shelf.scan(&[SEEN_AT], None, 1)? {
            let (_, old) = at(&row)?;
            forget(shelf, row, old);
            count = count.saturating_sub(1);
        }
    }
    shelf.put(seen, Writer::new(VERSION).u64(now.millis()).finish());
    shelf.put(key(SEEN_AT, &[&now.millis().to_be_bytes(), id.as_bytes()]), Writer::new(VERSION).finish());
    shelf.put([SEEN_COUNT], Writer::new(VERSION).u32(count.saturating_add(1)).finish());
    Ok(true)
}

fn forget(shelf: &mut Shelf<'_>, row: Vec<u8>, old: MessageId) {
    shelf.delete(row);
    shelf.delete(key(SEEN, &[old.as_bytes()]));
}

fn count(shelf: &Shelf<'_>) -> Result<u32, StoreError> {
    shelf.get(&[SEEN_COUNT])?.map_or(Ok(0), |row| read_count(&row))
}

pub(crate) fn read_count(row: &[u8]) -> Result<u32, StoreError> {
    Reader::read("the count of messages that came", VERSION, row, Reader::u32)
}

pub(crate) fn read(row: &[u8]) -> Result<Timestamp, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some(Timestamp::from_millis(r.u64()?)))
}

pub(crate) fn at(key: &[u8]) -> Result<(Timestamp, MessageId), StoreError> {
    Reader::read_key(WHAT, key, |r| Some((Timestamp::from_millis(r.u64()?), MessageId::new(r.array()?))))
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    #[test]
    fn ids_are_remembered_for_a_while_and_no_more_of_them_than_may_be() {
        let mut party = Party::new(1);
        let note = |party: &mut Party, n: u8| {
            party.run(|cx| note(&mut cx.shelf, MessageId::new([n; 32]), cx.now, 3)).unwrap()
        };

        let new = [1, 2, 3, 1, 4].map(|n| {
            party.wait(std::time::Duration::from_secs(1));
            note(&mut party, n)
        });
        let forgotten = note(&mut party, 1);
        let kept = note(&mut party, 4);
        party.wait(SEEN_FOR);
        let later = note(&mut party, 4);

        assert_eq!(new, [true, true, true, false, true]);
        assert!(forgotten && !kept && later, "the oldest is forgotten, and all with time");
        assert_eq!(party.store.len(), 3, "a count, and the one that came last");
    }
}
