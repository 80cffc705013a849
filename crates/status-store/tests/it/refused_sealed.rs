//! Sealed files that are not opened, and stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use status_layer::testing::rng;
use status_layer::{Area, Batch, Read, Store, StoreError, Value};
use status_store::{OpenError, Redb, Sealed};
use tempfile::TempDir;

use crate::{key, passphrase};

const AREA: Area = Area(1);
/// Where the journal begins, in bytes, and the blocks of the database.
const JOURNAL: usize = 90_112;
const BLOCKS: usize = 9_605_200;

/// A closed store with a few rows.
fn filled(folder: &TempDir) -> PathBuf {
    let mut store = Sealed::open(folder.path().join("filled.store"), &key(1)).unwrap();
    for number in 0..50_u8 {
        let mut batch = Batch::default();
        batch.set(AREA, [number], Some(Value::new(vec![number; 200])));
        store.commit(batch).unwrap();
    }
    store.path().to_owned()
}

/// Opens `path`, which has to be refused, and checks that the file is as before.
fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).unwrap();

    let refused = Sealed::open(path, &key(1)).unwrap_err();

    assert!(fs::read(path).unwrap() == before, "{} was changed", path.display());
    refused
}

#[test]
fn a_sealed_store_is_open_only_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let first = Sealed::open(&path, &key(1)).unwrap();

    let second = Sealed::open(&path, &key(1));
    let third = Sealed::open(&path, &key(1));
    drop(first);
    let fourth = Sealed::open(&path, &key(1));

    for refused in [second, third] {
        let us = std::process::id();
        assert!(
            matches!(&refused, Err(OpenError::Store(StoreError::InUse { by: Some(by) })) if *by == us),
            "{refused:?}"
        );
    }
    assert!(fourth.is_ok(), "{fourth:?}");
}

#[test]
fn a_file_of_something_else_is_foreign_to_a_sealed_store() {
    let folder = TempDir::new().unwrap();

    for content in [b"".as_slice(), b"status", b"a letter to a friend", &[0; 100_000]] {
        let path = folder.path().join("other");
        fs::write(&path, content).unwrap();

        assert!(matches!(refused(&path), OpenError::Store(StoreError::Foreign)));
    }
}

#[test]
fn a_store_that_is_not_sealed_is_said_to_be_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("plain");
    drop(Redb::open(&path).unwrap());

    assert!(matches!(refused(&path), OpenError::NotSealed));
}

#[test]
fn a_sealed_store_of_a_newer_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = filled(&folder);
    let mut bytes = fs::read(&path).unwrap();
    (bytes[16], bytes[4096 + 16]) = (3, 3);
    fs::write(&path, bytes).unwrap();

    let reason = refused(&path);

    assert!(matches!(reason, OpenError::Store(StoreError::Newer { found: 3, known: 2, .. })), "{reason}");
}

#[test]
fn a_sealed_file_that_was_cut_is_refused_wherever_it_was_cut() {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(filled(&folder)).unwrap();
    let cut = folder.path().join("cut.store");

    for len in cuts(whole.len()) {
        fs::write(&cut, &whole[..len]).unwrap();

        let reason = refused(&cut);

        let foreign = matches!(reason, OpenError::Store(StoreError::Foreign));
        let damaged = matches!(reason, OpenError::Store(StoreError::Damaged { .. }));
        assert!(if len < 16 { foreign } else { foreign || damaged }, "{len} bytes: {reason}");
    }
}

/// Where a file of `len` bytes is cut: often where it is not empty, seldom in between.
fn cuts(len: usize) -> impl Iterator<Item = usize> {
    let beginning = (0..100_000).step_by(2_003);
    let middle = (100_000..BLOCKS).step_by(500_009);
    let end = (BLOCKS..len).step_by(4_013);
    beginning.chain(middle).chain(end).chain([1, 15, 16, 17, 170, 4_096, len - 1])
}

/// A changed file is refused, at once or when the change is read, or the change lies where no row is.
#[test]
fn a_sealed_file_that_was_changed_gives_no_wrong_row() {
    let folder = TempDir::new().unwrap();
    let whole = fs::read(filled(&folder)).unwrap();
    let changed = folder.path().join("changed.store");
    let mut rng = rng(5);
    let mut refused = 0;

    for round in 0..100 {
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(5) {
            // Half of the changes meet the beginning, where everything else hangs on.
            let span = if round % 2 == 0 { BLOCKS..bytes.len() } else { 0..JOURNAL };
            let mut any = || span.start + usize::try_from(rng.below(span.len() as u64)).unwrap();
            let at = std::iter::repeat_with(&mut any).find(|at| whole[*at] != 0).unwrap();
            bytes[at] ^= 1 << rng.below(8);
        }
        fs::write(&changed, &bytes).unwrap();

        match Sealed::open(&changed, &key(1)) {
            Ok(store) => match store.scan(AREA, b"", None, 1_000) {
                Ok(rows) => {
                    assert_eq!(rows.len(), 50);
                    assert!(rows.iter().all(|(key, value)| **value == [key[0]; 200]));
                }
                Err(StoreError::Damaged { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            },
            Err(OpenError::Store(
                StoreError::Foreign | StoreError::Damaged { .. } | StoreError::Newer { .. },
            )) => {
                refused += 1;
                assert!(fs::read(&changed).unwrap() == bytes, "a refused file was written");
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn of_many_who_make_a_sealed_store_one_has_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");

    let opened: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| Sealed::open(&path, &key(1)))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });

    assert_eq!(opened.iter().filter(|one| one.is_ok()).count(), 1, "{opened:?}");
    let in_use = |one: &Result<Sealed, OpenError>| {
        matches!(one, Ok(_) | Err(OpenError::Store(StoreError::InUse { .. })))
    };
    assert!(opened.iter().all(in_use), "{opened:?}");
}

#[test]
fn a_file_that_asks_for_endless_work_is_refused_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    drop(Sealed::open(&path, &passphrase("words")).unwrap());
    let mut bytes = fs::read(&path).unwrap();
    for copy in [0, 4096] {
        // The memory that Argon2id is to use, and a sum that fits.
        bytes[copy + 42..copy + 46].copy_from_slice(&u32::MAX.to_le_bytes());
        let end = copy + 138;
        let sum = <sha2::Sha256 as sha2::Digest>::digest(&bytes[copy..end]);
        bytes[end..end + 32].copy_from_slice(&sum);
    }
    fs::write(&path, &bytes).unwrap();

    let refused = Sealed::open(&path, &passphrase("words")).unwrap_err();

    assert!(matches!(refused, OpenError::Store(StoreError::Damaged { .. })), "{refused}");
    assert!(fs::read(&path).unwrap() == bytes);
}

#[cfg(unix)]
#[test]
fn a_new_sealed_file_and_its_lock_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();

    let store = Sealed::open(folder.path().join("s"), &key(1)).unwrap();

    for path in [store.path().to_owned(), folder.path().join("s.lock")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
