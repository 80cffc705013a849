//! How this node is reached from outside, and how it helps others to be.

mod protocols;
mod relays;

use std::time::Duration;

use crate::{PeerAddr, Scope};
pub(crate) use protocols::{Reaching, ReachingEvent};
pub(crate) use relays::Relays;

/// How this node is reached from outside, and how it helps others to be.
///
/// What a node asks of others is on from the start; what it does for others is off.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Addresses at which this node is known to be reached. Default none: they are found out.
    pub known: Vec<PeerAddr>,
    /// Whether other nodes are asked, over AutoNAT 1 and 2, if they reach this one. Default on.
    pub ask: Switch,
    /// Whether the router is asked, over UPnP, to let connections in, if the node listens elsewhere than on loopback.
    /// Default on.
    pub map_ports: Switch,
    /// Whether a connection through a relay is replaced by a direct one where both NATs allow it (DCUtR). Default on.
    pub punch: Switch,
    /// How many nodes relay to this one as long as it is not reached otherwise; 0 for none. Default 2.
    pub relays: usize,
    /// How long it is tried to be reached otherwise before relays are asked. Default 3 minutes, as deployed nodes.
    pub relays_after: Duration,
    /// The time between two questions to relays. Default 2 seconds, as deployed nodes.
    pub relays_every: Duration,
    /// Whether this node tells others if it reaches them. Default off.
    pub answer: Switch,
    /// What this node relays for others. Default nothing.
    pub circuits: Option<Circuits>,
    /// Which addresses count when others are asked, helped, or asked to relay. Default those of the internet: who is in
    /// a private network does not see what is outside.
    pub scope: Scope,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}

/// What a node relays for others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Circuits {
    /// Nodes that may be reached through this one. Default 128.
    pub reservations: usize,
    /// Connections through this one at the same time. Default 64.
    pub circuits: usize,
    /// Connections through this one at the same time for one node. Default 8.
    pub circuits_per_node: usize,
    /// How long a connection lasts. Default 2 minutes: time enough for both sides to find a direct way.
    pub lasting: Duration,
    /// How many bytes a connection carries in each direction. Default 4 MiB: some of the largest messages.
    pub bytes: u64,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            ask: Switch::On,
            map_ports: Switch::On,
            punch: Switch::On,
            relays: 2,
            relays_after: Duration::from_secs(3 * 60),
            relays_every: Duration::from_secs(2),
            answer: Switch::Off,
            circuits: None,
            scope: Scope::Internet,
        }
    }
}

impl Default for Circuits {
    fn default() -> Self {
        Self {
            reservations: 128,
            circuits: 64,
            circuits_per_node: 8,
            lasting: Duration::from_secs(2 * 60),
            bytes: 4 * 1024 * 1024,
        }
    }
}
