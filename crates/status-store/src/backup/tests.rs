//! Attacks on a backup: whoever has it may do anything to it.

use super::*;
use crate::lock::{Cost, Key, Passphrase};

fn passphrase(words: &str) -> Lock {
    Passphrase::new(words).unwrap().costing(Cost::LEAST).into()
}

fn key() -> Lock {
    Key::parse(&"5c".repeat(32)).unwrap().into()
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

struct Made {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Made {
    fn new(lock: &Lock, content: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        let mut writer = BackupWriter::create(&path, lock).unwrap();
        // In pieces that do not fit the parts.
        content.chunks(1_000).for_each(|piece| writer.write(piece).unwrap());
        writer.finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        Self { folder, bytes }
    }

    /// What reading other bytes than were written ends in.
    fn read_as(&self, bytes: &[u8], lock: &Lock) -> Result<Vec<u8>, BackupError> {
        let path = self.folder.path().join("changed");
        std::fs::write(&path, bytes).unwrap();
        let mut reader = BackupReader::open(&path, lock)?;
        let mut content = vec![0; usize::try_from(reader.len()).unwrap()];
        reader.read(&mut content)?;
        assert_eq!(reader.left(), 0);
        Ok(content)
    }
}

#[test]
fn what_was_written_is_read_whatever_its_length() {
    for len in [0, 1, 999, PART - 1, PART, PART + 1, 2 * PART, 3 * PART - 7] {
        for lock in [key(), passphrase("open sesame")] {
            let made = Made::new(&lock, &content(len));

            assert_eq!(made.bytes.len() as u64, end(len as u64));
            assert!(made.read_as(&made.bytes, &lock).unwrap() == content(len), "{len}");
        }
    }
}

#[test]
fn a_backup_that_was_cut_is_refused_wherever_it_was_cut() {
    let made = Made::new(&key(), &content(2 * PART + 500));
    let len = made.bytes.len();

    let all_of_the_header = 0..=LEN + 50;
    let some_of_the_parts = (LEN..len).step_by(1_733);
    let around_their_ends = [1, 2].iter().flat_map(|n| {
        let at = LEN + n * (NONCE + PART + TAG);
        at - 1..=at + 1
    });
    for at in all_of_the_header.chain(some_of_the_parts).chain(around_their_ends).chain([len - 1]) {
        let read = made.read_as(&made.bytes[..at], &key());

        let expected = if at < 16 { "Foreign" } else { "Cut" };
        assert_eq!(format!("{:?}", read.unwrap_err()), expected, "cut at {at}");
    }
}

#[test]
fn a_backup_that_was_changed_is_refused_wherever_it_was_changed() {
    let made = Made::new(&key(), &content(PART + 500));

    for at in (0..LEN + 100).chain((LEN..made.bytes.len()).step_by(997)) {
        let mut changed = made.bytes.clone();
        changed[at] ^= 0x40;

        let why = format!("{:?}", made.read_as(&changed, &key()).unwrap_err());

        let expected = match at {
            0..16 => "Foreign",
            16 => "Newer { found: 65, known: 1 }",
            _ => "Changed",
        };
        assert_eq!(why, expected, "byte {at}");
    }
}

#[test]
fn parts_that_were_moved_repeated_left_out_or_taken_from_another_backup_are_refused() {
    const RECORD: usize = NONCE + PART + TAG;
    let made = Made::new(&key(), &content(3 * PART));
    let other = Made::new(&key(), &content(3 * PART));
    let part = |made: &Made, n: usize| made.bytes[LEN + n * RECORD..LEN + (n + 1) * RECORD].to_vec();
    let with = |parts: [Vec<u8>; 3]| [made.bytes[..LEN].to_vec(), parts.concat()].concat();
    let own = |n| part(&made, n);

    let swapped = with([own(1), own(0), own(2)]);
    let repeated = with([own(0), own(0), own(2)]);
    let foreign = with([own(0), part(&other, 1), own(2)]);
    let shorter = [&made.bytes[..LEN], own(0).as_slice(), own(2).as_slice()].concat();
    let longer = [made.bytes.clone(), own(2)].concat();
    let one_more = [made.bytes.as_slice(), &[0]].concat();

    assert!(made.read_as(&with([own(0), own(1), own(2)]), &key()).is_ok());
    for changed in [swapped, repeated, foreign] {
        assert!(matches!(made.read_as(&changed, &key()), Err(BackupError::Changed)));
    }
    assert!(matches!(made.read_as(&shorter, &key()), Err(BackupError::Cut)));
    assert!(matches!(made.read_as(&longer, &key()), Err(BackupError::Extended)));
    assert!(matches!(made.read_as(&one_more, &key()), Err(BackupError::Extended)));
}

/// The same bytes with a field of the header replaced, and a sum that fits.
fn with_field(made: &Made, at: usize, field: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    let mut bytes = made.bytes.clone();
    bytes[at..at + field.len()].copy_from_slice(field);
    let sum: [u8; 32] = sha2::Sha256::digest(&bytes[..LEN - 32]).into();
    bytes[LEN - 32..LEN].copy_from_slice(&sum);
    bytes
}

#[test]
fn a_backup_that_claims_another_length_is_refused() {
    let made = Made::new(&key(), &content(500));

    for len in [0, 499, 501, PART as u64, u64::MAX - 1, u64::MAX] {
        let read = made.read_as(&with_field(&made, 34, &len.to_le_bytes()), &key());

        assert!(matches!(read, Err(BackupError::WrongKey)), "{len}: {read:?}");
    }
}

#[test]
fn a_backup_that_asks_for_endless_work_is_refused_at_once() {
    let lock = passphrase("open sesame");
    let made = Made::new(&lock, &content(500));

    for (memory, passes) in [(u32::MAX, 1), (8, u32::MAX), (u32::MAX, u32::MAX), (0, 1), (8, 0)] {
        let cost = [memory.to_le_bytes(), passes.to_le_bytes()].concat();
        let read = made.read_as(&with_field(&made, 42, &cost), &lock);

        assert!(matches!(read, Err(BackupError::TooCostly)), "{read:?}");
    }
}

#[test]
fn only_its_own_lock_opens_a_backup() {
    let made = Made::new(&passphrase("open sesame"), &content(500));
    let by_key = Made::new(&key(), &content(500));
    let other: Lock = Key::parse(&"5d".repeat(32)).unwrap().into();

    let read = |made: &Made, lock: Lock| made.read_as(&made.bytes, &lock);

    assert!(matches!(read(&made, passphrase("open sesam")), Err(BackupError::WrongPassphrase)));
    assert!(matches!(read(&made, key()), Err(BackupError::OtherLock { kind: LockKind::Passphrase })));
    assert!(matches!(read(&by_key, other), Err(BackupError::WrongKey)));
    assert!(matches!(
        read(&by_key, passphrase("open sesame")),
        Err(BackupError::OtherLock { kind: LockKind::Key })
    ));
}

#[test]
fn a_backup_is_never_written_over_another_file_and_appears_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");

    let mut writer = BackupWriter::create(&path, &key()).unwrap();
    writer.write(b"some").unwrap();
    let early = path.exists();
    std::fs::write(&path, "something else").unwrap();
    let late = writer.finish();
    let again = BackupWriter::create(&path, &key());

    assert!(!early);
    assert!(matches!(late, Err(BackupError::Exists)));
    assert!(matches!(again, Err(BackupError::Exists)));
    assert_eq!(std::fs::read(&path).unwrap(), b"something else");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn neither_content_nor_key_is_ever_printed() {
    let made = Made::new(&key(), b"hush");
    let path = made.folder.path().join("backup");

    let reader = BackupReader::open(&path, &key()).unwrap();

    assert_eq!(format!("{reader:?}"), "BackupReader(4 bytes left)");
}
