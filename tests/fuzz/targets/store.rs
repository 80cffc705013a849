//! P2P: any question for history is answered or refused, and what is not what was asked for is not believed.
#![no_main]

use std::sync::LazyLock;

use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_p2p::hazmat::{
    Store, read_store_answer, read_store_question, write_store_answer, write_store_question,
};
use status_p2p::{Archive, Archived, MAX_PAGE, MemoryArchive, MessageHash, Query, WakuMessage};

const SHARD: &str = "/waku/2/rs/16/32";
const BOTH: [Store; 2] = [Store::Current, Store::Legacy];

struct World {
    archive: MemoryArchive,
    questions: Vec<Query>,
    /// Genuine bytes of both protocols, questions and answers.
    said: Vec<Vec<u8>>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let archive = MemoryArchive::new(1000, u64::MAX);
    let message = |n: u8| {
        let content_topic = format!("/waku/1/0x0000000{}/rfc26", n % 3);
        let message = WakuMessage {
            payload: vec![n; usize::from(n) + 1],
            content_topic: content_topic.clone(),
            timestamp: Some(i64::from(n)),
            ..WakuMessage::default()
        };
        let (hash, data) = (message.hash(SHARD), message.encode());
        Archived { hash, at: i64::from(n), pubsub_topic: SHARD.into(), content_topic, data }
    };
    let messages: Vec<Archived> = (0..40).map(message).collect();
    let names: Vec<MessageHash> = messages.iter().map(|message| message.hash).collect();
    block_on(archive.keep(messages)).expect("it has room");
    let topics = Query {
        pubsub_topic: Some(SHARD.into()),
        content_topics: vec!["/waku/1/0x00000001/rfc26".into(), "/waku/1/0x00000002/rfc26".into()],
        from: Some(3),
        until: Some(30),
        forward: true,
        limit: 5,
        ..Query::default()
    };
    let by_name = Query { hashes: names[..7].to_vec(), names_only: true, limit: 4, ..Query::default() };
    let behind = Query { cursor: Some(names[9]), forward: false, ..topics.clone() };
    let questions = vec![topics, by_name, behind, Query::default()];
    let mut said: Vec<Vec<u8>> = questions.iter().map(write_store_question).collect();
    for query in &questions {
        let page = block_on(archive.page(query)).expect("a page");
        said.extend(BOTH.map(|store| write_store_answer(store, query, page.clone())));
    }
    World { archive, questions, said }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let bytes = match plan(input) {
        Some(Plan::Raw(bytes) | Plan::Inside(bytes)) => bytes.to_vec(),
        Some(Plan::Changed { which, how }) => changed(&world.said[which % world.said.len()], how),
        None => return,
    };

    for store in BOTH {
        if let Some(Ok(query)) = read_store_question(store, &bytes) {
            answer(world, store, &query);
        }
        for query in &world.questions {
            if let Some((names, more)) = read_store_answer(store, query, &bytes) {
                assert!(names.len() <= query.page_size(), "more than was asked for");
                assert!(!(names.is_empty() && more), "there is no end");
            }
        }
    }
});

/// What is asked is answered, and the answer is believed.
fn answer(world: &World, store: Store, query: &Query) {
    assert!(query.limit <= MAX_PAGE && query.content_topics.len() <= 10);
    if store == Store::Current {
        let again = read_store_question(store, &write_store_question(query));
        assert_eq!(again, Some(Ok(query.clone())), "it reads differently the second time");
    }
    let Ok(page) = block_on(world.archive.page(query)) else { return };
    let (names, more) = (page.messages.iter().map(|one| one.hash).collect(), page.cursor.is_some());
    // The older protocol names the gossip topic nowhere in its answers.
    if store == Store::Current || query.pubsub_topic.is_some() {
        let read = read_store_answer(store, query, &write_store_answer(store, query, page));
        assert_eq!(read, Some((names, more)), "what was asked for is not believed");
    }
}
