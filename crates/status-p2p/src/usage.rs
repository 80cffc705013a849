//! What goes over connections, by protocol.

mod counted;
mod sniff;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::{PeerId, Transport};

use counted::Muxer;

/// Protocols that are told apart. A node speaks some twenty.
const MAX_PROTOCOLS: usize = 64;
/// What is counted for streams whose protocol was never agreed on, and for protocols beyond those that are told apart.
const OTHER: &str = "other";

/// What went over the streams of one protocol since the node started, in both directions and over all connections. What
/// encryption and the sharing of a connection add is not in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProtocolUsage {
    /// The name that both sides agreed on; `other` if they agreed on none.
    pub protocol: String,
    /// Streams that were opened, by either side. Most protocols open one for each exchange.
    pub streams: u64,
    /// How often something came in. Each time the node was woken for it.
    pub wakes: u64,
    /// Bytes that came in.
    pub bytes_in: u64,
    /// Bytes that went out.
    pub bytes_out: u64,
}

/// The counts of all protocols.
#[derive(Debug, Default)]
pub(crate) struct Usages(Mutex<BTreeMap<String, Arc<Usage>>>);

/// The counts of one protocol.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    streams: AtomicU64,
    wakes: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Usages {
    /// Counts what goes over a transport.
    pub(crate) fn count(
        self: &Arc<Self>,
        transport: Boxed<(PeerId, StreamMuxerBox)>,
    ) -> Boxed<(PeerId, StreamMuxerBox)> {
        let usages = Arc::clone(self);
        transport
            .map(move |(peer, muxer), _| (peer, StreamMuxerBox::new(Muxer::new(muxer, Arc::clone(&usages)))))
            .boxed()
    }

    /// The counts of a protocol.
    fn of(&self, protocol: &str) -> Arc<Usage> {
        // Nothing panics while it is held.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.contains_key(protocol) || all.len() < MAX_PROTOCOLS;
        Arc::clone(all.entry(if known { protocol } else { OTHER }.to_owned()).or_default())
    }

    /// All counts, by name.
    pub(crate) fn read(&self) -> Vec<ProtocolUsage> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        all.iter()
            .map(|(protocol, usage)| ProtocolUsage {
                protocol: protocol.clone(),
                streams: read(&usage.streams),
                wakes: read(&usage.wakes),
                bytes_in: read(&usage.bytes_in),
                bytes_out: read(&usage.bytes_out),
            })
            .collect()
    }
}

impl Usage {
    fn add(&self, more: &Seen) {
        self.wakes.fetch_add(more.wakes, Ordering::Relaxed);
        self.bytes_in.fetch_add(more.bytes_in, Ordering::Relaxed);
        self.bytes_out.fetch_add(more.bytes_out, Ordering::Relaxed);
    }
}

/// What one stream brought and took.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Seen {
    wakes: u64,
    bytes_in: u64,
    bytes_out: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_that_are_told_apart_are_bounded() {
        let usages = Usages::default();

        for number in 0..1000 {
            usages.of(&format!("/p/{number}")).add(&Seen { wakes: 1, bytes_in: 2, bytes_out: 3 });
        }

        let read = usages.read();
        assert_eq!(read.len(), MAX_PROTOCOLS + 1);
        let other = read.iter().find(|usage| usage.protocol == OTHER).unwrap();
        assert_eq!(other.bytes_in, 2 * (1000 - MAX_PROTOCOLS as u64));
    }
}
