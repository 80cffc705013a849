//! Plans that follow from a seed.

use std::time::Duration;

use status_layer::testing::{SeededRng, rng};

use crate::link::Link;
use crate::node::{Cut, Order};
use crate::world::Notices;

use super::{Action, Manner, Person, Plan, Seat, Shape, To};

/// Channels that people talk in.
const CHANNELS: u64 = 2;
/// The largest difference of a clock, in milliseconds.
const SKEW: u64 = 60_000;

impl Plan {
    /// The plan of this shape that follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, shape: &Shape) -> Self {
        let mut draw = Draw { rng: rng(seed ^ 0x0dd_ba11), shape: *shape, actions: Vec::new() };
        let people: Vec<Person> = (0..shape.nodes).map(|_| draw.person()).collect();
        let groups = (0..shape.groups).map(|_| draw.members()).collect();
        let link = draw.link();
        let archives = (0..shape.archives).map(|_| draw.rng.below(20)).collect();
        draw.talk();
        draw.bursts();
        draw.trouble();
        draw.actions.sort_by_key(|(at, _)| *at);
        draw.leave();
        let people = draw.mix(people);
        Self {
            seed,
            people,
            groups,
            link,
            outbox: draw.outbox(),
            archives,
            span: draw.span(),
            actions: draw.actions,
            order: Order::CommitFirst,
        }
    }
}

struct Draw {
    rng: SeededRng,
    shape: Shape,
    actions: Vec<(Duration, Action)>,
}

impl Draw {
    const fn span(&self) -> Duration {
        Duration::from_secs(self.shape.hours * 3_600)
    }

    fn person(&mut self) -> Person {
        let skew = if self.rng.chance(30) { self.rng.below(2 * SKEW) as i64 - SKEW as i64 } else { 0 };
        let slow = if self.rng.chance(15) { 200 + self.rng.below(2_000) } else { 0 };
        Person { there: true, skew, slow, manner: Manner::Deployed }
    }

    fn members(&mut self) -> Vec<usize> {
        let mut members: Vec<usize> = (0..self.shape.nodes).filter(|_| self.rng.chance(50)).collect();
        members.truncate(8);
        members
    }

    fn link(&mut self) -> Link {
        let min = 5 + self.rng.below(100);
        Link {
            min_delay: Duration::from_millis(min),
            max_delay: Duration::from_millis(min + 20 + self.rng.below(3_000)),
            late: self.rng.below(5),
            late_delay: Duration::from_secs(10 + self.rng.below(600)),
            loss: self.shape.loss,
            doubled: self.shape.doubled,
            damaged: self.shape.damaged,
        }
    }

    fn at(&mut self) -> Duration {
        Duration::from_millis(self.rng.below(self.span().as_millis() as u64))
    }

    fn within(&mut self, most: Duration) -> Duration {
        Duration::from_millis(1_000 + self.rng.below(most.as_millis() as u64))
    }

    fn seat(&mut self) -> Seat {
        Seat { person: self.one(), device: self.rng.below(2) as usize }
    }

    fn one(&mut self) -> usize {
        self.rng.below(self.shape.nodes as u64) as usize
    }

    fn push(&mut self, at: Duration, action: Action) {
        self.actions.push((at, action));
    }

    /// People talk in conversations: a few lines to and fro, within minutes.
    fn talk(&mut self) {
        let mut left = self.shape.messages;
        while left > 0 {
            let mut at = self.at();
            let from = self.one();
            let to = match self.rng.below(20) {
                0 => To::Channel(self.rng.below(CHANNELS) as u8),
                1 | 2 if self.shape.groups > 0 => {
                    To::Group(self.rng.below(self.shape.groups as u64) as usize)
                }
                // Mostly neighbours, so that conversations last.
                _ => To::Person((from + 1 + self.rng.below(3) as usize) % self.shape.nodes),
            };
            let lines = (1 + self.rng.below(12) as usize).min(left);
            left -= lines;
            for _ in 0..lines {
                let device = self.rng.below(2) as usize;
                let len =
                    if self.rng.chance(3) { 2_000 + self.rng.below(6_000) } else { self.rng.below(200) };
                let (person, to) = match to {
                    To::Person(other) if self.rng.chance(45) => (other, To::Person(from)),
                    to => (from, to),
                };
                self.push(at, Action::Say { from: Seat { person, device }, to, len: len as u16 });
                let burst = if self.rng.chance(30) { 500 } else { 60_000 };
                at = (at + Duration::from_millis(self.rng.below(burst))).min(self.span());
            }
        }
    }

    /// Somebody is away, has much to say, and comes back.
    fn bursts(&mut self) {
        for _ in 0..self.shape.bursts {
            let (mut at, person) = (self.at(), self.one());
            let from = Seat { person, device: 0 };
            let to = To::Person((person + 1 + self.rng.below(3) as usize) % self.shape.nodes);
            self.push(at, Action::Online(from, false));
            for _ in 0..self.shape.burst {
                let len = self.rng.below(60) as u16;
                self.push(at, Action::Say { from, to, len });
                at += Duration::from_millis(self.rng.below(2_000));
            }
            let back = (at + self.within(Duration::from_secs(3_600))).min(self.span());
            self.push(back, Action::Online(from, true));
        }
    }

    fn outbox(&mut self) -> usize {
        match self.rng.below(20) {
            0 => 1_024,
            1..=6 => 64,
            _ => 8,
        }
    }

    fn trouble(&mut self) {
        let span = self.span();
        for _ in 0..self.shape.crashes {
            let (at, who, after) = (self.at(), self.seat(), 1 + self.rng.below(4));
            let cut = match self.rng.below(3) {
                0 => Cut::BeforeCommit,
                1 => Cut::BeforePublish,
                _ => Cut::BeforePublished,
            };
            self.push(at, Action::Die { who, after, cut });
        }
        for _ in 0..self.shape.absences {
            let (at, who, long) = (self.at(), self.seat(), self.within(span / 4));
            self.push(at, Action::Online(who, false));
            self.push((at + long).min(span), Action::Online(who, true));
        }
        for _ in 0..self.shape.splits {
            let (at, mask) = (self.at(), self.rng.below(u64::MAX));
            let most = self.shape.split_for;
            let long = if self.rng.chance(50) { most } else { self.within(most) };
            self.push(at, Action::Split(mask));
            self.push((at + long).min(span), Action::Join);
        }
        for _ in 0..self.shape.full_disks {
            let (at, who, long) = (self.at(), self.seat(), self.within(Duration::from_secs(1_800)));
            self.push(at, Action::FullDisk(who, long));
        }
        for _ in 0..self.shape.spam {
            let (at, many) = (self.at(), self.rng.below(50) as u16);
            self.push(at, Action::Spam(many));
        }
        for archive in 0..self.shape.archives {
            let (at, long) = (self.at(), self.within(span / 3));
            self.push(at, Action::Archive(archive, false));
            self.push((at + long).min(span), Action::Archive(archive, true));
        }
        for _ in 0..self.shape.groups {
            let (at, group) = (self.at(), self.rng.below(self.shape.groups as u64) as usize);
            let person = self.one();
            self.push(at, Action::Member(group, person));
        }
        self.devices();
    }

    fn devices(&mut self) {
        let span = self.span();
        for _ in 0..self.shape.pairs {
            // Early, so that there is time to see what comes of it.
            let (at, who) = (self.at() / 4, self.one());
            self.push(at, Action::Pair(who));
        }
        for _ in 0..self.shape.restores {
            let (at, who) = (self.at(), self.one());
            self.push(at, Action::Restore(who));
        }
        for _ in 0..self.shape.put_back {
            let (at, who, long) = (self.at(), self.seat(), self.within(span / 4));
            self.push(at, Action::Copy(who));
            let notices = if self.rng.chance(70) { Notices::Yes } else { Notices::No };
            self.push((at + long).min(span), Action::PutBack(who, notices));
        }
    }

    /// Some leave within the first day, and nothing brings them back.
    fn leave(&mut self) {
        for _ in 0..self.shape.gone {
            let (at, who) = (self.within(Duration::from_secs(86_400)), self.one());
            let comes_back = |action: &Action| match action {
                Action::Online(seat, true) => seat.person == who,
                Action::Pair(person) | Action::Restore(person) => *person == who,
                _ => false,
            };
            self.actions.retain(|(_, action)| !comes_back(action));
            let devices = (0..2).map(|device| Action::Online(Seat { person: who, device }, false));
            self.actions.extend(devices.map(|action| (at, action)));
            self.actions.sort_by_key(|(at, _)| *at);
        }
    }

    fn mix(&mut self, mut people: Vec<Person>) -> Vec<Person> {
        for person in &mut people {
            if self.shape.mixed > 0 && self.rng.chance(self.shape.mixed) {
                person.manner = match self.rng.below(3) {
                    0 => Manner::Offering,
                    1 => Manner::Eventual,
                    _ => Manner::Consistent,
                };
            }
        }
        people
    }
}
