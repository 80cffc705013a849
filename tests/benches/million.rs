//! A home with a million messages: how large it is, how long it takes to open, how much memory that takes, and how soon a
//! page of history is there. `cargo bench -p status-e2e --bench million` prints it (`STATUS_E2E_MESSAGES` sets another
//! number, `STATUS_E2E_HOME` a folder that is kept and used again); no test depends on it.
//!
//! The messages are written by the client's own codec, in chats of different sizes. What the layers remember for a while
//! is not in it. Opening is measured in a process of its own that has done nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use status_chat::{Chat, Client, Message, MessageId, Name, StoreKey, UserId};
use status_layer::testing::{SeededRng, rng};
use status_sim::Hub;
use status_store::Sealed;

/// Names the home to the process that opens it.
const OPEN: &str = "STATUS_E2E_OPEN";
const HOME: &str = "STATUS_E2E_HOME";
const MESSAGES: &str = "STATUS_E2E_MESSAGES";
/// The name of the store in a home.
const STORE: &str = "status.store";
/// Messages of one commit while the home is filled.
const PORTION: u64 = 50_000;
/// The people and channels of the home. The first chat has half of all messages, the next one half of the rest, and so on.
const CHATS: u64 = 200;
/// Messages of a page of history.
const PAGE: usize = 50;
const YEARS_AGO: u64 = 1_700_000_000_000;

fn main() {
    if let Some(home) = std::env::var_os(OPEN) {
        return runtime().block_on(measure(Path::new(&home)));
    }
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let count = std::env::var(MESSAGES).map_or(1_000_000, |count| count.parse().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let home = std::env::var_os(HOME).map_or_else(|| scratch.path().join("home"), PathBuf::from);
    if !home.exists() {
        runtime().block_on(fill(&home, count));
    }
    let size = std::fs::metadata(home.join(STORE)).unwrap().len();
    println!("{count} messages: {} MB on the disk, {} bytes for each", size / 1_000_000, size / count);
    for _ in 0..2 {
        let process = Command::new(std::env::current_exe().unwrap()).env(OPEN, &home).status().unwrap();
        assert!(process.success());
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn key() -> StoreKey {
    StoreKey::parse(&"07".repeat(32)).unwrap()
}

async fn open(home: &Path) -> Client {
    Client::builder().home(home).lock(key()).network(Hub::new().port()).open().await.unwrap()
}

/// Makes a home with so many messages.
async fn fill(home: &Path, count: u64) {
    open(home).await.close().await;
    let mut store = Sealed::open(home.join(STORE), &key().into()).unwrap();
    let mut rng = rng(1);
    let begin = Instant::now();
    let mut text = 0;
    for from in (0..count).step_by(usize::try_from(PORTION).unwrap()) {
        let messages: Vec<Message> =
            (from..count.min(from + PORTION)).map(|n| message(n, &mut rng)).collect();
        text += messages.iter().map(|message| message.text.len() as u64).sum::<u64>();
        status_chat::testing::keep(&mut store, &messages).unwrap();
    }
    println!(
        "filled in {:.0} s; a text has {} bytes on average",
        begin.elapsed().as_secs_f64(),
        text / count
    );
}

/// A message of some chat: half of all are in the first one, half of the others in the next, and so on.
fn message(n: u64, rng: &mut SeededRng) -> Message {
    let which = (0..CHATS).find(|_| rng.chance(50)).unwrap_or_default();
    let chat = match which % 4 {
        3 => Chat::Channel(Name::new(format!("channel-{which}")).unwrap()),
        _ => Chat::User(user(which)),
    };
    let mut id = [0; 32];
    for part in id.chunks_mut(8) {
        part.copy_from_slice(&rng.below(u64::MAX).to_be_bytes());
    }
    // Most messages are short, a few are long.
    let words = 1 + rng.below(12) + if rng.chance(10) { rng.below(100) } else { 0 };
    let text: String = (0..words).map(|_| format!("word{} ", rng.below(1_000))).collect();
    let from = user(if rng.chance(50) { CHATS } else { which });
    Message::new(MessageId::new(id), chat, from, text, YEARS_AGO + n * 60_000)
}

fn user(number: u64) -> UserId {
    let mut key = [2; 33];
    key[25..].copy_from_slice(&number.to_be_bytes());
    UserId::from_compressed(&key).unwrap()
}

/// Opens a home and reads from it.
async fn measure(home: &Path) {
    let before = resident();
    let (store, opening) = timed(|| Sealed::open(home.join(STORE), &key().into()).unwrap());
    let opened = resident();
    drop(store);
    let begin = Instant::now();
    let client = open(home).await;
    let ready = begin.elapsed();
    let (chats, listing) = clocked(client.chats()).await;
    let chats = chats.unwrap();
    let mut pages = Vec::new();
    for chat in chats.iter().take(20) {
        let (page, took) = clocked(client.history(chat, 0, PAGE)).await;
        pages.push((took, page.unwrap().len()));
    }
    let first = pages.first().map_or(0, |page| page.1);
    let largest = Chat::User(user(0));
    let (mut oldest, mut newest) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        oldest.push(clocked(client.pages(&largest).oldest(PAGE)).await.1);
        newest.push(clocked(client.pages(&largest).newest(PAGE)).await.1);
    }
    oldest.sort();
    newest.sort();
    let oldest = oldest.get(oldest.len() / 2).copied().unwrap_or_default();
    let (first_newest, newest) = (newest[newest.len() - 1], newest[newest.len() / 2]);
    let chat = Chat::User(user(0));
    let mut later = Vec::new();
    for n in 0..200 {
        let after = YEARS_AGO + n * 4_000 * 60_000;
        later.push(clocked(client.history(&chat, after, PAGE)).await.1);
    }
    later.sort();
    println!(
        "opening the store {:.2} s, a client {:.2} s; memory {before} MB before, {opened} MB after, {} MB at most\n\
         {} chats in {:.2} ms; the first page of history ({first} messages) {:.2} ms, a page in the middle {:.2} ms\n\
         the newest {PAGE} messages of the largest chat {:.2} ms, at most {:.2} ms: {:.1} times a page from its beginning",
        opening.as_secs_f64(),
        ready.as_secs_f64(),
        status("VmHWM"),
        chats.len(),
        ms(listing),
        ms(pages.first().map_or(Duration::ZERO, |page| page.0)),
        ms(later.get(later.len() / 2).copied().unwrap_or_default()),
        ms(newest),
        ms(first_newest),
        ms(newest) / ms(oldest),
    );
    client.close().await;
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let done = run();
    (done, begin.elapsed())
}

async fn clocked<T>(run: impl Future<Output = T>) -> (T, Duration) {
    let begin = Instant::now();
    let done = run.await;
    (done, begin.elapsed())
}

/// Memory in use now, in MB.
fn resident() -> u64 {
    status("VmRSS")
}

/// A line of what the system says of this process, in MB; 0 where it says nothing.
fn status(name: &str) -> u64 {
    let all = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = all.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}
