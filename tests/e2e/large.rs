//! A mebibyte in one body: split by the privacy layer, and whole again on the other side.

use std::time::Duration;

use status_data_sync::Mvds;
use status_e2e::journal::{Journal, delivered, mail};
use status_e2e::{must, privacy, security, user};
use status_layer::testing::{SeededRng, rng};
use status_layer::{
    Audience, Body, Interest, Memory, MessageId, Network, NetworkEvent, Recipient, Store, Timestamp, Unit,
    Unpublished,
};
use status_p2p::{Config, HostKey, Node, PeerAddr};
use status_sim::{Link, World};
use status_stack::{Engine, Input, News, Output, Stack};
use tokio::time::timeout;

const ALICE: u8 = 1;
const BOB: u8 = 2;

/// The longest body that there is.
const LARGE: usize = 1 << 20;

/// Within this time everything happens that is to happen.
const SOON: Duration = Duration::from_secs(60);

/// The real stack, whose data sync takes bodies that one envelope does not hold.
fn stack(seat: u8) -> impl Engine + Send + 'static {
    let config = status_data_sync::Config { max_body: LARGE, ..status_data_sync::Config::default() };
    Stack::new(Mvds::new(user(seat), config), security(seat), privacy(seat))
}

fn body() -> Body {
    let mut rng = rng(9);
    Body::new(std::iter::repeat_with(|| rng.below(256) as u8).take(LARGE).collect())
}

#[test]
fn a_mebibyte_arrives_through_a_network_that_loses_frames() {
    let mut world = World::new(5, Link::default());
    let [alice, bob] = [ALICE, BOB].map(|seat| world.add(user(seat), Box::new(Journal(stack(seat)))));
    let ids = [MessageId::new([1; 32]), MessageId::new([2; 32])];
    world.expect(alice, Recipient::User(user(BOB)));
    world.expect(bob, Recipient::User(user(ALICE)));
    world.run_for(Duration::from_secs(60));

    world.send(alice, Audience::User(user(BOB)), ids[0], body());
    world.run_for(Duration::from_secs(10));
    let first = delivered(&world.node(alice).store).len();
    // Nine pieces, ten with what is around the body, and one of parity: resending makes good what is lost beyond that.
    world.link = Link { loss: 5, doubled: 10, damaged: 3, ..Link::default() };
    let mut second = body().into_bytes();
    second[0] ^= 1;
    world.send(alice, Audience::User(user(BOB)), ids[1], Body::new(second.clone()));
    world.run_for(Duration::from_secs(3_600));

    let got: Vec<Body> = mail(&world.node(bob).store).into_iter().map(|entry| entry.body).collect();
    assert_eq!(first, 1, "a good network needs one sending");
    assert!(got == [body(), Body::new(second)], "{} bodies", got.len());
    assert_eq!(delivered(&world.node(alice).store), ids.into_iter().collect());
    assert!(
        world.wire.iter().all(|(_, frame)| frame.bytes.len() <= 150 * 1024),
        "no frame is larger than relays forward"
    );
}

/// A stack driven by hand over a real node.
struct Seat<E> {
    engine: E,
    store: Memory,
    rng: SeededRng,
    node: Node,
    online: bool,
}

impl<E: Engine> Seat<E> {
    async fn new(seat: u8, engine: E, peers: Vec<PeerAddr>) -> Self {
        let mut rng = rng(seat.into());
        let mut config = Config::new(HostKey::generate(&mut rng));
        config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        config.peers = peers;
        let node = Node::start(config).await.unwrap();
        let mut this = Self { engine, store: Memory::new(), rng, node, online: false };
        this.step(Input::Start);
        this.step(Input::Expect { whom: Recipient::User(user(seat)), how: Interest::Listen });
        this
    }

    fn step(&mut self, input: Input) -> Vec<News> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let mut unit = Unit::new(
            Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap()),
            &mut self.rng,
            &self.store,
        );
        let Output { news, frames, topics, .. } = must(self.engine.step(&mut unit, input));
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        if let Some(topics) = topics {
            self.node.watch(&topics);
        }
        for (id, frame) in frames {
            self.node.publish(id, frame);
        }
        news
    }

    /// What the next thing that happens means.
    async fn next(&mut self) -> Vec<News> {
        match self.node.next().await {
            NetworkEvent::Frame(frame) => self.step(Input::Frame(frame)),
            NetworkEvent::Published(id) => self.step(Input::Published(id)),
            NetworkEvent::Online(online) => {
                self.online = online;
                self.step(Input::Online(online))
            }
            NetworkEvent::Unpublished(_, why) if why != Unpublished::Alone => panic!("not published: {why}"),
            _ => Vec::new(),
        }
    }
}

#[tokio::test]
async fn a_mebibyte_arrives_over_libp2p() {
    let mut alice = Seat::new(ALICE, stack(ALICE), Vec::new()).await;
    let mut bob = Seat::new(BOB, stack(BOB), alice.node.listen_addrs()).await;
    let id = MessageId::new([1; 32]);

    let story = async {
        let (mut sent, mut acked, mut arrived) = (false, false, None);
        while arrived.is_none() || !acked {
            let news = tokio::select! {
                news = alice.next() => news,
                news = bob.next() => news,
            };
            for one in news {
                match one {
                    News::Arrived { body, .. } => arrived = Some(body),
                    News::Delivered { id: of, .. } => acked = of == id,
                    _ => {}
                }
            }
            if alice.online && bob.online && !sent {
                sent = true;
                alice.step(Input::Send { id, to: Audience::User(user(BOB)), body: body() });
            }
        }
        arrived
    };
    let arrived = timeout(SOON, story).await.unwrap();

    assert!(arrived == Some(body()));
}
