//! What erasing and opening cost, beside the same database without sealing.
//!
//! Both stores do the same in turns, in one process and one folder; ratios are medians of neighbouring runs. `cargo bench -p
//! status-store --bench sealed` prints the table (`STATUS_STORE_ROWS` sets how many messages the large store has); numbers
//! are looked at by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

#[path = "measure/turns.rs"]
mod turns;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use status_layer::{Area, Batch, Read, Store, Value};
use status_store::{Key, Lock, Redb, Sealed};
use turns::{pair, row, show, timed};

const AREA: Area = Area(1);
const SECRET: Area = Area(2);
/// A message with what belongs to it, and a session, in bytes.
const ROW: usize = 512;
const SESSION: usize = 240;
const ROUNDS: u64 = 600;
/// What keeps its rows so that they can be erased.
const SESSIONS: u64 = 1_000;
/// Rows that are made at once.
const STEP: u64 = 100_000;
/// Names the store, and its key, to a process that opens it to be measured.
const OPEN: &str = "STATUS_STORE_OPEN";
const KEY: &str = "STATUS_STORE_OPEN_KEY";

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    if let Some(path) = std::env::var_os(OPEN) {
        return open_and_tell(Path::new(&path));
    }
    let folder = tempfile::TempDir::new().unwrap();
    let lock: Lock = Key::generate().unwrap().into();
    println!("{:36} {:>12} {:>12} {:>7}", "median", "plain", "sealed", "ratio");
    commits(folder.path(), &lock);
    large(folder.path(), &lock);
}

/// Durable commits in a store with a few thousand rows.
fn commits(folder: &Path, lock: &Lock) {
    let mut plain = Redb::open(folder.join("plain")).unwrap();
    let mut sealed = Sealed::open_with(folder.join("sealed"), lock, &[SECRET]).unwrap();
    for store in [&mut plain as &mut dyn Store, &mut sealed] {
        fill(store, 5_000);
    }

    let one = pair(ROUNDS, |n| message(&mut plain, n), |n| message(&mut sealed, n));
    row("a durable commit of one row", &one);
    let three = pair(ROUNDS, |n| sessions(&mut plain, n), |n| sessions(&mut sealed, n));
    row("… of three secret rows, overwritten", &three);
    let worst = |of: &[(Duration, Duration)], pick: fn(&(Duration, Duration)) -> Duration| {
        let mut all: Vec<_> = of.iter().map(pick).collect();
        all.sort_unstable();
        show(all.get(all.len() * 99 / 100).copied().unwrap_or_default())
    };
    println!(
        "{:36} {:>12} {:>12}",
        "… the slowest of a hundred",
        worst(&three, |run| run.0),
        worst(&three, |run| run.1)
    );
    let reads = pair(20_000, |n| read(&plain, AREA, n % 5_000), |n| read(&sealed, AREA, n % 5_000));
    row("reading a row", &reads);
    let reads = pair(20_000, |n| read(&plain, SECRET, n % SESSIONS), |n| read(&sealed, SECRET, n % SESSIONS));
    row("reading a secret row", &reads);
}

/// A store with many messages: how long it takes to open, after it was closed and after a stop, and how much memory.
fn large(folder: &Path, lock: &Lock) {
    let rows = std::env::var("STATUS_STORE_ROWS").map_or(100_000, |rows| rows.parse().unwrap());
    let (plain_path, sealed_path) = (folder.join("large plain"), folder.join("large sealed"));
    let mut plain = Redb::open(&plain_path).unwrap();
    let mut sealed = Sealed::open_with(&sealed_path, lock, &[SECRET]).unwrap();
    fill(&mut plain, rows);
    fill(&mut sealed, rows);
    let one = pair(ROUNDS, |n| message(&mut plain, rows + n), |n| message(&mut sealed, rows + n));
    row("a durable commit of one row there", &one);
    // As a sudden stop leaves them.
    let stopped = [folder.join("stopped plain"), folder.join("stopped sealed")];
    let [stopped_plain, stopped_sealed] = &stopped;
    std::fs::copy(&plain_path, stopped_plain).unwrap();
    std::fs::copy(&sealed_path, stopped_sealed).unwrap();
    drop((plain, sealed));
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() / rows;
    println!(
        "{:36} {:>12} {:>12}   with {rows} rows of {ROW} and {SESSIONS} secret ones",
        "bytes on the disk for each row",
        size(&plain_path),
        size(&sealed_path)
    );

    let opens = pair(
        3,
        |_| drop(Redb::open(&plain_path).unwrap()),
        |_| drop(Sealed::open_with(&sealed_path, lock, &[SECRET]).unwrap()),
    );
    row("opening and closing it", &opens);
    println!(
        "{:36} {:>12} {:>12}",
        "… memory in a new process, MiB",
        elsewhere(&plain_path, None),
        elsewhere(&sealed_path, Some(lock))
    );
    let stop = pair(
        1,
        |_| drop(Redb::open(stopped_plain).unwrap()),
        |_| drop(Sealed::open_with(stopped_sealed, lock, &[SECRET]).unwrap()),
    );
    row("… after a sudden stop", &stop);
    let mut sealed = Sealed::open_with(&sealed_path, lock, &[SECRET]).unwrap();
    let (done, took) = timed(|| sealed.verify());
    done.unwrap();
    println!("{:36} {:>25}", "reading and verifying all of it", show(took));
}

/// Messages, and sessions.
fn fill(store: &mut (impl Store + ?Sized), rows: u64) {
    // Few large steps: scattered keys meet all pages in each.
    for step in 0..rows.div_ceil(STEP) {
        let mut batch = Batch::default();
        for n in step * STEP..rows.min((step + 1) * STEP) {
            batch.set(AREA, key(n), Some(Value::new(vec![7; ROW])));
        }
        store.commit(batch).unwrap();
    }
    let mut batch = Batch::default();
    for n in 0..SESSIONS {
        batch.set(SECRET, key(n), Some(Value::new(vec![7; SESSION])));
    }
    store.commit(batch).unwrap();
}

fn message(store: &mut impl Store, n: u64) {
    let mut batch = Batch::default();
    batch.set(AREA, key(1_000_000_000 + n), Some(Value::new(vec![7; ROW])));
    store.commit(batch).unwrap();
}

fn sessions(store: &mut impl Store, n: u64) {
    let mut batch = Batch::default();
    for session in 0..3 {
        batch.set(SECRET, key((n * 3 + session) % SESSIONS), Some(Value::new(vec![8; SESSION])));
    }
    store.commit(batch).unwrap();
}

fn read(store: &impl Read, area: Area, n: u64) {
    assert!(store.get(area, &key(n)).unwrap().is_some());
}

fn key(n: u64) -> [u8; 8] {
    // Scattered, as identifiers of messages are.
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

/// Opens a store in another process, and says how much memory that has then, in MiB.
fn elsewhere(path: &Path, lock: Option<&Lock>) -> String {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.arg("--bench").env(OPEN, path);
    if let Some(Lock::Key(key)) = lock {
        process.env(KEY, key.expose().as_str());
    }
    String::from_utf8(process.output().unwrap().stdout).unwrap().trim().to_owned()
}

/// What that other process does.
fn open_and_tell(path: &Path) {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u32>().ok());
        f64::from(kib.unwrap_or_default()) / 1024.0
    };
    match std::env::var(KEY) {
        Ok(key) => {
            let store = Sealed::open(path, &Key::parse(&key).unwrap().into()).unwrap();
            read(&store, AREA, 7);
            println!("{:.1}", resident());
        }
        Err(_) => {
            let store = Redb::open(path).unwrap();
            read(&store, AREA, 7);
            println!("{:.1}", resident());
        }
    }
}
