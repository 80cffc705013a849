//! Whether two users are contacts: a small machine on either side, fed with what the other says.

use crate::{Clock, ContactRequestPropagatedState};

/// What one side of a relation has done.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ContactState {
    /// Nothing, or nothing any more.
    #[default]
    None,
    /// Both sides want it. Only for views: no side has this state by itself.
    Mutual,
    /// We have asked, or accepted.
    Sent,
    /// They have asked, or accepted.
    Received,
    /// We do not want to hear of it.
    Dismissed,
}

/// One side of a relation, and when it last changed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Side {
    /// What that side has done.
    pub state: ContactState,
    /// Lamport clock of the chat at that time.
    pub clock: Clock,
}

/// How we stand with one other user.
///
/// Every step carries a clock and has no effect if that side is as new already; hence what comes twice, late
/// or not at all does no harm: the state that every message carries ([`Relation::shown`]) mends the rest.
///
/// In two things this is stricter than deployed peers. A retraction ends what stands on both sides. Peers let
/// it end even a request that is newer than the retraction, and then the two users see each other
/// differently for ever; here what is newer stays, and with equal clocks the retraction counts on both sides.
/// And who has dismissed somebody does not answer them: peers do, though the answer changes nothing, and two
/// who have dismissed each other answer without end.
///
/// ```
/// use status_payload::{Clock, Relation};
///
/// let (mut alice, mut bob) = (Relation::default(), Relation::default());
/// let at = alice.clock(Clock::new(10));
/// alice.send(at);
/// assert!(bob.request_received(at).new_request);
///
/// let at = bob.clock(Clock::new(10));
/// bob.accept(at);
/// alice.accept_received(at);
/// assert!(alice.mutual() && bob.mutual());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Relation {
    /// Our side: `None`, `Sent` or `Dismissed`.
    pub local: Side,
    /// Their side: `None` or `Received`.
    pub remote: Side,
}

/// What follows from a step.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reaction {
    /// The relation is to be saved.
    pub changed: bool,
    /// They ask, and had not asked before: to be shown.
    pub new_request: bool,
    /// They know less than we: to be answered with a [`ContactUpdate`](crate::ContactUpdate).
    pub send_back: bool,
}

impl ContactState {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Mutual => 1,
            Self::Sent => 2,
            Self::Received => 3,
            Self::Dismissed => 4,
        }
    }

    /// The state with this number on the wire, if there is one.
    #[must_use]
    pub const fn numbered(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Mutual),
            2 => Some(Self::Sent),
            3 => Some(Self::Received),
            4 => Some(Self::Dismissed),
            _ => None,
        }
    }
}

impl Relation {
    /// We have asked them, or accepted.
    #[must_use]
    pub fn added(&self) -> bool {
        self.local.state == ContactState::Sent
    }

    /// They have asked us, or accepted.
    #[must_use]
    pub fn has_added_us(&self) -> bool {
        self.remote.state == ContactState::Received
    }

    /// Both: they are a contact.
    #[must_use]
    pub fn mutual(&self) -> bool {
        self.added() && self.has_added_us()
    }

    /// We do not want to hear of it: further requests are not shown.
    #[must_use]
    pub fn dismissed(&self) -> bool {
        self.local.state == ContactState::Dismissed
    }

    /// The relation as people see it.
    #[must_use]
    pub fn view(&self) -> ContactState {
        match (self.local.state, self.has_added_us()) {
            (ContactState::Dismissed, _) => ContactState::Dismissed,
            (ContactState::Sent, true) => ContactState::Mutual,
            (ContactState::Sent, false) => ContactState::Sent,
            (_, true) => ContactState::Received,
            (_, false) => ContactState::None,
        }
    }

    /// A clock for a step of ours: `next`, which should be the next reading of the clock of the chat, or later
    /// if this relation is ahead of it.
    #[must_use]
    pub fn clock(&self, next: Clock) -> Clock {
        let last = self.local.clock.max(self.remote.clock).value();
        next.max(Clock::new(last.saturating_add(1)))
    }

    /// We ask them.
    pub fn send(&mut self, at: Clock) -> Reaction {
        self.local.step(ContactState::Sent, at)
    }

    /// We accept. Nobody need have asked: their request may have come to another device.
    pub fn accept(&mut self, at: Clock) -> Reaction {
        self.send(at)
    }

    /// We do not want to hear of it. They are not told.
    pub fn dismiss(&mut self, at: Clock) -> Reaction {
        self.local.step(ContactState::Dismissed, at)
    }

    /// We block them: as far as the relation goes, the same as dismissing.
    pub fn block(&mut self, at: Clock) -> Reaction {
        self.dismiss(at)
    }

    /// We take back our request, or remove the contact; also when we unblock them. Ends both sides.
    pub fn retract(&mut self, at: Clock) -> Reaction {
        let reaction = self.local.step(ContactState::None, at);
        if reaction.changed {
            self.remote.step(ContactState::None, at);
        }
        reaction
    }

    /// They ask us.
    pub fn request_received(&mut self, at: Clock) -> Reaction {
        let before = self.remote.state;
        let reaction = self.remote.step(ContactState::Received, at);
        Reaction { new_request: reaction.changed && before == ContactState::None, ..reaction }
    }

    /// They accept.
    pub fn accept_received(&mut self, at: Clock) -> Reaction {
        self.remote.step(ContactState::Received, at)
    }

    /// They take back their request, or remove us. Ends both sides, unless we have dismissed them, or have
    /// asked since.
    pub fn retract_received(&mut self, at: Clock) -> Reaction {
        let reaction = self.remote.step(ContactState::None, at);
        // Of a request and a retraction with the same clock, the retraction counts, as on their side.
        if reaction.changed && !self.dismissed() && at >= self.local.clock {
            self.local = Side { state: ContactState::None, clock: at };
        }
        reaction
    }

    /// Another device of ours knows how the relation stands: of each side the newer view holds, whatever order devices hear
    /// of each other in and however often. With equal clocks an end counts before a request, and that we want to hear of
    /// nothing before both.
    pub fn synced(&mut self, known: &Self) -> Reaction {
        let before = *self;
        if matches!(known.local.state, ContactState::None | ContactState::Sent | ContactState::Dismissed) {
            self.local = self.local.or_later(known.local);
        }
        if matches!(known.remote.state, ContactState::None | ContactState::Received) {
            self.remote = self.remote.or_later(known.remote);
        }
        let new_request = before.remote.state == ContactState::None && self.has_added_us();
        Reaction { changed: *self != before, new_request, ..Reaction::default() }
    }

    /// They say how the relation stands for them. Their side is our remote one.
    pub fn propagated(&mut self, theirs: &ContactRequestPropagatedState) -> Reaction {
        let (known, known_at) = (ContactState::numbered(theirs.remote_state), theirs.remote_clock);
        let mut reaction = Reaction::default();

        // What we call sent, they call received.
        let same = known == Some(self.local.state) || (known == Some(ContactState::Received) && self.added());
        if known_at < self.local.clock && !same && !self.dismissed() {
            reaction.send_back = true;
        }
        // They have ended both sides, and we have not heard of it; or a device of ours has, before this one
        // was restored. With the same clock as our request it can only be such an end.
        let ended = known == Some(ContactState::None)
            && (known_at > self.local.clock || (known_at == self.local.clock && self.added()));
        if ended && !self.dismissed() {
            let ended = Side { state: ContactState::None, clock: known_at };
            self.local = ended;
            if known_at >= self.remote.clock {
                self.remote = ended;
            }
            reaction.changed = true;
        }
        let step = match ContactState::numbered(theirs.local_state) {
            Some(ContactState::Sent) => self.request_received(theirs.local_clock),
            Some(ContactState::None) => self.retract_received(theirs.local_clock),
            _ => Reaction::default(),
        };
        Reaction { changed: reaction.changed || step.changed, send_back: reaction.send_back, ..step }
    }

    /// What to put into every message between the two.
    #[must_use]
    pub const fn shown(&self) -> ContactRequestPropagatedState {
        ContactRequestPropagatedState {
            local_clock: self.local.clock,
            local_state: self.local.state.number(),
            remote_clock: self.remote.clock,
            remote_state: self.remote.state.number(),
        }
    }
}

impl Side {
    /// The later one of two views of the same side, the same whichever is first.
    fn or_later(self, other: Self) -> Self {
        let rank = |side: Self| match side.state {
            ContactState::Sent | ContactState::Received | ContactState::Mutual => 0_u8,
            ContactState::None => 1,
            ContactState::Dismissed => 2,
        };
        if (other.clock, rank(other)) > (self.clock, rank(self)) { other } else { self }
    }

    /// Takes a step, unless this side is as new already.
    fn step(&mut self, state: ContactState, at: Clock) -> Reaction {
        let changed = at > self.clock;
        if changed {
            *self = Self { state, clock: at };
        }
        Reaction { changed, ..Reaction::default() }
    }
}
