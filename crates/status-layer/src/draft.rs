//! The draft in which a step is written before it is committed.

mod written;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use self::written::Written;
use crate::{Area, Batch, Read, Row, StoreError, Timestamp, Value};

/// One unit of work: the time, the randomness and the draft that all layers of a step share.
pub struct Unit<'a> {
    now: Timestamp,
    rng: &'a mut dyn CryptoRng,
    draft: Draft<'a>,
}

/// What a layer may touch besides its input. Made for one call, gone after it.
pub struct Cx<'a> {
    /// The time of the step.
    pub now: Timestamp,
    /// The only source of randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// The layer's own rows.
    pub shelf: Shelf<'a>,
}

/// The rows of one layer, as they will be after the step. A layer cannot spell another layer's key.
pub struct Shelf<'a> {
    draft: &'a mut (dyn Overlay + 'a),
    area: Area,
}

/// Writes over a store that is only read, in nested levels that are kept or dropped whole.
pub struct Draft<'a> {
    base: &'a dyn Read,
    /// What the batch will hold.
    kept: Writes,
    /// One level for each attempt under way, the innermost last.
    open: Vec<Writes>,
}

type Writes = BTreeMap<(Area, Vec<u8>), Option<Value>>;

impl<'a> Unit<'a> {
    /// Begins a unit of work over `store` as it is now.
    pub fn new(now: Timestamp, rng: &'a mut dyn CryptoRng, store: &'a dyn Read) -> Self {
        Self { now, rng, draft: Draft::new(store) }
    }

    /// The time of the step.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lends the time, the randomness and the rows of `area`.
    pub fn cx(&mut self, area: Area) -> Cx<'_> {
        Cx { now: self.now, rng: &mut *self.rng, shelf: self.draft.shelf(area) }
    }

    /// Runs `work` on a nested draft: its writes are kept if it returns `Ok`, dropped if it returns `Err`.
    ///
    /// # Errors
    /// Whatever `work` returns.
    pub fn attempt<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.draft.begin();
        let done = work(self);
        match done {
            Ok(_) => self.draft.keep(),
            Err(_) => self.draft.discard(),
        }
        done
    }

    /// Ends the unit: all its writes, to be committed together.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        self.draft.into_batch()
    }
}

impl<'a> Draft<'a> {
    /// An empty draft over `base`.
    #[must_use]
    pub fn new(base: &'a dyn Read) -> Self {
        Self { base, kept: Writes::new(), open: Vec::new() }
    }

    /// Lends the rows of one area.
    pub fn shelf(&mut self, area: Area) -> Shelf<'_> {
        Shelf { draft: self, area }
    }

    /// Ends the draft. Levels still open are not part of the batch.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        Batch(self.kept)
    }

    fn begin(&mut self) {
        self.open.push(Writes::new());
    }

    fn keep(&mut self) {
        if let Some(level) = self.open.pop() {
            self.top().extend(level);
        }
    }

    fn discard(&mut self) {
        self.open.pop();
    }

    fn top(&mut self) -> &mut Writes {
        self.open.last_mut().unwrap_or(&mut self.kept)
    }

    /// The levels from the innermost to the lowest.
    fn levels(&self) -> impl Iterator<Item = &Writes> {
        self.open.iter().rev().chain([&self.kept])
    }
}

/// What a shelf needs of a draft; hides the lifetime of the store below.
trait Overlay {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError>;
    fn set(&mut self, area: Area, key: Vec<u8>, value: Option<Value>);
    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;
}

impl Overlay for Draft<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let at = (area, key.to_vec());
        match self.levels().find_map(|level| level.get(&at)) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(area, key),
        }
    }

    fn set(&mut self, area: Area, key: Vec<u8>, value: Option<Value>) {
        self.top().insert((area, key), value);
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut written = Written::new(self.levels(), area, prefix, after);
        let mut after = after.map(<[u8]>::to_vec);
        let mut rows = Vec::new();
        // Rows that stand below may be deleted in the draft: then more are read, twice as many each time.
        let mut page = limit;
        while rows.len() < limit {
            let below = self.base.scan(area, prefix, after.as_deref(), page)?;
            let all = below.len() < page;
            page = page.saturating_mul(2);
            after = below.last().map(|(key, _)| key.clone());
            for (key, value) in below {
                written.take_before(Some(&key), limit, &mut rows);
                match written.take_at(&key) {
                    Some(said) => rows.extend(said.map(|value| (key, value.clone()))),
                    None => rows.push((key, value)),
                }
            }
            if all {
                written.take_before(None, limit, &mut rows);
                break;
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// Reads the rows as they will be.
impl Read for Draft<'_> {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Overlay::get(self, area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        Overlay::scan(self, area, prefix, after, limit)
    }
}

impl Shelf<'_> {
    /// Returns the value under `key`, if any.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.draft.get(self.area, key)
    }

    /// Whether there is a row under `key`.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails.
    pub fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(key)?.is_some())
    }

    /// Writes a row, in place of the one under `key` if any.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Value>) {
        self.draft.set(self.area, key.into(), Some(value.into()));
    }

    /// Deletes the row under `key`, if any.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.draft.set(self.area, key.into(), None);
    }

    /// Returns at most `limit` rows whose key begins with `prefix` and is greater than `after`, in ascending
    /// byte order of their keys.
    ///
    /// # Errors
    /// [`StoreError`] if the medium fails.
    pub fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.draft.scan(self.area, prefix, after, limit)
    }
}

impl fmt::Debug for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unit").field("now", &self.now).field("draft", &self.draft).finish_non_exhaustive()
    }
}

impl fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("now", &self.now).field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shelf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf({:?})", self.area)
    }
}

impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({} rows, {} levels open)", self.kept.len(), self.open.len())
    }
}

#[cfg(test)]
mod tests;
