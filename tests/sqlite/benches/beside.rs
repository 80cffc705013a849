//! The archive in a file beside SQLite as go-waku has it: the same messages and the same questions, in turns, in one process and
//! one folder. `cargo bench --manifest-path tests/sqlite/Cargo.toml` prints the table; numbers are looked at by people, no test
//! depends on them. `STATUS_NODE_MESSAGES` sets how many messages there are, `STATUS_NODE_BATCH` how many are kept together, and
//! `STATUS_NODE_POSTGRES` names an empty PostgreSQL database that is measured too.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use status_node::{PostgresArchive, RedbArchive};
use status_p2p::{Archive, Archived, MessageHash, Query, WakuMessage};
use status_sqlite::{Safe, SqliteArchive};

/// The payload of a message, in bytes.
const SIZE: usize = 512;
/// Content topics; each has its part of the messages.
const TOPICS: u64 = 500;
/// Between two messages, in nanoseconds.
const STEP: i64 = 1_000_000;
const PAGE: usize = 50;
const ASKED: u64 = 400;
const SHARD: &str = "/waku/2/rs/16/32";

enum Side {
    Ours(Box<dyn Archive>),
    Theirs(SqliteArchive),
}

impl Side {
    async fn keep(&mut self, messages: Vec<Archived>) {
        match self {
            Self::Ours(archive) => archive.keep(messages).await.unwrap(),
            Self::Theirs(archive) => archive.keep(&messages).unwrap(),
        }
    }

    async fn page(&self, query: &Query) -> Vec<Archived> {
        match self {
            Self::Ours(archive) => archive.page(query).await.unwrap().messages,
            Self::Theirs(archive) => archive.page(query).unwrap(),
        }
    }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number = |name, usual| std::env::var(name).map_or(usual, |count: String| count.parse().unwrap());
    let (count, batch) = (number("STATUS_NODE_MESSAGES", 100_000), number("STATUS_NODE_BATCH", 128));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let mut sides = vec![
        ("ours", Side::Ours(Box::new(RedbArchive::open(file("ours")).unwrap()))),
        ("SQLite, as go-waku", Side::Theirs(SqliteArchive::open(&file("later"), Safe::Later).unwrap())),
        ("SQLite, safe at once", Side::Theirs(SqliteArchive::open(&file("now"), Safe::Now).unwrap())),
    ];
    if let Ok(database) = std::env::var("STATUS_NODE_POSTGRES") {
        sides.push((
            "ours, PostgreSQL",
            Side::Ours(Box::new(PostgresArchive::open(&database).await.unwrap())),
        ));
    }

    println!("{count} messages with {SIZE} bytes of payload, {TOPICS} topics, {batch} kept together\n");
    header("", &sides);
    let mut took = vec![Duration::ZERO; sides.len()];
    for start in (0..count).step_by(usize::try_from(batch).unwrap()) {
        // In turns, so that all meet the same noise.
        let messages: Vec<_> = (start..(start + batch).min(count)).map(message).collect();
        for ((_, side), took) in sides.iter_mut().zip(&mut took) {
            let messages = messages.clone();
            let began = Instant::now();
            side.keep(messages).await;
            *took += began.elapsed();
        }
    }
    let rate = |took: &Duration| count as f64 / took.as_secs_f64();
    row("keeping, messages/s", took.iter().map(|took| format!("{:.0}", rate(took))).collect());
    row("ours : theirs", took.iter().map(|other| format!("{:.2}", rate(&took[0]) / rate(other))).collect());
    let size = |name| std::fs::metadata(file(name)).map_or(0, |file| file.len() / count);
    let sizes = ["ours", "later", "now"].map(|name| format!("{}", size(name)));
    row("on the disk, bytes/message", sizes.into());

    for (what, question) in questions(count) {
        let mut took: Vec<Vec<Duration>> = vec![Vec::new(); sides.len()];
        for n in 0..ASKED {
            let question = question(n);
            let mut lengths = Vec::new();
            for ((_, side), took) in sides.iter().zip(&mut took) {
                let began = Instant::now();
                let page = side.page(&question).await;
                took.push(began.elapsed());
                lengths.push(page.len());
            }
            assert!(lengths.iter().all(|length| *length == PAGE), "{what}: {lengths:?}");
        }
        took.iter_mut().for_each(|took| took.sort_unstable());
        let median = |took: &[Duration]| took[took.len() / 2].as_secs_f64() * 1e3;
        let late = |took: &[Duration]| took[took.len() * 99 / 100].as_secs_f64() * 1e3;
        row(what, took.iter().map(|took| format!("{:.2} / {:.2} ms", median(took), late(took))).collect());
        row(
            "times ours",
            took.iter().map(|other| format!("{:.2}", median(other) / median(&took[0]))).collect(),
        );
    }
}

type Ask = Box<dyn Fn(u64) -> Query>;

fn questions(count: u64) -> [(&'static str, Ask); 5] {
    let somewhere = move |n: u64| i64::try_from(n * 7_919 % (count / 4)).unwrap() * STEP;
    let one = |n: u64| base(vec![topic(n)]);
    [
        ("a page, one topic, newest", Box::new(one)),
        (
            "one topic, from a time",
            Box::new(move |n| Query { from: Some(somewhere(n)), forward: true, ..one(n) }),
        ),
        ("ten topics, newest", Box::new(|n| base((n..n + 10).map(topic).collect()))),
        (
            "all, from a time",
            Box::new(move |n| Query { from: Some(somewhere(n)), forward: true, ..base(Vec::new()) }),
        ),
        (
            "50 by their hashes",
            Box::new(move |n| {
                let hashes =
                    (0..PAGE as u64).map(|i| message((n * 104_729 + i * 7_919) % count).hash).collect();
                Query { hashes, limit: PAGE, ..Query::default() }
            }),
        ),
    ]
}

fn base(content_topics: Vec<String>) -> Query {
    Query { pubsub_topic: Some(SHARD.to_owned()), content_topics, limit: PAGE, ..Query::default() }
}

fn topic(n: u64) -> String {
    format!("/waku/1/0x{:08x}/rfc26", n % TOPICS)
}

fn message(n: u64) -> Archived {
    let at = i64::try_from(n).unwrap() * STEP;
    let message = WakuMessage {
        payload: n.to_be_bytes().repeat(SIZE / 8),
        content_topic: topic(n),
        version: Some(1),
        timestamp: Some(at),
        ..WakuMessage::default()
    };
    Archived {
        hash: MessageHash::new(Sha256::digest(n.to_be_bytes()).into()),
        at,
        pubsub_topic: SHARD.to_owned(),
        content_topic: topic(n),
        data: message.encode(),
    }
}

fn header(what: &str, sides: &[(&str, Side)]) {
    row(what, sides.iter().map(|(name, _)| (*name).to_owned()).collect());
    println!("| --- |{}", " ---: |".repeat(sides.len()));
}

fn row(what: &str, cells: Vec<String>) {
    println!("| {what} | {} |", cells.join(" | "));
}
