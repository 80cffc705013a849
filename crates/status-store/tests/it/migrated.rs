//! From a store that is not sealed to one that is.

use std::fs;
use std::path::PathBuf;

use status_layer::{Area, Batch, Read, Row, Store, StoreError, Value};
use status_store::{OpenError, Redb, Sealed, seal_plain};
use tempfile::TempDir;

use crate::key;

const AREAS: [Area; 4] = [Area(0), Area(1), Area(16), Area(255)];

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn rows(store: &impl Read) -> Vec<Vec<Row>> {
    AREAS.iter().map(|area| store.scan(*area, b"", None, usize::MAX).unwrap()).collect()
}

/// A plain store with rows in several areas, and these rows.
fn plain(folder: &TempDir) -> (PathBuf, Vec<Vec<Row>>) {
    let mut store = Redb::open(folder.path().join("plain")).unwrap();
    let mut batch = Batch::default();
    for area in AREAS {
        for number in 0..1_200_u32 {
            batch.set(area, number.to_be_bytes(), Some(Value::new(vec![area.0; 30])));
        }
    }
    store.commit(batch).unwrap();
    (store.path().to_owned(), rows(&store))
}

#[test]
fn a_plain_store_is_sealed_with_all_its_rows_and_wiped() {
    let folder = TempDir::new().unwrap();
    let (from, expected) = plain(&folder);
    let to = folder.path().join("sealed");

    let done = seal_plain(&from, &to, &key(1), &[]).unwrap();
    let again = seal_plain(&from, &to, &key(1), &[]).unwrap();

    assert!(done && !again);
    assert_eq!(names(&folder), ["sealed", "sealed.lock"]);
    assert!(rows(&Sealed::open(&to, &key(1)).unwrap()) == expected);
}

#[test]
fn sealing_that_was_cut_short_goes_on() {
    let folder = TempDir::new().unwrap();
    let (from, expected) = plain(&folder);
    let to = folder.path().join("sealed");
    let aside = folder.path().join("plain.sealing");
    let copy = fs::read(&from).unwrap();

    // Stopped before the sealed store was complete.
    fs::rename(&from, &aside).unwrap();
    assert!(seal_plain(&from, &to, &key(1), &[]).unwrap());
    // Stopped before the plain store was wiped.
    fs::write(&aside, copy).unwrap();
    assert!(!seal_plain(&from, &to, &key(1), &[]).unwrap());

    assert_eq!(names(&folder), ["sealed", "sealed.lock"]);
    assert!(rows(&Sealed::open(&to, &key(1)).unwrap()) == expected);
}

#[test]
fn what_cannot_be_sealed_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let from = folder.path().join("plain");
    fs::write(&from, b"a letter to a friend").unwrap();

    let refused = seal_plain(&from, &folder.path().join("sealed"), &key(1), &[]);

    assert!(matches!(refused, Err(OpenError::Store(StoreError::Foreign))), "{refused:?}");
    assert_eq!(fs::read(&from).unwrap(), b"a letter to a friend");
}

#[test]
fn a_plain_store_beside_a_sealed_one_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let (from, _) = plain(&folder);
    let to = folder.path().join("sealed");
    drop(Sealed::open(&to, &key(1)).unwrap());

    assert!(!seal_plain(&from, &to, &key(1), &[]).unwrap());
    assert!(from.exists());
}
