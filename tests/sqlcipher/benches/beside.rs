//! Our sealed store beside SQLCipher: the same rows, in turns, in one process and one folder. `cargo bench --manifest-path
//! tests/sqlcipher/Cargo.toml` prints the table; numbers are looked at by people, no test depends on them.
//!
//! Both have a raw key (no passphrase is stretched), 16 MiB for pages, and are on the disk when a commit returns.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use status_layer::{Area, Batch, Store, Value};
use status_sqlcipher::{Journal, SqlCipher};
use status_store::{Key, Lock, Redb, Sealed};
use tempfile::TempDir;

const AREA: Area = Area(1);
/// A message with what belongs to it, in bytes.
const ROW: usize = 512;
const ROUNDS: u64 = 400;
const BURST: u64 = 100;
/// Rows of the large stores.
const MANY: u64 = 100_000;
/// Rows of a page of history.
const PAGE: usize = 50;
const KEY: [u8; 32] = [7; 32];

/// All that are compared, in the order of the columns.
const SIDES: [&str; 4] = ["sealed", "not sealed", "cipher, WAL", "cipher, DELETE"];

type Stores = [Box<dyn Store>; 4];

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = TempDir::new().unwrap();
    println!(
        "{:30} {:>14} {:>14} {:>14} {:>14} {:>12} {:>12}",
        "median", SIDES[0], SIDES[1], SIDES[2], SIDES[3], "of WAL", "of DELETE"
    );
    let mut stores = open(folder.path(), "small");
    let one = turns(&mut stores, ROUNDS, |store, n| commit(store, n, 1));
    row("a durable commit of one row", &one);
    row("its mean", &[mean(&one)]);
    let hundred = turns(&mut stores, ROUNDS / 4, |store, n| commit(store, n, BURST));
    row("a commit of 100 rows", &hundred);
    row("its mean", &[mean(&hundred)]);
    drop(stores);

    let mut stores = open(folder.path(), "large");
    let fill = turns(&mut stores, 1, |store, _| (0..MANY / 5_000).for_each(|n| commit(store, n, 5_000)));
    row("100,000 rows, 5,000 a commit", &fill);
    drop(stores);
    let paths = paths(folder.path(), "large");
    let sizes = paths.map(|path| format!("{} B", std::fs::metadata(path).unwrap().len() / MANY));
    println!(
        "{:30} {:>14} {:>14} {:>14} {:>14}",
        "on the disk for each row", sizes[0], sizes[1], sizes[2], sizes[3]
    );

    let opens: Vec<_> = (0..3)
        .map(|_| [0, 1, 2, 3].map(|side| timed(|| drop(open_one(folder.path(), "large", side)))))
        .collect();
    row("opening it", &opens);
    let mut stores = open(folder.path(), "large");
    row("reading a row", &turns(&mut stores, 5_000, read));
    row("reading it again", &turns(&mut stores, 5_000, |store, n| read(store, n % 20)));
    row("a page of 50 rows", &turns(&mut stores, 1_000, page));
    row("all rows in order", &turns(&mut stores, 3, |store, _| all(store)));
}

fn paths(folder: &Path, name: &str) -> [PathBuf; 4] {
    [0, 1, 2, 3].map(|side| folder.join(format!("{name} {side}")))
}

fn open(folder: &Path, name: &str) -> Stores {
    [0, 1, 2, 3].map(|side| open_one(folder, name, side))
}

fn open_one(folder: &Path, name: &str, side: usize) -> Box<dyn Store> {
    let path = &paths(folder, name)[side];
    let lock = || Lock::from(Key::parse(&"07".repeat(32)).unwrap());
    match side {
        0 => Box::new(Sealed::open(path, &lock()).unwrap()),
        1 => Box::new(Redb::open(path).unwrap()),
        2 => Box::new(SqlCipher::open(path, &KEY, Journal::Wal).unwrap()),
        _ => Box::new(SqlCipher::open(path, &KEY, Journal::Delete).unwrap()),
    }
}

/// Scattered, as identifiers of messages are.
fn key(n: u64) -> [u8; 8] {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

fn commit(store: &mut dyn Store, n: u64, rows: u64) {
    let mut batch = Batch::default();
    for row in n * rows..(n + 1) * rows {
        batch.set(AREA, key(row), Some(Value::new(vec![7; ROW])));
    }
    store.commit(batch).unwrap();
}

fn read(store: &mut dyn Store, n: u64) {
    assert!(store.get(AREA, &key(n.wrapping_mul(7_919) % MANY)).unwrap().is_some());
}

fn page(store: &mut dyn Store, n: u64) {
    let after = key(n.wrapping_mul(7_919) % MANY);
    assert!(!store.scan(AREA, &[], Some(&after), PAGE).unwrap().is_empty());
}

fn all(store: &mut dyn Store) {
    let (mut count, mut after) = (0, None);
    loop {
        let rows = store.scan(AREA, &[], after.as_deref(), 1_000).unwrap();
        let Some((last, _)) = rows.last() else { break };
        (count, after) = (count + rows.len(), Some(last.clone()));
    }
    assert_eq!(count as u64, MANY);
}

/// Runs all sides in turns, so that whatever else the machine does meets all of them.
fn turns(stores: &mut Stores, rounds: u64, mut run: impl FnMut(&mut dyn Store, u64)) -> Vec<[Duration; 4]> {
    (0..rounds).map(|n| [0, 1, 2, 3].map(|side| timed(|| run(&mut *stores[side], n)))).collect()
}

fn timed(run: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    run();
    begin.elapsed()
}

fn mean(runs: &[[Duration; 4]]) -> [Duration; 4] {
    let count = u32::try_from(runs.len()).unwrap();
    [0, 1, 2, 3].map(|side| runs.iter().map(|run| run[side]).sum::<Duration>() / count)
}

fn row(what: &str, runs: &[[Duration; 4]]) {
    let times =
        [0, 1, 2, 3].map(|side| show(median(runs.iter().map(|run| run[side].as_secs_f64()).collect())));
    // Of neighbouring runs, so that a slow moment of the disk does not count for one side alone.
    let [wal, delete] = [2, 3]
        .map(|side| median(runs.iter().map(|run| run[0].as_secs_f64() / run[side].as_secs_f64()).collect()));
    let [a, b, c, d] = times;
    println!("{what:30} {a:>14} {b:>14} {c:>14} {d:>14} {wal:>12.2} {delete:>12.2}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn show(seconds: f64) -> String {
    if seconds < 0.01 { format!("{:.1} µs", seconds * 1e6) } else { format!("{:.1} ms", seconds * 1e3) }
}
