use status_layer::testing::rng;
use status_layer::{Grade, MessageId, Name, Timestamp, Value};
use status_store::Found;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::event::{Chat, Message};
use crate::home::{build_store, open_there};
use crate::identity::Identity;
use crate::table::Owner;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// Where the first block of the body is, and how long each is, in bytes.
const BODY: usize = 9_609_336;
const RECORD: usize = 4_136;

fn room() -> Chat {
    Chat::Channel(Name::new("room").unwrap())
}

fn us() -> UserId {
    static US: std::sync::LazyLock<UserId> =
        std::sync::LazyLock::new(|| Identity::restore(WORDS).unwrap().user());
    *US
}

fn message(n: u64) -> Message {
    let id = MessageId::new([n.to_be_bytes(), [1; 8], [2; 8], [3; 8]].as_flattened().try_into().unwrap());
    let from = us();
    let said = Message::new(id, room(), from, format!("message {n}"), n + 1);
    Message { sent_at: Timestamp::from_millis(n), grade: Grade::Clear, ..said }
}

fn home(messages: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = build_store(folder.path(), None).unwrap();
    let mut draft = Draft::new(&store);
    let shelf = &mut draft.shelf(AREA);
    let chat_key = Box::new(Identity::restore(WORDS).unwrap().key().to_bytes());
    let (host_key, phrase) = (Box::new(Zeroizing::new([3; 32])), Zeroizing::new(WORDS.to_owned()));
    table::save_owner(shelf, &Owner { chat_key, host_key, device: "device".into(), phrase });
    table::join(shelf, &room());
    table::set_clock(shelf, &room(), messages + 1);
    (0..messages).for_each(|n| table::save_message(shelf, &message(n)).unwrap());
    let batch = draft.into_batch();
    store.add(&batch).unwrap();
    store.finish().unwrap();
    folder
}

fn change(home: &TempDir, area: Area, key: &[u8], value: Option<&[u8]>) {
    let mut batch = Batch::default();
    batch.set(area, key, value.map(Value::new));
    open_there(home.path(), None).unwrap().commit(batch).unwrap();
}

fn bytes(home: &TempDir) -> Vec<u8> {
    fs::read(store_file(home.path())).unwrap()
}

fn look(home: &TempDir) -> Report {
    examine(home.path(), None, &mut |_, _| {}).unwrap()
}

fn found(report: &Report) -> Vec<(&'static str, Wrong)> {
    report
        .parts
        .iter()
        .flat_map(|part| part.findings.iter().map(|finding| (part.name, finding.wrong)))
        .collect()
}

#[test]
fn a_home_in_order_is_said_to_be_and_stays_as_it_is() {
    let home = home(200);
    let before = bytes(&home);

    let report = look(&home);
    let repaired = repair(home.path(), None).unwrap();

    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.user, Some(us()));
    let messages = report.parts[0].tables.iter().find(|table| table.holds == "messages").unwrap();
    assert_eq!(messages.rows, 200);
    assert_eq!((repaired.rows, repaired.copy), (0, None));
    assert!(bytes(&home) == before, "looking has changed the file");
}

#[test]
fn rows_that_do_not_fit_are_found_in_every_layer_and_mended_where_they_follow_from_others() {
    let home = home(20);
    let order = [&b"Hcroom\0"[..], &6_u64.to_be_bytes(), message(5).id.as_bytes()].concat();
    change(&home, AREA, &order, None);
    change(&home, AREA, b"Hcnowhere\x00\x00", Some(&[1]));
    change(&home, Area(1), &[&[7][..], &[9; 32]].concat(), Some(&[1]));
    change(&home, Area(2), &[&b"x"[..], &[9; 12]].concat(), Some(&[2, b's']));
    change(&home, Area(3), &[2, 1, 2], Some(&[1]));
    change(&home, Area(4), &[&b"T"[..], &[0; 8]].concat(), Some(&[1, 0, 0, 0, 0, 0, 0, 0, 0]));
    let before = bytes(&home);

    let report = look(&home);
    let untouched = bytes(&home) == before;
    let repaired = repair(home.path(), None).unwrap();
    let after = look(&home);

    assert_eq!(
        found(&report),
        [
            ("chat", Wrong::Damaged),
            ("chat", Wrong::Incomplete),
            ("data sync", Wrong::Dangling),
            ("security", Wrong::Dangling),
            ("privacy", Wrong::Damaged),
            ("conductor", Wrong::Dangling),
        ]
    );
    assert!(untouched && report.can_be_mended());
    assert_eq!(repaired.rows, 6);
    assert!(fs::read(repaired.copy.unwrap()).unwrap() == before, "the file as it was lies beside it");
    assert!(repaired.left.is_clean() && after.is_clean(), "{after:?}");
    let store = open_there(home.path(), None).unwrap();
    let history = table::history(&Draft::new(&store).shelf(AREA), &room(), 0, 100).unwrap();
    assert_eq!(history, (0..20).map(message).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_derived_is_said_and_left() {
    let home = home(20);
    let row = [&b"M"[..], message(5).id.as_bytes()].concat();
    change(&home, AREA, &row, Some(&[1, 2, 3]));
    change(&home, Area(2), b"sx", Some(&[99]));
    change(&home, Area(200), b"what", Some(&[1]));
    let before = bytes(&home);

    let report = look(&home);
    let repaired = repair(home.path(), None).unwrap();

    let expected = [
        ("chat", Wrong::Damaged),
        ("security", Wrong::Newer { found: 99, known: 2 }),
        ("unknown layer", Wrong::Unknown),
    ];
    assert_eq!(found(&report), expected);
    assert!(!report.can_be_mended());
    assert_eq!((found(&repaired.left), repaired.copy), (expected.to_vec(), None));
    assert!(bytes(&home) == before);
}

/// All that can be taken out of a home, by message number.
fn taken(home: &TempDir) -> (Exported, Vec<(u64, Found)>) {
    let mut numbers = Vec::new();
    let done = export(home.path(), None, &mut |_, _| {}, &mut |record, found| {
        if let Record::Message(found_message) = record {
            let n = found_message.sent_at.millis();
            assert_eq!(*found_message, message(n));
            numbers.push((n, found));
        }
        Ok(())
    });
    numbers.sort_unstable_by_key(|(n, _)| *n);
    numbers.dedup_by_key(|(n, _)| *n);
    (done.unwrap(), numbers)
}

#[test]
fn a_whole_home_is_exported_whole() {
    let home = home(300);

    let (done, messages) = taken(&home);

    assert_eq!((done.messages, done.chats, done.perhaps, done.lost, done.damaged), (300, 1, 0, 0, 0));
    assert!(messages.iter().enumerate().all(|(at, (n, found))| at as u64 == *n && *found == Found::Current));
}

#[test]
fn a_damaged_block_anywhere_is_said_and_the_rest_is_exported() {
    let home = home(600);
    let whole = bytes(&home);
    let blocks = (whole.len() - BODY) / RECORD;
    let mut rng = rng(3);
    let mut seen = 0;

    for _ in 0..40 {
        let block = usize::try_from(rng.below(blocks as u64)).unwrap();
        let mut damaged = whole.clone();
        damaged[BODY + block * RECORD + usize::try_from(rng.below(RECORD as u64)).unwrap()] ^= 0x11;
        fs::write(store_file(home.path()), &damaged).unwrap();

        let report = look(&home);
        let repaired = repair(home.path(), None);
        let (done, messages) = taken(&home);

        if report.is_clean() {
            // What is in a block that is not in use matters to nobody.
            assert_eq!((messages.len(), done.damaged), (600, 0), "block {block}");
            continue;
        }
        seen += 1;
        assert_eq!((report.blocks.damaged, done.damaged), (vec![block as u64 + 1], 1));
        assert!(repaired.is_err() || repaired.is_ok_and(|repaired| repaired.copy.is_none()));
        assert!(messages.len() >= 600 - 45, "block {block}: {} messages", messages.len());
        assert!(bytes(&home) == damaged, "block {block}: the file was changed");
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_file_that_was_cut_is_said_to_be_and_what_is_left_is_exported() {
    let home = home(600);
    let whole = bytes(&home);
    let mut most = 0;

    for part in 1..16 {
        let cut = &whole[..BODY + (whole.len() - BODY) / 16 * part];
        fs::write(store_file(home.path()), cut).unwrap();

        let report = examine(home.path(), None, &mut |_, _| {});
        let done = export(home.path(), None, &mut |_, _| {}, &mut |_, _| Ok(()));

        assert!(!report.unwrap().is_clean(), "{part}");
        most = most.max(done.map_or(0, |done| done.messages));
        assert!(bytes(&home) == cut);
    }
    assert!(most > 100, "{most}");
}

#[test]
fn a_home_in_use_and_one_that_is_none_are_told_apart() {
    let home = home(1);
    let store = open_there(home.path(), None).unwrap();

    let in_use = examine(home.path(), None, &mut |_, _| {});
    drop(store);
    let nobody = examine(&home.path().join("none"), None, &mut |_, _| {});

    assert!(matches!(in_use, Err(OpenError::Store(StoreError::InUse { by: Some(_) }))), "{in_use:?}");
    assert!(matches!(nobody, Err(OpenError::Home { .. })), "{nobody:?}");
    assert!(!home.path().join("none").exists());
}
