//! Sessions: how they begin, go on, begin anew, and what they refuse.

use status_layer::{Grade, Parcel};
use status_security::hazmat::{Direct, Lock};
use status_security::{Config, OpenError, RatchetError};

use crate::pair::{HOUR, Person, changed, in_session, introduced, introduced_with, message};

fn only(parcel: &Parcel) -> Direct {
    message(parcel).direct.into_values().next().unwrap()
}

fn header(parcel: &Parcel) -> status_security::hazmat::ratchet::Header {
    match only(parcel).lock {
        Lock::Ratchet { header, .. } => header,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    }
}

#[test]
fn the_handshake_is_repeated_until_an_answer_was_opened() {
    let (mut alice, mut bob) = introduced();

    let first = only(&alice.seal(&bob, "one"));
    let parcel = alice.seal(&bob, "two");
    bob.open(&parcel);
    let answer = bob.seal(&alice, "answer");
    let before = only(&alice.seal(&bob, "three"));
    alice.open(&answer);
    let after = only(&alice.seal(&bob, "four"));

    assert!(first.handshake.is_some());
    assert_eq!(only(&parcel).handshake, first.handshake);
    assert_eq!(before.handshake, first.handshake);
    assert_eq!(after.handshake, None);
}

#[test]
fn a_forged_answer_does_not_end_the_handshake() {
    let (mut alice, mut bob) = introduced();
    let first = alice.seal(&bob, "one");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");

    let forged = changed(&answer, |message| {
        message.direct.values_mut().for_each(|direct| *direct.payload.last_mut().unwrap() ^= 1);
    });

    assert_eq!(alice.refuses(&forged), OpenError::Forged);
    assert!(only(&alice.seal(&bob, "two")).handshake.is_some());
}

#[test]
fn a_first_message_that_is_replayed_is_refused() {
    let (mut alice, mut bob) = introduced();
    let first = alice.seal(&bob, "first");
    bob.open(&first);
    let replayed_early = bob.refuses(&first);
    let answer = bob.seal(&alice, "answer");
    alice.open(&answer);
    let next = alice.seal(&bob, "next");
    bob.open(&next);

    assert_eq!(replayed_early, OpenError::Replayed);
    assert_eq!(bob.refuses(&first), OpenError::Replayed);
}

#[test]
fn a_first_message_opens_once_whatever_device_it_claims_to_be_from() {
    let (mut alice, mut bob) = introduced();
    let (first, second) = (alice.seal(&bob, "first"), alice.seal(&bob, "second"));
    let renamed = changed(&first, |message| message.device = "another".into());
    let mut deceived = bob.clone();

    bob.open(&first);
    deceived.open(&renamed);

    assert_eq!(bob.refuses(&renamed), OpenError::Replayed);
    assert_eq!(deceived.refuses(&first), OpenError::Replayed);
    assert_eq!((bob.open(&second).0, deceived.open(&second).0), ("second".into(), "second".into()));
}

#[test]
fn a_replayed_handshake_with_its_key_negated_resets_nothing() {
    let (mut alice, mut bob) = introduced();
    let first = alice.seal(&bob, "first");
    bob.open(&first);

    let negated = changed(&first, |message| {
        for direct in message.direct.values_mut() {
            direct.handshake.as_mut().unwrap().ephemeral[0] ^= 1;
        }
    });

    assert_eq!(bob.refuses(&negated), OpenError::Replayed);
}

#[test]
fn a_restored_peer_begins_a_fresh_ratchet_on_the_same_prekey() {
    let (alice, mut bob) = introduced();
    let (mut before, mut restored) = (alice.clone(), alice);
    restored.party.rng = status_layer::testing::rng(99);
    let first = before.seal(&bob, "before");
    bob.open(&first);

    let again = restored.seal(&bob, "restored");
    let heard = bob.open(&again);
    let answer = bob.seal(&restored, "answer");

    assert_eq!(heard, ("restored".to_string(), Grade::Ratcheted));
    assert_eq!(restored.open(&answer).0, "answer");
    assert_eq!(bob.refuses(&first), OpenError::Replayed, "the old first message resets nothing");
}

#[test]
fn messages_open_in_any_order() {
    let (mut alice, mut bob) = in_session();
    let parcels: Vec<Parcel> = (0..20).map(|n| alice.seal(&bob, &format!("message {n}"))).collect();

    for (n, parcel) in parcels.iter().enumerate().rev() {
        assert_eq!(bob.open(parcel).0, format!("message {n}"));
    }
}

#[test]
fn a_message_of_an_earlier_turn_still_opens() {
    let (mut alice, mut bob) = in_session();
    let late = alice.seal(&bob, "late");
    for n in 0..5 {
        let there = alice.seal(&bob, &format!("ping {n}"));
        bob.open(&there);
        let back = bob.seal(&alice, &format!("pong {n}"));
        alice.open(&back);
    }

    assert_eq!(bob.open(&late).0, "late");
}

#[test]
fn a_message_key_is_gone_once_it_was_used() {
    let (mut alice, mut bob) = in_session();
    let (early, late) = (alice.seal(&bob, "early"), alice.seal(&bob, "late"));
    let before = bob.party.store.len();

    bob.open(&late);
    let skipped = bob.party.store.len();
    bob.open(&early);

    assert_eq!(skipped - before, 3, "one key, and two rows that name its chain");
    assert_eq!(bob.party.store.len(), before);
    assert_eq!(bob.refuses(&late), OpenError::Replayed);
    assert_eq!(bob.refuses(&early), OpenError::Replayed);
}

#[test]
fn a_jump_is_bounded_and_the_bound_is_for_each_gap() {
    let config = Config { max_jump: 10, ..Config::default() };
    let (mut alice, mut bob) = introduced_with(config);
    let parcels: Vec<Parcel> = (0..=33).map(|n| alice.seal(&bob, &format!("message {n}"))).collect();

    let too_far = bob.refuses(&parcels[11]);
    let opened = [10, 21, 32].map(|n| bob.open(&parcels[n]).0);

    assert_eq!(too_far, OpenError::Ratchet(RatchetError::TooFarAhead { ahead: 11, max: 10 }));
    assert_eq!(opened[2], "message 32");
}

#[test]
fn the_oldest_skipped_keys_are_dropped_beyond_the_bound() {
    let config = Config { max_skipped: 5, ..Config::default() };
    let (mut alice, mut bob) = introduced_with(config);
    let parcels: Vec<Parcel> = (0..=8).map(|n| alice.seal(&bob, &format!("message {n}"))).collect();

    bob.open(&parcels[8]);

    for (n, parcel) in parcels.iter().enumerate().take(3) {
        assert_eq!(bob.refuses(parcel), OpenError::Replayed, "message {n}");
    }
    for (n, parcel) in parcels.iter().enumerate().take(8).skip(3) {
        assert_eq!(bob.open(parcel).0, format!("message {n}"));
    }
}

#[test]
fn skipped_keys_of_several_chains_are_dropped_oldest_chain_first() {
    let config = Config { max_skipped: 2, ..Config::default() };
    let (mut alice, mut bob) = introduced_with(config);
    let mut late = Vec::new();
    for n in 0..3 {
        late.push(alice.seal(&bob, &format!("late {n}")));
        let there = alice.seal(&bob, "there");
        bob.open(&there);
        let back = bob.seal(&alice, "back");
        alice.open(&back);
    }

    assert_eq!(bob.refuses(&late[0]), OpenError::Replayed);
    assert_eq!(bob.open(&late[1]).0, "late 1");
    assert_eq!(bob.open(&late[2]).0, "late 2");
}

#[test]
fn both_may_begin_at_once_and_agree_on_one_session() {
    let (mut alice, mut bob) = introduced();
    let (from_alice, from_bob) = (alice.seal(&bob, "from alice"), bob.seal(&alice, "from bob"));

    assert_eq!(bob.open(&from_alice).0, "from alice");
    assert_eq!(alice.open(&from_bob).0, "from bob");

    let session = |parcel: &Parcel| match only(parcel).lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    };
    let (next_alice, next_bob) = (alice.seal(&bob, "next"), bob.seal(&alice, "next"));
    assert_eq!(session(&next_alice), session(&next_bob));
    assert_eq!(bob.open(&next_alice).0, "next");
    assert_eq!(alice.open(&next_bob).0, "next");
}

#[test]
fn of_two_concurrent_sessions_the_one_whose_secret_is_first_is_used() {
    let (mut alice, mut bob) = introduced();
    let (from_alice, from_bob) = (alice.seal(&bob, "from alice"), bob.seal(&alice, "from bob"));
    bob.open(&from_alice);
    alice.open(&from_bob);
    let session = |parcel: &Parcel| match only(parcel).lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    };
    let (key, layer) = (bob.key, alice.layer.clone());
    let mut rank = |prekey| {
        let found = alice.party.run(|cx| layer.session(&cx.shelf, (&key, "device-2"), &prekey));
        found.unwrap().unwrap().rank
    };
    let lower = rank(session(&from_alice)).min(rank(session(&from_bob)));

    let used = session(&alice.seal(&bob, "next"));
    let layer = alice.layer.clone();
    let found = alice.party.run(|cx| layer.session(&cx.shelf, (&key, "device-2"), &used));

    assert_eq!(found.unwrap().unwrap().rank, lower);
}

#[test]
fn a_higher_bundle_version_begins_a_new_session_and_late_messages_of_the_old_one_open() {
    let (mut alice, mut bob) = in_session();
    let late = alice.seal(&bob, "late");
    for person in [&mut alice, &mut bob] {
        person.wait(24 * HOUR);
    }
    let rotated = bob.announcement().unwrap();
    alice.try_open(&rotated).unwrap();

    let fresh = alice.seal(&bob, "fresh");

    assert!(only(&fresh).handshake.is_some());
    assert_eq!(bob.open(&fresh).0, "fresh");
    assert_eq!(bob.open(&late).0, "late");
}

#[test]
fn a_message_without_a_session_is_refused() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hello");
    let mut restored = Person::on(2, 2, Config { answer_every: None, ..Config::default() });

    assert_eq!(restored.refuses(&parcel), OpenError::NoSession);
    assert_eq!(bob.open(&parcel).0, "hello");
}

#[test]
fn a_handshake_for_a_prekey_that_is_not_ours_is_refused() {
    let (mut alice, bob) = introduced();
    let parcel = alice.seal(&bob, "hello");
    let mut restored = Person::on(2, 2, Config { answer_every: None, ..Config::default() });

    assert_eq!(restored.refuses(&parcel), OpenError::UnknownPrekey);
}

#[test]
fn a_device_that_borrows_an_installation_id_does_not_enter_the_session() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hello");

    let mallory = Parcel { hint: Some(Person::new(9).user()), ..parcel.clone() };

    assert_eq!(bob.refuses(&mallory), OpenError::NoSession);
    assert_eq!(bob.open(&parcel).0, "hello");
}

#[test]
fn a_first_message_does_not_open_under_another_senders_name() {
    let (mut alice, mut bob) = introduced();
    let parcel = alice.seal(&bob, "hello");

    let mallory = Parcel { hint: Some(Person::new(9).user()), ..parcel };

    assert_eq!(bob.refuses(&mallory), OpenError::Forged);
}

#[test]
fn handshakes_on_one_prekey_are_bounded() {
    let (alice, mut bob) = introduced();
    let mut refused = None;
    for seed in 0..=16 {
        let mut restored = alice.clone();
        restored.party.rng = status_layer::testing::rng(seed);
        let parcel = restored.seal(&bob, "again");
        refused = bob.try_open(&parcel).err();
    }

    assert!(matches!(refused, Some(status_security::Error::Open(OpenError::TooManyHandshakes { max: 16 }))));
}

#[test]
fn the_chain_counts_up_and_begins_anew_with_a_turn() {
    let (mut alice, mut bob) = in_session();

    let (one, two) = (alice.seal(&bob, "one"), alice.seal(&bob, "two"));
    bob.open(&one);
    let answer = bob.seal(&alice, "answer");
    alice.open(&answer);
    let three = alice.seal(&bob, "three");

    assert_eq!((header(&one).n, header(&two).n), (0, 1));
    assert_eq!((header(&three).n, header(&three).pn), (0, 2));
    assert_ne!(header(&three).key, header(&one).key);
}
