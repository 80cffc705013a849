//! The beginning of a sealed file: what it is, how it is locked, and the wrapped key of its data.
//!
//! It is there twice, so that replacing the lock can stop at any moment: one of the two is always whole.

use std::io;

use redb::StorageBackend;
use sha2::{Digest, Sha256};
use status_layer::StoreError;
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG, random};
use crate::error::OpenError;
use crate::lock::{Cost, KEY, Lock, LockKind};
use crate::redb::MAGIC as PLAIN;
use crate::rows::unavailable;

/// How every sealed file begins.
const MAGIC: &[u8; 16] = b"status\x1a\x0asealed\x0d\x0a";
/// The layout of sealed files that this program writes.
const VERSION: u8 = 2;
/// The layout of the sealed files before that.
const FIRST: u8 = 1;
/// Where the two copies are, in bytes. Far enough apart not to share what a disk writes at once.
const COPIES: [u64; 2] = [0, 4096];
/// Length of a copy, in bytes.
const LEN: usize = CLEAR + NONCE + KEY + TAG + SUM;
/// Length of what is not secret: magic, version, kind of lock, file id, sequence, cost, salt.
const CLEAR: usize = 16 + 1 + 1 + ID + 8 + 4 + 4 + SALT;
const ID: usize = 16;
const SALT: usize = 16;
const SUM: usize = 32;

const DAMAGED: StoreError = StoreError::Damaged { what: "the lock of the store" };

/// One superblock, as it is on the disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Superblock {
    version: u8,
    kind: LockKind,
    /// Names the file; every record is bound to it.
    pub(crate) id: [u8; ID],
    /// Rises when the lock is replaced.
    sequence: u64,
    cost: Cost,
    salt: [u8; SALT],
    /// Nonce, wrapped key and tag.
    wrapped: [u8; NONCE + KEY + TAG],
}

/// The key that seals the data of one file.
pub(crate) type DataKey = Zeroizing<[u8; KEY]>;

impl Superblock {
    /// Makes a new file's superblock with a new data key.
    pub(crate) fn make(lock: &Lock) -> Result<(Self, DataKey), OpenError> {
        let mut key = DataKey::default();
        let mut id = [0; ID];
        random(key.as_mut_slice()).and_then(|()| random(&mut id)).map_err(unavailable)?;
        Ok((Self::wrap(id, 1, &key, lock)?, key))
    }

    /// The same file under another lock.
    pub(crate) fn relock(&self, key: &DataKey, lock: &Lock) -> Result<Self, OpenError> {
        Self::wrap(self.id, self.sequence.saturating_add(1), key, lock)
    }

    fn wrap(id: [u8; ID], sequence: u64, key: &DataKey, lock: &Lock) -> Result<Self, OpenError> {
        let cost = match lock {
            Lock::Passphrase(passphrase) => passphrase.cost(),
            Lock::Key(_) => Cost::LEAST,
        };
        let mut salt = [0; SALT];
        random(&mut salt).map_err(unavailable)?;
        let wrapped = [0; NONCE + KEY + TAG];
        let mut made = Self { version: VERSION, kind: lock.kind(), id, sequence, cost, salt, wrapped };
        let cipher = made.wrapping(lock)?;
        let clear = made.clear();
        cipher.seal(&clear, key.as_slice(), &mut made.wrapped).map_err(unavailable)?;
        Ok(made)
    }

    /// Whether the file has the first layout, which is only read.
    pub(crate) const fn is_first(&self) -> bool {
        self.version == FIRST
    }

    /// Which lock the file has.
    pub(crate) const fn kind(&self) -> LockKind {
        self.kind
    }

    /// Unwraps the data key.
    pub(crate) fn unlock(&self, lock: &Lock) -> Result<DataKey, OpenError> {
        if lock.kind() != self.kind {
            return Err(OpenError::OtherLock { kind: self.kind });
        }
        let mut key = DataKey::default();
        let opened = self.wrapping(lock)?.open(&self.clear(), &self.wrapped, key.as_mut_slice());
        match (opened, self.kind) {
            (Ok(()), _) => Ok(key),
            (Err(_), LockKind::Passphrase) => Err(OpenError::WrongPassphrase),
            (Err(_), LockKind::Key) => Err(OpenError::WrongKey),
        }
    }

    /// The key that wraps the data key.
    fn wrapping(&self, lock: &Lock) -> Result<Cipher, OpenError> {
        match lock {
            Lock::Key(key) => Ok(Cipher::new(key.bytes().ok_or(OpenError::WrongKey)?)),
            Lock::Passphrase(passphrase) if self.cost.is_bearable() => {
                Ok(Cipher::new(&*passphrase.derive(self.cost, &self.salt).ok_or(DAMAGED)?))
            }
            Lock::Passphrase(_) => Err(DAMAGED.into()),
        }
    }

    /// Reads the newer of the two copies that are whole, and says whether both are the same.
    pub(crate) fn read(disk: &impl StorageBackend) -> Result<(Self, bool), OpenError> {
        let mut found = Vec::new();
        let mut why = StoreError::Foreign;
        for at in COPIES {
            let mut bytes = [0; LEN];
            match disk.read(at, &mut bytes) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(error) => return Err(unavailable(error).into()),
            }
            if at == 0 && bytes.starts_with(PLAIN) {
                return Err(OpenError::NotSealed);
            }
            match Self::decode(&bytes) {
                Ok(Some(copy)) => found.push(copy),
                Ok(None) if bytes.starts_with(MAGIC) => why = DAMAGED,
                Ok(None) => {}
                Err(newer) => why = newer,
            }
        }
        let same = matches!(found.as_slice(), [one, other] if one == other);
        let newest = found.into_iter().max_by_key(|copy| copy.sequence);
        newest.map(|newest| (newest, same)).ok_or(why.into())
    }

    /// Makes the file useless, whoever knows its lock: the key of its data is overwritten.
    pub(crate) fn destroy(disk: &impl StorageBackend) -> io::Result<()> {
        for at in COPIES {
            disk.write(at, &[0; LEN])?;
        }
        disk.sync_data()
    }

    /// Writes both copies, one after the other.
    pub(crate) fn write(&self, disk: &impl StorageBackend) -> io::Result<()> {
        for at in COPIES {
            disk.write(at, &self.encode())?;
            disk.sync_data()?;
        }
        Ok(())
    }

    /// What is authenticated with the wrapped key.
    fn clear(&self) -> Vec<u8> {
        let kind = match self.kind {
            LockKind::Passphrase => 1,
            LockKind::Key => 2,
        };
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[self.version, kind]);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.cost.memory.to_le_bytes());
        bytes.extend_from_slice(&self.cost.passes.to_le_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.clear();
        bytes.extend_from_slice(&self.wrapped);
        let sum: [u8; SUM] = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// A copy, if it is whole.
    ///
    /// The sum tells a copy that was cut short from one that another key opens; it protects nothing else.
    fn decode(bytes: &[u8; LEN]) -> Result<Option<Self>, StoreError> {
        let mut rest = bytes.as_slice();
        if take(&mut rest) != Some(*MAGIC) {
            return Ok(None);
        }
        let Some([version, kind]) = take(&mut rest) else { return Ok(None) };
        if version > VERSION {
            return Err(StoreError::Newer { what: "the sealed store", found: version, known: VERSION });
        }
        if version < FIRST {
            return Ok(None);
        }
        let Some((body, sum)) = bytes.split_last_chunk::<SUM>() else { return Ok(None) };
        let found: [u8; SUM] = Sha256::digest(body).into();
        let kind = match kind {
            _ if found != *sum => return Ok(None),
            1 => LockKind::Passphrase,
            2 => LockKind::Key,
            _ => return Ok(None),
        };
        Ok(Self::decode_rest(version, kind, rest))
    }

    fn decode_rest(version: u8, kind: LockKind, mut rest: &[u8]) -> Option<Self> {
        let rest = &mut rest;
        Some(Self {
            version,
            kind,
            id: take(rest)?,
            sequence: u64::from_le_bytes(take(rest)?),
            cost: Cost { memory: u32::from_le_bytes(take(rest)?), passes: u32::from_le_bytes(take(rest)?) },
            salt: take(rest)?,
            wrapped: take(rest)?,
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}
