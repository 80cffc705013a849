//! The tables of an archive, their keys and their values.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | message | shelf, time, hash | length of the data, content topic |
//! | data | shelf, time, hash | the encoded message |
//! | topic | digest of the content topic, shelf, time, hash | – |
//! | place | hash | shelf, time |
//! | shelf | gossip topic | number, messages on it |
//! | tally | what | a count |
//! | format | – | the version of all this |
//!
//! A *shelf* is a number that stands for a gossip topic. Numbers are big-endian, times with their sign turned, so that keys
//! are ordered as messages are.

use redb::TableDefinition;
use sha2::{Digest, Sha256};
use status_p2p::{ArchiveError, MessageHash};

use super::{DAMAGED, failed};

/// The version of the layout that this program writes.
pub(super) const VERSION: u8 = 1;

pub(super) const MESSAGE: TableDefinition<'_, &Place, &[u8]> = TableDefinition::new("message");
pub(super) const DATA: TableDefinition<'_, &Place, &[u8]> = TableDefinition::new("data");
pub(super) const TOPIC: TableDefinition<'_, &TopicPlace, ()> = TableDefinition::new("topic");
pub(super) const PLACE: TableDefinition<'_, &[u8; 32], &[u8; 12]> = TableDefinition::new("place");
pub(super) const SHELF: TableDefinition<'_, &str, (u32, u64)> = TableDefinition::new("shelf");
pub(super) const TALLY: TableDefinition<'_, u8, u64> = TableDefinition::new("tally");
pub(super) const FORMAT: TableDefinition<'_, (), u8> = TableDefinition::new("status-archive");

/// Rows of [`TALLY`].
pub(super) const MESSAGES: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const NEXT_SHELF: u8 = 3;

/// Where a message lies: 4 bytes of its shelf, 8 of its time, 32 of its hash.
pub(super) type Place = [u8; 44];
/// Where a message lies among those of its content topic: 16 bytes for that, then its [`Place`].
pub(super) type TopicPlace = [u8; 60];
/// Time and hash: what orders messages, on whichever shelf they are.
pub(super) type Order = [u8; 40];

/// The earliest and the latest there are.
pub(super) const FIRST: Order = [0; 40];
pub(super) const LAST: Order = [0xff; 40];

/// The order of a message.
pub(super) fn order(at: i64, hash: &MessageHash) -> Order {
    join(ordered(at), *hash.as_bytes())
}

/// What comes before all messages of a time.
pub(super) fn begin_of(at: i64) -> Order {
    join(ordered(at), [0; 32])
}

pub(super) fn place(shelf: u32, order: Order) -> Place {
    join(shelf.to_be_bytes(), order)
}

pub(super) fn topic_place(digest: [u8; 16], place: Place) -> TopicPlace {
    join(digest, place)
}

/// What stands for a content topic in keys. Who finds two with one digest has both looked at, nothing else.
pub(super) fn digest(content_topic: &str) -> [u8; 16] {
    split::<16, 16, 32>(Sha256::digest(content_topic).into()).0
}

/// Takes a place apart: shelf, order.
pub(super) fn apart(place: Place) -> (u32, Order) {
    let (shelf, order) = split(place);
    (u32::from_be_bytes(shelf), order)
}

/// Takes an order apart: time, hash.
pub(super) fn time_and_hash(order: Order) -> (i64, MessageHash) {
    let (time, hash) = split::<8, 32, 40>(order);
    (unordered(time), MessageHash::new(hash))
}

/// The place in the key of an index.
pub(super) fn behind_digest(key: TopicPlace) -> Place {
    split::<16, 44, 60>(key).1
}

/// The row of a message in [`MESSAGE`].
pub(super) fn head(data: &[u8], content_topic: &str) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [&len.to_be_bytes(), content_topic.as_bytes()].concat()
}

/// Reads a row of [`MESSAGE`]: length of the data in bytes, content topic.
pub(super) fn read_head(row: &[u8]) -> Result<(u64, &str), ArchiveError> {
    let (len, topic) = row.split_first_chunk().ok_or_else(|| failed(DAMAGED))?;
    let topic = std::str::from_utf8(topic).map_err(|_| failed(DAMAGED))?;
    Ok((u32::from_be_bytes(*len).into(), topic))
}

/// The row of a message in [`PLACE`].
pub(super) fn whereabouts(shelf: u32, at: i64) -> [u8; 12] {
    join(shelf.to_be_bytes(), ordered(at))
}

/// The time in a row of [`PLACE`], and the shelf.
pub(super) fn read_whereabouts(row: [u8; 12]) -> (u32, i64) {
    let (shelf, at) = split::<4, 8, 12>(row);
    (u32::from_be_bytes(shelf), unordered(at))
}

/// Big-endian with the sign turned: bytes are ordered as numbers are.
fn ordered(at: i64) -> [u8; 8] {
    (at ^ i64::MIN).to_be_bytes()
}

fn unordered(bytes: [u8; 8]) -> i64 {
    i64::from_be_bytes(bytes) ^ i64::MIN
}

fn join<const A: usize, const B: usize, const C: usize>(a: [u8; A], b: [u8; B]) -> [u8; C] {
    const { assert!(A + B == C) };
    let mut joined = [0; C];
    for (to, from) in joined.iter_mut().zip(a.iter().chain(&b)) {
        *to = *from;
    }
    joined
}

fn split<const A: usize, const B: usize, const C: usize>(joined: [u8; C]) -> ([u8; A], [u8; B]) {
    const { assert!(A + B == C) };
    let (mut a, mut b) = ([0; A], [0; B]);
    for (to, from) in a.iter_mut().chain(&mut b).zip(joined) {
        *to = from;
    }
    (a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_times_are_and_come_apart_again() {
        let times = [i64::MIN, -1_000, -1, 0, 1, 1_700_000_000_000_000_000, i64::MAX];
        let hash = MessageHash::new([7; 32]);
        let orders = times.map(|at| order(at, &hash));

        assert!(orders.is_sorted());
        for (at, order) in times.into_iter().zip(orders) {
            let key = topic_place(digest("a topic"), place(5, order));
            assert_eq!(apart(behind_digest(key)), (5, order));
            assert_eq!(time_and_hash(order), (at, hash));
            assert_eq!(read_whereabouts(whereabouts(5, at)), (5, at));
        }
    }
}
