//! Looking at files that are damaged, and reading what is left of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use status_layer::testing::rng;
use status_layer::{Area, Batch, Read, Store, StoreError, Value};
use status_store::{Found, OpenError, Salvage, Sealed};
use tempfile::TempDir;

use crate::key;

const AREA: Area = Area(16);
/// Where the first block of the body is, and how long each is, in bytes.
const BODY: usize = 9_609_336;
const RECORD: usize = 4_136;

fn value(n: u32) -> Vec<u8> {
    // Most are short; some take pages of their own.
    let len = if n.is_multiple_of(97) { 9_000 } else { 60 };
    [n.to_be_bytes().as_slice(), &vec![7; len]].concat()
}

/// A closed store with rows from 0 on, written in several commits, and some deleted again.
fn store(rows: u32) -> (TempDir, PathBuf, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut store = Sealed::open(&path, &key(1)).unwrap();
    for first in (0..rows + 50).step_by(400) {
        let mut batch = Batch::default();
        for n in first..(first + 400).min(rows + 50) {
            batch.set(AREA, n.to_be_bytes(), Some(Value::new(value(n))));
        }
        store.commit(batch).unwrap();
    }
    let mut batch = Batch::default();
    (rows..rows + 50).for_each(|n| batch.set(AREA, n.to_be_bytes(), None));
    store.commit(batch).unwrap();
    drop(store);
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

type Rows = BTreeMap<u32, (Vec<u8>, Found)>;

fn salvage(path: &Path) -> Result<(Salvage, Rows), OpenError> {
    let mut rows = Rows::new();
    let done = Sealed::salvage(path, &key(1), &mut |_, _| {}, &mut |row| {
        if row.area != AREA || row.key.len() != 4 {
            // The notes of the database itself.
            assert_eq!(row.found, Found::Perhaps);
            return Ok(());
        }
        let n = u32::from_be_bytes(row.key.as_slice().try_into().unwrap());
        rows.entry(n).or_insert((row.value.to_vec(), row.found));
        Ok(())
    })?;
    Ok((done, rows))
}

#[test]
fn a_whole_store_is_salvaged_whole_and_stays_as_it_is() {
    let (_folder, path, bytes) = store(3_000);

    let (done, rows) = salvage(&path).unwrap();
    let look = Sealed::look(&path, &key(1)).unwrap();
    let verified = look.verify(&mut |_, _| {}).unwrap();
    let first = look.get(AREA, &0_u32.to_be_bytes()).unwrap();

    assert_eq!((done.current, done.perhaps, done.lost, done.rooted), (3_000, 0, 0, true));
    assert!(rows.iter().all(|(n, (found, how))| *found == value(*n) && *how == Found::Current));
    assert_eq!((verified.damaged, done.blocks.damaged), (Vec::new(), Vec::new()));
    assert_eq!(first.as_deref(), Some(value(0).as_slice()));
    drop(look);
    assert!(fs::read(&path).unwrap() == bytes, "looking has changed the file");
}

#[test]
fn one_damaged_block_anywhere_costs_no_more_than_the_rows_in_it() {
    let (_folder, path, bytes) = store(3_000);
    let blocks = (bytes.len() - BODY) / RECORD;
    let mut rng = rng(5);
    let mut lost_somewhere = 0;

    for _ in 0..60 {
        let block = usize::try_from(rng.below(blocks as u64)).unwrap();
        let mut changed = bytes.clone();
        changed[BODY + block * RECORD + usize::try_from(rng.below(RECORD as u64)).unwrap()] ^= 0x20;
        fs::write(&path, &changed).unwrap();

        let (done, rows) = salvage(&path).unwrap();

        let there = rows.iter().filter(|(n, (found, _))| **n < 3_000 && *found == value(**n)).count();
        lost_somewhere += 3_000 - there;
        // What is in a block that is not in use matters to nobody.
        assert!(
            done.blocks.damaged == [block as u64 + 1] || done.blocks.damaged.is_empty() && there == 3_000
        );
        assert!(there >= 3_000 - 70, "block {block}: {there} rows of 3000, {done:?}");
        assert!(fs::read(&path).unwrap() == changed);
    }
    assert!(lost_somewhere > 0, "a block without rows was hit each time");
}

#[test]
fn many_damaged_blocks_and_a_file_that_was_cut_give_what_is_left() {
    let (_folder, path, bytes) = store(3_000);
    let blocks = (bytes.len() - BODY) / RECORD;
    let mut rng = rng(6);

    let mut changed = bytes.clone();
    for _ in 0..blocks / 4 {
        let block = usize::try_from(rng.below(blocks as u64)).unwrap();
        changed[BODY + block * RECORD + 100] ^= 1;
    }
    fs::write(&path, &changed).unwrap();
    let (holes, rows) = salvage(&path).unwrap();
    fs::write(&path, &bytes[..BODY + blocks / 2 * RECORD]).unwrap();
    let (cut, cut_rows) = salvage(&path).unwrap();

    let right = |rows: &Rows| rows.iter().filter(|(n, (found, _))| *found == value(**n)).count();
    assert!(right(&rows) > 1_000, "{} {holes:?}", right(&rows));
    assert!(right(&cut_rows) > 300, "{} {cut:?}", right(&cut_rows));
}

#[test]
fn without_any_head_rows_are_found_one_by_one() {
    let (_folder, path, mut bytes) = store(1_000);
    bytes[8_200] ^= 1;
    bytes[49_160] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let (done, rows) = salvage(&path).unwrap();

    assert!(!done.rooted);
    assert_eq!(rows.iter().filter(|(n, (found, _))| **n < 1_000 && *found == value(**n)).count(), 1_000);
}

#[test]
fn without_the_wrapped_key_or_with_another_lock_nothing_is_read() {
    let (_folder, path, mut bytes) = store(100);
    let other = Sealed::salvage(&path, &key(2), &mut |_, _| {}, &mut |_| Ok(()));
    bytes[100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let one_copy = salvage(&path).unwrap().1.len();
    bytes[4_196] ^= 1;
    fs::write(&path, &bytes).unwrap();

    let none = salvage(&path);

    assert!(matches!(other, Err(OpenError::WrongKey)), "{other:?}");
    assert_eq!(one_copy, 100);
    assert!(matches!(none, Err(OpenError::Store(StoreError::Damaged { .. }))), "{none:?}");
}
