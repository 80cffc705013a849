//! Whole clients, some of which have others carry their traffic, over libp2p on the loopback.

use std::time::Duration;

use status_chat::testing::heard;
use status_chat::{Client, Event, Events, Grade, Message, MessageId};
use status_layer::testing::rng;
use status_p2p::{Config, HostKey, Node, Serve};

/// Within this time everything happens that is to happen.
const SOON: Duration = Duration::from_secs(60);

/// A node that serves light ones, and the address at which it does.
async fn service(seed: u64, peers: &[String]) -> (Node, String) {
    let mut config = Config::new(HostKey::generate(&mut rng(seed)));
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    config.peers = peers.iter().map(|peer| peer.parse().unwrap()).collect();
    config.limits.per_ip = 100;
    config.serve = Serve::all();
    let node = Node::start(config).await.unwrap();
    let address = node.listen_addrs().first().unwrap().to_string();
    (node, address)
}

struct Seat {
    client: Client,
    events: Events,
}

impl Seat {
    async fn light(peers: &[&String]) -> Self {
        Self::open(Client::builder().light(), peers).await
    }

    async fn relaying(peers: &[&String]) -> Self {
        Self::open(Client::builder(), peers).await
    }

    async fn open(mut builder: status_chat::ClientBuilder, peers: &[&String]) -> Self {
        for peer in peers {
            builder = builder.peer(*peer);
        }
        let client = builder.open().await.unwrap();
        let mut seat = Self { events: client.events(), client };
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

/// Says something, and returns what the other one reads; both have confirmed it by then.
async fn say(from: &mut Seat, to: &mut Seat, text: &str) -> Message {
    let id = from.client.send(to.client.user(), text).await.unwrap().id();
    let message = to.message().await;
    from.delivered(id).await;
    assert_eq!((message.id, message.text.as_str()), (id, text));
    message
}

#[tokio::test]
async fn a_light_client_and_a_relaying_one_talk_both_ways() {
    let (_first, one) = service(1, &[]).await;
    let (_second, two) = service(2, std::slice::from_ref(&one)).await;
    let mut phone = Seat::light(&[&one, &two]).await;
    let mut desk = Seat::relaying(&[&one]).await;

    say(&mut phone, &mut desk, "from the phone").await;
    say(&mut desk, &mut phone, "to the phone").await;
    let last = say(&mut phone, &mut desk, "and again").await;

    assert_eq!(last.grade, Grade::Ratcheted);
}

#[tokio::test]
async fn two_light_clients_talk_though_each_is_served_by_another_node() {
    let (_first, one) = service(1, &[]).await;
    let (_second, two) = service(2, std::slice::from_ref(&one)).await;
    let mut alice = Seat::light(&[&one]).await;
    let mut bob = Seat::light(&[&two]).await;

    say(&mut alice, &mut bob, "hello bob").await;
    say(&mut bob, &mut alice, "hello alice").await;
}
