//! A file that is read but not written: what redb writes stays in memory.
//!
//! Opening a database writes to it, even when it is damaged or belongs to another program. So a file is first
//! opened in a rehearsal; only a file that passes is opened in earnest.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{BackendError, StorageBackend};

/// Length of a block that was written, in bytes: the page of redb.
const BLOCK: usize = 4096;

/// What lies below, and the blocks that differ from it. Locks are real.
#[derive(Debug)]
pub(crate) struct Rehearsal<D> {
    file: D,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    /// The length that redb sees, in bytes.
    len: u64,
    /// Up to here the file counts; beyond, what was not written is zero.
    base: u64,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl<D: StorageBackend> Rehearsal<D> {
    /// Takes what exists already (a file has to be open for writing too, which locking demands).
    pub(crate) fn new(file: D) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self { file, written: Mutex::new(Written { len, base: len, blocks: BTreeMap::new() }) })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    /// Fills `out` with what the file below holds from `offset` on, and zeros.
    fn read_base(&self, file: &impl StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(self.base.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (below, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        file.read(offset, below)
    }
}

/// The block that holds `at`, and the place within it.
fn split(at: u64) -> (u64, usize) {
    let block = BLOCK as u64;
    (at / block, usize::try_from(at % block).unwrap_or(0))
}

impl<D: StorageBackend> StorageBackend for Rehearsal<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        let end = offset.saturating_add(out.len() as u64);
        if end > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        written.read_base(&self.file, offset, out)?;
        for (index, block) in written.blocks.range(split(offset).0..=split(end).0) {
            let start = index.saturating_mul(BLOCK as u64);
            let ahead = usize::try_from(start.saturating_sub(offset)).unwrap_or(usize::MAX);
            let behind = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
            for (to, from) in out.iter_mut().skip(ahead).zip(block.iter().skip(behind)) {
                *to = *from;
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        let (mut at, mut rest) = (offset, data);
        while !rest.is_empty() {
            let (index, skip) = split(at);
            let (now, later) = rest.split_at(rest.len().min(BLOCK.saturating_sub(skip)));
            let mut block = match written.blocks.remove(&index) {
                Some(block) => block,
                None => {
                    let mut block = vec![0; BLOCK].into_boxed_slice();
                    written.read_base(&self.file, index.saturating_mul(BLOCK as u64), &mut block)?;
                    block
                }
            };
            for (to, from) in block.iter_mut().skip(skip).zip(now) {
                *to = *from;
            }
            written.blocks.insert(index, block);
            at = at.saturating_add(now.len() as u64);
            rest = later;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        written.len = len;
        written.base = written.base.min(len);
        let (index, keep) = split(len);
        if let Some(block) = written.blocks.get_mut(&index) {
            block.iter_mut().skip(keep).for_each(|byte| *byte = 0);
        }
        written.blocks.split_off(&index.saturating_add(1));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::FileBackend;
    use std::fs::{self, File};

    #[test]
    fn what_is_written_is_read_and_the_file_stays_as_it_was() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let mut plain: Vec<u8> = (0..10_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        fs::write(&path, &plain).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let before = plain.clone();
        let rehearsal = Rehearsal::new(FileBackend::new(file).unwrap()).unwrap();

        for (len, offset, data) in
            [(20_000, 4_000, 5_000), (20_000, 0, 1), (6_000, 5_990, 10), (12_000, 8_191, 2)]
        {
            rehearsal.set_len(len).unwrap();
            plain.resize(usize::try_from(len).unwrap(), 0);
            let data = vec![0xee; data];
            rehearsal.write(offset, &data).unwrap();
            let offset = usize::try_from(offset).unwrap();
            plain[offset..offset + data.len()].copy_from_slice(&data);

            let mut read = vec![1; plain.len()];
            rehearsal.read(0, &mut read).unwrap();
            assert!(read == plain, "length {len}");
            let mut part = vec![1; 3_000];
            rehearsal.read(2_999, &mut part).unwrap();
            assert!(part == plain[2_999..5_999], "length {len}");
        }
        assert!(rehearsal.read(11_999, &mut [0; 2]).is_err(), "nothing is read beyond the end");
        assert!(fs::read(&path).unwrap() == before, "the file was written");
    }
}
