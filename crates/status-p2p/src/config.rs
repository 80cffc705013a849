//! How a node is set up.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    Archive, Clock, Discovery, HostKey, Light, Mode, PeerAddr, Protected, PubsubTopic, Reach, Serve,
    StartError, Web,
};

/// The cluster of the Status network.
pub(crate) const STATUS_CLUSTER: u16 = 16;
/// The shards of the Status network: all chat, then what communities say in the open.
pub(crate) const STATUS_SHARDS: [u16; 2] = [32, 64];
/// Shards are numbered below this. Spec: WAKU2-RELAY-SHARDING, "Static Sharding".
pub(crate) const SHARD_END: u16 = 1024;
/// Most shards that one node carries.
pub(crate) const MAX_SHARDS: usize = 16;
/// Most named topics that one node carries.
const MAX_NAMED: usize = 16;

/// How a node is set up. [`Config::new`] fits the Status network; every field may be changed.
#[derive(Clone, Debug)]
pub struct Config {
    /// The key by which the node is known. Keep it: others remember the node by its name.
    pub key: HostKey,
    /// The cluster. Nodes of other clusters are disconnected. Default 16, that of Status.
    pub cluster: u16,
    /// The shards that are carried, announced and listened to; frames are published on the first one. Default 32
    /// and 64.
    pub shards: Vec<u16>,
    /// Topics from before there were shards that are carried besides, such as `/waku/2/default-waku/proto`. If there
    /// are no shards, frames are published on the first of them. Default none.
    pub named: Vec<PubsubTopic>,
    /// The number of shards of the cluster, if the shard of a frame follows from its topic: it is published on that
    /// shard if this node carries it, on the first one otherwise. Default none; The Waku Network has 8.
    pub autoshards: Option<u16>,
    /// Topics on which only the holder of a key may speak. Default none.
    pub protected: Vec<Protected>,
    /// Where to listen. Port 0 lets the system choose. Default: nowhere, the node only dials.
    pub listen: Vec<PeerAddr>,
    /// The nodes to be connected to. They are dialled again for ever.
    pub peers: Vec<PeerAddr>,
    /// Whether nodes of the local network are looked for. Default [`Mdns::Off`]: it tells everybody around that
    /// this node is here.
    pub mdns: Mdns,
    /// How nodes are found across the internet. Default not at all.
    pub discovery: Discovery,
    /// What the node calls its software when asked. Default `status-chat/<version>`.
    pub agent: String,
    /// Largest encoded message that is published, in bytes. Default 150 KiB, which every Waku node forwards.
    pub publish_limit: usize,
    /// Largest encoded message that is taken and forwarded, in bytes. Default 1 MiB, which Status nodes send.
    pub receive_limit: usize,
    /// How many connections are accepted.
    pub limits: Limits,
    /// How soon a lost node is dialled again.
    pub redial: Redial,
    /// How it is noticed that a connection is dead.
    pub keepalive: Keepalive,
    /// What stands behind `wss` addresses.
    pub web: Web,
    /// How nodes behind a NAT are reached, and how this one is.
    pub reach: Reach,
    /// Where it has the time of day from. Default the system's clock.
    pub clock: Clock,
    /// Whether it carries its shards or has others do it. Default [`Mode::Relay`].
    pub mode: Mode,
    /// What it does for others. Default nothing.
    pub serve: Serve,
    /// What it expects of others as a light node.
    pub light: Light,
    /// For how long a message is remembered, so that it is handed up once. Default 20 minutes, as deployed nodes.
    pub remember: Duration,
    /// Where what is relayed is kept, and from where others are given what they missed. Default none: this node keeps no
    /// history.
    pub archive: Option<Arc<dyn Archive>>,
    /// How history is asked of others.
    pub asking: Asking,
}

/// How history is asked of others. The figures are those of deployed nodes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asking {
    /// How often is looked for what is missing. Default 1 minute.
    pub every: Duration,
    /// What is younger is not missed yet. Default 20 seconds.
    pub delay: Duration,
    /// Wishes are fulfilled in windows of this length, from the oldest on. Default 1 day.
    pub window: Duration,
    /// Messages in a page, at most 100. Default 50.
    pub page: usize,
    /// A node that takes longer for a page has failed. Default 30 seconds.
    pub patience: Duration,
    /// How long a node that has failed is left alone at first; each failure in a row doubles it, up to 10 minutes. Default 5
    /// seconds.
    pub rest: Duration,
    /// Whether, and when, is looked for what this node sent itself. Default as deployed nodes do it.
    pub confirming: Option<Confirming>,
}

/// When nodes that keep history are asked whether they have a frame of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Confirming {
    /// So long after it was sent. Default 3 seconds.
    pub after: Duration,
    /// So often until it is found. Default each 3 seconds.
    pub every: Duration,
    /// So long after it was sent it is looked for no more. Default 10 seconds.
    pub until: Duration,
}

/// Whether nodes of the local network are looked for by multicast DNS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mdns {
    /// They are looked for, and this node is announced.
    On,
    /// Nothing is sent or listened to.
    #[default]
    Off,
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections at the same time, whoever dialled. Default 300, as deployed nodes.
    pub all: u32,
    /// Incoming connections at the same time. Default 220.
    pub incoming: u32,
    /// Incoming connections at the same time from one IPv4 address or one IPv6 /64. Default 5.
    pub per_ip: u32,
    /// Nodes that gossip and dialled us; whoever is beyond that is disconnected every 15 seconds, so that there is room
    /// for nodes that we dial, and for those that only want a service. Default 160, as deployed nodes.
    pub incoming_relays: u32,
    /// Bytes of memory of this process above which no connection is added. Default none.
    pub memory: Option<usize>,
}

/// How it is noticed that a connection is dead: it is, if two pings in a row are not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Keepalive {
    /// How often each connection is pinged. Default 30 seconds.
    pub every: Duration,
    /// How soon a ping has to be answered. Default 7 seconds, as deployed nodes.
    pub patience: Duration,
}

/// How soon a lost node is dialled again: each wait is twice the one before, and up to half of it is left out by
/// chance so that nodes do not keep step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Redial {
    /// The first wait. Default 1 second.
    pub first: Duration,
    /// The longest wait. Default 1 minute.
    pub most: Duration,
}

impl Config {
    /// A node of the Status network that listens nowhere and knows nobody.
    #[must_use]
    pub fn new(key: HostKey) -> Self {
        Self {
            key,
            cluster: STATUS_CLUSTER,
            shards: STATUS_SHARDS.to_vec(),
            named: Vec::new(),
            autoshards: None,
            protected: Vec::new(),
            listen: Vec::new(),
            peers: Vec::new(),
            mdns: Mdns::default(),
            discovery: Discovery::default(),
            agent: concat!("status-chat/", env!("CARGO_PKG_VERSION")).to_owned(),
            publish_limit: 150 * 1024,
            receive_limit: 1024 * 1024,
            limits: Limits::default(),
            redial: Redial::default(),
            keepalive: Keepalive::default(),
            web: Web::default(),
            reach: Reach::default(),
            clock: Clock::default(),
            mode: Mode::default(),
            serve: Serve::default(),
            light: Light::default(),
            remember: Duration::from_secs(20 * 60),
            archive: None,
            asking: Asking::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        let known = self.shards.iter().all(|shard| *shard < SHARD_END);
        let nowhere = self.shards.is_empty() && self.named.is_empty();
        if !known || nowhere || self.shards.len() > MAX_SHARDS || self.named.len() > MAX_NAMED {
            return Err(StartError::Shards { max: MAX_SHARDS, end: SHARD_END });
        }
        if self.publish_limit == 0 || self.publish_limit > self.receive_limit {
            return Err(StartError::SizeLimit);
        }
        Ok(())
    }

    /// Every topic that is carried, the first one first.
    pub(crate) fn topics(&self) -> impl Iterator<Item = PubsubTopic> {
        let shards =
            self.shards.iter().map(|shard| PubsubTopic::Shard { cluster: self.cluster, shard: *shard });
        shards.chain(self.named.iter().cloned())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { all: 300, incoming: 220, per_ip: 5, incoming_relays: 160, memory: None }
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { every: Duration::from_secs(30), patience: Duration::from_secs(7) }
    }
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60),
            delay: Duration::from_secs(20),
            window: Duration::from_secs(86_400),
            page: 50,
            patience: Duration::from_secs(30),
            rest: Duration::from_secs(5),
            confirming: Some(Confirming::default()),
        }
    }
}

impl Default for Confirming {
    fn default() -> Self {
        let (after, every) = (Duration::from_secs(3), Duration::from_secs(3));
        Self { after, every, until: Duration::from_secs(10) }
    }
}

impl Default for Redial {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}
