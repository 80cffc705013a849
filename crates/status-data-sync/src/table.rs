//! The rows of this layer. A key is a tag and what the row is about; numbers are big-endian, so that keys sort by
//! them. A value is a version and its fields.
//!
//! | tag | key | value | file |
//! | --- | --- | --- | --- |
//! | 01 | – | the next number | `record` |
//! | 02 | id 32, user 33, kind 1 | record: what is to be sent to whom, and when | `record` |
//! | 03 | user 33, due 8, number 8 | id 32, kind 1: the records of a user by time | `record` |
//! | 04 | due 8, user 33 | –: the users by the time of their next payload | `peer` |
//! | 05 | user 33 | when the next payload is due, counts of the rows of a user | `peer` |
//! | 06 | user 33, id 32 | –: an acknowledgement to be sent | `peer` |
//! | 07 | id 32 | –: a message that arrived | `seen` |
//! | 08 | user 33, time 8, id 32 | –: the same, by sender and time | `seen` |
//! | 09 | id 32 | message: group, time, application ids, body | `message` |
//! | 0a | application id 32, id 32 (none for a channel) | –: an appended body that waits | `message` |
//! | 0b | number 8 | channel and body of a bare message to be sent once | `message` |
//! | 0c | group 32 | users: the members of a closed chat, ourselves not counted | `message` |
//!
//! Invariants: each 02 has one 03 and the other way round, each 07 one 08, each 0a the 09 or 0b that it is about.
//! An 09 exists as long as a record of it does. A user with an 03 or 06 has an 04.

use alloc::vec::Vec;

use status_layer::{StoreError, UserId};

mod examine;
pub(crate) mod message;
pub(crate) mod peer;
pub(crate) mod record;
pub(crate) mod seen;

pub use examine::{TABLES, examine};

const NUMBER: u8 = 0x01;
const RECORD: u8 = 0x02;
const QUEUE: u8 = 0x03;
const AGENDA: u8 = 0x04;
const PEER: u8 = 0x05;
const ACK: u8 = 0x06;
const SEEN: u8 = 0x07;
const SEEN_BY: u8 = 0x08;
const MESSAGE: u8 = 0x09;
const NAME: u8 = 0x0a;
const CHANNEL: u8 = 0x0b;
const MEMBERS: u8 = 0x0c;

/// The schema of every row.
const VERSION: u8 = 1;

/// Rows read at a time.
const PAGE: usize = 64;

fn key(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(tag);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

fn value(parts: &[&[u8]]) -> Vec<u8> {
    key(VERSION, parts)
}

/// Reads a key or a value field by field; `what` names it in errors.
struct Fields<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    fn of_key(what: &'static str, key: &'a [u8]) -> Result<Self, StoreError> {
        let (_, rest) = key.split_first().ok_or(StoreError::Damaged { what })?;
        Ok(Self { rest, what })
    }

    fn of_value(what: &'static str, value: &'a [u8]) -> Result<Self, StoreError> {
        match value.split_first() {
            Some((&VERSION, rest)) => Ok(Self { rest, what }),
            Some((&found, _)) if found > VERSION => Err(StoreError::Newer { what, found, known: VERSION }),
            _ => Err(StoreError::Damaged { what }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(*array)
    }

    fn slice(&mut self, len: usize) -> Result<&'a [u8], StoreError> {
        let (slice, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.damaged())?;
        self.rest = rest;
        Ok(slice)
    }

    fn u16(&mut self) -> Result<u16, StoreError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, StoreError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, StoreError> {
        self.array().map(u64::from_be_bytes)
    }

    fn user(&mut self) -> Result<UserId, StoreError> {
        UserId::from_compressed(&self.array::<33>()?).map_err(|_| self.damaged())
    }

    /// Everything that was not read yet.
    const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Checks that nothing is left.
    fn end(self) -> Result<(), StoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged()) }
    }

    const fn damaged(&self) -> StoreError {
        StoreError::Damaged { what: self.what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_newer_program_are_told_from_damaged_ones() {
        let newer = Fields::of_value("test", &[2, 0]).map(|_| ());
        let damaged = Fields::of_value("test", &[0, 0]).map(|_| ());
        let empty = Fields::of_value("test", &[]).map(|_| ());

        assert!(matches!(newer, Err(StoreError::Newer { found: 2, known: 1, .. })));
        assert!(matches!(damaged, Err(StoreError::Damaged { .. })));
        assert!(matches!(empty, Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn short_and_long_rows_are_damaged() {
        let mut short = Fields::of_value("test", &[1, 0, 0]).unwrap();
        let long = Fields::of_value("test", &[1, 0]).unwrap();

        assert!(short.u32().is_err());
        assert!(long.end().is_err());
    }
}
