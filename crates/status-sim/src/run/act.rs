//! What happens in a plan, done.

use std::collections::BTreeSet;

use status_layer::Audience;

use crate::app;
use crate::node::NodeId;
use crate::plan::{Action, Seat, To};
use crate::world::Notices;

use super::{MAX_DEVICES, Run, fill};

impl Run<'_> {
    /// Does what is to happen; if it has no meaning now, nothing.
    pub(super) fn act(&mut self, action: Action) {
        self.trace.note(self.world.now, &format!("{action:?}"));
        // What cannot be done is left out.
        let _ = self.try_act(action);
    }

    fn try_act(&mut self, action: Action) -> Option<()> {
        match action {
            Action::Say { from, to, len } => self.say(from, to, len)?,
            Action::Online(seat, online) => {
                let node = self.seat(seat)?;
                self.world.set_online(node, online);
            }
            Action::Die { who, after, cut } => {
                let node = self.world.node_mut(self.seat(who)?);
                node.die_at(node.steps + after, cut);
            }
            Action::FullDisk(seat, long) => {
                let until = self.world.now.after(long);
                let node = self.seat(seat)?;
                self.world.node_mut(node).full_until = until;
            }
            Action::Copy(seat) => {
                let node = self.seat(seat)?;
                let copy = self.world.node(node).store.clone();
                self.people.get_mut(seat.person)?.copy = Some((node, copy));
            }
            Action::PutBack(seat, notices) => self.put_back(seat.person, notices)?,
            Action::Pair(person) => {
                if self.people.get(person)?.devices.len() < MAX_DEVICES && self.plan.is_there(person) {
                    self.add_device(person)?;
                    self.share_all(person);
                }
            }
            Action::Restore(person) => self.restore(person)?,
            Action::Split(mask) => self.split(|person| (mask >> (person % 64) & 1) as u8),
            Action::Join => self.split(|_| 0),
            Action::Archive(at, up) => self.world.archives.get_mut(at)?.up = up,
            Action::Member(group, person) => {
                let members = self.groups.get_mut(group)?;
                if !members.remove(&person) {
                    members.insert(person);
                }
                self.share(group);
            }
            Action::Spam(many) => self.spam(many),
        }
        Some(())
    }

    fn say(&mut self, from: Seat, to: To, len: u16) -> Option<()> {
        let node = self.seat(from)?;
        let (to, readers) = match to {
            To::Person(person) if person != from.person && self.plan.is_there(person) => {
                (Audience::User(self.people.get(person)?.keyring.user()), BTreeSet::from([person]))
            }
            To::Person(_) => return None,
            To::Group(group) => {
                let members = self.groups.get(group)?;
                if !members.contains(&from.person) {
                    return None;
                }
                let others = members.iter().copied();
                let others = others.filter(|at| *at != from.person && self.plan.is_there(*at)).collect();
                (Audience::Group(Self::group(group)), others)
            }
            To::Channel(number) => (Audience::Channel(app::channel(number).ok()?), BTreeSet::new()),
        };
        let id = self.line(node, readers);
        let text = self.text(len);
        self.world.send(node, to, id, text);
        Some(())
    }

    fn put_back(&mut self, person: usize, notices: Notices) -> Option<()> {
        let account = self.people.get_mut(person)?;
        let (node, copy) = account.copy.take()?;
        if !account.devices.contains(&node) {
            return None;
        }
        self.judge.put_back(self.world.now, node, &copy, notices);
        self.world.put_back(node, copy, notices);
        Some(())
    }

    fn restore(&mut self, person: usize) -> Option<()> {
        if !self.plan.is_there(person) {
            return None;
        }
        for node in std::mem::take(&mut self.people.get_mut(person)?.devices) {
            self.look();
            self.world.bury(node);
            self.judge.bury(node);
        }
        self.add_device(person)?;
        self.share_all(person);
        Some(())
    }

    fn share_all(&mut self, person: usize) {
        for group in 0..self.groups.len() {
            if self.groups.get(group).is_some_and(|members| members.contains(&person)) {
                self.share(group);
            }
        }
    }

    fn split(&mut self, side: impl Fn(usize) -> u8) {
        let all: Vec<(usize, NodeId)> = self
            .people
            .iter()
            .enumerate()
            .flat_map(|(person, account)| account.devices.iter().map(move |node| (person, *node)))
            .collect();
        for (person, node) in all {
            self.world.set_side(node, side(person));
        }
        self.world.tell_the_lonely();
    }

    /// Nonsense, old frames, and old frames with a changed byte.
    fn spam(&mut self, many: u16) {
        for _ in 0..many {
            let draw = self.rng.below(u64::MAX);
            let old = self.rng.below(self.overheard.len() as u64) as usize;
            let mut bytes = self.overheard.get(old).cloned().unwrap_or_default();
            match draw % 3 {
                0 => {
                    bytes = vec![0; self.rng.below(1_000) as usize];
                    fill(&mut self.rng, &mut bytes);
                }
                1 => {
                    let at = self.rng.below(bytes.len() as u64) as usize;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = byte.wrapping_add(1);
                    }
                }
                _ => {}
            }
            self.world.forge(draw / 3, bytes);
        }
    }
}
