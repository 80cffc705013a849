//! Mail that this device has no key for, and the way back to a common session.

use status_layer::{Area, DeviceId, Grade, Notice, Opened, Parcel, Read as _, Sealed, Security as _};
use status_security::hazmat::{Bundle, MAX_ANSWERED};
use status_security::{Config, OpenError};

use crate::pair::{HOUR, Person, changed, in_session, introduced, message};

pub(super) const MINUTE: core::time::Duration = core::time::Duration::from_secs(60);

pub(super) fn wait(people: [&mut Person; 2], span: core::time::Duration) {
    for person in people {
        person.wait(span);
    }
}

/// Bob's device after a restore from the words of his account: the same identity, nothing else.
fn restored_from_words(bob: &Person) -> Person {
    let mut new = Person::on(2, 22, Config::default());
    new.party.now = bob.party.now;
    new
}

/// Bob's device with an old copy of its store, and other randomness.
pub(super) fn put_back(copy: &Person, bob: &Person) -> Person {
    let mut old = copy.clone();
    old.party.now = bob.party.now;
    old.party.rng = status_layer::testing::rng(77);
    old
}

/// Opens a parcel that cannot be read; checks that the application is told, and returns the answer.
#[track_caller]
pub(super) fn unreadable(person: &mut Person, parcel: &Parcel) -> Option<Parcel> {
    let opened = person.try_open(parcel).expect("its keys are kept");
    assert!(opened.mail.is_empty());
    assert!(opened.notices.contains(&Notice::Unreadable { from: parcel.hint.unwrap() }), "{opened:?}");
    assert!(opened.then.parcels.len() <= 1);
    opened.then.parcels.into_iter().next()
}

/// Opens a parcel that carries keys and no text.
#[track_caller]
pub(super) fn hears(person: &mut Person, parcel: &Parcel) -> Opened {
    let opened = person.try_open(parcel).expect("the answer opens");
    assert!(opened.mail.is_empty());
    opened
}

/// Checks that from now on each reads the other at once, whoever begins.
#[track_caller]
pub(super) fn assert_at_one(alice: &mut Person, bob: &mut Person) {
    for (n, turn) in [0, 1, 1, 0, 0, 1].into_iter().enumerate() {
        wait([alice, bob], MINUTE);
        let (from, to) = if turn == 0 { (&mut *alice, &mut *bob) } else { (&mut *bob, &mut *alice) };
        let text = format!("message {n}");
        let parcel = from.seal(to, &text);
        assert_eq!(to.open(&parcel).0, text);
    }
}

#[test]
fn after_a_restore_from_the_words_the_next_message_is_read_within_one_round_trip() {
    let (mut alice, mut bob) = in_session();
    wait([&mut alice, &mut bob], HOUR);
    let mut new = restored_from_words(&bob);

    let unread = alice.seal(&new, "are you there?");
    let answer = unreadable(&mut new, &unread).expect("the first answer goes at once");
    let heard = hears(&mut alice, &answer);
    let next = alice.seal(&new, "now you are");

    let device = DeviceId::new("device-22").unwrap();
    assert_eq!(heard.notices, [Notice::NewDevice { user: bob.user(), device, joined: true }]);
    assert_eq!(message(&next).direct.len(), 2, "for the old device and the new");
    assert_eq!(new.open(&next).0, "now you are");
    assert_eq!(bob.open(&next).0, "now you are");
    assert_at_one(&mut alice, &mut new);
}

#[test]
fn an_old_copy_of_the_store_from_before_a_turn_costs_one_round_trip() {
    let (mut alice, mut bob) = in_session();
    wait([&mut alice, &mut bob], 2 * HOUR);
    let copy = bob.clone();
    for _ in 0..3 {
        wait([&mut alice, &mut bob], MINUTE);
        bob.open(&alice.seal(&bob, "there"));
        alice.open(&bob.seal(&alice, "back"));
    }
    wait([&mut alice, &mut bob], MINUTE);
    let mut old = put_back(&copy, &bob);

    let unread = alice.seal(&old, "lost");
    let answer = unreadable(&mut old, &unread).expect("an answer");
    hears(&mut alice, &answer);

    assert_at_one(&mut alice, &mut old);
}

#[test]
fn an_old_copy_of_the_store_from_before_the_session_costs_one_round_trip() {
    let (mut alice, mut bob) = introduced();
    let copy = bob.clone();
    wait([&mut alice, &mut bob], 2 * HOUR);
    bob.open(&alice.seal(&bob, "there"));
    alice.open(&bob.seal(&alice, "back"));
    wait([&mut alice, &mut bob], MINUTE);
    let mut old = put_back(&copy, &bob);

    let unread = alice.seal(&old, "lost");
    let answer = unreadable(&mut old, &unread).expect("an answer");
    hears(&mut alice, &answer);

    assert_at_one(&mut alice, &mut old);
}

#[test]
fn an_old_copy_of_the_store_from_before_rotations_costs_one_round_trip() {
    for days in [1, 2, 10] {
        let (mut alice, mut bob) = in_session();
        let copy = bob.clone();
        for _ in 0..days {
            wait([&mut alice, &mut bob], 24 * HOUR);
            alice.try_open(&bob.announcement().unwrap()).unwrap();
            bob.open(&alice.seal(&bob, "there"));
            alice.open(&bob.seal(&alice, "back"));
        }
        wait([&mut alice, &mut bob], MINUTE);
        let mut old = put_back(&copy, &bob);

        let unread = alice.seal(&old, "lost");
        let answer = unreadable(&mut old, &unread).expect("an answer");
        hears(&mut alice, &answer);

        assert_at_one(&mut alice, &mut old);
    }
}

#[test]
fn an_announcement_after_an_old_copy_was_put_back_is_enough_once_a_prekey_is_due() {
    let (mut alice, mut bob) = in_session();
    let copy = bob.clone();
    for _ in 0..3 {
        wait([&mut alice, &mut bob], 24 * HOUR);
        alice.try_open(&bob.announcement().unwrap()).unwrap();
    }
    wait([&mut alice, &mut bob], MINUTE);
    let mut old = put_back(&copy, &bob);

    alice.try_open(&old.announcement().unwrap()).unwrap();

    let next = alice.seal(&old, "read at once");
    assert_eq!(old.open(&next).0, "read at once", "the version is above all that was announced before");
}

#[test]
fn who_writes_with_numbers_used_before_is_told_to_begin_anew() {
    let (mut alice, mut bob) = in_session();
    wait([&mut alice, &mut bob], 2 * HOUR);
    let copy = bob.clone();
    alice.open(&bob.seal(&alice, "one"));
    alice.open(&bob.seal(&alice, "two"));
    wait([&mut alice, &mut bob], MINUTE);
    let mut old = put_back(&copy, &bob);

    let used = old.seal(&alice, "one again");
    let answer = unreadable(&mut alice, &used).expect("an answer");
    hears(&mut old, &answer);

    assert_at_one(&mut alice, &mut old);
}

/// Bob's device with an old copy of its store, which it notices.
fn put_back_and_noticed(copy: &Person, bob: &Person) -> Person {
    let mut old = put_back(copy, bob);
    old.party.run(|cx| old.layer.renew(cx)).unwrap();
    old
}

#[test]
fn after_an_old_copy_was_noticed_no_message_key_seals_again() {
    let (mut alice, mut bob) = in_session();
    wait([&mut alice, &mut bob], HOUR);
    let copy = bob.clone();
    let lost = bob.seal(&alice, "the key of this one must not come again");
    alice.open(&lost);
    wait([&mut alice, &mut bob], MINUTE);

    let reused = put_back(&copy, &bob).seal(&alice, "unnoticed");
    let mut old = put_back_and_noticed(&copy, &bob);
    let fresh = old.seal(&alice, "noticed");

    assert_eq!(sealed_with(&reused), sealed_with(&lost), "what would happen otherwise");
    assert_ne!(sealed_with(&fresh), sealed_with(&lost));
    assert_eq!(alice.open(&fresh), ("noticed".to_owned(), Grade::Ratcheted));
    assert_at_one(&mut alice, &mut old);
}

#[test]
fn what_was_sent_since_the_copy_was_made_opens_after_it_was_noticed() {
    for begun_by_bob in [true, false] {
        let (mut alice, mut bob) = introduced();
        let (first, second) = if begun_by_bob { (&mut bob, &mut alice) } else { (&mut alice, &mut bob) };
        second.open(&first.seal(second, "ping"));
        first.open(&second.seal(first, "pong"));
        wait([&mut alice, &mut bob], HOUR);
        let copy = bob.clone();
        let since = [alice.seal(&bob, "one"), alice.seal(&bob, "two")];
        since.iter().for_each(|parcel| drop(bob.open(parcel)));
        wait([&mut alice, &mut bob], MINUTE);

        let mut old = put_back_and_noticed(&copy, &bob);
        alice.open(&old.seal(&alice, "in a new session"));
        let [one, two] = since;

        assert_eq!(old.open(&two).0, "two");
        assert_eq!(old.open(&one).0, "one", "what was passed over is kept there too");
        assert!(matches!(old.refuses(&one), OpenError::Forged | OpenError::Replayed), "once");
        assert_at_one(&mut alice, &mut old);
    }
}

#[test]
fn a_session_that_was_set_aside_is_deleted_after_14_days() {
    let (mut alice, mut bob) = introduced();
    alice.open(&bob.seal(&alice, "ping"));
    bob.open(&alice.seal(&bob, "pong"));
    let (one, two) = (alice.seal(&bob, "one"), alice.seal(&bob, "two"));
    let mut old = put_back_and_noticed(&bob, &bob);
    old.open(&two);

    old.wait(14 * 24 * HOUR);
    old.announcement();

    let kept = old.party.store.clone();
    assert_eq!(old.refuses(&one), OpenError::NoSession, "it comes too late");
    let left = |tag: &[u8]| kept.scan(Area(0), tag, None, 10).unwrap().len();
    assert_eq!((left(b"t"), left(b"k"), left(b"x")), (0, 0, 0));
}

#[test]
fn a_copy_may_be_put_back_and_noticed_again_and_again() {
    let (mut alice, mut bob) = in_session();
    wait([&mut alice, &mut bob], HOUR);
    for n in 0..3 {
        wait([&mut alice, &mut bob], MINUTE);
        let copy = bob.clone();
        alice.open(&bob.seal(&alice, "there"));
        bob.open(&alice.seal(&bob, "back"));
        bob = put_back_and_noticed(&copy, &bob);
        bob = put_back_and_noticed(&bob, &bob);
        bob.party.rng = status_layer::testing::rng(n);
        alice.open(&bob.seal(&alice, "in a new session"));
        assert_at_one(&mut alice, &mut bob);
    }
}

/// Which message keys seal the ciphertexts of a parcel: session, ratchet key and number.
fn sealed_with(parcel: &Parcel) -> Vec<String> {
    message(parcel).direct.values().map(|direct| format!("{:?}", direct.lock)).collect()
}

#[test]
fn whoever_lost_too_many_messages_for_one_jump_begins_anew() {
    let (mut alice, mut bob) = in_session();
    bob.layer = Person::on(2, 2, Config { max_jump: 5, ..Config::default() }).layer;
    wait([&mut alice, &mut bob], 2 * HOUR);
    (0..6).for_each(|_| drop(alice.seal(&bob, "lost")));

    let far = alice.seal(&bob, "too far");
    let answer = unreadable(&mut bob, &far).expect("an answer");
    hears(&mut alice, &answer);

    assert_at_one(&mut alice, &mut bob);
}

#[test]
fn an_answer_goes_to_each_peer_once_in_two_hours() {
    let (mut alice, mut bob) = in_session();
    let mut new = restored_from_words(&bob);
    let mut answers = Vec::new();
    for minute in 0..=240_u32 {
        let parcel = alice.seal(&bob, "flood");
        if unreadable(&mut new, &parcel).is_some() {
            answers.push(minute);
        }
        wait([&mut alice, &mut new], MINUTE);
    }

    assert_eq!(answers, [0, 120, 240]);
    assert_eq!(bob.party.store.len(), in_session().1.party.store.len());
    bob.wait(MINUTE);
}

#[test]
fn a_crowd_of_identities_is_answered_once_each_and_no_more_than_the_memory_holds() {
    let (mut alice, bob) = introduced();
    let mut new = restored_from_words(&bob);
    let genuine = alice.seal(&bob, "hello");
    let mut answers = 0;
    for round in 0..2 {
        for n in 0..MAX_ANSWERED + 20 {
            let mut scalar = [7; 32];
            scalar[..8].copy_from_slice(&n.to_be_bytes());
            let stranger = status_crypto::SecretKey::from_bytes(&scalar).unwrap();
            let prekeys = message(&genuine).bundles[0].prekeys().clone();
            let now = new.party.now.after(core::time::Duration::from_secs(round));
            let bundle = Bundle::sign(&stranger, prekeys, now);
            let parcel = changed(&genuine, |message| message.bundles = vec![bundle]);
            let parcel = Parcel { hint: Some(stranger.public().user()), ..parcel };
            answers += u64::from(unreadable(&mut new, &parcel).is_some());
        }
    }

    assert_eq!(answers, MAX_ANSWERED);
}

#[test]
fn a_message_brought_again_is_never_answered() {
    let (mut alice, mut bob) = in_session();
    let mut new = restored_from_words(&bob);
    let old = alice.seal(&bob, "old");
    wait([&mut alice, &mut bob], MINUTE);
    let unread = alice.seal(&bob, "unread");
    new.wait(3 * HOUR);
    unreadable(&mut new, &unread).expect("the first answer");
    new.wait(3 * HOUR);

    assert_eq!(new.refuses(&unread), OpenError::NotForThisDevice);
    assert_eq!(new.refuses(&old), OpenError::NotForThisDevice);
    bob.open(&unread);
    bob.wait(3 * HOUR);
    assert_eq!(bob.refuses(&unread), OpenError::Replayed);
}

#[test]
fn a_message_without_its_senders_own_bundle_is_never_answered() {
    let (mut alice, bob) = introduced();
    let mut new = restored_from_words(&bob);
    let parcel = alice.seal(&bob, "hello");

    let bare = changed(&parcel, |message| message.bundles.clear());
    let borrowed = Parcel { hint: Some(Person::new(9).user()), ..parcel.clone() };
    let elsewhere = changed(&parcel, |message| message.device = "device-9".to_string());

    for forged in [bare, borrowed, elsewhere] {
        assert_eq!(new.refuses(&forged), OpenError::NotForThisDevice);
    }
}

#[test]
fn a_message_changed_on_its_way_is_never_answered() {
    let (mut alice, mut bob) = in_session();
    bob.open(&alice.seal(&bob, "the ratchet has turned"));
    wait([&mut alice, &mut bob], MINUTE);
    let parcel = alice.seal(&bob, "hello");

    let flipped = changed(&parcel, |message| {
        message.direct.values_mut().for_each(|direct| direct.payload[20] ^= 1);
    });
    let mut signature = parcel.sealed.as_bytes().to_vec();
    let at = signature.windows(2).rposition(|pair| pair == [0x22, 65]).unwrap() + 10;
    signature[at] ^= 1;
    let unsigned = Parcel { sealed: Sealed::new(signature), ..parcel.clone() };

    assert_eq!(bob.refuses(&flipped), OpenError::Forged);
    bob.refuses(&unsigned);
    for end in 0..parcel.sealed.as_bytes().len() {
        let cut = Sealed::new(parcel.sealed.as_bytes()[..end].to_vec());
        let opened = bob.clone().try_open(&Parcel { sealed: cut, ..parcel.clone() });
        assert!(opened.is_err() || opened.is_ok_and(|opened| opened.then.parcels.is_empty()), "{end}");
    }
    assert_eq!(bob.open(&parcel).0, "hello");
}

#[test]
fn a_handshake_beside_a_message_of_another_session_is_never_answered() {
    let (mut alice, mut bob) = introduced();
    wait([&mut alice, &mut bob], MINUTE);
    let first = alice.seal(&bob, "first");

    let mixed = changed(&first, |message| {
        let own = message.bundles[0].prekeys()[&message.device].key.clone();
        for direct in message.direct.values_mut() {
            direct.handshake.as_mut().unwrap().prekey = own.as_slice().try_into().unwrap();
        }
    });

    assert_eq!(bob.refuses(&mixed), OpenError::NoSession);
    assert_eq!(bob.open(&first).0, "first");
}

#[test]
fn our_own_messages_are_never_answered() {
    let mut phone = Person::on(1, 1, Config::default());
    let mut desk = Person::on(1, 12, Config::default());
    let (mut bob, keys) = (Person::new(2), phone.announcement().unwrap());
    bob.try_open(&keys).unwrap();
    let to_phone = bob.seal(&phone, "hello");

    let ours = Parcel { hint: Some(phone.user()), ..to_phone };

    assert_eq!(desk.refuses(&ours), OpenError::NotForThisDevice);
}

#[test]
fn two_who_cannot_read_each_other_do_not_answer_for_ever() {
    let (mut alice, bob) = in_session();
    let mut new = restored_from_words(&bob);
    // Alice has lost everything too: nobody knows the other's device.
    let mut lost = Person::on(1, 11, Config::default());
    let mut parcel = Some(alice.seal(&new, "hello"));
    let mut answers = 0;

    for turn in 0..20 {
        let Some(on_its_way) = parcel.take() else { break };
        let reader = if turn % 2 == 0 { &mut new } else { &mut lost };
        reader.wait(MINUTE);
        let opened = reader.try_open(&on_its_way).unwrap_or_default();
        answers += opened.then.parcels.len();
        parcel = opened.then.parcels.into_iter().next();
    }

    assert!(answers <= 2, "{answers} answers");
    assert_at_one(&mut lost, &mut new);
}

#[test]
fn a_flood_of_desyncs_replaces_our_prekey_once_an_hour_at_most() {
    let mut bob = Person::new(2);
    let keys = bob.announcement().unwrap();
    let version = |bob: &mut Person| {
        let carol = Person::new(99);
        message(&bob.clone().seal(&carol, "which version?")).bundles[0].prekeys()["device-2"].version
    };
    bob.wait(2 * HOUR);
    let mut versions = std::collections::BTreeSet::from([version(&mut bob)]);
    for n in 10..30 {
        let mut stranger = Person::new(n);
        stranger.party.now = bob.party.now;
        stranger.try_open(&keys).unwrap();
        bob.open(&stranger.seal(&bob, "hello"));
        stranger.open(&bob.seal(&stranger, "hello"));
        wait([&mut stranger, &mut bob], MINUTE);
        let adrift = changed(&stranger.seal(&bob, "adrift"), |message| {
            message.direct.values_mut().for_each(|direct| direct.handshake = None);
            for direct in message.direct.values_mut() {
                if let status_security::hazmat::Lock::Ratchet { session, .. } = &mut direct.lock {
                    *session = [3; 33];
                }
            }
        });
        unreadable(&mut bob, &adrift).expect("an answer");
        versions.insert(version(&mut bob));
    }

    assert_eq!(versions.len(), 2);
}
