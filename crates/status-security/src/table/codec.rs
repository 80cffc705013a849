//! How values stand in a row: a version byte, then the fields, numbers big-endian.

use alloc::vec::Vec;

use status_layer::{StoreError, Value};
use zeroize::Zeroizing;

use crate::key::Key;

/// The newest schema version of every row of this layer.
const VERSION: u8 = 1;

/// Writes a row.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

/// Reads a row.
pub(crate) struct Reader<'a>(&'a [u8]);

impl Writer {
    /// Room enough for a session, so that no copy of its keys is left behind by growing.
    const CAPACITY: usize = 512;

    pub(crate) fn new() -> Self {
        let mut bytes = Vec::with_capacity(Self::CAPACITY);
        bytes.push(VERSION);
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn flag(self, flag: bool) -> Self {
        self.bytes(&[u8::from(flag)])
    }

    pub(crate) fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn key(self, key: &Key) -> Self {
        self.bytes(key.expose())
    }

    /// A value that may be missing: one byte that says so, then the value.
    pub(crate) fn option<const N: usize>(self, value: Option<&[u8; N]>) -> Self {
        let this = self.flag(value.is_some());
        match value {
            Some(value) => this.bytes(value),
            None => this,
        }
    }

    pub(crate) fn finish(mut self) -> Value {
        Value::new(core::mem::take(&mut *self.0))
    }
}

impl<'a> Reader<'a> {
    /// Reads a whole row with `fields`, which returns `None` if a field is missing or cannot be.
    pub(crate) fn read<T>(
        what: &'static str,
        row: &'a [u8],
        fields: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, StoreError> {
        let damaged = StoreError::Damaged { what };
        match row {
            [VERSION, rest @ ..] => {
                let mut reader = Self(rest);
                fields(&mut reader).filter(|_| reader.0.is_empty()).ok_or(damaged)
            }
            [found, ..] if *found > VERSION => Err(StoreError::Newer { what, found: *found, known: VERSION }),
            _ => Err(damaged),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn key(&mut self) -> Option<Key> {
        self.array().map(Key::new)
    }

    #[expect(clippy::option_option, reason = "the outer one says whether the row could be read")]
    pub(crate) fn option<const N: usize>(&mut self) -> Option<Option<[u8; N]>> {
        if self.flag()? { self.array().map(Some) } else { Some(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_newer_program_is_not_touched() {
        let read = Reader::read("test", &[VERSION + 1, 0], Reader::u8);

        assert!(matches!(read, Err(StoreError::Newer { found: 2, known: 1, .. })));
    }

    #[test]
    fn a_damaged_row_is_said_to_be_damaged() {
        for row in [&[][..], &[0], &[VERSION], &[VERSION, 1, 2]] {
            let read = Reader::read("test", row, Reader::u8);

            assert!(matches!(read, Err(StoreError::Damaged { what: "test" })), "{row:?}");
        }
    }
}
