//! Homes as every version left them, kept under `homes/`: each still opens, and goes on where it was.
//!
//! A version that writes rows in another way gets a folder of its own: `STATUS_E2E_HOMES=<folder> cargo test -p
//! status-e2e homes` writes it. What is there already is never written again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use status_chat::{
    Chat, Client, Clock, Event, Events, Grade, Message, Passphrase, Search, StoreKey, Timestamp,
};
use status_sim::Hub;
use status_store::Cost;
use tokio::time::timeout;

/// Where a new version's homes are to be written.
const WRITE: &str = "STATUS_E2E_HOMES";
/// When the homes were left.
const THEN: Timestamp = Timestamp::from_secs(1_800_000_000);
const AN_HOUR_LATER: Timestamp = Timestamp::from_secs(1_800_003_600);

const ALICE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const BOB: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above";
const ROOM: &str = "#a-room";
const SAID: [&str; 4] = ["one", "two", "three", "four"];
const AWAY: &str = "while you were away";

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Alice's home has its key in a file of its own, Bob's has a passphrase.
async fn open(folder: &Path, who: &str, hub: &Hub, now: Timestamp) -> (Client, Events) {
    let words = if who == "alice" { ALICE } else { BOB };
    let builder = Client::builder().home(folder.join(who)).network(hub.port()).clock(At(now));
    let builder = builder.identity(status_chat::Identity::restore(words).unwrap());
    let builder = match who {
        "alice" => builder.lock(StoreKey::parse(&"a1".repeat(32)).unwrap()),
        _ => builder.lock(Passphrase::new("open sesame").unwrap().costing(Cost::LEAST)),
    };
    let client = builder.open().await.unwrap();
    let events = client.events();
    (client, events)
}

async fn hear(events: &mut Events, text: &str) -> Message {
    let heard = async {
        loop {
            match events.next().await {
                Some(Event::Message(message)) if message.text == text => return message,
                Some(_) => {}
                None => panic!("the client ended"),
            }
        }
    };
    timeout(Duration::from_secs(20), heard).await.unwrap()
}

/// Leaves two homes in the middle of a conversation, with a message that waits for its reader.
async fn write(folder: &Path) {
    let hub = Hub::new();
    let (alice, mut at_alice) = open(folder, "alice", &hub, THEN).await;
    let (bob, mut at_bob) = open(folder, "bob", &hub, THEN).await;
    alice.join(ROOM).await.unwrap();
    for pair in SAID.chunks(2) {
        alice.send(bob.user(), pair[0]).await.unwrap();
        hear(&mut at_bob, pair[0]).await;
        bob.send(alice.user(), pair[1]).await.unwrap();
        hear(&mut at_alice, pair[1]).await;
    }
    let bob_user = bob.user();
    bob.close().await;
    alice.send(bob_user, AWAY).await.unwrap();
    alice.close().await;
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("homes")
}

/// A file with few bytes that are not zero, as text: where each run begins, and the run.
fn pack(bytes: &[u8]) -> String {
    let mut text = format!("{:x}\n", bytes.len());
    for (number, run) in bytes.chunks(64).enumerate() {
        if run.iter().any(|byte| *byte != 0) {
            text += &format!("{:x} {}\n", number * 64, hex::encode(run));
        }
    }
    text
}

fn unpack(text: &str) -> Vec<u8> {
    let number = |text: &str| usize::from_str_radix(text, 16).unwrap();
    let mut lines = text.lines();
    let mut bytes = vec![0; number(lines.next().unwrap())];
    for line in lines {
        let (at, run) = line.split_once(' ').unwrap();
        let run = hex::decode(run).unwrap();
        bytes[number(at)..number(at) + run.len()].copy_from_slice(&run);
    }
    bytes
}

#[tokio::test]
async fn homes_of_every_version_open_and_go_on_where_they_were() {
    if let Some(folder) = std::env::var_os(WRITE).map(PathBuf::from) {
        let scratch = tempfile::tempdir().unwrap();
        write(scratch.path()).await;
        fs::create_dir(&folder).unwrap();
        for who in ["alice", "bob"] {
            let bytes = fs::read(scratch.path().join(who).join("status.store")).unwrap();
            fs::write(folder.join(who).with_extension("hex"), pack(&bytes)).unwrap();
        }
    }
    let versions: Vec<_> = fs::read_dir(kept()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!versions.is_empty());

    for version in versions {
        let folder = tempfile::tempdir().unwrap();
        for who in ["alice", "bob"] {
            let text = fs::read_to_string(version.join(who).with_extension("hex")).unwrap();
            fs::create_dir(folder.path().join(who)).unwrap();
            fs::write(folder.path().join(who).join("status.store"), unpack(&text)).unwrap();
        }
        goes_on(folder.path(), &version).await;
    }
}

async fn goes_on(folder: &Path, version: &Path) {
    let hub = Hub::new();
    let (bob, mut at_bob) = open(folder, "bob", &hub, AN_HOUR_LATER).await;
    let (alice, mut at_alice) = open(folder, "alice", &hub, AN_HOUR_LATER).await;
    let to_bob = Chat::User(bob.user());

    let waited = hear(&mut at_bob, AWAY).await;
    bob.send(alice.user(), "here again").await.unwrap();
    let answer = hear(&mut at_alice, "here again").await;

    let version = version.display();
    assert_eq!((waited.grade, answer.grade), (Grade::Ratcheted, Grade::Ratcheted), "{version}");
    let history = alice.history(&to_bob, 0, 100).await.unwrap();
    let texts: Vec<_> = history.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, [&SAID[..], &[AWAY, "here again"]].concat(), "{version}");
    let found = timeout(Duration::from_secs(20), found(&alice, "tw")).await.unwrap();
    assert_eq!(found, [SAID[1]], "{version}");
    let chats = alice.chats().await.unwrap();
    assert!(chats.contains(&to_bob) && chats.contains(&ROOM.parse().unwrap()), "{version}: {chats:?}");
    alice.close().await;
    bob.close().await;
}

/// What is found once all messages of the home can be.
async fn found(client: &Client, words: &str) -> Vec<String> {
    loop {
        let hits = client.search(Search::new(words)).await.unwrap();
        if !hits.is_partial {
            return hits.messages.into_iter().map(|message| message.text).collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn packing_a_file_loses_nothing() {
    let mut bytes = vec![0; 5_001];
    (bytes[0], bytes[700], bytes[5_000]) = (1, 2, 3);

    assert_eq!(unpack(&pack(&bytes)), bytes);
}
