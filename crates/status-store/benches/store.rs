//! What sealing costs beside the same database without it.
//!
//! Both stores do the same in turns, in one process and one folder; medians are of neighbouring runs. `cargo bench -p
//! status-store` prints the table (`STATUS_STORE_ROWS` sets how many messages the large store has); numbers are looked at
//! by people, no test depends on them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures, prints, and may stop at what it did not expect"
)]

#[path = "measure/turns.rs"]
mod turns;

use status_layer::{Area, Batch, Read, Store, Value};
use status_store::{Cost, Key, Lock, Passphrase, Redb, Sealed};
use turns::{median, pair, row, show, timed};

const AREA: Area = Area(1);
/// A message with what belongs to it, in bytes.
const ROW: usize = 512;
const ROUNDS: u64 = 400;
const BURST: u64 = 100;

fn main() {
    // `cargo test --benches` and the like only want to see it build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let key: Lock = Key::generate().unwrap().into();
    let mut plain = Redb::open(folder.path().join("plain")).unwrap();
    let mut sealed = Sealed::open(folder.path().join("sealed"), &key).unwrap();

    println!("{:36} {:>12} {:>12} {:>7}", "median", "plain", "sealed", "ratio");
    let one = pair(ROUNDS, |n| commit(&mut plain, n, 1), |n| commit(&mut sealed, n, 1));
    row("a durable commit of one row", &one);
    let burst = pair(ROUNDS / 4, |n| commit(&mut plain, n, BURST), |n| commit(&mut sealed, n, BURST));
    row("a commit of 100 rows", &burst);
    println!(
        "{:36} {:>36.3} of a commit of its own",
        "a row of a burst",
        median(burst.iter().map(|(_, sealed)| sealed.as_secs_f64()).collect())
            / f64::from(u32::try_from(BURST).unwrap())
            / median(one.iter().map(|(_, sealed)| sealed.as_secs_f64()).collect())
    );
    drop((plain, sealed));
    large(folder.path(), &key);

    let words = Passphrase::new("open sesame").unwrap().costing(Cost::USUAL).into();
    let ((), took) = timed(|| drop(Sealed::open(folder.path().join("words"), &words).unwrap()));
    println!("{:36} {:>25}", "a new store with a passphrase", show(took));
}

/// A store with many messages: how large it is, how long it takes to open and to read from.
fn large(folder: &std::path::Path, key: &Lock) {
    let rows = std::env::var("STATUS_STORE_ROWS").map_or(100_000, |rows| rows.parse().unwrap());
    let paths = [folder.join("large plain"), folder.join("large sealed")];
    let mut plain = Redb::open(&paths[0]).unwrap();
    let mut sealed = Sealed::open(&paths[1], key).unwrap();
    for n in 0..rows / 5_000 {
        commit(&mut plain, n, 5_000);
        commit(&mut sealed, n, 5_000);
    }
    drop((plain, sealed));
    let size = |at: usize| std::fs::metadata(&paths[at]).unwrap().len() / rows;
    println!(
        "{:36} {:>12} {:>12}   with {rows} rows of {ROW}",
        "bytes on the disk for each row",
        size(0),
        size(1)
    );

    let opens =
        pair(3, |_| drop(Redb::open(&paths[0]).unwrap()), |_| drop(Sealed::open(&paths[1], key).unwrap()));
    row("opening it", &opens);
    let (plain, sealed) = (Redb::open(&paths[0]).unwrap(), Sealed::open(&paths[1], key).unwrap());
    let reads = pair(2_000, |n| read(&plain, n, rows), |n| read(&sealed, n, rows));
    row("reading a row", &reads);
}

fn key(n: u64) -> [u8; 8] {
    // Scattered, as identifiers of messages are.
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

fn commit(store: &mut impl Store, n: u64, rows: u64) {
    let mut batch = Batch::default();
    for row in n * rows..(n + 1) * rows {
        batch.set(AREA, key(row), Some(Value::new(vec![7; ROW])));
    }
    store.commit(batch).unwrap();
}

fn read(store: &impl Read, n: u64, rows: u64) {
    assert!(store.get(AREA, &key(n.wrapping_mul(7_919) % rows)).unwrap().is_some());
}
