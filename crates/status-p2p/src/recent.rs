//! What was seen lately.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Remembers ids for some time, and not more than some number of them; the oldest are forgotten first.
#[derive(Debug)]
pub(crate) struct Recent {
    keep: Duration,
    most: usize,
    ids: HashSet<[u8; 32]>,
    order: VecDeque<(Instant, [u8; 32])>,
}

impl Recent {
    pub(crate) fn new(most: usize, keep: Duration) -> Self {
        Self { keep, most, ids: HashSet::new(), order: VecDeque::new() }
    }

    /// Remembers `id`; returns whether it was unknown.
    pub(crate) fn insert(&mut self, now: Instant, id: [u8; 32]) -> bool {
        self.forget(now);
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back((now, id));
        true
    }

    /// Whether `id` is remembered.
    pub(crate) fn contains(&mut self, now: Instant, id: &[u8; 32]) -> bool {
        self.forget(now);
        self.ids.contains(id)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, id)) = self.order.front() {
            let old = now.saturating_duration_since(*at) >= self.keep;
            // Invariant: at most `most` remain once another one is put in.
            if !old && self.order.len() < self.most {
                return;
            }
            self.ids.remove(id);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Duration = Duration::from_secs(10);

    #[test]
    fn an_id_is_new_once() {
        let mut recent = Recent::new(8, KEEP);
        let now = Instant::now();

        assert!(recent.insert(now, [1; 32]));
        assert!(!recent.insert(now, [1; 32]));
        assert!(recent.contains(now, &[1; 32]));
        assert!(!recent.contains(now, &[2; 32]));
    }

    #[test]
    fn ids_are_forgotten_in_time() {
        let mut recent = Recent::new(8, KEEP);
        let now = Instant::now();
        recent.insert(now, [1; 32]);

        assert!(!recent.insert(now + KEEP - Duration::from_millis(1), [1; 32]));
        assert!(recent.insert(now + KEEP, [1; 32]));
    }

    #[test]
    fn the_oldest_gives_way_when_there_are_too_many() {
        let mut recent = Recent::new(3, KEEP);
        let now = Instant::now();
        for byte in 1..=4 {
            recent.insert(now, [byte; 32]);
        }

        assert_eq!(recent.ids.len(), 3);
        assert!(!recent.ids.contains(&[1; 32]));
        assert!(recent.ids.contains(&[4; 32]));
    }
}
