//! Static, ratcheted and clear; and the way from one to the next.

use status_layer::{Grade, Proof};
use status_security::hazmat::Lock;
use status_security::{Config, FirstMessage, OpenError, SealError};

use crate::pair::{Person, changed, introduced, introduced_with, message, seal_refused};

#[test]
fn without_a_bundle_a_message_is_static_and_says_so() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));

    let parcel = alice.seal(&bob, "hello");
    let opened = bob.try_open(&parcel).unwrap();

    assert!(message(&parcel).direct.contains_key("none"));
    assert_eq!(opened.mail[0].grade, Grade::Static);
    assert_eq!(opened.mail[0].from.proof, Proof::Hint);
}

#[test]
fn the_first_bundle_raises_the_conversation_to_the_ratchet() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let hello = alice.seal(&bob, "hello");
    bob.open(&hello);

    let answer = bob.seal(&alice, "answer");
    let opened = alice.try_open(&answer).unwrap();
    let again = alice.seal(&bob, "again");

    assert_eq!(opened.mail[0].grade, Grade::Ratcheted);
    assert_eq!(opened.mail[0].from.proof, Proof::Session);
    assert!(opened.turned);
    assert_eq!(bob.open(&again), ("again".to_string(), Grade::Ratcheted));
}

#[test]
fn a_policy_of_forward_secrecy_refuses_a_first_message_without_a_bundle() {
    let config = Config { first_message: FirstMessage::RequireForwardSecrecy, ..Config::default() };
    let (mut alice, bob) = (Person::on(1, 1, config), Person::new(2));
    let before = alice.party.store.clone();

    let refused = seal_refused(alice.try_seal(&bob, "hello"));

    assert_eq!(refused, SealError::NoBundle);
    assert!(refused.to_string().contains("allow a static first message"));
    assert!(alice.party.store == before);
}

#[test]
fn a_policy_of_forward_secrecy_is_content_with_a_bundle() {
    let config = Config { first_message: FirstMessage::RequireForwardSecrecy, ..Config::default() };
    let (mut alice, mut bob) = introduced_with(config);

    let parcel = alice.seal(&bob, "hello");

    assert_eq!(bob.open(&parcel), ("hello".to_string(), Grade::Ratcheted));
}

#[test]
fn a_static_message_opens_once() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let parcel = alice.seal(&bob, "hello");
    bob.open(&parcel);

    assert_eq!(bob.refuses(&parcel), OpenError::Replayed);
}

#[test]
fn a_static_message_with_its_key_negated_is_still_a_replay() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let parcel = alice.seal(&bob, "hello");
    bob.open(&parcel);

    let negated = changed(&parcel, |message| {
        for direct in message.direct.values_mut() {
            if let Lock::Fixed { ephemeral } = &mut direct.lock {
                ephemeral[0] ^= 1;
            }
        }
    });

    assert_eq!(bob.refuses(&negated), OpenError::Replayed);
}

#[test]
fn every_message_carries_the_senders_bundle() {
    let (mut alice, bob) = introduced();

    let sealed = message(&alice.seal(&bob, "hello"));
    let (device, prekey) = sealed.bundles[0].prekeys().first_key_value().unwrap();

    assert_eq!(sealed.device, "device-1");
    assert_eq!(sealed.bundles.len(), 1);
    assert_eq!(sealed.bundles[0].identity(), alice.user());
    assert_eq!(sealed.bundles[0].timestamp(), alice.party.now.nanos());
    assert_eq!((device.as_str(), prekey.protocol), ("device-1", 1));
    assert_eq!(u64::from(prekey.version), alice.party.now.secs() / 60, "versions follow the clock");
}

#[test]
fn an_empty_text_makes_keys_known_and_is_no_mail() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));

    let keys = alice.seal(&bob, "");
    let opened = bob.try_open(&keys).unwrap();
    let answer = bob.seal(&alice, "answer");

    assert!(opened.mail.is_empty());
    assert_eq!(alice.open(&answer).1, Grade::Ratcheted);
}
