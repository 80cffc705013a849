//! A disk that seals: what the database writes is encrypted and authenticated block by block.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::head::Head;
use super::layout::{BLOCK, GROUP, RECORD, block_at, blocks_of, end, groups_of};
use super::marks::{Mark, Marks, mark_of};

/// The blocks of one database on one disk. Clones are the same blocks.
pub(crate) struct Blocks<D>(Arc<Inner<D>>);

struct Inner<D> {
    disk: D,
    cipher: Cipher,
    /// Names the file; every record is bound to it and to its place.
    id: [u8; 16],
    state: Mutex<State>,
}

struct State {
    /// What the database sees.
    now: Head,
    /// What the disk has for certain.
    durable: Head,
    marks: Marks,
    /// Length of the file on the disk, in bytes.
    physical: u64,
    /// Whether writes fail, because what is in memory is not to reach the disk any more.
    given_up: bool,
}

impl<D: StorageBackend> Blocks<D> {
    /// The blocks of `disk` as `head` and `marks` say.
    pub(crate) fn new(disk: D, cipher: Cipher, id: [u8; 16], head: Head, marks: Marks) -> io::Result<Self> {
        let physical = disk.len()?;
        let state = State { now: head.clone(), durable: head, marks, physical, given_up: false };
        Ok(Self(Arc::new(Inner { disk, cipher, id, state: Mutex::new(state) })))
    }

    pub(crate) fn disk(&self) -> &D {
        &self.0.disk
    }

    pub(crate) fn cipher(&self) -> &Cipher {
        &self.0.cipher
    }

    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.0.id
    }

    /// The last commit that is in the database on the disk for certain.
    pub(crate) fn base(&self) -> u64 {
        self.state().durable.turn
    }

    /// Says which is the last commit that the next head speaks of.
    pub(crate) fn set_turn(&self, turn: u64) {
        self.state().now.turn = turn;
    }

    /// Whether the file is as long as the database that it holds.
    pub(crate) fn is_whole(&self) -> bool {
        let state = self.state();
        state.physical >= end(state.now.len)
    }

    /// From now on all writes fail: the database that is open above must not reach the disk any more.
    pub(crate) fn give_up(&self) {
        self.state().given_up = true;
    }

    /// Goes back to what the disk has for certain.
    pub(crate) fn revert(&self) {
        let mut state = self.state();
        state.now = state.durable.clone();
        state.marks.revert();
        state.given_up = false;
    }

    /// Makes safe what was found, and the file as long as the database that it holds.
    ///
    /// What a process finds after the death of another may be in the cache of the disk only.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.0.disk.sync_data()?;
        let mut state = self.state();
        let len = end(state.now.len);
        self.resize(&mut state, len)
    }

    /// Writes the durable head again, so that one that was on its way when a write failed counts no more.
    pub(crate) fn insist(&self) -> io::Result<()> {
        let mut state = self.state();
        let mut again = state.durable.clone();
        again.sequence = again.sequence.saturating_add(1);
        again.write(&self.0.disk, &self.0.cipher, &self.0.id)?;
        self.0.disk.sync_data()?;
        state.durable = again;
        Ok(())
    }

    /// Writes the head as it is when the database was closed, to both slots: so that either of them can be lost.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let mut state = self.state();
        // Otherwise the database was not closed in good order, and there are commits that are in the journal alone.
        if state.given_up || state.now.root() != state.durable.root() || state.now.turn != state.durable.turn
        {
            return Err(gone());
        }
        let (len, groups) = (end(state.now.len), groups_of(state.now.len));
        state.now.chunks.truncate(usize::try_from(groups).unwrap_or(usize::MAX));
        for _ in 0..2 {
            let mut last = state.now.clone();
            last.sequence = state.durable.sequence.saturating_add(1);
            last.write(&self.0.disk, &self.0.cipher, &self.0.id)?;
            self.0.disk.sync_data()?;
            state.durable = last;
        }
        self.resize(&mut state, len)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resize(&self, state: &mut State, physical: u64) -> io::Result<()> {
        if state.physical != physical {
            self.0.disk.set_len(physical)?;
            state.physical = physical;
        }
        Ok(())
    }

    /// Makes all that was written durable, and then the head that says that it counts.
    ///
    /// Invariant: nothing that the durable head speaks of is overwritten, and of the two slots the other one is.
    fn turn_over(&self, state: &mut State) -> io::Result<()> {
        let (disk, cipher, id) = (&self.0.disk, &self.0.cipher, &self.0.id);
        let mut next = state.now.clone();
        next.sequence = state.durable.sequence.saturating_add(1);
        state.marks.write(disk, cipher, id, (next.sequence, next.len), &mut next.chunks)?;
        disk.sync_data()?;
        next.write(disk, cipher, id)?;
        disk.sync_data()?;
        state.marks.settle(next.len);
        state.now = next.clone();
        state.durable = next;
        Ok(())
    }

    /// Opens one record into `plain`, which has the length of a block.
    fn open(&self, index: u64, mark: Option<Mark>, record: &[u8], plain: &mut [u8]) -> io::Result<()> {
        let Some(mark) = mark else {
            // A place that was never written, such as a new one at the end.
            plain.fill(0);
            return Ok(());
        };
        if mark_of(record) != mark {
            plain.fill(0);
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a block is older than it should be"));
        }
        self.0
            .cipher
            .open(&place(&self.0.id, index), record, plain)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a block is not what was written"))
    }

    /// Reads from the blocks behind the first one.
    fn read_body(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut rest = out;
        let mut at = offset;
        while !rest.is_empty() {
            let (run, part) = Run::at(at, rest.len());
            let mut records = vec![0; run.count.saturating_mul(RECORD)];
            let marks: Vec<_> = {
                let state = self.state();
                (run.first..).take(run.count).map(|index| state.marks.get(index)).collect()
            };
            self.read_there(block_at(run.first), &mut records)?;
            let (mut now, later) = rest.split_at_mut(part);
            for ((index, mark), record) in (run.first..).zip(marks).zip(records.chunks(RECORD)) {
                let skip = if index == run.first { run.skip } else { 0 };
                let (block, more) = now.split_at_mut(now.len().min(BLOCK.saturating_sub(skip)));
                if block.len() == BLOCK {
                    self.open(index, mark, record, block)?;
                } else {
                    let mut whole = Zeroizing::new([0; BLOCK]);
                    self.open(index, mark, record, whole.as_mut_slice())?;
                    block.iter_mut().zip(whole.iter().skip(skip)).for_each(|(to, from)| *to = *from);
                }
                now = more;
            }
            at = at.saturating_add(part as u64);
            rest = later;
        }
        Ok(())
    }

    /// Reads what of a place is in the file; beyond its end it stays zero.
    fn read_there(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.state().physical.saturating_sub(at);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        match out.get_mut(..there).filter(|part| !part.is_empty()) {
            Some(part) => self.0.disk.read(at, part),
            None => Ok(()),
        }
    }

    /// Writes to the blocks behind the first one: all of a group in one write.
    fn write_body(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut rest = data;
        let mut at = offset;
        while !rest.is_empty() {
            let (run, part) = Run::at(at, rest.len());
            let mut records = vec![0; run.count.saturating_mul(RECORD)];
            let (mut now, later) = rest.split_at(part);
            for (index, record) in (run.first..).zip(records.chunks_mut(RECORD)) {
                let skip = if index == run.first { run.skip } else { 0 };
                let (block, more) = now.split_at(now.len().min(BLOCK.saturating_sub(skip)));
                if block.len() == BLOCK {
                    self.0.cipher.seal(&place(&self.0.id, index), block, record)?;
                } else {
                    let mut whole = Zeroizing::new([0; BLOCK]);
                    self.read_body(index.saturating_mul(BLOCK as u64), whole.as_mut_slice())?;
                    whole.iter_mut().skip(skip).zip(block).for_each(|(to, from)| *to = *from);
                    self.0.cipher.seal(&place(&self.0.id, index), whole.as_slice(), record)?;
                }
                now = more;
            }
            self.0.disk.write(block_at(run.first), &records)?;
            let mut state = self.state();
            for (index, record) in (run.first..).zip(records.chunks(RECORD)) {
                state.marks.set(index, mark_of(record));
            }
            drop(state);
            at = at.saturating_add(part as u64);
            rest = later;
        }
        Ok(())
    }
}

impl<D: StorageBackend> StorageBackend for Blocks<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().now.len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.saturating_add(out.len() as u64) > state.now.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (in_head, body) = out.split_at_mut(before_body(offset, out.len()));
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in in_head.iter_mut().zip(state.now.block.iter().skip(skip)) {
            *to = *from;
        }
        drop(state);
        if body.is_empty() { Ok(()) } else { self.read_body(offset.max(BLOCK as u64), body) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if state.given_up {
            return Err(gone());
        }
        let len = offset.saturating_add(data.len() as u64).max(state.now.len);
        if end(len) > state.physical {
            self.resize(&mut state, end(len))?;
        }
        state.now.len = len;
        let (in_head, body) = data.split_at(before_body(offset, data.len()));
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in state.now.block.iter_mut().skip(skip).zip(in_head) {
            *to = *from;
        }
        drop(state);
        if body.is_empty() { Ok(()) } else { self.write_body(offset.max(BLOCK as u64), body) }
    }

    /// What is cut off stays on the disk until the head says that it is cut off.
    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        if state.given_up {
            return Err(gone());
        }
        if end(len) > state.physical {
            self.resize(&mut state, end(len))?;
        }
        if len < state.now.len {
            state.marks.cut(blocks_of(len));
        }
        state.now.len = len;
        Ok(())
    }

    /// Makes durable what a commit of the database wrote. Whatever else it writes to its header counts with the next.
    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.given_up {
            return Err(gone());
        }
        if state.now.root() == state.durable.root() {
            return Ok(());
        }
        self.turn_over(&mut state)
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

/// Blocks that lie behind each other on the disk.
struct Run {
    first: u64,
    /// Bytes of the first block that are left out.
    skip: usize,
    count: usize,
}

impl Run {
    /// The blocks of at most `len` bytes from `offset` on, and how many of these bytes they are: up to the end of a group.
    fn at(offset: u64, len: usize) -> (Self, usize) {
        let block = BLOCK as u64;
        let first = offset / block;
        let skip = usize::try_from(offset % block).unwrap_or(0);
        let left = usize::try_from(GROUP.saturating_sub(first % GROUP)).unwrap_or(1);
        let count = skip.saturating_add(len).div_ceil(BLOCK).min(left);
        let bytes = count.saturating_mul(BLOCK).saturating_sub(skip).min(len);
        (Self { first, skip, count }, bytes)
    }
}

/// How many of `len` bytes from `offset` on are in the first block.
fn before_body(offset: u64, len: usize) -> usize {
    usize::try_from((BLOCK as u64).saturating_sub(offset)).unwrap_or(0).min(len)
}

/// What a record is bound to.
pub(super) fn place(id: &[u8; 16], index: u64) -> [u8; 28] {
    let mut place = [0; 28];
    let parts = id.iter().chain(b"page").copied().chain(index.to_le_bytes());
    for (to, from) in place.iter_mut().zip(parts) {
        *to = from;
    }
    place
}

fn gone() -> io::Error {
    io::Error::other("a write failed before; what is in memory is not written any more")
}
