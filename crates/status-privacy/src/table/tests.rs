use status_layer::testing::Party;
use status_layer::{Area, Batch, Store};

use super::*;

fn named(text: &str) -> (Spot, Place) {
    let name = Name::new(text).unwrap();
    let spot = Spot::of(&Rendezvous::Named(name.clone())).unwrap();
    (spot, Place::Named { key: Secret::new([7; KEY]), name })
}

fn shared() -> (Spot, Place) {
    let secret = Secret::new([9; 32]);
    let spot = Spot::of(&Rendezvous::Shared(secret.clone())).unwrap();
    (spot, Place::Shared { key: Secret::new([8; KEY]), secret })
}

fn fill(party: &mut Party, places: usize) {
    party
        .run(|cx| {
            for number in 0..places {
                let (spot, place) = named(&number.to_string());
                put_place(&mut cx.shelf, &spot, &place);
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

fn spoil(party: &mut Party, value: &[u8]) {
    let (spot, _) = named("x");
    let mut batch = Batch::default();
    batch.set(Area(7), place_key(&spot), Some(Value::new(value)));
    party.store.commit(batch).unwrap();
}

#[test]
fn a_place_reads_as_it_was_written() {
    let mut party = Party::new(1);
    for (spot, place) in [named("a"), shared()] {
        let read = party.run(|cx| {
            put_place(&mut cx.shelf, &spot, &place);
            places_at(&cx.shelf, spot.topic())
        });

        assert_eq!(read.unwrap(), [place]);
    }
}

#[test]
fn several_places_may_have_one_topic() {
    let mut party = Party::new(1);
    let (spot, place) = named(&hex::encode([9; 32]));
    let (other_spot, other) = shared();
    assert_eq!(spot.topic(), other_spot.topic());

    let (read, topics) = party
        .run(|cx| {
            put_place(&mut cx.shelf, &spot, &place);
            put_place(&mut cx.shelf, &other_spot, &other);
            Ok::<_, StoreError>((places_at(&cx.shelf, spot.topic())?, topics(&cx.shelf)?))
        })
        .unwrap();

    assert_eq!(read, [place, other]);
    assert_eq!(topics, [spot.topic(), spot.topic()]);
}

#[test]
fn forgetting_a_place_leaves_nothing() {
    let mut party = Party::new(1);
    let (spot, place) = shared();

    party
        .run(|cx| {
            put_key(&mut cx.shelf, &spot, &Secret::new([8; KEY]))?;
            put_place(&mut cx.shelf, &spot, &place);
            delete_place(&mut cx.shelf, &spot);
            Ok::<_, StoreError>(())
        })
        .unwrap();

    assert!(party.store.is_empty());
}

#[test]
fn keys_of_places_sent_to_are_bounded() {
    let mut party = Party::new(1);

    party
        .run(|cx| {
            (0..MAX_KEYS + 3).try_for_each(|number| {
                let (spot, _) = named(&number.to_string());
                put_key(&mut cx.shelf, &spot, &Secret::new([1; KEY]))?;
                assert!(key(&cx.shelf, &spot)?.is_some());
                Ok::<_, StoreError>(())
            })
        })
        .unwrap();

    assert_eq!(party.store.len(), MAX_KEYS);
}

#[test]
fn places_are_bounded() {
    use status_crypto::SecretKey;
    use status_layer::{Interest, Privacy};

    let mut party = Party::new(1);
    let waku = crate::Waku::new(SecretKey::from_bytes(&[1; 32]).unwrap());
    let inbox = Rendezvous::Inbox(waku.user());

    fill(&mut party, MAX_PLACES - 1);
    let last = party.run(|cx| waku.watch(cx, &inbox, Interest::Listen)).map(|topics| topics.len());
    let (spot, _) = named("one more");
    let more = Rendezvous::Named(Name::new(spot.name()).unwrap());
    let refused = party.run(|cx| waku.watch(cx, &more, Interest::Listen));
    let again = party.run(|cx| waku.watch(cx, &inbox, Interest::Listen));

    assert!(last.is_ok());
    assert!(matches!(
        refused,
        Err(crate::Error::Watch(crate::WatchError::TooManyPlaces { max: MAX_PLACES }))
    ));
    assert!(again.is_ok(), "listening again takes no room");
    assert_eq!(party.store.len(), MAX_PLACES);
}

#[test]
fn a_row_of_a_newer_program_is_told_from_a_damaged_one() {
    let mut party = Party::new(1);
    let (spot, _) = named("x");
    let mut read = |value: &[u8]| {
        spoil(&mut party, value);
        party.run(|cx| places_at(&cx.shelf, spot.topic())).unwrap_err()
    };

    assert!(matches!(read(&[2, 0]), StoreError::Newer { found: 2, known: 1, .. }));
    assert!(matches!(read(&[]), StoreError::Damaged { .. }));
    assert!(matches!(read(&[0, 1]), StoreError::Damaged { .. }));
    assert!(matches!(read(&[1; 20]), StoreError::Damaged { .. }));
    assert!(matches!(read(&[1; 33]), StoreError::Damaged { .. }), "a name of no bytes");
    assert!(matches!(read(&[&[1; 33][..], &[0xff]].concat()), StoreError::Damaged { .. }), "not UTF-8");
}
