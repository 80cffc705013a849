use status_layer::testing::{Party, SeededRng, rng};

use super::*;

/// A word of some device on a person.
#[derive(Clone, Debug)]
enum Word {
    Contact(Box<SyncInstallationContact>),
    Trust(u64, bool),
    Decision(Decision, u64),
}

fn user() -> UserId {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    crate::Identity::restore(words).unwrap().user()
}

/// A view of a person, with clocks that are often the same.
fn contact(rng: &mut SeededRng) -> Word {
    let text = |rng: &mut SeededRng| ["", "alice", "bobby"][rng.below(3) as usize].to_owned();
    let mut said = SyncInstallationContact {
        clock: Clock::new(rng.below(4)),
        last_updated: rng.below(4),
        local_nickname: text(rng),
        blocked: rng.chance(50),
        muted: rng.chance(50),
        trust_status: rng.below(3) as i64,
        display_name: text(rng),
        ens_name: text(rng),
        customization_color: rng.below(3) as u32,
        ..SyncInstallationContact::default()
    };
    let local = [ContactState::None, ContactState::Sent, ContactState::Dismissed][rng.below(3) as usize];
    let remote = [ContactState::None, ContactState::Received][rng.below(2) as usize];
    let mut side = |state| Side { state, clock: Clock::new(rng.below(4)) };
    said.set_relation(&Relation { local: side(local), remote: side(remote) });
    Word::Contact(Box::new(said))
}

fn word(rng: &mut SeededRng) -> Word {
    match rng.below(4) {
        0 => Word::Trust(rng.below(4), rng.chance(50)),
        1 => {
            Word::Decision(if rng.chance(50) { Decision::Accepted } else { Decision::Declined }, rng.below(4))
        }
        _ => contact(rng),
    }
}

type End = (Option<Person>, Option<Verified>, u64, u64);

/// What is known after these words in their order.
fn after(words: &[Word]) -> End {
    let user = user();
    let end: Result<End, StoreError> = Party::new(1).run(|cx| {
        let shelf = &mut cx.shelf;
        for word in words {
            match word {
                Word::Contact(said) => _ = learn(shelf, &user, said)?,
                Word::Trust(clock, trusted) => _ = learn_trust(shelf, &user, *clock, *trusted)?,
                Word::Decision(decision, clock) => {
                    learn_decision(shelf, &user, *decision, Clock::new(*clock))?;
                }
            }
        }
        let nobody = |person: &Person| *person == Person { stranger: person.stranger, ..Person::default() };
        let person = people::load(shelf, &user)?.filter(|person| !nobody(person));
        let said_at = |subject| word::said_at(shelf, subject, false);
        Ok((
            person,
            people::verified(shelf, &user)?,
            said_at(Subject::Person(&user))?,
            said_at(Subject::Trust(&user))?,
        ))
    });
    end.unwrap()
}

#[test]
fn words_on_a_person_in_any_order_and_however_often_leave_the_same() {
    for seed in 0..400 {
        let mut rng = rng(seed);
        let words: Vec<Word> = (0..2 + rng.below(6)).map(|_| word(&mut rng)).collect();
        let mut shuffled = words.clone();
        shuffled.extend(words.iter().filter(|_| rng.chance(40)).cloned());
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, rng.below(last as u64 + 1) as usize);
        }

        assert_eq!(after(&words), after(&shuffled), "{seed}: {words:?} {shuffled:?}");
    }
}

#[test]
fn what_is_told_of_a_person_makes_the_same_person_elsewhere() {
    for seed in 0..100 {
        let mut rng = rng(seed);
        let words: Vec<Word> = (0..6).map(|_| contact(&mut rng)).collect();
        let Some(person) = after(&words).0 else { continue };

        let said: Result<_, StoreError> = Party::new(1).run(|cx| {
            for word in &words {
                let Word::Contact(said) = word else { continue };
                learn(&mut cx.shelf, &user(), said)?;
            }
            known(&cx.shelf, &user(), &person)
        });
        let said = Word::Contact(Box::new(said.unwrap().unwrap()));

        assert_eq!(after(&[said]).0, Some(person), "{seed}: {words:?}");
    }
}

#[test]
fn the_newer_decision_holds_and_who_is_blocked_at_the_same_moment_is_blocked() {
    let word = |clock, blocked| {
        let clock = Clock::new(clock);
        Word::Contact(Box::new(SyncInstallationContact {
            clock,
            blocked,
            ..SyncInstallationContact::default()
        }))
    };
    let blocked = |words: &[Word]| after(words).0.is_some_and(|person| person.blocked);

    assert!(blocked(&[word(5, true), word(4, false)]));
    assert!(!blocked(&[word(5, true), word(6, false)]));
    assert!(blocked(&[word(5, true), word(5, false)]) && blocked(&[word(5, false), word(5, true)]));
}

#[test]
fn whoever_only_asks_is_a_stranger_here_too_until_something_is_decided() {
    let mut asks = SyncInstallationContact::default();
    let received = Side { state: ContactState::Received, clock: Clock::new(5) };
    asks.set_relation(&Relation { local: Side::default(), remote: received });
    let asks = Word::Contact(Box::new(asks));
    let stranger = |words: &[Word]| after(words).0.map(|person| person.stranger);

    assert_eq!(stranger(std::slice::from_ref(&asks)), Some(true));
    for decision in [Word::Trust(7, true), Word::Decision(Decision::Declined, 6)] {
        assert_eq!(stranger(&[asks.clone(), decision.clone()]), Some(false));
        assert_eq!(stranger(&[decision, asks.clone()]), Some(false));
    }
}
