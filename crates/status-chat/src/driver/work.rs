//! From inputs to effects: run a group, commit it, and only then let anything out.

use std::time::Duration;

use status_layer::{StoreError, Unit};
use status_stack::{Fault, Input};
use tokio::time::Instant;
use tracing::{debug, error};

use super::group::{Group, Job};
use super::{Driver, SETTLE_AFTER};
use crate::core::{Effects, Task};
use crate::error::SendError;
use crate::event::Event;

/// How long to wait after a step of our own side failed, before the next one is tried.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Commits in a row that the store refuses before the rest of a group is not tried any more: each may take long.
const MAX_REFUSALS: usize = 2;

impl Driver {
    /// Runs a group as one unit. If the store does not take what came of it, each input is run alone, so that one does
    /// not take the others down.
    pub(super) fn work(&mut self, group: Group) {
        if group.is_empty() {
            return;
        }
        let pressing = group.pressing();
        let jobs = group.into_jobs();
        match self.turn(&jobs) {
            Ok(done) => self.let_out(done, jobs),
            Err(why) if jobs.len() == 1 => {
                jobs.into_iter().for_each(|job| self.fail(&Failed::Store(&why), job));
            }
            Err(why) => {
                debug!(%why, "the inputs of a group are run again one by one");
                self.work_one_by_one(jobs);
            }
        }
        self.window.note(pressing, Instant::now());
    }

    fn work_one_by_one(&mut self, jobs: Vec<Job>) {
        let (mut refusals, mut refusal) = (0, None);
        for job in jobs {
            if let Some(why) = refusal.as_ref().filter(|_| refusals >= MAX_REFUSALS) {
                self.fail(&Failed::Store(why), job);
                continue;
            }
            let one = vec![job];
            match self.turn(&one) {
                Ok(done) => {
                    refusals = 0;
                    self.let_out(done, one);
                }
                Err(why) => {
                    // What is too large or too much is the fault of its input, and says nothing about the next one.
                    let is_its_own = matches!(why, StoreError::TooLarge { .. } | StoreError::TooMany { .. });
                    refusals += usize::from(!is_its_own);
                    one.into_iter().for_each(|job| self.fail(&Failed::Store(&why), job));
                    refusal = Some(why);
                }
            }
        }
    }

    /// Runs a group and commits what all layers wrote: the one durable moment. A task that fails leaves no trace, and the
    /// others go on as if it had not been there.
    pub(super) fn turn(&mut self, jobs: &[Job]) -> Result<Vec<Result<Effects, Fault>>, StoreError> {
        let mut unit = Unit::new(self.clock.now(), &mut *self.rng, &*self.store);
        let core = &self.core;
        let done = jobs.iter().map(|job| unit.attempt(|unit| core.run(unit, job.task.clone()))).collect();
        let batch = unit.into_batch();
        if !batch.is_empty() {
            self.store.commit(batch)?;
            self.tally.commits += 1;
            self.settles = Some(Instant::now() + SETTLE_AFTER);
        }
        Ok(done)
    }

    /// After the commit, in the order of the inputs: publish, listen, answer, tell.
    pub(super) fn let_out(&mut self, done: Vec<Result<Effects, Fault>>, jobs: Vec<Job>) {
        for (done, job) in done.into_iter().zip(jobs) {
            let effects = match done {
                Ok(effects) => effects,
                Err(fault) => {
                    self.fail(&Failed::Step(&fault), job);
                    continue;
                }
            };
            self.tally.add(&effects.tally);
            if let Some(wake) = effects.wake {
                self.wake = wake;
            }
            if let Some(topics) = &effects.topics {
                self.network.watch(topics);
            }
            for (id, frame) in effects.frames {
                self.waiting.insert(id);
                self.network.publish(id, frame);
            }
            for (id, frame, work) in effects.work {
                self.miner.start(id, frame, work);
            }
            if let Some(wanted) = effects.fetch {
                self.network.fetch(wanted);
            }
            // Before the answer: whoever takes errands sees when the next is due.
            let errands = effects.errands;
            self.errands.send_if_modified(|due| std::mem::replace(due, errands) != errands);
            if let Some(reply) = job.reply {
                // Whoever asked may be gone; then nobody is to be told.
                drop(reply.send(effects.refused.map_or(Ok(()), Err)));
            }
            for event in effects.events {
                self.tell(event);
            }
            if effects.kept {
                self.kept.send_replace(());
            }
        }
    }

    fn fail(&mut self, failed: &Failed<'_>, job: Job) {
        error!(%failed, "a step failed and left no trace");
        let now = self.clock.now();
        let later = now.after(AFTER_FAILURE);
        // What is due already would only fail again at once.
        self.wake = Some(self.wake.filter(|wake| *wake > now).map_or(later, |wake| wake.min(later)));
        // What waits is not tried before somebody joins, and somebody did.
        self.unheard |= matches!(job.task, Task::Layers(Input::Online(true)));
        if let Some(reply) = job.reply {
            // Whoever asked may be gone; then nobody is to be told.
            drop(reply.send(Err(failed.answer())));
        }
        self.tell(Event::Failed { why: failed.to_string() });
    }
}

/// Our own side failed.
#[derive(Debug, thiserror::Error)]
enum Failed<'a> {
    #[error("{0}")]
    Step(&'a Fault),
    #[error("{0}")]
    Store(&'a StoreError),
}

impl Failed<'_> {
    fn answer(&self) -> SendError {
        match self {
            Self::Store(StoreError::Full) => SendError::Full,
            Self::Store(StoreError::ReadOnly) => SendError::ReadOnly,
            _ => SendError::Failed(self.to_string()),
        }
    }
}
