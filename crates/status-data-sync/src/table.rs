//! The rows of this layer. A key is a tag and what the row is about; numbers are big-endian, so that keys sort by
//! them. A value is a version and its fields.
//!
//! | tag | key | value | file |
//! | --- | --- | --- | --- |
//! | 01 | – | the next number | `record` |
//! | 02 | id 32, user 33, kind 1 | record: what is to be sent to whom, and when | `record` |
//! | 03 | user 33, due 8, number 8 | id 32, kind 1: the records of a user by time | `record` |
//! | 04 | due 8, user 33 | –: the users by the time of their next payload | `peer` |
//! | 05 | user 33 | when the next payload is due, counts of the rows of a user, how far a wake has come | `peer` |
//! | 06 | user 33, id 32 | –: an acknowledgement to be sent | `peer` |
//! | 07 | id 32 | –: a message that arrived | `seen` |
//! | 08 | user 33, time 8, id 32 | –: the same, by sender and time | `seen` |
//! | 09 | id 32 | message: group, time, application ids, parents, body | `message` |
//! | 0a | application id 32, id 32 (none for a channel) | –: an appended body that waits | `message` |
//! | 0b | number 8 | channel and body of a bare message to be sent once | `message` |
//! | 0c | group 32 | users: the members of a closed chat, ourselves not counted | `message` |
//! | 0d | id 32, user 33 | what became of a message: confirmed by which devices, or given up; application ids | `settled` |
//! | 0e | time 8, id 32, user 33 | –: the same, by time | `settled` |
//! | 0f | group 32 | ids: the messages of a group that none follows yet | `order` |
//! | 10 | id 32 | a message that waits for those before it | `order` |
//! | 11 | missing id 32, id 32 | –: who waits for a missing message | `order` |
//! | 12 | time 8, id 32 | –: until when a message waits | `order` |
//! | 13 | – | when all that waits is looked at next, for what is too old (8) | `lapse` |
//!
//! Invariants: each 02 has one 03 and the other way round, each 07 one 08, each 0d an 0e, each 10 one 12, each 0a the 09
//! or 0b that it is about. An 09 exists as long as a record of it does. A user with an 03 or 06 has an 04.
//!
//! Version 2 added to 05 what a wake needs, and parents to 09; rows of version 1 are read.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{MessageId, UserId, Value};

use crate::ident::SyncId;

mod examine;
pub(crate) mod lapse;
pub(crate) mod message;
pub(crate) mod order;
pub(crate) mod peer;
pub(crate) mod record;
pub(crate) mod seen;
pub(crate) mod settled;

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
const SETTLED: u8 = 0x0d;
const SETTLED_AT: u8 = 0x0e;
const HEADS: u8 = 0x0f;
const HELD: u8 = 0x10;
const WANTED: u8 = 0x11;
const HELD_UNTIL: u8 = 0x12;
const LAPSE: u8 = 0x13;

/// The schema of every row.
const VERSION: u8 = 2;

/// Rows read at a time.
const PAGE: usize = 64;

/// How many rows to read at a time where mostly few are wanted: 2, then 8, 32, and so on up to a page.
pub(crate) fn pages() -> impl Iterator<Item = usize> {
    core::iter::successors(Some(2_usize), |len| Some(len.saturating_mul(4).min(PAGE)))
}

fn key(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(tag);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The value of a row that says all in its key.
fn empty() -> Value {
    Writer::new(VERSION).finish()
}

fn user(r: &mut Reader<'_>) -> Option<UserId> {
    UserId::from_compressed(&r.array::<33>()?).ok()
}

fn id(r: &mut Reader<'_>) -> Option<SyncId> {
    r.array().map(SyncId::new)
}

/// Writes a list of application ids behind their number.
fn write_names(row: Writer, names: &[MessageId]) -> Writer {
    let count = u16::try_from(names.len()).unwrap_or(u16::MAX);
    names.iter().fold(row.u16(count), |row, name| row.bytes(name.as_bytes()))
}

fn read_names(r: &mut Reader<'_>, count: u16) -> Option<Vec<MessageId>> {
    (0..count).map(|_| r.array().map(MessageId::new)).collect()
}

fn write_ids(row: Writer, ids: &[SyncId]) -> Writer {
    let count = u16::try_from(ids.len()).unwrap_or(u16::MAX);
    ids.iter().fold(row.u16(count), |row, id| row.bytes(id.as_bytes()))
}

fn read_ids(r: &mut Reader<'_>) -> Option<Vec<SyncId>> {
    let count = r.u16()?;
    (0..count).map(|_| id(r)).collect()
}
