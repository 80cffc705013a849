//! What strangers gossip, and how all protocols but gossip frame what they say.

use futures::executor::block_on;

use crate::stream;
use crate::verdict::{Judge, Verdict};
use crate::{Config, WakuMessage};

/// What a relay does with a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Judged {
    /// It is forwarded.
    Accepted(WakuMessage),
    /// It is not forwarded, and held against its sender.
    Rejected,
    /// It is not forwarded, and nobody is to blame.
    Ignored,
}

/// Judges what gossip brings on a topic at `now`, in nanoseconds since the Unix epoch, as a node with this configuration does.
#[must_use]
pub fn judge_gossip(config: &Config, topic: &str, data: &[u8], now: i64) -> Judged {
    match Judge::new(config).judge(topic, data, now) {
        Verdict::Accept(message) => Judged::Accepted(message),
        Verdict::Reject(_) => Judged::Rejected,
        Verdict::Ignore(_) => Judged::Ignored,
    }
}

/// Reads one frame of at most `max` bytes from the beginning of a stream: what it holds, and what is behind it. `None` if the
/// stream would be ended.
#[must_use]
pub fn read_frame(stream: &[u8], max: usize) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = stream;
    let frame = block_on(stream::read_frame(&mut rest, max)).ok()?;
    Some((frame, rest))
}
