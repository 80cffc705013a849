//! Stores of earlier layouts, kept under `stores/`: each opens and is written anew.
//!
//! `1-closed` has the key `01…01`; `1-killed` has the passphrase "open sesame" and was copied while it was open. Both were written
//! in five commits: the row `n` of the areas 1 and 2 is a hundred bytes `n`, the row "gone" of area 2 was written three times and
//! deleted twice.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use status_layer::{Area, Batch, Read, Row, Store, Value};
use status_store::{Lock, OpenError, Sealed};
use tempfile::TempDir;

use crate::{key, passphrase};

const SECRET: Area = Area(2);

fn stores() -> [(&'static str, Lock); 2] {
    [("1-closed", key(1)), ("1-killed", passphrase("open sesame"))]
}

/// A copy of a kept store.
fn copy(name: &str, folder: &TempDir) -> PathBuf {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores").join(name).with_extension("hex");
    let text = fs::read_to_string(kept).unwrap();
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let mut lines = text.lines();
    let mut bytes = vec![0; number(lines.next().unwrap())];
    for line in lines {
        let (at, run) = line.split_once(' ').unwrap();
        let run: Vec<u8> =
            (0..run.len()).step_by(2).map(|at| u8::from_str_radix(&run[at..at + 2], 16).unwrap()).collect();
        bytes[number(at)..number(at) + run.len()].copy_from_slice(&run);
    }
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// What both stores hold.
fn expected(area: Area) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..5).map(|number| (vec![number], Value::new([number; 100]))).collect();
    if area == SECRET {
        rows.push((b"gone".to_vec(), Value::new(*b"a key that was used")));
    }
    rows
}

#[test]
fn stores_of_every_layout_open_with_all_rows_and_go_on() {
    for (name, lock) in stores() {
        let folder = TempDir::new().unwrap();
        let path = copy(name, &folder);
        let mut turn = 0;

        for number in 0..3 {
            let mut store = Sealed::open_with(&path, &lock, &[SECRET]).unwrap();

            for area in [Area(1), SECRET] {
                assert!(store.scan(area, b"", None, 100).unwrap() == expected(area), "{name}");
            }
            assert!(store.turn() > turn, "{name}: the turn fell");
            turn = store.turn();
            store.verify().unwrap();
            let mut batch = Batch::default();
            batch.set(Area(3), [number], Some(Value::new([number])));
            store.commit(batch).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap()[16], 2, "the version in the file");
        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 2, "something was left behind");
    }
}

#[test]
fn the_file_of_the_earlier_layout_is_of_no_use_afterwards() {
    let folder = TempDir::new().unwrap();
    let path = copy("1-closed", &folder);
    let mut old = File::open(&path).unwrap();

    drop(Sealed::open_with(&path, &key(1), &[SECRET]).unwrap());

    let mut bytes = Vec::new();
    old.read_to_end(&mut bytes).unwrap();
    fs::write(&path, bytes).unwrap();
    assert!(Sealed::open(&path, &key(1)).is_err());
}

#[test]
fn a_store_of_an_earlier_layout_is_left_alone_if_it_does_not_open() {
    let folder = TempDir::new().unwrap();
    let path = copy("1-closed", &folder);
    let before = fs::read(&path).unwrap();
    let mut damaged = before.clone();
    let middle = damaged.len() / 2;
    damaged[24_576..middle].fill(7);

    let other_key = Sealed::open(&path, &key(2)).unwrap_err();
    assert!(fs::read(&path).unwrap() == before);
    fs::write(&path, &damaged).unwrap();
    let broken = Sealed::open(&path, &key(1)).unwrap_err();

    assert!(matches!(other_key, OpenError::WrongKey), "{other_key}");
    assert!(matches!(broken, OpenError::Store(_)), "{broken}");
    assert!(fs::read(&path).unwrap() == damaged);
}
