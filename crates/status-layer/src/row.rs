//! How the value of a row is laid out: a version byte, then the fields one after the other, numbers big-endian.
//!
//! Every layer writes its rows so, hence every layer refuses a newer schema and damage in the same words.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::{StoreError, Value};

/// Writes the value of a row. What was written is wiped if it is not finished.
#[derive(Clone)]
pub struct Writer(Zeroizing<Vec<u8>>);

/// Reads the value of a row, and knows in which version of the schema it was written.
pub struct Reader<'a>(&'a [u8], u8);

impl Writer {
    /// Room for a session with all its keys, and for a key and the longest name, so that growing leaves no copy of secrets
    /// behind.
    const CAPACITY: usize = 576;

    /// Begins a value of schema version `version`.
    #[must_use]
    pub fn new(version: u8) -> Self {
        let mut bytes = Vec::with_capacity(Self::CAPACITY);
        bytes.push(version);
        Self(Zeroizing::new(bytes))
    }

    /// Appends bytes as they are.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Appends bytes behind their length as two bytes. The caller keeps them below 64 KiB.
    #[must_use]
    pub fn sized(self, bytes: &[u8]) -> Self {
        let len = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.bytes(&len.to_be_bytes()).bytes(bytes)
    }

    /// Appends a yes or no as one byte.
    #[must_use]
    pub fn flag(self, flag: bool) -> Self {
        self.u8(u8::from(flag))
    }

    /// Appends one byte.
    #[must_use]
    pub fn u8(self, number: u8) -> Self {
        self.bytes(&[number])
    }

    /// Appends two bytes.
    #[must_use]
    pub fn u16(self, number: u16) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Appends four bytes.
    #[must_use]
    pub fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Appends eight bytes.
    #[must_use]
    pub fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Appends a value that may be missing: one byte that says so, then the value.
    #[must_use]
    pub fn option<const N: usize>(self, value: Option<&[u8; N]>) -> Self {
        let this = self.flag(value.is_some());
        match value {
            Some(value) => this.bytes(value),
            None => this,
        }
    }

    /// The value.
    #[must_use]
    pub fn finish(mut self) -> Value {
        Value::new(core::mem::take(&mut *self.0))
    }
}

impl<'a> Reader<'a> {
    /// Reads a whole value of schema version `version` or an earlier one with `fields`, which returns `None` if a field is
    /// missing or cannot be. `what` names the table in errors.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a newer version, [`StoreError::Damaged`] if `fields` returns `None` or leaves bytes.
    pub fn read<T>(
        what: &'static str,
        version: u8,
        row: &'a [u8],
        fields: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, StoreError> {
        let damaged = StoreError::Damaged { what };
        match row.split_first() {
            Some((found, rest)) if (1..=version).contains(found) => {
                let mut reader = Self(rest, *found);
                fields(&mut reader).filter(|_| reader.0.is_empty()).ok_or(damaged)
            }
            Some((found, _)) if *found > version => {
                Err(StoreError::Newer { what, found: *found, known: version })
            }
            _ => Err(damaged),
        }
    }

    /// Reads a whole key behind its tag of one byte, in the same way.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if `fields` returns `None` or leaves bytes.
    pub fn read_key<T>(
        what: &'static str,
        key: &'a [u8],
        fields: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, StoreError> {
        let mut reader = Self(key.get(1..).unwrap_or_default(), 0);
        fields(&mut reader).filter(|_| reader.0.is_empty()).ok_or(StoreError::Damaged { what })
    }

    /// The version of the schema in which the row was written; 0 for a key.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.1
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(len)?;
        self.0 = tail;
        Some(head)
    }

    /// Bytes behind their length.
    pub fn sized(&mut self) -> Option<&'a [u8]> {
        let len = u16::from_be_bytes(self.array()?);
        self.bytes(usize::from(len))
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A yes or no.
    pub fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// A number of two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A number of four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A signed number of eight bytes.
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// A value that may be missing; the outer `None` says that it cannot be read.
    pub fn option<const N: usize>(&mut self) -> Option<Option<[u8; N]>> {
        if self.flag()? { self.array().map(Some) } else { Some(None) }
    }
}

impl core::fmt::Debug for Writer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Writer({} bytes)", self.0.len())
    }
}

impl core::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Reader({} bytes left)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let row = Writer::new(3).sized(b"abc").flag(true).u32(7).option(Some(&[9, 9])).u64(8).finish();

        let read = Reader::read("test", 3, &row, |r| {
            Some((r.sized()?.to_vec(), r.flag()?, r.u32()?, r.option::<2>()?, r.u64()?))
        });

        assert_eq!(read.unwrap(), (b"abc".to_vec(), true, 7, Some([9, 9]), 8));
    }

    #[test]
    fn a_row_of_a_newer_program_is_not_touched() {
        let read = Reader::read("test", 1, &[2, 0], Reader::u8);

        assert!(matches!(read, Err(StoreError::Newer { found: 2, known: 1, .. })));
    }

    #[test]
    fn a_row_of_an_earlier_version_says_so() {
        let read = |row| Reader::read("test", 2, row, |r| Some((r.version(), r.u8()?)));

        assert_eq!(read(&[1, 7]).unwrap(), (1, 7));
        assert_eq!(read(&[2, 7]).unwrap(), (2, 7));
    }

    #[test]
    fn a_key_is_read_behind_its_tag_and_to_its_end() {
        let read = |key| Reader::read_key("test", key, Reader::u16);

        assert_eq!(read(&[9, 1, 2]).unwrap(), 0x0102);
        for damaged in [&[][..], &[9], &[9, 1], &[9, 1, 2, 3]] {
            assert!(matches!(read(damaged), Err(StoreError::Damaged { what: "test" })), "{damaged:?}");
        }
    }

    #[test]
    fn a_damaged_row_is_said_to_be_damaged() {
        for row in [&[][..], &[0], &[1], &[1, 1, 2]] {
            let read = Reader::read("test", 1, row, Reader::u8);

            assert!(matches!(read, Err(StoreError::Damaged { what: "test" })), "{row:?}");
        }
    }
}
