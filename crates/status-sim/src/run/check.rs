//! What has to hold at the end.

use std::time::Duration;

use status_layer::Timestamp;

use crate::node::NodeId;
use crate::report::Report;

use super::{Rule, Run};

/// By when all contacts write to a new device as well.
const KNOWN_AFTER: Duration = Duration::from_secs(13 * 3_600);

/// When a message that nobody acknowledges has to be given up at the latest: after 30 days, an hour between two sendings,
/// and whatever kept its sender from looking at the clock.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(31 * 86_400);

impl Run<'_> {
    /// What nobody acknowledged for so long must have been given up, whoever is away and whatever is full.
    pub(super) fn check_given_up(&mut self) {
        let now = self.world.now;
        let old = |id| self.judge.lines.get(id).is_some_and(|line| now.since(line.said) > GIVEN_UP_WITHIN);
        if let Some((id, reader)) = self.judge.open.iter().find(|(id, _)| old(id)) {
            let what = format!("{id:?} to {reader} is neither acknowledged nor given up");
            self.judge.fail(Rule::NothingIsSilent, now, what);
        }
    }

    pub(super) fn finish(&mut self) {
        self.look();
        let now = self.world.now;
        let all: Vec<NodeId> = self.people.iter().flat_map(|account| account.devices.clone()).collect();
        for node in all {
            // What the application was shown is what is stored.
            self.judge.reload(now, node, &self.world.node(node).store);
        }
        if let Some((id, reader)) = self.judge.open.first() {
            let line = self.judge.lines.get(id);
            let from = line.map(|line| self.name(line.from)).unwrap_or_default();
            let said = line.map_or(0, |line| line.said.since(self.trace.began()).as_secs());
            let what = format!(
                "{id:?} of {from} to {reader}, said after {said} s, and {} others wait still",
                self.judge.open.len() - 1
            );
            self.judge.fail(Rule::NothingIsSilent, now, what);
        }
        if let Some((id, reader)) = self.judge.held.first() {
            let what = format!("{id:?} was acknowledged and never shown by {reader}");
            self.judge.fail(Rule::AckedIsStored, now, what);
        }
        if self.plan.is_calm() {
            self.converge();
        }
        if let Some(fault) = self.world.faults.first().cloned() {
            self.judge.fail(Rule::NoFault, now, fault);
        }
    }

    /// Where nothing was lost, what was said since everybody has heard of a user's second device is on both.
    fn converge(&mut self) {
        let now = self.world.now;
        for account in &self.people {
            let [one, other] = account.devices.as_slice() else { continue };
            let (Some(first), Some(second)) = (self.judge.device(*one), self.judge.device(*other)) else {
                continue;
            };
            let known = second.since.max(first.since).after(KNOWN_AFTER);
            let lines = self.judge.lines.iter().filter(|(_, line)| line.accepted && line.said >= known);
            let has = |node: NodeId, id| {
                self.judge.lines.get(id).is_some_and(|line| line.from == node)
                    || self.judge.device(node).is_some_and(|device| device.stored.contains_key(id))
            };
            let private = lines.filter(|(_, line)| !line.readers.is_empty());
            let differs = private.map(|(id, _)| id).find(|id| has(*one, id) != has(*other, id)).copied();
            if let Some(id) = differs {
                let what = format!("{id:?} is on one device of {} alone", first.person);
                return self.judge.fail(Rule::DevicesConverge, now, what);
            }
        }
    }

    pub(super) fn report(self, began: Timestamp) -> Report {
        let (sendings, resends) = self.tap.sendings();
        let mut tally = self.judge.tally;
        tally.latency.sort_unstable();
        Report {
            seed: self.plan.seed,
            broken: self.judge.broken,
            tally,
            stats: self.world.stats,
            sendings,
            resends,
            time: self.world.now.since(began),
            digest: self.trace.digest(),
            lines: self.trace.into_lines(),
        }
    }
}
