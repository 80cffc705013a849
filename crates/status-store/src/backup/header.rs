//! The beginning of a backup: what it is, how it is locked, how much is in it, and the wrapped key of its parts.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::BackupError;
use crate::lock::{Cost, KEY, Lock, LockKind};
use crate::sealed::cipher::{Cipher, NONCE, TAG, random};

/// How every backup begins.
const MAGIC: &[u8; 16] = b"status\x1a\x0abackup\x0d\x0a";
/// The layout of backups that this program writes.
const VERSION: u8 = 1;
/// Length of the header, in bytes.
pub(super) const LEN: usize = CLEAR + NONCE + KEY + TAG + SUM;
/// Length of what is not secret: magic, version, kind of lock, id, length, cost, salt.
const CLEAR: usize = 16 + 1 + 1 + ID + 8 + 4 + 4 + SALT;
const ID: usize = 16;
const SALT: usize = 16;
const SUM: usize = 32;

/// What is known of a backup without its lock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) kind: LockKind,
    /// Names the backup; every part is bound to it.
    pub(super) id: [u8; ID],
    /// Bytes of its content. Authenticated, so that a backup which was cut or extended is told from one that was changed.
    pub(super) len: u64,
    cost: Cost,
    salt: [u8; SALT],
    wrapped: [u8; NONCE + KEY + TAG],
}

/// What makes the header of a backup that is being written.
pub(super) struct Draft {
    header: Header,
    key: Zeroizing<[u8; KEY]>,
    wrapping: Cipher,
}

impl Draft {
    /// Draws a key for a new backup under `lock`. Under a passphrase this takes the time that trying one takes.
    pub(super) fn new(lock: &Lock) -> Result<Self, BackupError> {
        let cost = match lock {
            Lock::Passphrase(passphrase) => passphrase.cost(),
            Lock::Key(_) => Cost::LEAST,
        };
        let (mut id, mut salt) = ([0; ID], [0; SALT]);
        let mut key = Zeroizing::new([0; KEY]);
        random(&mut id).and_then(|()| random(&mut salt)).and_then(|()| random(key.as_mut_slice()))?;
        let wrapping = wrapping(lock, cost, &salt)?;
        let wrapped = [0; NONCE + KEY + TAG];
        Ok(Self { header: Header { kind: lock.kind(), id, len: 0, cost, salt, wrapped }, key, wrapping })
    }

    pub(super) const fn id(&self) -> &[u8; ID] {
        &self.header.id
    }

    pub(super) fn cipher(&self) -> Cipher {
        Cipher::new(&self.key)
    }

    /// The header of a backup with `len` bytes of content.
    pub(super) fn finish(mut self, len: u64) -> Result<[u8; LEN], BackupError> {
        self.header.len = len;
        let clear = self.header.clear();
        self.wrapping.seal(&clear, self.key.as_slice(), &mut self.header.wrapped)?;
        Ok(self.header.encode())
    }
}

impl Header {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BackupError> {
        let mut rest = bytes;
        let magic: Option<[u8; 16]> = take(&mut rest);
        if magic != Some(*MAGIC) {
            return Err(BackupError::Foreign);
        }
        let [version, kind] = take(&mut rest).ok_or(BackupError::Cut)?;
        if version > VERSION {
            return Err(BackupError::Newer { found: version, known: VERSION });
        }
        let whole: &[u8; LEN] = bytes.first_chunk().ok_or(BackupError::Cut)?;
        let (body, sum) = whole.split_last_chunk::<SUM>().ok_or(BackupError::Cut)?;
        // The sum tells a header that was changed from one that another lock opens; it protects nothing else.
        let found: [u8; SUM] = Sha256::digest(body).into();
        let kind = match kind {
            _ if found != *sum || version == 0 => return Err(BackupError::Changed),
            1 => LockKind::Passphrase,
            2 => LockKind::Key,
            _ => return Err(BackupError::Changed),
        };
        Self::decode_rest(kind, rest).ok_or(BackupError::Cut)
    }

    fn decode_rest(kind: LockKind, mut rest: &[u8]) -> Option<Self> {
        let rest = &mut rest;
        Some(Self {
            kind,
            id: take(rest)?,
            len: u64::from_le_bytes(take(rest)?),
            cost: Cost { memory: u32::from_le_bytes(take(rest)?), passes: u32::from_le_bytes(take(rest)?) },
            salt: take(rest)?,
            wrapped: take(rest)?,
        })
    }

    /// What opens the parts.
    pub(super) fn unlock(&self, lock: &Lock) -> Result<Cipher, BackupError> {
        if lock.kind() != self.kind {
            return Err(BackupError::OtherLock { kind: self.kind });
        }
        let mut key = Zeroizing::new([0; KEY]);
        let opened =
            wrapping(lock, self.cost, &self.salt)?.open(&self.clear(), &self.wrapped, key.as_mut_slice());
        match (opened, self.kind) {
            (Ok(()), _) => Ok(Cipher::new(&key)),
            (Err(_), LockKind::Passphrase) => Err(BackupError::WrongPassphrase),
            (Err(_), LockKind::Key) => Err(BackupError::WrongKey),
        }
    }

    /// What is authenticated with the wrapped key.
    fn clear(&self) -> Vec<u8> {
        let kind = match self.kind {
            LockKind::Passphrase => 1,
            LockKind::Key => 2,
        };
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, kind]);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.len.to_le_bytes());
        bytes.extend_from_slice(&self.cost.memory.to_le_bytes());
        bytes.extend_from_slice(&self.cost.passes.to_le_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    fn encode(&self) -> [u8; LEN] {
        let mut bytes = self.clear();
        bytes.extend_from_slice(&self.wrapped);
        let sum: [u8; SUM] = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&sum);
        let mut header = [0; LEN];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }
}

/// What wraps the key of a backup.
fn wrapping(lock: &Lock, cost: Cost, salt: &[u8]) -> Result<Cipher, BackupError> {
    match lock {
        Lock::Key(key) => Ok(Cipher::new(key.bytes().ok_or(BackupError::WrongKey)?)),
        Lock::Passphrase(_) if !cost.is_bearable() => Err(BackupError::TooCostly),
        Lock::Passphrase(passphrase) => {
            Ok(Cipher::new(&*passphrase.derive(cost, salt).ok_or(BackupError::TooCostly)?))
        }
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}
