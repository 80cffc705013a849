//! A sealed database on any disk: how it is opened after whatever happened, and what follows a failed write.

use std::collections::BTreeSet;

use redb::StorageBackend;
use status_layer::{Area, Batch, Read, Row, StoreError, Value};

use super::blocks::Blocks;
use super::cipher::Cipher;
use super::commit::Prepared;
use super::head::Head;
use super::journal::{Entry, Journal};
use super::marks::Marks;
use super::secrets::{Secrets, slot_of};
use super::slots::Slots;
use super::superblock::{DataKey, Superblock};
use crate::error::OpenError;
use crate::lock::Lock;
use crate::rows::{DAMAGED, Rows, Wait, builder, check_sizes, failed, place, unavailable};

/// The rows on one disk, under one lock.
pub(crate) struct Vault<D: StorageBackend> {
    superblock: Superblock,
    key: DataKey,
    blocks: Blocks<D>,
    secrets: Secrets,
    /// The areas that are to be secret.
    wanted: BTreeSet<Area>,
    /// The number of the last commit.
    turn: u64,
    state: State,
}

/// What the rows are good for.
enum State {
    /// Reading and writing.
    Ready(Open),
    /// Reading only: a write failed, and the disk takes none yet.
    ReadOnly(Rows, Slots),
    /// Nothing: not even reading works.
    Gone,
}

/// What is open for writing.
pub(crate) struct Open {
    pub(crate) rows: Rows,
    pub(crate) slots: Slots,
    pub(crate) journal: Journal,
}

/// Whether a write that failed may have reached the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Doubt {
    None,
    LastWrite,
}

impl<D: StorageBackend> Vault<D> {
    /// Makes a new database on an empty disk. Its commits are counted from `turn` on.
    pub(crate) fn create(disk: D, lock: &Lock, secret: &[Area], turn: u64) -> Result<Self, OpenError> {
        let (superblock, key) = Superblock::make(lock)?;
        let id = superblock.id;
        let blocks =
            Blocks::new(disk, Cipher::new(&key), id, Head::new(turn), Marks::new()).map_err(unavailable)?;
        let database = builder().create_with_backend(blocks.clone()).map_err(failed)?;
        drop(Rows::create(database)?);
        blocks.finish().map_err(unavailable)?;
        let mut made = Self {
            secrets: Secrets::new(&key, id),
            superblock,
            key,
            blocks,
            wanted: secret.iter().copied().collect(),
            turn,
            state: State::Gone,
        };
        made.get_ready(u64::MAX, Doubt::None)?;
        // Written last: a file without it is nothing.
        made.superblock.write(made.blocks.disk()).map_err(unavailable)?;
        Ok(made)
    }

    /// Opens what is on the disk. Nothing is written to it before what opening needs was found to be in order;
    /// what it does not need is verified when it is read.
    pub(crate) fn open(disk: D, lock: &Lock, secret: &[Area]) -> Result<Self, OpenError> {
        let (superblock, same) = Superblock::read(&disk)?;
        let key = superblock.unlock(lock)?;
        let id = superblock.id;
        let cipher = Cipher::new(&key);
        let head = Head::read(&disk, &cipher, &id)?.ok_or(DAMAGED)?;
        let marks = Marks::read(&disk, &cipher, &id, &head.chunks, head.len).map_err(unavailable)?;
        let turn = head.turn;
        let blocks = Blocks::new(disk, cipher, id, head, marks).map_err(unavailable)?;
        if !blocks.is_whole() {
            return Err(DAMAGED.into());
        }
        Journal::read(blocks.disk(), blocks.cipher(), &id, turn, u64::MAX)?;
        drop(Rows::glance(blocks.clone())?);
        let mut opened = Self {
            secrets: Secrets::new(&key, id),
            superblock,
            key,
            blocks,
            wanted: secret.iter().copied().collect(),
            turn,
            state: State::Gone,
        };
        opened.get_ready(u64::MAX, Doubt::None)?;
        if !same {
            // A change of the lock did not end: the old one must not stay beside the new one.
            opened.superblock.write(opened.blocks.disk()).map_err(unavailable)?;
        }
        Ok(opened)
    }

    /// Puts another lock in the place of the one there is. The data stay as they are.
    pub(crate) fn relock(&mut self, lock: &Lock) -> Result<(), OpenError> {
        let superblock = self.superblock.relock(&self.key, lock)?;
        superblock.write(self.blocks.disk()).map_err(unavailable)?;
        self.superblock = superblock;
        Ok(())
    }

    /// The number of the last commit; it never falls.
    pub(crate) fn turn(&self) -> u64 {
        self.turn
    }

    pub(crate) const fn blocks(&self) -> &Blocks<D> {
        &self.blocks
    }

    /// Applies all writes of a batch, or none.
    ///
    /// After a failed write the database is opened again as it was before, for reading if the disk takes no writes,
    /// and for writing as soon as it does.
    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        check_sizes(batch)?;
        self.write(|secrets, blocks, open, turn| {
            open.slots.make_room(blocks.disk(), secrets.count(batch))?;
            let prepared = Prepared::new(secrets, open, batch)?;
            open.commit(blocks, turn, prepared)
        })
    }

    /// Overwrites the slots of the rows that the last commit deleted, now instead of with the next commit.
    pub(crate) fn shred(&mut self) -> Result<(), StoreError> {
        self.write(|_, blocks, open, turn| open.slots.shred(blocks.disk()).map(|()| turn))
    }

    /// Reads and verifies everything that counts.
    pub(crate) fn verify(&mut self) -> Result<(), StoreError> {
        // After a page could not be read the database reads no other one.
        self.recover()?;
        self.write(|_, blocks, open, turn| {
            blocks.set_turn(turn);
            open.rows.apply(&[], &[], Wait::NowQuick)?;
            open.journal = Journal::after(turn);
            Ok(turn)
        })?;
        drop(Rows::rehearse(self.blocks.clone())?);
        let (rows, slots) = self.open_rows()?;
        for area in &self.secrets.areas {
            rows.each(*area, |place, row| self.secrets.open(slots, place, row).map(drop))?;
        }
        Ok(())
    }

    /// Runs what writes; it returns the turn that is the last one then. After an error of the disk all is as before.
    fn write(
        &mut self,
        run: impl FnOnce(&Secrets, &Blocks<D>, &mut Open, u64) -> Result<u64, StoreError>,
    ) -> Result<(), StoreError> {
        if !matches!(self.state, State::Ready(_)) {
            self.recover()?;
        }
        let State::Ready(open) = &mut self.state else { return Err(DAMAGED) };
        match run(&self.secrets, &self.blocks, open, self.turn) {
            Ok(turn) => {
                self.turn = turn;
                Ok(())
            }
            // Found before anything was written.
            Err(error @ StoreError::TooMany { .. }) => Err(error),
            Err(error) => {
                // What is wrong with the disk is told once, by the error that there is already.
                let _ = self.recover();
                Err(error)
            }
        }
    }

    /// Opens the database again as the last commit left it.
    fn recover(&mut self) -> Result<(), StoreError> {
        // The old one must be gone, without a trace on the disk, before the blocks change below it.
        self.blocks.give_up();
        self.state = State::Gone;
        self.blocks.revert();
        let error = match self.get_ready(self.turn, Doubt::LastWrite) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        self.blocks.give_up();
        self.state = State::Gone;
        self.blocks.revert();
        if let Ok((rows, slots)) = self.look() {
            self.state = State::ReadOnly(rows, slots);
        }
        Err(error)
    }

    /// Opens a database that is known to be in order for reading and writing, with all commits up to `limit`.
    fn get_ready(&mut self, limit: u64, doubt: Doubt) -> Result<(), StoreError> {
        let blocks = &self.blocks;
        blocks.settle().map_err(unavailable)?;
        let (mut journal, entries) = self.journal(limit)?;
        if doubt == Doubt::LastWrite {
            // Before a slot is used or overwritten, what came half must be out of the way.
            journal.forget_next(blocks.disk()).and_then(|()| blocks.insist()).map_err(unavailable)?;
        }
        let rows = Rows::of(builder().create_with_backend(blocks.clone()).map_err(failed)?);
        let turn = replay(&rows, &entries)?.unwrap_or_else(|| blocks.base());
        self.secrets.areas = rows.secret()?;
        let new: Vec<Area> = self.wanted.difference(&self.secrets.areas).copied().collect();
        self.secrets.areas.extend(&new);
        let used = used(&rows, self.secrets.areas.iter().filter(|area| !new.contains(area)))?;
        let mut slots = Slots::read(blocks.disk(), &used)?;
        if !self.secrets.areas.is_empty() {
            slots
                .renew(blocks.disk(), &used)
                .and_then(|()| blocks.disk().sync_data())
                .map_err(unavailable)?;
            slots.settle(Vec::new());
        }
        if !new.is_empty() {
            blocks.set_turn(turn);
            seal_areas(&self.secrets, &rows, &mut slots, blocks.disk(), &new)?;
            journal = Journal::after(turn);
        }
        self.turn = turn;
        self.state = State::Ready(Open { rows, slots, journal });
        Ok(())
    }

    /// Opens the database for reading; what it wants to write stays in memory.
    fn look(&self) -> Result<(Rows, Slots), StoreError> {
        let rows = Rows::glance(self.blocks.clone())?;
        replay(&rows, &self.journal(self.turn)?.1)?;
        let used = used(&rows, self.secrets.areas.iter())?;
        let slots = Slots::read(self.blocks.disk(), &used)?;
        Ok((rows, slots))
    }

    fn journal(&self, limit: u64) -> Result<(Journal, Vec<Entry>), StoreError> {
        Journal::read(self.blocks.disk(), self.blocks.cipher(), self.blocks.id(), self.blocks.base(), limit)
    }

    fn open_rows(&self) -> Result<(&Rows, &Slots), StoreError> {
        match &self.state {
            State::Ready(Open { rows, slots, .. }) | State::ReadOnly(rows, slots) => Ok((rows, slots)),
            State::Gone => {
                Err(StoreError::Unavailable("the disk failed, and does not let itself be read again".into()))
            }
        }
    }
}

/// Applies the commits of a journal again, and says which was the last.
fn replay(rows: &Rows, entries: &[Entry]) -> Result<Option<u64>, StoreError> {
    for entry in entries {
        rows.apply(&entry.writes, &[], Wait::Later)?;
    }
    Ok(entries.last().map(|entry| entry.turn))
}

/// The slots that rows use.
fn used<'a>(rows: &Rows, areas: impl Iterator<Item = &'a Area>) -> Result<BTreeSet<u32>, StoreError> {
    let mut used = BTreeSet::new();
    for area in areas {
        rows.each(*area, |_, row| {
            used.insert(slot_of(row)?);
            Ok(())
        })?;
    }
    Ok(used)
}

/// Seals the rows of areas that were not secret before.
fn seal_areas(
    secrets: &Secrets,
    rows: &Rows,
    slots: &mut Slots,
    disk: &impl StorageBackend,
    areas: &[Area],
) -> Result<(), StoreError> {
    let mut found = Vec::new();
    for area in areas {
        rows.each(*area, |place, row| {
            found.push((place.to_vec(), Value::new(row)));
            Ok(())
        })?;
    }
    slots.make_room(disk, found.len())?;
    let sealed = found.into_iter().map(|(place, value)| secrets.write(slots, place, Some(&value)));
    rows.apply(&sealed.collect::<Result<Vec<_>, _>>()?, areas, Wait::NowQuick)
}

impl<D: StorageBackend> Read for Vault<D> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let (rows, slots) = self.open_rows()?;
        let place = place(area, key);
        match rows.row(&place)? {
            Some(row) if self.secrets.covers(&place) => self.secrets.open(slots, &place, &row).map(Some),
            row => Ok(row),
        }
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (rows, slots) = self.open_rows()?;
        let found = rows.scan(area, prefix, after, limit)?;
        if !self.secrets.areas.contains(&area) {
            return Ok(found);
        }
        let open = |(key, row): Row| {
            let value = self.secrets.open(slots, &place(area, &key), &row)?;
            Ok((key, value))
        };
        found.into_iter().map(open).collect()
    }
}

impl<D: StorageBackend> Drop for Vault<D> {
    /// Leaves the file as small and as quick to open as it can be. What fails is left to the next opening.
    fn drop(&mut self) {
        let State::Ready(mut open) = std::mem::replace(&mut self.state, State::Gone) else { return };
        if open.slots.overwrite(self.blocks.disk()).is_err() {
            self.blocks.give_up();
        }
        self.blocks.set_turn(self.turn);
        drop(open.rows);
        let _ = self.blocks.finish();
    }
}

/// What an attacker has who knows the lock.
#[cfg(test)]
impl<D: StorageBackend> Vault<D> {
    pub(crate) fn keys(&self) -> (&DataKey, [u8; 16]) {
        (&self.key, self.superblock.id)
    }

    /// A row as it is in the table.
    pub(crate) fn raw(&self, area: Area, key: &[u8]) -> Value {
        self.open_rows().unwrap().0.get(area, key).unwrap().unwrap()
    }
}
