//! The anchor: what lies beside a store and tells that an old copy of it was put back.
//!
//! A store alone cannot tell. A copy of yesterday is as whole as it was yesterday; but whoever goes on from it writes once
//! more with keys that have been used. So the store counts its commits, and a small file beside it says how far the count
//! has come, and two other things: which line of the store it belongs to, and which file the store is in.
//!
//! | what was put back | how it is noticed |
//! | --- | --- |
//! | the store alone, older than the anchor | its count is lower |
//! | the store alone, from before another copy had been put back | its line is another one |
//! | a copy of the whole folder, as a new file | the file has another number (on Unix) |
//! | the store without its anchor | the anchor is missing |
//! | the whole folder, written over the same files, or a snapshot of the whole disk | **not here**: keep the anchor elsewhere, where the copy does not reach |
//!
//! Layout, 80 bytes: `"status\x1a\x0aanchor\x0d\x0a"`, version (1), zero (7), line (16), count (8), number of the file (8), then
//! 24 bytes of the SHA-256 of these. Numbers are little-endian.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};

use crate::error::OpenError;
use crate::lock::Lock;
use crate::rows::unavailable;
use crate::sealed::Sealed;
use crate::sealed::cipher::random;

/// Where the store keeps its place; nobody else may use it.
pub const ANCHOR_AREA: Area = Area(254);
/// The key of the row with the place: line (16), count (8, little-endian).
const PLACE: &[u8] = b"place";
const MAGIC: &[u8; 16] = b"status\x1a\x0aanchor\x0d\x0a";
const VERSION: u8 = 1;
/// Length of an anchor, in bytes.
const LEN: usize = 80;
const SUM: usize = 24;

/// Names one line of a store: what was built on one copy of it.
type Line = [u8; 16];

/// What an anchor says of the store it was opened with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Continuity {
    /// The store is as it was left, as far as can be told; or it is new.
    Whole,
    /// The store is an old copy, or a copy, of the one that the anchor was left with.
    ///
    /// What was done with it since then is not in it: keys that it holds may have been used.
    PutBack,
}

/// A sealed store with its anchor.
///
/// The anchor follows each commit without a wait for the disk of its own: after the loss of power it may lag behind, by
/// as much as the system keeps unwritten, and a copy from just before is then not noticed.
#[derive(Debug)]
pub struct Anchored {
    store: Sealed,
    file: File,
    place: Place,
    /// Whether the store does not know yet which line it is.
    is_new: bool,
    number: u64,
}

/// How far a store has come. A place of one line says nothing of another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    line: Line,
    /// Commits in this line.
    count: u64,
}

/// What is in an anchor.
struct Mark {
    place: Place,
    number: u64,
}

impl Anchored {
    /// Opens the store in the file `path` as [`Sealed::open`] does, with the anchor in the file `anchor`; either is made
    /// if it does not exist.
    ///
    /// If it is [`Continuity::PutBack`], the anchor says so until the first commit: whoever is told puts into that commit
    /// what it takes to act on it later.
    ///
    /// # Errors
    /// [`OpenError`] as [`Sealed::open`], or if the anchor cannot be read or made.
    pub fn open(path: &Path, lock: &Lock, anchor: &Path) -> Result<(Self, Continuity), OpenError> {
        Self::open_with(path, lock, anchor, &[])
    }

    /// Opens the store like [`open`](Self::open), with the areas `secret` as in [`Sealed::open_with`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        path: &Path,
        lock: &Lock,
        anchor: &Path,
        secret: &[Area],
    ) -> Result<(Self, Continuity), OpenError> {
        let is_new = !path.exists();
        let before = if is_new { None } else { Some(number_of(path).map_err(unavailable)?) };
        let store = Sealed::open_with(path, lock, secret)?;
        let number = number_of(path).map_err(unavailable)?;
        let before = before.unwrap_or(number);
        let mut file = file(anchor).map_err(unavailable)?;
        let mark = Mark::read(&mut file).map_err(unavailable)?;
        let place = store.get(ANCHOR_AREA, PLACE)?.and_then(|row| Place::decode(&row));
        let continuity = match (&mark, place) {
            _ if is_new => Continuity::Whole,
            // It was made before there were anchors.
            (None, None) => Continuity::Whole,
            (Some(mark), Some(place)) if mark.speaks_of(place, before) => Continuity::Whole,
            _ => Continuity::PutBack,
        };
        let (place, is_new) = match (continuity, place) {
            (Continuity::Whole, Some(place)) => (place, false),
            _ => (Place::begin().map_err(unavailable)?, true),
        };
        if before != number && continuity == Continuity::Whole && mark.is_some() {
            // Opening wrote a store of an earlier layout anew: it is the same store in another file.
            Mark { place, number }.write(&mut file).map_err(unavailable)?;
        }
        Ok((Self { store, file, place, is_new, number }, continuity))
    }

    /// The store.
    #[must_use]
    pub const fn store(&self) -> &Sealed {
        &self.store
    }
}

impl Read for Anchored {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.store.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.store.scan(area, prefix, after, limit)
    }
}

impl Store for Anchored {
    fn commit(&mut self, mut batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let next = Place { count: self.place.count.saturating_add(1), ..self.place };
        batch.set(ANCHOR_AREA, PLACE, Some(Value::new(next.encode())));
        self.store.commit(batch)?;
        self.place = next;
        // The commit is durable, and stays it whatever becomes of the anchor: one that lags behind notices less.
        let written = Mark { place: next, number: self.number }.write(&mut self.file);
        if self.is_new {
            drop(written.and_then(|()| self.file.sync_data()));
            self.is_new = false;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.store.settle()
    }
}

impl Place {
    /// The beginning of a new line.
    fn begin() -> io::Result<Self> {
        let mut line = Line::default();
        random(&mut line)?;
        Ok(Self { line, count: 0 })
    }

    fn encode(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let parts = self.line.into_iter().chain(self.count.to_le_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (line, count) = bytes.split_first_chunk()?;
        Some(Self { line: *line, count: u64::from_le_bytes(count.try_into().ok()?) })
    }
}

impl Mark {
    /// Whether a store at `place`, in the file `number`, is as this anchor left it, or further.
    fn speaks_of(&self, place: Place, number: u64) -> bool {
        self.place.line == place.line && self.place.count <= place.count && self.number == number
    }

    /// `None` if there is none, or it is not whole.
    fn read(file: &mut File) -> io::Result<Option<Self>> {
        let mut bytes = [0; LEN];
        match file.read_exact(&mut bytes) {
            Ok(()) => Ok(Self::decode(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        file.rewind()?;
        file.write_all(&self.encode())
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&self.place.encode());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        let sum = Sha256::digest(&bytes);
        bytes.extend(sum.into_iter().take(SUM));
        bytes
    }

    fn decode(bytes: &[u8; LEN]) -> Option<Self> {
        let (place, rest) = bytes.get(24..)?.split_at_checked(24)?;
        let number = u64::from_le_bytes(*rest.first_chunk()?);
        let mark = Self { place: Place::decode(place)?, number };
        (mark.encode() == bytes).then_some(mark)
    }
}

/// The anchor's file.
fn file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// By which the system tells files apart: a copy has another one. Zero where there is none.
fn number_of(path: &Path) -> io::Result<u64> {
    #[cfg(unix)]
    return std::fs::metadata(path).map(|file| std::os::unix::fs::MetadataExt::ino(&file));
    #[cfg(not(unix))]
    std::fs::metadata(path).map(|_| 0)
}
