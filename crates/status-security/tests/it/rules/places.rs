//! Where things are left and listened for, and the clear mode.

use std::collections::BTreeMap;

use status_layer::{
    Datagram, Grade, Interest, Name, Parcel, Proof, Recipient, Rendezvous, Sealed, Security, UserId,
};
use status_security::{Config, MailInClear, OpenError, SharedPlace};

use crate::pair::{HOUR, Person, changed, in_session, introduced, message};

fn room() -> Name {
    Name::new("room").unwrap()
}

fn contact_code(person: &Person) -> Rendezvous {
    let text = format!("0x{}-contact-code", hex::encode(person.key.uncompressed()));
    Rendezvous::Named(Name::new(text).unwrap())
}

fn to_room(person: &mut Person, text: &str) -> Parcel {
    let datagram = Datagram::new(Recipient::Channel(room()), text.as_bytes().to_vec());
    person.party.run(|cx| person.layer.seal(cx, datagram)).unwrap().parcels.remove(0)
}

/// The version of the prekey of Alice's device in a parcel of hers.
fn version(parcel: &Parcel) -> u32 {
    message(parcel).bundles[0].prekeys()["device-1"].version
}

#[test]
fn expecting_ourselves_listens_at_the_inbox_and_at_our_contact_code() {
    let mut alice = Person::new(1);

    let meet = alice.expect(&Recipient::User(alice.user()), Interest::Listen);

    let inbox = Rendezvous::Inbox(alice.user());
    assert_eq!(meet, [(inbox, Interest::Listen), (contact_code(&alice), Interest::Listen)]);
}

#[test]
fn expecting_somebody_listens_at_their_contact_code() {
    let (mut alice, bob) = (Person::new(1), Person::new(2));

    let meet = alice.expect(&Recipient::User(bob.user()), Interest::Listen);

    assert_eq!(meet, [(contact_code(&bob), Interest::Listen)]);
}

#[test]
fn expecting_a_channel_listens_at_its_name() {
    let meet = Person::new(1).expect(&Recipient::Channel(room()), Interest::Ignore);

    assert_eq!(meet, [(Rendezvous::Named(room()), Interest::Ignore)]);
}

#[test]
fn a_user_whose_id_is_no_point_cannot_be_expected() {
    let mut alice = Person::new(1);
    let nobody = UserId::from_compressed(&[2; 33].map(|_| 2)).unwrap();

    let refused = alice.party.run(|cx| alice.layer.expect(cx, &Recipient::User(nobody), Interest::Listen));

    let off_curve = status_crypto::PublicKey::from_user(&nobody).is_err();
    assert_eq!(refused.is_err(), off_curve);
}

#[test]
fn the_first_message_makes_us_listen_at_the_shared_place_once() {
    let (mut alice, mut bob) = introduced();

    let out = alice.try_seal(&bob, "hello").unwrap();
    let again = alice.try_seal(&bob, "again").unwrap();
    let opened = bob.try_open(&out.parcels[0]).unwrap();

    assert!(matches!(out.meet.as_slice(), [(Rendezvous::Shared(_), Interest::Listen)]));
    assert!(again.meet.is_empty());
    assert_eq!(opened.then.meet, out.meet, "both sides share one place");
}

#[test]
fn mail_at_the_shared_place_opens() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hello");

    let shared = Rendezvous::Shared(status_layer::Secret::new([0; 32]));
    let heard = bob.open(&Parcel { meet: shared, ..parcel });

    assert_eq!(heard.0, "hello");
}

#[test]
fn ignoring_somebody_leaves_the_shared_place() {
    let (mut alice, bob) = introduced();
    let shared = alice.try_seal(&bob, "hello").unwrap().meet.remove(0).0;

    let meet = alice.expect(&Recipient::User(bob.user()), Interest::Ignore);

    assert_eq!(meet, [(shared, Interest::Ignore), (contact_code(&bob), Interest::Ignore)]);
}

#[test]
fn a_channel_message_is_clear_and_carries_the_bundle() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));

    let parcel = to_room(&mut alice, "hello all");
    let opened = bob.try_open(&parcel).unwrap();
    let private = bob.seal(&alice, "hello");

    assert_eq!(parcel.meet, Rendezvous::Named(room()));
    assert_eq!(opened.mail[0].grade, Grade::Clear);
    assert_eq!(opened.mail[0].from.proof, Proof::Hint);
    assert_eq!(opened.mail[0].datagram.to, Recipient::Channel(room()));
    assert_eq!(alice.open(&private).1, Grade::Ratcheted, "the bundle was learnt in the channel");
}

#[test]
fn a_channel_message_without_our_frame_opens_too() {
    let mut bob = Person::new(2);
    let bare = Parcel {
        meet: Rendezvous::Named(room()),
        sealed: Sealed::new(b"\x0a\x01x\x12\x05hello\x18\x01".to_vec()),
        hint: Some(Person::new(1).user()),
    };

    let opened = bob.try_open(&bare).unwrap();

    assert_eq!(opened.mail[0].datagram.bytes, bare.sealed.as_bytes());
    assert_eq!(opened.mail[0].grade, Grade::Clear);
}

#[test]
fn mail_that_is_not_sealed_is_refused_unless_it_is_asked_for() {
    let (alice, mut bob) = (Person::new(1), Person::new(2));
    let mut lax = Person::on(2, 2, Config { mail_in_clear: MailInClear::Accept, ..Config::default() });
    let bare = Parcel {
        meet: Rendezvous::Inbox(bob.user()),
        sealed: Sealed::new(b"hello".to_vec()),
        hint: Some(alice.user()),
    };
    let framed = Parcel { meet: Rendezvous::Inbox(bob.user()), ..to_room(&mut alice.clone(), "hello") };

    assert_eq!(bob.refuses(&bare), OpenError::NotSealed);
    assert_eq!(bob.refuses(&framed), OpenError::NotSealed);
    assert_eq!(lax.open(&bare), ("hello".to_string(), Grade::Clear));
    assert_eq!(lax.open(&framed), ("hello".to_string(), Grade::Clear));
}

#[test]
fn mail_for_a_user_at_a_public_name_is_refused() {
    let (mut alice, mut bob) = introduced();
    let parcel = alice.seal(&bob, "hello");

    assert_eq!(bob.refuses(&Parcel { meet: Rendezvous::Named(room()), ..parcel }), OpenError::WrongPlace);
}

#[test]
fn a_parcel_without_a_sender_or_for_somebody_else_is_refused() {
    let (mut alice, mut bob) = introduced();
    let parcel = alice.seal(&bob, "hello");

    let unsigned = Parcel { hint: None, ..parcel.clone() };

    assert_eq!(bob.refuses(&unsigned), OpenError::Unsigned);
    assert_eq!(Person::new(3).refuses(&parcel), OpenError::NotOurs);
}

#[test]
fn keys_are_announced_at_once_then_every_six_hours_and_after_a_rotation() {
    let mut alice = Person::new(1);
    let mut at = Vec::new();
    for hour in 0..=26 {
        if alice.announcement().is_some() {
            at.push(hour);
        }
        alice.wait(HOUR);
    }

    assert_eq!(at, [0, 6, 12, 18, 24]);
}

#[test]
fn an_announcement_is_a_bundle_and_nothing_else_at_our_contact_code() {
    let mut alice = Person::new(1);

    let parcel = alice.announcement().unwrap();
    let message = message(&parcel);

    assert_eq!(parcel.meet, contact_code(&alice));
    assert_eq!(parcel.hint, Some(alice.user()));
    assert_eq!((message.bundles.len(), message.direct.len(), message.public.len()), (1, 0, 0));
}

#[test]
fn due_says_when_to_ask_again() {
    let mut alice = Person::new(1);

    let first = alice.party.run(|cx| alice.layer.due(cx)).unwrap();
    let second = alice.party.run(|cx| alice.layer.due(cx)).unwrap();

    assert_eq!(first.next, Some(alice.party.now.after(6 * HOUR)));
    assert_eq!(second.next, first.next);
    assert!(second.now.is_empty());
}

#[test]
fn a_rotation_is_announced_even_if_it_happened_while_sealing() {
    let (mut alice, bob) = introduced();
    let first = version(&alice.seal(&bob, "hello"));
    alice.wait(24 * HOUR - core::time::Duration::from_millis(1));
    alice.announcement();
    alice.wait(core::time::Duration::from_millis(1));
    alice.seal(&bob, "hello");

    let parcel = alice.announcement().expect("the new prekey is announced");

    assert!(version(&parcel) > first);
}

fn sharing(user: u8, device: u8) -> Person {
    Person::on(user, device, Config { shared_place: SharedPlace::Use, ..Config::default() })
}

#[test]
fn once_all_devices_agreed_messages_go_to_the_shared_place() {
    let (mut alice, mut bob) = (sharing(1, 1), sharing(2, 2));
    let keys = bob.announcement().unwrap();
    alice.try_open(&keys).unwrap();

    let first = alice.seal(&bob, "first");
    bob.open(&first);
    let answer = bob.seal(&alice, "answer");
    alice.open(&answer);
    let next = alice.seal(&bob, "next");

    let secret = status_crypto::SecretKey::from_bytes(&[1; 32]).unwrap().agree(&bob.key);
    let shared = Rendezvous::Shared(secret);
    assert_eq!(first.meet, Rendezvous::Inbox(bob.user()), "nothing was heard of Bob but his keys");
    assert_eq!((&answer.meet, &next.meet), (&shared, &shared));
    assert_eq!(bob.open(&next).0, "next");
}

#[test]
fn a_device_that_has_not_agreed_yet_keeps_messages_in_the_inbox() {
    let (mut alice, mut bob, mut desk) = (sharing(1, 1), sharing(2, 2), sharing(2, 3));
    let keys = alice.announcement().unwrap();
    bob.try_open(&keys).unwrap();
    alice.open(&bob.seal(&alice, "hello"));
    let agreed = alice.seal(&bob, "to one");

    let keys = desk.announcement().unwrap();
    alice.try_open(&keys).unwrap();
    let both = alice.seal(&bob, "to both");
    desk.open(&both);
    alice.open(&desk.seal(&alice, "hello from the desk"));
    let again = alice.seal(&bob, "to both again");

    assert!(matches!(agreed.meet, Rendezvous::Shared(_)));
    assert_eq!(both.meet, Rendezvous::Inbox(bob.user()));
    assert!(matches!(again.meet, Rendezvous::Shared(_)));
}

#[test]
fn a_static_message_goes_to_the_inbox() {
    let (mut alice, bob) = (sharing(1, 1), sharing(2, 2));

    assert_eq!(alice.seal(&bob, "hello").meet, Rendezvous::Inbox(bob.user()));
}

#[test]
fn a_device_without_protocol_version_one_does_not_agree() {
    let (mut alice, mut bob) = (sharing(1, 1), sharing(2, 2));
    let parcel = changed(&bob.seal(&alice, "hello"), |message| {
        let prekeys = message.bundles[0].prekeys().iter();
        let old = prekeys.map(|(id, prekey)| {
            (id.clone(), status_security::hazmat::Prekey { protocol: 0, ..prekey.clone() })
        });
        let key = status_crypto::SecretKey::from_bytes(&[2; 32]).unwrap();
        message.bundles[0] =
            status_security::hazmat::Bundle::sign(&key, old.collect::<BTreeMap<_, _>>(), bob.party.now);
    });
    alice.open(&parcel);

    assert_eq!(alice.seal(&bob, "hello").meet, Rendezvous::Inbox(bob.user()));
}

#[test]
fn by_default_nothing_is_left_at_the_shared_place() {
    let (mut alice, bob) = in_session();

    assert_eq!(alice.seal(&bob, "hello").meet, Rendezvous::Inbox(bob.user()));
}

#[test]
fn an_answer_to_what_cannot_be_read_goes_to_the_inbox() {
    let (mut alice, mut bob) = (sharing(1, 1), sharing(2, 2));
    alice.open(&bob.seal(&alice, "hello"));
    bob.open(&alice.seal(&bob, "hello"));
    bob.wait(HOUR);
    let elsewhere = changed(&bob.seal(&alice, "for another"), |message| {
        message.direct = message.direct.clone().into_values().map(|direct| ("else".into(), direct)).collect();
    });

    let answer = alice.try_open(&elsewhere).unwrap().then.parcels.remove(0);

    assert_eq!(answer.meet, Rendezvous::Inbox(bob.user()));
}
