//! The protocols that a node speaks, and their settings.

use std::time::Duration;

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{
    self, ConfigBuilder, IdentTopic, MessageAuthenticity, MessageId, PeerScoreParams, PeerScoreThresholds,
    TopicScoreParams, ValidationMode, Version,
};
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{identify, mdns, ping};

use crate::gate::Gate;
use crate::metadata::Exchange;
use crate::{Config, Mdns, Metadata, StartError, gossip_id, pubsub_topic};

/// The gossip protocol, named exactly as deployed nodes name it.
const RELAY: &str = "/vac/waku/relay/2.0.0";

/// Room that the transport leaves above the largest message: the library compares what it has buffered, which may
/// reach into the next frame, with the limit.
const SLACK: usize = 64 * 1024;
/// Largest share of control messages in one exchange, in bytes: about 15 000 message ids. Deployed nodes list up to
/// 5000 of them.
const MAX_CONTROL: usize = 512 * 1024;
/// Most messages in one exchange.
const MAX_MESSAGES: usize = 5000;
/// How often the mesh is looked after.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// For how long gossip knows a message that it has seen.
const SEEN: Duration = Duration::from_secs(120);
/// Connections that may be shaking hands at the same time.
const MAX_PENDING: u32 = 64;
/// Connections to one node at the same time; two arise when both sides dial.
const MAX_PER_NODE: u32 = 4;

/// Everything that a node speaks. The limits come first: who is turned away is turned away before anything else
/// makes room for them.
#[derive(NetworkBehaviour)]
pub(crate) struct Protocols {
    pub(crate) gate: Gate,
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) relay: gossipsub::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) metadata: Exchange,
    pub(crate) streams: libp2p_stream::Behaviour,
    pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
}

impl Protocols {
    pub(crate) fn new(config: &Config, key: &Keypair) -> Result<Self, StartError> {
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(MAX_PENDING))
            .with_max_established_incoming(Some(config.limits.incoming))
            .with_max_established_per_peer(Some(MAX_PER_NODE));
        let identify = identify::Config::new("status-chat/1".to_owned(), key.public())
            .with_agent_version(config.agent.clone())
            // Whom to dial is decided elsewhere.
            .with_cache_size(0);
        Ok(Self {
            gate: Gate::new(config.limits.per_ip),
            limits: connection_limits::Behaviour::new(limits),
            relay: relay(config)?,
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::default(),
            metadata: Exchange::new(metadata(config).into()),
            streams: libp2p_stream::Behaviour::new(),
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

/// Gossip as deployed Waku nodes do it. Spec: 11/WAKU2-RELAY, 29/WAKU2-CONFIG.
fn relay(config: &Config) -> Result<gossipsub::Behaviour, StartError> {
    let settings = ConfigBuilder::default()
        .protocol_id(RELAY, Version::V1_1)
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        // Anonymous messages have neither author nor number, so their bytes are what names them.
        .message_id_fn(|message| MessageId::new(&gossip_id(&message.data)))
        .max_transmit_size(config.receive_limit.saturating_add(SLACK))
        .max_control_message_size(MAX_CONTROL)
        .max_publish_messages(MAX_MESSAGES)
        .mesh_n(4)
        .mesh_n_low(4)
        .mesh_n_high(8)
        .mesh_outbound_min(2)
        .gossip_lazy(4)
        .history_length(6)
        .history_gossip(3)
        .flood_publish(true)
        .duplicate_cache_time(SEEN)
        .unsubscribe_backoff(Duration::from_secs(5))
        .heartbeat_initial_delay(HEARTBEAT)
        .heartbeat_interval(HEARTBEAT)
        .build()
        .map_err(|_| StartError::Settings)?;
    let mut relay = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, settings)
        .map_err(|_| StartError::Settings)?;
    let topics = || config.shards.iter().map(|shard| IdentTopic::new(pubsub_topic(config.cluster, *shard)));
    relay
        .with_peer_score(scores(topics().map(|topic| topic.hash())), thresholds())
        .map_err(|_| StartError::Settings)?;
    for topic in topics() {
        relay.subscribe(&topic).map_err(|_| StartError::Settings)?;
    }
    Ok(relay)
}

/// What nodes are thought of, with the figures of deployed nodes. The number of nodes behind one address is not held
/// against them: the gate limits it.
fn scores(topics: impl Iterator<Item = gossipsub::TopicHash>) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 10.0,
        first_message_deliveries_weight: 1.0,
        first_message_deliveries_decay: 0.5,
        first_message_deliveries_cap: 10.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -100.0,
        invalid_message_deliveries_decay: 0.5,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: topics.map(|name| (name, topic.clone())).collect(),
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_decay: 0.986,
        decay_interval: Duration::from_secs(12),
        decay_to_zero: 0.01,
        retain_score: Duration::from_secs(10 * 60),
        ..PeerScoreParams::default()
    }
}

fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -100.0,
        publish_threshold: -1000.0,
        graylist_threshold: -10_000.0,
        opportunistic_graft_threshold: 0.0,
        ..PeerScoreThresholds::default()
    }
}
