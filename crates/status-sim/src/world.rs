//! The world: virtual time, the nodes and what is under way between them.

use std::collections::BTreeMap;
use std::time::Duration;

use status_layer::testing::{SeededRng, rng};
use status_layer::{Audience, Body, Frame, Interest, MessageId, Recipient, Timestamp, UserId};
use status_stack::{Engine, Fault, Input};

use crate::link::Link;
use crate::node::{Cut, Effects, Node, NodeId};

/// Nodes, a network between them, and a clock that jumps from event to event.
pub struct World {
    /// The time that all nodes share.
    pub now: Timestamp,
    /// How the network treats frames from now on.
    pub link: Link,
    /// Whether the network keeps all frames for nodes that were away.
    pub keeps_history: bool,
    /// What has happened so far.
    pub stats: Stats,
    /// Every frame that was ever published, in order, with its publisher.
    pub wire: Vec<(NodeId, Frame)>,
    /// Faults of nodes, as text. A sound stack over a sound store has none.
    pub faults: Vec<String>,
    rng: SeededRng,
    nodes: Vec<Node>,
    queue: BTreeMap<(Timestamp, u64), (NodeId, Input)>,
    sequence: u64,
}

/// Counters of one run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Steps of all nodes.
    pub steps: u64,
    /// Frames published.
    pub frames: u64,
    /// Bytes in these frames.
    pub bytes: u64,
    /// Frames that the network lost on the way to one node.
    pub lost: u64,
    /// Frames that the network brought twice to one node.
    pub doubled: u64,
    /// Crashes.
    pub crashes: u64,
}

impl World {
    /// An empty world in November 2023.
    #[must_use]
    pub fn new(seed: u64, link: Link) -> Self {
        Self {
            now: Timestamp::from_millis(1_700_000_000_000),
            link,
            keeps_history: false,
            stats: Stats::default(),
            wire: Vec::new(),
            faults: Vec::new(),
            rng: rng(seed),
            nodes: Vec::new(),
            queue: BTreeMap::new(),
            sequence: 0,
        }
    }

    /// Adds a node, starts it and has it listen for its user.
    pub fn add(&mut self, user: UserId, engine: Box<dyn Engine>) -> NodeId {
        self.add_mortal(user, engine, None)
    }

    /// Adds a node that may be armed to die as early as in its first step, see [`Node::die_at`].
    pub fn add_mortal(&mut self, user: UserId, engine: Box<dyn Engine>, fuse: Option<(u64, Cut)>) -> NodeId {
        let id = NodeId(self.nodes.len());
        let seed = self.rng.below(u64::MAX);
        let mut node = Node::new(user, engine, rng(seed));
        node.fuse = fuse;
        self.nodes.push(node);
        self.step(id, Input::Start);
        self.expect(id, Recipient::User(user));
        self.step(id, Input::Online(true));
        id
    }

    /// A node.
    ///
    /// # Panics
    /// Never for an id that [`add`](Self::add) of this world returned.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from `add`, and nodes are never removed")]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// A node, to be changed.
    ///
    /// # Panics
    /// Never for an id that [`add`](Self::add) of this world returned.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids come from `add`, and nodes are never removed")]
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// Has a node listen for a user or in a channel.
    pub fn expect(&mut self, id: NodeId, whom: Recipient) {
        self.step(id, Input::Expect { whom, how: Interest::Listen });
    }

    /// Has a node send a body.
    pub fn send(&mut self, from: NodeId, to: Audience, id: MessageId, body: Body) {
        self.step(from, Input::Send { id, to, body });
    }

    /// Hands a frame to a node as if the network had brought it.
    pub fn inject(&mut self, to: NodeId, frame: Frame) {
        self.step(to, Input::Frame(frame));
    }

    /// Takes a node off the network or brings it back.
    pub fn set_online(&mut self, id: NodeId, online: bool) {
        if self.node(id).online == online {
            return;
        }
        self.node_mut(id).online = online;
        self.step(id, Input::Online(online));
        if online {
            // The others see it join.
            for other in (0..self.nodes.len()).map(NodeId).filter(|other| *other != id) {
                if self.node(other).online {
                    self.step(other, Input::Online(true));
                }
            }
        }
    }

    /// Kills a node and starts it again over what it had committed.
    pub fn restart(&mut self, id: NodeId) {
        self.stats.crashes += 1;
        let now = self.now;
        // What the network was about to tell the old process is lost with it.
        self.queue.retain(|(at, _), (to, _)| *to != id || *at < now);
        let user = self.node(id).user;
        self.step(id, Input::Start);
        self.expect(id, Recipient::User(user));
        self.step(id, Input::Online(true));
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.after(span);
        while let Some((at, id, input)) = self.next_before(end) {
            self.now = self.now.max(at);
            self.step(id, input);
        }
        self.now = end;
    }

    /// The earliest event up to `end`: a frame on its way, or a node that wants to be woken.
    fn next_before(&mut self, end: Timestamp) -> Option<(Timestamp, NodeId, Input)> {
        let wake = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| Some((node.wake?, NodeId(index))))
            .min()
            .filter(|(at, _)| *at <= end);
        let frame = self.queue.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= end);
        match (wake, frame) {
            (Some((at, id)), frame) if frame.is_none_or(|frame| at < frame) => {
                self.node_mut(id).wake = None;
                Some((at, id, Input::Tick))
            }
            _ => {
                frame?;
                let ((at, _), (id, input)) = self.queue.pop_first()?;
                Some((at, id, input))
            }
        }
    }

    fn step(&mut self, id: NodeId, input: Input) {
        let now = self.now;
        if matches!(input, Input::Frame(_)) && !self.node(id).online {
            return;
        }
        if let Input::Frame(frame) = &input
            && !self.node(id).watched.contains(&frame.topic)
        {
            return;
        }
        self.stats.steps += 1;
        match self.node_mut(id).step(now, input) {
            Ok(effects) => self.carry(id, effects),
            Err(Fault { layer, reason }) => self.faults.push(format!("{id:?}: {layer}: {reason}")),
        }
    }

    /// Takes what a step wants of the network.
    fn carry(&mut self, id: NodeId, effects: Effects) {
        if self.node(id).online {
            for (frame_id, frame) in effects.frames {
                self.publish(id, &frame);
                if !effects.crashed {
                    self.enqueue(Duration::from_millis(1), id, Input::Published(frame_id));
                }
            }
            if let Some(since) = effects.since.filter(|_| self.keeps_history) {
                let kept: Vec<Frame> = self
                    .wire
                    .iter()
                    .map(|(_, frame)| frame)
                    .filter(|frame| frame.at >= since)
                    .cloned()
                    .collect();
                for frame in kept {
                    self.enqueue(Duration::from_millis(5), id, Input::Frame(frame));
                }
            }
        }
        if effects.crashed {
            self.restart(id);
        }
    }

    fn publish(&mut self, from: NodeId, frame: &Frame) {
        self.stats.frames += 1;
        self.stats.bytes += frame.bytes.len() as u64;
        self.wire.push((from, frame.clone()));
        for to in (0..self.nodes.len()).map(NodeId).filter(|to| *to != from) {
            if self.rng.chance(self.link.loss) {
                self.stats.lost += 1;
                continue;
            }
            self.deliver(to, frame);
            if self.rng.chance(self.link.doubled) {
                self.stats.doubled += 1;
                self.deliver(to, frame);
            }
        }
    }

    fn deliver(&mut self, to: NodeId, frame: &Frame) {
        let spread = self.link.max_delay.saturating_sub(self.link.min_delay).as_millis() as u64;
        let delay = self.link.min_delay + Duration::from_millis(self.rng.below(spread + 1));
        let mut frame = frame.clone();
        if self.rng.chance(self.link.damaged) {
            let at = self.rng.below(frame.bytes.len() as u64) as usize;
            let bit = self.rng.below(8);
            if let Some(byte) = frame.bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        self.enqueue(delay, to, Input::Frame(frame));
    }

    fn enqueue(&mut self, delay: Duration, to: NodeId, input: Input) {
        self.sequence += 1;
        self.queue.insert((self.now.after(delay), self.sequence), (to, input));
    }
}
