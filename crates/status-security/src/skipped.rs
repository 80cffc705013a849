//! Keys of messages that have not come yet: one row each, so that a late message costs the same however many wait.

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError};

use crate::key::Key;
use crate::ratchet::Skipped;
use crate::suite::RatchetKey;
use crate::table;
use crate::table::codec::{Reader, read_row, writer};

/// The skipped keys of one session, by its number.
#[derive(Clone, Copy)]
pub(crate) struct SkippedKeys(pub(crate) u32);

impl SkippedKeys {
    /// The epoch of an earlier chain that has skipped keys.
    pub(crate) fn epoch(self, shelf: &Shelf<'_>, ratchet: &RatchetKey) -> Result<Option<u32>, StoreError> {
        let Some(row) = shelf.get(&table::chain(self.0, ratchet.as_bytes()))? else { return Ok(None) };
        read_row("chain of skipped keys", &row, Reader::u32).map(Some)
    }

    /// The key of message `n` of the chain of `epoch`.
    pub(crate) fn find(self, shelf: &Shelf<'_>, epoch: u32, n: u32) -> Result<Option<Key>, StoreError> {
        let Some(row) = shelf.get(&table::skipped(self.0, epoch, n))? else { return Ok(None) };
        read_row("skipped key", &row, |r| r.array().map(Key::new)).map(Some)
    }

    /// Forgets a key. Done in the same draft that hands up what it opened.
    pub(crate) fn forget(self, shelf: &mut Shelf<'_>, epoch: u32, n: u32) -> Result<(), StoreError> {
        shelf.delete(table::skipped(self.0, epoch, n));
        self.close(shelf, epoch)
    }

    /// Adds keys to the `held` ones and drops the oldest beyond `max`; returns how many there are then.
    pub(crate) fn add(
        self,
        shelf: &mut Shelf<'_>,
        held: u32,
        keys: &[Skipped],
        max: u32,
    ) -> Result<u32, StoreError> {
        let room = usize::try_from(max).unwrap_or(usize::MAX);
        let keys = keys.get(keys.len().saturating_sub(room)..).unwrap_or_default();
        let mut last = None;
        for Skipped { epoch, ratchet, n, key } in keys {
            if last.replace(*epoch) != Some(*epoch) {
                shelf.put(table::chain(self.0, ratchet.as_bytes()), writer().u32(*epoch).finish());
                shelf.put(table::label(self.0, *epoch), writer().bytes(ratchet.as_bytes()).finish());
            }
            shelf.put(table::skipped(self.0, *epoch, *n), writer().bytes(key.expose()).finish());
        }
        let held = held.saturating_add(u32::try_from(keys.len()).unwrap_or(u32::MAX));
        if held > max {
            self.forget_oldest(shelf, held.abs_diff(max))?;
        }
        Ok(held.min(max))
    }

    /// Forgets the `count` oldest keys.
    pub(crate) fn forget_oldest(self, shelf: &mut Shelf<'_>, count: u32) -> Result<(), StoreError> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let oldest = shelf.scan(&table::skipped_of(self.0), None, count)?;
        let mut epochs = Vec::new();
        for (key, _) in oldest {
            let epoch = table::epoch_of(&key).ok_or(StoreError::Damaged { what: "skipped key" })?;
            if epochs.last() != Some(&epoch) {
                epochs.push(epoch);
            }
            shelf.delete(key);
        }
        epochs.into_iter().try_for_each(|epoch| self.close(shelf, epoch))
    }

    /// Removes what names a chain once none of its keys is left.
    fn close(self, shelf: &mut Shelf<'_>, epoch: u32) -> Result<(), StoreError> {
        if !shelf.scan(&table::skipped_in(self.0, epoch), None, 1)?.is_empty() {
            return Ok(());
        }
        let label = table::label(self.0, epoch);
        if let Some(row) = shelf.get(&label)? {
            let ratchet = read_row("label of a chain", &row, |r| Some(r.rest()))?;
            shelf.delete(table::chain(self.0, ratchet));
            shelf.delete(label);
        }
        Ok(())
    }
}
