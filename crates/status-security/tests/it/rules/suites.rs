//! Two ratchet suites: which is used when, and what becomes of who would have it otherwise.

use status_crypto::SecretKey;
use status_layer::{LayerError, Parcel, Timestamp};
use status_security::hazmat::{Bundle, Device, Extension, Lock, Prekey};
use status_security::{Config, OpenError, RatchetError, SealError, Suite, Suites, Transition};

use crate::pair::{HOUR, Person, changed, introduced, message, seal_refused};

const ALL: [Transition; 5] =
    [Transition::Old, Transition::ReadBoth, Transition::Negotiated, Transition::WriteNew, Transition::New];

fn with(transition: Transition) -> Config {
    Config { transition, ..Config::default() }
}

/// Two users who know each other's keys, each with their own transition.
fn meeting(one: Transition, other: Transition) -> (Person, Person) {
    let (mut alice, mut bob) = (Person::on(1, 1, with(one)), Person::on(2, 2, with(other)));
    let (from_alice, from_bob) = (alice.announcement().unwrap(), bob.announcement().unwrap());
    alice.try_open(&from_bob).unwrap();
    bob.try_open(&from_alice).unwrap();
    (alice, bob)
}

/// `person` after an update or a change of mind: the same device with the same shelf.
fn changes_to(person: &mut Person, transition: Transition) {
    let number = person.key.compressed();
    let seed = [1, 2].into_iter().find(|seed| identity(*seed).public().compressed() == number).unwrap();
    person.layer = Person::on(seed, seed, with(transition)).layer;
}

fn identity(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32]).unwrap()
}

/// The suite of the ciphertext in a parcel.
#[track_caller]
fn suite(parcel: &Parcel) -> Suite {
    match message(parcel).direct.values().next().unwrap().lock {
        Lock::Ratchet { header, .. } => header.key.suite(),
        Lock::Fixed { .. } => panic!("not of a session"),
    }
}

/// What `person` knows of the only device of `whom`.
fn known(person: &mut Person, whom: &Person) -> Device {
    let layer = person.layer.clone();
    person.party.run(|cx| layer.devices(&cx.shelf, &whom.user())).unwrap().remove(0)
}

/// `parcel` as somebody between leaves it who can sign nothing: the extensions of its bundles are gone. Signatures
/// are the same for the same content, so signing again gives the deployed fields byte for byte.
fn stripped(parcel: &Parcel, signer: u8) -> Parcel {
    resigned(parcel, signer, |prekey| prekey.extension = None)
}

fn resigned(parcel: &Parcel, signer: u8, change: impl Fn(&mut Prekey)) -> Parcel {
    changed(parcel, |message| {
        for bundle in &mut message.bundles {
            let mut prekeys = bundle.prekeys().clone();
            prekeys.values_mut().for_each(&change);
            let at = Timestamp::from_millis(u64::try_from(bundle.timestamp()).unwrap() / 1_000_000);
            *bundle = Bundle::sign(&identity(signer), prekeys, at);
        }
    })
}

#[test]
fn curve25519_is_used_when_both_announce_it() {
    let (mut alice, mut bob) = introduced();

    for turn in 0..4 {
        let there = alice.seal(&bob, "there");
        let heard = bob.open(&there).0;
        let answer = bob.seal(&alice, "back");

        assert_eq!((suite(&there), suite(&answer)), (Suite::Curve25519, Suite::Curve25519), "turn {turn}");
        assert_eq!((heard.as_str(), alice.open(&answer).0.as_str()), ("there", "back"));
    }
}

#[test]
fn with_a_peer_that_announces_nothing_secp256k1_is_used() {
    let (mut alice, mut deployed) = meeting(Transition::Negotiated, Transition::Old);

    let there = alice.seal(&deployed, "there");
    deployed.open(&there);
    let back = deployed.seal(&alice, "back");

    assert_eq!((suite(&there), suite(&back)), (Suite::Secp256k1, Suite::Secp256k1));
    assert_eq!(alice.open(&back).0, "back");
}

#[test]
fn messages_open_in_any_order_in_both_suites() {
    for transition in [Transition::Old, Transition::New] {
        let (mut alice, mut bob) = meeting(transition, transition);
        let mut under_way = Vec::new();
        for round in 0..6 {
            for n in 0..3 {
                let text = format!("{round} {n}");
                under_way.push((alice.seal(&bob, &text), text));
            }
            let (parcel, text) = under_way.remove(under_way.len() / 2);
            assert_eq!(bob.open(&parcel).0, text);
            let answer = bob.seal(&alice, "answer");
            alice.open(&answer);
        }
        for (parcel, text) in under_way.iter().rev() {
            assert_eq!(bob.open(parcel).0, *text, "{transition:?}");
            assert_eq!(bob.refuses(parcel), OpenError::Replayed);
        }
    }
}

/// Whether `one` is understood by `other`, as the releases of a transition promise it.
fn should_reach(one: Transition, other: Transition) -> Option<Suite> {
    use Transition::{Negotiated, New, Old, ReadBoth, WriteNew};
    match (one, other) {
        (Old | ReadBoth, Old | ReadBoth | Negotiated | WriteNew) | (Negotiated, Old) => {
            Some(Suite::Secp256k1)
        }
        (Negotiated | WriteNew | New, ReadBoth | Negotiated | WriteNew | New) => Some(Suite::Curve25519),
        (Old | ReadBoth, New) | (WriteNew | New, Old) => None,
    }
}

#[test]
fn every_pair_of_a_transition_talks_or_is_refused_by_name() {
    for one in ALL {
        for other in ALL {
            let (mut alice, mut bob) = meeting(one, other);

            let sealed = alice.try_seal(&bob, "hello");

            match should_reach(one, other) {
                Some(expected) => {
                    let parcel = sealed.unwrap().parcels.remove(0);
                    assert_eq!(suite(&parcel), expected, "{one:?} to {other:?}");
                    assert_eq!(bob.open(&parcel).0, "hello", "{one:?} to {other:?}");
                }
                None => assert_eq!(seal_refused(sealed), SealError::NoCommonSuite, "{one:?} to {other:?}"),
            }
        }
    }
}

#[test]
fn neighbours_of_a_transition_talk_both_ways_for_many_turns() {
    use Transition::{New, Old, ReadBoth, WriteNew};
    for (one, other) in [(Old, ReadBoth), (ReadBoth, WriteNew), (WriteNew, New)] {
        let (mut alice, mut bob) = meeting(one, other);
        for turn in 0..5 {
            let there = alice.seal(&bob, "there");
            assert_eq!(bob.open(&there).0, "there", "{one:?} {other:?} {turn}");
            let back = bob.seal(&alice, "back");
            assert_eq!(alice.open(&back).0, "back", "{one:?} {other:?} {turn}");
        }
    }
}

#[test]
fn what_this_device_does_not_read_is_refused_by_name() {
    for (before, after, suite) in [
        (Transition::Negotiated, Transition::Old, Suite::Curve25519),
        (Transition::ReadBoth, Transition::New, Suite::Secp256k1),
    ] {
        let (mut alice, mut bob) = meeting(before, before);
        let parcel = alice.seal(&bob, "hello");

        changes_to(&mut bob, after);

        assert_eq!(bob.refuses(&parcel), OpenError::SuiteNotRead { suite });
    }
}

#[test]
fn an_update_on_both_sides_moves_the_conversation_to_curve25519() {
    let (mut alice, mut bob) = meeting(Transition::Old, Transition::Old);
    let old = alice.seal(&bob, "old");
    bob.open(&old);
    let late = alice.seal(&bob, "late");

    changes_to(&mut bob, Transition::Negotiated);
    let answer = bob.seal(&alice, "updated");
    alice.open(&answer);
    changes_to(&mut alice, Transition::Negotiated);
    let new = alice.seal(&bob, "new");
    let heard = bob.open(&new).0;
    let back = bob.seal(&alice, "back");

    assert_eq!((suite(&answer), suite(&new), suite(&back)), {
        (Suite::Secp256k1, Suite::Curve25519, Suite::Curve25519)
    });
    assert_eq!((heard.as_str(), alice.open(&back).0.as_str()), ("new", "back"));
    assert_eq!(bob.open(&late).0, "late", "the old session still opens");
}

#[test]
fn a_stripped_bundle_takes_no_suite_back_whatever_its_version() {
    let (mut alice, mut bob) = introduced();
    let first = known(&mut alice, &bob);

    bob.wait(HOUR);
    let same_version = bob.seal(&alice, "same version");
    alice.try_open(&stripped(&same_version, 2)).unwrap();
    bob.wait(24 * HOUR);
    let higher_version = bob.announcement().unwrap();
    alice.try_open(&stripped(&higher_version, 2)).unwrap();

    let kept = known(&mut alice, &bob);
    assert_eq!((kept.version, kept.prekey), (first.version, first.prekey));
    assert_eq!(kept.extension, first.extension);
    assert!(kept.timestamp > first.timestamp, "that the device is there is believed");
    let hello = alice.seal(&bob, "hello");
    assert_eq!((suite(&hello), bob.open(&hello).0.as_str()), (Suite::Curve25519, "hello"));

    alice.try_open(&higher_version).unwrap();
    assert!(known(&mut alice, &bob).version > first.version, "the whole bundle counts");
}

#[test]
fn who_was_shown_a_stripped_bundle_first_believes_the_whole_one_of_the_same_moment() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let announcement = bob.announcement().unwrap();

    alice.try_open(&stripped(&announcement, 2)).unwrap();
    let shown = known(&mut alice, &bob).extension;
    alice.try_open(&announcement).unwrap();

    assert_eq!(shown, None);
    assert!(known(&mut alice, &bob).extension.is_some());
}

#[test]
fn a_device_takes_a_suite_back_by_saying_so_in_a_higher_version() {
    let (mut alice, mut bob) = introduced();
    let before = known(&mut alice, &bob).version;

    changes_to(&mut bob, Transition::Old);
    let announcement = bob.announcement().unwrap();
    alice.try_open(&announcement).unwrap();
    let hello = alice.seal(&bob, "hello");

    let device = known(&mut alice, &bob);
    assert!(device.version > before);
    assert_eq!(device.extension.unwrap().suites(), Suites::DEPLOYED);
    assert_eq!((suite(&hello), bob.open(&hello).0.as_str()), (Suite::Secp256k1, "hello"));
}

#[test]
fn who_has_never_announced_anything_sends_bundles_as_deployed_peers_do() {
    let mut alice = Person::on(1, 1, with(Transition::Old));

    let announcement = alice.announcement().unwrap();

    assert_eq!(stripped(&announcement, 1).sealed, announcement.sealed);
}

#[test]
fn a_ratchet_key_that_agrees_with_nobody_is_not_used() {
    let (mut alice, mut mallory) = (Person::new(1), Person::new(2));
    let announcement = mallory.announcement().unwrap();
    let both = Transition::Negotiated.reads();
    let weak = resigned(&announcement, 2, |prekey| prekey.extension = Extension::new(both, Some([0; 32])));

    alice.try_open(&weak).unwrap();
    let before = alice.party.store.clone();
    let refused = alice.try_seal(&mallory, "hello").map_err(LayerError::from).unwrap_err();

    let LayerError::Reject(reason) = refused else { panic!("{refused:?}") };
    assert_eq!(reason.get::<SealError>(), Some(&SealError::Ratchet(RatchetError::WeakKey)));
    assert!(alice.party.store == before);
}

#[test]
fn a_handshake_on_curve25519_needs_a_prekey_that_announced_it() {
    let (mut alice, mut bob) = meeting(Transition::Negotiated, Transition::Old);
    let both = Transition::Negotiated.reads();
    let announcement = bob.announcement();
    assert!(announcement.is_none(), "announced a moment ago");
    let parcel = bob.seal(&alice, "with our bundle");
    let lie = resigned(&parcel, 2, |prekey| prekey.extension = Extension::new(both, Some([9; 32])));
    alice.try_open(&lie).unwrap();

    let hello = alice.seal(&bob, "hello");
    changes_to(&mut bob, Transition::Negotiated);

    assert_eq!(suite(&hello), Suite::Curve25519);
    assert_eq!(bob.refuses(&hello), OpenError::UnknownPrekey);
}
