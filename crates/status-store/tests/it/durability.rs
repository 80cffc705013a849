use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::{env, fs};

use status_layer::{Area, Batch, Read, Store, StoreError, Value};
use status_store::{MAX_VALUE, Redb};
use tempfile::TempDir;

const AREA: Area = Area(1);
/// Names the store to the process that is killed.
const KILLED: &str = "STATUS_STORE_KILLED";
const REPORT: &str = "committed ";

const ALL: usize = usize::MAX;

fn batch(number: u8) -> Batch {
    let mut batch = Batch::default();
    batch.set(AREA, [number], Some(Value::new([number; 100])));
    batch.set(AREA, *b"last", Some(Value::new([number])));
    batch
}

/// The file as a sudden stop would leave it: copied while the store is open.
#[test]
fn every_committed_batch_is_in_the_file_at_once() {
    let folder = TempDir::new().unwrap();
    let mut store = Redb::open(folder.path().join("open.store")).unwrap();

    for number in 0..20 {
        store.commit(batch(number)).unwrap();

        let copy = folder.path().join("copy.store");
        fs::copy(store.path(), &copy).unwrap();
        let copy = Redb::open(copy).unwrap();
        assert_eq!(copy.scan(AREA, b"", None, ALL).unwrap(), store.scan(AREA, b"", None, ALL).unwrap());
        assert_eq!(copy.get(AREA, b"last").unwrap().as_deref(), Some([number].as_slice()));
    }
}

/// What the process that is killed does: it commits and reports, until it is killed.
#[test]
fn in_the_killed_process() {
    let Some(path) = env::var_os(KILLED) else { return };
    let mut store = Redb::open(path).unwrap();
    for number in 0..=u8::MAX {
        store.commit(batch(number)).unwrap();
        println!("{REPORT}{number}");
    }
}

#[test]
fn what_was_committed_survives_the_death_of_the_process() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "durability::in_the_killed_process", "--nocapture"])
        .env(KILLED, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let reports = output.lines().map_while(Result::ok).filter(|line| line.contains(REPORT));

    let reported = u8::try_from(reports.take(20).count()).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();

    let store = Redb::open(&path).unwrap();
    let last = store.get(AREA, b"last").unwrap().unwrap()[0];
    let rows = store.scan(AREA, b"", None, ALL).unwrap();
    assert!(last >= reported - 1, "{reported} batches were reported, the last in the file is {last}");
    assert_eq!(
        rows.len(),
        usize::from(last) + 2,
        "each batch up to the last is there, and no part of a later one"
    );
}

#[test]
fn a_refused_batch_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let mut store = Redb::open(folder.path().join("s")).unwrap();
    store.commit(batch(1)).unwrap();
    let mut large = batch(2);
    large.set(Area(2), *b"large", Some(Value::new(vec![0; MAX_VALUE + 1])));

    let refused = store.commit(large);

    assert!(matches!(refused, Err(StoreError::TooLarge { len, max: MAX_VALUE }) if len == MAX_VALUE + 1));
    assert_eq!(store.scan(AREA, b"", None, ALL).unwrap().len(), 2);
    assert_eq!(store.get(AREA, b"last").unwrap().as_deref(), Some([1].as_slice()));
}

#[test]
fn the_largest_value_is_kept() {
    let folder = TempDir::new().unwrap();
    let mut store = Redb::open(folder.path().join("s")).unwrap();
    let mut large = Batch::default();
    large.set(AREA, *b"large", Some(Value::new(vec![7; MAX_VALUE])));

    store.commit(large).unwrap();

    assert_eq!(store.get(AREA, b"large").unwrap().map(|value| value.len()), Some(MAX_VALUE));
}

#[cfg(unix)]
#[test]
fn a_new_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();

    let store = Redb::open(folder.path().join("s")).unwrap();

    assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_new_store_leaves_nothing_beside_its_file() {
    let folder = TempDir::new().unwrap();

    let store = Redb::open(folder.path().join("s")).unwrap();

    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, [store.path()]);
}

#[test]
fn a_store_is_never_printed() {
    let folder = TempDir::new().unwrap();

    let store = Redb::open(folder.path().join("s")).unwrap();

    assert_eq!(format!("{store:?}"), "Redb(..)");
}
