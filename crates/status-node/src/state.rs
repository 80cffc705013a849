//! How a running node is, for whoever asks: written once a second, read by metrics and health.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use status_p2p::{ArchiveSize, Stats};
use tokio::time::Instant;

/// A node that has not said for so long how it is does not live.
const SILENCE: Duration = Duration::from_secs(30);

/// How a running node is.
#[derive(Debug)]
pub(crate) struct State {
    wanted: u64,
    now: Mutex<Now>,
}

#[derive(Clone, Debug)]
pub(crate) struct Now {
    pub(crate) stats: Stats,
    /// At how many addresses it listens.
    pub(crate) listening: usize,
    pub(crate) archive: Archive,
    /// How much is kept, as far as it was told.
    pub(crate) size: ArchiveSize,
    told: Instant,
}

/// How the archive is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Archive {
    /// There is none.
    None,
    /// What was asked of it last was done.
    Works,
    /// What was written last could not be, or it does not answer.
    Fails,
}

impl State {
    pub(crate) fn new(wanted: u64, archive: Archive) -> Self {
        let now = Now {
            stats: Stats::default(),
            listening: 0,
            archive,
            size: ArchiveSize::default(),
            told: Instant::now(),
        };
        Self { wanted, now: Mutex::new(now) }
    }

    /// The node says how it is.
    pub(crate) fn tell(&self, stats: Stats, listening: usize) {
        let mut now = self.lock();
        (now.stats, now.listening, now.told) = (stats, listening, Instant::now());
    }

    /// The archive did something, or could not.
    pub(crate) fn archive(&self, works: bool) {
        self.lock().archive = if works { Archive::Works } else { Archive::Fails };
    }

    pub(crate) fn size(&self, size: ArchiveSize) {
        self.lock().size = size;
    }

    pub(crate) fn now(&self) -> Now {
        self.lock().clone()
    }

    /// Whether the node still turns round.
    pub(crate) fn alive(&self) -> bool {
        self.alive_at(Instant::now())
    }

    fn alive_at(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.lock().told) < SILENCE
    }

    /// Whether others can be sent here, and why not.
    pub(crate) fn ready(&self) -> Readiness {
        let now = self.now();
        Readiness {
            listening: now.listening > 0,
            archive: now.archive,
            peers: now.stats.carriers,
            wanted: self.wanted,
            alive: self.alive(),
        }
    }

    // Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a node can serve.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Readiness {
    pub(crate) listening: bool,
    pub(crate) archive: Archive,
    pub(crate) peers: u64,
    pub(crate) wanted: u64,
    pub(crate) alive: bool,
}

impl Readiness {
    pub(crate) fn is_ready(self) -> bool {
        self.alive && self.listening && self.archive != Archive::Fails && self.peers >= self.wanted
    }

    pub(crate) fn to_json(self) -> String {
        let archive = match self.archive {
            Archive::None => "none",
            Archive::Works => "works",
            Archive::Fails => "fails",
        };
        format!(
            "{{\"ready\":{},\"alive\":{},\"listening\":{},\"archive\":\"{archive}\",\"peers\":{},\"wanted\":{}}}\n",
            self.is_ready(),
            self.alive,
            self.listening,
            self.peers,
            self.wanted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected(carriers: u64) -> Stats {
        let mut stats = Stats::default();
        stats.carriers = carriers;
        stats
    }

    #[test]
    fn a_node_is_ready_when_all_that_others_need_is_there() {
        let state = State::new(2, Archive::Works);
        assert!(!state.ready().is_ready(), "it does not listen yet");

        state.tell(connected(1), 1);
        assert!(!state.ready().is_ready(), "it has too few peers");
        state.tell(connected(2), 1);
        assert!(state.ready().is_ready());

        state.archive(false);
        assert!(!state.ready().is_ready(), "its archive fails");
        state.archive(true);
        assert!(state.ready().is_ready());
        assert!(!Readiness { alive: false, ..state.ready() }.is_ready(), "it has been silent");
    }

    #[test]
    fn a_node_that_says_nothing_does_not_live() {
        let state = State::new(0, Archive::None);
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);

        assert!(state.alive_at(later(25)));
        assert!(!state.alive_at(later(31)));
    }

    #[test]
    fn without_an_archive_a_node_can_be_ready() {
        let state = State::new(0, Archive::None);
        state.tell(Stats::default(), 1);

        let told = state.ready().to_json();

        assert!(told.contains("\"ready\":true") && told.contains("\"archive\":\"none\""), "{told}");
    }
}
