use std::path::Path;

use status_layer::testing::conform;
use status_store::{Anchored, Continuity, Memory, Redb, Sealed};
use tempfile::TempDir;

use crate::key;

#[test]
fn memory_is_a_store() {
    conform::store(Memory::new, |store| store);
}

#[test]
fn redb_is_a_store() {
    let folder = TempDir::new().unwrap();
    let mut stores = 0;
    let make = || {
        stores += 1;
        Redb::open(folder.path().join(format!("{stores}.store"))).unwrap()
    };
    let reopen = |store: Redb| {
        let path = store.path().to_owned();
        drop(store);
        Redb::open(path).unwrap()
    };

    conform::store(make, reopen);
}

#[test]
fn sealed_redb_is_a_store() {
    let folder = TempDir::new().unwrap();
    let mut stores = 0;
    let make = || {
        stores += 1;
        Sealed::open(folder.path().join(format!("{stores}.store")), &key(1)).unwrap()
    };
    let reopen = |store: Sealed| {
        let path = store.path().to_owned();
        drop(store);
        Sealed::open(path, &key(1)).unwrap()
    };

    conform::store(make, reopen);
}

#[test]
fn a_store_with_its_anchor_is_a_store() {
    let folder = TempDir::new().unwrap();
    let mut stores = 0;
    let anchor = |path: &Path| path.with_extension("anchor");
    let make = || {
        stores += 1;
        let path = folder.path().join(format!("{stores}.store"));
        Anchored::open(&path, &key(1), &anchor(&path)).unwrap().0
    };
    let reopen = |store: Anchored| {
        let path = store.store().path().to_owned();
        drop(store);
        let (store, continuity) = Anchored::open(&path, &key(1), &anchor(&path)).unwrap();
        assert_eq!(continuity, Continuity::Whole);
        store
    };

    conform::store(make, reopen);
}
