//! A store that forgets everything when it is dropped.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::{Area, Batch, Read, Row, Store, StoreError, Value};

/// A store in memory: for tests, simulations and throw-away users.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    rows: BTreeMap<(Area, Vec<u8>), Value>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Read for Memory {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.rows.get(&(area, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((area, after.to_vec())),
            _ => Bound::Included((area, prefix.to_vec())),
        };
        Ok(self
            .rows
            .range((start, Bound::Unbounded))
            .take_while(|((at, key), _)| *at == area && key.starts_with(prefix))
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect())
    }
}

impl Store for Memory {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        for (key, value) in batch.0 {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }
}
