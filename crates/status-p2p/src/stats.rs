//! What a node counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the node started, and how many nodes there are now. Messages are those of gossip.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Nodes connected now.
    pub connected: u64,
    /// Nodes connected now that carry our publishing shard; as a light node, those that serve it.
    pub carriers: u64,
    /// Messages that came in, each counted once.
    pub messages_in: u64,
    /// Their encoded size, in bytes.
    pub bytes_in: u64,
    /// Messages of our own that went out.
    pub messages_out: u64,
    /// Their encoded size in bytes, counted once however many nodes they went to.
    pub bytes_out: u64,
    /// Messages of others that were forwarded.
    pub relayed: u64,
    /// Frames that were handed up.
    pub handed_up: u64,
    /// Messages that were refused: not a Waku message, without content, or too large.
    pub refused: u64,
    /// Signed messages that were not forwarded because they are too old, or of the future.
    pub ignored: u64,
    /// Messages in another encoding than the one that was handed up before.
    pub repeated: u64,
    /// Frames of watched topics that got lost because nobody took them.
    pub overflowed: u64,
    /// Messages that did not reach a node because it was too slow.
    pub slow: u64,
    /// Messages that did not reach a service of this node because it was too slow.
    pub untapped: u64,
    /// Messages that were kept for others.
    pub archived: u64,
    /// Messages that were not kept because the archive failed.
    pub unarchived: u64,
    /// Messages that were pushed to light nodes.
    pub pushed: u64,
    /// Messages that did not reach a light node that had subscribed to them.
    pub unpushed: u64,
    /// Messages that were gossiped for light nodes.
    pub gossiped_for: u64,
    /// Messages that were pushed to this light node though it had not asked for them.
    pub uninvited: u64,
    /// Filters of this light node that were given up because they did not push what others did.
    pub silent: u64,
    /// Nodes that were disconnected because they belong to another cluster, or gossip and carry nothing that this node does.
    pub strangers: u64,
    /// Connections that were refused because there were too many.
    pub turned_away: u64,
    /// Nodes that were disconnected because gossip thinks too little of them.
    pub put_out: u64,
    /// Nodes that were disconnected because they did not take what was meant for them.
    pub dropped_slow: u64,
    /// Nodes that were disconnected to make room.
    pub pruned: u64,
    /// Connections that were closed because nobody answered.
    pub dead: u64,
    /// How often this machine slept, or all connections died at once.
    pub slept: u64,
    /// Relays that hold a place for this node now.
    pub relays: u64,
    /// Connections through relays that became direct ones.
    pub punched: u64,
    /// Connections that this node has relayed for others.
    pub circuits: u64,
}

macro_rules! counters {
    ($($name:ident),*) => {
        #[derive(Debug, Default)]
        pub(crate) struct Counters { $(pub(crate) $name: Counter),* }

        impl Counters {
            pub(crate) fn read(&self) -> Stats {
                Stats { $($name: self.$name.0.load(Ordering::Relaxed)),* }
            }
        }
    };
}

counters!(
    connected,
    carriers,
    messages_in,
    bytes_in,
    messages_out,
    bytes_out,
    relayed,
    handed_up,
    refused,
    ignored,
    repeated,
    overflowed,
    slow,
    untapped,
    archived,
    unarchived,
    pushed,
    unpushed,
    gossiped_for,
    uninvited,
    silent,
    strangers,
    turned_away,
    put_out,
    dropped_slow,
    pruned,
    dead,
    slept,
    relays,
    punched,
    circuits
);

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, count: usize) {
        self.0.store(count as u64, Ordering::Relaxed);
    }
}
