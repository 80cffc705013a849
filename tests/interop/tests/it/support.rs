//! Our side of it.

use std::time::Duration;

use serde_json::{Value, json};
use status_interop::{Peer, SOON};
use status_layer::testing::rng;
use status_layer::{Frame, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{Config, HostKey, Node, Redial, WakuMessage};
use tokio::time::timeout;

/// The gossip topic of the Status network.
pub(crate) const SHARD: &str = "/waku/2/rs/16/32";
/// A content topic.
pub(crate) const TOPIC: &str = "/waku/1/0x01020304/rfc26";

/// A node that can be dialled.
pub(crate) fn config(seed: u64) -> Config {
    let mut config = Config::new(HostKey::generate(&mut rng(seed)));
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    config.redial = Redial { first: Duration::from_millis(50), most: Duration::from_millis(400) };
    config
}

/// Starts a node that watches [`TOPIC`] and dials the peer.
pub(crate) async fn dialling(mut config: Config, peer: &Peer) -> Node {
    config.peers.push(peer.address().parse().unwrap());
    let mut node = Node::start(config).await.unwrap();
    node.watch(&[Topic::new(TOPIC)]);
    node
}

/// Starts a node that watches [`TOPIC`] and is dialled by the peer.
pub(crate) async fn dialled(config: Config, peer: &mut Peer) -> Node {
    let mut node = Node::start(config).await.unwrap();
    node.watch(&[Topic::new(TOPIC)]);
    let address = node.listen_addrs().first().unwrap().to_string();
    peer.order(&json!({ "do": "dial", "address": address })).await;
    node
}

/// The node knows that the peer carries the shard, and the peer knows it of the node.
pub(crate) async fn subscribed(node: &mut Node, peer: &mut Peer) {
    event(node, &NetworkEvent::Online(true)).await;
    let name = node.id().to_string();
    peer.heard("subscribed", |line| line["peer"] == name.as_str()).await;
}

/// A frame of so many bytes.
pub(crate) fn frame(first: u8, len: usize) -> Frame {
    let bytes = (0..len).map(|at| first.wrapping_add((at % 251) as u8)).collect();
    Frame { topic: Topic::new(TOPIC), at: Timestamp::from_millis(1_700_000_000_123), bytes }
}

/// How a node of ours puts a frame on the wire.
pub(crate) fn message(frame: &Frame) -> WakuMessage {
    WakuMessage::from_frame(frame.clone())
}

/// The deterministic hash of a message on the shard.
pub(crate) fn hash(message: &WakuMessage) -> String {
    hex::encode(message.hash(SHARD).as_bytes())
}

/// The order to publish a message, with every field as it is.
pub(crate) fn publish(message: &WakuMessage) -> Value {
    json!({
        "do": "publish",
        "payload": hex::encode(&message.payload),
        "content_topic": message.content_topic,
        "version": message.version,
        "timestamp": message.timestamp.map(|time| time.to_string()),
        "meta": message.meta.as_ref().map(hex::encode),
        "ephemeral": message.ephemeral,
    })
}

/// Waits for one event and passes over all others.
pub(crate) async fn event(node: &mut Node, wanted: &NetworkEvent) {
    let wait = async { while node.next().await != *wanted {} };
    timeout(SOON, wait).await.unwrap_or_else(|_| panic!("no {wanted:?}; {:?}", node.stats()));
}

/// The next frame; all other events are passed over.
pub(crate) async fn next_frame(node: &mut Node) -> Frame {
    let wait = async {
        loop {
            if let NetworkEvent::Frame(frame) = node.next().await {
                return frame;
            }
        }
    };
    timeout(SOON, wait).await.unwrap_or_else(|_| panic!("no frame; {:?}", node.stats()))
}

/// Now, in milliseconds since the Unix epoch: archives keep only what is said to be of today.
pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
