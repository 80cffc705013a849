//! Contacts: each row of the table of deployed peers, and two users who hear of each other badly.

use status_layer::testing::{SeededRng, rng};
use status_payload::{Clock, ContactRequestPropagatedState, ContactState, Reaction, Relation, Side};

use ContactState::{Dismissed, None as Nothing, Received, Sent};

const fn side(state: ContactState, clock: u64) -> Side {
    Side { state, clock: Clock::new(clock) }
}

const fn relation(local: (ContactState, u64), remote: (ContactState, u64)) -> Relation {
    Relation { local: side(local.0, local.1), remote: side(remote.0, remote.1) }
}

const fn theirs(local: (ContactState, u64), remote: (ContactState, u64)) -> ContactRequestPropagatedState {
    relation(local, remote).shown()
}

type Step = fn(&mut Relation, Clock) -> Reaction;

// Spec: the table of events: what each step makes of both sides, at clock 10.
#[test]
fn every_step_does_what_peers_do() {
    let old = relation((Sent, 5), (Received, 6));
    let rows: [(&str, Step, Relation, Relation); 12] = [
        ("send", Relation::send, relation((Nothing, 5), (Received, 6)), relation((Sent, 10), (Received, 6))),
        (
            "accept",
            Relation::accept,
            relation((Dismissed, 5), (Received, 6)),
            relation((Sent, 10), (Received, 6)),
        ),
        ("dismiss", Relation::dismiss, old, relation((Dismissed, 10), (Received, 6))),
        ("block", Relation::block, old, relation((Dismissed, 10), (Received, 6))),
        ("retract", Relation::retract, old, relation((Nothing, 10), (Nothing, 10))),
        (
            "request",
            Relation::request_received,
            relation((Sent, 5), (Nothing, 6)),
            relation((Sent, 5), (Received, 10)),
        ),
        (
            "accepted",
            Relation::accept_received,
            relation((Sent, 5), (Nothing, 6)),
            relation((Sent, 5), (Received, 10)),
        ),
        ("retracted", Relation::retract_received, old, relation((Nothing, 10), (Nothing, 10))),
        (
            "retracted, but we had dismissed",
            Relation::retract_received,
            relation((Dismissed, 5), (Received, 6)),
            relation((Dismissed, 5), (Nothing, 10)),
        ),
        (
            "retracted, but we have asked since",
            Relation::retract_received,
            relation((Sent, 11), (Received, 6)),
            relation((Sent, 11), (Nothing, 10)),
        ),
        (
            "retracted as we asked",
            Relation::retract_received,
            relation((Sent, 10), (Received, 6)),
            relation((Nothing, 10), (Nothing, 10)),
        ),
        (
            "retracted by an own device",
            |relation, at| relation.synced(&self::relation((Sent, 5), (Nothing, at.value()))),
            old,
            relation((Sent, 5), (Nothing, 10)),
        ),
    ];

    for (what, step, before, after) in rows {
        let mut relation = before;

        let first = step(&mut relation, Clock::new(10));
        let second = step(&mut relation, Clock::new(10));

        assert_eq!((relation, first.changed), (after, true), "{what}");
        assert_eq!(second, Reaction::default(), "{what}, again");
    }
}

#[test]
fn step_that_is_older_than_its_side_has_no_effect() {
    let steps: [Step; 6] = [
        Relation::send,
        Relation::dismiss,
        Relation::retract,
        Relation::request_received,
        Relation::accept_received,
        Relation::retract_received,
    ];
    for step in steps {
        let mut relation = relation((Sent, 10), (Received, 10));

        assert_eq!(step(&mut relation, Clock::new(10)), Reaction::default());
        assert_eq!(relation, self::relation((Sent, 10), (Received, 10)));
    }
}

#[test]
fn request_is_new_only_if_they_had_not_asked() {
    let mut relation = Relation::default();

    assert!(relation.request_received(Clock::new(1)).new_request);
    assert!(!relation.request_received(Clock::new(2)).new_request);
    relation.retract_received(Clock::new(3));
    assert!(!relation.request_received(Clock::new(3)).new_request);
    assert!(relation.request_received(Clock::new(4)).new_request);
}

// Spec: the three rules about a propagated state.
#[test]
fn state_of_the_other_is_taken_as_peers_take_it() {
    let ours = relation((Sent, 10), (Received, 10));
    let rows = [
        ("they agree", theirs((Sent, 10), (Received, 10)), ours, (false, false)),
        ("they miss our request", theirs((Sent, 10), (Nothing, 4)), ours, (false, true)),
        ("they know an older request of ours", theirs((Sent, 10), (Received, 4)), ours, (false, false)),
        ("their view is newer, but not nothing", theirs((Sent, 10), (Received, 12)), ours, (false, false)),
        (
            "they have ended both sides",
            theirs((Nothing, 12), (Nothing, 12)),
            relation((Nothing, 12), (Nothing, 12)),
            (true, false),
        ),
        (
            "their view of us is newer, and nothing",
            theirs((Sent, 10), (Nothing, 12)),
            relation((Nothing, 12), (Nothing, 12)),
            (true, false),
        ),
        (
            "they ask anew",
            theirs((Sent, 12), (Received, 10)),
            relation((Sent, 10), (Received, 12)),
            (true, false),
        ),
        ("they have dismissed us", theirs((Dismissed, 12), (Received, 10)), ours, (false, false)),
        ("old news", theirs((Nothing, 9), (Received, 10)), ours, (false, false)),
    ];
    for (what, state, after, (changed, send_back)) in rows {
        let mut relation = ours;

        let reaction = relation.propagated(&state);

        assert_eq!(relation, after, "{what}");
        assert_eq!(
            (reaction.changed, reaction.send_back, reaction.new_request),
            (changed, send_back, false),
            "{what}"
        );
    }

    let mut dismissed = relation((Dismissed, 10), (Nothing, 3));
    let reaction = dismissed.propagated(&theirs((Sent, 12), (Nothing, 12)));
    assert_eq!(dismissed, relation((Dismissed, 10), (Received, 12)));
    assert!(reaction.new_request);
    assert!(!dismissed.propagated(&theirs((Sent, 12), (Received, 4))).send_back, "they are not answered");
}

#[test]
fn unknown_states_of_the_other_do_nothing() {
    let mut relation = relation((Sent, 10), (Received, 10));
    let strange = ContactRequestPropagatedState {
        local_clock: Clock::new(99),
        local_state: 7,
        remote_clock: Clock::new(99),
        remote_state: u64::MAX,
    };

    assert_eq!(relation.propagated(&strange), Reaction::default());
    assert_eq!(relation, self::relation((Sent, 10), (Received, 10)));
}

#[test]
fn relation_is_seen_as_one_state() {
    let view = |local, remote| relation((local, 1), (remote, 1)).view();

    assert_eq!(view(Sent, Received), ContactState::Mutual);
    assert_eq!(view(Sent, Nothing), Sent);
    assert_eq!(view(Nothing, Received), Received);
    assert_eq!(view(Dismissed, Received), Dismissed);
    assert_eq!(view(Nothing, Nothing), Nothing);
    for number in 0..5 {
        assert_eq!(ContactState::numbered(number).map(ContactState::number), Some(number));
    }
    assert_eq!(ContactState::numbered(5), None);
}

#[test]
fn own_steps_are_later_than_everything_known() {
    let relation = relation((Sent, 10), (Received, 12));

    assert_eq!(relation.clock(Clock::new(3)), Clock::new(13));
    assert_eq!(relation.clock(Clock::new(99)), Clock::new(99));
}

/// Two users, and what is under way between them.
struct Pair {
    users: [Relation; 2],
    /// Reader, what was done, and the state of the writer at that time.
    under_way: Vec<(usize, Said)>,
    rng: SeededRng,
}

#[derive(Clone)]
enum Said {
    Request(Clock, ContactRequestPropagatedState),
    Accept(Clock),
    Retract(Clock),
    Anything(ContactRequestPropagatedState),
}

impl Pair {
    /// Somebody does something; the message may be lost, or come twice.
    fn act(&mut self, dismiss: bool) {
        let who = self.rng.below(2) as usize;
        let at = self.users[who].clock(Clock::new(1 + self.rng.below(6)));
        let user = &mut self.users[who];
        let said = match self.rng.below(if dismiss { 6 } else { 5 }) {
            0 => {
                user.send(at);
                Said::Request(at, user.shown())
            }
            1 if user.has_added_us() => {
                user.accept(at);
                Said::Accept(at)
            }
            2 => {
                user.retract(at);
                Said::Retract(at)
            }
            5 => {
                user.dismiss(at);
                return;
            }
            _ => Said::Anything(user.shown()),
        };
        for _ in 0..self.rng.below(3) {
            self.under_way.push((1 - who, said.clone()));
        }
    }

    /// One message arrives, any of them.
    fn deliver(&mut self) {
        let Some(last) = self.under_way.len().checked_sub(1) else { return };
        let at = self.rng.below(last as u64 + 1) as usize;
        let (reader, said) = self.under_way.swap_remove(at);
        self.hear(reader, &said);
    }

    fn hear(&mut self, reader: usize, said: &Said) {
        let user = &mut self.users[reader];
        let reaction = match said {
            Said::Request(at, state) => {
                user.request_received(*at);
                user.propagated(state)
            }
            Said::Accept(at) => user.accept_received(*at),
            Said::Retract(at) => user.retract_received(*at),
            Said::Anything(state) => user.propagated(state),
        };
        if reaction.send_back {
            let back = Said::Anything(user.shown());
            self.under_way.push((1 - reader, back));
        }
    }

    /// Each says something and is heard, and what follows is heard too.
    fn talk(&mut self) {
        for _ in 0..3 {
            for who in [0, 1] {
                let said = Said::Anything(self.users[who].shown());
                self.hear(1 - who, &said);
                while !self.under_way.is_empty() {
                    self.deliver();
                }
            }
        }
    }
}

fn storm(seed: u64, dismiss: bool) -> Pair {
    let mut pair = Pair { users: [Relation::default(); 2], under_way: Vec::new(), rng: rng(seed) };
    for _ in 0..30 {
        if pair.rng.chance(60) {
            pair.act(dismiss);
        } else {
            pair.deliver();
        }
    }
    pair
}

#[test]
fn two_users_agree_after_loss_repetition_and_any_order() {
    let mut mutual = 0;
    for seed in 0..10_000 {
        let mut pair = storm(seed, false);

        pair.talk();

        let [one, two] = pair.users;
        assert_eq!(one.added(), two.has_added_us(), "seed {seed}: {one:?} {two:?}");
        assert_eq!(two.added(), one.has_added_us(), "seed {seed}: {one:?} {two:?}");
        mutual += usize::from(one.mutual());
    }
    assert!((1_000..9_000).contains(&mutual), "{mutual}");
}

/// Whoever is dismissed is not told, and may go on to believe that they are a contact; never the other way.
#[test]
fn nobody_believes_in_a_request_that_was_never_made() {
    for seed in 0..10_000 {
        let mut pair = storm(seed, true);

        pair.talk();

        let [one, two] = pair.users;
        for (me, you) in [(one, two), (two, one)] {
            assert!(!me.added() || you.has_added_us(), "seed {seed}: {one:?} {two:?}");
            assert!(!you.has_added_us() || me.added() || me.dismissed(), "seed {seed}: {one:?} {two:?}");
        }
    }
}
