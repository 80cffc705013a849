//! What is measured side by side does the same.

use sha2::{Digest, Sha256};
use status_node::RedbArchive;
use status_p2p::{Archive, Archived, MessageHash, Query, WakuMessage};
use status_sqlite::{Safe, SqliteArchive};

const SHARD: &str = "/waku/2/rs/16/32";

fn message(n: u8) -> Archived {
    let content_topic = format!("/waku/1/0x0000000{}/rfc26", n % 3);
    let message = WakuMessage {
        payload: vec![n; 20],
        content_topic: content_topic.clone(),
        version: Some(1),
        timestamp: Some(n.into()),
        ..WakuMessage::default()
    };
    let hash = MessageHash::new(Sha256::digest([n]).into());
    Archived {
        hash,
        at: i64::from(n / 2),
        pubsub_topic: SHARD.to_owned(),
        content_topic,
        data: message.encode(),
    }
}

#[tokio::test]
async fn both_archives_give_the_same_pages() {
    let folder = tempfile::tempdir().unwrap();
    let ours = RedbArchive::open(folder.path().join("ours")).unwrap();
    let mut theirs = SqliteArchive::open(&folder.path().join("theirs"), Safe::Now).unwrap();
    let messages: Vec<Archived> = (0..100).map(message).collect();
    ours.keep(messages.clone()).await.unwrap();
    theirs.keep(&messages).unwrap();

    let all = Query { pubsub_topic: Some(SHARD.to_owned()), limit: 7, ..Query::default() };
    let topic =
        Query { content_topics: vec![message(1).content_topic, message(2).content_topic], ..all.clone() };
    let hashes = Query { hashes: [3, 80, 40].map(|n| message(n).hash).into(), limit: 7, ..Query::default() };
    for query in [
        all.clone(),
        Query { forward: true, from: Some(11), ..all },
        topic.clone(),
        Query { forward: true, from: Some(20), until: Some(22), ..topic },
        hashes,
    ] {
        assert_eq!(theirs.page(&query).unwrap(), ours.page(&query).await.unwrap().messages, "{query:?}");
    }
}
