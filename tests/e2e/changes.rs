//! What becomes of messages after they were said, through whole clients over a network double.

use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Chat, Client, Deleted, Event, Events, Feeling, Image, Message, MessageId, SendError};
use status_sim::Hub;

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn new(hub: &Hub) -> Self {
        let client = Client::builder().network(hub.port()).open().await.unwrap();
        Self { events: client.events(), client }
    }

    async fn wait<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        heard(&mut self.events, Duration::from_secs(20), wanted).await.unwrap()
    }

    async fn message(&mut self) -> Message {
        self.wait(|event| if let Event::Message(message) = event { Some(message) } else { None }).await
    }

    async fn change(&mut self) -> Message {
        self.wait(|event| if let Event::Changed(message) = event { Some(message) } else { None }).await
    }

    async fn deletion(&mut self) -> MessageId {
        self.wait(|event| if let Event::Deleted { id, .. } = event { Some(id) } else { None }).await
    }

    /// What is kept of a message, but for what differs between those who sent and who read it.
    async fn kept(&self, id: MessageId) -> (String, bool, Option<Deleted>, Option<Vec<u8>>) {
        let message = self.client.message(id).await.unwrap().unwrap();
        (message.text, message.edited.is_some(), message.deleted, self.client.media(id).await.unwrap())
    }
}

#[tokio::test]
async fn both_sides_see_the_same_changes_reactions_and_pins() {
    let hub = Hub::new();
    let (alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let chat = Chat::User(alice.client.user());
    let id = alice.client.send(bob.client.user(), Image::png([7; 99]).caption("frist")).await.unwrap().id();
    assert_eq!(bob.message().await.id, id);

    alice.client.edit(id, "first").await.unwrap();
    assert_eq!(bob.change().await.text, "first");
    assert_eq!(alice.kept(id).await, bob.kept(id).await);

    alice.client.react(id, Feeling::Love).await.unwrap();
    alice.client.pin(id).await.unwrap();
    let pin = bob.wait(|event| if let Event::Pinned(pin) = event { Some(pin) } else { None }).await;
    let felt = bob.client.reactions(id).await.unwrap();
    assert_eq!(
        felt,
        alice
            .client
            .reactions(id)
            .await
            .unwrap()
            .into_iter()
            .map(|mut felt| {
                felt.chat = chat.clone();
                felt
            })
            .collect::<Vec<_>>()
    );
    assert_eq!((felt[0].feeling, felt[0].by), (Feeling::Love, alice.client.user()));
    assert_eq!(bob.client.pins(&chat).await.unwrap(), [pin]);

    alice.client.unreact(id, Feeling::Love).await.unwrap();
    alice.client.delete(id).await.unwrap();
    assert_eq!(bob.deletion().await, id);
    let by = alice.client.user();
    assert_eq!(alice.kept(id).await, (String::new(), false, Some(Deleted::ForAll { by }), None));
    assert_eq!(alice.kept(id).await, bob.kept(id).await);
    assert_eq!(bob.client.reactions(id).await.unwrap(), []);
    assert_eq!(bob.client.pins(&chat).await.unwrap(), []);
}

#[tokio::test]
async fn nobody_changes_what_another_said_or_what_is_gone() {
    let hub = Hub::new();
    let (alice, mut bob) = (Seat::new(&hub).await, Seat::new(&hub).await);
    let id = alice.client.send(bob.client.user(), "mine").await.unwrap().id();
    bob.message().await;

    let others = [bob.client.edit(id, "yours").await, bob.client.delete(id).await];
    alice.client.delete(id).await.unwrap();
    let gone = [alice.client.edit(id, "back").await, alice.client.react(id, Feeling::Sad).await];

    assert!(others.iter().all(|done| matches!(done, Err(SendError::NotYours))), "{others:?}");
    assert!(gone.iter().all(|done| matches!(done, Err(SendError::NoMessage))), "{gone:?}");
}

#[tokio::test]
async fn what_was_deleted_for_oneself_stays_with_others_and_is_gone_here_also_after_a_restart() {
    let hub = Hub::new();
    let home = tempfile::tempdir().unwrap();
    let open = || async { Client::builder().home(home.path()).network(hub.port()).open().await.unwrap() };
    let mut alice = Seat::new(&hub).await;
    let bob = open().await;
    let (me, to) = (bob.user(), Chat::User(alice.client.user()));
    let id = bob.send(to.clone(), "not for my eyes").await.unwrap().id();
    let second = bob.send(to.clone(), "a litle slip").await.unwrap().id();
    assert_eq!((alice.message().await.id, alice.message().await.id), (id, second));

    bob.delete_for_me(id).await.unwrap();
    bob.edit(second, "a little slip").await.unwrap();
    bob.close().await;
    let bob = open().await;

    assert_eq!(bob.message(id).await.unwrap(), None);
    assert_eq!(bob.message(second).await.unwrap().unwrap().text, "a little slip");
    assert_eq!(alice.change().await.text, "a little slip");
    let theirs = alice.client.message(id).await.unwrap().unwrap();
    assert_eq!((theirs.text.as_str(), theirs.from), ("not for my eyes", me));
}
