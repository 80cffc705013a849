//! Frames that wait, however many.

use std::time::Duration;

use status_layer::testing::{Counting, Party};
use status_layer::{Area, Audience, Batch, Body, FrameId, MessageId, Name, Read as _, Store as _, Unit};
use status_stack::{Config, Engine, Input, Output};

use crate::rules::{Doubles, stack, step};

const AREA: Area = Area(4);

fn say(number: u16) -> Input {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&number.to_be_bytes());
    let to = Audience::Channel(Name::new("room").unwrap());
    Input::Send { id: MessageId::new(id), to, body: Body::new(number.to_be_bytes().to_vec()) }
}

/// A stack with as many frames that wait, one made each second.
fn waiting(many: u16) -> (Doubles, Party) {
    let (stack, mut party) = (stack(1), Party::new(1));
    for number in 0..many {
        step(&stack, &mut party, say(number));
        party.wait(Duration::from_secs(1));
    }
    (stack, party)
}

fn ids(out: &Output) -> Vec<u64> {
    out.frames.iter().map(|(FrameId(id), _)| *id).collect()
}

#[test]
fn a_step_reads_no_more_rows_when_many_frames_wait() {
    let reads = |many| {
        let (stack, mut party) = waiting(many);
        let store = Counting::new(&party.store);
        let mut unit = Unit::new(party.now, &mut party.rng, &store);
        stack.step(&mut unit, Input::Published(FrameId(0))).unwrap();
        drop(unit);
        store.read()
    };

    assert_eq!(reads(3), reads(600));
}

#[test]
fn what_is_due_is_tried_in_the_order_of_its_time_and_the_rest_waits() {
    let (stack, mut party) = waiting(40);
    let made = |second: u64| Duration::from_secs(60 + second);
    let began = party.now.millis() - 40_000;
    let mut at = |span: Duration| {
        party.now = status_layer::Timestamp::from_millis(began).after(span);
        step(&stack, &mut party, Input::Tick)
    };

    let first = at(made(0));
    let many = at(made(20));
    let none = at(made(20));
    let again = at(made(60));

    assert_eq!((ids(&first), ids(&many), ids(&none)), (vec![0], (1..=20).collect(), vec![]));
    let rest: Vec<u64> = (21..40).chain([0]).collect();
    assert_eq!(ids(&again), rest, "those that were tried last come last");
}

#[test]
fn while_nobody_is_there_no_frame_is_tried_and_no_time_is_named() {
    for alone in [Input::Start, Input::Online(false)] {
        let (stack, mut party) = waiting(3);
        let there = step(&stack, &mut party, Input::Online(true)).wake;

        let gone = step(&stack, &mut party, alone);
        party.wait(Duration::from_secs(7_200));
        let silent = step(&stack, &mut party, Input::Tick);
        let new = step(&stack, &mut party, say(99));
        let joined = step(&stack, &mut party, Input::Online(true));

        assert!(there.is_some());
        assert_eq!((gone.wake, silent.wake, new.wake), (None, None, None));
        assert_eq!((ids(&silent), ids(&new)), (vec![], vec![3]), "what is new is handed out all the same");
        assert_eq!(ids(&joined), [0, 1, 2, 3]);
        assert_eq!(joined.wake, Some(party.now.after(Duration::from_secs(60))));
    }
}

#[test]
fn while_nobody_is_there_fewer_frames_are_made_and_the_rest_goes_when_somebody_joins() {
    let (stack, mut party) = waiting(60);
    step(&stack, &mut party, Input::Online(false));

    let made: usize = (60..80).map(|number| step(&stack, &mut party, say(number)).frames.len()).sum();
    let joined = step(&stack, &mut party, Input::Online(true));

    assert_eq!(made, 4);
    assert_eq!(joined.frames.len(), 80);
}

#[test]
fn a_frame_that_was_handed_out_since_and_was_taken_shows_that_somebody_is_there() {
    let (stack, mut party) = waiting(3);
    step(&stack, &mut party, Input::Online(false));
    party.wait(Duration::from_secs(1));
    step(&stack, &mut party, say(3));

    let before = step(&stack, &mut party, Input::Published(FrameId(0))).wake;
    let since = step(&stack, &mut party, Input::Published(FrameId(3))).wake;
    party.wait(Duration::from_secs(60));
    let tried = step(&stack, &mut party, Input::Tick);

    assert_eq!(before, None, "it may have been taken by the last one that left");
    assert!(since.is_some());
    assert_eq!(ids(&tried), [1, 2]);
}

#[test]
fn an_outbox_of_an_earlier_version_is_taken_over_whole() {
    let (_, party) = waiting(5);
    let index: Vec<_> = party.store.scan(AREA, b"D", None, 9).unwrap();
    let without = |keys: &[&[u8]]| {
        let mut party = party.clone();
        let mut batch = Batch::default();
        keys.iter().for_each(|key| batch.set(AREA, *key, None));
        party.store.commit(batch).unwrap();
        party
    };
    let all: Vec<&[u8]> = index.iter().map(|(key, _)| key.as_slice()).chain([&b"K"[..]]).collect();
    // As an earlier version leaves it; the same after this one had it half; and after an earlier one had it in between.
    let earlier =
        [without(&all), without(&all[..3]), without(&[b"T\0\0\0\0\0\0\0\x02", b"O\0\0\0\0\0\0\0\x02"])];

    for (mut party, left) in earlier.into_iter().zip([5, 5, 4]) {
        let full = stack_with(left);
        let started = step(&full, &mut party, Input::Start);
        let refused = step(&full, &mut party, say(70));
        step(&full, &mut party, Input::Online(true));
        party.wait(Duration::from_secs(60));
        let due = step(&full, &mut party, Input::Tick);

        assert_eq!(ids(&started).len(), left);
        assert_eq!(ids(&refused), [0; 0], "as many are counted as wait");
        assert_eq!(ids(&due), ids(&started));
    }
}

#[test]
fn of_more_frames_than_are_handed_out_at_a_time_none_is_forgotten() {
    let (_, mut party) = waiting(5);
    let mut batch = Batch::default();
    for (key, _) in party.store.scan(AREA, b"D", None, 9).unwrap() {
        batch.set(AREA, key, None);
    }
    party.store.commit(batch).unwrap();
    let small = stack_with(3);
    step(&small, &mut party, Input::Start);
    step(&small, &mut party, Input::Online(true));
    party.wait(Duration::from_secs(60));

    let first = ids(&step(&small, &mut party, Input::Tick));
    let rest = ids(&step(&small, &mut party, Input::Tick));

    let mut all = [first, rest].concat();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

fn stack_with(max_outbox: usize) -> Doubles {
    stack(1).with_config(Config { max_outbox, ..Config::default() })
}
