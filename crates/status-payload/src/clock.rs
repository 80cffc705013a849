//! The order of messages.

use status_layer::Timestamp;

/// A Lamport clock reading: milliseconds since the Unix epoch where nobody's clock is wrong.
///
/// Every chat has one clock, for messages, reactions and changes of membership alike. It never runs
/// backwards: send with [`Clock::next`], and take in what was read with [`Clock::seen`].
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Clock(u64);

impl Clock {
    /// How far peers of 2019 run ahead of the time of day, in milliseconds.
    const LEAD_OF_2019: u64 = 60_000;

    /// A reading as it stands on the wire.
    #[must_use]
    pub const fn new(reading: u64) -> Self {
        Self(reading)
    }

    /// The reading as it stands on the wire.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The reading for the next message of the chat: the time of day, or one more than now if the clock is
    /// not behind it.
    #[must_use]
    pub const fn next(self, now: Timestamp) -> Self {
        if self.0 < now.millis() { Self(now.millis()) } else { Self(self.0.saturating_add(1)) }
    }

    /// The reading for the next message as peers of 2019 count: one minute ahead of the time of day.
    #[must_use]
    pub const fn next_of_2019(self, now: Timestamp) -> Self {
        if self.0 < now.millis() {
            Self(now.millis().saturating_add(Self::LEAD_OF_2019))
        } else {
            Self(self.0.saturating_add(1))
        }
    }

    /// The clock of a chat after a message with reading `other` was read in it.
    #[must_use]
    pub fn seen(self, other: Self) -> Self {
        self.max(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn clock_behind_the_time_of_day_catches_up() {
        assert_eq!(Clock::default().next(NOW), Clock::new(1_000));
        assert_eq!(Clock::new(999).next(NOW), Clock::new(1_000));
    }

    #[test]
    fn clock_never_runs_backwards() {
        let clock = Clock::new(500).seen(Clock::new(2_000));

        assert_eq!(clock, Clock::new(2_000));
        assert_eq!(clock.seen(Clock::new(3)), clock);
        assert_eq!(clock.next(NOW), Clock::new(2_001));
        assert_eq!(Clock::new(1_000).next(NOW), Clock::new(1_001));
    }

    #[test]
    fn clock_stops_at_its_end() {
        assert_eq!(Clock::new(u64::MAX).next(NOW), Clock::new(u64::MAX));
        assert_eq!(Clock::new(0).next_of_2019(Timestamp::from_millis(u64::MAX)), Clock::new(u64::MAX));
    }
}
