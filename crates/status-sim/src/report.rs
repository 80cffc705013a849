//! What came of a run.

use std::time::Duration;

use crate::judge::{Broken, Tally};
use crate::world::Stats;

/// How far a run is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Virtual time that has passed.
    pub time: Duration,
    /// Virtual time until the network heals.
    pub of: Duration,
    /// Messages accepted so far.
    pub messages: u64,
    /// Acknowledgements so far.
    pub delivered: u64,
    /// Acknowledgements that are to come in all, for what was accepted so far.
    pub expected: u64,
}

/// What came of a run, or of several.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The seed of the plan; of the last one if there were several.
    pub seed: u64,
    /// The rule that was broken, if one was.
    pub broken: Option<Broken>,
    /// What people and layers did.
    pub tally: Tally,
    /// What nodes and the network did.
    pub stats: Stats,
    /// Messages that data sync sent, each time that it did.
    pub sendings: u64,
    /// Of these, not for the first time.
    pub resends: u64,
    /// Virtual time.
    pub time: Duration,
    /// A digest of all events.
    pub digest: u64,
    /// All events, if they were wanted.
    pub lines: Vec<String>,
}

impl Report {
    /// The latency below which this part of a thousand stays, in milliseconds of virtual time.
    #[must_use]
    pub fn latency(&self, per_mille: usize) -> u64 {
        let all = &self.tally.latency;
        let at = (all.len().saturating_sub(1)) * per_mille.min(1_000) / 1_000;
        all.get(at).copied().unwrap_or_default()
    }

    /// Bytes on the wire for each private message that was acknowledged.
    #[must_use]
    pub fn bytes_each(&self) -> u64 {
        self.stats.bytes.checked_div(self.tally.delivered).unwrap_or_default()
    }

    /// Adds what came of another run. The first broken rule stays, and so does its seed.
    pub fn add(&mut self, other: &Self) {
        if self.broken.is_none() {
            (self.seed, self.broken) = (other.seed, other.broken.clone());
        }
        let (to, from) = (&mut self.tally, &other.tally);
        to.messages += from.messages;
        to.expected += from.expected;
        to.delivered += from.delivered;
        to.given_up += from.given_up;
        to.shown += from.shown;
        to.duplicates += from.duplicates;
        to.forgotten += from.forgotten;
        to.overtaken += from.overtaken;
        to.gaps += from.gaps;
        to.resets += from.resets;
        to.refused += from.refused;
        to.latency.extend(&from.latency);
        to.latency.sort_unstable();
        let (to, from) = (&mut self.stats, &other.stats);
        to.steps += from.steps;
        to.frames += from.frames;
        to.bytes += from.bytes;
        to.lost += from.lost;
        to.doubled += from.doubled;
        to.crashes += from.crashes;
        to.full += from.full;
        self.sendings += other.sendings;
        self.resends += other.resends;
        self.time += other.time;
        self.digest = self.digest.rotate_left(1) ^ other.digest;
    }
}
