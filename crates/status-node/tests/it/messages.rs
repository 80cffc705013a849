//! Messages of the past.

use std::ops::Range;

use status_p2p::{Archived, WakuMessage, pubsub_topic};

/// A day in nanoseconds: the time between two messages.
pub(crate) const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;

/// A message with this number, made on that day.
pub(crate) fn message(number: u64) -> Archived {
    let at = i64::try_from(number).unwrap() * DAY;
    let content_topic = format!("/waku/1/0x{:08x}/rfc26", number % 10);
    let message = WakuMessage {
        payload: number.to_be_bytes().repeat(8),
        content_topic: content_topic.clone(),
        version: Some(1),
        timestamp: Some(at),
        ..WakuMessage::default()
    };
    let pubsub_topic = pubsub_topic(16, if number % 4 == 0 { 64 } else { 32 });
    Archived { hash: message.hash(&pubsub_topic), at, pubsub_topic, content_topic, data: message.encode() }
}

pub(crate) fn messages(numbers: Range<u64>) -> Vec<Archived> {
    numbers.map(message).collect()
}
