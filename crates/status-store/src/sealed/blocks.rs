//! A disk that seals: what the database writes is encrypted and authenticated block by block.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG};
use super::head::{BLOCK, BODY, Head};

/// Length of a sealed block, in bytes.
pub(crate) const RECORD: usize = NONCE + BLOCK + TAG;

/// The blocks of one database on one disk. Clones are the same blocks.
pub(crate) struct Blocks<D>(Arc<Inner<D>>);

struct Inner<D> {
    disk: D,
    cipher: Cipher,
    /// Names the file; every record is bound to it and to its place.
    id: [u8; 16],
    /// Length of the file on the disk, in bytes.
    physical: AtomicU64,
    heads: Mutex<Heads>,
}

struct Heads {
    /// What the database sees.
    now: Head,
    /// What the disk has for certain.
    durable: Head,
}

impl<D: StorageBackend> Blocks<D> {
    /// The blocks of `disk` as they were at the turn `head`.
    pub(crate) fn new(disk: D, cipher: Cipher, id: [u8; 16], head: Head) -> io::Result<Self> {
        let physical = AtomicU64::new(disk.len()?);
        let heads = Mutex::new(Heads { now: head.clone(), durable: head });
        Ok(Self(Arc::new(Inner { disk, cipher, id, physical, heads })))
    }

    /// The last turn that the disk has for certain.
    pub(crate) fn turn(&self) -> u64 {
        self.heads().durable.turn
    }

    /// Whether the file is as long as the database that it holds.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.physical.load(Ordering::Acquire) >= end(self.heads().now.len)
    }

    /// Goes back to what the disk has for certain, after a write to it failed.
    pub(crate) fn revert(&self) {
        let mut heads = self.heads();
        heads.now = heads.durable.clone();
    }

    /// Goes back to another turn, when the newest does not hold.
    pub(crate) fn turn_back(&self, head: &Head) {
        let mut heads = self.heads();
        heads.now = head.clone();
        heads.durable = head.clone();
    }

    /// Makes safe what was found, and the file as long as the database that it holds: the rest of a commit that did
    /// not end goes.
    ///
    /// What a process finds after the death of another may be in the cache of the disk only. The next commit builds
    /// on it and overwrites the head of the one before, so it has to be on the disk first.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.0.disk.sync_data()?;
        let len = self.heads().now.len;
        self.resize(len)
    }

    pub(crate) fn disk(&self) -> &D {
        &self.0.disk
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.0.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        let physical = end(len);
        if self.0.physical.load(Ordering::Acquire) != physical {
            self.0.disk.set_len(physical)?;
            self.0.physical.store(physical, Ordering::Release);
        }
        Ok(())
    }

    /// The sealed blocks from `first` on; beyond the end of the file they are zero.
    fn read_records(&self, first: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut records = vec![0; count.saturating_mul(RECORD)];
        let at = position(first);
        let there = self.0.physical.load(Ordering::Acquire).saturating_sub(at);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(records.len());
        if let Some(part) = records.get_mut(..there).filter(|part| !part.is_empty()) {
            self.0.disk.read(at, part)?;
        }
        Ok(records)
    }

    /// Opens one record into `plain`, which has the length of a block.
    fn open(&self, index: u64, record: &[u8], plain: &mut [u8]) -> io::Result<()> {
        // A place that was never written, such as a new one at the end.
        if record.iter().all(|byte| *byte == 0) {
            plain.fill(0);
            return Ok(());
        }
        self.0
            .cipher
            .open(&self.place(index), record, plain)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a block is not what was written"))
    }

    /// What a record is bound to.
    fn place(&self, index: u64) -> [u8; 28] {
        let mut place = [0; 28];
        let parts = self.0.id.iter().chain(b"body").copied().chain(index.to_le_bytes());
        for (to, from) in place.iter_mut().zip(parts) {
            *to = from;
        }
        place
    }

    /// Reads from the blocks behind the first one.
    fn read_body(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (first, skip) = split(offset);
        let records = self.read_records(first, blocks(skip, out.len()))?;
        let mut rest = out;
        for (number, record) in records.chunks(RECORD).enumerate() {
            let index = first.saturating_add(number as u64);
            let skip = if number == 0 { skip } else { 0 };
            let (part, later) = rest.split_at_mut(rest.len().min(BLOCK.saturating_sub(skip)));
            if part.len() == BLOCK {
                self.open(index, record, part)?;
            } else {
                let mut block = Zeroizing::new([0; BLOCK]);
                self.open(index, record, block.as_mut_slice())?;
                for (to, from) in part.iter_mut().zip(block.iter().skip(skip)) {
                    *to = *from;
                }
            }
            rest = later;
        }
        Ok(())
    }

    /// Writes to the blocks behind the first one: all of them in one write.
    fn write_body(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (first, skip) = split(offset);
        let mut records = vec![0; blocks(skip, data.len()).saturating_mul(RECORD)];
        let mut rest = data;
        for (number, record) in records.chunks_mut(RECORD).enumerate() {
            let index = first.saturating_add(number as u64);
            let skip = if number == 0 { skip } else { 0 };
            let (part, later) = rest.split_at(rest.len().min(BLOCK.saturating_sub(skip)));
            if part.len() == BLOCK {
                self.0.cipher.seal(&self.place(index), part, record)?;
            } else {
                let mut block = Zeroizing::new([0; BLOCK]);
                self.open(index, &self.read_records(index, 1)?, block.as_mut_slice())?;
                for (to, from) in block.iter_mut().skip(skip).zip(part) {
                    *to = *from;
                }
                self.0.cipher.seal(&self.place(index), block.as_slice(), record)?;
            }
            rest = later;
        }
        self.0.disk.write(position(first), &records)
    }
}

impl<D: StorageBackend> StorageBackend for Blocks<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.heads().now.len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let heads = self.heads();
        if offset.saturating_add(out.len() as u64) > heads.now.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (in_head, body) = out.split_at_mut(before_body(offset, out.len()));
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in in_head.iter_mut().zip(heads.now.block.iter().skip(skip)) {
            *to = *from;
        }
        drop(heads);
        if body.is_empty() { Ok(()) } else { self.read_body(offset.max(BLOCK as u64), body) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut heads = self.heads();
        let end = offset.saturating_add(data.len() as u64);
        if end > heads.now.len {
            self.resize(end)?;
            heads.now.len = end;
        }
        let (in_head, body) = data.split_at(before_body(offset, data.len()));
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in heads.now.block.iter_mut().skip(skip).zip(in_head) {
            *to = *from;
        }
        drop(heads);
        if body.is_empty() { Ok(()) } else { self.write_body(offset.max(BLOCK as u64), body) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut heads = self.heads();
        self.resize(len)?;
        heads.now.len = len;
        Ok(())
    }

    /// Makes all writes durable, and the head that says that they count: one wait for the disk.
    ///
    /// Invariant: the slot that is overwritten is not that of the last durable turn.
    fn sync_data(&self) -> io::Result<()> {
        let mut heads = self.heads();
        if heads.now.len == heads.durable.len && heads.now.block == heads.durable.block {
            return self.0.disk.sync_data();
        }
        heads.now.turn = heads.durable.turn.saturating_add(1);
        heads.now.write(&self.0.disk, &self.0.cipher, &self.0.id)?;
        self.0.disk.sync_data()?;
        heads.durable = heads.now.clone();
        Ok(())
    }
}

impl<D> Clone for Blocks<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D> fmt::Debug for Blocks<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocks(..)")
    }
}

/// The block that holds `at`, and the place within it.
fn split(at: u64) -> (u64, usize) {
    let block = BLOCK as u64;
    (at / block, usize::try_from(at % block).unwrap_or(0))
}

/// How many blocks `len` bytes touch that begin at `skip` in a block.
const fn blocks(skip: usize, len: usize) -> usize {
    skip.saturating_add(len).div_ceil(BLOCK)
}

/// How many of `len` bytes from `offset` on are in the first block.
fn before_body(offset: u64, len: usize) -> usize {
    usize::try_from((BLOCK as u64).saturating_sub(offset)).unwrap_or(0).min(len)
}

/// Where the block `index` is in the file; the first is not there but in the slots of the head.
fn position(index: u64) -> u64 {
    BODY.saturating_add(index.saturating_sub(1).saturating_mul(RECORD as u64))
}

/// Where the file of a database of `len` bytes ends.
fn end(len: u64) -> u64 {
    position(len.div_ceil(BLOCK as u64).max(1))
}
