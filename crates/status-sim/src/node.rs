//! One user's node in the simulation.

use std::collections::BTreeSet;

use status_layer::testing::SeededRng;
use status_layer::{
    Body, Frame, FrameId, Grade, Memory, MessageId, Notice, Recipient, Sender, Store, Timestamp, Topic, Unit,
    UserId,
};
use status_stack::{Engine, Fault, Input, News, Output};

/// The number of a node in its world.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub usize);

/// A moment within a step at which a node may die.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cut {
    /// The layers have run, nothing is committed.
    BeforeCommit,
    /// The batch is committed, no frame has left.
    BeforePublish,
    /// The frames have left, that they did is not noted.
    BeforePublished,
}

/// A body that arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mail {
    /// When, in the node's own time.
    pub at: Timestamp,
    /// Whoever sent it.
    pub from: Sender,
    /// How it was sealed.
    pub grade: Grade,
    /// Ourselves, or the channel.
    pub to: Recipient,
    /// The content.
    pub body: Body,
}

/// One user's node: what is durable, and what an application on it has seen.
pub struct Node {
    /// The user.
    pub user: UserId,
    /// What is committed. Survives a crash.
    pub store: Memory,
    /// All bodies shown to the application.
    pub inbox: Vec<Mail>,
    /// The messages that were acknowledged.
    pub delivered: BTreeSet<MessageId>,
    /// Every refusal, as text.
    pub refusals: Vec<String>,
    /// What it was told of keys and devices.
    pub notices: Vec<Notice>,
    /// Copies that data sync recognised.
    pub copies: usize,
    /// Whether frames reach it.
    pub online: bool,
    pub(crate) rng: SeededRng,
    pub(crate) watched: BTreeSet<Topic>,
    pub(crate) wake: Option<Timestamp>,
    /// Steps taken since the world began.
    pub steps: u64,
    pub(crate) fuse: Option<(u64, Cut)>,
    engine: Box<dyn Engine>,
}

/// What a step wants of the network.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) frames: Vec<(FrameId, Frame)>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) crashed: bool,
}

impl Node {
    pub(crate) fn new(user: UserId, engine: Box<dyn Engine>, rng: SeededRng) -> Self {
        Self {
            user,
            store: Memory::new(),
            inbox: Vec::new(),
            delivered: BTreeSet::new(),
            refusals: Vec::new(),
            notices: Vec::new(),
            copies: 0,
            online: true,
            rng,
            watched: BTreeSet::new(),
            wake: None,
            steps: 0,
            fuse: None,
            engine,
        }
    }

    /// Arms the node to die in the middle of its `step`-th step from the beginning of the world.
    pub fn die_at(&mut self, step: u64, cut: Cut) {
        self.fuse = Some((step, cut));
    }

    /// Whether the node is still armed.
    #[must_use]
    pub const fn armed(&self) -> bool {
        self.fuse.is_some()
    }

    /// One step: run, commit, and hand back what is to leave.
    pub(crate) fn step(&mut self, now: Timestamp, input: Input) -> Result<Effects, Fault> {
        self.steps += 1;
        let cut = self.fuse.filter(|(step, _)| *step == self.steps).map(|(_, cut)| cut);
        let mut unit = Unit::new(now, &mut self.rng, &self.store);
        let out = self.engine.step(&mut unit, input)?;
        let batch = unit.into_batch();
        if cut == Some(Cut::BeforeCommit) {
            return Ok(self.die());
        }
        // Memory never fails.
        drop(self.store.commit(batch));
        if cut == Some(Cut::BeforePublish) {
            return Ok(self.die());
        }
        let mut effects = self.apply(now, out);
        if cut == Some(Cut::BeforePublished) {
            effects.crashed = self.die().crashed;
        }
        Ok(effects)
    }

    fn die(&mut self) -> Effects {
        self.fuse = None;
        self.watched.clear();
        self.wake = None;
        Effects { crashed: true, ..Effects::default() }
    }

    fn apply(&mut self, now: Timestamp, out: Output) -> Effects {
        for news in out.news {
            match news {
                News::Arrived { from, grade, to, body, .. } => {
                    self.inbox.push(Mail { at: now, from, grade, to, body });
                }
                News::Delivered { id, .. } => {
                    self.delivered.insert(id);
                }
                News::Again { .. } => self.copies += 1,
                News::Refused { layer, why, .. }
                | News::Dropped { layer, why }
                | News::Delayed { layer, why, .. } => self.refusals.push(format!("{layer}: {why}")),
                News::Noticed(notice) => self.notices.push(notice),
                _ => {}
            }
        }
        if let Some(topics) = out.topics {
            self.watched = topics.into_iter().collect();
        }
        self.wake = out.wake;
        Effects { frames: out.frames, since: out.fetch.map(|history| history.since), crashed: false }
    }
}
