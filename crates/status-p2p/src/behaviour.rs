//! The protocols that a node speaks, and their settings.

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{gossipsub, identify, mdns, memory_connection_limits as memory_limits, ping, relay};

use crate::gate::Gate;
use crate::metadata::Exchange;
use crate::nudge::Nudge;
use crate::reach::Reaching;
use crate::relay::relay;
use crate::stream::Incoming;
use crate::{Config, Mdns, Metadata, Mode, StartError};

/// Connections that may be shaking hands at the same time, in each direction.
const MAX_PENDING: u32 = 64;
/// Connections to one node at the same time; two arise when both sides dial.
const MAX_PER_NODE: u32 = 4;

/// Everything that a node speaks. The limits come first: who is turned away is turned away before anything else
/// makes room for them.
#[derive(NetworkBehaviour)]
pub(crate) struct Protocols {
    pub(crate) gate: Gate,
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) memory: Toggle<memory_limits::Behaviour>,
    pub(crate) relay: Toggle<gossipsub::Behaviour>,
    pub(crate) nudge: Nudge,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) metadata: Exchange,
    pub(crate) streams: libp2p_stream::Behaviour,
    pub(crate) incoming: Incoming,
    pub(crate) reaching: Reaching,
    pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Protocols {
    pub(crate) fn new(
        config: &Config,
        key: &Keypair,
        asking: relay::client::Behaviour,
    ) -> Result<Self, StartError> {
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(MAX_PENDING))
            .with_max_pending_outgoing(Some(MAX_PENDING))
            .with_max_established(Some(config.limits.all))
            .with_max_established_incoming(Some(config.limits.incoming))
            .with_max_established_per_peer(Some(MAX_PER_NODE));
        let identify = identify::Config::new("status-chat/1".to_owned(), key.public())
            .with_agent_version(config.agent.clone())
            .with_push_listen_addr_updates(true)
            // Whom to dial is decided elsewhere.
            .with_cache_size(0);
        Ok(Self {
            gate: Gate::new(config.limits.per_ip),
            limits: connection_limits::Behaviour::new(limits),
            memory: config.limits.memory.map(memory_limits::Behaviour::with_max_bytes).into(),
            // A light node has nothing to do with gossip: then nobody tells it what they have.
            relay: match config.mode {
                Mode::Relay => Some(relay(config)?),
                Mode::Light => None,
            }
            .into(),
            nudge: Nudge::default(),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(
                ping::Config::new()
                    .with_interval(config.keepalive.every)
                    .with_timeout(config.keepalive.patience),
            ),
            metadata: Exchange::new(metadata(config).into()),
            streams: libp2p_stream::Behaviour::new(),
            incoming: Incoming::default(),
            reaching: Reaching::new(config, key, asking),
            mdns: local_network(config.mdns, key),
        })
    }
}

/// What a node with these settings says of itself.
fn metadata(config: &Config) -> Metadata {
    Metadata { cluster: Some(config.cluster.into()), shards: config.shards.iter().copied().collect() }
}

fn local_network(wanted: Mdns, key: &Keypair) -> Toggle<mdns::tokio::Behaviour> {
    if wanted == Mdns::Off {
        return None.into();
    }
    match mdns::tokio::Behaviour::new(mdns::Config::default(), key.public().to_peer_id()) {
        Ok(behaviour) => Some(behaviour).into(),
        Err(error) => {
            // Nodes that are named are still reached.
            tracing::warn!(kind = %error.kind(), "the local network cannot be searched");
            None.into()
        }
    }
}
