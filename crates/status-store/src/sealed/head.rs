//! The first block of a sealed database, which is the only one that is written again and again at its place.
//!
//! Everything else is written to free places, so what the last commit left stays whole until the next one is. The
//! head says which of the two counts. It is written to two slots in turn, each record with the number of its turn
//! and the length of the database: what is on the disk of the older turn stays readable until the newer one is.

use redb::StorageBackend;
use std::io;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG};
use crate::rows::unavailable;
use status_layer::StoreError;

/// Length of a block, in bytes: the page of redb.
pub(crate) const BLOCK: usize = 4096;
/// Where the slots are, in bytes: behind the superblock and apart from each other.
const SLOTS: [u64; 2] = [8192, 16384];
/// Where the other blocks begin, in bytes.
pub(crate) const BODY: u64 = 24576;
/// What is sealed in a slot: turn, length of the database, block.
const PLAIN: usize = 8 + 8 + BLOCK;
const RECORD: usize = NONCE + PLAIN + TAG;
/// Where redb keeps its flags, and the flag of a database that was not closed.
const FLAGS: usize = 9;
const OPEN: u8 = 2;

/// One turn of the head.
#[derive(Clone)]
pub(crate) struct Head {
    /// Rises by one with each commit.
    pub(crate) turn: u64,
    /// Length of the database, in bytes.
    pub(crate) len: u64,
    /// The first block of the database.
    pub(crate) block: Box<[u8; BLOCK]>,
}

impl Head {
    /// The head of a database that has not begun.
    pub(crate) fn new() -> Self {
        Self { turn: 0, len: 0, block: Box::new([0; BLOCK]) }
    }

    /// Whether the database was closed in good order after this turn, so that all of it has to be there.
    pub(crate) fn is_closed(&self) -> bool {
        self.block.get(FLAGS).is_some_and(|flags| flags & OPEN == 0)
    }

    /// Reads both turns that are on the disk, the newer one first.
    ///
    /// # Errors
    /// An error of the disk. A slot that does not open is left out.
    pub(crate) fn read_all(
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
    ) -> Result<Vec<Self>, StoreError> {
        let mut heads = Vec::new();
        for (slot, at) in SLOTS.into_iter().enumerate() {
            let mut record = vec![0; RECORD];
            match disk.read(at, &mut record) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(unavailable(error)),
            }
            let mut plain = Zeroizing::new(vec![0; PLAIN]);
            if cipher.open(&place(id, slot), &record, &mut plain).is_ok() {
                heads.extend(Self::decode(&plain));
            }
        }
        heads.sort_by_key(|head| std::cmp::Reverse(head.turn));
        Ok(heads)
    }

    /// Writes the head to the slot of its turn. It counts when the disk was synchronised after that.
    pub(crate) fn write(&self, disk: &impl StorageBackend, cipher: &Cipher, id: &[u8]) -> io::Result<()> {
        let (slot, at) = if self.turn.is_multiple_of(2) { (0, SLOTS[0]) } else { (1, SLOTS[1]) };
        let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN));
        plain.extend_from_slice(&self.turn.to_le_bytes());
        plain.extend_from_slice(&self.len.to_le_bytes());
        plain.extend_from_slice(self.block.as_slice());
        let mut record = vec![0; RECORD];
        cipher.seal(&place(id, slot), &plain, &mut record)?;
        disk.write(at, &record)
    }

    fn decode(plain: &[u8]) -> Option<Self> {
        let (turn, rest) = plain.split_first_chunk()?;
        let (len, rest) = rest.split_first_chunk()?;
        let block = Box::new(*rest.first_chunk()?);
        Some(Self { turn: u64::from_le_bytes(*turn), len: u64::from_le_bytes(*len), block })
    }
}

/// What a slot is bound to.
fn place(id: &[u8], slot: usize) -> Vec<u8> {
    [id, b"head", &slot.to_le_bytes()].concat()
}
