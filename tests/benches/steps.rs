//! What a step costs on the disk: the batches that real clients commit when they send and receive, on the sealed store
//! beside the same database without sealing, alone and a hundred in one commit; and whole clients on a sealed home: how
//! long a lone message takes, and how many go through when many are sent at once.
//!
//! `cargo bench -p status-e2e --bench steps` prints the table; numbers are looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;
use status_chat::{Client, Event, Events, StoreKey};
use status_layer::{Area, Batch, Memory, Read, Row, Store, StoreError, Value};
use status_sim::Hub;
use status_store::{Key, Redb, Sealed};
use tempfile::TempDir;

/// Messages whose steps are measured.
const STEPS: usize = 300;
/// Steps that share a commit.
const BURST: usize = 100;
/// Messages that a client sends one by one.
const LONE: usize = 300;
/// Messages that a client sends at once.
const FLOOD: usize = 640;
/// A usual text.
const TEXT: &str = "A message of usual length, such as people write to each other all day.";

/// A store that keeps a copy of every batch.
struct Recorder {
    kept: Memory,
    batches: Batches,
}

type Batches = Arc<Mutex<Vec<Batch>>>;

/// What was committed for one message each.
struct Steps {
    sent: Vec<Batch>,
    received: Vec<Batch>,
}

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if wanted("disk") {
        let steps = runtime.block_on(record());
        println!("{:38} {:>11} {:>11} {:>7}", "median", "not sealed", "sealed", "ratio");
        on_the_disk("a step that sends", &steps.sent);
        on_the_disk("a step that receives", &steps.received);
    }
    if wanted("lone") {
        runtime.block_on(lone(true));
        runtime.block_on(lone(false));
    }
    if wanted("flood") {
        [1, 2, 8, 64, FLOOD].into_iter().for_each(|at_once| runtime.block_on(flood(at_once, &[])));
    }
    if wanted("streams") {
        for streams in [[].as_slice(), &["one"], &["one", "two", "three"]] {
            [1, 64].into_iter().for_each(|at_once| runtime.block_on(flood(at_once, streams)));
        }
    }
}

/// Words after `--` choose parts; without them all are run.
fn wanted(part: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| word == part)
}

/// Lets two clients talk, with pauses in which everything comes to rest, and keeps what they commit.
async fn record() -> Steps {
    let hub = Hub::new();
    let (alice, alices) = recorded(&hub).await;
    let (bob, bobs) = recorded(&hub).await;
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    for one in ["one", "two"] {
        alice.send(bob.user(), one).await.unwrap();
        delivered(&mut at_alice).await;
        bob.send(alice.user(), one).await.unwrap();
        delivered(&mut at_bob).await;
    }
    let mut steps = Steps { sent: Vec::new(), received: Vec::new() };
    for _ in 0..STEPS {
        tokio::time::sleep(Duration::from_millis(20)).await;
        alices.lock().unwrap().clear();
        bobs.lock().unwrap().clear();
        alice.send(bob.user(), TEXT).await.unwrap();
        steps.sent.push(alices.lock().unwrap()[0].clone());
        delivered(&mut at_alice).await;
        steps.received.push(bobs.lock().unwrap()[0].clone());
    }
    for (what, all) in [("sends", &steps.sent), ("receives", &steps.received)] {
        let (rows, bytes) = size(all);
        println!("a step that {what}: {rows} rows, {bytes} bytes, keys counted");
    }
    steps
}

async fn recorded(hub: &Hub) -> (Client, Batches) {
    let batches = Batches::default();
    let store = Recorder { kept: Memory::new(), batches: Arc::clone(&batches) };
    (Client::builder().network(hub.port()).store(store).open().await.unwrap(), batches)
}

async fn delivered(events: &mut Events) {
    while !matches!(events.next().await, Some(Event::Delivered { .. })) {}
}

/// The median number of rows and bytes.
fn size(batches: &[Batch]) -> (usize, usize) {
    let bytes = |batch: &Batch| {
        batch
            .iter()
            .map(|(_, key, value)| key.len() + 1 + value.map_or(0, |value| value.len()))
            .sum::<usize>()
    };
    let middle = |mut all: Vec<usize>| {
        all.sort_unstable();
        all[all.len() / 2]
    };
    (middle(batches.iter().map(Batch::len).collect()), middle(batches.iter().map(bytes).collect()))
}

/// Commits steps one by one, then many at once, on both stores in turns.
fn on_the_disk(what: &str, steps: &[Batch]) {
    let folder = TempDir::new().unwrap();
    let mut plain = Redb::open(folder.path().join("plain")).unwrap();
    let mut sealed = Sealed::open(folder.path().join("sealed"), &Key::generate().unwrap().into()).unwrap();
    let run = |plain: &mut Redb, sealed: &mut Sealed, batch: &Batch| {
        let (one, other) = (batch.clone(), batch.clone());
        (timed(|| plain.commit(one).unwrap()), timed(|| sealed.commit(other).unwrap()))
    };
    let alone: Vec<_> = steps.iter().map(|batch| run(&mut plain, &mut sealed, batch)).collect();
    row(&format!("{what}, alone"), &alone);
    let together: Vec<_> = (0..STEPS)
        .step_by(5)
        .map(|from| joined(steps.iter().cycle().skip(from).take(BURST)))
        .map(|batch| run(&mut plain, &mut sealed, &batch))
        .collect();
    row(&format!("{BURST} of them in one commit"), &together);
    let share = |pick: fn(&(Duration, Duration)) -> Duration| {
        let of =
            |runs: &[(Duration, Duration)]| median(runs.iter().map(|run| pick(run).as_secs_f64()).collect());
        of(&together) / BURST as f64 / of(&alone)
    };
    println!(
        "{:38} {:>11.3} {:>11.3}  of a commit of its own",
        "each of these",
        share(|r| r.0),
        share(|r| r.1)
    );
}

fn joined<'a>(batches: impl Iterator<Item = &'a Batch>) -> Batch {
    let mut all = Batch::default();
    for (area, key, value) in batches.flat_map(Batch::iter) {
        all.set(area, key, value.cloned());
    }
    all
}

/// A client that sends one message after the other, to somebody who acknowledges each.
async fn lone(pauses: bool) {
    let homes = TempDir::new().unwrap();
    let hub = Hub::new();
    let (alice, bob) = acquainted(&hub, homes.path()).await;
    let before = alice.tally().await.unwrap().commits;
    let mut took = Vec::new();
    for _ in 0..LONE {
        if pauses {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let begin = Instant::now();
        alice.send(bob.user(), TEXT).await.unwrap();
        took.push(begin.elapsed().as_secs_f64());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let commits = alice.tally().await.unwrap().commits - before;
    took.sort_by(f64::total_cmp);
    let what = if pauses { "a message now and then" } else { "one message after the other" };
    println!(
        "{what}: {} until it is kept (99 of 100 within {}), {:.2} commits each",
        show(took[took.len() / 2]),
        show(took[took.len() * 99 / 100]),
        commits as f64 / LONE as f64
    );
    alice.close().await;
    bob.close().await;
}

/// Many who send at once, each again as soon as it was answered.
async fn flood(at_once: usize, streams: &[&str]) {
    let homes = TempDir::new().unwrap();
    let hub = Hub::new();
    let (alice, bob) = acquainted(&hub, homes.path()).await;
    for name in streams {
        alice.stream(name).await.unwrap();
        bob.stream(name).await.unwrap();
    }
    let mut at_alice = alice.events();
    let before = alice.tally().await.unwrap();
    let begin = Instant::now();
    let senders = (0..at_once).map(|_| {
        let (alice, bob) = (alice.clone(), bob.user());
        tokio::spawn(async move {
            for _ in 0..FLOOD / at_once {
                alice.send(bob, TEXT).await.unwrap();
            }
        })
    });
    let missed = join_all(senders).await.into_iter().filter(Result::is_err).count();
    let kept = begin.elapsed();
    let commits = alice.tally().await.unwrap().commits - before.commits;
    while alice.tally().await.unwrap().acked - before.acked < FLOOD as u64 {
        drop(tokio::time::timeout(Duration::from_millis(20), at_alice.next()).await);
    }
    println!(
        "{at_once} at once, {FLOOD} messages, {} streams: {:.0} messages/s kept, {:.0}/s acknowledged, {:.1} messages for each commit{}",
        streams.len(),
        FLOOD as f64 / kept.as_secs_f64(),
        FLOOD as f64 / begin.elapsed().as_secs_f64(),
        FLOOD as f64 / commits as f64,
        if missed > 0 { " (some failed)" } else { "" }
    );
    alice.close().await;
    bob.close().await;
}

/// Two clients with sealed homes, in the middle of a conversation.
async fn acquainted(hub: &Hub, homes: &Path) -> (Client, Client) {
    let alice = at_home(hub, &homes.join("alice")).await;
    let bob = at_home(hub, &homes.join("bob")).await;
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    alice.send(bob.user(), "hello").await.unwrap();
    delivered(&mut at_alice).await;
    bob.send(alice.user(), "hello").await.unwrap();
    delivered(&mut at_bob).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    (alice, bob)
}

async fn at_home(hub: &Hub, home: &Path) -> Client {
    let key = StoreKey::parse(&"07".repeat(32)).unwrap();
    Client::builder().home(home).lock(key).network(hub.port()).open().await.unwrap()
}

impl Read for Recorder {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.kept.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.kept.scan(area, prefix, after, limit)
    }
}

impl Store for Recorder {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.batches.lock().unwrap().push(batch.clone());
        self.kept.commit(batch)
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

fn row(what: &str, runs: &[(Duration, Duration)]) {
    let of = |pick: fn(&(Duration, Duration)) -> f64| median(runs.iter().map(pick).collect());
    let (plain, sealed) = (of(|run| run.0.as_secs_f64()), of(|run| run.1.as_secs_f64()));
    let ratio = of(|run| run.1.as_secs_f64() / run.0.as_secs_f64());
    println!("{what:38} {:>11} {:>11} {ratio:>7.2}", show(plain), show(sealed));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn show(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
