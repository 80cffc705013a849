//! What the tests share.

use std::time::Duration;

use status_layer::testing::rng;
use status_layer::{Frame, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{Config, HostKey, Node, PeerAddr, Redial, Switch};

/// Generous, because the machine may be busy; nothing waits for it unless a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of a node on loopback; equal seeds have equal names.
pub(crate) fn config(seed: u64) -> Config {
    let mut config = Config::new(HostKey::generate(&mut rng(seed)));
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    config.limits.per_ip = 100;
    // Whoever runs the tests may be behind a router that would do as it is asked.
    config.reach.map_ports = Switch::Off;
    config.redial = Redial { first: Duration::from_millis(50), most: Duration::from_millis(400) };
    config
}

/// A node that dials `peers`.
pub(crate) async fn node(seed: u64, peers: &[PeerAddr]) -> Node {
    let mut config = config(seed);
    config.peers = peers.to_vec();
    Node::start(config).await.unwrap()
}

/// Two nodes that know each other to be there.
pub(crate) async fn pair() -> (Node, Node) {
    let mut a = node(1, &[]).await;
    let mut b = node(2, &[address(&a)]).await;
    online(&mut a).await;
    online(&mut b).await;
    (a, b)
}

pub(crate) fn address(node: &Node) -> PeerAddr {
    node.listen_addrs().first().unwrap().clone()
}

pub(crate) fn topic() -> Topic {
    Topic::new("/waku/1/0x01020304/rfc26")
}

pub(crate) fn frame(text: &str) -> Frame {
    Frame { topic: topic(), at: Timestamp::from_millis(1_700_000_000_123), bytes: text.into() }
}

/// The next event.
pub(crate) async fn next(node: &mut Node) -> NetworkEvent {
    tokio::time::timeout(PATIENCE, node.next()).await.expect("an event in time")
}

/// Waits for one event and passes over all others.
pub(crate) async fn event(node: &mut Node, wanted: NetworkEvent) {
    loop {
        let event = next(node).await;
        assert_ne!(event, NetworkEvent::Closed, "closed instead of {wanted:?}");
        if event == wanted {
            return;
        }
    }
}

pub(crate) async fn online(node: &mut Node) {
    event(node, NetworkEvent::Online(true)).await;
}

/// The next frame; all other events are passed over.
pub(crate) async fn next_frame(node: &mut Node) -> Frame {
    loop {
        match next(node).await {
            NetworkEvent::Frame(frame) => return frame,
            event => assert_ne!(event, NetworkEvent::Closed, "closed instead of a frame"),
        }
    }
}

/// Waits until a count is as it should be.
pub(crate) async fn counted(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}
