//! Whole clients whose own side fails: nothing half done, nothing hidden.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use status_chat::{Chat, Client, Event, OpenError, SendError};
use status_layer::{Area, Batch, Memory, Read, Row, Store, StoreError, Value};
use status_sim::Hub;
use tokio::time::timeout;

/// A store whose disk can be unplugged.
struct Unplugged {
    kept: Memory,
    broken: Arc<AtomicBool>,
}

impl Read for Unplugged {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.kept.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.kept.scan(area, prefix, after, limit)
    }
}

impl Store for Unplugged {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("unplugged".into()));
        }
        self.kept.commit(batch)
    }
}

#[tokio::test]
async fn a_failed_commit_sends_nothing_and_says_so() {
    let hub = Hub::new();
    let broken = Arc::new(AtomicBool::new(false));
    let store = Unplugged { kept: Memory::new(), broken: Arc::clone(&broken) };
    let alice = Client::builder().network(hub.port()).store(store).open().await.unwrap();
    let bob = Client::builder().network(hub.port()).open().await.unwrap();
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());
    let to_bob = Chat::User(bob.user());

    broken.store(true, Ordering::SeqCst);
    let failed = alice.send(to_bob.clone(), "never").await;
    broken.store(false, Ordering::SeqCst);
    alice.send(to_bob.clone(), "after").await.unwrap();

    let told = async {
        loop {
            if let Some(Event::Failed { why }) = at_alice.next().await {
                return why;
            }
        }
    };
    let why = timeout(Duration::from_secs(20), told).await.unwrap();
    let heard = async {
        loop {
            if let Some(Event::Message(message)) = at_bob.next().await {
                return message.text;
            }
        }
    };
    let heard = timeout(Duration::from_secs(20), heard).await.unwrap();
    let history = alice.history(&to_bob, 0, 10).await.unwrap();

    assert!(matches!(&failed, Err(SendError::Failed(why)) if why.contains("unplugged")), "{failed:?}");
    assert!(why.contains("unplugged"), "{why}");
    assert_eq!(heard, "after", "what failed never left");
    assert_eq!(history.len(), 1, "and is in no history");
}

#[tokio::test]
async fn a_home_has_one_owner_at_a_time() {
    let hub = Hub::new();
    let home = tempfile::tempdir().unwrap();
    let open = || Client::builder().home(home.path()).network(hub.port()).open();
    let first = open().await.unwrap();

    let second = open().await;
    first.close().await;
    let third = open().await;

    assert!(matches!(second, Err(OpenError::Store(StoreError::InUse { .. }))), "{second:?}");
    assert!(third.is_ok(), "{third:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_home_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let hub = Hub::new();
    let parent = tempfile::tempdir().unwrap();
    let home = parent.path().join("deep/home");

    let client = Client::builder().home(&home).network(hub.port()).open().await.unwrap();
    client.close().await;

    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home), 0o700);
    for file in std::fs::read_dir(&home).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_home_keeps_its_identity() {
    let hub = Hub::new();
    let home = tempfile::tempdir().unwrap();
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let identity = || status_chat::Identity::restore(words).unwrap();
    let open = |who| Client::builder().home(home.path()).network(hub.port()).identity(who).open();
    let first = open(identity()).await.unwrap();
    let (user, device) = (first.user(), first.device().clone());
    first.close().await;

    let again = open(identity()).await.unwrap();
    assert_eq!((again.user(), again.device()), (user, &device));
    assert_eq!(again.recovery_phrase().expose(), words);
    again.close().await;
    let other = open(status_chat::Identity::generate().unwrap()).await;

    assert!(matches!(other, Err(OpenError::OtherIdentity)), "{other:?}");
}

#[tokio::test]
async fn listeners_hear_the_end() {
    let hub = Hub::new();
    let alice = Client::builder().network(hub.port()).open().await.unwrap();
    let (clone, mut events) = (alice.clone(), alice.events());

    alice.close().await;
    let end = timeout(Duration::from_secs(20), async { while events.next().await.is_some() {} }).await;

    assert!(end.is_ok());
    assert!(matches!(clone.chats().await, Err(SendError::Closed)));
    assert!(clone.events().next().await.is_none());
}
