//! The world: virtual time, the nodes and what is under way between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use status_layer::testing::{SeededRng, rng};
use status_layer::{
    Audience, Body, Frame, History, Interest, Memory, MessageId, Recipient, Timestamp, UserId,
};
use status_stack::{Engine, Fault, Input};

use crate::air::{Archive, Watchers, drag, later};
use crate::link::Link;
use crate::node::{Cut, Effects, Node, NodeId};
use crate::record::{Fate, Step, What};

mod carry;

/// Nodes, a network between them, and a clock that jumps from event to event.
pub struct World {
    /// The time that all nodes share.
    pub now: Timestamp,
    /// How the network treats frames from now on.
    pub link: Link,
    /// Whether the network keeps all frames for nodes that were away. It needs [`keeps_wire`](Self::keeps_wire).
    pub keeps_history: bool,
    /// Whether [`wire`](Self::wire) is written; long runs have no room for it.
    pub keeps_wire: bool,
    /// Nodes that keep history, each in its own imperfect way.
    pub archives: Vec<Archive>,
    /// How many others notice that a node joins.
    pub neighbours: usize,
    /// If it is there, each step is noted here, and not in the nodes; whoever reads it empties it.
    pub record: Option<Vec<Step>>,
    /// What has happened so far.
    pub stats: Stats,
    /// Every frame that was ever published, in order, with its publisher.
    pub wire: Vec<(NodeId, Frame)>,
    /// Faults of nodes, as text. A sound stack over a sound store has none.
    pub faults: Vec<String>,
    rng: SeededRng,
    nodes: Vec<Node>,
    queue: BTreeMap<(Timestamp, u64), Event>,
    wakes: BTreeSet<(Timestamp, NodeId)>,
    watchers: Watchers,
    sequence: u64,
}

/// Something that will reach a node, if it still runs.
struct Event {
    to: NodeId,
    life: u64,
    what: Coming,
}

enum Coming {
    Frame(Arc<Frame>),
    Input(Input),
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
    /// Commits that found the disk full.
    pub full: u64,
}

/// Whether a driver notices that an old copy of its store was put back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Notices {
    /// It does, and tells the layers.
    Yes,
    /// It does not: what told it was put back as well.
    No,
}

/// How long a driver waits after a commit that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl World {
    /// An empty world in November 2023.
    #[must_use]
    pub fn new(seed: u64, link: Link) -> Self {
        Self {
            now: Timestamp::from_millis(1_700_000_000_000),
            link,
            keeps_history: false,
            keeps_wire: true,
            archives: Vec::new(),
            neighbours: usize::MAX,
            record: None,
            stats: Stats::default(),
            wire: Vec::new(),
            faults: Vec::new(),
            rng: rng(seed),
            nodes: Vec::new(),
            queue: BTreeMap::new(),
            wakes: BTreeSet::new(),
            watchers: Watchers::default(),
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
        self.start(id);
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

    /// All nodes, in the order in which they were added.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index), node))
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

    /// Gives a node any input.
    pub fn input(&mut self, to: NodeId, input: Input) {
        self.step(to, input);
    }

    /// Takes a node off the network or brings it back.
    pub fn set_online(&mut self, id: NodeId, online: bool) {
        if self.node(id).online == online {
            return;
        }
        self.node_mut(id).online = online;
        self.step(id, Input::Online(online));
        if online {
            self.joins(id);
        }
    }

    /// Puts a node into a part of the network: frames stay within their part. All begin in part 0.
    pub fn set_side(&mut self, id: NodeId, side: u8) {
        if self.node(id).side == side {
            return;
        }
        self.node_mut(id).side = side;
        if self.node(id).online {
            self.step(id, Input::Online(true));
            self.joins(id);
        }
    }

    /// Tells every node that nobody hears, in a part of the network of its own, that nobody is there.
    pub fn tell_the_lonely(&mut self) {
        let nodes: Vec<NodeId> = self.nodes().filter(|(_, node)| node.online).map(|(id, _)| id).collect();
        for id in nodes.into_iter().filter(|id| !self.heard(*id)).collect::<Vec<_>>() {
            self.step(id, Input::Online(false));
        }
    }

    /// Kills a node and starts it again over what it had committed.
    pub fn restart(&mut self, id: NodeId) {
        self.stats.crashes += 1;
        self.stop(id);
        self.start(id);
    }

    /// Kills a node, puts an old copy of its store in place of what it had, and starts it again.
    pub fn put_back(&mut self, id: NodeId, copy: Memory, notices: Notices) {
        let node = self.node_mut(id);
        node.store = copy;
        node.noticed = notices == Notices::Yes;
        self.restart(id);
    }

    /// Kills a node for good.
    pub fn bury(&mut self, id: NodeId) {
        self.stop(id);
        self.node_mut(id).online = false;
    }

    /// Lets time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now.after(span);
        while self.advance(end) {}
    }

    /// Lets time pass up to the next event, or up to `end`; whether there was an event.
    pub fn advance(&mut self, end: Timestamp) -> bool {
        let wake = self.wakes.first().copied().filter(|(at, _)| *at <= end);
        let next = self.queue.first_key_value().map(|((at, _), _)| *at).filter(|at| *at <= end);
        match (wake, next) {
            (Some((at, id)), next) if next.is_none_or(|next| at < next) => {
                self.now = self.now.max(at);
                self.set_wake(id, None);
                self.step(id, Input::Tick);
            }
            (_, Some(at)) => {
                self.now = self.now.max(at);
                if let Some((_, event)) = self.queue.pop_first() {
                    self.happen(event);
                }
            }
            _ => {
                self.now = self.now.max(end);
                return false;
            }
        }
        true
    }

    /// Brings a frame to whoever listens at some topic, from nobody in particular: what an attacker can always do.
    /// `draw` picks the topic; returns `false` if nobody listens anywhere.
    pub fn forge(&mut self, draw: u64, bytes: Vec<u8>) -> bool {
        let Some(topic) = self.watchers.any(draw).cloned() else { return false };
        let frame = Arc::new(Frame { topic, at: self.now, bytes });
        self.spread(&frame, None);
        true
    }

    fn happen(&mut self, Event { to, life, what }: Event) {
        if self.node(to).life != life {
            return;
        }
        match what {
            Coming::Frame(frame) => {
                if self.node(to).online && self.node(to).watched.contains(&frame.topic) {
                    self.step(to, Input::Frame(Arc::unwrap_or_clone(frame)));
                }
            }
            // Not all of it came.
            Coming::Input(Input::Covered { history, .. }) if !self.node(to).online => {
                let node = self.node_mut(to);
                node.wants = History::both(node.wants.take(), Some(history));
            }
            Coming::Input(input) => self.step(to, input),
        }
    }

    fn start(&mut self, id: NodeId) {
        let user = self.node(id).user;
        self.step(id, Input::Start);
        self.expect(id, Recipient::User(user));
        if self.node(id).online {
            self.step(id, Input::Online(true));
        }
    }

    /// Ends a node's process: what the network was about to tell it is lost with it.
    fn stop(&mut self, id: NodeId) {
        self.node_mut(id).life += 1;
        self.set_wake(id, None);
        self.watch(id, BTreeSet::new());
    }

    /// Others see a node join.
    fn joins(&mut self, id: NodeId) {
        let side = self.node(id).side;
        let count = self.nodes.len();
        let others = (1..count).map(|far| NodeId((id.0 + far) % count));
        let reached: Vec<NodeId> = others
            .filter(|other| self.node(*other).online && self.node(*other).side == side)
            .take(self.neighbours)
            .collect();
        for other in reached {
            self.step(other, Input::Online(true));
        }
    }

    fn step(&mut self, id: NodeId, input: Input) {
        let now = self.now;
        if let Input::Frame(frame) = &input
            && (!self.node(id).online || !self.node(id).watched.contains(&frame.topic))
        {
            return;
        }
        self.stats.steps += 1;
        let what = What::of(&input);
        let again = matches!(what, What::Start | What::Expect | What::Pair | What::Share | What::Online)
            .then(|| input.clone());
        let before = self.node(id).wake;
        let done = self.node_mut(id).step(now, input);
        let after = std::mem::replace(&mut self.node_mut(id).wake, before);
        self.set_wake(id, after);
        match done {
            Ok(effects) if effects.fate == Fate::DiskFull => {
                self.stats.full += 1;
                self.note(id, what, &effects);
                if let Some(input) = again {
                    self.enqueue(AFTER_FAILURE.as_millis() as u64, id, Coming::Input(input));
                }
                self.set_wake(id, Some(now.after(AFTER_FAILURE)));
            }
            Ok(effects) => self.carry(id, what, effects),
            Err(Fault { layer, reason }) => {
                self.faults.push(format!("{id:?}: {layer}: {reason}"));
                self.note(id, what, &Effects::nothing(Fate::Failed));
            }
        }
    }

    fn note(&mut self, id: NodeId, what: What, effects: &Effects) {
        let at = self.now;
        match &mut self.record {
            Some(record) => record.push(Step {
                at,
                node: id,
                what,
                fate: effects.fate,
                news: effects.news.clone(),
                frames: effects.frames.iter().map(|(_, frame)| Arc::clone(frame)).collect(),
            }),
            None => self.node_mut(id).hear(at, effects.news.clone()),
        }
    }

    fn set_wake(&mut self, id: NodeId, wake: Option<Timestamp>) {
        if let Some(before) = std::mem::replace(&mut self.node_mut(id).wake, wake) {
            self.wakes.remove(&(before, id));
        }
        if let Some(at) = wake {
            self.wakes.insert((at, id));
        }
    }

    fn enqueue(&mut self, ms: u64, to: NodeId, what: Coming) {
        self.sequence += 1;
        let life = self.node(to).life;
        self.queue.insert((later(self.now, ms), self.sequence), Event { to, life, what });
    }

    fn drag_of(&self, id: NodeId, frame: &Frame) -> u64 {
        drag(self.node(id).slow, frame.bytes.len())
    }
}
