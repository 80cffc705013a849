//! Storage as the stack sees it: rows of bytes in areas, written in batches that are kept whole or not at all.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Deref;

use zeroize::Zeroizing;

/// The rows of one layer. The stack picks the number; a layer never sees it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Area(pub u8);

/// The content of a row: wiped when dropped, never printed.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Value(Zeroizing<Vec<u8>>);

/// A key and its value.
pub type Row = (Vec<u8>, Value);

/// Why a store cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The medium failed; what was committed before is still there.
    #[error("the store could not be reached: {0}. Check the disk, then open it again")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The file of the store, or a row in it, is not what was written.
    #[error("the store is damaged ({what}). Restore it from a backup")]
    Damaged {
        /// What was being read.
        what: &'static str,
    },
    /// The store was written by a newer version of this software.
    #[error("{what} has schema version {found}, this program knows {known}. Use a newer program")]
    Newer {
        /// What was being read.
        what: &'static str,
        /// Version found.
        found: u8,
        /// Newest version known here.
        known: u8,
    },
    /// The file was not made by this software.
    #[error("the file is not a store of this program. Choose another place for the store")]
    Foreign,
    /// Another process has the store open.
    #[error("the store is in use by {}. Stop it, or choose another home", Holder(*by))]
    InUse {
        /// The number of that process, if it is known.
        by: Option<u32>,
    },
    /// The disk is full. Nothing of the batch was kept, everything before it is there.
    #[error("the disk is full: nothing was written, nothing is lost. Free some space and try again")]
    Full,
    /// The disk takes no writes. Nothing of the batch was kept, everything before it is there.
    #[error("the disk is read-only: nothing was written, nothing is lost. Make it writable and try again")]
    ReadOnly,
    /// A value is larger than a store takes.
    #[error("a value of {len} bytes is too large, at most {max} are kept")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// More rows are to be kept so that they can be erased than a store has room for. Nothing of the batch was kept.
    #[error("at most {max} rows can be kept so that they can be erased. Delete some first")]
    TooMany {
        /// The most rows.
        max: usize,
    },
}

/// Names the process that has a store open.
struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "process {number}"),
            None => f.write_str("another process"),
        }
    }
}

/// Reading from a store.
pub trait Read {
    /// Returns the value under `key`, if any.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails.
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// Returns at most `limit` rows whose key begins with `prefix` and is greater than `after`, in ascending
    /// byte order of their keys.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails.
    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;
}

/// A store: reading, and commits that are durable when they return.
pub trait Store: Read {
    /// Applies all writes of `batch`, or none. When it returns `Ok`, they survive the loss of power.
    ///
    /// # Errors
    /// [`StoreError`]; then no write of the batch is visible, now or later.
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Does what may wait until there is time: a store that erases what was deleted does it now. Most have nothing to do.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails; nothing that was committed is lost by it.
    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The writes of one step, of all layers together.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Batch(pub(crate) BTreeMap<(Area, Vec<u8>), Option<Value>>);

impl Batch {
    /// Whether the batch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of rows that are written or deleted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a write; `None` deletes the row.
    pub fn set(&mut self, area: Area, key: impl Into<Vec<u8>>, value: Option<Value>) {
        self.0.insert((area, key.into()), value);
    }

    /// The writes in ascending order of area and key; `None` deletes the row.
    pub fn iter(&self) -> impl Iterator<Item = (Area, &[u8], Option<&Value>)> {
        self.0.iter().map(|((area, key), value)| (*area, key.as_slice(), value.as_ref()))
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} rows)", self.0.len())
    }
}

impl Value {
    /// Takes ownership of the content of a row.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.0.len())
    }
}
