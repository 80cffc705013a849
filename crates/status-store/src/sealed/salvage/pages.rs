//! The pages of a file, read past what is damaged: also without the marks, and without a head.

use redb::StorageBackend;
use redb::backends::FileBackend;
use status_layer::StoreError;
use zeroize::Zeroizing;

use super::super::blocks::place;
use super::super::cipher::Cipher;
use super::super::head::Head;
use super::super::journal::{Entry, Journal};
use super::super::layout::{BLOCK, RECORD, block_at, blocks_of};
use super::super::look;
use super::super::marks::{Marks, mark_of};
use super::super::superblock::Superblock;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::rows::unavailable;

/// One page, in the clear.
pub(super) type Page = Zeroizing<Vec<u8>>;

/// The pages of one file.
pub(super) struct Pages {
    disk: FileBackend,
    cipher: Cipher,
    id: [u8; 16],
    /// The newest that is whole, if any is.
    head: Option<Head>,
    /// Which record each block had; without them an older one may pass.
    marks: Option<Marks>,
    /// How many pages there are, as the head says, or the length of the file.
    pub(super) count: u64,
}

impl Pages {
    pub(super) fn open(path: &std::path::Path, lock: &Lock) -> Result<Self, OpenError> {
        let disk = look::open(path)?;
        let (superblock, _) = Superblock::read(&disk)?;
        if superblock.is_first() {
            return Err(OpenError::Outdated);
        }
        let (cipher, id) = (Cipher::new(&*superblock.unlock(lock)?), superblock.id);
        let head = Head::read(&disk, &cipher, &id)?;
        let marks =
            head.as_ref().and_then(|head| Marks::read(&disk, &cipher, &id, &head.chunks, head.len).ok());
        let len = disk.len().map_err(unavailable)?;
        let count = match &head {
            Some(head) => blocks_of(head.len),
            // As many as begin before the end of the file.
            None => {
                (1..).take_while(|index| block_at(*index) < len).last().unwrap_or_default().saturating_add(1)
            }
        };
        Ok(Self { disk, cipher, id, head, marks, count })
    }

    /// The commits that are in the journal and not in the pages yet; none if it cannot be read.
    pub(super) fn journal(&self) -> Vec<Entry> {
        let turn = self.head.as_ref().map_or(0, |head| head.turn);
        Journal::read(&self.disk, &self.cipher, &self.id, turn, u64::MAX)
            .map(|(_, entries)| entries)
            .unwrap_or_default()
    }

    /// The page `index`, if it is what was written. One that was never written is zero.
    pub(super) fn read(&self, index: u64) -> Result<Option<Page>, StoreError> {
        if index == 0 {
            return Ok(self.head.as_ref().map(|head| Zeroizing::new(head.block.to_vec())));
        }
        let mut record = vec![0; RECORD];
        match self.disk.read(block_at(index), &mut record) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        }
        let mut page = Zeroizing::new(vec![0; BLOCK]);
        let unused = self.marks.as_ref().is_some_and(|marks| marks.get(index).is_none());
        if unused || record.iter().all(|byte| *byte == 0) {
            return Ok(Some(page));
        }
        let older = self.marks.as_ref().is_some_and(|marks| marks.get(index) != Some(mark_of(&record)));
        let opened = self.cipher.open(&place(&self.id, index), &record, &mut page);
        Ok((opened.is_ok() && !older).then_some(page))
    }
}
