//! A real process that commits without pause and is killed at random moments.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use status_layer::testing::rng;
use status_layer::{Area, Batch, Read, Store, Value};
use status_store::{OpenError, Sealed};
use tempfile::TempDir;

use crate::key;

const AREA: Area = Area(1);
/// Names the store to the process that is killed.
const KILLED: &str = "STATUS_STORE_SEALED_KILLED";
/// How many times it is killed; a thousand times take about three minutes.
const KILLS: &str = "STATUS_STORE_KILLS";
const REPORT: &str = "committed ";

/// The batch `number`: three rows that belong together.
fn batch(number: u64) -> Batch {
    let value = |len: usize| Some(Value::new([number.to_le_bytes().as_slice(), &vec![7; len]].concat()));
    let mut batch = Batch::default();
    batch.set(AREA, [b"a".as_slice(), &(number % 50).to_le_bytes()].concat(), value(3_000));
    batch.set(AREA, [b"b".as_slice(), &(number % 7).to_le_bytes()].concat(), value(100));
    batch.set(AREA, *b"last", value(0));
    batch
}

fn number(value: &Value) -> u64 {
    u64::from_le_bytes(*value.first_chunk().unwrap())
}

/// The last batch in the store, after a check that all up to it and no part of another are there.
fn last_whole(store: &Sealed) -> Option<u64> {
    let last = store.get(AREA, b"last").unwrap().as_ref().map(number);
    for (table, period) in [(b"a", 50), (b"b", 7)] {
        let rows = store.scan(AREA, table, None, usize::MAX).unwrap();
        for row in 0..period {
            // The greatest number up to the last one that falls to this row.
            let due = last.and_then(|last| (0..=last).rev().take(50).find(|number| number % period == row));
            let key = [table.as_slice(), &row.to_le_bytes()].concat();
            let found = rows.iter().find(|(at, _)| *at == key).map(|(_, value)| number(value));
            assert_eq!(found, due, "row {row} of {}, last {last:?}", table[0]);
        }
    }
    last
}

/// What the process that is killed does.
#[test]
fn in_the_killed_process() {
    let Some(path) = env::var_os(KILLED) else { return };
    let mut store = Sealed::open(path, &key(1)).unwrap();
    for number in last_whole(&store).map_or(0, |last| last + 1).. {
        store.commit(batch(number)).unwrap();
        println!("{REPORT}{number}");
    }
}

fn spawn(path: &Path) -> std::process::Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "killed::in_the_killed_process", "--nocapture"])
        .env(KILLED, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_process_that_is_killed_at_random_moments_loses_no_commit_and_keeps_no_half_one() {
    let kills = env::var(KILLS).map_or(15, |kills| kills.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut rng = rng(kills);
    let mut batches = 0;

    for kill in 0..kills {
        let mut process = spawn(&path);
        let output = BufReader::new(process.stdout.take().unwrap());
        let reports = thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            lines.filter_map(|line| line.split_once(REPORT)?.1.parse::<u64>().ok()).last()
        });
        // Some are killed while they open the store, most while they commit.
        thread::sleep(Duration::from_micros(rng.below(120_000)));
        process.kill().unwrap();
        process.wait().unwrap();
        let reported = reports.join().unwrap();

        if path.exists() {
            let store = Sealed::open(&path, &key(1)).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
            let last = last_whole(&store);
            assert!(last >= reported, "kill {kill}: {reported:?} was reported, {last:?} is in the file");
            batches = last.map_or(0, |last| last + 1);
        }
    }
    eprintln!("{kills} kills, {batches} batches");
    assert!(batches > 0);
}

#[test]
fn a_second_process_is_told_which_one_has_the_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut process = spawn(&path);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.find(|line| line.contains(REPORT)).unwrap();

    let second = Sealed::open(&path, &key(1)).unwrap_err();

    let id = process.id();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(matches!(second, OpenError::Store(status_layer::StoreError::InUse { by: Some(by) }) if by == id));
    assert!(second.to_string().contains(&format!("process {id}")), "{second}");
    assert!(Sealed::open(&path, &key(1)).is_ok(), "a dead process owns nothing");
}
