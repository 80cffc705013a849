//! A node with go-libp2p: transport, identify, ping, and metadata as go-waku asks for it.

use std::time::Duration;

use serde_json::{Value, json};
use status_interop::{Peer, text};
use status_p2p::Node;
use tokio::time::sleep;

use crate::support::{config, dialled, dialling};

/// As long as a peer might think about whether to keep us.
const LONG: Duration = Duration::from_secs(35);

/// The peer asks whatever it can ask of the node, and is content.
async fn acquaint(node: &Node, peer: &mut Peer) {
    let name = node.id().to_string();
    let from_node = |line: &Value| line["peer"] == name.as_str();

    let connected = peer.heard("connected", from_node).await;
    let told = peer.heard("metadata", from_node).await;
    let known = peer.heard("identified", from_node).await;
    peer.order(&json!({ "do": "ping", "peer": name })).await;
    peer.heard("ping", from_node).await;

    assert_eq!((&connected["security"], &connected["muxer"]), (&json!("/noise"), &json!("/yamux/1.0.0")));
    assert_eq!((&told["cluster"], &told["shards"]), (&json!(16), &json!([32, 64])), "{told}");
    assert!(text(&known["agent"]).starts_with("status-chat/"));
    for protocol in
        ["/vac/waku/relay/2.0.0", "/vac/waku/metadata/1.0.0", "/ipfs/ping/1.0.0", "/ipfs/id/1.0.0"]
    {
        assert!(known["protocols"].as_array().unwrap().contains(&json!(protocol)), "{protocol}: {known}");
    }
}

#[tokio::test]
async fn go_libp2p_and_our_node_stay_connected_whoever_dialled() {
    let mut by_us = Peer::go().await;
    let mut by_them = Peer::go().await;
    let one = dialling(config(1), &by_us).await;
    let other = dialled(config(2), &mut by_them).await;

    acquaint(&one, &mut by_us).await;
    acquaint(&other, &mut by_them).await;
    sleep(LONG).await;

    for (node, peer) in [(&one, &mut by_us), (&other, &mut by_them)] {
        assert_eq!(peer.all("disconnected").await, [] as [Value; 0]);
        assert_eq!(peer.peers().await, [json!({ "name": node.id().to_string() })]);
        assert_eq!((node.stats().connected, node.stats().strangers), (1, 0));
    }
}

#[tokio::test]
async fn go_libp2p_and_our_node_of_another_cluster_part() {
    let mut peer = Peer::go().await;
    let mut settings = config(1);
    settings.cluster = 1;
    let node = dialling(settings, &peer).await;

    let connected = peer.heard("connected", |_| true).await;
    peer.heard("disconnected", |_| true).await;

    assert_eq!(text(&connected["peer"]), node.id().to_string());
}
