//! Whole clients who can reach each other through js-waku only.

use status_chat::testing::heard;
use status_chat::{Chat, Client, Event, Events, Grade, Message, MessageId};
use status_interop::{Peer, SOON};
use tempfile::TempDir;

/// A client whose home outlives it.
struct Seat {
    client: Client,
    events: Events,
    _home: TempDir,
}

impl Seat {
    /// A new user whom nobody can dial, and who dials the peer.
    async fn behind(peer: &Peer) -> Self {
        let home = tempfile::tempdir().unwrap();
        let client = Client::builder().home(home.path()).peer(peer.address()).open().await.unwrap();
        let mut seat = Self { events: client.events(), client, _home: home };
        seat.wait(|event| matches!(event, Event::Online(true)).then_some(())).await;
        seat
    }

    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, SOON, wanted).await.unwrap()
    }

    async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }

    async fn delivered(&mut self, message: MessageId) {
        self.wait(|event| matches!(event, Event::Delivered { id, .. } if id == message).then_some(())).await;
    }
}

/// Says something, and returns how well it was sealed; the other one has read and confirmed it by then.
async fn say(from: &mut Seat, to: &mut Seat, words: &str) -> Grade {
    let id = from.client.send(to.client.user(), words).await.unwrap().id();
    let message = to.message().await;
    from.delivered(id).await;
    assert_eq!((message.id, message.from, message.text.as_str()), (id, from.client.user(), words));
    message.grade
}

#[tokio::test]
async fn clients_talk_through_js_waku() {
    let mut peer = Peer::js().await;
    let mut alice = Seat::behind(&peer).await;
    let mut bob = Seat::behind(&peer).await;

    say(&mut alice, &mut bob, "hello bob").await;
    let answer = say(&mut bob, &mut alice, "hello alice").await;
    let again = say(&mut alice, &mut bob, "how are you?").await;
    let channel: Chat = "#interop".parse().unwrap();
    alice.client.join(channel.clone()).await.unwrap();
    bob.client.join(channel.clone()).await.unwrap();
    alice.client.send(channel.clone(), "to all").await.unwrap();
    let there = bob.message().await;
    bob.client.send(channel.clone(), "and back").await.unwrap();
    let back = alice.message().await;

    assert_eq!((&there.chat, there.text.as_str()), (&channel, "to all"));
    assert_eq!((back.chat, back.text.as_str()), (channel, "and back"));
    assert_eq!((answer, again), (Grade::Ratcheted, Grade::Ratcheted));
    assert_eq!(peer.all("disconnected").await.len(), 0);
    for one in peer.peers().await {
        assert!(one["score"].as_f64().unwrap() >= 0.0, "{one}");
    }
}
