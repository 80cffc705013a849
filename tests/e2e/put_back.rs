//! Old copies of a home that are put back, and copies that are opened beside the original.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use status_chat::{Client, Event, Events, Grade, Message};
use status_sim::Hub;
use tokio::time::timeout;

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn open(home: &Path, hub: &Hub) -> Self {
        Self::open_with(home, None, hub).await
    }

    async fn open_with(home: &Path, anchor: Option<&Path>, hub: &Hub) -> Self {
        let builder = Client::builder().home(home).network(hub.port());
        let builder = match anchor {
            Some(anchor) => builder.anchor(anchor),
            None => builder,
        };
        let client = builder.open().await.unwrap();
        let events = client.events();
        Self { client, events }
    }

    async fn next(&mut self) -> Event {
        timeout(Duration::from_secs(20), self.events.next()).await.unwrap().unwrap()
    }

    async fn hear(&mut self, text: &str) -> Message {
        loop {
            match self.next().await {
                Event::Message(message) if message.text == text => return message,
                _ => {}
            }
        }
    }

    /// Whether the first event says that an old copy was put back.
    async fn is_put_back(&mut self) -> bool {
        self.next().await == Event::PutBack
    }
}

/// Each says something and hears the other; all with forward secrecy.
async fn talk(one: &mut Seat, other: &mut Seat, text: &str) {
    for turn in 0..2 {
        let (from, to) = if turn == 0 { (&mut *one, &mut *other) } else { (&mut *other, &mut *one) };
        let text = format!("{text} {turn}");
        from.client.send(to.client.user(), &text).await.unwrap();
        let heard = to.hear(&text).await;
        assert_eq!(heard.from, from.client.user());
    }
}

fn store(home: &Path) -> PathBuf {
    home.join("status.store")
}

#[tokio::test]
async fn an_old_copy_of_the_store_is_noticed_and_the_conversation_goes_on_with_new_keys() {
    let (a, b, hub) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Hub::new());
    let (mut alice, mut bob) = (Seat::open(a.path(), &hub).await, Seat::open(b.path(), &hub).await);
    talk(&mut alice, &mut bob, "before").await;
    alice.client.close().await;
    let copy = fs::read(store(a.path())).unwrap();
    let mut alice = Seat::open(a.path(), &hub).await;
    talk(&mut alice, &mut bob, "since").await;
    alice.client.close().await;

    fs::write(store(a.path()), copy).unwrap();
    let mut alice = Seat::open(a.path(), &hub).await;
    let noticed = alice.is_put_back().await;
    talk(&mut alice, &mut bob, "after").await;
    let bobs = bob.client.user();
    let last = alice.client.send(bobs, "and on").await.unwrap().id();
    let read = bob.hear("and on").await;

    assert!(noticed);
    assert_eq!((read.id, read.grade), (last, Grade::Ratcheted));
    alice.client.close().await;
    let mut again = Seat::open(a.path(), &hub).await;
    again.client.send(bobs, "as always").await.unwrap();
    assert!(!again.is_put_back().await, "it is noticed once");
}

#[tokio::test]
async fn a_home_that_was_copied_is_noticed_where_the_system_tells_files_apart() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let hub = Hub::new();
    Seat::open(a.path(), &hub).await.client.close().await;
    for file in fs::read_dir(a.path()).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), b.path().join(file.file_name())).unwrap();
    }

    let mut copy = Seat::open(b.path(), &hub).await;
    copy.client.join("#somewhere").await.unwrap();
    let noticed = timeout(Duration::from_millis(500), copy.is_put_back()).await;

    assert_eq!(noticed.unwrap_or(false), cfg!(unix));
}

#[tokio::test]
async fn an_anchor_elsewhere_notices_a_whole_home_that_was_put_back() {
    let (a, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (hub, anchor) = (Hub::new(), elsewhere.path().join("anchor"));
    let open = || Seat::open_with(a.path(), Some(&anchor), &hub);
    open().await.client.close().await;
    let copy = fs::read(store(a.path())).unwrap();
    let seat = open().await;
    seat.client.join("#somewhere").await.unwrap();
    seat.client.close().await;

    fs::write(store(a.path()), copy).unwrap();

    assert!(open().await.is_put_back().await);
}
