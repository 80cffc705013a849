//! So many nodes of one kind in processes of their own, connected in the same way whichever kind it is.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use status_interop::Peer;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::cost;

/// Until meshes are as they will be.
const SETTLE: Duration = Duration::from_secs(15);
/// From the order to publish to the first message.
const WAIT: Duration = Duration::from_secs(1);
/// What has not arrived so long after the last message was to be published is lost.
const DRAIN: Duration = Duration::from_secs(4);

/// Whose nodes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Ours,
    Js,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Js => "js-waku",
        }
    }

    async fn start(self, number: usize, addresses: &[String]) -> Peer {
        match self {
            Self::Js => Peer::js_program("load.js", addresses).await,
            Self::Ours => {
                let this = std::env::current_exe().expect("this program");
                let seed = (number + 1).to_string();
                Peer::start(Command::new(this).arg("--node").arg(seed).args(addresses)).await
            }
        }
    }
}

/// The nodes, running.
pub(crate) struct Fleet {
    kind: Kind,
    nodes: Vec<Peer>,
    phase: u16,
}

/// What came of publishing for a while.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) kind: Kind,
    /// Messages that were to be published each second, by all nodes together.
    pub(crate) rate: u32,
    pub(crate) sent: u64,
    pub(crate) unsent: u64,
    /// How long each message was under way to each node, in microseconds, ascending.
    pub(crate) heard: Vec<u64>,
    pub(crate) nodes: u64,
    /// Of all nodes.
    pub(crate) cpu: Duration,
    pub(crate) took: Duration,
    /// Of each node, in KiB: at the end, and the most so far.
    pub(crate) memory: Vec<(u64, u64)>,
}

impl Fleet {
    /// Starts `count` nodes. Each dials the one before it, the one at half its number and the one at a third of it.
    pub(crate) async fn start(kind: Kind, count: usize) -> Self {
        let mut nodes: Vec<Peer> = Vec::new();
        for number in 0..count {
            let dialled: BTreeSet<usize> = match number {
                0 => BTreeSet::new(),
                _ => [number - 1, number / 2, number / 3].into(),
            };
            let addresses: Vec<String> = dialled.iter().map(|one| nodes[*one].address().to_owned()).collect();
            nodes.push(kind.start(number, &addresses).await);
        }
        sleep(SETTLE).await;
        for node in &mut nodes {
            let states = node.all("state").await;
            let connected = states.last().and_then(|state| state["connected"].as_u64());
            assert!(connected.is_some_and(|connected| connected > 0), "{}: {states:?}", kind.name());
        }
        Self { kind, nodes, phase: 0 }
    }

    /// Has all nodes publish in turns, `rate` messages a second together, and looks at what it costs. With a rate of zero it
    /// is what waiting costs.
    pub(crate) async fn publish(&mut self, rate: u32, seconds: u32) -> Outcome {
        self.phase += 1;
        let nodes = self.nodes.len() as u64;
        let all = u64::from(rate) * u64::from(seconds);
        let every = 1_000_000 * nodes / u64::from(rate.max(1));
        let before = self.cpu();
        let begun = Instant::now();
        for (number, node) in self.nodes.iter_mut().enumerate() {
            let number = number as u64;
            let count = all / nodes + u64::from(number < all % nodes);
            let wait = WAIT.as_micros() as u64 + every * number / nodes;
            node.order(&json!({
                "do": "load", "phase": self.phase, "number": number, "count": count, "every": every, "wait": wait,
            }))
            .await;
        }
        sleep(WAIT + Duration::from_secs(seconds.into()) + DRAIN).await;
        let took = begun.elapsed();
        let cpu = self.cpu() - before;
        let memory = self.nodes.iter().map(|node| cost::memory(node.process())).collect();
        let (mut sent, mut unsent, mut heard) = (0, 0, Vec::new());
        for node in &mut self.nodes {
            node.order(&json!({ "do": "report" })).await;
            let report = node.heard("report", |_| true).await;
            sent += report["sent"].as_u64().expect("a number");
            unsent += report["unsent"].as_u64().expect("a number");
            let times = report["heard"].as_array().expect("a list");
            heard.extend(times.iter().map(|time| time.as_u64().unwrap_or_default()));
        }
        heard.sort_unstable();
        Outcome { kind: self.kind, rate, sent, unsent, heard, nodes, cpu, took, memory }
    }

    fn cpu(&self) -> Duration {
        self.nodes.iter().map(|node| cost::cpu(node.process())).sum()
    }
}

impl Outcome {
    /// Of all that should have arrived, how much did; from 0 to 1.
    pub(crate) fn delivered(&self) -> f64 {
        let wanted = self.sent * (self.nodes - 1);
        if wanted == 0 { 1.0 } else { self.heard.len() as f64 / wanted as f64 }
    }

    /// How long a message was under way, in milliseconds, for so many of a thousand at most.
    pub(crate) fn latency(&self, thousandths: usize) -> f64 {
        let at = self.heard.len() * thousandths / 1000;
        self.heard.get(at).or(self.heard.last()).map_or(0.0, |micros| *micros as f64 / 1000.0)
    }

    /// Messages that arrived at a node, for each second of processor time.
    pub(crate) fn each_core_second(&self) -> f64 {
        self.heard.len() as f64 / self.cpu.as_secs_f64().max(0.01)
    }

    /// Processor time of a node, as a part of one core.
    pub(crate) fn core(&self) -> f64 {
        self.cpu.as_secs_f64() / self.took.as_secs_f64() / self.nodes as f64
    }

    /// Memory of a node in MiB: the mean at the end, and the most that one ever had.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let mean = self.memory.iter().map(|(now, _)| *now).sum::<u64>() as f64 / self.nodes as f64;
        let most = self.memory.iter().map(|(_, most)| *most).max().unwrap_or_default();
        (mean / 1024.0, most as f64 / 1024.0)
    }
}
