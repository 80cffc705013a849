//! What an attacker finds who knows the lock and has the whole file.

use std::collections::BTreeSet;

use status_layer::{Area, Batch, Read, StoreError, Value};
use zeroize::Zeroizing;

use super::{ALL, AREA, SECRET, cut_everywhere, fresh, key, open};
use crate::device::{Device, Image};
use crate::rows::place;
use crate::sealed::cipher::Cipher;
use crate::sealed::commit::TOO_EARLY;
use crate::sealed::layout::{BLOCK, JOURNAL_RECORDS, MAX_SLOTS, RECORD, SLOT, block_at, slot_at};
use crate::sealed::secrets::{Secrets, slot_of};
use crate::sealed::superblock::DataKey;
use crate::sealed::vault::Vault;
use crate::sealed::{blocks, journal};

const OLD: &[u8] = b"a message key that was used";

/// Knows the key of the data and looks at everything, whether it counts or not.
struct Attacker {
    key: DataKey,
    id: [u8; 16],
    /// The row as it was found in the table while it was there.
    row: Value,
}

impl Attacker {
    fn of(store: &Vault<Device>, area: Area) -> Self {
        let (key, id) = store.keys();
        Self { key: key.clone(), id, row: store.raw(area, b"row") }
    }

    /// Everything in the image that opens with the key of the data.
    fn opened(&self, image: &Image) -> Vec<u8> {
        let cipher = Cipher::new(&self.key);
        let blocks = (1..).map(|index| (block_at(index), blocks::place(&self.id, index).to_vec()));
        let blocks = blocks.take_while(|(at, _)| *at < image.len());
        let records = (0..JOURNAL_RECORDS).map(|at| (journal::position(at), journal::place(&self.id, at)));
        let mut all = Vec::new();
        for (at, place) in records.chain(blocks) {
            let mut plain = vec![0; BLOCK];
            if cipher.open(&place, &image.get(at, RECORD), &mut plain).is_ok() {
                all.extend(plain);
            }
        }
        all
    }

    /// Whether the row is there and can be read, with any slot that there is.
    fn reads(&self, image: &Image) -> bool {
        let all = self.opened(image);
        let contains = |what: &[u8]| all.windows(what.len()).any(|window| window == what);
        if contains(OLD) {
            return true;
        }
        let secrets = Secrets::new(&self.key, self.id);
        let (place, record) = (place(SECRET, b"row"), self.row.get(5..).unwrap());
        contains(&self.row)
            && (0..2_048).any(|slot| {
                let bytes = image.get(slot_at(slot), SLOT).try_into().unwrap();
                let mut plain = vec![0; OLD.len()];
                let cipher = secrets.cipher(slot_of(&self.row).unwrap(), &bytes).unwrap();
                cipher.open(&place, record, &mut plain).is_ok()
            })
    }
}

fn one(area: Area, key: &[u8], value: Option<&[u8]>) -> Batch {
    let mut batch = Batch::default();
    batch.set(area, key, value.map(Value::new));
    batch
}

/// A store in which a row of `area` was deleted, or replaced, in the last commit.
fn without(area: Area, instead: Option<&[u8]>) -> (Device, Vault<Device>, Attacker) {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    store.commit(&one(area, b"row", Some(OLD))).unwrap();
    let attacker = Attacker::of(&store, area);
    assert!(attacker.reads(&device.image()), "the attacker does not even find what is there");
    store.commit(&one(area, b"row", instead)).unwrap();
    (device, store, attacker)
}

#[test]
fn what_was_deleted_of_a_secret_area_is_unreadable_after_the_next_commit() {
    for instead in [None, Some(b"the next one".as_slice())] {
        let (device, mut store, attacker) = without(SECRET, instead);
        assert!(attacker.reads(&device.image()), "until then it is there");

        store.commit(&one(AREA, b"other", Some(b"value"))).unwrap();

        assert!(!attacker.reads(&device.image()));
        assert_eq!(store.get(SECRET, b"row").unwrap().as_deref(), instead);
    }
}

#[test]
fn so_it_is_when_the_store_was_shredded_or_closed_or_opened_after_a_sudden_stop() {
    let (device, mut store, attacker) = without(SECRET, None);
    store.shred().unwrap();
    assert!(!attacker.reads(&device.image()), "shredded");

    let (device, store, attacker) = without(SECRET, None);
    drop(store);
    assert!(!attacker.reads(&device.image()), "closed");

    let (device, store, attacker) = without(SECRET, None);
    let stopped = Device::with(device.image());
    drop(open(stopped.clone()).unwrap());
    assert!(!attacker.reads(&stopped.image()), "opened again");
    drop(store);
}

/// The same row in an area that is not secret: the attacker is not blind.
#[test]
fn what_was_deleted_of_another_area_is_found() {
    let (device, mut store, attacker) = without(AREA, None);

    store.commit(&one(AREA, b"other", Some(b"value"))).unwrap();
    drop(store);

    assert!(attacker.reads(&device.image()));
}

#[test]
fn a_slot_that_was_freed_and_used_again_says_nothing_of_the_row_before() {
    let (device, mut store, attacker) = without(SECRET, None);

    for number in 0..200_u8 {
        store.commit(&one(SECRET, &[number], Some(&[number]))).unwrap();
    }

    assert!(!attacker.reads(&device.image()));
    assert_eq!(store.scan(SECRET, b"", None, ALL).unwrap().len(), 200);
}

/// A slot that is overwritten with the commit that frees it, not after it, is missing when that commit is lost.
#[test]
fn the_cuts_find_a_slot_that_is_overwritten_a_commit_too_early() {
    TOO_EARLY.set(true);
    let (cuts, lost) = cut_everywhere(12, 2, |_| (), open);
    TOO_EARLY.set(false);

    assert!(lost > 0, "{cuts} cuts went unnoticed");
}

#[test]
fn a_slot_that_somebody_changed_makes_its_row_unreadable_and_no_other() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    for (area, key) in [(SECRET, b"row"), (SECRET, b"two"), (AREA, b"row")] {
        store.commit(&one(area, key, Some(OLD))).unwrap();
    }
    let slot = slot_of(&store.raw(SECRET, b"row")).unwrap();
    drop(store);
    let mut image = device.image();
    image.put(slot_at(slot), &[7; SLOT]);

    let mut store = open(Device::with(image)).unwrap();

    assert!(matches!(store.get(SECRET, b"row"), Err(StoreError::Damaged { what: "a secret row" })));
    assert!(matches!(store.verify(), Err(StoreError::Damaged { .. })));
    assert_eq!(store.get(SECRET, b"two").unwrap().as_deref(), Some(OLD));
    assert_eq!(store.get(AREA, b"row").unwrap().as_deref(), Some(OLD));
    store.commit(&one(SECRET, b"row", Some(b"again"))).unwrap();
    assert_eq!(store.get(SECRET, b"row").unwrap().as_deref(), Some(b"again".as_slice()));
}

#[test]
fn slots_that_a_stop_left_behind_are_used_again() {
    let device = Device::with(fresh());
    let mut image = device.image();
    for round in 0..10 {
        let stopped = Device::with(image);
        let mut store = open(stopped.clone()).unwrap();
        for number in 0..100_u8 {
            store.commit(&one(SECRET, b"row", Some(&[number, round]))).unwrap();
        }
        image = stopped.image();
    }

    let used =
        (0..MAX_SLOTS).take_while(|slot| image.get(slot_at(*slot), SLOT).iter().any(|byte| *byte != 0));
    assert!(used.count() <= 256);
}

#[test]
fn a_commit_of_many_secret_rows_makes_room_for_them() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    let mut many = Batch::default();
    for number in 0..1_000_u16 {
        many.set(SECRET, number.to_be_bytes(), Some(Value::new(number.to_be_bytes())));
    }

    store.commit(&many).unwrap();
    drop(store);

    let rows = open(device).unwrap().scan(SECRET, b"", None, ALL).unwrap();
    assert!(rows.len() == 1_000 && rows.iter().all(|(key, value)| **key == **value));
}

#[test]
fn more_secret_rows_than_there_is_room_for_are_refused() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    let mut many = one(AREA, b"row", Some(OLD));
    for number in 0..=MAX_SLOTS {
        many.set(SECRET, number.to_be_bytes(), Some(Value::default()));
    }
    let before = (device.image(), store.turn());

    let refused = store.commit(&many);

    assert!(matches!(refused, Err(StoreError::TooMany { max }) if max == MAX_SLOTS as usize));
    assert!((device.image(), store.turn()) == before, "something was written");
    assert_eq!(store.get(AREA, b"row").unwrap(), None);
}

#[test]
fn an_area_can_become_secret_later_and_stays_so() {
    let device = Device::default();
    let mut store = Vault::create(device.clone(), &key(), &[], 0).unwrap();
    store.commit(&one(SECRET, b"row", Some(OLD))).unwrap();
    drop(store);

    let store = open(device.clone()).unwrap();
    assert!(slot_of(&store.raw(SECRET, b"row")).is_ok());
    assert_eq!(store.get(SECRET, b"row").unwrap().as_deref(), Some(OLD));
    drop(store);

    let mut store = Vault::open(device, &key(), &[]).unwrap();
    assert_eq!(store.get(SECRET, b"row").unwrap().as_deref(), Some(OLD));
    store.commit(&one(SECRET, b"two", Some(OLD))).unwrap();
    assert!(slot_of(&store.raw(SECRET, b"two")).is_ok());
}

#[test]
fn a_row_that_is_put_in_the_place_of_another_does_not_open() {
    let (_, store, attacker) = without(SECRET, Some(b"x"));
    let (key, id) = store.keys();
    let mut secrets = Secrets::new(key, id);
    secrets.areas = BTreeSet::from([SECRET]);
    let bytes = Zeroizing::new([3; SLOT]);
    let row = secrets.seal((9, &bytes), &place(SECRET, b"one"), OLD).unwrap();
    let opens = |at: &[u8]| {
        let mut plain = vec![0; OLD.len()];
        secrets.cipher(9, &bytes).unwrap().open(&place(SECRET, at), row.get(5..).unwrap(), &mut plain).is_ok()
    };

    assert!(opens(b"one") && !opens(b"two"));
    assert!(!attacker.row.is_empty());
}
