//! What keeping and asking cost, beside the least that could be done: one table of the same database with the same data.
//!
//! `cargo bench -p status-node` prints the table (`STATUS_NODE_MESSAGES` sets how many messages there are, `STATUS_NODE_POSTGRES` names an
//! empty PostgreSQL database that is measured too); numbers are looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

use std::time::{Duration, Instant};

use redb::{Database, ReadableDatabase, TableDefinition};
use sha2::{Digest, Sha256};
use status_node::{PostgresArchive, RedbArchive};
use status_p2p::{Archive, Archived, MessageHash, Query};

const BARE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("bare");
/// Messages in a commit, as many as wait when the network is busy.
const BATCH: u64 = 1_000;
/// The size of a message, in bytes.
const SIZE: usize = 512;
/// Content topics; each has its part of the messages.
const TOPICS: u64 = 500;
/// Between two messages, in nanoseconds.
const STEP: i64 = 1_000_000;
const PAGE: usize = 50;
const ASKED: u64 = 400;
const SHARD: &str = "/waku/2/rs/16/32";

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let count: u64 = std::env::var("STATUS_NODE_MESSAGES").map_or(100_000, |count| count.parse().unwrap());
    tokio::runtime::Runtime::new().unwrap().block_on(measure(count));
}

async fn measure(count: u64) {
    let folder = tempfile::TempDir::new().unwrap();
    let archive = RedbArchive::open(folder.path().join("archive")).unwrap();
    let bare = Database::create(folder.path().join("bare")).unwrap();
    let mut archives: Vec<(&str, Box<dyn Archive>)> = vec![("file", Box::new(archive))];
    if let Ok(database) = std::env::var("STATUS_NODE_POSTGRES") {
        archives.push(("postgres", Box::new(PostgresArchive::open(&database).await.unwrap())));
    }

    println!("{count} messages of {SIZE} bytes, {BATCH} a commit; x: times the bare table takes");
    let (mut bare_took, mut took) = (Duration::ZERO, vec![Duration::ZERO; archives.len()]);
    for batch in 0..count / BATCH {
        // In turns, so that all meet the same noise.
        let messages: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(message).collect();
        bare_took += timed(|| keep_bare(&bare, &messages));
        for ((_, archive), took) in archives.iter().zip(&mut took) {
            let messages = messages.clone();
            let began = Instant::now();
            archive.keep(messages).await.unwrap();
            *took += began.elapsed();
        }
    }
    let names = std::iter::once("bare table").chain(archives.iter().map(|(name, _)| *name));
    for (name, took) in names.zip(std::iter::once(bare_took).chain(took)) {
        let rate = f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64();
        println!(
            "keeping, {name:10} {rate:>8.0} messages/s  x {:.2}",
            took.as_secs_f64() / bare_took.as_secs_f64()
        );
    }
    for name in ["bare", "archive"] {
        let size = std::fs::metadata(folder.path().join(name)).unwrap().len();
        println!("on the disk, {name:8} {:>6} bytes/message", size / count);
    }
    let by_key = spread((0..ASKED).map(|n| timed(|| read_bare(&bare, count, n))).collect());
    println!("{PAGE} messages by key, bare table                {by_key}");
    for (name, archive) in &archives {
        for (what, question) in questions(count) {
            let mut took = Vec::new();
            for n in 0..ASKED {
                let question = question(n);
                let began = Instant::now();
                let page = archive.page(&question).await.unwrap();
                took.push(began.elapsed());
                assert!(!page.messages.is_empty(), "{what}");
            }
            println!("a page of {PAGE}, {what:22} {name:9} {}", spread(took));
        }
        let began = Instant::now();
        let gone = archive.forget(i64::try_from(count / 10).unwrap() * STEP, u64::MAX).await.unwrap();
        let each = began.elapsed() / u32::try_from(gone.div_ceil(2_000)).unwrap();
        println!("forgetting a tenth, {name:9} {gone} messages, {each:.1?} a slice of 2000");
    }
}

type Ask = Box<dyn Fn(u64) -> Query>;

fn questions(count: u64) -> [(&'static str, Ask); 5] {
    let somewhere = move |n: u64| i64::try_from(n * 7_919 % (count / 2)).unwrap() * STEP;
    let one = |n: u64| base(vec![topic(n)]);
    [
        ("one topic, newest", Box::new(one)),
        (
            "one topic, from a time",
            Box::new(move |n| Query { from: Some(somewhere(n)), forward: true, ..one(n) }),
        ),
        ("ten topics, newest", Box::new(|n| base((n..n + 10).map(topic).collect()))),
        (
            "all, from a time",
            Box::new(move |n| Query { from: Some(somewhere(n)), forward: true, ..base(Vec::new()) }),
        ),
        ("behind a cursor", Box::new(move |n| Query { cursor: Some(message(count / 2 + n).hash), ..one(n) })),
    ]
}

fn base(content_topics: Vec<String>) -> Query {
    Query { pubsub_topic: Some(SHARD.to_owned()), content_topics, limit: PAGE, ..Query::default() }
}

fn topic(n: u64) -> String {
    format!("/waku/1/0x{:08x}/rfc26", n % TOPICS)
}

fn message(n: u64) -> Archived {
    Archived {
        hash: MessageHash::new(Sha256::digest(n.to_be_bytes()).into()),
        at: i64::try_from(n).unwrap() * STEP,
        pubsub_topic: SHARD.to_owned(),
        content_topic: topic(n),
        data: n.to_be_bytes().repeat(SIZE / 8),
    }
}

fn keep_bare(database: &Database, messages: &[Archived]) {
    let write = database.begin_write().unwrap();
    let mut table = write.open_table(BARE).unwrap();
    for message in messages {
        table.insert(&key(message)[..], &*message.data).unwrap();
    }
    drop(table);
    write.commit().unwrap();
}

fn read_bare(database: &Database, count: u64, start: u64) {
    let table = database.begin_read().unwrap().open_table(BARE).unwrap();
    for n in 0..PAGE as u64 {
        let wanted = message((start + n * 7_919) % count);
        assert!(table.get(&key(&wanted)[..]).unwrap().is_some_and(|found| found.value().len() == SIZE));
    }
}

fn key(message: &Archived) -> Vec<u8> {
    [&message.at.to_be_bytes(), &message.hash.as_bytes()[..]].concat()
}

fn timed(run: impl FnOnce()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}

fn spread(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default();
    format!("median {:>9.1?}  99 of 100 {:>9.1?}", at(50), at(99))
}
