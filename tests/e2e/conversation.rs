//! Whole clients over a network double: what an application sees.

use std::time::Duration;

use status_chat::{Chat, Client, Event, Grade, Message};
use status_sim::Hub;
use tokio::time::timeout;

async fn client(hub: &Hub) -> Client {
    Client::builder().network(hub.port()).open().await.unwrap()
}

/// The next message that arrives.
async fn message(events: &mut status_chat::Events) -> Message {
    let wait = async {
        loop {
            if let Some(Event::Message(message)) = events.next().await {
                return message;
            }
        }
    };
    timeout(Duration::from_secs(20), wait).await.unwrap()
}

async fn delivered(events: &mut status_chat::Events) -> status_chat::MessageId {
    let wait = async {
        loop {
            if let Some(Event::Delivered { id, .. }) = events.next().await {
                return id;
            }
        }
    };
    timeout(Duration::from_secs(20), wait).await.unwrap()
}

#[tokio::test]
async fn two_people_talk_and_the_second_message_is_forward_secret() {
    let hub = Hub::new();
    let (alice, bob) = (client(&hub).await, client(&hub).await);
    let (mut at_alice, mut at_bob) = (alice.events(), bob.events());

    let id = alice.send(bob.user(), "hello bob").await.unwrap().id();
    let hello = message(&mut at_bob).await;
    let acked = delivered(&mut at_alice).await;
    bob.send(hello.chat.clone(), "hello alice").await.unwrap();
    let answer = message(&mut at_alice).await;

    assert_eq!((hello.text.as_str(), hello.from, hello.id), ("hello bob", alice.user(), id));
    assert_eq!(acked, id);
    assert_eq!((answer.text.as_str(), answer.chat), ("hello alice", Chat::User(bob.user())));
    assert_eq!(answer.grade, Grade::Ratcheted);
}

#[tokio::test]
async fn a_channel_is_heard_by_who_joined_it() {
    let hub = Hub::new();
    let (alice, bob) = (client(&hub).await, client(&hub).await);
    let mut at_bob = bob.events();
    let room = bob.join("#lobby").await.unwrap();

    alice.join("#lobby").await.unwrap();
    alice.send(room.clone(), "hello all").await.unwrap();
    let heard = message(&mut at_bob).await;

    assert_eq!((heard.text.as_str(), heard.chat, heard.grade), ("hello all", room, Grade::Clear));
    assert_eq!(heard.from, alice.user());
}

#[tokio::test]
async fn a_closed_home_opens_again_with_its_history() {
    let hub = Hub::new();
    let home = tempfile::tempdir().unwrap();
    let open = || Client::builder().home(home.path()).network(hub.port()).open();
    let bob = client(&hub).await;
    let alice = open().await.unwrap();
    let (me, chat) = (alice.user(), Chat::User(bob.user()));
    alice.send(chat.clone(), "remember").await.unwrap();
    alice.close().await;

    let again = open().await.unwrap();
    let history = again.history(&chat, 0, 10).await.unwrap();

    assert_eq!(again.user(), me);
    assert_eq!(history.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["remember"]);
    assert_eq!(again.chats().await.unwrap(), [chat]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_a_reason() {
    let hub = Hub::new();
    let alice = client(&hub).await;
    let room = alice.join("#lobby").await.unwrap();

    let blank = alice.send(room.clone(), " \n ").await.unwrap_err().to_string();
    let long = alice.send(room.clone(), &"x".repeat(5_000)).await.unwrap_err().to_string();
    let oneself = alice.send(alice.user(), "me").await.unwrap_err().to_string();
    let name = alice.join("#No Such Room").await.unwrap_err().to_string();

    assert!(blank.contains("refused"), "{blank}");
    assert!(long.contains("4096"), "{long}");
    assert!(oneself.contains("your own key"), "{oneself}");
    assert!(name.contains("neither a user"), "{name}");
    assert_eq!(alice.history(&room, 0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn nobody_leaves_their_own_inbox() {
    let hub = Hub::new();
    let (alice, bob) = (client(&hub).await, client(&hub).await);
    let mut at_bob = bob.events();

    let left = bob.leave(&bob.me()).await.unwrap_err().to_string();
    let joined = bob.join(bob.me()).await.unwrap_err().to_string();
    alice.send(bob.user(), "still there?").await.unwrap();

    assert!(left.contains("your own key") && joined.contains("your own key"), "{left}; {joined}");
    assert_eq!(message(&mut at_bob).await.text, "still there?");
    assert_eq!(bob.chats().await.unwrap(), [Chat::User(alice.user())]);
}
