//! What a node of ours does for js-waku: history, filter, light push.

use std::sync::Arc;

use serde_json::{Value, json};
use status_interop::Peer;
use status_layer::{FrameId, Network};
use status_p2p::{Archive as _, MemoryArchive, Node, Serve};

use crate::support::{SHARD, TOPIC, config, dialling, frame, hash, message, subscribed};

/// A node that serves everything, connected with the peer.
async fn serving(peer: &mut Peer, seed: u64) -> (Node, Arc<MemoryArchive>) {
    let archive = Arc::new(MemoryArchive::new(1000, 10_000_000));
    let mut config = config(seed);
    config.archive = Some(archive.clone());
    config.serve = Serve::all();
    let mut node = dialling(config, peer).await;
    subscribed(&mut node, peer).await;
    let name = node.id().to_string();
    peer.heard("identified", |line| line["peer"] == name.as_str()).await;
    (node, archive)
}

/// Publishes so many frames and waits until the archive has them; their hashes in order.
async fn said(node: &mut Node, peer: &mut Peer, archive: &MemoryArchive, count: u8) -> Vec<String> {
    let mut hashes = Vec::new();
    for number in 0..count {
        let mut frame = frame(number, 100);
        frame.at = status_layer::Timestamp::from_millis(crate::support::now() + u64::from(number));
        hashes.push(hash(&message(&frame)));
        node.publish(FrameId(u64::from(number)), frame);
        peer.heard("message", |_| true).await;
    }
    while archive.size().await.unwrap().messages < u64::from(count) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    hashes
}

fn hashes(pages: &Value) -> Vec<Vec<String>> {
    let page = |page: &Value| {
        page.as_array().unwrap().iter().map(|one| one["hash"].as_str().unwrap().to_owned()).collect()
    };
    pages.as_array().unwrap().iter().map(page).collect()
}

#[tokio::test]
async fn js_waku_reads_our_archive_page_by_page_in_both_directions() {
    let mut peer = Peer::js().await;
    let (mut node, archive) = serving(&mut peer, 1).await;
    let all = said(&mut node, &mut peer, &archive, 25).await;
    let name = node.id().to_string();

    let ask = |forward: bool| json!({ "do": "history", "peer": name, "content_topic": TOPIC, "page": 10, "forward": forward });
    peer.order(&ask(true)).await;
    let forward = hashes(&peer.heard("history", |_| true).await["pages"]);
    peer.order(&ask(false)).await;
    let backward = hashes(&peer.heard("history", |_| true).await["pages"]);

    assert_eq!(forward.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(forward.concat(), all);
    assert_eq!(backward.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(
        backward.into_iter().rev().collect::<Vec<_>>().concat(),
        all,
        "within a page the oldest is first"
    );
}

#[tokio::test]
async fn our_filter_pushes_to_js_waku_what_it_subscribed_to_and_nothing_else() {
    let mut peer = Peer::js().await;
    let (mut node, _) = serving(&mut peer, 2).await;
    let name = node.id().to_string();
    let order = |how: &str| json!({ "do": "filter", "peer": name, "content_topic": TOPIC, "how": how });

    peer.order(&order("ping")).await;
    assert_eq!(peer.heard("filter", |_| true).await["done"], false, "it has no subscription");
    peer.order(&order("subscribe")).await;
    let done = peer.heard("filter", |_| true).await;
    assert_eq!(done["done"], true, "{done}");
    let wanted = frame(1, 50);
    node.publish(FrameId(1), wanted.clone());
    let pushed = peer.heard("pushed", |_| true).await;
    peer.order(&order("ping")).await;
    assert_eq!(peer.heard("filter", |_| true).await["done"], true);
    peer.order(&order("unsubscribe_all")).await;
    assert_eq!(peer.heard("filter", |_| true).await["done"], true);
    node.publish(FrameId(2), frame(2, 50));
    peer.heard("message", |line| line["hash"] == hash(&message(&frame(2, 50)))).await;

    assert_eq!(pushed["hash"], hash(&message(&wanted)));
    assert_eq!((&pushed["peer"], &pushed["pubsub_topic"]), (&json!(name), &json!(SHARD)));
    assert_eq!(peer.all("pushed").await, [] as [Value; 0]);
}

#[tokio::test]
async fn our_node_gossips_what_js_waku_pushes_to_it() {
    let mut peer = Peer::js().await;
    let mut reader = Peer::js().await;
    let (mut node, _) = serving(&mut peer, 3).await;
    let address = node.listen_addrs().first().unwrap().to_string();
    reader.order(&json!({ "do": "dial", "address": address })).await;
    subscribed(&mut node, &mut reader).await;

    peer.order(
        &json!({ "do": "push", "peer": node.id().to_string(), "content_topic": TOPIC, "payload": "010203" }),
    )
    .await;
    let done = peer.heard("push", |_| true).await;
    let read = reader.heard("message", |_| true).await;

    assert_eq!(done["done"], true, "{done}");
    assert_eq!((&read["payload"], &read["content_topic"]), (&json!("010203"), &json!(TOPIC)));
}
