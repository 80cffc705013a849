//! What a light node watches is pushed to it. Spec: 12/WAKU2-FILTER, version 2.

mod client;
mod request;
mod server;
mod table;
mod watchdog;

use libp2p::StreamProtocol;
#[cfg(feature = "hazmat")]
use prost::Message as _;

use crate::{WakuMessage, generated};
pub(crate) use client::{Client, Filters, leave, run as subscribe};
pub(crate) use request::request_id;
#[cfg(feature = "hazmat")]
pub(crate) use request::{Request, Status};
pub(crate) use server::run as serve;
#[cfg(feature = "hazmat")]
pub(crate) use table::Table;

/// Subscribing, named exactly as deployed nodes name it.
pub(crate) const SUBSCRIBE: StreamProtocol = StreamProtocol::new("/vac/waku/filter-subscribe/2.0.0-beta1");
/// Pushing, named exactly as deployed nodes name it.
pub(crate) const PUSH: StreamProtocol = StreamProtocol::new("/vac/waku/filter-push/2.0.0-beta1");

/// Largest request that is read, in bytes: 100 topics of the largest size with what is between them.
const MAX_REQUEST: usize = 128 * 1024;
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024;
/// Largest push beside the message in it, in bytes.
const MAX_AROUND: usize = 2 * 1024;

/// What somebody wants to hear: the messages of one content topic on one gossip topic.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Criterion {
    pub(crate) pubsub_topic: String,
    pub(crate) content_topic: String,
}

/// A message that was pushed.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) criterion: Criterion,
    pub(crate) message: WakuMessage,
}

impl Pushed {
    /// Checks a push; `None` if a relay would have refused the message in it, or it says nothing of where it was.
    pub(crate) fn check(wire: generated::MessagePush) -> Option<Self> {
        let message = WakuMessage::decode(&wire.waku_message?).ok()?;
        let pubsub_topic = wire.pubsub_topic.filter(|topic| !topic.is_empty())?;
        Some(Self {
            criterion: Criterion { pubsub_topic, content_topic: message.content_topic.clone() },
            message,
        })
    }

    /// Reads a push without the length before it.
    #[cfg(feature = "hazmat")]
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        Self::check(generated::MessagePush::decode(bytes).ok()?)
    }
}
