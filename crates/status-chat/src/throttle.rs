//! Limits how often something that others cause may happen.

use std::time::Duration;

use status_layer::Timestamp;

/// Lets something happen at most once in a while. What comes too soon is not lost but happens, once, when its time has
/// come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttle {
    gap: Duration,
    last: Option<Timestamp>,
    owed: bool,
}

impl Throttle {
    pub(crate) const fn new(gap: Duration) -> Self {
        Self { gap, last: None, owed: false }
    }

    /// Something wants to happen; whether it may now.
    pub(crate) fn ask(&mut self, now: Timestamp) -> bool {
        self.owed = true;
        self.due(now)
    }

    /// Whether something that came too soon may happen now.
    pub(crate) fn due(&mut self, now: Timestamp) -> bool {
        // A clock that was set back must not hold it up for long.
        let waits = self.last.is_some_and(|last| last <= now && now.since(last) < self.gap);
        if !self.owed || waits {
            return false;
        }
        self.owed = false;
        self.last = Some(now);
        true
    }

    /// What came too soon need not happen any more.
    pub(crate) const fn forget(&mut self) {
        self.owed = false;
    }

    /// When to ask again, if something is owed.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.last.filter(|_| self.owed).map(|last| last.after(self.gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(2);

    const fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn what_comes_too_soon_happens_once_and_later() {
        let mut throttle = Throttle::new(GAP);

        assert!(throttle.ask(at(10_000)));
        assert!(!throttle.ask(at(10_001)) && !throttle.ask(at(10_002)));
        assert_eq!(throttle.next(), Some(at(12_000)));
        assert!(!throttle.due(at(11_999)));
        assert!(throttle.due(at(12_000)));
        assert!(!throttle.due(at(20_000)), "it happened already");
        assert_eq!(throttle.next(), None);
    }

    #[test]
    fn what_was_forgotten_does_not_happen() {
        let mut throttle = Throttle::new(GAP);
        throttle.ask(at(10_000));
        throttle.ask(at(10_001));

        throttle.forget();

        assert!(!throttle.due(at(12_000)) && throttle.next().is_none());
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let mut throttle = Throttle::new(GAP);
        throttle.ask(at(10_000));

        assert!(throttle.ask(at(5_000)));
    }
}
