//! The first layout of sealed files, which is only read: a store that has it is written anew when it is opened.
//!
//! Two heads in turn, each with the number of its turn, the length of the database and its first block; behind them all
//! other blocks, one after the other. A head could be on the disk before what it speaks of; so all is read, and if
//! something is missing the turn before counts.

use std::fmt;
use std::io;
use std::sync::Arc;

use redb::StorageBackend;
use status_layer::StoreError;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG};
use super::superblock::DataKey;
use crate::rows::{DAMAGED, Rows, unavailable};

const BLOCK: usize = 4096;
const RECORD: usize = NONCE + BLOCK + TAG;
/// Where the heads are, and the other blocks.
const HEADS: [u64; 2] = [8192, 16384];
const BODY: u64 = 24576;
/// What is sealed in a head: turn, length of the database, block.
const PLAIN: usize = 8 + 8 + BLOCK;
/// Where redb keeps its flags, and the flag of a database that was not closed.
const FLAGS: usize = 9;
const OPEN: u8 = 2;

struct Head {
    turn: u64,
    len: u64,
    block: Zeroizing<Vec<u8>>,
}

/// Opens all rows of a store of the first layout for reading, and says which was its last turn.
///
/// # Errors
/// [`StoreError`] that says what is wrong. Nothing is written.
pub(crate) fn open<D: StorageBackend>(
    disk: D,
    key: &DataKey,
    id: [u8; 16],
) -> Result<(Rows, u64), StoreError> {
    let cipher = Cipher::new(key);
    let mut heads = Vec::new();
    for (slot, at) in HEADS.into_iter().enumerate() {
        heads.extend(head(&disk, &cipher, &id, slot, at)?);
    }
    heads.sort_by_key(|head| std::cmp::Reverse(head.turn));
    let mut heads = heads.into_iter();
    let newest = heads.next().ok_or(DAMAGED)?;
    let (turn, closed) = (newest.turn, newest.is_closed());
    let blocks = Blocks { file: Arc::new(File { disk, cipher, id }), head: Arc::new(newest) };
    if closed && !blocks.is_whole().map_err(unavailable)? {
        return Err(DAMAGED);
    }
    match (Rows::rehearse(blocks.clone()), heads.next()) {
        (Ok(rows), _) => Ok((rows, turn)),
        // The newest head was on its way to the disk when the power went. A database that was closed has no such excuse.
        (Err(StoreError::Damaged { .. }), Some(older))
            if !closed && older.turn.checked_add(1) == Some(turn) =>
        {
            Ok((Rows::rehearse(Blocks { head: Arc::new(older), ..blocks })?, turn))
        }
        (Err(error), _) => Err(error),
    }
}

/// One of the two heads, if it is whole.
fn head(
    disk: &impl StorageBackend,
    cipher: &Cipher,
    id: &[u8],
    slot: usize,
    at: u64,
) -> Result<Option<Head>, StoreError> {
    let mut record = vec![0; NONCE + PLAIN + TAG];
    match disk.read(at, &mut record) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(unavailable(error)),
    }
    let mut plain = Zeroizing::new(vec![0; PLAIN]);
    let place = [id, b"head", &slot.to_le_bytes()].concat();
    if cipher.open(&place, &record, &mut plain).is_err() {
        return Ok(None);
    }
    let numbers =
        plain.split_first_chunk::<8>().and_then(|(turn, rest)| Some((turn, rest.split_first_chunk::<8>()?)));
    Ok(numbers.map(|(turn, (len, block))| Head {
        turn: u64::from_le_bytes(*turn),
        len: u64::from_le_bytes(*len),
        block: Zeroizing::new(block.to_vec()),
    }))
}

impl Head {
    fn is_closed(&self) -> bool {
        self.block.get(FLAGS).is_some_and(|flags| flags & OPEN == 0)
    }
}

/// The blocks as one head says, for reading.
struct Blocks<D> {
    file: Arc<File<D>>,
    head: Arc<Head>,
}

struct File<D> {
    disk: D,
    cipher: Cipher,
    id: [u8; 16],
}

impl<D: StorageBackend> Blocks<D> {
    fn is_whole(&self) -> io::Result<bool> {
        let count = self.head.len.div_ceil(BLOCK as u64).max(1);
        Ok(self.file.disk.len()? >= position(count))
    }

    /// Reads the block `index`, which is not the first.
    fn block(&self, index: u64, plain: &mut [u8]) -> io::Result<()> {
        let mut record = vec![0; RECORD];
        let at = position(index);
        let there = usize::try_from(self.file.disk.len()?.saturating_sub(at)).unwrap_or(RECORD);
        if let Some(part) = record.get_mut(..there.min(RECORD)).filter(|part| !part.is_empty()) {
            self.file.disk.read(at, part)?;
        }
        if record.iter().all(|byte| *byte == 0) {
            plain.fill(0);
            return Ok(());
        }
        let place = [&self.file.id[..], b"body", &index.to_le_bytes()].concat();
        self.file
            .cipher
            .open(&place, &record, plain)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a block is not what was written"))
    }
}

/// Where the block `index` is; the first is not there but in the heads.
fn position(index: u64) -> u64 {
    BODY.saturating_add(index.saturating_sub(1).saturating_mul(RECORD as u64))
}

impl<D: StorageBackend> StorageBackend for Blocks<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.head.len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset.saturating_add(out.len() as u64) > self.head.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut whole = Zeroizing::new([0; BLOCK]);
        let mut at = offset;
        let mut rest = out;
        while !rest.is_empty() {
            let (index, skip) = (at / BLOCK as u64, usize::try_from(at % BLOCK as u64).unwrap_or(0));
            let (part, later) = rest.split_at_mut(rest.len().min(BLOCK.saturating_sub(skip)));
            match index {
                0 => whole.copy_from_slice(
                    self.head.block.first_chunk::<BLOCK>().ok_or(io::ErrorKind::InvalidData)?,
                ),
                _ => self.block(index, whole.as_mut_slice())?,
            }
            part.iter_mut().zip(whole.iter().skip(skip)).for_each(|(to, from)| *to = *from);
            at = at.saturating_add(part.len() as u64);
            rest = later;
        }
        Ok(())
    }

    // What is rehearsed is never written.
    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
}

impl<D> Clone for Blocks<D> {
    fn clone(&self) -> Self {
        Self { file: Arc::clone(&self.file), head: Arc::clone(&self.head) }
    }
}

impl<D> fmt::Debug for Blocks<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocks(..)")
    }
}
