//! Homes on a disk: what opens them, and what somebody finds who has only the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use status_chat::{Client, Event, Identity, Lock, LockError, LockKind, OpenError, Passphrase, backup, home};
use status_layer::StoreError;
use status_sim::Hub;
use status_store::{Cost, Redb};
use tokio::time::timeout;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(words).unwrap().costing(Cost::LEAST)
}

fn identity() -> Identity {
    Identity::restore(WORDS).unwrap()
}

/// Opens a home that needs no lock, and closes it.
async fn open(home: &Path) -> Result<String, OpenError> {
    let client = Client::builder().home(home).network(Hub::new().port()).open().await?;
    let words = client.recovery_phrase().expose().to_owned();
    client.close().await;
    Ok(words)
}

async fn open_with(home: &Path, words: &str) -> Result<String, OpenError> {
    let builder = Client::builder().home(home).lock(passphrase(words)).network(Hub::new().port());
    let client = builder.identity(identity()).open().await?;
    let words = client.recovery_phrase().expose().to_owned();
    client.close().await;
    Ok(words)
}

#[tokio::test]
async fn a_home_with_a_passphrase_opens_with_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    open_with(folder.path(), "open sesame").await.unwrap();

    let wrong = open_with(folder.path(), "open sesam").await;
    let none = open(folder.path()).await;
    let right = open_with(folder.path(), "open sesame").await;

    assert!(matches!(wrong, Err(OpenError::Lock(LockError::WrongPassphrase))), "{wrong:?}");
    let kind = LockKind::Passphrase;
    assert!(matches!(none, Err(OpenError::Lock(LockError::OtherLock { kind: k })) if k == kind), "{none:?}");
    assert_eq!(right.unwrap(), WORDS);
    assert_eq!(home::lock_of(folder.path()).unwrap(), Some(kind));
}

#[tokio::test]
async fn a_home_without_a_lock_has_its_key_in_itself_and_is_closed_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await.unwrap();
    let again = open(folder.path()).await.unwrap();
    let kind = home::lock_of(folder.path()).unwrap();

    fs::remove_file(folder.path().join("status.key")).unwrap();
    let without = open(folder.path()).await;

    assert_eq!((first, kind), (again, None));
    assert!(
        matches!(without, Err(OpenError::Lock(LockError::OtherLock { kind: LockKind::Key }))),
        "{without:?}"
    );
}

#[tokio::test]
async fn the_lock_of_a_home_is_replaced_and_its_key_goes() {
    let folder = tempfile::tempdir().unwrap();
    let before = open(folder.path()).await.unwrap();
    let (one, two) = (passphrase("one").into(), passphrase("two").into());

    home::relock(folder.path(), None, Some(&one)).unwrap();
    assert!(!folder.path().join("status.key").exists());
    home::relock(folder.path(), Some(&one), Some(&two)).unwrap();
    let wrong = home::relock(folder.path(), Some(&one), None);
    home::relock(folder.path(), Some(&two), None).unwrap();

    assert!(matches!(wrong, Err(OpenError::Lock(LockError::WrongPassphrase))), "{wrong:?}");
    assert_eq!(open(folder.path()).await.unwrap(), before);
}

#[tokio::test]
async fn a_home_in_use_names_the_process_that_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::builder().home(folder.path()).network(Hub::new().port()).open().await.unwrap();

    let second = open(folder.path()).await;
    client.close().await;

    let us = std::process::id();
    assert!(matches!(second, Err(OpenError::Store(StoreError::InUse { by: Some(by) })) if by == us));
}

#[tokio::test]
async fn a_home_from_before_sealing_is_sealed_and_keeps_its_user() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Redb::open(folder.path().join("status.redb")).unwrap();
    let builder = Client::builder().store(plain).network(Hub::new().port());
    builder.identity(identity()).open().await.unwrap().close().await;

    let words = open(folder.path()).await.unwrap();

    assert_eq!(words, WORDS);
    assert!(!folder.path().join("status.redb").exists());
    assert_eq!(open(folder.path()).await.unwrap(), WORDS);
}

/// All files of a folder.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The forms in which something known could be written down.
fn forms(known: &str) -> Vec<Vec<u8>> {
    let wide = known.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![known.as_bytes().to_vec(), hex::encode(known).into(), wide];
    // Whatever came before it, one of three is how base64 shows its middle.
    for skip in 0..3 {
        let shown = base64(&known.as_bytes()[skip..]);
        // Shorter ones would be found by chance.
        if shown.len() >= 12 {
            forms.push(shown.as_bytes()[..shown.len() - 4].to_vec());
        }
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |group: u32, at: u32| char::from(DIGITS[(group >> (18 - 6 * at) & 63) as usize]);
    let groups = bytes.chunks_exact(3).map(|three| u32::from_be_bytes([0, three[0], three[1], three[2]]));
    groups.flat_map(|group| (0..4).map(move |at| digit(group, at))).collect()
}

#[tokio::test]
async fn nothing_that_is_known_shows_in_any_file_of_a_home() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new();
    let bob = Client::builder().network(hub.port()).open().await.unwrap();
    let alice = Client::builder().home(folder.path()).lock(passphrase("open sesame")).identity(identity());
    let alice = alice.network(hub.port()).open().await.unwrap();
    let mut at_alice = alice.events();
    alice.join("#a-channel-of-ours").await.unwrap();
    alice.send("#a-channel-of-ours", "said to everybody").await.unwrap();
    alice.send(bob.user(), "whispered to nobody else").await.unwrap();
    let delivered = async { while !matches!(at_alice.next().await, Some(Event::Delivered { .. })) {} };
    timeout(Duration::from_secs(20), delivered).await.unwrap();
    let (me, him) = (alice.me().to_string(), bob.me().to_string());
    let device = alice.device().as_str().to_owned();
    let saved = tempfile::tempdir().unwrap();
    let lock: Lock = passphrase("swordfish").into();
    alice.backup(saved.path().join("while it runs"), lock.clone()).await.unwrap();
    let while_it_runs = files(folder.path());
    alice.close().await;
    backup::make(
        folder.path(),
        Some(&passphrase("open sesame").into()),
        &saved.path().join("closed"),
        &lock,
        &mut |_| (),
    )
    .unwrap();

    let known = [
        "a-channel-of-ours",
        "said to everybody",
        "whispered to nobody else",
        "open sesame",
        "swordfish",
        WORDS,
        "winner thank",
        "contact-code",
        "/waku/1/",
        "status-chat",
        "redb",
        &me,
        &him,
        &device,
    ];
    let all = [while_it_runs, files(folder.path()), files(saved.path())].concat();
    assert!(all.len() >= 8, "store, anchor and lock, twice, and two backups: {}", all.len());
    for (path, bytes) in all {
        for form in known.iter().flat_map(|known| forms(known)) {
            let shown = bytes.windows(form.len()).any(|window| window == form);
            assert!(!shown, "{} shows {:?}", path.display(), String::from_utf8_lossy(&form));
        }
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let text = "before whispered to nobody else after";
    let known = "whispered to nobody else";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let written = [text.as_bytes().to_vec(), hex::encode(text).into(), wide];
    let encoded = (0..3).map(|skip| base64(&text.as_bytes()[skip..]).into_bytes());

    for bytes in written.into_iter().chain(encoded) {
        let found = forms(known).iter().any(|form| bytes.windows(form.len()).any(|window| window == form));
        assert!(found, "{}", String::from_utf8_lossy(&bytes));
    }
}
