//! A backup: one sealed file that is written once, from its beginning to its end, and read the same way.
//!
//! | at byte | what |
//! | --- | --- |
//! | 0 | magic (16), version (1), kind of lock (1), id (16), length of the content (8), memory (4) and passes (4) of Argon2id, salt (16), wrapped key (24 + 32 + 16), SHA-256 of all that (32) |
//! | 170 + 65576 · n | part n: nonce (24), up to 65536 bytes of content sealed, tag (16) |
//!
//! Numbers are little-endian. The key is random, sealed with XChaCha20-Poly1305 under the passphrase or key and bound to all
//! that stands before it; each part is bound to the id and its number, and only the last one may be shorter. So nothing can be
//! taken away, added, moved or changed unnoticed. Nothing is known here of what the content is.

mod error;
mod header;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::lock::{Lock, LockKind};
use crate::redb::folder;
use crate::sealed::cipher::{Cipher, NONCE, TAG};
pub use error::BackupError;
use header::{Draft, Header, LEN};

/// Content of a full part, in bytes.
const PART: usize = 64 * 1024;

/// Writes a backup. The file appears under its name when it is complete, and is for its owner alone to read.
pub struct BackupWriter {
    file: NamedTempFile,
    path: PathBuf,
    draft: Draft,
    cipher: Cipher,
    /// What is not sealed yet; never longer than a part.
    rest: Zeroizing<Vec<u8>>,
    parts: u64,
    len: u64,
}

/// Reads the content of a backup; nothing comes out of a part before it is known to be what was written.
pub struct BackupReader {
    file: File,
    header: Header,
    cipher: Cipher,
    /// Content that was opened and not taken yet, from `taken` on.
    open: Zeroizing<Vec<u8>>,
    taken: usize,
    parts: u64,
    /// Content that was not opened yet, in bytes.
    left: u64,
}

impl BackupWriter {
    /// Begins a backup that will be the file `path`, under `lock`. With a passphrase this takes as long as trying one.
    ///
    /// # Errors
    /// [`BackupError::Exists`], [`BackupError::Io`].
    pub fn create(path: impl Into<PathBuf>, lock: &Lock) -> Result<Self, BackupError> {
        let path = path.into();
        if path.try_exists()? {
            return Err(BackupError::Exists);
        }
        let mut file = NamedTempFile::new_in(folder(&path))?;
        file.write_all(&[0; LEN])?;
        let draft = Draft::new(lock)?;
        let cipher = draft.cipher();
        // Room for all at once: a vector that grows leaves copies of what it held behind.
        let rest = Zeroizing::new(Vec::with_capacity(PART));
        Ok(Self { file, path, draft, cipher, rest, parts: 0, len: 0 })
    }

    /// Appends to the content.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        self.len = self.len.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            if self.rest.len() == PART {
                self.seal()?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PART.saturating_sub(self.rest.len())));
            self.rest.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Ends the backup: when this returns, it is on the disk under its name.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no such file.
    pub fn finish(mut self) -> Result<(), BackupError> {
        self.seal()?;
        let Self { mut file, path, draft, len, .. } = self;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&draft.finish(len)?)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists,
            _ => BackupError::Io(error.error),
        })?;
        if cfg!(unix) {
            File::open(folder(&path))?.sync_all()?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), BackupError> {
        let mut record = vec![0; NONCE + self.rest.len() + TAG];
        self.cipher.seal(&place(self.draft.id(), self.parts), &self.rest, &mut record)?;
        self.file.write_all(&record)?;
        self.parts = self.parts.saturating_add(1);
        zeroize::Zeroize::zeroize(&mut *self.rest);
        Ok(())
    }
}

impl BackupReader {
    /// Begins to read the backup in the file `path`.
    ///
    /// # Errors
    /// [`BackupError`] says what is wrong and what to do.
    pub fn open(path: &Path, lock: &Lock) -> Result<Self, BackupError> {
        let mut file = File::open(path)?;
        let header = Self::header(&mut file)?;
        let there = file.metadata()?.len();
        // The lock first: only then is the length that the header speaks of to be believed.
        let cipher = header.unlock(lock)?;
        match there.cmp(&end(header.len)) {
            std::cmp::Ordering::Less => return Err(BackupError::Cut),
            std::cmp::Ordering::Greater => return Err(BackupError::Extended),
            std::cmp::Ordering::Equal => {}
        }
        let (left, open) = (header.len, Zeroizing::default());
        let mut reader = Self { file, header, cipher, open, taken: 0, parts: 0, left };
        reader.next_part()?;
        Ok(reader)
    }

    /// Which lock the backup in the file `path` has.
    ///
    /// # Errors
    /// [`BackupError`] if there is no backup.
    pub fn lock_of(path: &Path) -> Result<LockKind, BackupError> {
        Ok(Self::header(&mut File::open(path)?)?.kind)
    }

    /// The length of the content, in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.header.len
    }

    /// Whether there is no content.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `out` with the next of the content.
    ///
    /// # Errors
    /// [`BackupError::Changed`] if a part is not what was written, or the content ends before.
    pub fn read(&mut self, out: &mut [u8]) -> Result<(), BackupError> {
        let mut out = out;
        while !out.is_empty() {
            if self.taken >= self.open.len() {
                if self.left == 0 {
                    return Err(BackupError::Changed);
                }
                self.next_part()?;
            }
            let there = self.open.get(self.taken..).unwrap_or_default();
            let count = there.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            for (to, from) in now.iter_mut().zip(there) {
                *to = *from;
            }
            self.taken = self.taken.saturating_add(count);
            out = later;
        }
        Ok(())
    }

    /// How much of the content was not read yet, in bytes.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.saturating_add(self.open.len().saturating_sub(self.taken) as u64)
    }

    fn header(file: &mut File) -> Result<Header, BackupError> {
        let mut bytes = Vec::with_capacity(LEN);
        file.take(LEN as u64).read_to_end(&mut bytes)?;
        Header::decode(&bytes)
    }

    fn next_part(&mut self) -> Result<(), BackupError> {
        let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(PART);
        let mut record = vec![0; NONCE + len + TAG];
        self.file.read_exact(&mut record).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::Cut,
            _ => BackupError::Io(error),
        })?;
        let mut plain = Zeroizing::new(vec![0; len]);
        let opened = self.cipher.open(&place(&self.header.id, self.parts), &record, &mut plain);
        opened.map_err(|_| BackupError::Changed)?;
        (self.open, self.taken) = (plain, 0);
        self.parts = self.parts.saturating_add(1);
        self.left = self.left.saturating_sub(len as u64);
        Ok(())
    }
}

/// What a part is bound to.
fn place(id: &[u8], part: u64) -> Vec<u8> {
    [id, b"part", &part.to_le_bytes()].concat()
}

/// Length of the file of a backup with `len` bytes of content. One without content has one empty part.
fn end(len: u64) -> u64 {
    let parts = len.div_ceil(PART as u64).max(1);
    (LEN as u64).saturating_add(len).saturating_add(parts.saturating_mul((NONCE + TAG) as u64))
}

impl fmt::Debug for BackupWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupWriter({} bytes)", self.len)
    }
}

impl fmt::Debug for BackupReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackupReader({} bytes left)", self.left())
    }
}
