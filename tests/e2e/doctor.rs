//! Homes that were really used, looked at by the doctor: in order as they are, and mended when something is taken from them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Event, Lock, StoreKey, doctor};
use status_layer::testing::rng;
use status_layer::{Area, Batch, Read, Row, Store, Value};
use status_sim::Hub;
use status_store::{ANCHOR_AREA, Sealed};
use tokio::time::timeout;

/// Tables that follow from others: by area, the tags of their rows.
const INDEXES: [(u8, &[u8]); 5] =
    [(16, b"H"), (1, &[3, 4, 5, 7, 10]), (2, b"bxFwec"), (3, &[2]), (4, b"DKT")];

fn key() -> Lock {
    StoreKey::parse(&"5c".repeat(32)).unwrap().into()
}

fn look(home: &Path) -> doctor::Report {
    doctor::examine(home, Some(&key()), &mut |_, _| {}).unwrap()
}

fn everything(home: &Path) -> Vec<(Area, Row)> {
    let store = Sealed::open(home.join("status.store"), &key()).unwrap();
    let rows = |area| {
        store.scan(Area(area), b"", None, 10_000).unwrap().into_iter().map(move |row| (Area(area), row))
    };
    // What the store keeps for itself is not the layers'.
    (0..=u8::MAX).filter(|area| Area(*area) != ANCHOR_AREA).flat_map(rows).collect()
}

fn set(home: &Path, area: Area, key_of: &[u8], value: Option<&[u8]>) {
    let mut batch = Batch::default();
    batch.set(area, key_of, value.map(Value::new));
    Sealed::open(home.join("status.store"), &key()).unwrap().commit(batch).unwrap();
}

/// A home with a talk in it, and much that waits.
async fn used(home: &Path) {
    let hub = Hub::new();
    let bob = Client::builder().network(hub.port()).open().await.unwrap();
    let alice = Client::builder().home(home).lock(key()).network(hub.port()).open().await.unwrap();
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    alice.join("#a-channel").await.unwrap();
    alice.send("#a-channel", "to everybody").await.unwrap();
    for n in 0..4 {
        let id = alice.send(bob.user(), &format!("question {n}")).await.unwrap().id();
        let delivered = async {
            while !matches!(at_alice.next().await, Some(Event::Delivered { id: of, .. }) if of == id) {}
        };
        timeout(Duration::from_secs(20), delivered).await.unwrap();
        bob.send(alice.user(), &format!("answer {n}")).await.unwrap();
        let read = async { while !matches!(at_alice.next().await, Some(Event::Message(_))) {} };
        timeout(Duration::from_secs(20), read).await.unwrap();
    }
    while timeout(Duration::from_millis(50), at_bob.next()).await.is_ok() {}
    bob.close().await;
    for n in 0..3 {
        alice.send(status_e2e::user(n + 70), "to somebody who never answers").await.unwrap();
    }
    alice.close().await;
}

#[tokio::test]
async fn a_home_that_was_used_is_in_order_in_every_layer() {
    let folder = tempfile::tempdir().unwrap();
    used(folder.path()).await;

    let report = look(folder.path());

    assert!(
        report.is_clean(),
        "{:?}",
        report.parts.iter().map(|part| (part.name, &part.findings)).collect::<Vec<_>>()
    );
    // Over a network double no nodes are found, so none are kept.
    let mut parts = report.parts.iter().filter(|part| part.name != "network");
    assert!(parts.all(|part| part.tables.iter().any(|table| table.rows > 0)), "{report:?}");
}

#[tokio::test]
async fn an_index_row_that_was_taken_or_changed_is_noticed_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    used(home).await;
    let before = everything(home);
    let file = fs::read(home.join("status.store")).unwrap();
    let indexed = |area: Area, row: &Row| {
        INDEXES.iter().any(|(of, tags)| Area(*of) == area && tags.contains(&row.0[0]))
    };
    let mut seen = 0;

    for (at, (area, row)) in before.iter().filter(|(area, row)| indexed(*area, row)).enumerate() {
        // Each is taken or changed, in turn: both for all takes twice as long and shows no more.
        let value = (at % 2 == 1).then_some(&[1, 9, 9, 9][..]);
        // A key that is not kept is only derived again: nobody misses it.
        let missed = *area != Area(3) || value.is_some();
        fs::write(home.join("status.store"), &file).unwrap();
        set(home, *area, &row.0, value);

        let noticed = !look(home).is_clean();
        let repaired = doctor::repair(home, Some(&key())).unwrap();
        let after = everything(home);

        // Rows that say nothing but that they are there may hold anything.
        let told = noticed || value.is_some_and(|_| row.1.len() == 1);
        assert!(told || !missed, "{area:?} {:02x?} {value:?} was not noticed", row.0);
        assert!(repaired.left.is_clean(), "{area:?} {:02x?} {:?}", row.0, repaired.left);
        let back = after.iter().find(|(of, found)| of == area && found.0 == row.0);
        assert!(back.is_some() || *area == Area(3), "{area:?} {:02x?} was not made anew", row.0);
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[tokio::test]
async fn whatever_row_is_taken_or_spoiled_the_doctor_says_so_and_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    used(home).await;
    let before = everything(home);
    let file = fs::read(home.join("status.store")).unwrap();
    let mut rng = rng(9);

    for _ in 0..40 {
        let (area, row) = &before[usize::try_from(rng.below(before.len() as u64)).unwrap()];
        let mut spoiled = row.1.to_vec();
        match rng.below(4) {
            0 => spoiled.truncate(usize::try_from(rng.below(spoiled.len() as u64)).unwrap()),
            1 => spoiled[0] = 200,
            2 => spoiled.push(0),
            _ => spoiled.clear(),
        }
        let value = rng.chance(70).then_some(spoiled.as_slice());
        fs::write(home.join("status.store"), &file).unwrap();
        set(home, *area, &row.0, value);
        let changed = fs::read(home.join("status.store")).unwrap();

        let report = look(home);
        let unchanged = fs::read(home.join("status.store")).unwrap() == changed;
        let repaired = doctor::repair(home, Some(&key())).unwrap();

        assert!(unchanged, "looking has changed the file");
        assert!(!repaired.left.can_be_mended(), "{area:?} {:02x?}: {:?}", row.0, repaired.left);
        assert!(report.closed.is_none());
        if value.is_some_and(|value| value.first() == Some(&200)) {
            assert!(!report.is_clean(), "{area:?} {:02x?}: a newer row was not noticed", row.0);
        }
    }
}
