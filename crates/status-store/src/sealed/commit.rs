//! One commit: what it writes, and how it gets to the disk.

use redb::StorageBackend;
use status_layer::{Batch, StoreError};

use super::blocks::Blocks;
use super::journal::Journal;
use super::secrets::{Secrets, slot_of};
use super::slots::Slots;
use super::vault::Open;
use crate::rows::{Wait, Write, place, unavailable};

#[cfg(test)]
thread_local! {
    /// Whether slots are overwritten with the commit that frees them: what the invariant below forbids.
    pub(super) static TOO_EARLY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// A batch as it goes into the table.
pub(crate) struct Prepared {
    writes: Vec<Write>,
    /// The slots of the rows that it replaces and deletes.
    freed: Vec<u32>,
}

impl Prepared {
    /// Seals what is secret in `batch`.
    pub(crate) fn new(secrets: &Secrets, open: &mut Open, batch: &Batch) -> Result<Self, StoreError> {
        let (mut writes, mut freed) = (Vec::with_capacity(batch.len()), Vec::new());
        for (area, key, value) in batch.iter() {
            let place = place(area, key);
            if !secrets.covers(&place) {
                writes.push(Write { place, value: value.cloned() });
                continue;
            }
            if let Some(old) = open.rows.row(&place)? {
                freed.push(slot_of(&old)?);
            }
            writes.push(secrets.write(&mut open.slots, place, value.map(|value| &**value))?);
        }
        Ok(Self { writes, freed })
    }
}

impl Secrets {
    /// How many slots a batch takes.
    pub(crate) fn count(&self, batch: &Batch) -> usize {
        batch.iter().filter(|(area, _, value)| value.is_some() && self.areas.contains(area)).count()
    }

    /// The write of a secret row; it takes a slot if the row stays.
    pub(crate) fn write(
        &self,
        slots: &mut Slots,
        place: Vec<u8>,
        value: Option<&[u8]>,
    ) -> Result<Write, StoreError> {
        let seal = |value| {
            let (slot, bytes) = slots.take()?;
            self.seal((slot, &bytes), &place, value)
        };
        let value = value.map(seal).transpose()?;
        Ok(Write { place, value })
    }
}

impl Open {
    /// Makes a commit durable, and returns its turn: with one wait for the disk as long as there is room in the journal,
    /// with the database and all commits before it otherwise.
    pub(crate) fn commit<D: StorageBackend>(
        &mut self,
        blocks: &Blocks<D>,
        turn: u64,
        prepared: Prepared,
    ) -> Result<u64, StoreError> {
        let (disk, turn) = (blocks.disk(), turn.saturating_add(1));
        let Prepared { writes, freed } = prepared;
        #[cfg(test)]
        if TOO_EARLY.get() {
            self.slots.settle(freed.clone());
        }
        // Invariant: what is overwritten here was freed by a commit that is on the disk.
        self.slots.overwrite(disk).and_then(|()| self.slots.provide(disk)).map_err(unavailable)?;
        if self.journal.has_room(&writes) {
            self.rows.apply(&writes, &[], Wait::Later)?;
            let journal = self.journal.append(disk, blocks.cipher(), blocks.id(), turn, &writes);
            self.journal =
                journal.and_then(|journal| disk.sync_data().map(|()| journal)).map_err(unavailable)?;
        } else {
            blocks.set_turn(turn);
            self.rows.apply(&writes, &[], Wait::NowQuick)?;
            self.journal = Journal::after(turn);
        }
        self.slots.settle(freed);
        Ok(turn)
    }
}
