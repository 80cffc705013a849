//! One relay node of ours that publishes on a schedule and says how long messages of others were under way: the same
//! program as `js/load.js`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use status_layer::testing::rng;
use status_layer::{Frame, FrameId, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{Config, HostKey, Node};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::time::{Instant, sleep_until};

const CONTENT: &str = "/waku/1/0x01020304/rfc26";
/// Bytes of a message.
const SIZE: usize = 1024;

/// What a node was told to publish, and what it heard since.
struct Load {
    phase: u16,
    number: u16,
    count: u32,
    every: Duration,
    begun: Instant,
    sent: u32,
    unsent: u32,
    heard: Vec<u64>,
}

impl Load {
    fn new(order: &Value) -> Self {
        let number = |name: &str| order[name].as_u64().unwrap_or_default();
        Self {
            phase: number("phase") as u16,
            number: number("number") as u16,
            count: number("count") as u32,
            every: Duration::from_micros(number("every")),
            begun: Instant::now() + Duration::from_micros(number("wait")),
            sent: 0,
            unsent: 0,
            heard: Vec::new(),
        }
    }

    /// When the next message is due.
    fn due(&self) -> Option<Instant> {
        (self.sent < self.count).then(|| self.begun + self.every * self.sent)
    }

    fn next(&mut self) -> Frame {
        let head = [
            &self.phase.to_be_bytes()[..],
            &self.number.to_be_bytes(),
            &self.sent.to_be_bytes(),
            &nanos().to_be_bytes(),
        ];
        let mut bytes = head.concat();
        bytes.resize(SIZE, 0);
        self.sent += 1;
        Frame { topic: Topic::new(CONTENT), at: Timestamp::from_millis(nanos() / 1_000_000), bytes }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let arrived = nanos();
        let Some((head, _)) = bytes.split_first_chunk::<16>() else { return };
        let [p0, p1, n0, n1, _, _, _, _, at @ ..] = *head;
        if u16::from_be_bytes([p0, p1]) == self.phase && u16::from_be_bytes([n0, n1]) != self.number {
            self.heard.push(arrived.saturating_sub(u64::from_be_bytes(at)) / 1000);
        }
    }
}

/// Runs a node that dials `addresses`, until its orders end.
pub(crate) async fn run(seed: u64, addresses: &[String]) {
    let mut config = Config::new(HostKey::generate(&mut rng(seed)));
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")];
    config.limits.per_ip = 300;
    config.peers = addresses.iter().map(|address| address.parse().expect("an address")).collect();
    let mut node = Node::start(config).await.expect("the node starts");
    node.watch(&[Topic::new(CONTENT)]);
    let listening: Vec<String> = node.listen_addrs().iter().map(ToString::to_string).collect();
    say(&json!({ "kind": "listening", "name": node.id().to_string(), "addresses": listening }));

    let mut orders = BufReader::new(stdin()).lines();
    let mut load = Load::new(&Value::Null);
    loop {
        let due = load.due();
        tokio::select! {
            order = orders.next_line() => match order {
                Ok(Some(order)) => obey(&order, &mut load, &node),
                _ => return,
            },
            event = node.next() => match event {
                NetworkEvent::Frame(frame) => load.hear(&frame.bytes),
                NetworkEvent::Unpublished(..) => load.unsent += 1,
                _ => {}
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let frame = load.next();
                node.publish(FrameId(load.sent.into()), frame);
            }
        }
    }
}

fn obey(order: &str, load: &mut Load, node: &Node) {
    let order: Value = serde_json::from_str(order).expect("an order");
    match order["do"].as_str() {
        Some("load") => *load = Load::new(&order),
        Some("report") => {
            let Load { sent, unsent, heard, .. } = load;
            say(&json!({ "kind": "report", "sent": sent, "unsent": unsent, "heard": heard }));
        }
        _ => say(&json!({ "kind": "state", "connected": node.stats().connected })),
    }
}

fn say(line: &Value) {
    // Whoever started this node may be gone; then it ends by itself.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Now, in nanoseconds since the Unix epoch; all nodes of ours read the same clock.
fn nanos() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
