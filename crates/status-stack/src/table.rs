//! The conductor's own rows.
//!
//! | key | value |
//! | --- | --- |
//! | `O` id (8) | version, topic length (2), topic, at (8), bytes: a frame that waits to be published |
//! | `T` id (8) | version, when that frame is tried again (8) |
//! | `D` time (8) id (8) | version: the same, by time |
//! | `K` | version, how many frames wait (8) |
//! | `A` | version, since when nobody is there to take frames (8) |
//! | `N` | version, next frame id (8) |
//! | `L` id | version, at (8), frames, unpublished, unstored (4 each), kind (1), length (2), reader, message ids (32 each): what the frames from this one on carry (in `track`) |
//! | `F` id | version, id of the first frame with the same messages (8), marks (1) |
//! | `C` | version, time up to which nothing is missing (8) |
//! | `W` | version, then topic length (2) and topic for each topic watched |
//!
//! Numbers are big-endian. Earlier versions wrote no `D`, `K` and `A`: they are made when such a store is started.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{Frame, StoreError, Timestamp, Topic, Value};

pub(crate) const FRAME: u8 = b'O';
pub(crate) const TRY: u8 = b'T';
pub(crate) const DUE: u8 = b'D';
pub(crate) const LOAD: u8 = b'L';
pub(crate) const OF: u8 = b'F';
pub(crate) const NEXT_ID: &[u8] = b"N";
pub(crate) const COUNT: &[u8] = b"K";
pub(crate) const ALONE: &[u8] = b"A";
pub(crate) const CURSOR: &[u8] = b"C";
pub(crate) const WATCHED: &[u8] = b"W";

pub(crate) const VERSION: u8 = 1;
pub(crate) const WHAT: &str = "the stack's table";

pub(crate) fn key(tag: u8, id: u64) -> Vec<u8> {
    let mut key = vec![tag];
    key.extend(id.to_be_bytes());
    key
}

pub(crate) fn id(key: &[u8]) -> Result<u64, StoreError> {
    key.last_chunk().copied().map(u64::from_be_bytes).ok_or_else(damaged)
}

/// Where a frame stands among all by the time of its next try.
pub(crate) fn due_key(at: u64, id: u64) -> Vec<u8> {
    let mut key = key(DUE, at);
    key.extend(id.to_be_bytes());
    key
}

/// The time and the id in such a key.
pub(crate) fn due(key: &[u8]) -> Result<(u64, u64), StoreError> {
    Reader::read_key(WHAT, key, |r| Some((r.u64()?, r.u64()?)))
}

/// The value of a row that says nothing but that it is there.
pub(crate) fn encode_mark() -> Value {
    Writer::new(VERSION).finish()
}

pub(crate) fn decode_mark(value: &[u8]) -> Result<(), StoreError> {
    Reader::read(WHAT, VERSION, value, |_| Some(()))
}

pub(crate) fn encode_number(number: u64) -> Value {
    Writer::new(VERSION).u64(number).finish()
}

pub(crate) fn decode_number(value: &[u8]) -> Result<u64, StoreError> {
    Reader::read(WHAT, VERSION, value, Reader::u64)
}

pub(crate) fn encode_frame(frame: &Frame) -> Value {
    let topic = frame.topic.as_str().as_bytes();
    Writer::new(VERSION).sized(topic).u64(frame.at.millis()).bytes(&frame.bytes).finish()
}

pub(crate) fn decode_frame(value: &[u8]) -> Result<Frame, StoreError> {
    Reader::read(WHAT, VERSION, value, |r| {
        Some(Frame { topic: topic(r)?, at: Timestamp::from_millis(r.u64()?), bytes: r.rest().to_vec() })
    })
}

pub(crate) fn encode_topics(topics: &[Topic]) -> Value {
    let empty = Writer::new(VERSION);
    topics.iter().fold(empty, |row, topic| row.sized(topic.as_str().as_bytes())).finish()
}

pub(crate) fn decode_topics(value: &[u8]) -> Result<Vec<Topic>, StoreError> {
    Reader::read(WHAT, VERSION, value, |r| {
        let mut topics = Vec::new();
        while !r.is_empty() {
            topics.push(topic(r)?);
        }
        Some(topics)
    })
}

fn topic(r: &mut Reader<'_>) -> Option<Topic> {
    String::from_utf8(r.sized()?.to_vec()).ok().map(Topic::new)
}

pub(crate) const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}
