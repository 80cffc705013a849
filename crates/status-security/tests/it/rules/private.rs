//! Prekeys made for one contact alone: how they are given, used and wiped.

use status_layer::testing::{Party, rng};
use status_layer::{Interest, Parcel, Read, Recipient, StoreError};
use status_security::hazmat::ratchet::Form;
use status_security::hazmat::{Direct, Handshake, Lock, MAX_PRIVATE, Message};
use status_security::{Config, OpenError, PrivatePrekeys, Transition};

use super::recovery::{assert_at_one, wait};
use crate::pair::{HOUR, Person, changed, introduced, message};

mod hostile;
mod loss;
mod storm;

const DAY: core::time::Duration = core::time::Duration::from_secs(24 * 60 * 60);
const MOMENT: core::time::Duration = core::time::Duration::from_millis(1);

fn expect(person: &mut Person, other: &Person) {
    person.expect(&Recipient::User(other.user()), Interest::Listen);
}

/// Has two who expect each other say something both ways, until each was given something.
fn exchange(alice: &mut Person, bob: &mut Person) {
    expect(alice, bob);
    expect(bob, alice);
    for _ in 0..2 {
        bob.open(&alice.seal(bob, "there"));
        alice.open(&bob.seal(alice, "back"));
    }
}

/// Two contacts, each with a private prekey of the other.
fn contacts() -> (Person, Person) {
    let (mut alice, mut bob) = introduced();
    exchange(&mut alice, &mut bob);
    (alice, bob)
}

/// The owner's prekey is replaced, and the other hears of it.
fn rekeyed(other: &mut Person, owner: &mut Person) {
    wait([other, owner], DAY);
    other.try_open(&owner.announcement().unwrap()).unwrap();
}

/// Two contacts, the first of whom is to begin a session with a private prekey of the second.
fn before_the_second_session() -> (Person, Person) {
    let (mut alice, mut bob) = contacts();
    rekeyed(&mut alice, &mut bob);
    // So is hers: nobody has a session to go on with.
    bob.try_open(&alice.announcement().unwrap()).unwrap();
    (alice, bob)
}

fn only(parcel: &Parcel) -> Direct {
    message(parcel).direct.into_values().next().unwrap()
}

/// Whether a ciphertext carries more than content.
fn encloses(parcel: &Parcel) -> bool {
    matches!(only(parcel).lock, Lock::Ratchet { header, .. } if header.form == Form::Enclosed)
}

/// The private prekey that a first message is sealed with.
fn used(parcel: &Parcel) -> Option<[u8; 33]> {
    only(parcel).handshake.and_then(|handshake| handshake.private)
}

/// The prekey that names the session of a parcel.
fn session(parcel: &Parcel) -> [u8; 33] {
    match only(parcel).lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    }
}

/// How many private prekeys somebody keeps.
fn kept(person: &Person) -> usize {
    let rows = |tag| person.party.store.scan(Party::AREA, &[tag], None, usize::MAX).unwrap().len();
    assert_eq!(rows(b'f'), rows(b'F'), "each has its end");
    rows(b'f')
}

/// `parcel` with its handshake changed.
fn with_handshake(parcel: &Parcel, change: impl Fn(&mut Handshake)) -> Parcel {
    let each = |direct: &mut Direct| direct.handshake.iter_mut().for_each(&change);
    changed(parcel, |message: &mut Message| message.direct.values_mut().for_each(each))
}

#[test]
fn a_contact_is_given_a_prekey_of_its_own_inside_the_answered_session() {
    let (mut alice, mut bob) = introduced();
    expect(&mut alice, &bob);
    expect(&mut bob, &alice);

    let first = alice.seal(&bob, "first");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");
    let heard = alice.open(&answer).0;
    let next = alice.seal(&bob, "next");

    assert_eq!([&first, &answer, &next].map(encloses), [false, true, true]);
    assert_eq!((heard.as_str(), bob.open(&next).0.as_str()), ("answer", "next"));
    assert_eq!((kept(&alice), kept(&bob)), (1, 1));
}

#[test]
fn the_next_session_is_set_up_with_it_besides_the_signed_one() {
    let (mut alice, mut bob) = before_the_second_session();

    let first = alice.seal(&bob, "first");
    let heard = bob.open(&first).0;
    let answer = bob.seal(&alice, "answer");

    let signed = message(&answer).bundles[0].prekeys()["device-2"].key.clone();
    assert!(used(&first).is_some());
    assert_eq!(session(&first).as_slice(), signed, "the session has its name from the signed one");
    assert_eq!((heard.as_str(), alice.open(&answer).0.as_str()), ("first", "answer"));
    assert_at_one(&mut alice, &mut bob);
}

#[test]
fn a_private_prekey_serves_day_after_day() {
    let (mut alice, mut bob) = contacts();
    let mut all = std::collections::BTreeSet::new();

    for day in 0..20 {
        rekeyed(&mut alice, &mut bob);
        bob.try_open(&alice.announcement().unwrap()).unwrap();
        let (from, to) = if day % 2 == 0 { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        let first = from.seal(to, "first");
        assert!(all.insert(used(&first).expect("a private prekey")), "each serves once");
        to.open(&first);
        from.open(&to.seal(from, "answer"));
        to.open(&from.seal(to, "next"));
        from.open(&to.seal(from, "last"));
    }
    assert!(kept(&alice) <= 2 && kept(&bob) <= 2);
}

#[test]
fn it_is_wiped_in_the_commit_of_its_first_message_and_serves_no_second_time() {
    let (mut alice, mut bob) = before_the_second_session();
    let mut copy = alice.clone();
    copy.party.rng = rng(77);
    let (first, again) = (alice.seal(&bob, "first"), copy.seal(&bob, "again"));
    assert_eq!(used(&first), used(&again));

    let before = kept(&bob);
    bob.open(&first);
    let after = kept(&bob);
    bob.layer = Person::on(2, 2, Config { answer_every: None, ..Config::default() }).layer;

    assert_eq!((before, after), (1, 0));
    assert_eq!(bob.refuses(&again), OpenError::UnknownPrekey);
    assert_eq!(bob.refuses(&first), OpenError::Replayed);
}

#[test]
fn who_takes_the_prekeys_of_a_device_later_cannot_read_its_first_messages() {
    for (choice, readable) in [(PrivatePrekeys::Off, true), (PrivatePrekeys::Use, false)] {
        let (mut alice, mut bob) = before_the_second_session();
        let config = Config { private_prekeys: choice, answer_every: None, ..Config::default() };
        alice.layer = Person::on(1, 1, config).layer;
        let first = alice.seal(&bob, "first");
        bob.open(&first);

        // The identity key and every prekey, but not the memory of what was opened.
        let mut thief = Person::on(2, 2, config);
        thief.party.now = bob.party.now;
        for tag in [b'o', b'p', b'f'] {
            for (key, row) in bob.party.store.scan(Party::AREA, &[tag], None, usize::MAX).unwrap() {
                let put = thief.party.run(|cx| {
                    cx.shelf.put(key, row);
                    Ok::<_, StoreError>(())
                });
                put.unwrap();
            }
        }

        assert_eq!(thief.try_open(&first).is_ok(), readable, "{choice:?}");
    }
}

#[test]
fn first_messages_that_repeat_it_open_in_any_order() {
    let (mut alice, mut bob) = before_the_second_session();
    let parcels = ["one", "two", "three"].map(|text| alice.seal(&bob, text));

    for (n, parcel) in parcels.iter().enumerate().rev() {
        assert_eq!(used(parcel), used(&parcels[0]));
        assert_eq!(bob.open(parcel).0, ["one", "two", "three"][n]);
    }
    alice.open(&bob.seal(&alice, "answer"));
    assert_eq!(used(&alice.seal(&bob, "four")), None, "not repeated once it is answered");
}

#[test]
fn each_message_of_one_chain_carries_it_and_a_turn_shows_that_it_came() {
    let (mut alice, mut bob) = introduced();
    expect(&mut bob, &alice);
    bob.open(&alice.seal(&bob, "first"));

    let chain = [0; 3].map(|_| bob.seal(&alice, "answer"));
    alice.open(&chain[2]);
    bob.open(&alice.seal(&bob, "a turn"));
    let later = [0; 3].map(|_| bob.seal(&alice, "later"));

    assert_eq!(chain.map(|parcel| encloses(&parcel)), [true; 3]);
    assert_eq!(later.map(|parcel| encloses(&parcel)), [false; 3]);
    rekeyed(&mut alice, &mut bob);
    assert!(used(&alice.seal(&bob, "next session")).is_some(), "the last of the chain was enough");
}

#[test]
fn one_that_was_lost_with_its_session_is_given_again_in_the_next() {
    let (mut alice, mut bob) = introduced();
    expect(&mut bob, &alice);
    bob.open(&alice.seal(&bob, "first"));
    assert!(encloses(&bob.seal(&alice, "lost")));
    rekeyed(&mut alice, &mut bob);

    let first = alice.seal(&bob, "first");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");
    alice.open(&answer);

    assert_eq!(used(&first), None);
    assert!(encloses(&answer));
    rekeyed(&mut alice, &mut bob);
    assert!(used(&alice.seal(&bob, "next session")).is_some());
}

#[test]
fn one_that_is_under_way_when_an_earlier_one_is_used_is_given_again() {
    let (mut alice, mut bob) = introduced();
    let mut nothing = alice.clone();
    nothing.party.rng = rng(77);
    exchange(&mut alice, &mut bob);
    bob.open(&nothing.seal(&bob, "without one"));
    assert!(encloses(&bob.seal(&nothing, "lost, with another")));
    rekeyed(&mut alice, &mut bob);

    let first = alice.seal(&bob, "with the earlier one");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");

    assert!(used(&first).is_some() && encloses(&answer));
    assert_eq!(kept(&bob), 1, "no third one was made");
}

#[test]
fn who_never_begins_is_given_a_newer_one_when_the_one_it_has_is_too_old() {
    let (mut alice, mut bob) = contacts();
    let mut given = Vec::new();

    for day in 1..=20 {
        rekeyed(&mut alice, &mut bob);
        bob.try_open(&alice.announcement().unwrap()).unwrap();
        for _ in 0..3 {
            let there = bob.seal(&alice, "there");
            alice.open(&there);
            bob.open(&alice.seal(&bob, "back"));
            given.extend(encloses(&there).then_some(day));
        }
    }

    assert_eq!(given, [15]);
}

#[test]
fn who_is_not_expected_is_given_none() {
    let (mut alice, mut bob) = introduced();
    expect(&mut alice, &bob);
    for _ in 0..3 {
        bob.open(&alice.seal(&bob, "there"));
        let back = bob.seal(&alice, "back");
        assert!(!encloses(&back), "bob does not expect alice");
        alice.open(&back);
    }

    assert_eq!((kept(&alice), kept(&bob)), (1, 0));
}

#[test]
fn deployed_peers_and_those_who_switched_it_off_see_nothing_of_it() {
    let deployed = Config { transition: Transition::Old, ..Config::default() };
    let off = Config { private_prekeys: PrivatePrekeys::Off, ..Config::default() };
    for config in [deployed, off] {
        for (of_alice, of_bob) in [(config, Config::default()), (Config::default(), config)] {
            let (mut alice, mut bob) = (Person::on(1, 1, of_alice), Person::on(2, 2, of_bob));
            alice.try_open(&bob.announcement().unwrap()).unwrap();
            bob.try_open(&alice.announcement().unwrap()).unwrap();
            exchange(&mut alice, &mut bob);
            rekeyed(&mut alice, &mut bob);
            let first = alice.seal(&bob, "first");
            let answer = {
                bob.open(&first);
                bob.seal(&alice, "answer")
            };

            assert_eq!([&first, &answer].map(|parcel| (used(parcel), encloses(parcel))), [(None, false); 2]);
            assert_eq!((kept(&alice), kept(&bob)), (0, 0));
        }
    }
}

#[test]
fn who_switches_it_off_still_answers_what_is_sealed_with_those_given_before() {
    let (mut alice, mut bob) = before_the_second_session();
    let first = alice.seal(&bob, "first");
    let off = Config { private_prekeys: PrivatePrekeys::Off, ..Config::default() };
    bob.layer = Person::on(2, 2, off).layer;

    assert_eq!(bob.open(&first).0, "first");
    let answer = bob.seal(&alice, "answer");
    assert!(!encloses(&answer));
    alice.open(&answer);
    wait([&mut alice, &mut bob], MOMENT);
    alice.open(&bob.seal(&alice, "later"));
    assert!(!encloses(&alice.seal(&bob, "next")), "a later bundle has said so");
}

#[test]
fn one_that_is_too_old_is_not_used_and_a_newer_one_is_given() {
    for (age, fresh) in [(15 * DAY - MOMENT, true), (15 * DAY, false)] {
        let (mut alice, mut bob) = contacts();
        let given = bob.party.now;
        wait([&mut alice, &mut bob], 14 * DAY + 12 * HOUR);
        alice.try_open(&bob.announcement().unwrap()).unwrap();
        (alice.party.now, bob.party.now) = (given.after(age), given.after(age));

        let first = alice.seal(&bob, "first");
        bob.open(&first);
        let answer = bob.seal(&alice, "answer");

        assert_eq!(used(&first).is_some(), fresh);
        assert!(encloses(&answer));
    }
}

#[test]
fn one_that_nobody_used_is_wiped_with_time() {
    let (mut alice, mut bob) = contacts();
    let (given, due) = (bob.party.now, |bob: &mut Person| while bob.announcement().is_some() {});
    rekeyed(&mut alice, &mut bob);
    let late = alice.seal(&bob, "late");

    bob.party.now = given.after(30 * DAY - MOMENT);
    due(&mut bob);
    assert_eq!((kept(&bob), bob.clone().open(&late).0.as_str()), (1, "late"));
    bob.party.now = given.after(30 * DAY);

    bob.layer = Person::on(2, 2, Config { answer_every: None, ..Config::default() }).layer;
    assert_eq!(bob.refuses(&late), OpenError::UnknownPrekey, "even though nothing was wiped yet");
    due(&mut bob);
    assert_eq!(kept(&bob), 0);
}

#[test]
fn a_few_are_kept_for_one_device_and_the_oldest_goes() {
    let (mut alice, mut bob) = introduced();
    expect(&mut bob, &alice);
    let nothing = alice.clone();
    for seed in 0..MAX_PRIVATE as u64 + 3 {
        let mut again = nothing.clone();
        again.party.rng = rng(seed);
        bob.open(&again.seal(&bob, "first"));
        let answer = bob.seal(&alice, "answer");
        assert!(encloses(&answer), "who begins without one is given another");
        again.open(&answer);
        alice = again;
    }

    assert_eq!(kept(&bob), MAX_PRIVATE);
    rekeyed(&mut alice, &mut bob);
    let first = alice.seal(&bob, "first");
    assert!(used(&first).is_some());
    assert_eq!(bob.open(&first).0, "first", "the newest is there");
}

/// Has both begin at once, the second with or without a private prekey; returns what they sent.
fn both_begin(seed: u64, of_bob: PrivatePrekeys) -> (Person, Person, [Parcel; 2]) {
    let (mut alice, mut bob) = before_the_second_session();
    alice.party.rng = rng(seed);
    let both = bob.layer.clone();
    bob.layer = Person::on(2, 2, Config { private_prekeys: of_bob, ..Config::default() }).layer;
    let first = [alice.seal(&bob, "from alice"), bob.seal(&alice, "from bob")];
    bob.layer = both;
    bob.open(&first[0]);
    alice.open(&first[1]);
    (alice, bob, first)
}

#[test]
fn of_two_concurrent_sessions_the_one_without_a_private_prekey_is_used() {
    for seed in 0..6 {
        let (mut alice, mut bob, first) = both_begin(seed, PrivatePrekeys::Off);
        assert_eq!(first.each_ref().map(|parcel| used(parcel).is_some()), [true, false]);

        let next = [alice.seal(&bob, "next"), bob.seal(&alice, "next")];

        assert_eq!(next.each_ref().map(session), [session(&first[1]); 2], "seed {seed}");
        assert_at_one(&mut alice, &mut bob);
    }
}

#[test]
fn of_two_concurrent_sessions_with_private_prekeys_both_use_the_same() {
    let mut winners = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let (mut alice, mut bob, first) = both_begin(seed, PrivatePrekeys::Use);
        assert_eq!(first.each_ref().map(|parcel| used(parcel).is_some()), [true, true]);

        let next = [alice.seal(&bob, "next"), bob.seal(&alice, "next")];

        assert_eq!(session(&next[0]), session(&next[1]), "seed {seed}");
        winners.insert(first.iter().position(|parcel| session(parcel) == session(&next[0])));
        assert_at_one(&mut alice, &mut bob);
    }
    assert_eq!(winners.len(), 2, "either may win");
}
