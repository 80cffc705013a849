//! The other carrier: everything above it is the same, and so is what comes out.

use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Client, Event, Events, Grade, Message};
use status_data_sync::Mvds;
use status_e2e::diligent::Diligent;
use status_e2e::journal::Journal;
use status_e2e::talk::Talk;
use status_e2e::{key, security, sync, user};
use status_layer::{Frame, Network, NetworkEvent};
use status_privacy::whisper::{Config, Envelope, Expired, Pow, pow};
use status_privacy::{Whisper, hazmat};
use status_security::Sessions;
use status_sim::{Hub, Link};
use status_stack::Stack;
use tokio::time::timeout;

const ALICE: u8 = 1;
const BOB: u8 = 2;

/// Within this time everything happens that is to happen.
const SOON: Duration = Duration::from_secs(60);

/// Envelopes from history are opened too: our history nodes are what mail servers were.
const CONFIG: fn() -> Config = || Config { expired: Expired::Open, ..Config::default() };

/// Alice and Bob over Whisper.
fn talk(seed: u64) -> Talk {
    let mut talk = Talk::empty(seed);
    for seat in [ALICE, BOB] {
        let whisper = Whisper::new(key(seat), CONFIG());
        talk.add(seat, Box::new(Journal(Diligent(Stack::new(sync(seat), security(seat), whisper)))));
    }
    talk
}

#[test]
fn two_users_talk_over_whisper() {
    let mut talk = talk(31);

    talk.say(ALICE, BOB, "hello");
    talk.wait(1);
    talk.say(BOB, ALICE, "hello to you");
    talk.wait(1);
    talk.say(ALICE, BOB, "how are you?");
    talk.wait(60);

    talk.assert_complete("over whisper");
    let grades: Vec<Grade> = talk.mail(BOB).iter().map(|entry| entry.grade).collect();
    assert_eq!(grades.last(), Some(&Grade::Ratcheted));
}

#[test]
fn two_users_talk_over_whisper_through_a_rough_network() {
    let mut talk = talk(32);
    talk.world.link = Link { loss: 20, ..Link::default() };

    for round in 0..10 {
        talk.say(ALICE, BOB, &format!("line {round}"));
        talk.wait(7);
        talk.say(BOB, ALICE, &format!("answer {round}"));
        talk.wait(7);
    }
    talk.wait(3_600);

    talk.assert_complete("over whisper through a rough network");
}

/// A client over Whisper.
fn client(pow: Pow) -> status_chat::ClientBuilder {
    Client::builder().stack(move |us| {
        Stack::new(
            Mvds::new(us.keyring.user(), status_data_sync::Config::default()),
            Sessions::new(status_security::Config::default(), us.keyring.clone(), us.device.clone()),
            Whisper::new(us.keyring.clone(), Config { pow, ..CONFIG() }),
        )
    })
}

async fn wait<T>(events: &mut Events, wanted: impl FnMut(Event) -> Option<T>) -> T {
    heard(events, SOON, wanted).await.unwrap()
}

async fn message(events: &mut Events) -> Message {
    wait(events, |event| if let Event::Message(message) = event { Some(message) } else { None }).await
}

#[tokio::test]
async fn two_clients_talk_over_whisper_envelopes_on_libp2p() {
    let alice = client(Pow::default()).listen("/ip4/127.0.0.1/tcp/0").open().await.unwrap();
    let mut at_alice = alice.events();
    let peer = alice.addresses()[0].clone();
    let bob = client(Pow::default()).listen("/ip4/127.0.0.1/tcp/0").peer(peer).open().await.unwrap();
    let mut at_bob = bob.events();
    for events in [&mut at_alice, &mut at_bob] {
        wait(events, |event| matches!(event, Event::Online(true)).then_some(())).await;
    }

    let id = alice.send(bob.user(), "hello bob").await.unwrap().id();
    let hello = message(&mut at_bob).await;
    wait(&mut at_alice, |event| {
        matches!(event, Event::Delivered { id: acked, .. } if acked == id).then_some(())
    })
    .await;
    bob.send(alice.user(), "hello alice").await.unwrap();
    let answer = message(&mut at_alice).await;

    assert_eq!((hello.id, hello.text.as_str()), (id, "hello bob"));
    assert_eq!((answer.text.as_str(), answer.grade), ("hello alice", Grade::Ratcheted));
}

/// The next frame that is published at a port.
async fn overheard(port: &mut status_sim::Port) -> Frame {
    let next = async {
        loop {
            if let NetworkEvent::Frame(frame) = port.next().await {
                return frame;
            }
        }
    };
    timeout(SOON, next).await.unwrap()
}

#[tokio::test]
async fn what_a_client_publishes_has_the_work_that_nodes_ask_for() {
    let hub = Hub::new();
    let mut ear = hub.port();
    let name = hazmat::partitioned_name(&user(BOB));
    let topic = format!("/whisper/6/0x{}/rlp", hex::encode(hazmat::topic(&name)));
    ear.watch(&[status_layer::Topic::new(topic)]);
    let target = Pow::Target { usual: 2.0, large: 2.0, within: Duration::from_secs(30) };
    let alice = client(target).network(hub.port()).open().await.unwrap();

    alice.send(user(BOB), "hello").await.unwrap();
    let frame = overheard(&mut ear).await;

    let envelope = Envelope::decode(&frame.bytes).unwrap();
    assert!(pow::value(&envelope, 0) >= 2.0);
}

#[tokio::test]
async fn work_that_is_not_done_in_time_is_news_and_the_message_is_kept() {
    let hub = Hub::new();
    let target = Pow::Target { usual: f64::MAX, large: f64::MAX, within: Duration::from_millis(50) };
    let alice = client(target).network(hub.port()).open().await.unwrap();
    let mut events = alice.events();

    alice.send(user(BOB), "hello").await.unwrap();
    let refused =
        wait(&mut events, |event| if let Event::Refused(refused) = event { Some(refused) } else { None })
            .await;

    assert_eq!(refused.layer, "work");
    assert!(refused.why.contains("tried again"), "{refused:?}");
    alice.close().await;
}
