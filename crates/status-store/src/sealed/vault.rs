//! A sealed database on any disk: how it is opened after whatever happened, and what follows a failed write.

use redb::StorageBackend;
use status_layer::{Area, Batch, Read, Row, StoreError, Value};

use super::blocks::Blocks;
use super::cipher::Cipher;
use super::head::Head;
use super::superblock::{DataKey, Superblock};
use crate::error::OpenError;
use crate::lock::Lock;
use crate::rows::{DAMAGED, Rows, builder, check_sizes, failed, unavailable};

/// The rows on one disk, under one lock.
pub(crate) struct Vault<D> {
    superblock: Superblock,
    key: DataKey,
    blocks: Blocks<D>,
    state: State,
}

/// What the rows are good for.
enum State {
    /// Reading and writing.
    Ready(Rows),
    /// Reading only: a write failed, and the disk takes none yet.
    ReadOnly(Rows),
    /// Nothing: not even reading works.
    Gone,
}

impl<D: StorageBackend> Vault<D> {
    /// Makes a new database on an empty disk.
    pub(crate) fn create(disk: D, lock: &Lock) -> Result<Self, OpenError> {
        let (superblock, key) = Superblock::make(lock)?;
        let blocks = Blocks::new(disk, Cipher::new(&key), superblock.id, Head::new()).map_err(unavailable)?;
        let database = builder().create_with_backend(blocks.clone()).map_err(failed)?;
        let state = State::Ready(Rows::create(database)?);
        // Written last: a file without it is nothing.
        superblock.write(blocks.disk()).map_err(unavailable)?;
        Ok(Self { superblock, key, blocks, state })
    }

    /// Opens what is on the disk. Nothing is written to it before all of it was found to be in order.
    pub(crate) fn open(disk: D, lock: &Lock) -> Result<Self, OpenError> {
        let (superblock, same) = Superblock::read(&disk)?;
        let key = superblock.unlock(lock)?;
        let cipher = Cipher::new(&key);
        let mut heads = Head::read_all(&disk, &cipher, &superblock.id)?.into_iter();
        let newest = heads.next().ok_or(DAMAGED)?;
        let older = heads.next();
        let blocks = Blocks::new(disk, cipher, superblock.id, newest.clone()).map_err(unavailable)?;
        match (rehearse(&blocks, &newest), older) {
            (Ok(()), _) => {}
            // The newest turn was on its way to the disk when the power went: then its head may have arrived before
            // what it speaks of. The turn before is whole. A database that was closed has no such excuse.
            (Err(StoreError::Damaged { .. }), Some(older))
                if !newest.is_closed() && older.turn.checked_add(1) == Some(newest.turn) =>
            {
                blocks.turn_back(&older);
                rehearse(&blocks, &older)?;
            }
            (Err(error), _) => return Err(error.into()),
        }
        let state = State::Ready(ready(&blocks)?);
        if !same {
            // A change of the lock did not end: the old one must not stay beside the new one.
            superblock.write(blocks.disk()).map_err(unavailable)?;
        }
        Ok(Self { superblock, key, blocks, state })
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
        self.blocks.turn()
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
        if !matches!(self.state, State::Ready(_)) {
            self.recover()?;
        }
        let State::Ready(rows) = &self.state else { return Err(DAMAGED) };
        let Err(error) = rows.commit(batch) else { return Ok(()) };
        // What is wrong with the disk is told once, by the error that there is already.
        let _ = self.recover();
        Err(error)
    }

    /// Opens the database again as the last commit left it.
    fn recover(&mut self) -> Result<(), StoreError> {
        // The old one must be gone before the blocks change below it.
        self.state = State::Gone;
        self.blocks.revert();
        match ready(&self.blocks) {
            Ok(rows) => {
                self.state = State::Ready(rows);
                Ok(())
            }
            Err(error) => {
                self.blocks.revert();
                self.state = Rows::rehearse(self.blocks.clone()).map_or(State::Gone, State::ReadOnly);
                Err(error)
            }
        }
    }

    fn rows(&self) -> Result<&Rows, StoreError> {
        match &self.state {
            State::Ready(rows) | State::ReadOnly(rows) => Ok(rows),
            State::Gone => {
                Err(StoreError::Unavailable("the disk failed, and does not let itself be read again".into()))
            }
        }
    }
}

/// Checks that all of the database is there as it was at the turn `head`, without writing.
fn rehearse<D: StorageBackend>(blocks: &Blocks<D>, head: &Head) -> Result<(), StoreError> {
    if head.is_closed() && !blocks.is_whole() {
        return Err(DAMAGED);
    }
    Rows::rehearse(blocks.clone()).map(drop)
}

/// Opens a database that is known to be in order for reading and writing.
fn ready<D: StorageBackend>(blocks: &Blocks<D>) -> Result<Rows, StoreError> {
    blocks.settle().map_err(unavailable)?;
    Ok(Rows::of(builder().create_with_backend(blocks.clone()).map_err(failed)?))
}

impl<D: StorageBackend> Read for Vault<D> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.rows()?.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.rows()?.scan(area, prefix, after, limit)
    }
}
