use status_layer::testing::conform;
use status_store::{Memory, Redb};
use tempfile::TempDir;

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
