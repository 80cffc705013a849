//! The rows that are written in the levels of a draft, one after the other.

use alloc::collections::btree_map::Range;
use alloc::vec::Vec;
use core::iter::Peekable;
use core::ops::Bound;

use super::Writes;
use crate::{Area, Row, Value};

type Key = (Area, Vec<u8>);

/// Goes through the writes under a prefix in ascending order of their keys. Of a row that several levels have written it gives
/// what the innermost says. It looks no further than it is asked to.
pub(super) struct Written<'w> {
    /// The innermost first.
    levels: Vec<Peekable<Range<'w, Key, Option<Value>>>>,
    area: Area,
    prefix: &'w [u8],
}

impl<'w> Written<'w> {
    /// Begins after `after`.
    pub(super) fn new(
        levels: impl Iterator<Item = &'w Writes>,
        area: Area,
        prefix: &'w [u8],
        after: Option<&[u8]>,
    ) -> Self {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((area, after.to_vec())),
            _ => Bound::Included((area, prefix.to_vec())),
        };
        let range = |level: &'w Writes| level.range((start.clone(), Bound::Unbounded)).peekable();
        Self { levels: levels.map(range).collect(), area, prefix }
    }

    /// Takes the rows before `end`, or all, until there are `limit`; what was deleted is passed over.
    pub(super) fn take_before(&mut self, end: Option<&[u8]>, limit: usize, rows: &mut Vec<Row>) {
        while rows.len() < limit
            && let Some(key) = self.key().filter(|key| end.is_none_or(|end| *key < end))
        {
            rows.extend(self.take_at(key).flatten().map(|value| (key.to_vec(), value.clone())));
        }
    }

    /// Takes what is written at `key`, if that is next: a value, or that the row is deleted.
    pub(super) fn take_at(&mut self, key: &[u8]) -> Option<Option<&'w Value>> {
        let mut said = None;
        for level in &mut self.levels {
            let here = level.next_if(|((area, at), _)| *area == self.area && at == key);
            said = said.or(here.map(|(_, value)| value.as_ref()));
        }
        said
    }

    /// The key of the next row.
    fn key(&mut self) -> Option<&'w [u8]> {
        let keys = self.levels.iter_mut().filter_map(|level| level.peek().map(|(key, _)| *key));
        let (area, key) = keys.min()?;
        (*area == self.area && key.starts_with(self.prefix)).then_some(key.as_slice())
    }
}
