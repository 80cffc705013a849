//! Whole clients as people run them: over libp2p on the loopback, with sealed homes. How long a message takes from one
//! application to the other, beside the two nodes alone with a frame of the same size; how many go through one way; what a
//! message to a group costs its sender, beside a message to one; what a client that does nothing keeps in memory.
//!
//! `cargo bench -p status-e2e --bench whole` prints it; words after `--` choose parts: latency, flood, group, idle. Numbers are
//! looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use futures::future::join_all;
use status_chat::{Chat, Client, ClientBuilder, Event, Events, StoreKey, Timestamp};
use status_e2e::town::{House, Sky, Weather};
use status_layer::testing::rng;
use status_layer::{Frame, FrameId, Network, NetworkEvent, Topic};
use status_p2p::{Config, HostKey, Node};
use tempfile::TempDir;

/// Messages whose way is timed.
const LATENCY: usize = 300;
/// Messages that are sent as fast as they go.
const FLOOD: usize = 3_200;
/// Who sends at the same time.
const AT_ONCE: usize = 64;
/// Messages to a group that are timed.
const TO_GROUP: usize = 20;
/// A usual text.
const TEXT: &str = "A message of usual length, such as people write to each other all day.";

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if wanted("idle") {
        runtime.block_on(idle());
    }
    if wanted("latency") {
        let (whole, frame) = runtime.block_on(latency());
        let alone = runtime.block_on(nodes_alone(frame));
        println!("{:46} {:>10} {:>10}", "one message now and then, loopback", "p50", "p99");
        line("two nodes alone, a frame of the same size", &alone);
        line("from application to application", &whole);
        println!("{:46} {:>10.2}", "ratio of the medians", at(&whole, 50) / at(&alone, 50));
    }
    if wanted("flood") {
        runtime.block_on(flood());
    }
    if wanted("group") {
        let one = town_of(0);
        println!("{:46} {:>10}", "a message that is kept and sealed", "median");
        println!("{:46} {:>10}", "to one", show(one));
        for members in [20, 100, 200] {
            let took = town_of(members);
            let readers = members - 1;
            println!(
                "{:46} {:>10} {:>8.1} × one, {} for each reader",
                format!("to a group of {members}"),
                show(took),
                took / one,
                show(took / readers as f64)
            );
        }
    }
}

/// Words after `--` choose parts; without them all are run.
fn wanted(part: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| word == part)
}

/// The time from `send` to the event at the other, and the size of a frame.
async fn latency() -> (Vec<f64>, usize) {
    let homes = TempDir::new().unwrap();
    let (alice, bob, mut at_bob) = acquainted(homes.path()).await;
    let (mut took, mut frame) = (Vec::new(), 0);
    for _ in 0..LATENCY {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let begin = Instant::now();
        alice.send(bob.user(), TEXT).await.unwrap();
        frame = message(&mut at_bob).await;
        took.push(begin.elapsed().as_secs_f64());
    }
    alice.close().await;
    bob.close().await;
    (sorted(took), frame)
}

/// The time that a frame takes between two nodes with nothing above them.
async fn nodes_alone(size: usize) -> Vec<f64> {
    let topic = Topic::new("/waku/1/0x5e1fb39c/rfc26");
    let mut first = Config::new(HostKey::generate(&mut rng(1)));
    first.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    let mut one = Node::start(first).await.unwrap();
    let mut second = Config::new(HostKey::generate(&mut rng(2)));
    second.peers = one.listen_addrs();
    let mut other = Node::start(second).await.unwrap();
    one.watch(std::slice::from_ref(&topic));
    other.watch(std::slice::from_ref(&topic));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut took = Vec::new();
    for number in 0..LATENCY {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let mut bytes = vec![0x5a; size];
        bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap());
        let begin = Instant::now();
        one.publish(FrameId(number as u64), Frame { topic: topic.clone(), at: now, bytes });
        let heard = async { while !matches!(other.next().await, NetworkEvent::Frame(_)) {} };
        let events = async {
            loop {
                one.next().await;
            }
        };
        tokio::select! {
            () = heard => took.push(begin.elapsed().as_secs_f64()),
            () = events => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => println!("a frame between the nodes was lost"),
        }
    }
    sorted(took)
}

/// One client sends as fast as it can, the other receives.
async fn flood() {
    let homes = TempDir::new().unwrap();
    let (alice, bob, mut at_bob) = acquainted(homes.path()).await;
    let begin = Instant::now();
    let senders = (0..AT_ONCE).map(|_| {
        let (alice, bob) = (alice.clone(), bob.user());
        tokio::spawn(async move {
            for _ in 0..FLOOD / AT_ONCE {
                alice.send(bob, TEXT).await.unwrap();
            }
        })
    });
    let sent = async {
        let failed = join_all(senders).await.into_iter().filter(Result::is_err).count();
        assert_eq!(failed, 0, "some were not sent");
        begin.elapsed()
    };
    let heard = async {
        for _ in 0..FLOOD {
            message(&mut at_bob).await;
        }
        begin.elapsed()
    };
    let (sent, heard) = tokio::join!(sent, heard);
    println!(
        "{FLOOD} messages one way, {AT_ONCE} at once: {:.0}/s kept by the sender, {:.0}/s shown to the reader",
        FLOOD as f64 / sent.as_secs_f64(),
        FLOOD as f64 / heard.as_secs_f64()
    );
    alice.close().await;
    bob.close().await;
}

/// What a client adds to the memory of its process.
async fn idle() {
    let homes = TempDir::new().unwrap();
    let before = resident();
    let client = at_home(&homes.path().join("alone"), &[]).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("a client that does nothing: {:.1} MB more in memory", (resident() - before) / 1e6);
    client.close().await;
}

/// How long a message to a group takes until it is sealed for all and kept, in a town with as many people; with no members,
/// a message to one.
fn town_of(members: usize) -> f64 {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let sky = Sky::new(1, Weather { loss: 0, twice: 0, delay: 50 });
        let mut houses = Vec::new();
        let mut users = Vec::new();
        let mut ours = House::new(&sky, 1);
        let alice = ours.wake(|builder| builder).await;
        for number in 1..members.max(2) {
            let mut house = House::new(&sky, 1 + number as u64);
            let client = house.wake(|builder| builder).await;
            users.push(client.user());
            houses.push(house);
        }
        for user in &users {
            alice.send(*user, "hello").await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(600)).await;
        let to = match members {
            0 => Chat::User(users[0]),
            _ => Chat::from(alice.groups().create("a group", &users).await.unwrap()),
        };
        tokio::time::sleep(Duration::from_secs(600)).await;
        let mut took = Vec::new();
        for _ in 0..TO_GROUP {
            let begin = Instant::now();
            alice.send(to.clone(), TEXT).await.unwrap();
            took.push(begin.elapsed().as_secs_f64());
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        at(&sorted(took), 50)
    })
}

/// Two clients with sealed homes, in the middle of a conversation.
async fn acquainted(homes: &Path) -> (Client, Client, Events) {
    let alice = at_home(&homes.join("alice"), &[]).await;
    let bob = at_home(&homes.join("bob"), alice.addresses()).await;
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    while !matches!(at_bob.next().await, Some(Event::Online(true))) {}
    tokio::time::sleep(Duration::from_secs(2)).await;
    bob.send(alice.user(), "hello").await.unwrap();
    message(&mut at_alice).await;
    alice.send(bob.user(), "hello").await.unwrap();
    message(&mut at_bob).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    (alice, bob, at_bob)
}

async fn at_home(home: &Path, peers: &[String]) -> Client {
    let key = StoreKey::parse(&"07".repeat(32)).unwrap();
    let builder = Client::builder().home(home).lock(key).listen("/ip4/127.0.0.1/tcp/0");
    peers.iter().fold(builder, ClientBuilder::peer).open().await.unwrap()
}

/// Waits for a message; returns the size of its frame, in bytes.
async fn message(events: &mut Events) -> usize {
    loop {
        if let Event::Message(message) = events.next().await.unwrap() {
            return message.way.map_or(0, |way| way.layers.frame);
        }
    }
}

/// The memory of this process that is in use, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn at(values: &[f64], percent: usize) -> f64 {
    values.get(values.len() * percent / 100).copied().unwrap_or_default()
}

fn line(what: &str, values: &[f64]) {
    println!("{what:46} {:>10} {:>10}", show(at(values, 50)), show(at(values, 99)));
}

fn show(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
