//! A store that counts what is read.

use alloc::vec::Vec;
use core::cell::Cell;

use crate::{Area, Read, Row, StoreError, Value};

/// A store that counts the rows that are read from another one, so that a test can say what an operation costs.
pub struct Counting<'a> {
    rows: &'a dyn Read,
    read: Cell<usize>,
}

impl<'a> Counting<'a> {
    /// Nothing has been read yet.
    #[must_use]
    pub fn new(rows: &'a dyn Read) -> Self {
        Self { rows, read: Cell::new(0) }
    }

    /// How many rows were read. A look that finds nothing counts as one.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read.get()
    }

    fn add(&self, rows: usize) {
        self.read.set(self.read.get().saturating_add(rows));
    }
}

impl Read for Counting<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.add(1);
        self.rows.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.rows.scan(area, prefix, after, limit)?;
        self.add(rows.len().max(1));
        Ok(rows)
    }
}

impl core::fmt::Debug for Counting<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Counting({} rows)", self.read.get())
    }
}
