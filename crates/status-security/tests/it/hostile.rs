//! Hostile bytes: refused with a reason, and the shelf stays as it was.

use status_layer::testing::rng;
use status_layer::{Datagram, Interest, Parcel, Recipient, Rendezvous, Sealed, Security};
use status_security::hazmat::{Lock, MAX_PARCEL, RatchetKey};
use status_security::{OpenError, RatchetError};

use crate::pair::{HOUR, Person, changed, in_session, introduced};

fn with(parcel: &Parcel, bytes: Vec<u8>) -> Parcel {
    Parcel { sealed: Sealed::new(bytes), ..parcel.clone() }
}

/// Opens `parcel` on a copy of `person`: no letter may come out, and if it is refused nothing may have changed.
#[track_caller]
fn yields_no_mail(person: &Person, parcel: &Parcel, what: &str) {
    let mut copy = person.clone();
    match copy.try_open(parcel) {
        Ok(opened) => {
            assert!(opened.mail.is_empty(), "{what} gave mail");
            assert!(opened.then.parcels.is_empty(), "{what} was answered");
        }
        Err(error) => {
            assert!(!matches!(error, status_security::Error::Store(_)), "{what} is our fault: {error}");
            assert!(copy.party.store == person.party.store, "{what} changed the shelf");
        }
    }
}

/// A first message, one in a session, a static one, one that encloses a private prekey, and a first one with that; with
/// who should open it.
fn parcels() -> Vec<(Person, Parcel)> {
    let (mut alice, bob) = introduced();
    let first = alice.seal(&bob, "a first message");
    let (mut carol, dave) = in_session();
    let later = carol.seal(&dave, "a later message");
    let (mut erin, frank) = (Person::new(1), Person::new(2));
    let fixed = erin.seal(&frank, "a static message");
    let (mut gina, mut hugo) = in_session();
    hugo.expect(&Recipient::User(gina.user()), Interest::Listen);
    hugo.open(&gina.seal(&hugo, "a turn"));
    let enclosing = hugo.seal(&gina, "with a private prekey");
    let reader = gina.clone();
    gina.open(&enclosing);
    for person in [&mut gina, &mut hugo] {
        person.wait(24 * HOUR);
    }
    gina.try_open(&hugo.announcement().unwrap()).unwrap();
    let private = gina.seal(&hugo, "a first message with a private prekey");
    vec![(bob, first), (dave, later), (frank, fixed), (reader, enclosing), (hugo, private)]
}

#[test]
fn a_message_truncated_at_any_byte_yields_no_mail() {
    for (person, parcel) in parcels() {
        let bytes = parcel.sealed.as_bytes();
        for end in 0..bytes.len() {
            yields_no_mail(&person, &with(&parcel, bytes[..end].to_vec()), &format!("{end} bytes"));
        }
    }
}

#[test]
fn a_message_with_a_flipped_bit_yields_no_other_mail() {
    for (person, parcel) in parcels() {
        let text = person.clone().open(&parcel).0;
        for at in 0..parcel.sealed.as_bytes().len() {
            let mut bytes = parcel.sealed.as_bytes().to_vec();
            bytes[at] ^= 1 << (at % 8);
            let mut copy = person.clone();
            match copy.try_open(&with(&parcel, bytes)) {
                // Not all of a message is covered by its keys: the protocol version, unknown fields.
                Ok(opened) => {
                    assert!(
                        opened.mail.iter().all(|letter| letter.datagram.bytes == text.as_bytes()),
                        "{at}"
                    );
                }
                Err(_) => {
                    assert!(copy.party.store == person.party.store, "bit of byte {at} changed the shelf");
                }
            }
        }
    }
}

#[test]
fn random_bytes_yield_no_mail_and_change_nothing() {
    let (alice, bob) = in_session();
    let mut random = rng(5);
    for _ in 0..2000 {
        let len = usize::try_from(random.below(400)).unwrap();
        let bytes: Vec<u8> = (0..len).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        let parcel = Parcel {
            meet: Rendezvous::Inbox(bob.user()),
            sealed: Sealed::new(bytes),
            hint: Some(alice.user()),
        };
        yields_no_mail(&bob, &parcel, "random bytes");
    }
}

#[test]
fn replayed_messages_are_refused() {
    for (mut person, parcel) in parcels() {
        person.open(&parcel);

        assert_eq!(person.refuses(&parcel), OpenError::Replayed);
    }
}

#[test]
fn an_oversized_parcel_is_refused() {
    for (mut person, parcel) in parcels() {
        let large = with(&parcel, vec![0; MAX_PARCEL + 1]);

        assert_eq!(person.refuses(&large), OpenError::TooLarge { len: MAX_PARCEL + 1, max: MAX_PARCEL });
    }
}

#[test]
fn a_payload_too_short_for_its_frame_is_refused() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hello");
    for len in 0..48 {
        let short = changed(&parcel, |message| {
            message.direct.values_mut().for_each(|direct| direct.payload = vec![0; len]);
        });

        assert_eq!(bob.refuses(&short), OpenError::Ratchet(RatchetError::Short { len }));
    }
}

#[test]
fn a_forged_header_leaves_the_session_usable() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hello");
    let point = Person::new(7).key.compressed();
    let forgeries: [fn(&mut status_security::hazmat::ratchet::Header, [u8; 33]); 6] = [
        |header, _| header.n = 900,
        |header, _| header.n = u32::MAX,
        |header, point| header.key = point.into(),
        |header, _| header.key = flipped(header.key),
        |header, _| header.key = RatchetKey::Curve25519([0; 32]),
        |header, _| header.pn = 7,
    ];
    for forge in forgeries {
        let forged = changed(&parcel, |message| {
            for direct in message.direct.values_mut() {
                if let Lock::Ratchet { header, .. } = &mut direct.lock {
                    forge(header, point);
                }
            }
        });
        bob.refuses(&forged);
    }

    assert_eq!(bob.open(&parcel).0, "hello");
}

fn flipped(key: RatchetKey) -> RatchetKey {
    let mut bytes = key.as_bytes().to_vec();
    bytes[5] ^= 1;
    RatchetKey::from_bytes(&bytes).unwrap()
}

#[test]
fn nothing_that_is_printed_shows_a_secret() {
    let (mut alice, mut bob) = in_session();
    let parcel = alice.seal(&bob, "hush");
    let opened = bob.try_open(&parcel).unwrap();
    let id = match crate::pair::message(&parcel).direct["device-2"].lock {
        Lock::Ratchet { session, .. } => session,
        Lock::Fixed { .. } => panic!("a ratchet message"),
    };
    let alice_key = alice.key;
    let session =
        bob.party.run(|cx| bob.layer.session(&cx.shelf, (&alice_key, "device-1"), &id)).unwrap().unwrap();

    let printed = format!(
        "{:?} {opened:?} {session:?} {:?} {:?}",
        bob.layer,
        session.ratchet.own,
        crate::pair::message(&parcel)
    );

    let secrets = [
        session.ratchet.root.expose(),
        session.ratchet.own.secret.expose(),
        session.ratchet.sending.key.expose(),
        session.ratchet.receiving.key.expose(),
        &[2; 32],
    ];
    for secret in secrets {
        assert!(!printed.contains(&hex::encode(secret)), "{printed}");
        assert!(!printed.contains(&format!("{secret:?}")), "{printed}");
    }
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("Ratchet(") && printed.contains("OwnKey(..)"), "{printed}");
}

#[test]
fn sealing_for_an_id_that_is_no_point_is_refused() {
    let mut alice = Person::new(1);
    let off_curve = (0..=255)
        .filter_map(|byte| status_layer::UserId::from_compressed(&[&[2][..], &[byte; 32]].concat()).ok())
        .find(|user| status_crypto::PublicKey::from_user(user).is_err())
        .unwrap();

    let datagram = Datagram::new(Recipient::User(off_curve), vec![1]);
    let refused = alice.party.run(|cx| alice.layer.seal(cx, datagram));

    assert_eq!(crate::pair::seal_refused(refused), status_security::SealError::NotAKey);
}
