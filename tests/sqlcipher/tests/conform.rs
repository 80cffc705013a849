//! SQLCipher keeps the rules of the storage seam, and nothing of what it keeps shows.

use status_layer::{Area, Batch, Read, Store, Value};
use status_sqlcipher::{Journal, SqlCipher};
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];

#[test]
fn sqlcipher_is_a_store() {
    let folder = TempDir::new().unwrap();
    let mut count = 0;

    let make = || {
        count += 1;
        SqlCipher::open(&folder.path().join(count.to_string()), &KEY, Journal::Wal).unwrap()
    };
    let reopen = |store: SqlCipher| {
        let path = store.path();
        drop(store);
        SqlCipher::open(&path, &KEY, Journal::Wal).unwrap()
    };

    status_layer::testing::conform::store(make, reopen);
}

#[test]
fn it_opens_with_its_key_alone_and_shows_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut batch = Batch::default();
    batch.set(Area(1), *b"who talks to whom", Some(Value::new(*b"what they said")));
    SqlCipher::open(&path, &KEY, Journal::Delete).unwrap().commit(batch).unwrap();

    let right = SqlCipher::open(&path, &KEY, Journal::Delete).unwrap();
    let wrong = SqlCipher::open(&path, &[8; 32], Journal::Delete);

    assert_eq!(
        right.get(Area(1), b"who talks to whom").unwrap().as_deref(),
        Some(b"what they said".as_slice())
    );
    assert!(wrong.is_err());
    let bytes = std::fs::read(&path).unwrap();
    for known in ["who talks", "they said", "SQLite", "rows"] {
        assert!(!bytes.windows(known.len()).any(|window| window == known.as_bytes()), "{known}");
    }
}
