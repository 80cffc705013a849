//! The head of a sealed database: which turn counts, and what belongs to it.
//!
//! Everything else of the database is written to free places, so what the last head speaks of stays whole until
//! the next head is. It is written to two slots in turn, after all that it speaks of is on the disk: so one of the
//! two is always there, and the newer one that opens counts.

use std::fmt;
use std::io;

use redb::StorageBackend;
use status_layer::StoreError;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG};
use super::layout::{BLOCK, HEAD_ROOM, HEADS};
use super::marks::Chunk;
use crate::rows::unavailable;

/// Length of the part of a head that is always there: sequence, turn, length of the database, number of chunks, block.
const FIXED: usize = 8 + 8 + 8 + 4 + BLOCK;
/// Bytes before the record in a slot: its length.
const LEN: usize = 4;
/// Where redb says which of its two roots counts, which bit says it, and where they are.
const FLAGS: usize = 9;
const SECOND: u8 = 1;
const ROOTS: [usize; 2] = [64, 192];
const ROOT: usize = 128;

/// One head.
#[derive(Clone)]
pub(crate) struct Head {
    /// Rises by one each time a head is written; the higher one counts.
    pub(crate) sequence: u64,
    /// The number of the last commit that the database below has.
    pub(crate) turn: u64,
    /// Length of the database, in bytes.
    pub(crate) len: u64,
    /// Where the marks of each group are.
    pub(crate) chunks: Vec<Chunk>,
    /// The first block of the database.
    pub(crate) block: Box<[u8; BLOCK]>,
}

impl Head {
    /// The head of a database that has not begun.
    pub(crate) fn new(turn: u64) -> Self {
        Self { sequence: 0, turn, len: 0, chunks: Vec::new(), block: Box::new([0; BLOCK]) }
    }

    /// The root of the database that counts: another one is another commit of redb.
    pub(crate) fn root(&self) -> &[u8] {
        let second = self.block.get(FLAGS).is_some_and(|flags| flags & SECOND != 0);
        let at = if second { ROOTS[1] } else { ROOTS[0] };
        self.block.get(at..at.saturating_add(ROOT)).unwrap_or_default()
    }

    /// Reads the newest head that is whole.
    ///
    /// # Errors
    /// An error of the disk.
    pub(crate) fn read(
        disk: &impl StorageBackend,
        cipher: &Cipher,
        id: &[u8],
    ) -> Result<Option<Self>, StoreError> {
        let mut newest: Option<Self> = None;
        for (slot, at) in HEADS.into_iter().enumerate() {
            let mut bytes = vec![0; HEAD_ROOM];
            match disk.read(at, &mut bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(unavailable(error)),
            }
            let head = open(cipher, id, slot, &bytes);
            if head.as_ref().map(|head| head.sequence) > newest.as_ref().map(|head| head.sequence) {
                newest = head;
            }
        }
        Ok(newest)
    }

    /// Writes the head to the slot of its sequence. It counts when the disk was synchronised after that.
    pub(crate) fn write(&self, disk: &impl StorageBackend, cipher: &Cipher, id: &[u8]) -> io::Result<()> {
        let (slot, at) = if self.sequence.is_multiple_of(2) { (0, HEADS[0]) } else { (1, HEADS[1]) };
        let mut plain = Zeroizing::new(Vec::with_capacity(FIXED));
        for number in [self.sequence, self.turn, self.len] {
            plain.extend_from_slice(&number.to_le_bytes());
        }
        let count = u32::try_from(self.chunks.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        plain.extend_from_slice(&count.to_le_bytes());
        plain.extend_from_slice(self.block.as_slice());
        for chunk in &self.chunks {
            plain.extend_from_slice(&chunk.encode().to_le_bytes());
        }
        let mut record = vec![0; LEN + NONCE + plain.len() + TAG];
        if record.len() > HEAD_ROOM {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let len = u32::try_from(plain.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if let Some((before, sealed)) = record.split_first_chunk_mut::<LEN>() {
            *before = len.to_le_bytes();
            cipher.seal(&place(id, slot), &plain, sealed)?;
        }
        disk.write(at, &record)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({}, turn {})", self.sequence, self.turn)
    }
}

fn open(cipher: &Cipher, id: &[u8], slot: usize, bytes: &[u8]) -> Option<Head> {
    let (len, rest) = bytes.split_first_chunk::<LEN>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let mut plain = Zeroizing::new(vec![0; len.min(HEAD_ROOM)]);
    let record = rest.get(..NONCE.checked_add(len)?.checked_add(TAG)?)?;
    cipher.open(&place(id, slot), record, &mut plain).ok()?;
    let mut rest = plain.as_slice();
    let (sequence, turn, len) = (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (block, rest) = rest.split_first_chunk::<BLOCK>()?;
    let chunks: Vec<Chunk> =
        rest.chunks_exact(8).filter_map(|entry| Some(Chunk::decode(*entry.first_chunk()?))).collect();
    let whole = chunks.len() == usize::try_from(u32::from_le_bytes(*count)).ok()?;
    whole.then(|| Head { sequence, turn, len, chunks, block: Box::new(*block) })
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, later) = rest.split_first_chunk()?;
    *rest = later;
    Some(u64::from_le_bytes(*number))
}

/// What a slot is bound to.
fn place(id: &[u8], slot: usize) -> Vec<u8> {
    [id, b"head 2", &(slot as u64).to_le_bytes()].concat()
}
