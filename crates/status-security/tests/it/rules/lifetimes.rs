//! How long sessions and prekeys are kept.

use status_layer::testing::Party;
use status_layer::{Parcel, Read, Security, Timestamp};
use status_security::OpenError;
use status_security::hazmat::Lock;

use crate::pair::{HOUR, Person, in_session, introduced, message};

const DAY: core::time::Duration = core::time::Duration::from_secs(24 * 60 * 60);
const MOMENT: core::time::Duration = core::time::Duration::from_millis(1);

/// The prekey with which the session of a parcel was set up.
fn session(parcel: &Parcel) -> [u8; 33] {
    match message(parcel).direct.into_values().next().unwrap().lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    }
}

/// Bob's prekey is replaced, and Alice hears of it.
fn rekeyed(alice: &mut Person, bob: &mut Person) {
    for person in [&mut *alice, &mut *bob] {
        person.wait(DAY);
    }
    let keys = bob.announcement().unwrap();
    alice.try_open(&keys).unwrap();
}

fn due(person: &mut Person) -> Option<Timestamp> {
    person.party.run(|cx| person.layer.due(cx)).unwrap().next
}

/// Runs all that becomes due until `span` has passed.
fn live(person: &mut Person, span: core::time::Duration) {
    let end = person.party.now.after(span);
    while let Some(at) = due(person).filter(|at| *at < end) {
        person.party.now = person.party.now.max(at);
    }
    person.party.now = end;
}

/// The number of rows of a table.
fn rows(person: &Person, tag: u8) -> usize {
    person.party.store.scan(Party::AREA, &[tag], None, usize::MAX).unwrap().len()
}

fn has_session(person: &mut Person, peer: &Person, device: &str, prekey: &[u8; 33]) -> bool {
    let layer = person.layer.clone();
    person.party.run(|cx| layer.session(&cx.shelf, (&peer.key, device), prekey)).unwrap().is_some()
}

#[test]
fn an_expired_session_never_sends_on_either_side() {
    let (mut alice, mut bob) = in_session();
    let old = session(&alice.seal(&bob, "before"));
    rekeyed(&mut alice, &mut bob);

    let from_alice = alice.seal(&bob, "after");
    let from_bob = bob.seal(&alice, "after");

    assert_ne!(session(&from_alice), old);
    assert_ne!(session(&from_bob), old);
}

#[test]
fn an_expired_session_opens_late_messages_for_14_days() {
    let (mut alice, mut bob) = in_session();
    let (late, too_late) = (alice.seal(&bob, "late"), alice.seal(&bob, "too late"));
    rekeyed(&mut alice, &mut bob);

    bob.wait(14 * DAY - MOMENT);
    let heard = bob.open(&late).0;
    bob.wait(MOMENT);

    assert_eq!(heard, "late");
    assert_eq!(bob.refuses(&too_late), OpenError::NoSession, "even though nothing was swept yet");
}

#[test]
fn an_expired_session_is_deleted_with_its_skipped_keys_after_14_days_on_both_sides() {
    let (mut alice, mut bob) = in_session();
    let lost = alice.seal(&bob, "lost");
    let early = alice.seal(&bob, "early");
    bob.open(&early);
    let prekey = session(&lost);
    let to_alice = bob.seal(&alice, "lost too");
    alice.open(&bob.seal(&alice, "early too"));
    rekeyed(&mut alice, &mut bob);

    let peers = [(bob.clone(), "device-2"), (alice.clone(), "device-1")];
    for (person, (peer, device)) in [&mut alice, &mut bob].into_iter().zip(&peers) {
        live(person, 14 * DAY - MOMENT);
        assert!(has_session(person, peer, device, &prekey));
        live(person, MOMENT);
        due(person);
        assert!(!has_session(person, peer, device, &prekey), "the session is deleted");
        assert_eq!([b'k', b'c', b'l'].map(|tag| rows(person, tag)), [0; 3], "and so are its skipped keys");
    }
    assert_eq!(session(&to_alice), prekey);
}

#[test]
fn due_says_when_an_expired_session_ends() {
    let (mut alice, mut bob) = in_session();
    rekeyed(&mut alice, &mut bob);
    let expired = alice.party.now;
    live(&mut alice, 14 * DAY - HOUR);

    assert_eq!(due(&mut alice), Some(expired.after(14 * DAY)));
}

#[test]
fn a_loser_of_two_concurrent_sessions_expires_and_is_deleted() {
    let (mut alice, mut bob) = introduced();
    let (from_alice, from_bob) = (alice.seal(&bob, "from alice"), bob.seal(&alice, "from bob"));
    bob.open(&from_alice);
    alice.open(&from_bob);
    let used = session(&alice.seal(&bob, "next"));
    let loser = [&from_alice, &from_bob].map(session).into_iter().find(|prekey| *prekey != used).unwrap();

    alice.wait(14 * DAY);
    due(&mut alice);

    assert!(!has_session(&mut alice, &bob, "device-2", &loser));
}

#[test]
fn a_retired_prekey_opens_first_messages_for_30_days() {
    let (mut alice, mut bob) = introduced();
    let (late, too_late) = (alice.clone().seal(&bob, "late"), alice.seal(&bob, "too late"));
    bob.wait(DAY);
    bob.announcement();

    bob.wait(30 * DAY - MOMENT);
    let heard = bob.clone().open(&late).0;
    bob.wait(MOMENT);

    assert_eq!(heard, "late");
    assert_eq!(bob.refuses(&too_late), OpenError::UnknownPrekey);
}

#[test]
fn a_retired_prekey_is_wiped_after_30_days() {
    let mut bob = Person::new(2);
    bob.announcement();

    live(&mut bob, DAY * 90);

    assert_eq!(rows(&bob, b'p'), 31, "the one in use, and one of each of the last thirty days");
}

#[test]
fn a_first_message_for_a_retired_prekey_begins_a_session_that_ends_like_others() {
    let (mut alice, mut bob) = introduced();
    let (first, second) = (alice.seal(&bob, "first"), alice.seal(&bob, "second"));
    live(&mut bob, 21 * DAY);

    let heard = bob.open(&first).0;
    let answer = bob.seal(&alice, "answer");
    live(&mut bob, 13 * DAY);
    let late = bob.open(&second).0;
    live(&mut bob, 2 * DAY);

    assert_eq!((heard.as_str(), late.as_str()), ("first", "second"));
    assert_ne!(session(&answer), session(&first), "the session has expired already");
    assert!(!has_session(&mut bob, &alice, "device-1", &session(&first)));
}

#[test]
fn many_sessions_that_expire_at_once_are_ended_page_by_page() {
    let mut bob = Person::new(2);
    let keys = bob.announcement().unwrap();
    for device in 0..150 {
        let mut alice = Person::on(1 + device % 2 * 2, device, status_security::Config::default());
        alice.try_open(&keys).unwrap();
        let hello = alice.seal(&bob, "hello");
        bob.open(&hello);
    }
    assert_eq!(rows(&bob, b's'), 150);

    live(&mut bob, DAY * 15 + HOUR);

    assert_eq!(rows(&bob, b's'), 0);
}

#[test]
fn a_first_message_brought_again_is_refused_as_long_as_its_prekey_is_kept() {
    let (mut alice, mut bob) = introduced();
    let first = alice.seal(&bob, "first");
    bob.open(&first);

    for day in 0..35 {
        let refused = bob.refuses(&first);
        let expected = if day <= 31 { OpenError::Replayed } else { OpenError::UnknownPrekey };
        assert_eq!(refused, expected, "after {day} days");
        live(&mut bob, DAY);
    }
    assert_eq!(rows(&bob, b'g'), 0, "the memory goes with the prekey");
}

#[test]
fn a_first_message_brought_again_is_refused_even_if_nothing_was_swept() {
    let (mut alice, mut bob) = introduced();
    let (first, second) = (alice.seal(&bob, "first"), alice.seal(&bob, "second"));
    bob.open(&first);
    bob.wait(DAY);
    bob.announcement();
    bob.wait(20 * DAY);

    assert_eq!(bob.refuses(&first), OpenError::Replayed);
    assert_eq!(bob.refuses(&second), OpenError::Replayed, "the session of its handshake is over");
}

#[test]
fn a_device_that_slept_for_long_keeps_no_memory_of_handshakes_of_a_wiped_prekey() {
    let (mut alice, mut bob) = introduced();
    bob.open(&alice.seal(&bob, "first"));
    bob.wait(DAY);
    bob.announcement();

    bob.wait(31 * DAY);
    due(&mut bob);

    assert_eq!(rows(&bob, b's'), 0, "the session is gone");
    assert_eq!(rows(&bob, b'g'), 0, "and its prekey, with all that belongs to it");
}
