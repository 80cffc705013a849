//! Forgetting, a slice at a time.

use redb::{Database, ReadableTable, WriteTransaction};
use status_p2p::ArchiveError;

use super::page::{merged, shelves};
use super::rows::{Tally, begin};
use super::tables::{
    BYTES, DATA, MESSAGE, PLACE, Place, SHELF, TALLY, TOPIC, digest, read_head, time_and_hash, topic_place,
};
use super::{DAMAGED, failed};

/// Messages that are forgotten in one commit.
const SLICE: usize = 2_000;

/// What one commit has done.
pub(super) struct Slice {
    pub(super) forgotten: u64,
    pub(super) done: bool,
}

/// Forgets some of what is older than `before`, or the oldest while there are more than `bytes`.
pub(super) fn slice(database: &Database, before: i64, bytes: u64) -> Result<Slice, ArchiveError> {
    let write = begin(database)?;
    let (doomed, gone) = doomed(&write, before, bytes)?;
    let done = doomed.len() < SLICE;
    if doomed.is_empty() {
        write.abort().map_err(failed)?;
        return Ok(Slice { forgotten: 0, done });
    }
    remove(&write, &doomed)?;
    gone.store(&write, u64::saturating_sub)?;
    write.commit().map_err(failed)?;
    Ok(Slice { forgotten: gone.messages, done })
}

/// A message that goes: where it lies, and what stands for its content topic.
type Doomed = (Place, [u8; 16]);

fn doomed(write: &WriteTransaction, before: i64, bytes: u64) -> Result<(Vec<Doomed>, Tally), ArchiveError> {
    let tally = write.open_table(TALLY).map_err(failed)?;
    let mut left = tally.get(BYTES).map_err(failed)?.map_or(0, |count| count.value());
    let heads = write.open_table(MESSAGE).map_err(failed)?;
    let shelves = shelves(&write.open_table(SHELF).map_err(failed)?)?;
    let (mut doomed, mut gone) = (Vec::new(), Tally::default());
    for found in merged(&heads, &shelves)?.take(SLICE) {
        let (place, order) = found?;
        if time_and_hash(order).0 >= before && left <= bytes {
            break;
        }
        let row = heads.get(&place).map_err(failed)?.ok_or_else(|| failed(DAMAGED))?;
        let (len, content_topic) = read_head(row.value())?;
        left = left.saturating_sub(len);
        gone.add(len);
        doomed.push((place, digest(content_topic)));
    }
    Ok((doomed, gone))
}

fn remove(write: &WriteTransaction, doomed: &[Doomed]) -> Result<(), ArchiveError> {
    let mut heads = write.open_table(MESSAGE).map_err(failed)?;
    let mut data = write.open_table(DATA).map_err(failed)?;
    let mut topics = write.open_table(TOPIC).map_err(failed)?;
    let mut places = write.open_table(PLACE).map_err(failed)?;
    let mut from_shelf = std::collections::BTreeMap::<u32, u64>::new();
    for (place, digest) in doomed {
        let (shelf, order) = super::tables::apart(*place);
        heads.remove(place).map_err(failed)?;
        data.remove(place).map_err(failed)?;
        topics.remove(&topic_place(*digest, *place)).map_err(failed)?;
        places.remove(time_and_hash(order).1.as_bytes()).map_err(failed)?;
        let count = from_shelf.entry(shelf).or_default();
        *count = count.saturating_add(1);
    }
    let mut table = write.open_table(SHELF).map_err(failed)?;
    for (topic, shelf) in shelves(&table)? {
        let Some(gone) = from_shelf.get(&shelf) else { continue };
        let before = table.get(&*topic).map_err(failed)?.map_or(0, |row| row.value().1);
        match before.saturating_sub(*gone) {
            // Nobody looks for what is not there.
            0 => drop(table.remove(&*topic).map_err(failed)?),
            left => drop(table.insert(&*topic, (shelf, left)).map_err(failed)?),
        }
    }
    Ok(())
}
