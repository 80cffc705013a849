//! One user's node in the simulation.

use std::collections::BTreeSet;
use std::sync::Arc;

use status_layer::testing::SeededRng;
use status_layer::{
    Body, Frame, FrameId, Grade, History, Memory, MessageId, Notice, Recipient, Sender, Store, Timestamp,
    Topic, Unit, UserId,
};
use status_stack::{Engine, Fault, Input, Output};

use crate::record::{Fate, Said};

/// The number of a node in its world.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(pub usize);

/// A moment within a step at which a node may die.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cut {
    /// The layers have run, nothing is committed; or the commit was torn, which a store undoes when it is opened.
    BeforeCommit,
    /// The batch is committed, no frame has left.
    BeforePublish,
    /// The frames have left, that they did is not noted.
    BeforePublished,
}

/// When the driver of a node lets out what a step wants to send and to tell.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Order {
    /// After the commit, as it must be.
    #[default]
    CommitFirst,
    /// Before it: what dies in between has told of what it does not have. For showing that a run is caught at it.
    PublishFirst,
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
    /// All bodies shown to the application. Empty in a world that [records](crate::World::record).
    pub inbox: Vec<Mail>,
    /// The messages that were acknowledged.
    pub delivered: BTreeSet<MessageId>,
    /// Every refusal, as text. Empty in a world that [records](crate::World::record).
    pub refusals: Vec<String>,
    /// What it was told of keys and devices.
    pub notices: Vec<Notice>,
    /// Copies that data sync recognised.
    pub copies: usize,
    /// Whether frames reach it.
    pub online: bool,
    /// How far its clock is ahead of the world's, in milliseconds; may be negative.
    pub skew: i64,
    /// What its link takes for each KiB, in milliseconds, besides the delay of the network.
    pub slow: u64,
    /// Up to when its disk is full: no commit succeeds.
    pub full_until: Timestamp,
    /// When its driver lets things out.
    pub order: Order,
    /// Steps taken since the world began.
    pub steps: u64,
    pub(crate) rng: SeededRng,
    pub(crate) watched: BTreeSet<Topic>,
    pub(crate) wake: Option<Timestamp>,
    pub(crate) fuse: Option<(u64, Cut)>,
    /// Counts its starts: what was meant for an earlier process does not reach the next one.
    pub(crate) life: u64,
    /// The part of the network that it is in.
    pub(crate) side: u8,
    /// History that nobody could give.
    pub(crate) wants: Option<History>,
    /// An old copy of its store was put back, and its driver has noticed: it says so at the next start.
    pub(crate) noticed: bool,
    engine: Box<dyn Engine>,
}

/// What a step wants of the network, and what it told.
pub(crate) struct Effects {
    pub(crate) frames: Vec<(FrameId, Arc<Frame>)>,
    pub(crate) topics: Option<Vec<Topic>>,
    pub(crate) fetch: Option<History>,
    pub(crate) news: Vec<Said>,
    pub(crate) fate: Fate,
}

impl Effects {
    pub(crate) const fn nothing(fate: Fate) -> Self {
        Self { frames: Vec::new(), topics: None, fetch: None, news: Vec::new(), fate }
    }

    pub(crate) const fn crashed(&self) -> bool {
        matches!(self.fate, Fate::DiedBeforeCommit | Fate::DiedBeforePublish | Fate::DiedBeforePublished)
    }
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
            skew: 0,
            slow: 0,
            full_until: Timestamp::from_millis(0),
            order: Order::CommitFirst,
            steps: 0,
            rng,
            watched: BTreeSet::new(),
            wake: None,
            fuse: None,
            life: 0,
            side: 0,
            wants: None,
            noticed: false,
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

    /// The time on the node's own clock.
    #[must_use]
    pub const fn clock(&self, world: Timestamp) -> Timestamp {
        Timestamp::from_millis(world.millis().saturating_add_signed(self.skew))
    }

    /// One step: run, commit, and hand back what is to leave.
    pub(crate) fn step(&mut self, world: Timestamp, input: Input) -> Result<Effects, Fault> {
        self.steps += 1;
        let cut = self.fuse.filter(|(step, _)| *step == self.steps).map(|(_, cut)| cut);
        let now = self.clock(world);
        let mut unit = Unit::new(now, &mut self.rng, &self.store);
        let starts = self.noticed && input == Input::Start;
        let first = if starts { Some(self.engine.step(&mut unit, Input::RolledBack)?) } else { None };
        let mut out = self.engine.step(&mut unit, input)?;
        if let Some(Output { news, frames, .. }) = first {
            out.news.splice(0..0, news);
            out.frames.splice(0..0, frames);
        }
        let batch = unit.into_batch();
        match (cut, self.order) {
            (Some(_), Order::PublishFirst) => {
                let effects = self.apply(world, out);
                return Ok(Effects { fate: self.die(Fate::DiedBeforePublished).fate, ..effects });
            }
            (Some(Cut::BeforeCommit), _) => return Ok(self.die(Fate::DiedBeforeCommit)),
            _ => {}
        }
        if world < self.full_until && !batch.is_empty() {
            return Ok(Effects::nothing(Fate::DiskFull));
        }
        // Memory never fails.
        drop(self.store.commit(batch));
        self.noticed &= !starts;
        if cut == Some(Cut::BeforePublish) {
            return Ok(self.die(Fate::DiedBeforePublish));
        }
        let mut effects = self.apply(world, out);
        if cut == Some(Cut::BeforePublished) {
            effects.fate = self.die(Fate::DiedBeforePublished).fate;
        }
        Ok(effects)
    }

    fn die(&mut self, fate: Fate) -> Effects {
        self.fuse = None;
        self.wake = None;
        Effects::nothing(fate)
    }

    fn apply(&mut self, world: Timestamp, out: Output) -> Effects {
        self.wake = out.wake.map(|wake| {
            Timestamp::from_millis(wake.millis().saturating_add_signed(self.skew.saturating_neg())).max(world)
        });
        Effects {
            frames: out.frames.into_iter().map(|(id, frame)| (id, Arc::new(frame))).collect(),
            topics: out.topics,
            fetch: out.fetch,
            news: out.news.into_iter().map(Said::from).collect(),
            fate: Fate::Done,
        }
    }

    /// Keeps what the application was told, if nobody else does.
    pub(crate) fn hear(&mut self, now: Timestamp, news: Vec<Said>) {
        let at = self.clock(now);
        for said in news {
            match said {
                Said::Arrived { from, grade, to, body } => {
                    self.inbox.push(Mail { at, from, grade, to, body });
                }
                Said::Delivered(id, _) => {
                    self.delivered.insert(id);
                }
                Said::Again(_) => self.copies += 1,
                Said::Refused(_, why) | Said::Dropped(why) => self.refusals.push(why),
                Said::Noticed(notice) => self.notices.push(notice),
                Said::Accepted(_)
                | Said::Published(_)
                | Said::Stored(_)
                | Said::GaveUp(..)
                | Said::Gap(..)
                | Said::Offered(_) => {}
            }
        }
    }
}
