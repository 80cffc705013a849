//! What is fetched, and since when.

use std::time::Duration;

use status_layer::testing::Party;
use status_layer::{Frame, History, Interest, Name, Recipient, Timestamp};
use status_stack::Input;

use crate::rules::{Doubles, stack, step, user};

const DAY: Duration = Duration::from_secs(86_400);
const OVERLAP: Duration = Duration::from_secs(120);

/// Somebody who listens at an inbox since now, and wanted its history.
fn listening() -> (Doubles, Party, History) {
    let (stack, mut party) = (stack(1), Party::new(1));
    let listen = Input::Expect { whom: Recipient::User(user(1)), how: Interest::Listen };
    let wanted = step(&stack, &mut party, listen).fetch.unwrap();
    (stack, party, wanted)
}

#[test]
fn history_of_a_new_topic_is_wanted_for_a_day() {
    let (stack, mut party, first) = listening();
    let channel =
        Input::Expect { whom: Recipient::Channel(Name::new("room").unwrap()), how: Interest::Listen };

    let second = step(&stack, &mut party, channel.clone()).fetch.unwrap();
    let again = step(&stack, &mut party, channel).fetch;

    assert_eq!((first.topics.len(), second.topics.len()), (1, 1), "only what is new");
    assert_ne!(first.topics, second.topics);
    assert_eq!(party.now.since(second.since), DAY);
    assert_eq!(again, None);
}

#[test]
fn history_is_wanted_from_a_little_before_nothing_was_missing() {
    let (stack, mut party, wanted) = listening();
    let began = party.now;
    party.wait(DAY);

    let before = step(&stack, &mut party, Input::Start).fetch.unwrap();
    let covered = Input::Covered { history: wanted.clone(), until: party.now };
    step(&stack, &mut party, covered);
    let now = party.now;
    party.wait(DAY);
    let after = step(&stack, &mut party, Input::Start).fetch.unwrap();

    assert_eq!((before.topics, before.since), (wanted.topics, ago(began, OVERLAP)));
    assert_eq!(after.since, ago(now, OVERLAP));
}

#[test]
fn what_comes_live_does_not_say_that_nothing_is_missing() {
    let (bob, mut at_bob, wanted) = listening();
    let began = at_bob.now;
    at_bob.wait(DAY);
    let frame = Frame { topic: wanted.topics[0].clone(), at: at_bob.now, bytes: vec![1] };

    step(&bob, &mut at_bob, Input::Frame(frame));

    assert_eq!(step(&bob, &mut at_bob, Input::Start).fetch.unwrap().since, ago(began, OVERLAP));
}

#[test]
fn only_what_covers_all_topics_since_nothing_was_missing_moves_the_time() {
    let (stack, mut party, wanted) = listening();
    let began = party.now;
    let channel =
        Input::Expect { whom: Recipient::Channel(Name::new("room").unwrap()), how: Interest::Listen };
    let other = step(&stack, &mut party, channel).fetch.unwrap();
    party.wait(DAY);
    let all = History::both(Some(wanted.clone()), Some(other)).unwrap();
    let late = History { since: ago(began, Duration::ZERO).after(Duration::from_secs(1)), ..all.clone() };

    for (history, until) in [(wanted, party.now), (late, party.now), (all.clone(), ago(began, DAY))] {
        step(&stack, &mut party, Input::Covered { history, until });
        assert_eq!(step(&stack, &mut party, Input::Start).fetch.unwrap().since, ago(began, OVERLAP));
    }
    let future = party.now.after(DAY);
    step(&stack, &mut party, Input::Covered { history: all, until: future });

    let wanted = step(&stack, &mut party, Input::Start).fetch.unwrap();
    assert_eq!(wanted.since, ago(party.now, OVERLAP), "nobody knows what is still to come");
}

fn ago(at: Timestamp, before: Duration) -> Timestamp {
    Timestamp::from_millis(at.millis() - before.as_millis() as u64)
}
