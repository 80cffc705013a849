//! Old copies of a store that know private prekeys which are used up, or lack those that are given.

use status_layer::Parcel;

use super::super::recovery::{MINUTE, assert_at_one, hears, put_back, unreadable, wait};
use super::{contacts, exchange, kept, rekeyed, session, used};
use crate::pair::{HOUR, Person};

/// How old a copy is when it is put back: prekeys may be too young to be replaced, or not.
const AGES: [core::time::Duration; 2] = [MINUTE, HOUR.saturating_mul(3)];

/// Both prekeys are replaced and known: whoever writes next has to begin a session.
fn nothing_to_go_on_with() -> (Person, Person) {
    let (mut alice, mut bob) = contacts();
    rekeyed(&mut alice, &mut bob);
    bob.try_open(&alice.announcement().unwrap()).unwrap();
    (alice, bob)
}

fn say(from: &mut Person, to: &mut Person, text: &str) -> Parcel {
    wait([from, to], MINUTE);
    let parcel = from.seal(to, text);
    assert_eq!(to.open(&parcel).0, text);
    parcel
}

/// Opens an answer that begins anew what both can read.
#[track_caller]
fn follows(person: &mut Person, answer: &Parcel) {
    let opened = hears(person, answer);
    assert!(opened.notices.is_empty() && opened.then.parcels.is_empty(), "{opened:?}");
}

/// Checks that each reads the other at once, that both write in one session, and that the next one begins with a
/// private prekey, whoever begins it.
#[track_caller]
fn assert_healed(alice: &mut Person, bob: &mut Person) {
    assert_at_one(alice, bob);
    assert_eq!(session(&alice.clone().seal(bob, "which?")), session(&bob.clone().seal(alice, "which?")));
    exchange(alice, bob);
    rekeyed(alice, bob);
    bob.try_open(&alice.announcement().unwrap()).unwrap();
    let (mut a, mut b) = (alice.clone(), bob.clone());
    for (from, to) in [(alice, &mut b), (bob, &mut a)] {
        let first = from.seal(to, "next");
        assert!(used(&first).is_some());
        assert_eq!(to.open(&first).0, "next");
    }
}

#[test]
fn who_begins_from_an_old_copy_with_one_that_is_used_up_is_read_after_one_round_trip() {
    for age in AGES {
        let (mut alice, mut bob) = nothing_to_go_on_with();
        let copy = alice.clone();
        let lost = say(&mut alice, &mut bob, "lost");
        say(&mut bob, &mut alice, "answer");
        wait([&mut alice, &mut bob], age);
        let mut old = put_back(&copy, &alice);

        let unread = old.seal(&bob, "again");
        let answer = unreadable(&mut bob, &unread).expect("an answer");
        follows(&mut old, &answer);

        assert_eq!(used(&unread), used(&lost), "the copy has it still");
        assert_eq!(used(&answer), None, "who is adrift uses none");
        assert_healed(&mut old, &mut bob);
    }
}

#[test]
fn who_lost_what_it_gave_is_read_after_one_round_trip() {
    for age in AGES {
        let (mut alice, mut bob) = nothing_to_go_on_with();
        let copy = bob.clone();
        // What Bob gives after the copy was taken.
        say(&mut alice, &mut bob, "there");
        say(&mut bob, &mut alice, "back");
        say(&mut alice, &mut bob, "there");
        wait([&mut alice, &mut bob], age);
        let mut old = put_back(&copy, &bob);

        let unread = alice.seal(&old, "in the session that is lost");
        let answer = unreadable(&mut old, &unread).expect("an answer");
        follows(&mut alice, &answer);

        assert_healed(&mut alice, &mut old);
    }
}

#[test]
fn a_first_message_with_one_that_its_maker_lost_is_answered_and_the_next_is_read() {
    for young in [true, false] {
        let (mut alice, mut bob) = contacts();
        let copy = bob.clone();
        rekeyed(&mut alice, &mut bob);
        bob.try_open(&alice.announcement().unwrap()).unwrap();
        say(&mut alice, &mut bob, "there");
        say(&mut bob, &mut alice, "back");
        say(&mut alice, &mut bob, "there");
        rekeyed(&mut alice, &mut bob);
        let mut old = put_back(&copy, &bob);
        alice.try_open(&old.announcement().unwrap()).unwrap();
        old.try_open(&alice.announcement().unwrap()).unwrap();
        wait([&mut alice, &mut old], if young { MINUTE } else { 3 * HOUR });

        let unread = alice.seal(&old, "with one that is lost");
        let answer = unreadable(&mut old, &unread).expect("an answer");
        follows(&mut alice, &answer);

        assert!(used(&unread).is_some());
        assert_healed(&mut alice, &mut old);
    }
}

#[test]
fn an_unanswered_session_with_one_that_is_used_up_never_wins() {
    for seed in 0..8 {
        let (mut alice, mut bob) = nothing_to_go_on_with();
        let copy = alice.clone();
        say(&mut alice, &mut bob, "lost");
        say(&mut bob, &mut alice, "answer");
        let mut old = put_back(&copy, &alice);
        old.party.rng = status_layer::testing::rng(seed);
        wait([&mut old, &mut bob], MINUTE);

        let unread = old.seal(&bob, "again");
        let answer = unreadable(&mut bob, &unread).expect("an answer");
        follows(&mut old, &answer);

        let next = old.seal(&bob, "next");
        assert_eq!(session(&next), session(&answer), "seed {seed}");
        assert_eq!(bob.open(&next).0, "next");
    }
}

#[test]
fn a_first_message_brought_to_an_old_copy_resets_nothing() {
    let (mut alice, mut bob) = nothing_to_go_on_with();
    let copy = bob.clone();
    let first = say(&mut alice, &mut bob, "first");
    say(&mut bob, &mut alice, "answer");
    let mut old = put_back(&copy, &bob);
    wait([&mut alice, &mut old], MINUTE);
    let answer = unreadable(&mut old, &alice.seal(&bob, "unread")).expect("an answer");
    follows(&mut alice, &answer);

    old.open(&first);

    assert_eq!(kept(&old), 0, "used now");
    assert_healed(&mut alice, &mut old);
}
