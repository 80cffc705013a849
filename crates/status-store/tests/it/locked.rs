//! Locks of sealed stores: which open, which do not, and how one is replaced.

use std::fs;

use status_layer::{Area, Batch, Read, Store, Value};
use status_store::{Key, Lock, LockKind, OpenError, Sealed};
use tempfile::TempDir;

use crate::{key, passphrase};

const AREA: Area = Area(1);

fn row() -> Batch {
    let mut batch = Batch::default();
    batch.set(AREA, *b"row", Some(Value::new(*b"value")));
    batch
}

#[test]
fn only_its_own_lock_opens_a_store() {
    let folder = TempDir::new().unwrap();
    let (words, secret) = (folder.path().join("words"), folder.path().join("key"));
    Sealed::open(&words, &passphrase("open sesame")).unwrap().commit(row()).unwrap();
    Sealed::open(&secret, &key(1)).unwrap().commit(row()).unwrap();
    let before = (fs::read(&words).unwrap(), fs::read(&secret).unwrap());

    let wrong = Sealed::open(&words, &passphrase("open sesam")).unwrap_err();
    let other = Sealed::open(&words, &key(1)).unwrap_err();
    let wrong_key = Sealed::open(&secret, &key(2)).unwrap_err();
    let other_kind = Sealed::open(&secret, &passphrase("open sesame")).unwrap_err();

    assert!(matches!(wrong, OpenError::WrongPassphrase), "{wrong}");
    assert!(matches!(other, OpenError::OtherLock { kind: LockKind::Passphrase }), "{other}");
    assert!(matches!(wrong_key, OpenError::WrongKey), "{wrong_key}");
    assert!(matches!(other_kind, OpenError::OtherLock { kind: LockKind::Key }), "{other_kind}");
    assert!((fs::read(&words).unwrap(), fs::read(&secret).unwrap()) == before, "a refused file was written");
    assert!(Sealed::open(&words, &passphrase("open sesame")).is_ok());
    assert!(Sealed::open(&secret, &key(1)).is_ok());
}

#[test]
fn a_new_lock_takes_the_place_of_the_old_one_and_the_data_stay() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut store = Sealed::open(&path, &passphrase("old")).unwrap();
    store.commit(row()).unwrap();
    drop(store);
    let before = fs::read(&path).unwrap();

    let mut store = Sealed::open(&path, &passphrase("old")).unwrap();
    store.relock(&passphrase("new")).unwrap();
    drop(store);

    assert!(matches!(Sealed::open(&path, &passphrase("old")), Err(OpenError::WrongPassphrase)));
    let store = Sealed::open(&path, &passphrase("new")).unwrap();
    assert_eq!(store.get(AREA, b"row").unwrap().as_deref(), Some(b"value".as_slice()));
    let after = fs::read(&path).unwrap();
    // The blocks of the database.
    let body = 9_605_200..before.len().min(after.len());
    let same =
        before[body.clone()].chunks(4136).zip(after[body].chunks(4136)).filter(|(a, b)| a == b && a[0] != 0);
    assert!(same.count() > 0, "the data were written again");
}

#[test]
fn a_passphrase_may_give_way_to_a_key_and_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let locks: [Lock; 3] = [passphrase("words"), Key::generate().unwrap().into(), passphrase("other words")];

    let mut store = Sealed::open(&path, &locks[0]).unwrap();
    for lock in &locks[1..] {
        store.relock(lock).unwrap();
        drop(store);
        assert_eq!(Sealed::lock_of(&path).unwrap(), Some(lock.kind()));
        store = Sealed::open(&path, lock).unwrap();
    }
}

#[test]
fn the_kind_of_lock_is_known_before_it_is_opened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");

    assert_eq!(Sealed::lock_of(&path).unwrap(), None);
    drop(Sealed::open(&path, &passphrase("words")).unwrap());
    assert_eq!(Sealed::lock_of(&path).unwrap(), Some(LockKind::Passphrase));
}

#[test]
fn neither_store_nor_error_prints_what_is_secret() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");

    let store = Sealed::open(&path, &passphrase("open sesame")).unwrap();

    assert_eq!(format!("{store:?}"), "Sealed(..)");
    drop(store);
    let error = Sealed::open(&path, &passphrase("sesame, open")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("sesame"));
}
