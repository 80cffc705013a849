//! A plan is carried out, and judged after every step.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use status_crypto::{Keyring, SecretKey};
use status_layer::testing::{SeededRng, rng};
use status_layer::{Body, CryptoRng, GroupId, Interest, MessageId, Notice, Recipient, Timestamp};
use status_stack::Input;

use crate::app;
use crate::judge::{Judge, Line, Rule};
use crate::link::Link;
use crate::make::{Make, Us};
use crate::node::NodeId;
use crate::plan::{Manner, Plan, Seat};
use crate::record::{Said, Step};
use crate::report::{Progress, Report};
use crate::tap::Tap;
use crate::trace::Trace;
use crate::world::World;

mod act;
mod check;

/// How long after the network has healed everything has to be settled.
pub const SETTLED_WITHIN: Duration = Duration::from_secs(12 * 3_600);
/// Devices of one user.
const MAX_DEVICES: usize = 2;
/// Steps between two reports of progress.
const PROGRESS: u64 = 20_000;

/// Whether the lines of a run are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lines {
    /// They are.
    Keep,
    /// Only their digest.
    Drop,
}

/// Carries out a plan with the stacks that `make` makes. The run ends with the first rule that is broken.
pub fn run(plan: &Plan, make: &Make, lines: Lines, progress: &mut dyn FnMut(&Progress)) -> Report {
    let mut run = Run::new(plan, make, lines);
    run.begin();
    let mut told = 0;
    let mut actions = plan.actions.iter().peekable();
    let began = run.world.now;
    while run.judge.broken.is_none() {
        let next = actions.peek().map_or(plan.span, |(at, _)| *at);
        let end = began.after(next);
        let more = run.world.advance(end);
        run.look();
        if !more {
            match actions.next() {
                Some((_, action)) => run.act(*action),
                None => break,
            }
            run.look();
        }
        if run.world.stats.steps >= told + PROGRESS {
            told = run.world.stats.steps;
            progress(&run.progress(began, plan.span));
        }
    }
    run.check_given_up();
    run.heal();
    let end = run.world.now.after(SETTLED_WITHIN);
    while run.judge.broken.is_none() && !run.judge.is_settled() && run.world.advance(end) {
        run.look();
    }
    run.finish();
    progress(&run.progress(began, plan.span));
    run.report(began)
}

/// A run under way.
struct Run<'p> {
    plan: &'p Plan,
    make: &'p Make,
    world: World,
    judge: Judge,
    tap: Tap,
    trace: Trace,
    rng: SeededRng,
    people: Vec<Account>,
    groups: Vec<BTreeSet<usize>>,
    mark: [u8; 16],
    said: u64,
    /// Frames to be played again by a hostile node.
    overheard: Vec<Vec<u8>>,
}

/// A user with all devices that still run.
struct Account {
    keyring: Arc<dyn Keyring>,
    devices: Vec<NodeId>,
    copy: Option<(NodeId, status_layer::Memory)>,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan, make: &'p Make, lines: Lines) -> Self {
        let mut rng = rng(plan.seed);
        let mut world = World::new(rng.below(u64::MAX), plan.link);
        world.keeps_wire = false;
        world.neighbours = 4;
        world.record = Some(Vec::new());
        world.archives = plan.archives.iter().map(|loss| crate::Archive::new(*loss)).collect();
        let mut mark = [0; 16];
        fill(&mut rng, &mut mark);
        let tap = Tap::default();
        let people = plan
            .people
            .iter()
            .map(|_| Account {
                keyring: Arc::new(SecretKey::generate(&mut rng)),
                devices: Vec::new(),
                copy: None,
            })
            .collect();
        let lines = (lines == Lines::Keep).then(Vec::new);
        Self {
            plan,
            make,
            judge: Judge::new(mark, tap.clone()),
            tap,
            trace: Trace::new(world.now, lines),
            world,
            rng,
            people,
            groups: plan.groups.iter().map(|members| members.iter().copied().collect()).collect(),
            mark,
            said: 0,
            overheard: Vec::new(),
        }
    }

    fn begin(&mut self) {
        for person in 0..self.people.len() {
            if self.plan.is_there(person) {
                self.add_device(person);
            }
        }
        for group in 0..self.groups.len() {
            self.share(group);
        }
        self.look();
    }

    fn add_device(&mut self, person: usize) -> Option<NodeId> {
        let number = self.judge.devices.len() as u32;
        let (account, plan) = (self.people.get(person)?, self.plan.people.get(person)?);
        let device = status_layer::DeviceId::new(format!("00000000-0000-4000-8000-{number:012x}")).ok()?;
        let us = Us {
            keyring: Arc::clone(&account.keyring),
            device,
            number,
            mark: self.mark,
            tap: self.tap.clone(),
            outbox: self.plan.outbox,
            manner: plan.manner,
        };
        let user = us.user();
        self.judge.add(self.world.now, person, user, plan.manner == Manner::Consistent);
        let node = self.world.add(user, (self.make)(&us));
        let world = self.world.node_mut(node);
        (world.skew, world.slow, world.order) = (plan.skew, plan.slow, self.plan.order);
        self.people.get_mut(person)?.devices.push(node);
        for channel in self.plan.channels() {
            if let Ok(name) = app::channel(channel) {
                self.world.expect(node, Recipient::Channel(name));
            }
        }
        Some(node)
    }

    fn seat(&self, seat: Seat) -> Option<NodeId> {
        let devices = &self.people.get(seat.person)?.devices;
        devices.get(seat.device).or(devices.last()).copied()
    }

    fn group(number: usize) -> GroupId {
        GroupId::new([number as u8 + 1; 32])
    }

    /// Tells all devices of all members who the members are.
    fn share(&mut self, group: usize) {
        let Some(members) = self.groups.get(group) else { return };
        let members: Vec<usize> = members.iter().copied().filter(|at| self.plan.is_there(*at)).collect();
        let users: Vec<_> = members
            .iter()
            .filter_map(|at| self.people.get(*at))
            .map(|account| account.keyring.user())
            .collect();
        let devices: Vec<NodeId> =
            members.iter().filter_map(|at| self.people.get(*at)).flat_map(|a| a.devices.clone()).collect();
        for device in devices {
            let us = self.world.node(device).user;
            let with = users.iter().copied().filter(|user| *user != us).collect();
            self.world.input(device, Input::Share { group: Self::group(group), with });
        }
    }

    fn name(&self, node: NodeId) -> String {
        match self.judge.device(node) {
            Some(device) => format!("{}.{}", device.person, node.0),
            None => format!("?.{}", node.0),
        }
    }

    /// Judges what was done since.
    fn look(&mut self) {
        loop {
            let steps = self.world.record.as_mut().map(std::mem::take).unwrap_or_default();
            if steps.is_empty() {
                return;
            }
            for step in steps {
                let name = self.name(step.node);
                self.trace.step(&step, &name);
                self.judge.step(&step, self.world.node(step.node));
                self.overhear(&step);
                self.confirm(&step);
            }
        }
    }

    fn overhear(&mut self, step: &Step) {
        const MANY: usize = 64;
        for frame in &step.frames {
            if self.overheard.len() < MANY {
                self.overheard.push(frame.bytes.clone());
            } else if self.rng.chance(5) {
                let at = self.rng.below(MANY as u64) as usize;
                if let Some(old) = self.overheard.get_mut(at) {
                    old.clone_from(&frame.bytes);
                }
            }
        }
    }

    /// Users confirm their own new devices.
    fn confirm(&mut self, step: &Step) {
        let us = self.world.node(step.node).user;
        for said in &step.news {
            if let Said::Noticed(Notice::NewDevice { user, device, joined: false }) = said
                && *user == us
                && self.judge.device(step.node).is_some_and(|device| device.alive)
            {
                let input = Input::Pair { device: device.clone(), how: Interest::Listen };
                self.world.input(step.node, input);
            }
        }
    }

    fn line(&mut self, from: NodeId, readers: BTreeSet<usize>) -> MessageId {
        self.said += 1;
        let mut id = [0; 32];
        fill(&mut self.rng, &mut id);
        let id = MessageId::new(id);
        let said = self.world.now;
        self.judge.lines.insert(id, Line { from, readers, said, accepted: false, forgotten: false });
        id
    }

    fn text(&mut self, len: u16) -> Body {
        let mut text = vec![0; len.into()];
        fill(&mut self.rng, &mut text);
        Body::new(text)
    }

    fn progress(&self, began: Timestamp, span: Duration) -> Progress {
        Progress {
            time: self.world.now.since(began),
            of: span,
            messages: self.judge.tally.messages,
            delivered: self.judge.tally.delivered,
            expected: self.judge.tally.expected,
        }
    }

    /// The network heals: all are there, nothing is lost, all disks have space.
    fn heal(&mut self) {
        self.trace.note(self.world.now, "all heals");
        self.world.link = Link::default();
        for archive in &mut self.world.archives {
            archive.up = true;
        }
        let all: Vec<NodeId> = self.people.iter().flat_map(|account| account.devices.clone()).collect();
        for node in &all {
            let here = self.world.node_mut(*node);
            (here.slow, here.full_until) = (0, Timestamp::from_millis(0));
        }
        for node in &all {
            self.world.set_side(*node, 0);
            self.world.set_online(*node, true);
        }
        self.look();
    }
}

fn fill(rng: &mut dyn CryptoRng, out: &mut [u8]) {
    rng.fill_bytes(out);
}
