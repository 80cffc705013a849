//! How two people stand: what each of them has done last about being contacts, and when.
//!
//! Spec: the contact states of deployed peers. Each side has a clock; a step at a clock that is not newer changes nothing.

use status_payload::{Clock, ContactRequestPropagatedState};

/// What one side has done last.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Side {
    /// Nothing, or they took back what they did.
    #[default]
    None,
    /// They asked, or accepted. Of the other side this is called received.
    Asked,
    /// They denied.
    Dismissed,
}

/// Both sides, as we know them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Relation {
    pub(crate) local: (Side, u64),
    pub(crate) remote: (Side, u64),
}

/// What followed from something that they did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Reaction {
    /// They ask, and did not before.
    pub(crate) asked: bool,
    /// They gave up what they had asked for.
    pub(crate) retracted: bool,
    /// They know an older state of ours than the one there is: they are to be told.
    pub(crate) tell: bool,
}

const SENT: u64 = 2;
const RECEIVED: u64 = 3;
const DISMISSED: u64 = 4;

impl Relation {
    /// We want them as a contact: we ask, or accept.
    pub(crate) const fn ask(&mut self, clock: u64) {
        if clock > self.local.1 {
            self.local = (Side::Asked, clock);
        }
    }

    /// We do not want them as a contact.
    pub(crate) const fn dismiss(&mut self, clock: u64) {
        if clock > self.local.1 {
            self.local = (Side::Dismissed, clock);
        }
    }

    /// We take back what we did. That ends it for both sides.
    pub(crate) const fn retract(&mut self, clock: u64) {
        if clock > self.local.1 {
            self.local = (Side::None, clock);
            self.remote = (Side::None, clock);
        }
    }

    /// They asked, or accepted.
    pub(crate) fn asked(&mut self, clock: u64) -> Reaction {
        if clock <= self.remote.1 {
            return Reaction::default();
        }
        let asked = self.remote.0 == Side::None;
        self.remote = (Side::Asked, clock);
        Reaction { asked, ..Reaction::default() }
    }

    /// They took back what they did. What we have denied stays denied.
    pub(crate) fn retracted(&mut self, clock: u64) -> Reaction {
        if clock <= self.remote.1 {
            return Reaction::default();
        }
        let retracted = self.remote.0 == Side::Asked || self.local.0 == Side::Asked;
        self.remote = (Side::None, clock);
        if self.local.0 != Side::Dismissed {
            self.local = (Side::None, clock);
        }
        Reaction { retracted, ..Reaction::default() }
    }

    /// They say how they see the two sides.
    pub(crate) fn seen_by_them(&mut self, state: &ContactRequestPropagatedState) -> Reaction {
        let (known, at) = (side(state.remote_state), state.remote_clock.value());
        let tell = at < self.local.1 && known != self.local.0;
        let mut retracted = false;
        if at > self.local.1 && self.local.0 != Side::Dismissed && known == Side::None {
            retracted = self.local.0 == Side::Asked;
            self.local = (Side::None, at);
            self.remote.0 = Side::None;
        }
        let then = match side(state.local_state) {
            Side::Asked => self.asked(state.local_clock.value()),
            Side::None => self.retracted(state.local_clock.value()),
            Side::Dismissed => Reaction::default(),
        };
        Reaction { tell, retracted: retracted || then.retracted, asked: then.asked }
    }

    /// Another device of ours says how it sees the two sides: whatever is newer there holds.
    pub(crate) fn seen_by_us(&mut self, state: &ContactRequestPropagatedState) {
        if state.local_clock.value() > self.local.1 {
            self.local = (side(state.local_state), state.local_clock.value());
        }
        if state.remote_clock.value() > self.remote.1 {
            self.remote = (side(state.remote_state), state.remote_clock.value());
        }
    }

    /// How we see the two sides, for them and for our other devices.
    pub(crate) fn told(&self) -> ContactRequestPropagatedState {
        ContactRequestPropagatedState {
            local_clock: Clock::new(self.local.1),
            local_state: number(self.local.0, SENT),
            remote_clock: Clock::new(self.remote.1),
            remote_state: number(self.remote.0, RECEIVED),
        }
    }

    /// The newest clock of both.
    pub(crate) const fn clock(&self) -> u64 {
        if self.local.1 > self.remote.1 { self.local.1 } else { self.remote.1 }
    }

    /// Whether we want them as a contact.
    pub(crate) fn is_added(&self) -> bool {
        self.local.0 == Side::Asked
    }

    /// Whether both want each other as a contact.
    pub(crate) fn is_mutual(&self) -> bool {
        self.is_added() && self.remote.0 == Side::Asked
    }
}

impl Side {
    /// The side as a byte of a row.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Asked => 1,
            Self::Dismissed => 2,
        }
    }

    /// The side in a byte of a row.
    pub(crate) const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::None),
            1 => Some(Self::Asked),
            2 => Some(Self::Dismissed),
            _ => None,
        }
    }
}

const fn number(side: Side, asked: u64) -> u64 {
    match side {
        Side::None => 0,
        Side::Asked => asked,
        Side::Dismissed => DISMISSED,
    }
}

/// The side in a number of the wire. What is unknown there is nothing.
const fn side(number: u64) -> Side {
    match number {
        SENT | RECEIVED => Side::Asked,
        DISMISSED => Side::Dismissed,
        _ => Side::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Relation {
        Relation { local: (Side::Asked, 5), remote: (Side::None, 0) }
    }

    fn mutual() -> Relation {
        Relation { remote: (Side::Asked, 6), ..asked() }
    }

    #[test]
    fn a_step_that_is_not_newer_changes_nothing() {
        for clock in [0, 4, 5] {
            let mut relation = asked();
            relation.ask(clock);
            relation.dismiss(clock);
            relation.retract(clock);
            assert_eq!(relation, asked());
        }
        for clock in [0, 5, 6] {
            let mut relation = mutual();
            assert_eq!(relation.asked(clock), Reaction::default());
            assert_eq!(relation.retracted(clock), Reaction::default());
            assert_eq!(relation, mutual());
        }
    }

    #[test]
    fn who_asks_again_is_told_of_once() {
        let mut relation = Relation::default();

        let reactions = [relation.asked(3).asked, relation.asked(4).asked];

        assert_eq!((reactions, relation.remote), ([true, false], (Side::Asked, 4)));
    }

    #[test]
    fn what_either_takes_back_is_over_for_both_but_what_was_denied_stays_denied() {
        let mut ours = mutual();
        ours.retract(9);
        let mut theirs = mutual();
        let told = theirs.retracted(9);
        let mut denied = Relation { local: (Side::Dismissed, 7), remote: (Side::Asked, 6) };
        denied.retracted(9);

        assert_eq!(ours, Relation { local: (Side::None, 9), remote: (Side::None, 9) });
        assert_eq!((ours, told.retracted), (theirs, true));
        assert_eq!(denied, Relation { local: (Side::Dismissed, 7), remote: (Side::None, 9) });
    }

    #[test]
    fn an_acceptance_that_was_lost_comes_with_whatever_they_say_next() {
        let accepted = Relation { local: (Side::Asked, 8), remote: (Side::Asked, 5) };
        let mut waiting = asked();

        let reaction = waiting.seen_by_them(&accepted.told());

        assert!(reaction.asked && !reaction.tell && waiting.is_mutual());
    }

    #[test]
    fn who_knows_an_older_state_of_ours_is_told() {
        let mut accepted = Relation { local: (Side::Asked, 8), remote: (Side::Asked, 5) };

        let behind = accepted.seen_by_them(&asked().told());
        let after = accepted.seen_by_them(&Relation { remote: (Side::Asked, 8), ..asked() }.told());

        assert_eq!((behind.tell, after.tell), (true, false));
    }

    #[test]
    fn a_retraction_that_was_lost_comes_with_whatever_they_say_next() {
        let gone = Relation { local: (Side::None, 9), remote: (Side::None, 9) };
        let mut behind = mutual();
        let mut denied = Relation { local: (Side::Dismissed, 7), ..mutual() };

        let reaction = behind.seen_by_them(&gone.told());
        denied.seen_by_them(&gone.told());

        assert!(reaction.retracted && !behind.is_added() && behind.remote.0 == Side::None);
        assert_eq!(denied.local, (Side::Dismissed, 7));
    }

    #[test]
    fn devices_of_one_user_come_to_agree_whatever_they_hear_first() {
        let (one, other) = (mutual(), Relation { local: (Side::None, 9), remote: (Side::None, 9) });
        let (mut here, mut there) = (one, other);

        here.seen_by_us(&other.told());
        there.seen_by_us(&one.told());

        assert_eq!((here, there), (other, other));
    }
}
