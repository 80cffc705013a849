//! Random numbers that can be forgotten: each secret row is sealed with one of its own.
//!
//! They are the only part of the file, besides the heads, that is overwritten in place. A slot that no row uses holds
//! new random bytes, so what was sealed with the old ones cannot be read by anybody any more. They are not sealed
//! themselves: without the key of the data they say nothing, and whoever changes one makes one row unreadable.
//!
//! Invariant: a slot is overwritten only when no row that a stop could bring back uses it, and used only when its random
//! bytes are on the disk.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use redb::StorageBackend;
use status_layer::StoreError;
use zeroize::Zeroizing;

use super::cipher::random;
use super::layout::{MAX_SLOTS, SLOT, slot_at};
use crate::rows::unavailable;

/// Slots that are made at once: a page of the disk.
const PAGE: u32 = 128; // slots
/// As many are kept for commits to come, so that they need not wait for the disk twice.
const SPARE: usize = 128; // slots

/// All slots of a file.
pub(crate) struct Slots {
    bytes: Zeroizing<Vec<u8>>,
    /// Used by no row, random, on the disk.
    free: BTreeSet<u32>,
    /// Used by no row since the last commit; the next one overwrites them.
    due: Vec<u32>,
    /// Free when the next commit is on the disk.
    coming: Vec<u32>,
}

impl Slots {
    /// Reads all slots that there are, and at least those that rows use. None is free yet.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn read(disk: &impl StorageBackend, used: &BTreeSet<u32>) -> Result<Self, StoreError> {
        let bytes = read(disk, used.last().copied()).map_err(unavailable)?;
        Ok(Self { bytes, free: BTreeSet::new(), due: Vec::new(), coming: Vec::new() })
    }

    /// Overwrites all slots that no row uses: whatever was left behind in them is gone, and so is what somebody else
    /// may have put there. They are free when the disk was synchronised after that and [`settle`](Self::settle) called.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn renew(&mut self, disk: &impl StorageBackend, used: &BTreeSet<u32>) -> io::Result<()> {
        self.free.clear();
        self.coming.clear();
        self.due = (0..self.count()).filter(|slot| !used.contains(slot)).collect();
        self.overwrite(disk)?;
        self.grow(disk, SPARE.saturating_sub(self.due.len()))
    }

    /// Overwrites what commits before this one freed. It is certain when the disk was synchronised after that.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn overwrite(&mut self, disk: &impl StorageBackend) -> io::Result<()> {
        self.due.sort_unstable();
        for run in self.due.chunk_by(|one, next| one.checked_add(1) == Some(*next)) {
            let (Some(first), Some(span)) = (run.first(), span(run)) else { continue };
            let Some(bytes) = self.bytes.get_mut(span) else { continue };
            random(bytes)?;
            disk.write(slot_at(*first), bytes)?;
        }
        Ok(())
    }

    /// Makes at least `count` slots more, which are free like renewed ones; fewer if there is no room for them.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn grow(&mut self, disk: &impl StorageBackend, count: usize) -> io::Result<()> {
        let first = self.count();
        let count = u32::try_from(count).unwrap_or(MAX_SLOTS).div_ceil(PAGE).saturating_mul(PAGE);
        let end = first.saturating_add(count).min(MAX_SLOTS);
        if first == end {
            return Ok(());
        }
        let mut new = Zeroizing::new(vec![0; (end.saturating_sub(first) as usize).saturating_mul(SLOT)]);
        random(&mut new)?;
        disk.write(slot_at(first), &new)?;
        self.bytes.extend_from_slice(&new);
        self.coming.extend(first..end);
        Ok(())
    }

    /// Makes sure that `count` are free. That takes a wait for the disk only if too few are.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if there cannot be so many, before anything is written; what the disk says.
    pub(crate) fn make_room(&mut self, disk: &impl StorageBackend, count: usize) -> Result<(), StoreError> {
        if count <= self.free.len() {
            return Ok(());
        }
        let soon = self.free.len().saturating_add(self.due.len());
        let more = MAX_SLOTS.saturating_sub(self.count()) as usize;
        if count > soon.saturating_add(more) {
            return Err(StoreError::TooMany { max: MAX_SLOTS as usize });
        }
        self.overwrite(disk)
            .and_then(|()| self.grow(disk, count.saturating_sub(soon)))
            .map_err(unavailable)?;
        disk.sync_data().map_err(unavailable)?;
        self.settle(Vec::new());
        Ok(())
    }

    /// Overwrites what commits before this one freed, and waits for the disk, if there is something.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn shred(&mut self, disk: &impl StorageBackend) -> Result<(), StoreError> {
        if self.due.is_empty() {
            return Ok(());
        }
        self.overwrite(disk).and_then(|()| disk.sync_data()).map_err(unavailable)?;
        self.settle(Vec::new());
        Ok(())
    }

    /// Makes more, if few are left. They are for the commit after the next one.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn provide(&mut self, disk: &impl StorageBackend) -> io::Result<()> {
        let left = self.free.len().saturating_add(self.due.len()).saturating_add(self.coming.len());
        if left < SPARE { self.grow(disk, SPARE) } else { Ok(()) }
    }

    /// Takes a free slot.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] if there is none.
    pub(crate) fn take(&mut self) -> Result<(u32, Zeroizing<[u8; SLOT]>), StoreError> {
        let slot = self.free.pop_first().ok_or(StoreError::TooMany { max: MAX_SLOTS as usize })?;
        let bytes = self.get(slot).ok_or(StoreError::TooMany { max: MAX_SLOTS as usize })?;
        Ok((slot, bytes))
    }

    /// What is in a slot.
    pub(crate) fn get(&self, slot: u32) -> Option<Zeroizing<[u8; SLOT]>> {
        self.bytes.get(span(&[slot])?)?.first_chunk().copied().map(Zeroizing::new)
    }

    /// The disk was synchronised: what was overwritten and made is free; `freed` is what the rows that were deleted in that
    /// commit used.
    pub(crate) fn settle(&mut self, freed: Vec<u32>) {
        self.free.extend(self.due.drain(..));
        self.free.extend(self.coming.drain(..));
        self.due = freed;
    }

    fn count(&self) -> u32 {
        u32::try_from(self.bytes.len() / SLOT).unwrap_or(MAX_SLOTS).min(MAX_SLOTS)
    }
}

/// Where slots that follow each other are among all bytes.
fn span(run: &[u32]) -> Option<std::ops::Range<usize>> {
    let first = usize::try_from(*run.first()?).ok()?.checked_mul(SLOT)?;
    Some(first..first.checked_add(run.len().checked_mul(SLOT)?)?)
}

/// The pages of slots up to one that was never written, or further, to the one that holds the slot `last`.
fn read(disk: &impl StorageBackend, last: Option<u32>) -> io::Result<Zeroizing<Vec<u8>>> {
    let end = disk.len()?;
    let mut all = Zeroizing::new(Vec::new());
    for page in 0..MAX_SLOTS / PAGE {
        let at = slot_at(page.saturating_mul(PAGE));
        let mut bytes = Zeroizing::new([0; PAGE as usize * SLOT]);
        let there = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(bytes.len());
        if let Some(part) = bytes.get_mut(..there).filter(|part| !part.is_empty()) {
            disk.read(at, part)?;
        }
        let needed = last.is_some_and(|last| last / PAGE >= page);
        if !needed && bytes.iter().all(|byte| *byte == 0) {
            break;
        }
        all.extend_from_slice(bytes.as_slice());
    }
    Ok(all)
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slots({} free, {} due)", self.free.len(), self.due.len())
    }
}
