//! What others may try with private prekeys.

use prost::Message as _;
use status_layer::{Interest, Parcel, Recipient};
use status_security::hazmat::ratchet::Form;
use status_security::hazmat::{Direct, Lock};
use status_security::{Config, OpenError};

use super::{before_the_second_session, contacts, encloses, exchange, kept, rekeyed, used, with_handshake};
use crate::pair::{Person, changed, introduced};

/// Bob refuses what he cannot open, and does not answer it.
fn silent(bob: &mut Person) {
    bob.layer = Person::on(2, 2, Config { answer_every: None, ..Config::default() }).layer;
}

/// What a ciphertext may enclose, with every field open.
#[derive(Clone, PartialEq, prost::Message)]
struct Enclosed {
    #[prost(message, optional, tag = "1")]
    prekey: Option<Prekey>,
    #[prost(bytes = "vec", tag = "2")]
    text: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Prekey {
    #[prost(bytes = "vec", tag = "1")]
    prekey: Vec<u8>,
    #[prost(uint64, tag = "2")]
    until: u64,
    #[prost(uint32, tag = "3")]
    number: u32,
}

/// Bob's next message in his session with Alice, enclosing whatever he likes.
fn enclosing(bob: &mut Person, alice: &Person, enclosed: &[u8]) -> Parcel {
    let mut parcel = bob.clone().seal(alice, "a frame");
    let prekey = super::session(&parcel);
    let (layer, peer) = (bob.layer.clone(), (&alice.key, "device-1"));
    bob.party
        .run(|cx| {
            let mut session = layer.session(&cx.shelf, peer, &prekey)?.unwrap();
            let (header, payload) = session.ratchet.seal_as(Form::Enclosed, enclosed).unwrap();
            layer.put_session(&mut cx.shelf, peer, &prekey, &session);
            parcel = changed(&parcel, |message| {
                let direct =
                    Direct { handshake: None, lock: Lock::Ratchet { session: prekey, header }, payload };
                message.direct.insert("device-1".into(), direct);
            });
            Ok::<_, status_layer::StoreError>(parcel)
        })
        .unwrap()
}

fn enclosed(prekey: &[u8], until: u64, number: u32) -> Vec<u8> {
    let prekey = Prekey { prekey: prekey.to_vec(), until, number };
    Enclosed { prekey: Some(prekey), text: b"text".to_vec() }.encode_to_vec()
}

#[test]
fn nobody_but_the_device_that_it_was_made_for_is_answered_with_it() {
    let (mut alice, mut bob) = before_the_second_session();
    let stolen = used(&alice.seal(&bob, "first"));
    let mut carol = Person::new(3);
    carol.party.now = bob.party.now;
    carol.try_open(&bob.clone().seal(&carol, "with a bundle")).unwrap();
    silent(&mut bob);

    let first = with_handshake(&carol.seal(&bob, "mine?"), |handshake| handshake.private = stolen);

    assert_eq!(bob.refuses(&first), OpenError::UnknownPrekey);
    assert_eq!(kept(&bob), 1);
}

#[test]
fn a_handshake_with_its_private_prekey_taken_away_or_exchanged_is_refused() {
    let (mut alice, mut bob) = before_the_second_session();
    let parcel = alice.seal(&bob, "first");
    silent(&mut bob);

    let without = with_handshake(&parcel, |handshake| handshake.private = None);
    let other = with_handshake(&parcel, |handshake| handshake.private = Some(handshake.prekey));

    assert_eq!(bob.refuses(&without), OpenError::Forged);
    assert_eq!(bob.refuses(&other), OpenError::UnknownPrekey);
    assert_eq!(bob.open(&parcel).0, "first");
}

#[test]
fn nobody_changes_whether_a_message_encloses_something() {
    let (mut alice, mut bob) = introduced();
    bob.expect(&Recipient::User(alice.user()), Interest::Listen);
    bob.open(&alice.seal(&bob, "first"));
    let enclosing = bob.seal(&alice, "enclosed");
    alice.open(&enclosing);
    let more = bob.seal(&alice, "enclosed");
    bob.open(&alice.seal(&bob, "a turn"));
    let bare = bob.seal(&alice, "bare");

    for parcel in [&more, &bare] {
        let flipped = changed(parcel, |message| {
            for direct in message.direct.values_mut() {
                let Lock::Ratchet { header, .. } = &mut direct.lock else { panic!("a ratchet message") };
                header.form = if header.form == Form::Bare { Form::Enclosed } else { Form::Bare };
            }
        });
        // As if the form had been a part of what is authenticated.
        let shifted = changed(&flipped, |message| {
            message.direct.values_mut().for_each(|direct| drop(direct.payload.splice(..0, *b"enclosed")));
        });
        alice.layer = Person::on(1, 1, Config { answer_every: None, ..Config::default() }).layer;
        assert_eq!(alice.refuses(&flipped), OpenError::Forged);
        assert_eq!(alice.refuses(&shifted), OpenError::Forged);
    }
    assert_eq!([&more, &bare].map(encloses), [true, false]);
    assert_eq!([&more, &bare].map(|parcel| alice.open(parcel).0), ["enclosed", "bare"]);
}

#[test]
fn one_that_cannot_be_used_is_passed_over_and_the_text_is_read() {
    let (mut alice, mut bob) = contacts();
    let point = Person::new(7).key.compressed();
    let later = alice.party.now.millis() + 1_000_000;
    let unusable = [
        enclosed(&[], later, u32::MAX),
        enclosed(&point[..32], later, u32::MAX),
        enclosed(&[9; 33], later, u32::MAX),
        enclosed(&[2, [0xff; 32].as_slice().len() as u8], later, u32::MAX),
        enclosed(&[&[2][..], &[0xff; 32]].concat(), later, u32::MAX),
        enclosed(&point, alice.party.now.millis(), u32::MAX),
        enclosed(&point, later, 1),
        enclosed(&point, later, 0),
        Enclosed { prekey: None, text: b"text".to_vec() }.encode_to_vec(),
    ];
    for (n, content) in unusable.iter().enumerate() {
        let parcel = enclosing(&mut bob, &alice, content);
        assert_eq!(alice.open(&parcel).0, "text", "{n}");
    }

    rekeyed(&mut alice, &mut bob);
    bob.try_open(&alice.announcement().unwrap()).unwrap();
    let first = alice.seal(&bob, "with the one that was given well");
    assert!(used(&first).is_some());
    bob.open(&first);
}

#[test]
fn what_is_not_put_together_well_is_refused_and_changes_nothing() {
    let (mut alice, mut bob) = contacts();

    let parcel = enclosing(&mut bob, &alice, &[0xff; 40]);

    assert_eq!(alice.refuses(&parcel), OpenError::Enclosed);
    assert_eq!(alice.open(&bob.seal(&alice, "next")).0, "next");
}

#[test]
fn an_earlier_one_that_comes_late_does_not_take_the_place_of_a_later_one() {
    let (mut alice, mut bob) = introduced();
    exchange(&mut alice, &mut bob);
    let point = |seed| Person::new(seed).key.compressed();
    let later = alice.party.now.millis() + 1_000_000_000;
    let early = enclosing(&mut bob, &alice, &enclosed(&point(7), later, u32::MAX - 1));
    let late = enclosing(&mut bob, &alice, &enclosed(&point(8), later, u32::MAX));

    alice.open(&late);
    alice.open(&early);
    rekeyed(&mut alice, &mut bob);
    bob.try_open(&alice.announcement().unwrap()).unwrap();

    assert_eq!(used(&alice.seal(&bob, "first")), Some(point(8)));
}
