use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use status_layer::testing::{SeededRng, rng};
use status_layer::{Area, Grade, MessageId, Name};
use status_store::{Cost, Key, Passphrase};
use tempfile::TempDir;

use super::*;
use crate::event::Message;
use crate::identity::Identity;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

fn key() -> Lock {
    Key::parse(&"5c".repeat(32)).unwrap().into()
}

fn us() -> UserId {
    static US: std::sync::LazyLock<UserId> =
        std::sync::LazyLock::new(|| Identity::restore(WORDS).unwrap().user());
    *US
}

/// A home with chats and messages as a seed has it, and rows of every other table that may not leave it.
fn home(seed: u64, messages: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = rng(seed);
    let mut target = Target { store: build_store(folder.path(), None).unwrap(), batch: Batch::default() };
    let identity = Identity::restore(WORDS).unwrap();
    let (chat_key, phrase) = (Box::new(identity.key().to_bytes()), Zeroizing::new(WORDS.to_owned()));
    target.own(Account { made_at: Timestamp::default(), chat_key, phrase }).unwrap();
    let chats: Vec<Chat> = (0..5)
        .map(|n| Chat::Channel(Name::new(format!("room-{n}")).unwrap()))
        .chain((0..5).map(|_| Chat::User(SecretKey::generate(&mut rng).user())))
        .collect();
    let mut draft = Draft::new(&target.store);
    let shelf = &mut draft.shelf(AREA);
    chats.iter().for_each(|chat| table::join(shelf, chat));
    for n in 0..messages {
        let message = message(&mut rng, &chats, n);
        table::set_clock(shelf, &message.chat, 1_000_000);
        table::save_message(shelf, &message).unwrap();
    }
    for part in parts() {
        for table in part.tables.iter().filter(|table| table.nature == status_layer::examine::Nature::Device)
        {
            if table.tag != b'I' {
                draft.shelf(part.area).put([table.tag, 0xee], b"\x01not to be carried".to_vec());
            }
        }
    }
    target.store.add(&draft.into_batch()).unwrap();
    target.store.finish().unwrap();
    folder
}

fn message(rng: &mut SeededRng, chats: &[Chat], n: u64) -> Message {
    let id = MessageId::new(
        [n.to_be_bytes(), rng.below(u64::MAX).to_be_bytes(), [7; 8], [8; 8]]
            .as_flattened()
            .try_into()
            .unwrap(),
    );
    let chat = chats[usize::try_from(rng.below(chats.len() as u64)).unwrap()].clone();
    let from = match &chat {
        Chat::User(user) if rng.chance(50) => *user,
        _ => us(),
    };
    let text = "ä word ".repeat(usize::try_from(rng.below(40)).unwrap());
    let grade = [Grade::Clear, Grade::Static, Grade::Ratcheted][usize::try_from(rng.below(3)).unwrap()];
    let sent_at = Timestamp::from_millis(rng.below(1_000_000));
    let clock = rng.below(1_000_000);
    let stage = rng.chance(50).then_some(Stage::Delivered { to: 1, of: 1 });
    Message { sent_at, grade, stage, ..Message::new(id, chat, from, text, clock) }
}

/// What is in a backup, entry by entry, without the time at which it was made.
fn entries(file: &Path) -> Vec<Vec<u8>> {
    let mut reader = BackupReader::open(file, &key()).unwrap();
    let mut entries = Vec::new();
    while reader.left() > 0 {
        entries.push(match Entry::read(&mut reader).unwrap() {
            Entry::Account(account) => account.phrase.as_bytes().to_vec(),
            Entry::Row { area, key, value } => [&[area.0][..], &key, &value].concat(),
            Entry::End { rows } => rows.to_be_bytes().to_vec(),
        });
    }
    entries
}

fn history(home: &Path) -> Vec<Vec<Message>> {
    let store = open_there(home, None).unwrap();
    let mut draft = Draft::new(&store);
    let shelf = draft.shelf(AREA);
    let chats = table::chats(&shelf, 100).unwrap();
    chats.iter().map(|chat| table::history(&shelf, chat, 0, 10_000).unwrap()).collect()
}

#[test]
fn what_was_backed_up_is_restored_and_a_backup_of_that_is_the_same() {
    for seed in 0..6 {
        let old = home(seed, [0, 1, 17, 200, 999, 1_100][usize::try_from(seed).unwrap()]);
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1"), folder.path().join("2"));
        let new = folder.path().join("new");

        let made = make(old.path(), None, &first, &key(), &mut |_| {}).unwrap();
        let checked = check(&first, &key(), &mut |_| {}).unwrap();
        let restored = restore(&first, &key(), &new, None, &mut |_| {}).unwrap();
        let again = make(&new, None, &second, &key(), &mut |_| {}).unwrap();

        assert_eq!((&made, &made), (&checked, &restored));
        assert_eq!(Contents { made_at: made.made_at, ..again }, made);
        assert_eq!(entries(&first), entries(&second));
        assert_eq!(history(old.path()), history(&new));
        assert_eq!((made.user, made.chats), (us(), 10));
    }
}

#[test]
fn a_restored_home_is_another_device_and_has_no_row_that_a_backup_does_not_carry() {
    let old = home(1, 50);
    let folder = tempfile::tempdir().unwrap();
    let (file, new) = (folder.path().join("backup"), folder.path().join("new"));

    make(old.path(), None, &file, &key(), &mut |_| {}).unwrap();
    restore(&file, &key(), &new, None, &mut |_| {}).unwrap();

    let owner = |home: &Path| {
        table::load_owner(&Draft::new(&open_there(home, None).unwrap()).shelf(AREA)).unwrap().unwrap()
    };
    let (before, after) = (owner(old.path()), owner(&new));
    assert_eq!((&*before.chat_key, &*before.phrase), (&*after.chat_key, &*after.phrase));
    assert_ne!(before.device, after.device);
    assert_ne!(*before.host_key, *after.host_key);
    let store = open_there(&new, None).unwrap();
    for part in parts().into_iter().filter(|part| part.area != AREA) {
        assert_eq!(store.scan(part.area, b"", None, 10).unwrap(), [], "{}", part.name);
    }
    assert!((parts()[0].examine)(&store, AREA).unwrap().findings.is_empty());
    let carried = entries(&file).concat();
    assert!(!carried.windows(17).any(|bytes| bytes == b"not to be carried"));
}

#[test]
fn a_home_that_is_there_is_not_restored_over() {
    let (old, other) = (home(1, 5), home(2, 7));
    let file = old.path().join("backup");
    make(old.path(), None, &file, &key(), &mut |_| {}).unwrap();
    let before = std::fs::read(other.path().join("status.store")).unwrap();

    let refused = restore(&file, &key(), other.path(), None, &mut |_| {});

    assert!(matches!(refused, Err(BackupError::Occupied { .. })), "{refused:?}");
    assert_eq!(std::fs::read(other.path().join("status.store")).unwrap(), before);
}

#[test]
fn what_cannot_be_read_leaves_no_home() {
    let old = home(1, 300);
    let file = old.path().join("backup");
    make(old.path(), None, &file, &key(), &mut |_| {}).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let new = old.path().join("new");

    let changed = restore(&file, &key(), &new, None, &mut |_| {});
    let wrong =
        restore(&file, &Passphrase::new("x").unwrap().costing(Cost::LEAST).into(), &new, None, &mut |_| {});
    let missing = restore(&old.path().join("none"), &key(), &new, None, &mut |_| {});
    let nobody = make(&new, None, &old.path().join("other"), &key(), &mut |_| {});

    use status_store::BackupError as File;
    assert!(matches!(changed, Err(BackupError::File(File::Changed))), "{changed:?}");
    assert!(matches!(wrong, Err(BackupError::File(File::OtherLock { .. }))), "{wrong:?}");
    assert!(matches!(missing, Err(BackupError::File(File::Io(_)))), "{missing:?}");
    assert!(matches!(nobody, Err(BackupError::Home(_))), "{nobody:?}");
    assert!(!is_home(&new));
    assert!(!old.path().join("other").exists());
}

/// A file that was sealed with the right lock by somebody who means ill.
fn forged(fill: impl FnOnce(&mut BackupWriter)) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let mut writer = BackupWriter::create(&path, &key()).unwrap();
    fill(&mut writer);
    writer.finish().unwrap();
    (folder, path)
}

fn account(file: &mut BackupWriter) {
    let chat_key = Box::new(Identity::restore(WORDS).unwrap().key().to_bytes());
    let phrase = Zeroizing::new(WORDS.to_owned());
    Entry::Account(Account { made_at: Timestamp::default(), chat_key, phrase }).write(file).unwrap();
}

fn row(file: &mut BackupWriter, area: Area, key: &[u8], value: &[u8]) {
    Entry::Row { area, key: key.to_vec(), value: Value::new(value) }.write(file).unwrap();
}

fn end(file: &mut BackupWriter, rows: u64) {
    Entry::End { rows }.write(file).unwrap();
}

#[test]
fn nothing_but_what_a_backup_may_hold_is_taken_from_one() {
    type Fill = fn(&mut BackupWriter);
    let fills: [(&str, Fill); 11] = [
        ("nothing", |_| {}),
        ("no account", |file| end(file, 0)),
        ("no end", account),
        ("two accounts", |file| (account(file), account(file), end(file, 0)).0),
        ("a wrong count", |file| (account(file), end(file, 1)).0),
        ("more behind the end", |file| (account(file), end(file, 0), end(file, 0)).0),
        ("a session", |file| (account(file), row(file, Area(2), b"sx", &[2]), end(file, 1)).0),
        ("the identity of another device", |file| {
            account(file);
            row(file, AREA, b"I", &[1]);
            end(file, 1);
        }),
        ("a frame", |file| (account(file), row(file, Area(4), b"O12345678", &[1]), end(file, 1)).0),
        ("an unknown area", |file| (account(file), row(file, Area(99), b"Jx", &[1]), end(file, 1)).0),
        ("an endless entry", |file| (account(file), file.write(&[2, 0xff, 0xff, 0xff, 0xff, 0]).unwrap()).0),
    ];

    for (what, fill) in fills {
        let (folder, file) = forged(fill);

        let checked = check(&file, &key(), &mut |_| {});
        let restored = restore(&file, &key(), &folder.path().join("new"), None, &mut |_| {});

        assert!(checked.is_err() && restored.is_err(), "{what}: {checked:?} {restored:?}");
        assert!(!is_home(&folder.path().join("new")), "{what}");
    }
}

#[test]
fn rows_that_are_damaged_or_newer_are_refused_by_name() {
    let (_a, damaged) = forged(|file| (account(file), row(file, AREA, b"Jc", &[1]), end(file, 1)).0);
    let (_b, newer) = forged(|file| (account(file), row(file, AREA, b"Jcroom", &[9]), end(file, 1)).0);
    let (_c, members) = forged(|file| (account(file), row(file, Area(1), &[12, 1], &[1]), end(file, 1)).0);

    let restore =
        |file: &Path| restore(file, &key(), &file.with_extension("new"), None, &mut |_| {}).unwrap_err();

    assert!(restore(&damaged).to_string().contains("damaged"), "{}", restore(&damaged));
    assert!(restore(&newer).to_string().contains("version 9"), "{}", restore(&newer));
    assert!(restore(&members).to_string().contains("damaged"), "{}", restore(&members));
    assert!(!is_home(&members.with_extension("new")));
}

/// Names the folder to the process that is killed.
const KILLED: &str = "STATUS_CHAT_RESTORE_KILLED";

/// What the process that is killed does.
#[test]
fn in_the_killed_process() {
    let Some(folder) = env::var_os(KILLED).map(PathBuf::from) else { return };
    restore(&folder.join("backup"), &key(), &folder.join("new"), None, &mut |_| {}).unwrap();
}

#[test]
fn a_restore_that_is_killed_leaves_no_home_or_the_whole_one_and_can_be_repeated() {
    let old = home(3, 1_500);
    let file = old.path().join("backup");
    let made = make(old.path(), None, &file, &key(), &mut |_| {}).unwrap();
    let new = old.path().join("new");
    let mut rng = rng(4);
    let mut halves = 0;

    for _ in 0..8 {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "backup::tests::in_the_killed_process", "--nocapture"])
            .env(KILLED, old.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(rng.below(400)));
        process.kill().unwrap();
        process.wait().unwrap();

        if is_home(&new) {
            assert_eq!(history(&new), history(old.path()));
            std::fs::remove_dir_all(&new).unwrap();
        } else {
            halves += 1;
        }
    }
    let restored = restore(&file, &key(), &new, None, &mut |_| {}).unwrap();

    assert_eq!(restored, made);
    assert_eq!(history(&new), history(old.path()));
    assert!(halves > 0, "all of them were too fast to be killed");
}

#[test]
fn a_backup_of_a_home_in_use_says_who_uses_it() {
    let old = home(1, 1);
    let store = open_there(old.path(), None).unwrap();

    let refused = make(old.path(), None, &old.path().join("backup"), &key(), &mut |_| {});

    assert!(matches!(
        refused,
        Err(BackupError::Home(crate::OpenError::Store(StoreError::InUse { by: Some(_) })))
    ));
    drop(store);
}
