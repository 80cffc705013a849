//! Whether archives have what we sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use status_layer::{FrameId, NetworkEvent};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::nodes::Nodes;
use super::{SENT, Sent};
use crate::config::Confirming;
use crate::node::inside::Inside;
use crate::store::Dialect;
use crate::{MessageHash, Query};

/// Frames that are looked for in one question, as deployed nodes do.
const AT_ONCE: usize = 50;

/// Looks for what was sent, a few times, and then no more.
pub(super) struct Confirm {
    nodes: Arc<Nodes>,
    ask: mpsc::Sender<Inside>,
    topic: String,
    when: Confirming,
    waiting: VecDeque<(Instant, Sent)>,
}

impl Confirm {
    pub(super) fn new(nodes: Arc<Nodes>, ask: mpsc::Sender<Inside>, topic: String, when: Confirming) -> Self {
        Self { nodes, ask, topic, when, waiting: VecDeque::new() }
    }

    /// Runs until the node ends.
    pub(super) async fn run(mut self, mut sent: mpsc::Receiver<Sent>) {
        let mut next: Option<Instant> = None;
        loop {
            tokio::select! {
                frame = sent.recv() => {
                    let Some(frame) = frame else { return };
                    if self.waiting.len() >= SENT {
                        self.waiting.pop_front();
                    }
                    let now = Instant::now();
                    self.waiting.push_back((now, frame));
                    next = next.or(Some(now + self.when.after));
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                    self.look().await;
                    next = (!self.waiting.is_empty()).then(|| Instant::now() + self.when.every);
                }
            }
        }
    }

    /// Asks one node, another one each time.
    async fn look(&mut self) {
        let now = Instant::now();
        let old = |since: &Instant| now.duration_since(*since);
        let due: HashMap<MessageHash, FrameId> = self
            .waiting
            .iter()
            .filter(|(since, _)| old(since) >= self.when.after)
            .map(|(_, frame)| (frame.hash, frame.id))
            .collect();
        // What is given up now is looked for a last time.
        self.waiting.retain(|(since, _)| old(since) + self.when.every <= self.when.until);
        let Some(keeper @ (_, Dialect::Current)) = self.nodes.pick(&self.topic, &[]) else { return };
        let hashes: Vec<MessageHash> = due.keys().copied().collect();
        for some in hashes.chunks(AT_ONCE) {
            let query = Query { hashes: some.to_vec(), names_only: true, limit: AT_ONCE, ..Query::default() };
            let Ok(found) = self.nodes.page(keeper, &query, None).await else { return };
            for entry in found.entries {
                if let Some(id) = due.get(&entry.hash) {
                    self.waiting.retain(|(_, frame)| frame.hash != entry.hash);
                    // Fails only if the node has ended.
                    drop(self.ask.send(Inside::Report(NetworkEvent::Stored(*id))).await);
                }
            }
        }
    }
}
