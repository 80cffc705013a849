//! What opening reads, and what it makes of a journal and a head that are not whole.

use status_layer::{Batch, Read, StoreError, Value};

use super::{AREA, fresh, open};
use crate::device::{Device, Image};
use crate::error::OpenError;
use crate::sealed::journal;
use crate::sealed::layout::{HEAD_ROOM, HEADS, RECORD};

fn number(number: u8) -> Batch {
    let mut batch = Batch::default();
    batch.set(AREA, *b"last", Some(Value::new([number])));
    batch
}

/// A store that stopped suddenly after ten commits that are in the journal alone.
fn stopped() -> Image {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    for at in 0..10 {
        store.commit(&number(at)).unwrap();
    }
    device.image()
}

fn last(image: Image) -> Result<Option<u8>, OpenError> {
    let store = open(Device::with(image))?;
    Ok(store.get(AREA, b"last")?.map(|value| value[0]))
}

#[test]
fn opening_reads_little_however_the_store_was_left() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    for at in 0..24_u8 {
        let mut large = Batch::default();
        large.set(AREA, [at], Some(Value::new(vec![at; 1_000_000])));
        store.commit(&large).unwrap();
    }
    store.commit(&number(1)).unwrap();
    let killed = Device::with(device.image());
    drop(store);
    let closed = Device::with(device.image());

    for device in [killed, closed] {
        let store = open(device.clone()).unwrap();

        let read = device.read_so_far();
        assert_eq!(store.get(AREA, b"last").unwrap().as_deref(), Some([1].as_slice()));
        // With its own assertions switched on, as in tests that are not optimised, the database walks all pages, twice.
        let most = if cfg!(debug_assertions) { 60_000_000 } else { 6_000_000 };
        assert!(read < most, "{read} bytes of 24 MB were read");
    }
}

#[test]
fn what_is_in_the_journal_alone_is_there_again() {
    assert_eq!(last(stopped()).unwrap(), Some(9));
}

/// The last commit of a store that stopped cannot be told from one that did not end.
#[test]
fn a_last_commit_that_is_damaged_is_as_if_it_had_not_ended() {
    let mut image = stopped();
    image.put(journal::position(9) + 100, &[1; 8]);

    assert_eq!(last(image).unwrap(), Some(8));
}

#[test]
fn an_earlier_commit_that_is_damaged_is_noticed() {
    for at in 0..9 {
        let mut image = stopped();
        image.put(journal::position(at) + 100, &[1; 8]);

        let refused = last(image).unwrap_err();

        assert!(matches!(refused, OpenError::Store(StoreError::Damaged { .. })), "{at}: {refused}");
    }
}

#[test]
fn records_that_changed_places_are_noticed() {
    let mut image = stopped();
    let (one, two) = (image.get(journal::position(3), RECORD), image.get(journal::position(4), RECORD));
    image.put(journal::position(4), &one);
    image.put(journal::position(3), &two);

    assert!(matches!(last(image), Err(OpenError::Store(StoreError::Damaged { .. }))));
}

#[test]
fn a_head_that_is_lost_is_noticed_if_anything_followed_it() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    store.commit(&number(1)).unwrap();
    let mut large = number(2);
    large.set(AREA, *b"large", Some(Value::new(vec![7; 2_000_000])));
    store.commit(&large).unwrap();
    store.commit(&number(3)).unwrap();
    let image = device.image();
    let mut outcomes = Vec::new();

    for at in HEADS {
        let mut image = image.clone();
        image.put(at, &[0; HEAD_ROOM]);
        outcomes.push(last(image));
    }

    assert!(outcomes.iter().any(|one| matches!(one, Ok(Some(3)))), "the older one was lost");
    assert!(outcomes.iter().any(|one| matches!(one, Err(OpenError::Store(StoreError::Damaged { .. })))));
}

#[test]
fn either_head_of_a_store_that_was_closed_can_be_lost() {
    let device = Device::with(stopped());
    drop(open(device.clone()).unwrap());

    for at in HEADS {
        let mut image = device.image();
        image.put(at, &[0; HEAD_ROOM]);

        assert_eq!(last(image).unwrap(), Some(9));
    }
}

#[test]
fn turns_go_on_where_they_were() {
    let device = Device::with(stopped());
    let store = open(device.clone()).unwrap();
    let turn = store.turn();
    drop(store);

    let mut store = open(device.clone()).unwrap();
    assert_eq!(store.turn(), turn);
    store.commit(&number(1)).unwrap();
    assert_eq!(store.turn(), turn + 1);
}

/// More commits than the journal holds: they go to the database from time to time.
#[test]
fn a_journal_that_is_full_begins_anew() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    let turn = store.turn();

    for at in 0..600_u32 {
        let mut batch = Batch::default();
        batch.set(AREA, at.to_be_bytes(), Some(Value::new([7; 100])));
        store.commit(&batch).unwrap();
    }

    let stopped = open(Device::with(device.image())).unwrap();
    assert_eq!(stopped.scan(AREA, b"", None, 1_000).unwrap().len(), 600);
    assert_eq!(stopped.turn(), turn + 600);
}
