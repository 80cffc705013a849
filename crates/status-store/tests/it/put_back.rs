//! Old copies of a store that are put back: what notices them, and what is no old copy.

use std::fs;
use std::path::{Path, PathBuf};

use status_layer::{Area, Batch, Read as _, Store as _, Value};
use status_store::{Anchored, Continuity, Sealed};
use tempfile::TempDir;

use crate::key;

const AREA: Area = Area(1);

/// A folder with a store and its anchor.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn anchor(&self) -> PathBuf {
        self.0.path().join("anchor")
    }

    fn open(&self) -> (Anchored, Continuity) {
        Anchored::open(&self.store(), &key(1), &self.anchor()).unwrap()
    }

    /// Opens it, commits `commits` times, and closes it.
    fn work(&self, commits: u8) -> Continuity {
        let (mut store, continuity) = self.open();
        for n in 0..commits {
            store.commit(row(n)).unwrap();
        }
        continuity
    }

    /// Opens it and looks only.
    fn look(&self) -> Continuity {
        self.open().1
    }
}

fn row(n: u8) -> Batch {
    let mut batch = Batch::default();
    batch.set(AREA, [n], Some(Value::new([n])));
    batch
}

/// Puts what is in one file into another, which stays the same file.
fn pour(from: &Path, into: &Path) {
    fs::write(into, fs::read(from).unwrap()).unwrap();
}

#[test]
fn a_store_that_goes_on_is_whole() {
    let home = Home::new();

    let found = [home.work(3), home.look(), home.work(0), home.work(2), home.look()];

    assert_eq!(found, [Continuity::Whole; 5]);
}

#[test]
fn an_old_copy_of_the_store_is_noticed_until_something_is_committed() {
    let home = Home::new();
    home.work(3);
    let copy = home.0.path().join("copy");
    fs::copy(home.store(), &copy).unwrap();
    home.work(1);

    pour(&copy, &home.store());

    assert_eq!(
        [home.look(), home.look()],
        [Continuity::PutBack; 2],
        "who dies before acting on it is told again"
    );
    assert_eq!(home.work(1), Continuity::PutBack);
    assert_eq!(home.look(), Continuity::Whole);
}

#[test]
fn a_copy_of_another_line_is_noticed_although_it_is_further() {
    let home = Home::new();
    home.work(3);
    let (early, late) = (home.0.path().join("early"), home.0.path().join("late"));
    fs::copy(home.store(), &early).unwrap();
    home.work(20);
    fs::copy(home.store(), &late).unwrap();
    home.work(1);
    pour(&early, &home.store());
    home.work(1);

    pour(&late, &home.store());

    assert_eq!(home.work(1), Continuity::PutBack);
    assert_eq!(home.look(), Continuity::Whole);
}

#[test]
fn a_store_without_its_anchor_is_a_copy() {
    let home = Home::new();
    home.work(3);

    fs::remove_file(home.anchor()).unwrap();
    let missing = home.work(1);
    fs::write(home.anchor(), b"nonsense").unwrap();
    let foreign = home.work(1);

    assert_eq!(
        [missing, foreign, home.look()],
        [Continuity::PutBack, Continuity::PutBack, Continuity::Whole]
    );
}

#[cfg(unix)]
#[test]
fn a_copy_of_the_whole_folder_is_noticed() {
    let (home, other) = (Home::new(), Home::new());
    home.work(3);

    fs::copy(home.store(), other.store()).unwrap();
    fs::copy(home.anchor(), other.anchor()).unwrap();

    assert_eq!(other.work(1), Continuity::PutBack);
    assert_eq!([other.look(), home.look()], [Continuity::Whole; 2]);
}

#[test]
fn an_anchor_elsewhere_notices_a_whole_folder_that_was_put_back_in_place() {
    let home = Home::new();
    let elsewhere = TempDir::new().unwrap();
    let anchor = elsewhere.path().join("anchor");
    let work = || {
        let (mut store, continuity) = Anchored::open(&home.store(), &key(1), &anchor).unwrap();
        store.commit(row(1)).unwrap();
        continuity
    };
    work();
    let copy = home.0.path().join("copy");
    fs::copy(home.store(), &copy).unwrap();
    work();

    pour(&copy, &home.store());

    assert_eq!(work(), Continuity::PutBack);
}

#[test]
fn a_store_from_before_there_were_anchors_gets_one() {
    let home = Home::new();
    Sealed::open(home.store(), &key(1)).unwrap().commit(row(1)).unwrap();

    let found = [home.look(), home.work(1), home.work(1)];

    assert_eq!(found, [Continuity::Whole; 3]);
    assert_eq!(home.open().0.get(AREA, &[0]).unwrap().as_deref(), Some(&[0][..]));
}

#[test]
fn an_anchor_that_is_cut_or_changed_anywhere_is_none() {
    let home = Home::new();
    home.work(1);
    let whole = fs::read(home.anchor()).unwrap();

    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(home.anchor(), &changed).unwrap();
        assert_eq!(home.look(), Continuity::PutBack, "byte {at}");
        fs::write(home.anchor(), &whole[..at]).unwrap();
        assert_eq!(home.look(), Continuity::PutBack, "cut at {at}");
    }
    fs::write(home.anchor(), &whole).unwrap();

    assert_eq!(home.look(), Continuity::Whole);
}
