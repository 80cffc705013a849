//! The suite of the storage seam.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::must;
use crate::testing::{SeededRng, rng};
use crate::{Area, Batch, Row, Store, Value};

/// The area that most rules are tried in, and its neighbours on both sides.
const HERE: Area = Area(7);
const BELOW: Area = Area(6);
const ABOVE: Area = Area(8);

/// A limit that no rule reaches.
const ALL: usize = 1_000;

/// Runs the suite. `make` gives a new, empty store each time; `reopen` closes a store and opens it again as
/// another run of the program would (a store that lives as long as its value returns it unchanged).
pub fn store<S: Store>(mut make: impl FnMut() -> S, mut reopen: impl FnMut(S) -> S) {
    a_new_store_is_empty(&make());
    what_is_written_is_read(&mut make());
    a_later_write_replaces_an_earlier_one(&mut make());
    a_deleted_row_is_gone(&mut make());
    a_batch_is_seen_whole(&mut make());
    an_empty_batch_changes_nothing(&mut make());
    an_empty_key_and_an_empty_value_are_rows(&mut make());
    areas_are_apart(&mut make());
    a_scan_goes_up_in_byte_order(&mut make());
    a_scan_sees_only_its_prefix(&mut make());
    a_scan_goes_on_after_a_key(&mut make());
    a_scan_stops_at_its_limit(&mut make());
    a_prefix_of_highest_bytes_is_scanned(&mut make());
    a_large_value_is_kept(make(), &mut reopen);
    rows_survive_reopening(make(), &mut reopen);
    it_does_what_a_plain_map_does(make(), &mut reopen);
}

fn a_new_store_is_empty(store: &impl Store) {
    assert!(read(store, HERE, b"key").is_none(), "a new store has no row");
    assert!(scan(store, HERE, b"", None, ALL).is_empty(), "a new store has nothing to scan");
}

fn what_is_written_is_read(store: &mut impl Store) {
    write(store, &[(HERE, b"key", Some(b"value"))]);

    assert!(read(store, HERE, b"key").as_deref() == Some(b"value"), "a written row is read");
    assert!(read(store, HERE, b"ke").is_none(), "the beginning of a key is not the key");
    assert!(read(store, HERE, b"key0").is_none(), "a longer key is another key");
}

fn a_later_write_replaces_an_earlier_one(store: &mut impl Store) {
    write(store, &[(HERE, b"key", Some(b"a longer first value"))]);
    write(store, &[(HERE, b"key", Some(b"second"))]);

    assert!(read(store, HERE, b"key").as_deref() == Some(b"second"), "the last write counts");
    assert!(scan(store, HERE, b"", None, ALL).len() == 1, "a key has one row");
}

fn a_deleted_row_is_gone(store: &mut impl Store) {
    write(store, &[(HERE, b"a", Some(b"1")), (HERE, b"b", Some(b"2"))]);
    write(store, &[(HERE, b"a", None), (HERE, b"never written", None)]);

    assert!(read(store, HERE, b"a").is_none(), "a deleted row is not read");
    assert!(keys(store, HERE, b"", None, ALL) == [b"b"], "a deleted row is not scanned");
}

fn a_batch_is_seen_whole(store: &mut impl Store) {
    write(store, &[(HERE, b"old", Some(b"1"))]);

    write(store, &[(BELOW, b"x", Some(b"2")), (HERE, b"old", None), (HERE, b"new", Some(b"3"))]);

    assert!(read(store, BELOW, b"x").is_some(), "a batch writes to several areas");
    assert!(read(store, HERE, b"old").is_none(), "a batch deletes next to what it writes");
    assert!(read(store, HERE, b"new").is_some(), "a batch writes all of its rows");
}

fn an_empty_batch_changes_nothing(store: &mut impl Store) {
    write(store, &[(HERE, b"key", Some(b"value"))]);

    write(store, &[]);

    assert!(read(store, HERE, b"key").as_deref() == Some(b"value"), "an empty batch leaves rows alone");
}

fn an_empty_key_and_an_empty_value_are_rows(store: &mut impl Store) {
    write(store, &[(HERE, b"", Some(b"no key")), (HERE, b"no value", Some(b""))]);

    assert!(read(store, HERE, b"").as_deref() == Some(b"no key"), "the empty key is a key");
    assert!(read(store, HERE, b"no value").as_deref() == Some(b""), "an empty value is not an absent row");
    assert!(scan(store, HERE, b"", None, ALL).len() == 2, "both are scanned");
    assert!(keys(store, HERE, b"", Some(b""), ALL) == [b"no value"], "the empty key comes first");
}

fn areas_are_apart(store: &mut impl Store) {
    write(store, &[(BELOW, b"key", Some(b"below")), (ABOVE, b"key", Some(b"above"))]);
    write(store, &[(Area(0), b"key", Some(b"lowest")), (Area(255), b"key", Some(b"highest"))]);

    assert!(read(store, HERE, b"key").is_none(), "a row is read only in its area");
    assert!(scan(store, HERE, b"", None, ALL).is_empty(), "a row is scanned only in its area");
    for (area, value) in [(Area(0), b"lowest".as_slice()), (BELOW, b"below"), (ABOVE, b"above")] {
        assert!(read(store, area, b"key").as_deref() == Some(value), "each area has its own row");
    }
    assert!(keys(store, Area(255), b"", None, ALL) == [b"key"], "the highest area is scanned");
}

fn a_scan_goes_up_in_byte_order(store: &mut impl Store) {
    for key in [b"b".as_slice(), b"\xff", b"", b"ab", b"a", b"\x00", b"a\x00"] {
        write(store, &[(HERE, key, Some(key))]);
    }

    let rows = scan(store, HERE, b"", None, ALL);

    let sorted: Vec<&[u8]> = vec![b"", b"\x00", b"a", b"a\x00", b"ab", b"b", b"\xff"];
    assert!(rows.iter().map(|(key, _)| key.as_slice()).eq(sorted), "a scan is in byte order of the keys");
    assert!(rows.iter().all(|(key, value)| **key == **value), "a scan gives each key its value");
}

fn a_scan_sees_only_its_prefix(store: &mut impl Store) {
    fill(store, &[b"a", b"b", b"b1", b"b2", b"b2x", b"c"]);

    assert!(keys(store, HERE, b"b", None, ALL) == [b"b".as_slice(), b"b1", b"b2", b"b2x"], "all of a prefix");
    assert!(keys(store, HERE, b"b2", None, ALL) == [b"b2".as_slice(), b"b2x"], "a longer prefix");
    assert!(keys(store, HERE, b"bb", None, ALL).is_empty(), "a prefix that no key has");
}

fn a_scan_goes_on_after_a_key(store: &mut impl Store) {
    fill(store, &[b"a", b"b", b"b1", b"b2", b"c"]);

    assert!(keys(store, HERE, b"b", Some(b"b1"), ALL) == [b"b2"], "the key itself is left out");
    assert!(keys(store, HERE, b"b", Some(b"b11"), ALL) == [b"b2"], "the key need not be there");
    assert!(keys(store, HERE, b"b", Some(b"a"), ALL).len() == 3, "a key below the prefix leaves nothing out");
    assert!(keys(store, HERE, b"b", Some(b"c"), ALL).is_empty(), "after a key above the prefix is nothing");
    assert!(keys(store, HERE, b"", Some(b"c"), ALL).is_empty(), "after the last key is nothing");
}

fn a_scan_stops_at_its_limit(store: &mut impl Store) {
    fill(store, &[b"a", b"b", b"c"]);

    assert!(keys(store, HERE, b"", None, 2) == [b"a", b"b"], "the lowest keys come first");
    assert!(keys(store, HERE, b"", Some(b"b"), 2) == [b"c"], "the rest comes after");
    assert!(scan(store, HERE, b"", None, 0).is_empty(), "a limit of 0 gives nothing");
    assert!(scan(store, HERE, b"", None, usize::MAX).len() == 3, "any limit is allowed");
}

fn a_prefix_of_highest_bytes_is_scanned(store: &mut impl Store) {
    write(store, &[(ABOVE, b"\xff", Some(b"")), (HERE, b"\xff", Some(b"")), (HERE, b"\xff\xff", Some(b""))]);

    assert!(scan(store, HERE, b"\xff", None, ALL).len() == 2, "the highest prefix ends with its area");
}

fn a_large_value_is_kept<S: Store>(mut store: S, reopen: &mut impl FnMut(S) -> S) {
    let large = vec![0x5a; 300_000];
    write(&mut store, &[(HERE, b"large", Some(&large))]);

    let store = reopen(store);

    assert!(read(&store, HERE, b"large").as_deref() == Some(&large), "300000 bytes are a value");
}

fn rows_survive_reopening<S: Store>(mut store: S, reopen: &mut impl FnMut(S) -> S) {
    write(&mut store, &[(HERE, b"kept", Some(b"1")), (HERE, b"gone", Some(b"2"))]);
    write(&mut store, &[(HERE, b"gone", None), (ABOVE, b"kept", Some(b"3"))]);

    let store = reopen(store);

    assert!(read(&store, HERE, b"kept").as_deref() == Some(b"1"), "a row is there after reopening");
    assert!(read(&store, HERE, b"gone").is_none(), "a deleted row stays deleted");
    assert!(read(&store, ABOVE, b"kept").as_deref() == Some(b"3"), "the last batch is there too");
}

fn it_does_what_a_plain_map_does<S: Store>(mut store: S, reopen: &mut impl FnMut(S) -> S) {
    let mut rng = rng(1);
    let mut map: BTreeMap<(Area, Vec<u8>), Value> = BTreeMap::new();
    for round in 0..100 {
        let mut batch = Batch::default();
        for _ in 0..rng.below(8) {
            let (area, key) = place(&mut rng);
            let value = rng.chance(60).then(|| Value::new(rng.below(1_000).to_le_bytes()));
            match &value {
                Some(value) => map.insert((area, key.clone()), value.clone()),
                None => map.remove(&(area, key.clone())),
            };
            batch.set(area, key, value);
        }
        must("commit", store.commit(batch));
        if round % 25 == 24 {
            store = reopen(store);
        }

        let (area, prefix) = place(&mut rng);
        let (_, after) = place(&mut rng);
        let limit = usize::try_from(rng.below(6)).unwrap_or(0);
        let expected: Vec<Row> = map
            .iter()
            .filter(|((at, key), _)| *at == area && key.starts_with(&prefix) && *key > after)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .take(limit)
            .collect();
        let found = scan(&store, area, &prefix, Some(&after), limit);
        assert!(found == expected, "round {round}: a scan finds what a map holds");
        assert!(
            read(&store, area, &prefix).as_ref() == map.get(&(area, prefix)),
            "round {round}: a read finds what a map holds"
        );
    }
}

/// One of few areas and few short keys, so that writes meet.
fn place(rng: &mut SeededRng) -> (Area, Vec<u8>) {
    let area = if rng.chance(50) { HERE } else { ABOVE };
    let mut key = Vec::new();
    for _ in 0..rng.below(4) {
        key.push(if rng.chance(50) { 0 } else { 0xff });
    }
    (area, key)
}

fn fill(store: &mut impl Store, keys: &[&[u8]]) {
    for key in keys {
        write(store, &[(HERE, key, Some(b""))]);
    }
}

/// A row to write, or to delete with `None`.
type Write<'a> = (Area, &'a [u8], Option<&'a [u8]>);

/// Commits one batch.
#[track_caller]
fn write(store: &mut impl Store, rows: &[Write<'_>]) {
    let mut batch = Batch::default();
    for (area, key, value) in rows {
        batch.set(*area, *key, value.map(Value::new));
    }
    must("commit", store.commit(batch));
}

#[track_caller]
fn read(store: &impl Store, area: Area, key: &[u8]) -> Option<Value> {
    must("get", store.get(area, key)).flatten()
}

#[track_caller]
fn scan(store: &impl Store, area: Area, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Row> {
    must("scan", store.scan(area, prefix, after, limit)).unwrap_or_default()
}

#[track_caller]
fn keys(store: &impl Store, area: Area, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Vec<u8>> {
    scan(store, area, prefix, after, limit).into_iter().map(|(key, _)| key).collect()
}
