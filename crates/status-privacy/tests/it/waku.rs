//! What `Waku` promises beyond the rules of the seam.

use status_crypto::{Keyring, PublicKey, SecretKey};
use status_layer::testing::{Party, ScriptedRng, assert_unchanged};
use status_layer::{
    Cx, Interest, LayerError, Memory, Parcel, Privacy, Rendezvous, Secret, Topic, Unit, UserId,
};
use status_privacy::{Error, Waku, WatchError, WrapError, hazmat};

use crate::support::{Layer, ignore, inbox, listen, named, peel, signed, waku, wrap};

/// Privacy reference, key pairs A and B.
const A: u8 = 0x11;
const B: u8 = 0x22;

/// Wraps with scripted randomness.
fn wrap_scripted(layer: &Layer, script: &[u8], parcel: Parcel) -> Vec<u8> {
    let store = Memory::new();
    let mut rng = ScriptedRng::new(script);
    let mut unit = Unit::new(Party::new(0).now, &mut rng, &store);
    let mut cx: Cx<'_> = unit.cx(Party::AREA);
    let frame = layer.wrap(&mut cx, parcel).unwrap().remove(0);
    assert_eq!(rng.left(), 0, "all scripted randomness is used");
    frame.bytes
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(status_crypto::sha256(&[bytes]))
}

/// A user of the same partition as `user`.
fn neighbour(user: &UserId) -> UserId {
    (1_u64..)
        .filter_map(|number| {
            let mut scalar = [0; 32];
            scalar[24..].copy_from_slice(&number.to_be_bytes());
            SecretKey::from_bytes(&scalar).ok()
        })
        .map(|key| key.public().user())
        .find(|other| hazmat::partition(other) == hazmat::partition(user))
        .unwrap()
}

#[test]
fn fixed_randomness_gives_the_known_symmetric_frame() {
    let alice = waku(A);
    let padding = [0; 256 - 1 - 1 - 5 - 65];
    let nonce: Vec<u8> = (0..12).collect();

    let bytes =
        wrap_scripted(&alice, &[&padding[..], &nonce].concat(), signed(&alice, &named("status"), b"hello"));

    assert_eq!(bytes.len(), 284);
    assert_eq!(sha256(&bytes), "1238cd98f2495ccfb56a38d8fe3fc190d67322c3b4bb8789fabf6a7f58a2587d");
}

#[test]
fn fixed_randomness_gives_the_known_asymmetric_frame() {
    let (alice, bob) = (waku(A), waku(B));
    let padding = [0; 256 - 1 - 1 - 5 - 65];

    let bytes = wrap_scripted(
        &alice,
        &[&padding[..], &[0x33; 32], &[0x44; 16]].concat(),
        signed(&alice, &inbox(&bob), b"hello"),
    );

    assert_eq!(bytes.len(), 369);
    assert_eq!(sha256(&bytes), "157939dc06432ebd0d8243fac80d18b5781057821302ed7cdcbecf3eeaa913ab");
}

#[test]
fn known_users_and_names_have_their_known_topics() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let secret =
        SecretKey::from_bytes(&[A; 32]).unwrap().agree(&PublicKey::from_user(&waku(B).user()).unwrap());
    let contact_code = format!(
        "0x{}-contact-code",
        hex::encode(PublicKey::from_user(&alice.user()).unwrap().uncompressed())
    );
    for meet in [inbox(&alice), named("status"), named(&contact_code), Rendezvous::Shared(secret)] {
        listen(&alice, &mut party, &meet);
    }

    let topics = ignore(&alice, &mut party, &named("never listened at"));

    let known = ["b5f84862", "ba355e7b", "cd423760", "f607cdc6"];
    assert_eq!(topics, known.map(|topic| Topic::new(format!("/waku/1/0x{topic}/rfc26"))));
}

#[test]
fn a_topic_shared_by_two_places_is_wanted_once() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let secret = Rendezvous::Shared(Secret::new([5; 32]));
    let same_name = named(&hex::encode([5; 32]));

    let one = listen(&alice, &mut party, &secret);
    let both = listen(&alice, &mut party, &same_name);
    let after = ignore(&alice, &mut party, &secret);

    assert_eq!(one.len(), 1);
    assert_eq!((&both, &after), (&one, &one));
}

#[test]
fn each_place_of_a_shared_topic_is_tried() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let (bob, mut sender) = (waku(B), Party::new(2));
    let partition = named(&hazmat::partitioned_name(&alice.user()));
    listen(&alice, &mut party, &partition);
    listen(&alice, &mut party, &inbox(&alice));

    for meet in [partition, inbox(&alice)] {
        let parcel = signed(&bob, &meet, b"x");
        let frame = wrap(&bob, &mut sender, parcel.clone());

        assert_eq!(peel(&alice, &mut party, frame).unwrap(), Some(parcel));
    }
}

#[test]
fn listening_twice_changes_nothing() {
    let (alice, mut party) = (waku(A), Party::new(1));
    listen(&alice, &mut party, &named("status"));

    let failed = assert_unchanged(&mut party, "listening again", |cx| {
        alice.watch(cx, &named("status"), Interest::Listen)
    });

    assert!(failed.is_none());
}

#[test]
fn leaving_a_place_leaves_no_row() {
    let (alice, mut party) = (waku(A), Party::new(1));
    for meet in [inbox(&alice), named("status"), Rendezvous::Shared(Secret::new([5; 32]))] {
        listen(&alice, &mut party, &meet);
        let topics = ignore(&alice, &mut party, &meet);

        assert_eq!(topics, []);
        assert!(party.store.is_empty(), "{meet:?}");
    }
}

#[test]
fn the_inbox_of_another_user_is_not_for_us() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let neighbour = Rendezvous::Inbox(neighbour(&alice.user()));
    listen(&alice, &mut party, &inbox(&alice));

    for how in [Interest::Listen, Interest::Ignore] {
        let why = assert_unchanged(&mut party, "a refused watch", |cx| alice.watch(cx, &neighbour, how));

        assert!(matches!(why, Some(Error::Watch(WatchError::NotOurInbox))), "{how:?}: {why:?}");
    }
}

#[test]
fn a_neighbour_in_the_partition_gets_the_frame_and_cannot_open_it() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let (bob, mut sender) = (waku(B), Party::new(2));
    listen(&alice, &mut party, &inbox(&alice));
    let parcel = signed(&bob, &Rendezvous::Inbox(neighbour(&alice.user())), b"for the neighbour");

    let frame = wrap(&bob, &mut sender, parcel);
    let topics = listen(&alice, &mut party, &inbox(&alice));

    assert!(topics.contains(&frame.topic));
    assert_eq!(peel(&alice, &mut party, frame).unwrap(), None);
}

#[test]
fn the_inbox_opens_only_while_it_is_watched() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let (bob, mut sender) = (waku(B), Party::new(2));
    let partition = named(&hazmat::partitioned_name(&alice.user()));
    listen(&alice, &mut party, &partition);

    let frame = wrap(&bob, &mut sender, signed(&bob, &inbox(&alice), b"x"));

    assert_eq!(peel(&alice, &mut party, frame).unwrap(), None);
}

#[test]
fn an_unsigned_parcel_has_no_hint() {
    let (alice, mut party) = (waku(A), Party::new(1));
    listen(&alice, &mut party, &named("status"));
    let parcel = Parcel { hint: None, ..signed(&alice, &named("status"), b"x") };

    let frame = wrap(&alice, &mut party, parcel.clone());

    assert_eq!(peel(&alice, &mut party, frame).unwrap(), Some(parcel));
}

#[test]
fn nobody_signs_as_another_user() {
    let (alice, bob, mut party) = (waku(A), waku(B), Party::new(1));
    let parcel = signed(&bob, &named("status"), b"x");

    let why = assert_unchanged(&mut party, "a refused wrap", |cx| alice.wrap(cx, parcel));

    assert!(matches!(why, Some(Error::Wrap(WrapError::NotOurSignature))));
}

#[test]
fn a_recipient_that_is_no_point_is_refused() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let mut bytes = [0; 33];
    bytes[0] = 2;
    let nobody = UserId::from_compressed(&bytes).unwrap();
    let parcel = signed(&alice, &Rendezvous::Inbox(nobody), b"x");

    let why = assert_unchanged(&mut party, "a refused wrap", |cx| alice.wrap(cx, parcel));

    assert!(matches!(why, Some(Error::Wrap(WrapError::UnusableKey))));
}

#[test]
fn a_secret_of_another_length_is_no_place() {
    let (alice, mut party) = (waku(A), Party::new(1));
    let meet = Rendezvous::Shared(Secret::new([5; 31]));
    let parcel = signed(&alice, &meet, b"x");

    let watch =
        assert_unchanged(&mut party, "a refused watch", |cx| alice.watch(cx, &meet, Interest::Listen));
    let wrap = assert_unchanged(&mut party, "a refused wrap", |cx| alice.wrap(cx, parcel));

    assert!(matches!(watch, Some(Error::Watch(WatchError::SecretLength))));
    assert!(matches!(wrap, Some(Error::Wrap(WrapError::SecretLength))));
}

#[test]
fn the_key_of_a_place_is_derived_once() {
    let (alice, mut party) = (waku(A), Party::new(1));
    wrap(&alice, &mut party, signed(&alice, &named("status"), b"x"));
    let once = party.store.clone();

    wrap(&alice, &mut party, signed(&alice, &named("status"), b"y"));

    assert_eq!(once.len(), 1);
    assert!(party.store == once);
}

#[test]
fn size_and_topic_follow_from_place_and_length_alone() {
    let (alice, bob, mut party) = (waku(A), waku(B), Party::new(1));
    for meet in [inbox(&bob), named("status"), Rendezvous::Shared(Secret::new([5; 32]))] {
        for len in [0, 1, 187, 188, 189, 1_000, 70_000] {
            let zeros = wrap(&alice, &mut party, signed(&alice, &meet, &vec![0; len]));
            let ones = wrap(&alice, &mut party, signed(&alice, &meet, &vec![255; len]));

            assert_eq!(zeros.topic, ones.topic);
            assert_eq!(zeros.bytes.len(), ones.bytes.len());
            assert_ne!(zeros.bytes, ones.bytes);
        }
    }
}

#[test]
fn the_seam_sees_the_reason_of_the_operation() {
    let rejected: LayerError = Error::from(WatchError::NotOurInbox).into();
    let failed: LayerError = Error::from(status_layer::StoreError::InUse { by: None }).into();

    assert!(matches!(&rejected, LayerError::Reject(why) if why.is::<WatchError>()));
    assert!(matches!(&failed, LayerError::Fault(why) if why.is::<status_layer::StoreError>()));
}

#[test]
fn the_layer_does_not_print_its_key() {
    let printed = format!("{:?}", waku(A));

    assert!(printed.contains("SecretKey(..)") && !printed.contains("17, 17"), "{printed}");
}

#[test]
fn a_keyring_may_be_lent() {
    let shared = std::sync::Arc::new(SecretKey::from_bytes(&[A; 32]).unwrap());

    assert_eq!(Waku::new(shared.clone()).user(), Keyring::user(&shared));
}
