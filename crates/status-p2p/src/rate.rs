//! How often each peer may ask.

use std::collections::HashMap;
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

/// Peers of whom it is remembered when they asked. Who asked longest ago is forgotten first.
const MAX_PEERS: usize = 4096;

/// A bucket of permits for each peer, refilled at a steady rate.
#[derive(Debug)]
pub(crate) struct Rates {
    each: Duration,
    burst: u32,
    // When a peer's bucket is full again.
    full_at: HashMap<PeerId, Instant>,
}

impl Rates {
    /// `burst` permits at once, and a new one after each `each`.
    pub(crate) fn new(each: Duration, burst: u32) -> Self {
        Self { each, burst: burst.max(1), full_at: HashMap::new() }
    }

    /// Takes a permit of the peer; `false` if none is left.
    pub(crate) fn allow(&mut self, peer: PeerId, now: Instant) -> bool {
        if self.full_at.len() >= MAX_PEERS && !self.full_at.contains_key(&peer) {
            self.make_room(now);
        }
        let full_at = self.full_at.get(&peer).copied().filter(|at| *at > now).unwrap_or(now);
        let taken = full_at + self.each;
        // Invariant: a bucket is never emptier than empty, so a flood does not lengthen the wait.
        if taken.duration_since(now) > self.each.saturating_mul(self.burst) {
            return false;
        }
        self.full_at.insert(peer, taken);
        true
    }

    fn make_room(&mut self, now: Instant) {
        self.full_at.retain(|_, at| *at > now);
        if self.full_at.len() >= MAX_PEERS
            && let Some(oldest) = self.full_at.iter().min_by_key(|(_, at)| **at).map(|(peer, _)| *peer)
        {
            self.full_at.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_passes_and_then_one_in_each_period() {
        let mut rates = Rates::new(SECOND, 3);
        let (peer, now) = (PeerId::random(), Instant::now());

        let at_once = (0..10).filter(|_| rates.allow(peer, now)).count();
        let later = (0..10).filter(|_| rates.allow(peer, now + SECOND)).count();

        assert_eq!((at_once, later), (3, 1));
        assert!(rates.allow(PeerId::random(), now), "others have permits of their own");
    }

    #[test]
    fn peers_that_are_remembered_are_bounded() {
        let mut rates = Rates::new(SECOND, 1);
        let now = Instant::now();

        for _ in 0..MAX_PEERS + 100 {
            rates.allow(PeerId::random(), now);
        }

        assert_eq!(rates.full_at.len(), MAX_PEERS);
    }
}
