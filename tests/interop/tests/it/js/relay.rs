//! A node with js-waku: gossip, metadata, ping.

use std::time::Duration;

use serde_json::json;
use status_interop::{Peer, text};
use status_layer::{FrameId, Network, NetworkEvent, Timestamp, Unpublished};
use status_p2p::{Node, WakuMessage};
use tokio::time::{interval, sleep};

use crate::support::{
    SHARD, config, dialled, dialling, event, frame, hash, message, next_frame, publish, subscribed,
};

/// As long as a peer might think about whether to keep us.
const LONG: Duration = Duration::from_secs(35);
/// Bytes of a message around its payload, with a timestamp, an empty `meta` and the length of a large payload.
const AROUND: usize = 64;

/// A message each way; both sides read every field and give it the same hash.
async fn exchange(node: &mut Node, peer: &mut Peer, seed: u8) {
    let (ours, theirs) = (frame(seed, 300), frame(seed.wrapping_add(1), 300));

    node.publish(FrameId(seed.into()), ours.clone());
    let read = peer.heard("message", |_| true).await;
    peer.order(&publish(&message(&theirs))).await;
    let hash_of_theirs = hash(&message(&theirs));
    peer.heard("published", |line| line["hash"] == hash_of_theirs).await;

    assert_eq!(read["payload"], hex::encode(&ours.bytes));
    assert_eq!((&read["pubsub_topic"], &read["content_topic"]), (&json!(SHARD), &json!(ours.topic.as_str())));
    assert_eq!((&read["version"], &read["meta"], &read["ephemeral"]), (&json!(1), &json!(""), &json!(false)));
    assert_eq!(read["timestamp"], ours.at.nanos().to_string());
    assert_eq!(read["hash"], hash(&message(&ours)));
    assert_eq!(next_frame(node).await, theirs);
}

/// The peer is connected with the node alone, has it in its mesh, and holds nothing against it.
async fn assert_liked(node: &Node, peer: &mut Peer) {
    let peers = peer.peers().await;
    let [one] = &peers[..] else { panic!("{peers:?}") };
    assert_eq!(text(&one["name"]), node.id().to_string());
    assert!(one["score"].as_f64().unwrap() >= 0.0, "{one}");
    assert_eq!(one["mesh"], true, "{one}");
    assert_eq!(peer.all("disconnected").await, [] as [serde_json::Value; 0]);
    assert_eq!(peer.all("failed").await, [] as [serde_json::Value; 0]);
    let stats = node.stats();
    assert_eq!((stats.refused, stats.slow, stats.strangers, stats.overflowed), (0, 0, 0, 0), "{stats:?}");
}

#[tokio::test]
async fn js_waku_and_our_node_relay_both_ways_whoever_dials() {
    let mut peer = Peer::js().await;
    let mut node = dialling(config(1), &peer).await;
    subscribed(&mut node, &mut peer).await;
    exchange(&mut node, &mut peer, 1).await;
    node.close().await;

    let mut peer = Peer::js().await;
    let mut node = dialled(config(2), &mut peer).await;
    subscribed(&mut node, &mut peer).await;
    exchange(&mut node, &mut peer, 5).await;
}

#[tokio::test]
async fn js_waku_reads_our_metadata_and_pings_us_and_stays() {
    let mut peer = Peer::js().await;
    let mut node = dialling(config(1), &peer).await;
    subscribed(&mut node, &mut peer).await;
    let name = node.id().to_string();

    peer.order(&json!({ "do": "metadata", "peer": name })).await;
    let told = peer.heard("metadata", |_| true).await;
    peer.order(&json!({ "do": "ping", "peer": name })).await;
    peer.heard("ping", |_| true).await;
    let known = peer.heard("identified", |line| line["peer"] == name).await;
    sleep(LONG).await;
    peer.order(&json!({ "do": "metadata", "peer": name })).await;
    let again = peer.heard("metadata", |_| true).await;
    exchange(&mut node, &mut peer, 1).await;

    assert_eq!(again, told, "over a stream that was open and silent for long");
    assert_eq!((&told["cluster"], &told["shards"]), (&json!(16), &json!([32, 64])), "{told}");
    assert!(text(&known["agent"]).starts_with("status-chat/"));
    assert_liked(&node, &mut peer).await;
}

#[tokio::test]
async fn our_node_parts_with_js_waku_of_another_cluster() {
    let mut peer = Peer::js().await;
    let mut settings = config(1);
    settings.cluster = 1;
    let node = dialling(settings, &peer).await;

    peer.heard("disconnected", |_| true).await;

    assert!(node.stats().strangers >= 1, "{:?}", node.stats());
}

#[tokio::test]
async fn messages_of_150_kib_and_of_a_mebibyte_go_both_ways() {
    let mut peer = Peer::js().await;
    let mut settings = config(1);
    settings.publish_limit = settings.receive_limit;
    let mut node = dialling(settings, &peer).await;
    subscribed(&mut node, &mut peer).await;

    for (seed, len) in [(1, 150 * 1024), (2, 1024 * 1024)] {
        let (ours, theirs) = (frame(seed, len - AROUND), frame(seed + 100, len - AROUND));
        node.publish(FrameId(seed.into()), ours.clone());
        let read = peer.heard("message", |_| true).await;
        peer.order(&publish(&message(&theirs))).await;

        assert_eq!(read["hash"], hash(&message(&ours)), "{len} bytes to the peer");
        assert!(next_frame(&mut node).await == theirs, "{len} bytes from the peer");
    }

    assert_liked(&node, &mut peer).await;
}

#[tokio::test]
async fn what_is_larger_than_each_side_allows_does_not_go() {
    let mut peer = Peer::js().await;
    let mut node = dialling(config(1), &peer).await;
    subscribed(&mut node, &mut peer).await;

    node.publish(FrameId(1), frame(1, 150 * 1024));
    event(&mut node, &NetworkEvent::Unpublished(FrameId(1), Unpublished::TooLarge)).await;
    peer.order(&publish(&message(&frame(2, 1024 * 1024)))).await;
    exchange(&mut node, &mut peer, 3).await;

    assert_eq!(node.stats().refused, 1);
}

#[tokio::test]
async fn bursts_arrive_whole_both_ways() {
    const MANY: u8 = 200;
    let mut peer = Peer::js().await;
    let mut node = dialling(config(1), &peer).await;
    subscribed(&mut node, &mut peer).await;
    let frames = || (0..MANY).map(|seed| frame(seed, 1024));
    let theirs = || frames().map(|mut frame| (frame.at = Timestamp::from_millis(1_700_000_000_456), frame).1);

    let mut clock = interval(Duration::from_micros(12_500));
    for (id, (ours, theirs)) in frames().zip(theirs()).enumerate() {
        clock.tick().await;
        node.publish(FrameId(id as u64), ours);
        peer.order(&publish(&message(&theirs))).await;
    }

    let mut to_us = Vec::new();
    let mut to_them = Vec::new();
    for _ in 0..MANY {
        to_us.push(next_frame(&mut node).await.bytes);
        to_them.push(text(&peer.heard("message", |_| true).await["payload"]));
    }
    assert!(to_us.iter().eq(theirs().map(|frame| frame.bytes).collect::<Vec<_>>().iter()));
    assert!(to_them.iter().eq(frames().map(|frame| hex::encode(frame.bytes)).collect::<Vec<_>>().iter()));
    assert_liked(&node, &mut peer).await;
}

#[tokio::test]
async fn messages_of_other_applications_are_let_through_in_silence() {
    let mut peer = Peer::js().await;
    let mut node = dialling(config(1), &peer).await;
    subscribed(&mut node, &mut peer).await;

    // As its own applications send: version 0, the time of day, no `meta`.
    peer.order(&json!({ "do": "send", "payload": "0102", "content_topic": "/app/1/other/proto" })).await;
    let sent = peer.heard("sent", |_| true).await;
    // With nothing but what a message must have, and with an unusual `meta`.
    let bare = WakuMessage { timestamp: None, meta: None, ephemeral: None, ..message(&frame(1, 9)) };
    let marked = WakuMessage { meta: Some(vec![7; 64]), ..message(&frame(2, 9)) };
    peer.order(&publish(&bare)).await;
    peer.order(&publish(&marked)).await;
    let hash_of_marked = hash(&marked);
    peer.heard("published", |line| line["hash"] == hash_of_marked).await;

    assert_eq!(next_frame(&mut node).await.at, Timestamp::from_millis(0));
    assert_eq!(next_frame(&mut node).await.at, frame(2, 9).at);
    assert_eq!((&sent["to"], &sent["failures"]), (&json!(1), &json!([])));
    assert_eq!(node.stats().messages_in, 3);
    assert_liked(&node, &mut peer).await;
}
