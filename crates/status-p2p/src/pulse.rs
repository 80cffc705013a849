//! Whether connections are alive, and whether this machine slept.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

/// So many pings in a row without an answer, and the connection is dead.
const MISSED_PINGS: u8 = 2;
/// How often connections are looked after, and it is asked whether the machine slept.
pub(crate) const TICK: Duration = Duration::from_secs(5);
/// Both clocks may differ by so much over one tick, and a tick may come so late, without meaning.
const SLUMBER: Duration = Duration::from_secs(20);

/// Counts the pings that connections leave without an answer.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    missed: BTreeMap<ConnectionId, u8>,
    died: bool,
}

/// What follows from a ping without an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Missed {
    /// Maybe the next one is answered.
    Wait,
    /// The connection is dead.
    Dead,
    /// This was the last connection, and since the first of them died none has answered: it is us.
    AllDead,
}

impl Pulse {
    pub(crate) fn opened(&mut self, connection: ConnectionId) {
        self.missed.insert(connection, 0);
    }

    pub(crate) fn closed(&mut self, connection: ConnectionId) {
        self.missed.remove(&connection);
    }

    pub(crate) fn answered(&mut self, connection: ConnectionId) {
        self.died = false;
        self.missed.insert(connection, 0);
    }

    pub(crate) fn missed(&mut self, connection: ConnectionId) -> Missed {
        let count = self.missed.entry(connection).or_default();
        *count = count.saturating_add(1);
        if *count < MISSED_PINGS {
            return Missed::Wait;
        }
        self.missed.remove(&connection);
        let others = std::mem::replace(&mut self.died, true);
        if others && self.missed.is_empty() { Missed::AllDead } else { Missed::Dead }
    }
}

/// Notices that the machine slept or this process stood still: connections that were alive before are not to be
/// trusted, and messages were missed.
///
/// On some systems the monotonic clock stands still while the machine sleeps, then the other clock runs ahead; on others
/// it goes on, then a tick comes late.
#[derive(Debug)]
pub(crate) struct Slumber {
    last: Instant,
    wall: SystemTime,
}

impl Slumber {
    pub(crate) const fn new(now: Instant, wall: SystemTime) -> Self {
        Self { last: now, wall }
    }

    /// When to ask next.
    pub(crate) fn next(&self) -> Instant {
        self.last + TICK
    }

    /// For how long the machine slept since it was asked last, if it did.
    pub(crate) fn woke(&mut self, now: Instant, wall: SystemTime) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.last);
        // A clock that was set back says nothing.
        let by_the_wall = wall.duration_since(self.wall).unwrap_or_default();
        (self.last, self.wall) = (now, wall);
        let slept = passed.max(by_the_wall).saturating_sub(TICK);
        (slept >= SLUMBER).then_some(slept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> [ConnectionId; 3] {
        [1, 2, 3].map(ConnectionId::new_unchecked)
    }

    #[test]
    fn two_pings_in_a_row_without_an_answer_are_death() {
        let [a, b, _] = connections();
        let mut pulse = Pulse::default();
        pulse.opened(a);
        pulse.opened(b);

        assert_eq!(pulse.missed(a), Missed::Wait);
        pulse.answered(a);
        assert_eq!(pulse.missed(a), Missed::Wait, "an answer begins the count anew");
        assert_eq!(pulse.missed(a), Missed::Dead);
    }

    #[test]
    fn when_all_die_and_nobody_answers_it_is_us() {
        let [a, b, c] = connections();
        let mut pulse = Pulse::default();
        for connection in connections() {
            pulse.opened(connection);
            assert_eq!(pulse.missed(connection), Missed::Wait);
        }

        assert_eq!(pulse.missed(a), Missed::Dead);
        assert_eq!(pulse.missed(b), Missed::Dead);
        assert_eq!(pulse.missed(c), Missed::AllDead);
    }

    #[test]
    fn one_that_answers_or_a_lone_one_that_dies_is_not_all() {
        let [a, b, c] = connections();
        let mut pulse = Pulse::default();
        for connection in connections() {
            pulse.opened(connection);
        }
        let both = |pulse: &mut Pulse, connection| [pulse.missed(connection), pulse.missed(connection)];

        assert_eq!(both(&mut pulse, a), [Missed::Wait, Missed::Dead]);
        pulse.answered(b);
        assert_eq!(both(&mut pulse, b), [Missed::Wait, Missed::Dead]);
        pulse.closed(c);
        pulse.opened(c);
        pulse.answered(c);
        assert_eq!(both(&mut pulse, c), [Missed::Wait, Missed::Dead], "the only one: its end is what it is");
    }

    #[test]
    fn sleep_shows_in_either_clock() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let fresh = || Slumber::new(now, wall);
        let hour = Duration::from_secs(3600);

        assert_eq!(fresh().woke(now + TICK, wall + TICK), None);
        assert_eq!(
            fresh().woke(now + TICK, wall + TICK + hour),
            Some(hour),
            "the monotonic clock stood still"
        );
        assert_eq!(fresh().woke(now + TICK + hour, wall + TICK + hour), Some(hour), "it went on");
        assert_eq!(fresh().woke(now + TICK + hour, wall), Some(hour), "the process stood still");
    }

    #[test]
    fn busy_machines_and_clocks_that_are_set_are_no_sleep() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let mut slumber = Slumber::new(now, wall);
        let second = Duration::from_secs(1);

        assert_eq!(slumber.woke(now + 3 * TICK, wall + 3 * TICK), None, "a busy machine");
        assert_eq!(slumber.woke(now + 4 * TICK, wall - 100 * second), None, "a clock that was set back");
        assert_eq!(slumber.woke(now + 5 * TICK, wall - 100 * second + TICK), None);
        assert_eq!(slumber.next(), now + 6 * TICK);
    }
}
