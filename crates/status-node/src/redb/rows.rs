//! Keeping messages, and counting them.

use std::collections::{BTreeMap, HashSet};

use redb::{Database, ReadableDatabase, ReadableTable, Table, WriteTransaction};
use status_p2p::{ArchiveError, ArchiveSize, Archived};

use super::failed;
use super::tables::{
    BYTES, DATA, MESSAGE, MESSAGES, NEXT_SHELF, PLACE, SHELF, TALLY, TOPIC, digest, head, order, place,
    topic_place, whereabouts,
};

/// Keeps all of them in one commit.
pub(super) fn keep(database: &Database, mut messages: Vec<Archived>) -> Result<(), ArchiveError> {
    let mut seen = HashSet::new();
    messages.retain(|message| seen.insert(message.hash));
    // In the order of the keys, neighbours share pages.
    messages.sort_unstable_by_key(|message| order(message.at, &message.hash));
    let write = begin(database)?;
    let mut fresh = Tally::default();
    {
        let mut heads = write.open_table(MESSAGE).map_err(failed)?;
        let mut data = write.open_table(DATA).map_err(failed)?;
        let mut topics = write.open_table(TOPIC).map_err(failed)?;
        let mut places = write.open_table(PLACE).map_err(failed)?;
        let mut shelves = Shelves::open(&write)?;
        for message in &messages {
            if places.get(message.hash.as_bytes()).map_err(failed)?.is_some() {
                continue;
            }
            let shelf = shelves.put_on(&message.pubsub_topic)?;
            let at = place(shelf, order(message.at, &message.hash));
            places.insert(message.hash.as_bytes(), &whereabouts(shelf, message.at)).map_err(failed)?;
            heads.insert(&at, &*head(&message.data, &message.content_topic)).map_err(failed)?;
            data.insert(&at, &*message.data).map_err(failed)?;
            topics.insert(&topic_place(digest(&message.content_topic), at), ()).map_err(failed)?;
            fresh.add(message.data.len() as u64);
        }
        shelves.store()?;
    }
    if fresh.messages == 0 {
        return write.abort().map_err(failed);
    }
    fresh.store(&write, u64::saturating_add)?;
    write.commit().map_err(failed)
}

/// How much is there.
pub(super) fn size(database: &Database) -> Result<ArchiveSize, ArchiveError> {
    let read = database.begin_read().map_err(failed)?;
    let tally = read.open_table(TALLY).map_err(failed)?;
    let count = |what| -> Result<u64, ArchiveError> {
        Ok(tally.get(what).map_err(failed)?.map_or(0, |count| count.value()))
    };
    let heads = read.open_table(MESSAGE).map_err(failed)?;
    let shelves = super::page::shelves(&read.open_table(SHELF).map_err(failed)?)?;
    let oldest = super::page::merged(&heads, &shelves)?.next().transpose()?;
    let oldest = oldest.map(|(_, order)| super::tables::time_and_hash(order).0);
    Ok(ArchiveSize { messages: count(MESSAGES)?, bytes: count(BYTES)?, oldest })
}

/// A change that opens at once after a kill: what that needs is written with it.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, ArchiveError> {
    let mut write = database.begin_write().map_err(failed)?;
    write.set_quick_repair(true);
    Ok(write)
}

/// The numbers of gossip topics, while messages are put on them.
struct Shelves<'a> {
    table: Table<'a, &'static str, (u32, u64)>,
    tally: Table<'a, u8, u64>,
    /// Those that this change touches: number, and messages on it.
    touched: BTreeMap<String, (u32, u64)>,
}

impl<'a> Shelves<'a> {
    fn open(write: &'a WriteTransaction) -> Result<Self, ArchiveError> {
        let table = write.open_table(SHELF).map_err(failed)?;
        let tally = write.open_table(TALLY).map_err(failed)?;
        Ok(Self { table, tally, touched: BTreeMap::new() })
    }

    /// Counts one more message of a gossip topic, and says which number stands for that.
    fn put_on(&mut self, pubsub_topic: &str) -> Result<u32, ArchiveError> {
        if !self.touched.contains_key(pubsub_topic) {
            let there = self.table.get(pubsub_topic).map_err(failed)?.map(|row| row.value());
            let entry = match there {
                Some(there) => there,
                None => (self.next()?, 0),
            };
            self.touched.insert(pubsub_topic.to_owned(), entry);
        }
        let (shelf, messages) = self.touched.entry(pubsub_topic.to_owned()).or_default();
        *messages = messages.saturating_add(1);
        Ok(*shelf)
    }

    fn next(&mut self) -> Result<u32, ArchiveError> {
        let next = self.tally.get(NEXT_SHELF).map_err(failed)?.map_or(0, |row| row.value());
        let shelf = u32::try_from(next).map_err(|_| failed("there were too many gossip topics"))?;
        self.tally.insert(NEXT_SHELF, next.saturating_add(1)).map_err(failed)?;
        Ok(shelf)
    }

    fn store(mut self) -> Result<(), ArchiveError> {
        for (topic, entry) in &self.touched {
            self.table.insert(&**topic, entry).map_err(failed)?;
        }
        Ok(())
    }
}

/// Messages that came or went.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: u64) {
        self.messages = self.messages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Notes the change, up or down.
    pub(super) fn store(
        &self,
        write: &WriteTransaction,
        change: fn(u64, u64) -> u64,
    ) -> Result<(), ArchiveError> {
        let mut tally = write.open_table(TALLY).map_err(failed)?;
        for (what, by) in [(MESSAGES, self.messages), (BYTES, self.bytes)] {
            let before = tally.get(what).map_err(failed)?.map_or(0, |count| count.value());
            tally.insert(what, change(before, by)).map_err(failed)?;
        }
        Ok(())
    }
}
