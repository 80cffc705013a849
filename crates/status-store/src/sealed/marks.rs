//! A mark for each block: which of all records that were ever written to its place counts.
//!
//! A record that is put back to what it was earlier opens with the same key. So for each block eight bytes of the
//! random nonce of its last record are kept, sealed like everything else, and named by the head. With them nothing has to
//! be read when the store is opened: a block that is not the last one is noticed when it is read.

use std::collections::BTreeMap;
use std::io;

use redb::StorageBackend;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::layout::{GROUP, MARKS, MARKS_RECORD, MAX_GROUPS, blocks_of, groups_of, marks_at};

/// What a block is known by; nothing was ever written if there is none.
pub(crate) type Mark = u64;

/// Where the marks of one group are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Chunk {
    /// The sequence of the head with which they were written; zero if they never were.
    pub(crate) since: u64,
    /// Which of the two sides.
    pub(crate) side: u64,
}

impl Chunk {
    pub(crate) const fn encode(self) -> u64 {
        self.since << 1 | self.side
    }

    pub(crate) const fn decode(bytes: [u8; 8]) -> Self {
        let number = u64::from_le_bytes(bytes);
        Self { since: number >> 1, side: number & 1 }
    }
}

/// The marks of all blocks.
pub(crate) struct Marks {
    /// As of the last head; zero is none.
    durable: Vec<Mark>,
    /// What was written since.
    fresh: BTreeMap<u64, Mark>,
    /// The fewest blocks that there were since: what is beyond has no mark any more.
    fewest: u64,
}

/// The mark of a record.
pub(crate) fn mark_of(record: &[u8]) -> Mark {
    // Never zero, which is none.
    record.first_chunk().map_or(1, |nonce| u64::from_le_bytes(*nonce) | 1)
}

impl Marks {
    /// The marks of a database that has not begun.
    pub(crate) const fn new() -> Self {
        Self { durable: Vec::new(), fresh: BTreeMap::new(), fewest: 0 }
    }

    /// Reads the marks that a head speaks of.
    ///
    /// # Errors
    /// `InvalidData` if they are not what was written.
    pub(crate) fn read(
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
        chunks: &[Chunk],
        len: u64,
    ) -> io::Result<Self> {
        let mut durable = Vec::new();
        let mut record = vec![0; MARKS_RECORD];
        let mut plain = Zeroizing::new(vec![0; MARKS]);
        for (group, chunk) in (0..).zip(chunks) {
            disk.read(marks_at(group, chunk.side), &mut record)?;
            cipher
                .open(&place(id, group, *chunk), &record, &mut plain)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "marks are not what was written"))?;
            let marks = plain.chunks_exact(8).filter_map(|mark| mark.first_chunk().copied());
            durable.extend(marks.map(u64::from_le_bytes));
        }
        let fewest = blocks_of(len);
        durable.truncate(usize::try_from(fewest).unwrap_or(usize::MAX));
        Ok(Self { durable, fresh: BTreeMap::new(), fewest })
    }

    /// The mark of the block `index`.
    pub(crate) fn get(&self, index: u64) -> Option<Mark> {
        if let Some(mark) = self.fresh.get(&index) {
            return Some(*mark);
        }
        let index = usize::try_from(index).ok().filter(|_| index < self.fewest)?;
        self.durable.get(index).copied().filter(|mark| *mark != 0)
    }

    /// Notes what was written.
    pub(crate) fn set(&mut self, index: u64, mark: Mark) {
        self.fresh.insert(index, mark);
    }

    /// Forgets the marks from the block `count` on.
    pub(crate) fn cut(&mut self, count: u64) {
        self.fewest = self.fewest.min(count);
        drop(self.fresh.split_off(&count));
    }

    /// Goes back to the marks of the last head.
    pub(crate) fn revert(&mut self) {
        self.fresh.clear();
        self.fewest = self.durable.len() as u64;
    }

    /// Takes what was written into the marks of the head `sequence`, which is about to be written, and writes those that
    /// changed. Where they were before stays as it is.
    ///
    /// # Errors
    /// `FileTooLarge` if the database has more than 64 GiB; what the disk says.
    pub(crate) fn write(
        &mut self,
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
        (sequence, len): (u64, u64),
        chunks: &mut Vec<Chunk>,
    ) -> io::Result<()> {
        let groups = groups_of(len);
        if groups > MAX_GROUPS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = usize::try_from(groups).map_err(|_| io::ErrorKind::FileTooLarge)?;
        chunks.resize(count, Chunk::default());
        for (group, chunk) in (0..).zip(chunks.iter_mut()) {
            let blocks = group * GROUP..(group + 1) * GROUP;
            let was_cut = self.fewest < blocks.end.min(self.durable.len() as u64);
            let changed = was_cut || self.fresh.range(blocks.clone()).next().is_some();
            if !changed && chunk.since != 0 {
                continue;
            }
            *chunk = Chunk { since: sequence, side: chunk.side ^ 1 };
            let mut plain = Zeroizing::new(Vec::with_capacity(MARKS));
            for index in blocks {
                plain.extend_from_slice(&self.get(index).unwrap_or(0).to_le_bytes());
            }
            let mut record = vec![0; MARKS_RECORD];
            cipher.seal(&place(id, group, *chunk), &plain, &mut record)?;
            disk.write(marks_at(group, chunk.side), &record)?;
        }
        Ok(())
    }

    /// The head for which the marks were written is on the disk.
    pub(crate) fn settle(&mut self, len: u64) {
        let count = blocks_of(len);
        let fewest = usize::try_from(self.fewest.min(count)).unwrap_or(usize::MAX);
        self.durable.truncate(fewest);
        self.durable.resize(usize::try_from(count).unwrap_or(usize::MAX), 0);
        for (index, mark) in std::mem::take(&mut self.fresh) {
            let at = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(place) = self.durable.get_mut(at) {
                *place = mark;
            }
        }
        self.fewest = count;
    }
}

/// What the marks of a group are bound to.
fn place(id: &[u8], group: u64, chunk: Chunk) -> Vec<u8> {
    [id, b"marks", &group.to_le_bytes(), &chunk.encode().to_le_bytes()].concat()
}
