use rand_core::Rng;

use crate::testing::rng;
use crate::{Area, Batch, Memory, Read, Store, Timestamp, Unit, Value};

const OURS: Area = Area(1);
const THEIRS: Area = Area(2);

fn store(rows: &[(&str, &str)]) -> Memory {
    let mut store = Memory::new();
    let mut batch = Batch::default();
    for (key, value) in rows {
        batch.set(OURS, key.as_bytes(), Some(Value::new(value.as_bytes())));
    }
    store.commit(batch).unwrap();
    store
}

fn keys(unit: &mut Unit<'_>, prefix: &str, after: Option<&str>, limit: usize) -> Vec<String> {
    let rows = unit.cx(OURS).shelf.scan(prefix.as_bytes(), after.map(str::as_bytes), limit).unwrap();
    rows.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect()
}

#[test]
fn a_failed_attempt_leaves_no_trace() {
    let store = store(&[("a", "1")]);
    let mut rng = rng(1);
    let mut unit = Unit::new(Timestamp::default(), &mut rng, &store);

    let kept: Result<(), ()> = unit.attempt(|unit| {
        unit.cx(OURS).shelf.put("b", Value::new(*b"2"));
        let dropped: Result<(), &str> = unit.attempt(|unit| {
            unit.cx(OURS).shelf.delete("a");
            unit.cx(OURS).shelf.put("c", Value::new(*b"3"));
            Err("no")
        });
        assert_eq!(dropped, Err("no"));
        Ok(())
    });

    assert_eq!(kept, Ok(()));
    assert_eq!(keys(&mut unit, "", None, 9), ["a", "b"]);
    assert_eq!(unit.into_batch().len(), 1);
}

#[test]
fn a_scan_sees_the_draft_over_the_store() {
    let store = store(&[("k1", "1"), ("k2", "2"), ("k3", "3"), ("k5", "5"), ("x", "9")]);
    let mut rng = rng(1);
    let mut unit = Unit::new(Timestamp::default(), &mut rng, &store);

    unit.cx(OURS).shelf.delete("k1");
    unit.cx(OURS).shelf.delete("k2");
    unit.cx(OURS).shelf.put("k4", Value::new(*b"4"));
    unit.cx(THEIRS).shelf.put("k0", Value::new(*b"0"));

    assert_eq!(keys(&mut unit, "k", None, 9), ["k3", "k4", "k5"]);
    assert_eq!(keys(&mut unit, "k", None, 2), ["k3", "k4"]);
    assert_eq!(keys(&mut unit, "k", Some("k3"), 1), ["k4"]);
    assert_eq!(keys(&mut unit, "k", Some("k5"), 9), [""; 0]);
}

#[test]
fn a_scan_of_the_draft_is_a_scan_of_what_will_be_kept() {
    let mut rng = rng(7);
    let mut any = |below: u32| rng.next_u32() % below;
    for _ in 0..400 {
        let name = |number: u32| format!("{}{}", ["a", "b"][number as usize % 2], number / 2);
        let below: Vec<_> = (0..any(12)).map(|_| name(any(24))).collect();
        let store = store(&below.iter().map(|key| (key.as_str(), "below")).collect::<Vec<_>>());
        let mut other = crate::testing::rng(1);
        let mut unit = Unit::new(Timestamp::default(), &mut other, &store);
        let mut will = store.clone();
        unit.draft.begin();
        for turn in 0..any(20) {
            if turn == 10 {
                unit.draft.begin();
            }
            let (key, value) = (name(any(24)), (any(3) > 0).then(|| Value::new(*b"above")));
            let mut batch = Batch::default();
            batch.set(OURS, key.as_bytes(), value.clone());
            will.commit(batch).unwrap();
            match value {
                Some(value) => unit.cx(OURS).shelf.put(key, value),
                None => unit.cx(OURS).shelf.delete(key),
            }
        }

        let (prefix, limit) = (["", "a", "b", "a1"][any(4) as usize], any(14) as usize);
        let after = (any(2) == 0).then(|| name(any(24)));
        let after = after.as_ref().map(String::as_bytes);
        let seen = unit.cx(OURS).shelf.scan(prefix.as_bytes(), after, limit).unwrap();

        assert_eq!(seen, will.scan(OURS, prefix.as_bytes(), after, limit).unwrap());
    }
}

#[test]
fn what_was_written_last_counts() {
    let mut store = store(&[("a", "1")]);
    let mut rng = rng(1);

    let mut unit = Unit::new(Timestamp::default(), &mut rng, &store);
    unit.cx(OURS).shelf.put("a", Value::new(*b"2"));
    unit.cx(OURS).shelf.delete("a");
    assert!(!unit.cx(OURS).shelf.has(b"a").unwrap());
    let batch = unit.into_batch();
    store.commit(batch).unwrap();

    assert!(store.is_empty());
}
