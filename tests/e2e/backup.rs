//! A home that is lost and comes back from its backup: over the real layers, with a contact who noticed nothing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Event, Grade, Identity, Lock, Message, Notice, StoreKey, backup};
use status_layer::{Area, Read};
use status_sim::Hub;
use status_store::{BackupReader, Sealed};
use tokio::time::timeout;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const PATIENCE: Duration = Duration::from_secs(20);

fn key() -> Lock {
    StoreKey::parse(&"5c".repeat(32)).unwrap().into()
}

async fn open(home: &Path, hub: &Hub) -> Client {
    Client::builder().home(home).lock(key()).network(hub.port()).open().await.unwrap()
}

/// The next message at a listener.
async fn next(events: &mut status_chat::Events) -> Message {
    let message = async {
        loop {
            if let Event::Message(message) = events.next().await.unwrap() {
                return message;
            }
        }
    };
    timeout(PATIENCE, message).await.unwrap()
}

/// Sends and waits for the acknowledgement.
async fn say(from: &Client, events: &mut status_chat::Events, to: &Client, text: &str) {
    let id = from.send(to.user(), text).await.unwrap().id();
    let delivered =
        async { while !matches!(events.next().await, Some(Event::Delivered { id: of, .. }) if of == id) {} };
    timeout(PATIENCE, delivered).await.unwrap();
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

/// Alice's home and her talk with Bob, in which each has answered the other.
async fn acquainted(home: &Path, hub: &Hub) -> (Client, Client) {
    let bob = Client::builder().network(hub.port()).open().await.unwrap();
    let identity = Identity::restore(WORDS).unwrap();
    let alice = Client::builder().home(home).lock(key()).identity(identity);
    let alice = alice.network(hub.port()).open().await.unwrap();
    alice.join("#a-channel-of-ours").await.unwrap();
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    for n in 0..3 {
        say(&alice, &mut at_alice, &bob, &format!("question {n}")).await;
        say(&bob, &mut at_bob, &alice, &format!("answer {n}")).await;
    }
    (alice, bob)
}

#[tokio::test]
async fn a_home_that_was_lost_comes_back_from_its_backup_on_a_new_device_and_talks_on() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new, file) =
        (folder.path().join("old"), folder.path().join("new"), folder.path().join("backup"));
    let hub = Hub::new();
    let (alice, bob) = acquainted(&old, &hub).await;
    let (before, device) = (alice.history(&bob.me(), 0, 100).await.unwrap(), alice.device().clone());
    let chats = alice.chats().await.unwrap();
    let made = alice.backup(&file, key()).await.unwrap();
    alice.close().await;
    fs::remove_dir_all(&old).unwrap();

    let restored = backup::restore(&file, &key(), &new, Some(&key()), &mut |_| {}).unwrap();
    let alice = open(&new, &hub).await;
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    let history = alice.history(&bob.me(), 0, 100).await.unwrap();
    bob.send(alice.user(), "are you there?").await.unwrap();
    let unread_or_read = async {
        loop {
            match at_alice.next().await.unwrap() {
                Event::Notice(Notice::Unreadable { from }) if from == bob.user() => return None,
                Event::Message(message) => return Some(message.text),
                _ => {}
            }
        }
    };
    let first = timeout(PATIENCE, unread_or_read).await.unwrap();
    // One round trip later: what she has told Bob of her keys is with him.
    tokio::time::sleep(Duration::from_millis(300)).await;
    bob.send(alice.user(), "now you are").await.unwrap();
    let mut read = next(&mut at_alice).await;
    // What could not be read when it came is sent again, and what lies in history is as hard to read as that.
    while read.text == "are you there?" {
        read = next(&mut at_alice).await;
    }
    say(&alice, &mut at_alice, &bob, "from my new device").await;
    let mut answered = next(&mut at_bob).await;
    while answered.text.starts_with("question") {
        answered = next(&mut at_bob).await;
    }

    assert_eq!(
        texts(&history),
        ["question 0", "answer 0", "question 1", "answer 1", "question 2", "answer 2"]
    );
    assert_eq!(history, before);
    assert_eq!(alice.chats().await.unwrap(), chats);
    assert_eq!((made.messages, made.chats, made.unconfirmed), (6, chats.len() as u64, 0));
    assert_eq!(restored, made);
    assert_eq!(alice.recovery_phrase().expose(), WORDS);
    assert_ne!(*alice.device(), device, "it is another device");
    assert!(first.is_none() || first.as_deref() == Some("are you there?"));
    assert_eq!((read.text.as_str(), read.grade), ("now you are", Grade::Ratcheted));
    assert_eq!(answered.text, "from my new device");
    alice.close().await;
}

#[tokio::test]
async fn no_key_of_a_device_and_nothing_under_way_is_in_its_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (home, file) = (folder.path().join("home"), folder.path().join("backup"));
    let hub = Hub::new();
    let (alice, bob) = acquainted(&home, &hub).await;
    // What waits: a message that nobody will acknowledge, and its frame.
    bob.close().await;
    let nobody = Identity::generate().unwrap().user();
    alice.send(nobody, "to nobody").await.unwrap();
    let device = alice.device().as_str().to_owned();

    let made = alice.backup(&file, key()).await.unwrap();
    alice.close().await;

    let mut reader = BackupReader::open(&file, &key()).unwrap();
    let mut content = vec![0; usize::try_from(reader.len()).unwrap()];
    reader.read(&mut content).unwrap();
    assert_eq!(made.unconfirmed, 1);
    assert!(content.windows(9).any(|bytes| bytes == b"to nobody"), "the message itself is the user's");
    assert!(!content.windows(device.len()).any(|bytes| bytes == device.as_bytes()));
    let store = Sealed::open(home.join("status.store"), &key()).unwrap();
    // Private halves of prekeys, sessions, keys of single messages; keys of places; frames.
    let secret = |area, tags: &[u8]| {
        tags.iter().flat_map(|tag| store.scan(Area(area), &[*tag], None, 1_000).unwrap()).collect::<Vec<_>>()
    };
    let rows = [secret(2, b"psfkl"), secret(3, &[1, 2]), secret(4, b"O")].concat();
    assert!(rows.len() > 8, "{}", rows.len());
    for (at, value) in rows {
        let names: &[u8] = if at[0] == 1 || at[0] == 2 { &value[1..value.len().min(33)] } else { &value };
        for window in names.windows(16).filter(|window| window.iter().any(|byte| *byte != 0)) {
            assert!(
                !content.windows(16).any(|bytes| bytes == window),
                "a row of tag {} is in the backup",
                at[0]
            );
        }
    }
}

#[tokio::test]
async fn a_backup_of_a_client_that_runs_is_one_moment_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new();
    let alice = Client::builder().home(folder.path().join("home")).lock(key()).network(hub.port());
    let alice = alice.open().await.unwrap();
    let bob = Identity::generate().unwrap().user();
    let sending = {
        let alice = alice.clone();
        async move {
            for n in 0..60 {
                alice.send(bob, &format!("message {n}")).await.unwrap();
            }
        }
    };
    let backing = {
        let (alice, folder) = (alice.clone(), folder.path().to_owned());
        async move {
            let mut made = Vec::new();
            for n in 0..6 {
                made.push(alice.backup(folder.join(format!("backup-{n}")), key()).await.unwrap());
            }
            made
        }
    };

    let ((), made) = futures::join!(sending, backing);
    alice.close().await;

    for (n, made) in made.iter().enumerate() {
        let (file, home) =
            (folder.path().join(format!("backup-{n}")), folder.path().join(format!("home-{n}")));
        assert_eq!(&backup::restore(&file, &key(), &home, Some(&key()), &mut |_| {}).unwrap(), made);
        let restored = open(&home, &Hub::new()).await;
        let history = restored.history(&bob.into(), 0, 100).await.unwrap();
        let expected: Vec<String> = (0..made.messages).map(|n| format!("message {n}")).collect();
        assert_eq!(texts(&history), expected, "the first ones, and none left out");
        restored.close().await;
    }
    assert!(made.windows(2).all(|two| two[0].messages <= two[1].messages));
}
