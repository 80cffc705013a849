//! Runs clients, drops them, and looks for their secrets in all memory that they freed.

mod keeping;
mod secrets;

use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Event, Identity, Passphrase, backup};
use status_crypto::account::{Account, Mnemonic};
use status_layer::{Memory, Store};
use status_sim::Hub;
use status_store::{Cost, Sealed};

use keeping::Keeping;
use secrets::{Recorder, Secret, leaks};

#[global_allocator]
static ALLOCATOR: Keeping = Keeping;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const PASSPHRASE: &str = "correct horse battery staple";
/// What is left behind and known, by name and length of the block in bytes.
///
/// A node of the map in a wire message: the unused parts of what was moved into it are whatever stood on the stack, and
/// values that are moved leave copies there. Nothing wipes a stack.
const KNOWN: [(&str, usize); 1] = [("a ratchet key", 2568)];

const BACKUP_PASSPHRASE: &str = "another one for the backup";

fn main() {
    // What a secret is made of is computed before anything is kept.
    let account = Account::new(&Mnemonic::parse(WORDS).unwrap(), "").unwrap();
    let chat_key = account.chat_key().unwrap().to_bytes();
    let seed = Mnemonic::parse(WORDS).unwrap().seed("");
    let mut known = vec![
        Secret::new("the words", &WORDS.as_bytes()[..24]),
        Secret::new("the last words", &WORDS.as_bytes()[WORDS.len() - 24..]),
        Secret::new("the seed", seed.expose()),
        Secret::new("the identity key", chat_key.as_slice()),
        Secret::new("the passphrase", PASSPHRASE.as_bytes()),
        Secret::new("the passphrase of the backup", BACKUP_PASSPHRASE.as_bytes()),
    ];
    if std::env::var_os("STATUS_MEMORY_TRACE").is_some() {
        keeping::trace_for(known.iter().map(|secret| secret.bytes.clone()).collect());
    }
    let mut failed = the_search_finds_what_is_there();
    failed |= in_memory(&known);
    failed |= on_the_disk(&mut known);
    std::process::exit(i32::from(failed));
}

/// Shows that the search has teeth: a secret that is dropped without being wiped is found, one that was wiped is not.
fn the_search_finds_what_is_there() -> bool {
    let bare = Secret::new("left", b"left behind as it was 1234567890");
    let wiped = Secret::new("wiped", b"wiped before it was dropped 1234");
    keeping::keep();
    drop(bare.bytes.clone());
    drop(status_layer::Value::new(wiped.bytes.clone()));
    keeping::rest();
    let found = leaks(&[bare, wiped]);
    keeping::forget();
    say("the search finds what is there", &found, found.len() != 1 || found[0].name != "left")
}

/// Two clients that talk, with a store in memory that wipes what it forgets.
fn in_memory(known: &[Secret]) -> bool {
    let (alice, bob) = (Recorder::default(), Recorder::default());
    keeping::keep();
    talk(None, alice.clone(), bob.clone());
    let (a, b) = (alice.clone(), bob.clone());
    drop((alice, bob));
    keeping::rest();
    let mut secrets: Vec<Secret> = [a.secrets(), b.secrets()].into_iter().flatten().collect();
    let count = secrets.len();
    secrets.extend(known.iter().map(|secret| Secret::new(secret.name, &secret.bytes)));
    println!("{count} keys of sessions and prekeys, {} MiB of freed memory", keeping::bytes() >> 20);
    let (known, found): (Vec<_>, Vec<_>) =
        leaks(&secrets).into_iter().partition(|leak| KNOWN.contains(&(leak.name, leak.block)));
    println!("{} times in copies of the stack, which are not wiped", known.len());
    keeping::forget();
    say("nothing secret is in memory that clients have freed", &found, !found.is_empty() || count < 20)
}

/// A client with a home on the disk, a backup, and what is restored from it.
///
/// The embedded database keeps pages in memory, in the clear and unwiped: what stands in rows is there. So words and identity
/// key may be found in blocks of that size, but neither a passphrase nor the key of the file anywhere.
fn on_the_disk(known: &mut Vec<Secret>) -> bool {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let (home, file, new) = (folder.path().join("home"), folder.path().join("backup"), folder.path().join("new"));
    keeping::keep();
    talk(Some(&home), Memory::new(), Memory::new());
    {
        let lock = || Passphrase::new(PASSPHRASE).unwrap().costing(Cost::LEAST).into();
        let with = Passphrase::new(BACKUP_PASSPHRASE).unwrap().costing(Cost::LEAST).into();
        backup::make(&home, Some(&lock()), &file, &with, &mut |_| {}).unwrap();
        backup::restore(&file, &with, &new, Some(&lock()), &mut |_| {}).unwrap();
        drop(Sealed::open(new.join("status.store"), &lock()).unwrap());
    }
    keeping::rest();
    for home in [&home, &new] {
        known.push(Secret::new("the data key", &data_key(&home.join("status.store"))));
    }
    println!("{} MiB of freed memory", keeping::bytes() >> 20);
    let found = leaks(known);
    let (pages, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|leak| {
        leak.block >= PAGE && !leak.name.contains("passphrase") && !leak.name.contains("data key")
    });
    println!("{} times in pages of the database, which are not wiped", pages.len());
    keeping::forget();
    say("neither passphrase nor data key is in freed memory, and the rest in pages only", &others, !others.is_empty())
}

/// Alice and Bob talk, and are closed.
fn talk(home: Option<&Path>, alice: impl Store + Send + 'static, bob: impl Store + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let hub = Hub::new();
        let builder = Client::builder().network(hub.port()).identity(Identity::restore(WORDS).unwrap());
        let alice = match home {
            Some(home) => builder.home(home).lock(Passphrase::new(PASSPHRASE).unwrap().costing(Cost::LEAST)),
            None => builder.store(alice),
        };
        let alice = alice.open().await.unwrap();
        let bob = Client::builder().network(hub.port()).store(bob).open().await.unwrap();
        let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
        for n in 0..6 {
            let (from, to, events) = if n % 2 == 0 {
                (&alice, &bob, &mut at_bob)
            } else {
                (&bob, &alice, &mut at_alice)
            };
            from.send(to.user(), "hello").await.unwrap();
            let read = async { while !matches!(events.next().await, Some(Event::Message(_))) {} };
            tokio::time::timeout(Duration::from_secs(30), read).await.unwrap();
        }
        assert_eq!(alice.recovery_phrase().expose().len(), WORDS.len());
        alice.close().await;
        bob.close().await;
    });
}

/// The key of a sealed file, unwrapped as its first block says.
fn data_key(store: &Path) -> [u8; 32] {
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    let bytes = std::fs::read(store).unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let params = argon2::Params::new(number(42), number(46), 1, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = [0; 32];
    argon2.hash_password_into(PASSPHRASE.as_bytes(), &bytes[50..66], &mut key).unwrap();
    let cipher = chacha20poly1305::XChaCha20Poly1305::new((&key).into());
    let nonce: [u8; 24] = bytes[66..90].try_into().unwrap();
    let sealed = Payload { msg: &bytes[90..138], aad: &bytes[..66] };
    cipher.decrypt(&nonce.into(), sealed).unwrap().try_into().unwrap()
}

fn say(what: &str, found: &[secrets::Leak], failed: bool) -> bool {
    println!("{} {what}", if failed { "FAILED" } else { "ok" });
    if failed {
        let mut counts = std::collections::BTreeMap::<_, usize>::new();
        found.iter().for_each(|leak| *counts.entry((leak.name, leak.block)).or_default() += 1);
        counts.iter().for_each(|((name, block), count)| println!("    {name}: {count} times in blocks of {block} bytes"));
    }
    failed
}
