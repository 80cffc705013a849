use status_layer::testing::Party;
use status_layer::{MessageId, Shelf, StoreError};

use super::*;
use crate::event::Stage;

/// An event that tells which it is.
fn event(number: u8) -> Event {
    Event::Stage { id: MessageId::new([number; 32]), stage: Stage::Published }
}

fn on<T>(party: &mut Party, work: impl FnOnce(&mut Shelf<'_>) -> Result<T, StoreError>) -> T {
    party.run(|cx| work(&mut cx.shelf)).unwrap()
}

fn keep_all(party: &mut Party, numbers: impl IntoIterator<Item = u8>) {
    for number in numbers {
        on(party, |shelf| keep(shelf, &[event(number)]));
    }
}

/// What is missed and what is there from `at` on.
fn read(party: &mut Party, at: u64) -> (u64, Vec<Event>) {
    let page = on(party, |shelf| page(shelf, at, 1_000));
    (page.missed, page.entries.into_iter().map(|(_, event)| event).collect())
}

fn rows(party: &mut Party) -> usize {
    on(party, |shelf| Ok(shelf.scan(&[LOG], Some(&[LOG]), 1_000)?.len()))
}

#[test]
fn without_a_cursor_nothing_is_written() {
    let mut party = Party::new(1);

    let kept = on(&mut party, |shelf| keep(shelf, &[event(1)]));

    assert!(!kept);
    assert!(on(&mut party, |shelf| shelf.scan(&[], None, 10)).is_empty());
}

#[test]
fn a_cursor_begins_now_and_another_one_at_the_oldest_event() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, 1..=2);

    let now = on(&mut party, |shelf| begin(shelf, "two", false));
    let oldest = on(&mut party, |shelf| begin(shelf, "three", true));
    let again = on(&mut party, |shelf| begin(shelf, "one", false));

    assert_eq!((now, oldest, again), (Some(2), Some(0), Some(0)));
    assert_eq!(read(&mut party, 0), (0, vec![event(1), event(2)]));
}

#[test]
fn what_only_happens_while_one_looks_is_not_kept() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));

    let kept = on(&mut party, |shelf| keep(shelf, &[Event::Online(true), Event::Fetched]));
    on(&mut party, |shelf| keep(shelf, &[Event::Online(false), event(7), Event::Missed { count: 1 }]));

    assert!(!kept);
    assert_eq!(read(&mut party, 0), (0, vec![event(7)]));
}

#[test]
fn what_all_cursors_have_passed_goes_and_nothing_else() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    on(&mut party, |shelf| begin(shelf, "two", false));
    keep_all(&mut party, 0..5);

    on(&mut party, |shelf| acknowledge(shelf, "one", 3));
    let (of_one, all) = (on(&mut party, |shelf| begin(shelf, "one", false)), rows(&mut party));
    on(&mut party, |shelf| acknowledge(shelf, "two", 1));

    assert_eq!((of_one, all, rows(&mut party)), (Some(4), 5, 3));
    assert_eq!(read(&mut party, 2), (0, vec![event(2), event(3), event(4)]));
}

#[test]
fn an_acknowledgement_never_goes_back_or_beyond_the_end() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, 0..3);
    let mut at = |through| {
        on(&mut party, |shelf| acknowledge(shelf, "one", through));
        on(&mut party, |shelf| begin(shelf, "one", false))
    };

    assert_eq!([at(1), at(0), at(u64::MAX)], [Some(2), Some(2), Some(3)]);
}

#[test]
fn a_log_that_grew_large_goes_in_slices() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, (0..3).flat_map(|_| 0..200));

    on(&mut party, |shelf| acknowledge(shelf, "one", 599));
    let after_one = rows(&mut party);
    keep_all(&mut party, 0..20);

    assert_eq!(after_one as u64, 600 - LARGE_SLICE);
    assert_eq!(rows(&mut party) as u64, 620 - LARGE_SLICE - 20 * (SLICE + 1));
}

#[test]
fn a_log_that_is_full_loses_its_oldest_and_whoever_missed_them_is_told_how_many() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, 0..10);

    on(&mut party, |shelf| {
        let mut log = load(shelf)?.unwrap();
        log.trim(shelf, 4, SLICE)?;
        save(shelf, &log);
        Ok(())
    });

    let left = (6..10).map(event).collect();
    assert_eq!(read(&mut party, 1), (5, left));
    assert_eq!(read(&mut party, 8), (0, vec![event(8), event(9)]));
}

#[test]
fn when_the_last_cursor_is_forgotten_nothing_more_is_kept_and_the_rest_goes() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, (0..2).flat_map(|_| 0..200));

    let was_there = on(&mut party, |shelf| forget(shelf, "one"));
    let left = rows(&mut party);
    keep_all(&mut party, 0..10);

    assert!(was_there && !on(&mut party, |shelf| forget(shelf, "one")));
    assert_eq!((left as u64, rows(&mut party)), (400 - LARGE_SLICE, 0));
    assert_eq!(on(&mut party, |shelf| begin(shelf, "one", true)), Some(400));
}

#[test]
fn there_are_so_many_cursors_and_no_more() {
    let mut party = Party::new(1);
    for number in 0..MAX_CURSORS {
        on(&mut party, |shelf| begin(shelf, &number.to_string(), false));
    }

    let one_more = on(&mut party, |shelf| begin(shelf, "one more", false));
    let known = on(&mut party, |shelf| begin(shelf, "7", false));

    assert_eq!((one_more, known), (None, Some(0)));
    assert_eq!(on(&mut party, |shelf| names(shelf)).len(), MAX_CURSORS);
}

#[test]
fn an_event_that_cannot_be_read_or_is_too_large_is_counted_as_missed() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, 0..2);
    on(&mut party, |shelf| {
        shelf.put(entry_key(0), Writer::new(VERSION).bytes(br#"{"FromTheFuture":7}"#).finish());
        Ok(())
    });

    assert_eq!(read(&mut party, 0).1, [Event::Missed { count: 1 }, event(1)]);
    let large = Event::Failed { why: "x".repeat(MAX_EVENT) };
    assert_eq!(entry(&large), entry(&Event::Missed { count: 1 }));
}

#[test]
fn of_events_that_are_too_large_together_the_oldest_go_at_once() {
    let mut party = Party::new(1);
    on(&mut party, |shelf| begin(shelf, "one", false));
    keep_all(&mut party, 0..5);
    let bytes = |party: &mut Party| {
        let rows = on(party, |shelf| shelf.scan(&[LOG], Some(&[LOG]), 1_000));
        rows.iter().map(|(_, row)| row.len() as u64).sum::<u64>()
    };
    let counted = on(&mut party, |shelf| Ok(load(shelf)?.unwrap().bytes));
    let there = bytes(&mut party);

    // As if those that are here were as large as all may be.
    on(&mut party, |shelf| {
        let log = load(shelf)?.unwrap();
        save(shelf, &Log { bytes: MAX_KEPT_BYTES, ..log });
        Ok(())
    });
    keep_all(&mut party, 5..6);

    assert_eq!(counted, there);
    assert_eq!(read(&mut party, 0), (1, (1..6).map(event).collect()));
}

#[test]
fn a_log_of_the_first_version_is_read_and_counts_from_now_on() {
    let mut party = Party::new(1);
    let row = Writer::new(1).u64(3).u64(3).u64(3).u32(0).finish();
    on(&mut party, |shelf| {
        shelf.put([LOG], row.clone());
        Ok(())
    });

    let log = on(&mut party, |shelf| load(shelf));

    assert_eq!(log, Some(Log { first: 3, next: 3, floor: 3, cursors: 0, bytes: 0 }));
}
