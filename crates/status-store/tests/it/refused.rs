use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, TableDefinition};
use status_layer::testing::rng;
use status_layer::{Area, Batch, Read, Store, StoreError, Value};
use status_store::Redb;
use tempfile::TempDir;

const AREA: Area = Area(1);

/// A closed store with a few rows.
fn filled(folder: &TempDir) -> PathBuf {
    let mut store = Redb::open(folder.path().join("filled.store")).unwrap();
    for number in 0..50_u8 {
        let mut batch = Batch::default();
        batch.set(AREA, [number], Some(Value::new(vec![number; 200])));
        store.commit(batch).unwrap();
    }
    store.path().to_owned()
}

/// Opens `path`, which has to be refused, and checks that the file is as before.
fn refused(path: &Path) -> StoreError {
    let before = fs::read(path).unwrap();

    let refused = Redb::open(path).unwrap_err();

    assert!(fs::read(path).unwrap() == before, "{} was changed", path.display());
    refused
}

#[test]
fn a_store_is_open_only_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let first = Redb::open(&path).unwrap();

    let second = Redb::open(&path);
    let third = Redb::open(&path);
    drop(first);
    let fourth = Redb::open(&path);

    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    assert!(matches!(third, Err(StoreError::InUse { .. })), "a refused open must not unlock the file");
    assert!(fourth.is_ok(), "{fourth:?}");
}

#[test]
fn a_file_of_something_else_is_foreign() {
    let folder = TempDir::new().unwrap();

    for content in [b"".as_slice(), b"redb", b"a letter to a friend", &[0; 100_000]] {
        let path = folder.path().join("other");
        fs::write(&path, content).unwrap();

        assert!(matches!(refused(&path), StoreError::Foreign));
    }
}

#[test]
fn a_database_of_another_program_is_foreign() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.redb");
    let database = Database::create(&path).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(TableDefinition::<&str, u64>::new("rows")).unwrap().insert("key", 7).unwrap();
    write.commit().unwrap();
    drop(database);

    assert!(matches!(refused(&path), StoreError::Foreign));
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = filled(&folder);
    let database = Database::open(&path).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(TableDefinition::<(), u8>::new("status-chat")).unwrap().insert((), 2).unwrap();
    write.commit().unwrap();
    drop(database);

    assert!(matches!(refused(&path), StoreError::Newer { found: 2, known: 1, .. }));
}

#[test]
fn a_missing_folder_is_named_as_the_reason() {
    let folder = TempDir::new().unwrap();

    let missing = Redb::open(folder.path().join("no/such/folder/s"));
    let is_folder = Redb::open(folder.path());

    assert!(matches!(missing, Err(StoreError::Unavailable(_))), "{missing:?}");
    assert!(matches!(is_folder, Err(StoreError::Unavailable(_))), "{is_folder:?}");
}

#[test]
fn a_cut_file_is_refused_wherever_it_was_cut() {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(filled(&folder)).unwrap();
    let cut = folder.path().join("cut.store");

    for len in (0..whole.len()).step_by(997) {
        fs::write(&cut, &whole[..len]).unwrap();

        let reason = refused(&cut);

        let cut_in_magic = len < 9;
        assert_eq!(cut_in_magic, matches!(reason, StoreError::Foreign), "{len} bytes: {reason}");
    }
}

/// A changed file is refused and left as it is, or the change lies where no row is.
#[test]
fn a_changed_file_gives_no_wrong_row() {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(filled(&folder)).unwrap();
    let changed = folder.path().join("changed.store");
    let mut rng = rng(5);
    let mut refused = 0;

    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(20) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[at] = u8::try_from(rng.below(256)).unwrap();
        }
        fs::write(&changed, &bytes).unwrap();

        match Redb::open(&changed) {
            Ok(store) => {
                let rows = store.scan(AREA, b"", None, 1_000).unwrap();
                assert_eq!(rows.len(), 50);
                assert!(rows.iter().all(|(key, value)| **value == [key[0]; 200]));
            }
            Err(StoreError::Foreign | StoreError::Damaged { .. } | StoreError::Unavailable(_)) => {
                refused += 1;
                assert!(fs::read(&changed).unwrap() == bytes, "a refused file was written");
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0);
}

#[test]
fn of_many_who_make_a_store_one_has_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");

    let opened: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| Redb::open(&path))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });

    assert_eq!(opened.iter().filter(|one| one.is_ok()).count(), 1, "{opened:?}");
    assert!(opened.iter().all(|one| matches!(one, Ok(_) | Err(StoreError::InUse { .. }))), "{opened:?}");
}
