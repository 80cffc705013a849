//! The conductor's own rows.
//!
//! | key | value |
//! | --- | --- |
//! | `O` id (8) | version, topic length (2), topic, at (8), bytes: a frame that waits to be published |
//! | `T` id (8) | version, tries (4), next try (8) of that frame |
//! | `N` | version, next frame id (8) |
//! | `C` | version, time up to which frames were seen (8) |
//! | `W` | version, then topic length (2) and topic for each topic watched |
//!
//! Numbers are big-endian.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use status_layer::{Frame, StoreError, Timestamp, Topic};

pub(crate) const FRAME: u8 = b'O';
pub(crate) const TRY: u8 = b'T';
pub(crate) const NEXT_ID: &[u8] = b"N";
pub(crate) const CURSOR: &[u8] = b"C";
pub(crate) const WATCHED: &[u8] = b"W";

const VERSION: u8 = 1;
const WHAT: &str = "the stack's table";

/// When a waiting frame is tried next.
#[derive(Clone, Copy)]
pub(crate) struct Try {
    pub(crate) count: u32,
    pub(crate) next: Timestamp,
}

pub(crate) fn key(tag: u8, id: u64) -> Vec<u8> {
    let mut key = vec![tag];
    key.extend(id.to_be_bytes());
    key
}

pub(crate) fn id(key: &[u8]) -> Result<u64, StoreError> {
    key.split_first().and_then(|(_, id)| id.try_into().ok()).map(u64::from_be_bytes).ok_or_else(damaged)
}

pub(crate) fn encode_number(number: u64) -> Vec<u8> {
    key(VERSION, number)
}

pub(crate) fn decode_number(value: &[u8]) -> Result<u64, StoreError> {
    Reader::new(value)?.number()
}

pub(crate) fn encode_try(next: Try) -> Vec<u8> {
    let mut value = vec![VERSION];
    value.extend(next.count.to_be_bytes());
    value.extend(next.next.millis().to_be_bytes());
    value
}

pub(crate) fn decode_try(value: &[u8]) -> Result<Try, StoreError> {
    let mut reader = Reader::new(value)?;
    let count = u32::from_be_bytes(*reader.take()?);
    Ok(Try { count, next: Timestamp::from_millis(reader.number()?) })
}

pub(crate) fn encode_frame(frame: &Frame) -> Vec<u8> {
    let mut value = vec![VERSION];
    put_topic(&mut value, &frame.topic);
    value.extend(frame.at.millis().to_be_bytes());
    value.extend_from_slice(&frame.bytes);
    value
}

pub(crate) fn decode_frame(value: &[u8]) -> Result<Frame, StoreError> {
    let mut reader = Reader::new(value)?;
    let topic = reader.topic()?;
    let at = Timestamp::from_millis(reader.number()?);
    Ok(Frame { topic, at, bytes: reader.0.to_vec() })
}

pub(crate) fn encode_topics(topics: &[Topic]) -> Vec<u8> {
    let mut value = vec![VERSION];
    for topic in topics {
        put_topic(&mut value, topic);
    }
    value
}

pub(crate) fn decode_topics(value: &[u8]) -> Result<Vec<Topic>, StoreError> {
    let mut reader = Reader::new(value)?;
    let mut topics = Vec::new();
    while !reader.0.is_empty() {
        topics.push(reader.topic()?);
    }
    Ok(topics)
}

fn put_topic(value: &mut Vec<u8>, topic: &Topic) {
    let text = topic.as_str().as_bytes();
    value.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    value.extend_from_slice(text);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(value: &'a [u8]) -> Result<Self, StoreError> {
        match value.split_first() {
            Some((&VERSION, rest)) => Ok(Self(rest)),
            Some((&found, _)) if found > VERSION => {
                Err(StoreError::Newer { what: WHAT, found, known: VERSION })
            }
            _ => Err(damaged()),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], StoreError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(field)
    }

    fn number(&mut self) -> Result<u64, StoreError> {
        self.take().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn topic(&mut self) -> Result<Topic, StoreError> {
        let len = usize::from(u16::from_be_bytes(*self.take()?));
        let (text, rest) = self.0.split_at_checked(len).ok_or_else(damaged)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map(Topic::new).map_err(|_| damaged())
    }
}

pub(crate) const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}
