use crate::testing::rng;
use crate::{Area, Batch, Memory, Store, Timestamp, Unit, Value};

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
