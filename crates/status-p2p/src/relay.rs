//! Gossip, set up as deployed Waku nodes have it.

use std::time::Duration;

use libp2p::gossipsub::{
    self, ConfigBuilder, IdentTopic, MessageAuthenticity, MessageId, PeerScoreParams, PeerScoreThresholds,
    TopicScoreParams, ValidationMode, Version,
};

use crate::{Config, StartError, gossip_id};

/// The gossip protocol, named exactly as deployed nodes name it.
const RELAY: &str = "/vac/waku/relay/2.0.0";

/// Room that the transport leaves above the largest message that is taken. What is within it is judged, and held against
/// its sender; what is beyond it ends the stream, and some peers do not open another. Deployed Go nodes send nothing
/// beyond one mebibyte; js-waku relays whatever it gets. Each connection may cost so much memory.
const SLACK: usize = 3 * 1024 * 1024;
/// Largest share of control messages in one exchange, in bytes: about 15 000 message ids. Deployed nodes list up to
/// 5000 of them.
const MAX_CONTROL: usize = 512 * 1024;
/// Most messages in one exchange.
const MAX_MESSAGES: usize = 5000;
/// Messages that wait for one node, as in deployed ones. Whoever does not take them is slow.
const QUEUE: usize = 1024;
/// How often the mesh is looked after.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// For how long gossip knows a message that it has seen.
const SEEN: Duration = Duration::from_secs(120);
/// A node of which is thought less is disconnected.
pub(crate) const GRAYLIST: f64 = -10_000.0;

/// Gossip as deployed Waku nodes do it. Spec: 11/WAKU2-RELAY, 29/WAKU2-CONFIG.
pub(crate) fn relay(config: &Config) -> Result<gossipsub::Behaviour, StartError> {
    let settings = ConfigBuilder::default()
        .protocol_id(RELAY, Version::V1_1)
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        // Anonymous messages have neither author nor number, so their bytes are what names them.
        .message_id_fn(|message| MessageId::new(&gossip_id(&message.data)))
        .max_transmit_size(config.receive_limit.saturating_add(SLACK))
        .max_control_message_size(MAX_CONTROL)
        .max_publish_messages(MAX_MESSAGES)
        .connection_handler_queue_len(QUEUE)
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
    let topics = || config.topics().map(|topic| IdentTopic::new(topic.to_string()));
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
        graylist_threshold: GRAYLIST,
        opportunistic_graft_threshold: 0.0,
        ..PeerScoreThresholds::default()
    }
}
