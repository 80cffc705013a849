//! A plan that shows a failure is made smaller.

use std::time::Duration;

use crate::link::Link;
use crate::plan::{Manner, Plan};

/// Tries that are made at most.
const MAX_TRIES: usize = 400;

/// The smallest plan found for which `fails` still holds: with fewer actions, fewer people, a simpler network. It holds
/// for what is returned if it held for `plan`.
pub fn shrink(plan: &Plan, fails: &mut dyn FnMut(&Plan) -> bool) -> Plan {
    let mut best = Shrinking { best: plan.clone(), fails, tries: 0 };
    loop {
        let before = best.best.clone();
        best.simplify_network();
        best.drop_people();
        best.drop_actions();
        best.shorten();
        if best.best == before || best.tries >= MAX_TRIES {
            return best.best;
        }
    }
}

struct Shrinking<'f> {
    best: Plan,
    fails: &'f mut dyn FnMut(&Plan) -> bool,
    tries: usize,
}

impl Shrinking<'_> {
    /// Takes a plan if it differs and still fails.
    fn offer(&mut self, plan: Plan) -> bool {
        if plan == self.best || self.tries >= MAX_TRIES {
            return false;
        }
        self.tries += 1;
        let fails = (self.fails)(&plan);
        if fails {
            self.best = plan;
        }
        fails
    }

    fn with(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut plan = self.best.clone();
        change(&mut plan);
        self.offer(plan)
    }

    fn simplify_network(&mut self) {
        if self.with(|plan| plan.link = Link::default()) {
            return;
        }
        self.with(|plan| plan.link.loss = 0);
        self.with(|plan| plan.link.doubled = 0);
        self.with(|plan| plan.link.damaged = 0);
        self.with(|plan| plan.link.late = 0);
        self.with(|plan| plan.link.max_delay = plan.link.min_delay);
        self.with(|plan| plan.archives.clear());
        self.with(|plan| plan.groups.clear());
        self.with(|plan| {
            for person in &mut plan.people {
                (person.skew, person.slow) = (0, 0);
            }
        });
        self.with(|plan| plan.people.iter_mut().for_each(|person| person.manner = Manner::Deployed));
    }

    fn drop_people(&mut self) {
        for at in 0..self.best.people.len() {
            self.with(|plan| {
                if let Some(person) = plan.people.get_mut(at) {
                    person.there = false;
                }
            });
        }
    }

    /// Drops halves, then quarters, and so on down to single actions.
    fn drop_actions(&mut self) {
        let mut size = self.best.actions.len().div_ceil(2);
        while size > 0 && self.tries < MAX_TRIES {
            let mut from = 0;
            while from < self.best.actions.len() {
                let to = (from + size).min(self.best.actions.len());
                let dropped = self.with(|plan| {
                    plan.actions.drain(from..to);
                });
                if !dropped {
                    from = to;
                }
            }
            size /= 2;
        }
    }

    fn shorten(&mut self) {
        let last = self.best.actions.last().map_or(Duration::ZERO, |(at, _)| *at);
        self.with(|plan| plan.span = last + Duration::from_secs(1));
    }
}
