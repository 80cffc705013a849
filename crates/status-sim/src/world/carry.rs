//! How frames get from one node to others.

use std::collections::BTreeSet;
use std::sync::Arc;

use status_layer::{Frame, History, Topic};
use status_stack::Input;

use crate::node::{Effects, NodeId};
use crate::record::What;

use super::{Coming, World};

/// How long the network takes to say that it has a frame, in milliseconds.
const CONFIRMED: u64 = 1;
/// How long an archive takes for its first frame, in milliseconds; each further one takes another.
const FETCHED: u64 = 5;

impl World {
    /// Takes what a step wants of the network.
    pub(super) fn carry(&mut self, id: NodeId, what: What, effects: Effects) {
        let crashed = effects.crashed();
        if let Some(topics) = &effects.topics {
            self.watch(id, topics.iter().cloned().collect());
        }
        self.note(id, what, &effects);
        if self.node(id).online {
            let heard = self.heard(id);
            for (frame_id, frame) in effects.frames {
                if !heard {
                    continue;
                }
                let stored = self.publish(id, &frame);
                if !crashed {
                    let ms = CONFIRMED + self.drag_of(id, &frame);
                    self.enqueue(ms, id, Coming::Input(Input::Published(frame_id)));
                    if stored {
                        self.enqueue(ms + FETCHED, id, Coming::Input(Input::Stored(frame_id)));
                    }
                }
            }
            let wanted = effects.fetch.or_else(|| match what {
                What::Online => self.node_mut(id).wants.take(),
                _ => None,
            });
            if let Some(wanted) = wanted {
                self.fetch(id, wanted);
            }
        } else if effects.fetch.is_some() {
            let node = self.node_mut(id);
            node.wants = History::both(node.wants.take(), effects.fetch);
        }
        if crashed {
            self.restart(id);
        }
    }

    pub(super) fn watch(&mut self, id: NodeId, topics: BTreeSet<Topic>) {
        let before = std::mem::take(&mut self.node_mut(id).watched);
        self.watchers.change(id, &before, &topics);
        self.node_mut(id).watched = topics;
    }

    /// Whether anybody takes what a node publishes.
    pub(super) fn heard(&self, id: NodeId) -> bool {
        let side = self.node(id).side;
        let archive = side == 0 && self.archives.iter().any(|archive| archive.up);
        // Whoever is alone in an undivided world has always been heard.
        side == 0
            || archive
            || self.nodes().any(|(other, node)| other != id && node.online && node.side == side)
    }

    fn fetch(&mut self, id: NodeId, wanted: History) {
        if self.keeps_history {
            let kept = self.wire.iter().map(|(_, frame)| frame).filter(|frame| frame.at >= wanted.since);
            for frame in kept.cloned().collect::<Vec<_>>() {
                self.enqueue(FETCHED, id, Coming::Frame(Arc::new(frame)));
            }
            self.fetched(id, wanted, FETCHED);
            return;
        }
        let up: Vec<usize> = (0..self.archives.len())
            .filter(|at| self.node(id).side == 0 && self.archives.get(*at).is_some_and(|archive| archive.up))
            .collect();
        let pick = self.rng.below(up.len() as u64) as usize;
        match up.get(pick).and_then(|at| self.archives.get(*at)) {
            Some(archive) => {
                let mut last = FETCHED;
                for (n, frame) in archive.find(&wanted).into_iter().enumerate() {
                    let ms = FETCHED + n as u64 + self.drag_of(id, &frame);
                    last = last.max(ms);
                    self.enqueue(ms, id, Coming::Frame(frame));
                }
                self.fetched(id, wanted, last);
            }
            None => {
                let node = self.node_mut(id);
                node.wants = History::both(node.wants.take(), Some(wanted));
            }
        }
    }

    /// All that an archive had has come by then.
    fn fetched(&mut self, id: NodeId, history: History, ms: u64) {
        let until = self.node(id).clock(self.now);
        self.enqueue(ms, id, Coming::Input(Input::Covered { history, until }));
    }

    /// Whether an archive keeps it.
    fn publish(&mut self, from: NodeId, frame: &Arc<Frame>) -> bool {
        self.stats.frames += 1;
        self.stats.bytes += frame.bytes.len() as u64;
        if self.keeps_wire {
            self.wire.push((from, Frame::clone(frame)));
        }
        let mut stored = false;
        if self.node(from).side == 0 {
            for archive in &mut self.archives {
                stored |= archive.hear(&mut self.rng, frame);
            }
        }
        self.spread(frame, Some(from));
        stored
    }

    /// Brings a frame to all who watch its topic and are in the same part of the network.
    pub(super) fn spread(&mut self, frame: &Arc<Frame>, from: Option<NodeId>) {
        let side = from.map(|from| self.node(from).side);
        let drag = from.map_or(0, |from| self.drag_of(from, frame));
        for to in self.watchers.of(&frame.topic) {
            if from == Some(to) || side.is_some_and(|side| side != self.node(to).side) {
                continue;
            }
            if self.rng.chance(self.link.loss) {
                self.stats.lost += 1;
                continue;
            }
            self.deliver(to, frame, drag);
            if self.rng.chance(self.link.doubled) {
                self.stats.doubled += 1;
                self.deliver(to, frame, drag);
            }
        }
    }

    fn deliver(&mut self, to: NodeId, frame: &Arc<Frame>, drag: u64) {
        let link = self.link;
        let ms = link.delay(&mut self.rng) + drag + self.drag_of(to, frame);
        let frame = link.carry(&mut self.rng, frame);
        self.enqueue(ms, to, Coming::Frame(frame));
    }
}
