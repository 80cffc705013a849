//! Whole clients that meet only through what a node in between keeps.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Chat, Client, Event, Events, Message, MessageId, Stage};
use status_layer::testing::rng;
use status_p2p::{Archive, Config, HostKey, MemoryArchive, Node};
use tempfile::TempDir;

/// Within this time everything happens that is to happen; frames are looked for three seconds after they were sent.
const SOON: Duration = Duration::from_secs(40);

/// A node that relays and keeps what it relays, and is nobody's.
struct Keeper {
    node: Node,
    archive: Arc<dyn Archive>,
}

impl Keeper {
    async fn start() -> Self {
        let archive: Arc<dyn Archive> = Arc::new(MemoryArchive::new(10_000, 100_000_000));
        let mut config = Config::new(HostKey::generate(&mut rng(99)));
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        config.limits.per_ip = 100;
        config.archive = Some(Arc::clone(&archive));
        Self { node: Node::start(config).await.unwrap(), archive }
    }

    fn address(&self) -> String {
        self.node.listen_addrs().first().unwrap().to_string()
    }

    async fn kept(&self) -> u64 {
        self.archive.size().await.unwrap().messages
    }
}

/// A client that knows the keeper alone, and cannot be dialled.
struct Seat {
    home: TempDir,
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(keeper: &Keeper) -> Self {
        Self::of(tempfile::tempdir().unwrap(), keeper).await
    }

    async fn of(home: TempDir, keeper: &Keeper) -> Self {
        let client = open(home.path(), &keeper.address()).await;
        Self { events: client.events(), home, client }
    }

    async fn close(self) -> TempDir {
        let Self { home, client, events } = self;
        drop(events);
        client.close().await;
        home
    }

    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    async fn online(&mut self) {
        self.wait(|event| matches!(event, Event::Online(true)).then_some(())).await;
    }

    async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }
}

async fn open(home: &Path, peer: &str) -> Client {
    Client::builder().home(home).peer(peer).open().await.unwrap()
}

#[tokio::test]
async fn who_never_met_the_sender_gets_what_was_said_while_away() {
    let keeper = Keeper::start().await;
    let mut bob = Seat::new(&keeper).await;
    bob.online().await;
    let user = bob.client.user();
    let home = bob.close().await;
    let mut alice = Seat::new(&keeper).await;
    alice.online().await;
    let mut sent = Vec::new();
    for text in ["one", "two", "three"] {
        sent.push(alice.client.send(user, text).await.unwrap().id());
        let id = *sent.last().unwrap();
        alice.wait(|event| stage(&event, id, Stage::Published)).await;
    }
    let from = alice.client.user();
    drop(alice.close().await);

    let mut bob = Seat::of(home, &keeper).await;
    let mut got = Vec::new();
    while got.len() < 3 {
        got.push(bob.message().await);
    }

    assert!(got.iter().all(|message| message.from == from && sent.contains(&message.id)));
    let history = bob.client.history(&Chat::User(from), 0, 100).await.unwrap();
    assert_eq!(history.into_iter().map(|message| message.text).collect::<Vec<_>>(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_message_that_an_archive_has_is_stored() {
    let keeper = Keeper::start().await;
    let nobody = Seat::new(&keeper).await;
    let user = nobody.client.user();
    drop(nobody.close().await);
    let mut alice = Seat::new(&keeper).await;
    alice.online().await;

    let id = alice.client.send(user, "is this kept?").await.unwrap().id();
    alice.wait(|event| stage(&event, id, Stage::Stored)).await;

    assert!(keeper.kept().await > 0);
    let message = alice.client.history(&Chat::User(user), 0, 1).await.unwrap().remove(0);
    assert_eq!(message.stage, Some(Stage::Stored));
}

#[tokio::test]
async fn what_comes_in_is_told_and_told_when_it_is_all() {
    let keeper = Keeper::start().await;
    let mut bob = Seat::new(&keeper).await;
    bob.online().await;
    let user = bob.client.user();
    let home = bob.close().await;
    let mut alice = Seat::new(&keeper).await;
    alice.online().await;
    let id = alice.client.send(user, "hello").await.unwrap().id();
    alice.wait(|event| stage(&event, id, Stage::Published)).await;

    let mut bob = Seat::of(home, &keeper).await;
    let mut most = (0, 0);
    bob.wait(|event| match event {
        Event::Fetching { messages, bytes } => {
            most = most.max((messages, bytes));
            None
        }
        Event::Fetched => (most.0 > 0).then_some(()),
        _ => None,
    })
    .await;

    assert!(most.1 > 100, "{most:?}");
}

fn stage(event: &Event, message: MessageId, wanted: Stage) -> Option<()> {
    matches!(event, Event::Stage { id, stage } if *id == message && *stage == wanted).then_some(())
}
