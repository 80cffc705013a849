//! Being reached from outside, on loopback.

use std::time::Duration;

use futures::StreamExt;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, SwarmBuilder, autonat, identity, noise, tcp, yamux};
use status_layer::{FrameId, Network};
use status_p2p::{Circuits, Config, Node, PeerAddr, Scope, Switch};
use tokio::time::timeout;

use crate::support::{PATIENCE, address, config, counted, frame, next_frame, online, topic};

/// Everything that is on loopback is private.
fn nearby(seed: u64) -> Config {
    let mut settings = config(seed);
    settings.reach.scope = Scope::Anywhere;
    settings.reach.ask = Switch::Off;
    settings.reach.punch = Switch::Off;
    settings.reach.relays_after = Duration::ZERO;
    settings.reach.relays_every = Duration::from_millis(50);
    settings
}

/// A node that relays connections, but no messages: it is on another shard.
async fn relay(seed: u64) -> Node {
    let mut settings = nearby(seed);
    settings.shards = vec![1];
    settings.reach.circuits = Some(Circuits::default());
    Node::start(settings).await.unwrap()
}

/// A node that is to be reached through relays.
async fn hidden(seed: u64, relays: &[&Node], punch: Switch) -> (Node, PeerAddr) {
    let mut settings = nearby(seed);
    settings.reach.punch = punch;
    settings.peers = relays.iter().map(|relay| address(relay)).collect();
    let mut node = Node::start(settings).await.unwrap();
    node.watch(&[topic()]);
    counted("a relay holds a place", || node.stats().relays as usize == relays.len()).await;
    let at = node.reached_at().into_iter().find(PeerAddr::is_circuit).unwrap();
    (node, at)
}

async fn visitor(seed: u64, at: &PeerAddr, punch: Switch) -> Node {
    let mut settings = nearby(seed);
    settings.reach.punch = punch;
    settings.reach.relays = 0;
    settings.peers = vec![at.clone()];
    let mut node = Node::start(settings).await.unwrap();
    online(&mut node).await;
    node
}

#[tokio::test]
async fn a_hidden_node_is_reached_through_a_relay() {
    let relay = relay(1).await;
    let (mut a, at) = hidden(2, &[&relay], Switch::Off).await;
    let mut b = visitor(3, &at, Switch::Off).await;

    b.publish(FrameId(1), frame("by way of the relay"));

    assert_eq!(next_frame(&mut a).await, frame("by way of the relay"));
    assert_eq!(relay.stats().circuits, 1);
    assert_eq!(relay.stats().messages_in, 0, "it carries the connection, not the message");
    assert_eq!(at.node().as_ref(), Some(a.id()));
}

#[tokio::test]
async fn large_messages_pass_through_a_relay() {
    let relay = relay(1).await;
    let (mut a, at) = hidden(2, &[&relay], Switch::Off).await;
    let mut b = visitor(3, &at, Switch::Off).await;
    let large = frame(&"x".repeat(140 * 1024));

    for id in 0..4 {
        let mut frame = large.clone();
        frame.bytes.push(id);
        b.publish(FrameId(id.into()), frame);
    }

    for id in 0..4 {
        assert_eq!(next_frame(&mut a).await.bytes.last(), Some(&id));
    }
}

#[tokio::test]
async fn a_connection_through_a_relay_becomes_a_direct_one() {
    let relay = relay(1).await;
    let (mut a, at) = hidden(2, &[&relay], Switch::On).await;
    let mut b = visitor(3, &at, Switch::On).await;

    counted("a hole was punched", || a.stats().punched + b.stats().punched > 0).await;
    relay.close().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    b.publish(FrameId(1), frame("without the relay"));

    assert_eq!(next_frame(&mut a).await, frame("without the relay"));
}

#[tokio::test]
async fn as_many_relays_as_wanted_are_held_and_a_lost_one_is_replaced() {
    let relays = [relay(1).await, relay(2).await, relay(3).await];
    let mut settings = nearby(4);
    settings.peers = relays.iter().map(address).collect();
    let a = Node::start(settings).await.unwrap();
    counted("two relays hold a place", || a.stats().relays == 2).await;

    let held = |node: &Node| {
        let through = |at: &PeerAddr| at.to_string().contains(&format!("/p2p/{}/p2p-circuit", node.id()));
        a.reached_at().iter().any(through)
    };
    let (lost, stay): (Vec<Node>, Vec<Node>) = {
        let first = relays.iter().position(held).unwrap();
        let mut all: Vec<Node> = relays.into_iter().collect();
        (vec![all.remove(first)], all)
    };
    for node in lost {
        node.close().await;
    }

    counted("the third took its place", || stay.iter().all(held)).await;
    assert_eq!(a.stats().relays, 2);
}

#[tokio::test]
async fn a_node_that_is_known_to_be_reached_asks_no_relay() {
    let relay = relay(1).await;
    let mut settings = nearby(2);
    settings.peers = vec![address(&relay)];
    settings.reach.known = vec!["/ip4/203.0.113.7/tcp/30303".parse().unwrap()];
    let a = Node::start(settings).await.unwrap();
    counted("they are connected", || a.stats().connected == 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(a.stats().relays, 0);
    let named = format!("/ip4/203.0.113.7/tcp/30303/p2p/{}", a.id());
    assert_eq!(a.reached_at(), [named.parse().unwrap()]);
}

#[tokio::test]
async fn a_node_learns_from_another_that_it_is_reached() {
    let mut settings = nearby(1);
    settings.reach.answer = Switch::On;
    let other = Node::start(settings).await.unwrap();
    let mut settings = nearby(2);
    settings.reach.ask = Switch::On;
    settings.reach.relays = 0;
    settings.peers = vec![address(&other)];
    let a = Node::start(settings).await.unwrap();

    counted("the address was tried", || !a.reached_at().is_empty()).await;

    assert_eq!(a.reached_at(), a.listen_addrs());
}

/// As deployed Go nodes ask.
#[tokio::test]
async fn who_asks_over_the_first_autonat_is_answered() {
    let mut settings = nearby(1);
    settings.reach.answer = Switch::On;
    let a = Node::start(settings).await.unwrap();
    let at: Multiaddr = address(&a).to_string().parse().unwrap();
    let asking = autonat::v1::Config {
        boot_delay: Duration::from_millis(500),
        only_global_ips: false,
        ..autonat::v1::Config::default()
    };
    let mut peer = SwarmBuilder::with_existing_identity(identity::Keypair::generate_secp256k1())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|key| autonat::v1::Behaviour::new(key.public().to_peer_id(), asking))
        .unwrap()
        .build();
    peer.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    peer.dial(at).unwrap();

    let told = async {
        loop {
            if let SwarmEvent::Behaviour(autonat::v1::Event::StatusChanged { new, .. }) =
                peer.select_next_some().await
            {
                return new;
            }
        }
    };

    assert!(timeout(PATIENCE, told).await.unwrap().is_public());
}
