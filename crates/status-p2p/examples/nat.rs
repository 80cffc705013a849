//! The nodes of the NAT test: one in the open that relays, one that is hidden behind a router, and one behind another
//! router that visits it. `cargo xtask ci nat` puts them into network namespaces.

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use status_layer::{Frame, FrameId, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{Circuits, Config, HostKey, Keepalive, Node, PeerAddr, Redial, Stats, Switch};
use tokio::time::{Instant, sleep, timeout_at};

type Outcome<T> = Result<T, Box<dyn Error>>;

const RELAY: [u8; 32] = [1; 32];
const HIDDEN: [u8; 32] = [2; 32];
const VISITOR: [u8; 32] = [3; 32];
/// The relay's place in the public network.
const OPEN: &str = "/ip4/203.0.113.10/tcp/30303";
/// A circuit serves if it does so for as long.
const LONG: Duration = Duration::from_secs(12);

#[tokio::main]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["relay"] => relay().await,
        ["hidden"] => hidden().await,
        ["visitor", story] => visitor(story).await,
        _ => Err("nat relay | hidden | visitor direct | visitor relayed | visitor cut".into()),
    }
}

fn settings(key: [u8; 32]) -> Outcome<Config> {
    let mut config = Config::new(HostKey::from_bytes(&key)?);
    config.redial = Redial { first: Duration::from_millis(500), most: Duration::from_secs(2) };
    config.keepalive = Keepalive { every: Duration::from_secs(2), patience: Duration::from_secs(2) };
    config.listen = vec!["/ip4/0.0.0.0/tcp/30303".parse()?];
    config.reach.relays_after = Duration::ZERO;
    Ok(config)
}

fn relay_at() -> Outcome<PeerAddr> {
    Ok(format!("{OPEN}/p2p/{}", HostKey::from_bytes(&RELAY)?.node()).parse()?)
}

/// It is on another shard: it relays connections and no messages.
async fn relay() -> Outcome<()> {
    let mut config = settings(RELAY)?;
    config.shards = vec![1];
    config.reach.known = vec![OPEN.parse()?];
    config.reach.circuits = Some(Circuits::default());
    config.reach.answer = Switch::On;
    let mut node = Node::start(config).await?;
    while node.next().await != NetworkEvent::Closed {}
    Ok(())
}

/// Answers whoever comes.
async fn hidden() -> Outcome<()> {
    let mut config = settings(HIDDEN)?;
    config.peers = vec![relay_at()?];
    let mut node = Node::start(config).await?;
    node.watch(&[topic("question")]);
    let mut count = 0;
    loop {
        match node.next().await {
            NetworkEvent::Frame(question) => {
                count += 1;
                node.publish(FrameId(count), Frame { topic: topic("answer"), ..question });
            }
            NetworkEvent::Closed => return Ok(()),
            event => say(&format!("{event:?} {:?} {:?}", node.stats(), node.reached_at())),
        }
    }
}

async fn visitor(story: &str) -> Outcome<()> {
    let mut config = settings(VISITOR)?;
    config.reach.relays = 0;
    let hidden = HostKey::from_bytes(&HIDDEN)?.node();
    config.peers = vec![format!("{}/p2p-circuit/p2p/{hidden}", relay_at()?).parse()?];
    let mut visitor = Visitor { node: Node::start(config).await?, asked: 0 };
    visitor.node.watch(&[topic("answer")]);
    visitor.talk().await;
    say("talked");
    match story {
        "direct" => {
            visitor.until(|stats| stats.punched > 0).await;
            say("punched");
            visitor.until(|stats| stats.connected == 1).await;
            say("alone");
            visitor.talk().await;
            say("talked alone");
        }
        "relayed" => {
            let until = Instant::now() + LONG;
            while Instant::now() < until {
                visitor.talk().await;
                sleep(Duration::from_millis(200)).await;
            }
            if visitor.node.stats().punched > 0 {
                return Err("a hole through these routers?".into());
            }
            say("talked long");
        }
        _ => {
            visitor.until(|stats| stats.dead > 0 && stats.connected == 0).await;
            say("lost");
            visitor.talk().await;
            say("talked again");
        }
    }
    Ok(())
}

struct Visitor {
    node: Node,
    asked: u64,
}

impl Visitor {
    /// Asks until it is answered.
    async fn talk(&mut self) {
        loop {
            self.asked += 1;
            let bytes = self.asked.to_be_bytes().to_vec();
            let at = Timestamp::from_millis(1_700_000_000_000 + self.asked);
            let question = Frame { topic: topic("question"), at, bytes: bytes.clone() };
            self.node.publish(FrameId(self.asked), question);
            let patience = Instant::now() + Duration::from_millis(500);
            while let Ok(event) = timeout_at(patience, self.node.next()).await {
                if matches!(event, NetworkEvent::Frame(answer) if answer.bytes == bytes) {
                    return;
                }
            }
        }
    }

    async fn until(&self, done: impl Fn(&Stats) -> bool) {
        let start = Instant::now();
        while !done(&self.node.stats()) {
            sleep(Duration::from_millis(50)).await;
            if start.elapsed() > Duration::from_secs(30) {
                say(&format!("{:?}", self.node.stats()));
                std::future::pending::<()>().await;
            }
        }
    }
}

fn topic(name: &str) -> Topic {
    Topic::new(format!("/nat/1/{name}/proto"))
}

/// One line, at once.
fn say(words: &str) {
    let mut out = std::io::stdout();
    // Who does not listen any more misses nothing.
    let _ = writeln!(out, "{words}").and_then(|()| out.flush());
}
