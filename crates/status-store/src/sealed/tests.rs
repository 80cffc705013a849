//! Sealed stores on a disk that loses power at every single write, that is full, or that lies.

mod shred;
mod stop;

use std::collections::BTreeMap;
use std::io;

use redb::StorageBackend;
use status_layer::testing::{SeededRng, rng};
use status_layer::{Area, Batch, Read, StoreError, Value};

use super::layout::{HEADS, RECORD, block_at};
use super::vault::Vault;
use crate::device::{Device, Image};
use crate::error::OpenError;
use crate::lock::{Cost, Key, Lock, Passphrase};

const AREA: Area = Area(3);
/// An area whose rows can be erased.
const SECRET: Area = Area(2);
const AREAS: [Area; 2] = [AREA, SECRET];
const ALL: usize = usize::MAX;

type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

fn key() -> Lock {
    Lock::Key(Key::parse(&"5e".repeat(32)).unwrap())
}

fn passphrase(words: &str) -> Lock {
    Lock::Passphrase(Passphrase::new(words).unwrap().costing(Cost::LEAST))
}

/// A batch of writes that meet: rows come, grow, shrink and go.
fn batch(rng: &mut SeededRng, rows: &mut Rows) -> Batch {
    let mut batch = Batch::default();
    for _ in 0..=rng.below(6) {
        let area = AREAS[usize::from(rng.chance(50))];
        let key = vec![u8::try_from(rng.below(40)).unwrap()];
        if rng.chance(70) {
            let len = if rng.chance(10) { 20_000 } else { rng.below(900) };
            let value = vec![u8::try_from(rng.below(256)).unwrap(); usize::try_from(len).unwrap()];
            rows.insert((area.0, key.clone()), value.clone());
            batch.set(area, key, Some(Value::new(value)));
        } else {
            rows.remove(&(area.0, key.clone()));
            batch.set(area, key, None);
        }
    }
    batch
}

fn try_found(store: &impl Read) -> Result<Rows, StoreError> {
    let mut found = Rows::new();
    for area in AREAS {
        let rows = store.scan(area, b"", None, ALL)?;
        found.extend(rows.into_iter().map(|(key, value)| ((area.0, key), value.to_vec())));
    }
    Ok(found)
}

fn found(store: &impl Read) -> Rows {
    try_found(store).unwrap()
}

fn open<D: StorageBackend>(disk: D) -> Result<Vault<D>, OpenError> {
    Vault::open(disk, &key(), &[SECRET])
}

/// What one run of the scenario had when the power went.
struct Run {
    /// The rows after each commit that was reported, the first before any.
    reported: Vec<Rows>,
    /// The rows of the commit that was under way, if any.
    under_way: Option<Rows>,
    /// How the run ended.
    finished: bool,
}

/// Opens, commits, closes, opens again and goes on, until the power goes.
fn scenario(device: &Device, commits: u64) -> Run {
    let mut rng = rng(11);
    let mut rows = Rows::new();
    let mut run = Run { reported: vec![Rows::new()], under_way: None, finished: false };
    for half in 0..2 {
        let Ok(mut store) = open(device.clone()) else { return run };
        for _ in 0..commits / 2 {
            let batch = batch(&mut rng, &mut rows);
            run.under_way = Some(rows.clone());
            if store.commit(&batch).is_err() {
                return run;
            }
            run.reported.push(rows.clone());
            run.under_way = None;
        }
        run.finished = half == 1;
    }
    run
}

fn fresh() -> Image {
    let device = Device::default();
    drop(Vault::create(device.clone(), &key(), &[SECRET], 0).unwrap());
    device.image()
}

/// Cuts the power at every position, `times` times each, and says how often a store was lost.
fn cut_everywhere<D: StorageBackend>(
    commits: u64,
    times: u64,
    prepare: impl Fn(&Device),
    open: impl Fn(Device) -> Result<Vault<D>, OpenError>,
) -> (u64, u64) {
    let begin = fresh();
    let whole = Device::with(begin.clone());
    assert!(scenario(&whole, commits).finished);
    let positions = whole.changes();
    let (mut cuts, mut lost) = (0, 0);

    for position in 0..positions {
        for seed in 0..times {
            let device = Device::with(begin.clone());
            prepare(&device);
            device.cut_after(position);
            let run = scenario(&device, commits);
            let after = device.after_the_cut(&mut rng(position * times + seed));

            cuts += 1;
            let rows = open(after).and_then(|store| Ok(try_found(&store)?));
            let last = run.reported.last();
            let good =
                rows.as_ref().is_ok_and(|rows| Some(rows) == last || Some(rows) == run.under_way.as_ref());
            lost += u64::from(!good);
        }
    }
    (cuts, lost)
}

#[test]
fn a_power_cut_at_every_single_write_loses_no_commit_and_keeps_no_half_one() {
    let (cuts, lost) = cut_everywhere(12, 3, |_| (), open);

    assert!(cuts > 300, "only {cuts} cuts");
    assert_eq!(lost, 0, "of {cuts} cuts");
}

/// A process that was killed is started again and sees what is in the cache of the disk only; then the power goes.
#[test]
fn what_a_restart_sees_is_made_safe_before_anything_is_built_on_it() {
    let (cuts, lost) = cut_everywhere(12, 2, Device::lie, open);

    assert_eq!(lost, 0, "of {cuts} cuts");
}

/// A disk on which both slots of the head are one place: what a store does that writes its header in place.
#[derive(Debug)]
struct InPlace(Device);

impl StorageBackend for InPlace {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if HEADS.contains(&offset) {
            let other = if offset == HEADS[0] { HEADS[1] } else { HEADS[0] };
            // The older head is gone at the same moment.
            self.0.write(other, &vec![0; data.len()])?;
        }
        self.0.write(offset, data)
    }
}

#[test]
fn the_cuts_find_a_header_that_is_written_in_place() {
    let begin = fresh();
    let mut lost = 0;
    for position in 0..60 {
        let device = Device::with(begin.clone());
        device.cut_after(position);
        let mut rng = rng(position);
        // Heads are written when the store is closed.
        while let Ok(mut store) = open(InPlace(device.clone())) {
            if store.commit(&batch(&mut rng, &mut Rows::new())).is_err() {
                break;
            }
        }

        lost += u64::from(open(device.after_the_cut(&mut rng)).is_err());
    }

    assert!(lost > 0, "60 cuts through a header that is written in place went unnoticed");
}

#[test]
fn a_full_disk_loses_nothing_and_the_store_goes_on_when_there_is_space() {
    for (kind, expected) in [
        (io::ErrorKind::StorageFull, "full"),
        (io::ErrorKind::QuotaExceeded, "full"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
    ] {
        let device = Device::with(fresh());
        let mut store = open(device.clone()).unwrap();
        let (mut rng, mut rows) = (rng(3), Rows::new());
        store.commit(&batch(&mut rng, &mut rows)).unwrap();

        device.refuse(Some(kind));
        for _ in 0..3 {
            let refused = store.commit(&batch(&mut rng, &mut rows.clone())).unwrap_err();

            match expected {
                "full" => assert!(matches!(refused, StoreError::Full), "{refused}"),
                _ => assert!(matches!(refused, StoreError::ReadOnly), "{refused}"),
            }
            assert_eq!(found(&store), rows, "what was there is still read");
        }

        device.refuse(None);
        store.commit(&batch(&mut rng, &mut rows)).unwrap();
        assert_eq!(found(&store), rows);
        drop(store);
        assert_eq!(found(&open(device).unwrap()), rows);
    }
}

#[test]
fn a_disk_that_fills_up_at_any_write_of_a_commit_keeps_none_of_it() {
    // The second is too long for the journal and goes into the database at once.
    for (len, at_least) in [(1_000, 2), (2_000_000, 8)] {
        let mut positions = 0;
        for position in 0.. {
            let device = Device::with(fresh());
            let mut store = open(device.clone()).unwrap();
            let (mut rng, mut rows) = (rng(3), Rows::new());
            store.commit(&batch(&mut rng, &mut rows)).unwrap();
            let before = rows.clone();
            let mut more = batch(&mut rng, &mut rows);
            for area in AREAS {
                rows.insert((area.0, b"long".to_vec()), vec![7; len]);
                more.set(area, *b"long", Some(Value::new(vec![7; len])));
            }

            device.cut_after(position);
            let done = store.commit(&more);
            device.cut_after(u64::MAX);
            if done.is_ok() {
                break;
            }

            assert_eq!(found(&store), before, "a batch that failed at write {position} is seen");
            store.commit(&more).unwrap();
            assert_eq!(found(&store), rows);
            drop(store);
            assert_eq!(found(&open(device).unwrap()), rows);
            positions += 1;
        }
        assert!(positions >= at_least, "{positions}");
    }
}

#[test]
fn a_new_lock_may_be_cut_at_every_write_and_one_of_both_opens() {
    let begin = fresh();
    for position in 0..8 {
        for seed in 0..10 {
            let device = Device::with(begin.clone());
            let mut store = open(device.clone()).unwrap();
            let (mut random, mut rows) = (rng(3), Rows::new());
            store.commit(&batch(&mut random, &mut rows)).unwrap();
            device.cut_after(position);
            let changed = store.relock(&passphrase("new"));
            let after = device.after_the_cut(&mut rng(seed));

            let new = Vault::open(after.clone(), &passphrase("new"), &[SECRET]);
            let store = match new {
                Err(OpenError::OtherLock { .. }) if changed.is_err() => open(after).unwrap(),
                new => new.unwrap(),
            };
            assert_eq!(found(&store), rows);
        }
    }
}

#[test]
fn an_old_lock_that_a_cut_left_behind_is_gone_after_the_next_start() {
    let device = Device::with(fresh());
    let old = device.image().get(4096, 4096);
    open(device.clone()).unwrap().relock(&passphrase("new")).unwrap();
    let mut image = device.image();
    image.put(4096, &old);
    let cut = Device::with(image);

    drop(Vault::open(cut.clone(), &passphrase("new"), &[]).unwrap());

    let image = cut.image();
    assert!(image.get(0, 4096) == image.get(4096, 4096), "both copies are of the new lock");
    assert!(image.get(4096, 4096) != old, "the old lock is gone");
}

/// Every record of a file, put back one by one to what it was earlier.
#[test]
fn old_blocks_that_are_put_back_give_no_old_row() {
    let device = Device::with(fresh());
    let (mut random, mut rows) = (rng(5), Rows::new());
    let write = |count: u8, random: &mut SeededRng, rows: &mut Rows| {
        let mut store = open(device.clone()).unwrap();
        for _ in 0..count {
            store.commit(&batch(random, rows)).unwrap();
        }
        let mut many = Batch::default();
        for number in 100..200 {
            rows.insert((AREA.0, vec![number]), vec![count; 900]);
            many.set(AREA, vec![number], Some(Value::new(vec![count; 900])));
        }
        store.commit(&many).unwrap();
        drop(store);
        device.image()
    };
    // Places are used again after the store was closed.
    write(1, &mut random, &mut rows);
    let old = write(8, &mut random, &mut rows);
    write(1, &mut random, &mut rows);
    let new = write(3, &mut random, &mut rows);
    let (mut at_opening, mut later) = (0, 0_u64);

    for index in 1.. {
        let at = block_at(index);
        if at + RECORD as u64 > old.len().min(new.len()) {
            break;
        }
        let was = old.get(at, RECORD);
        if was == new.get(at, RECORD) || was.iter().all(|byte| *byte == 0) {
            continue;
        }
        let mut image = new.clone();
        image.put(at, &was);

        match open(Device::with(image)) {
            Ok(mut store) => match try_found(&store) {
                Ok(found) => {
                    assert_eq!(found, rows, "the block {index} brought back old rows");
                    // It may hold what the database keeps for itself.
                    later += u64::from(store.verify().is_err());
                }
                Err(StoreError::Damaged { .. }) => {
                    assert!(matches!(store.verify(), Err(StoreError::Damaged { .. })));
                    later += 1;
                }
                Err(other) => panic!("{other}"),
            },
            Err(OpenError::Store(StoreError::Damaged { .. })) => at_opening += 1,
            Err(other) => panic!("{other}"),
        }
    }
    // With its own assertions switched on, as in tests that are not optimised, the database reads everything at once.
    assert!(at_opening + later > 10, "{at_opening} at opening, {later} when read");
}

#[test]
fn what_is_on_the_disk_shows_no_row_and_no_key() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    let mut rows = Batch::default();
    rows.set(AREA, *b"who talks to whom", Some(Value::new(*b"what they said, in full")));
    store.commit(&rows).unwrap();
    store.relock(&passphrase("open sesame")).unwrap();
    drop(store);

    let bytes = device.image().bytes();

    for known in ["who talks", "they said", "open sesame", "redb", "rows", "status-chat", &"\x5e".repeat(16)]
    {
        assert!(!bytes.windows(known.len()).any(|window| window == known.as_bytes()), "{known}");
    }
}

#[test]
fn each_commit_is_one_turn_and_one_wait_for_the_disk() {
    let device = Device::with(fresh());
    let mut store = open(device.clone()).unwrap();
    let before = (store.turn(), device.waits());

    for _ in 0..10 {
        let mut rows = Batch::default();
        rows.set(AREA, *b"row", Some(Value::new([1])));
        store.commit(&rows).unwrap();
    }

    assert_eq!((store.turn(), device.waits()), (before.0 + 10, before.1 + 10));
}
