//! What lies between the nodes: who listens where, who reaches whom, and who keeps what was said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use status_layer::testing::SeededRng;
use status_layer::{Frame, History, Timestamp, Topic};

use crate::link::Link;
use crate::node::NodeId;

/// Frames that an archive keeps for one topic; the oldest go.
const MAX_KEPT: usize = 20_000;

/// A node that keeps what is published, and gives it to those who ask.
#[derive(Debug, Default)]
pub struct Archive {
    /// Whether it can be reached. While it cannot, it keeps nothing either.
    pub up: bool,
    /// Frames that it misses, percent.
    pub loss: u64,
    kept: BTreeMap<Topic, VecDeque<Arc<Frame>>>,
}

impl Archive {
    /// An archive that misses `loss` percent of all frames.
    #[must_use]
    pub fn new(loss: u64) -> Self {
        Self { up: true, loss, ..Self::default() }
    }

    /// Whether it keeps the frame.
    pub(crate) fn hear(&mut self, rng: &mut SeededRng, frame: &Arc<Frame>) -> bool {
        if !self.up || rng.chance(self.loss) {
            return false;
        }
        let kept = self.kept.entry(frame.topic.clone()).or_default();
        kept.push_back(Arc::clone(frame));
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
        true
    }

    pub(crate) fn find(&self, wanted: &History) -> Vec<Arc<Frame>> {
        let all = wanted.topics.iter().filter_map(|topic| self.kept.get(topic)).flatten();
        all.filter(|frame| frame.at >= wanted.since).cloned().collect()
    }
}

/// Which nodes watch which topics.
#[derive(Default)]
pub(crate) struct Watchers(BTreeMap<Topic, BTreeSet<usize>>);

impl Watchers {
    pub(crate) fn change(&mut self, node: NodeId, before: &BTreeSet<Topic>, after: &BTreeSet<Topic>) {
        for topic in before.difference(after) {
            if let Some(nodes) = self.0.get_mut(topic) {
                nodes.remove(&node.0);
            }
        }
        for topic in after.difference(before) {
            self.0.entry(topic.clone()).or_default().insert(node.0);
        }
    }

    pub(crate) fn of(&self, topic: &Topic) -> Vec<NodeId> {
        self.0.get(topic).into_iter().flatten().copied().map(NodeId).collect()
    }

    /// Some topic that is watched, picked by `draw`.
    pub(crate) fn any(&self, draw: u64) -> Option<&Topic> {
        let at = draw.checked_rem(self.0.len() as u64)?;
        self.0.keys().nth(at as usize)
    }
}

impl Link {
    /// How long a frame is under way.
    pub(crate) fn delay(&self, rng: &mut SeededRng) -> u64 {
        let (from, to) = if self.late > 0 && rng.chance(self.late) {
            (self.max_delay, self.late_delay.max(self.max_delay))
        } else {
            (self.min_delay, self.max_delay)
        };
        let spread = to.saturating_sub(from).as_millis() as u64;
        from.as_millis() as u64 + rng.below(spread + 1)
    }

    /// The frame as it arrives.
    pub(crate) fn carry(&self, rng: &mut SeededRng, frame: &Arc<Frame>) -> Arc<Frame> {
        if self.damaged == 0 || !rng.chance(self.damaged) {
            return Arc::clone(frame);
        }
        let mut frame = Frame::clone(frame);
        let at = rng.below(frame.bytes.len() as u64) as usize;
        let bit = rng.below(8);
        if let Some(byte) = frame.bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
        Arc::new(frame)
    }
}

/// How much later a frame of `size` bytes is because a link takes `slow` milliseconds for each KiB.
pub(crate) const fn drag(slow: u64, size: usize) -> u64 {
    (size as u64).saturating_mul(slow) / 1_024
}

/// The moment `ms` milliseconds after `at`.
pub(crate) const fn later(at: Timestamp, ms: u64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(ms))
}
