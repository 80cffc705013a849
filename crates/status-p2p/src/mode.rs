//! How a node takes part, and what it does for others.

use std::time::Duration;

/// How a node takes part in the network.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// It carries its shards: everything that is said on them comes in and is forwarded.
    #[default]
    Relay,
    /// It carries nothing: it has what it watches pushed to it by nodes that filter for others, and has others gossip
    /// for it. It serves nobody.
    Light,
}

/// What a relaying node does for others. [`Serve::default`] is nothing at all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Serve {
    /// Pushes to light nodes what they have subscribed to.
    pub filter: Option<FilterLimits>,
    /// Gossips what light nodes give it, so often for each of them.
    pub light_push: Option<Rate>,
    /// Tells which nodes it knows, so often to each who asks.
    pub peer_exchange: Option<Rate>,
}

impl Serve {
    /// Everything, within the limits of deployed nodes.
    #[must_use]
    pub fn all() -> Self {
        Self {
            filter: Some(FilterLimits::default()),
            light_push: Some(Rate::default()),
            peer_exchange: Some(Rate::default()),
        }
    }
}

/// How often one node may ask. The rest is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// One request in each of these. Default 1 second, as deployed nodes.
    pub each: Duration,
    /// So many at once, if there were none for as long. Default 30, so that a light node that starts need not wait.
    pub burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self { each: Duration::from_secs(1), burst: 30 }
    }
}

/// For how much a node filters. Spec: 12/WAKU2-FILTER; the figures are those of deployed nodes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FilterLimits {
    /// Light nodes with a subscription at the same time. Default 20.
    pub subscribers: usize,
    /// Content topics of one light node, counted once for each gossip topic. Default 1000.
    pub criteria: usize,
    /// Content topics in one request. Default 100.
    pub topics: usize,
    /// How often a light node may ask.
    pub rate: Rate,
    /// A subscription ends when its light node has not been heard of for this long. Default 5 minutes.
    pub idle: Duration,
    /// A push has to be over within this. Default 20 seconds.
    pub patience: Duration,
    /// So many pushes in a row that fail or find no room, and the subscription ends. Default 3.
    pub failures: u32,
}

impl Default for FilterLimits {
    fn default() -> Self {
        Self {
            subscribers: 20,
            criteria: 1000,
            topics: 100,
            rate: Rate::default(),
            idle: Duration::from_secs(5 * 60),
            patience: Duration::from_secs(20),
            failures: 3,
        }
    }
}

/// What a light node expects of those who serve it. The figures keep within a minute the time in which a subscription
/// that is dead is noticed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Light {
    /// Nodes that filter for it at the same time. Default 2.
    pub filters: usize,
    /// Nodes that are given each frame to gossip. Default 2.
    pub pushers: usize,
    /// How often a subscription is asked after. Default 45 seconds.
    pub ping: Duration,
    /// An answer about subscriptions has to come within this. Default 5 seconds; a ping is tried twice.
    pub patience: Duration,
    /// What one filter brought, or what this node said itself, every filter has to bring within this. Default 20 seconds.
    pub echo: Duration,
    /// A filter that failed is not asked again for this long if there is another. Default 5 minutes.
    pub bench: Duration,
    /// A frame has to be gossiped within this. Default 10 seconds.
    pub publish: Duration,
    /// Others are asked for more nodes as long as fewer than this are connected. Default 4.
    pub nodes: usize,
    /// How often they are asked at first; less and less if it brings nobody. Default 5 seconds.
    pub exchange: Duration,
}

impl Default for Light {
    fn default() -> Self {
        Self {
            filters: 2,
            pushers: 2,
            ping: Duration::from_secs(45),
            patience: Duration::from_secs(5),
            echo: Duration::from_secs(20),
            bench: Duration::from_secs(5 * 60),
            publish: Duration::from_secs(10),
            nodes: 4,
            exchange: Duration::from_secs(5),
        }
    }
}
