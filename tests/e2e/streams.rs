//! Events that wait for the application, and messages that say how far they have come: whole clients over a network double.

use std::path::Path;
use std::time::Duration;

use status_chat::{Client, Entry, Event, SendError, Since, Stage, Stream, StreamError};
use status_sim::Hub;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

async fn open(hub: &Hub, home: &Path) -> Client {
    Client::builder().home(home).stream("app").network(hub.port()).open().await.unwrap()
}

/// The next entry that is a message, with its text. Those between are passed over.
async fn message(stream: &mut Stream) -> (Entry, String) {
    let wait = async {
        loop {
            let entry = stream.next().await.unwrap();
            if let Event::Message(message) = entry.event() {
                let text = message.text.clone();
                return (entry, text);
            }
        }
    };
    timeout(SOON, wait).await.unwrap()
}

/// Bob, to whom Alice has said all this.
async fn told(hub: &Hub, home: &Path, texts: &[&str]) -> (Client, Client) {
    let alice = Client::builder().network(hub.port()).open().await.unwrap();
    let bob = open(hub, home).await;
    for text in texts {
        let sent = alice.send(bob.user(), *text).await.unwrap();
        timeout(SOON, sent.delivered()).await.unwrap().unwrap();
    }
    (alice, bob)
}

#[tokio::test]
async fn an_event_comes_again_after_a_restart_until_it_is_acknowledged() {
    let (hub, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let (_alice, bob) = told(&hub, home.path(), &["one", "two", "three"]).await;
    let mut stream = bob.stream("app").await.unwrap();
    let (first, _) = message(&mut stream).await;
    let (_second, two) = message(&mut stream).await;
    first.ack().await.unwrap();
    drop((first, _second, stream));
    bob.close().await;

    let bob = open(&hub, home.path()).await;
    let mut stream = bob.stream("app").await.unwrap();
    let (again, three) = (message(&mut stream).await, message(&mut stream).await);
    three.0.ack().await.unwrap();
    let mut later = bob.stream("app").await.unwrap();
    let nothing = timeout(Duration::from_millis(200), message(&mut later)).await;

    assert_eq!((two.as_str(), again.1.as_str(), three.1.as_str()), ("two", "two", "three"));
    assert!(nothing.is_err());
}

#[tokio::test]
async fn each_stream_goes_its_own_way_and_one_that_is_forgotten_begins_anew() {
    let (hub, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let (alice, bob) = told(&hub, home.path(), &["one"]).await;
    let mut now = bob.stream("from now").await.unwrap();
    let mut oldest = bob.stream_since("from the oldest", Since::Oldest).await.unwrap();
    alice.send(bob.user(), "two").await.unwrap();

    let heard = (message(&mut now).await.1, message(&mut oldest).await.1);
    let names = bob.streams().await.unwrap();
    let forgotten = bob.forget_stream("from now").await.unwrap();
    let too_long = bob.stream(&"x".repeat(Stream::MAX_NAME + 1)).await;

    assert_eq!((heard.0.as_str(), heard.1.as_str()), ("two", "one"));
    assert_eq!(names, ["app", "from now", "from the oldest"]);
    assert!(forgotten && bob.streams().await.unwrap().len() == 2);
    assert!(matches!(too_long, Err(StreamError::Name)));
}

#[tokio::test]
async fn who_waits_for_an_event_gets_it_when_it_comes_and_hears_the_end() {
    let (hub, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let (alice, bob) = told(&hub, home.path(), &[]).await;
    let mut stream = bob.stream("app").await.unwrap();

    let (heard, _) = tokio::join!(message(&mut stream), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        alice.send(bob.user(), "at last").await.unwrap();
    });
    let closing = tokio::spawn(bob.close());
    let end = timeout(SOON, async { while stream.next().await.is_some() {} }).await;

    assert_eq!(heard.1, "at last");
    assert!(end.is_ok());
    closing.await.unwrap();
}

#[tokio::test]
async fn a_message_says_when_it_was_delivered_also_after_a_restart() {
    let (hub, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let (alice, bob) = told(&hub, home.path(), &[]).await;
    let sent = bob.send(alice.user(), "hello").await.unwrap();
    let stage = timeout(SOON, sent.delivered()).await.unwrap();
    let id = sent.id();
    drop(sent);
    bob.close().await;

    let bob = open(&hub, home.path()).await;
    let again = timeout(SOON, bob.sent(id).reached(Stage::is_delivered)).await.unwrap();
    let nobodys = bob.sent(status_chat::MessageId::new([7; 32])).stage().await;

    assert_eq!(stage.unwrap(), Stage::Delivered { to: 1, of: 1 });
    assert_eq!(again.unwrap(), Stage::Delivered { to: 1, of: 1 });
    assert!(matches!(nobodys, Err(SendError::NotOurs(_))));
}

#[tokio::test]
async fn who_waits_for_a_message_hears_that_the_client_is_closed() {
    let hub = Hub::new();
    let _other = hub.port();
    let alice = Client::builder().network(hub.port()).open().await.unwrap();
    let sent = alice.send("#nobody-confirms", "hello").await.unwrap();
    let published = timeout(SOON, sent.published()).await.unwrap().unwrap();

    let waiting = tokio::spawn(async move { sent.delivered().await });
    alice.close().await;

    assert!(published >= Stage::Published);
    assert!(matches!(timeout(SOON, waiting).await.unwrap().unwrap(), Err(SendError::Closed)));
}

#[tokio::test]
async fn values_of_the_application_are_kept() {
    let (hub, home) = (Hub::new(), tempfile::tempdir().unwrap());
    let bob = open(&hub, home.path()).await;
    bob.set_value("count", &7_u32).await.unwrap();
    bob.set_value("gone", &"soon").await.unwrap();
    bob.remove_value("gone").await.unwrap();
    bob.close().await;

    let bob = open(&hub, home.path()).await;
    let count = bob.value::<u32>("count").await.unwrap();
    let gone = bob.value::<String>("gone").await.unwrap();
    let mistyped = bob.value::<String>("count").await.unwrap_err();

    assert_eq!((count, gone), (Some(7), None));
    assert!(mistyped.to_string().contains("count"), "{mistyped}");
    assert!(bob.set_value("", &1).await.is_err());
    assert!(bob.set_value("large", &"x".repeat(300_000)).await.is_err());
}
