//! Hostile content from a peer whose lower layers are genuine: for the chat to refuse. Whole clients are on the
//! receiving side. Data sync has confirmed the bytes by then; the chat's own rows do not change.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use status_chat::{Chat, Client, Clock as Time, Event, Events};
use status_data_sync::hazmat::{Message as SyncMessage, Payload, Wire, group_id};
use status_e2e::bench::Bench;
use status_e2e::talk::{sign, signed};
use status_e2e::{rows, user};
use status_layer::{
    Area, Batch, Body, Frame, FrameId, Memory, Network, NetworkEvent, Read, Rendezvous, Row, Store,
    StoreError, Timestamp, Value,
};
use status_payload::{ChatMessage, Clock, Kind, MessageType, Place};
use status_sim::Hub;
use tokio::time::timeout;

use super::{ALICE, MALLORY};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The rows of the chat.
const CHAT: u8 = 16;

/// A clock that stands still.
struct Noon;

impl Time for Noon {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A store that can be looked into while a client has it.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Memory>>);

impl Read for Shared {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.0.lock().unwrap().get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.lock().unwrap().scan(area, prefix, after, limit)
    }
}

impl Store for Shared {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.0.lock().unwrap().commit(batch)
    }
}

/// Bob's whole client, and Alice by hand, with a session between them.
struct Visit {
    bob: Client,
    events: Events,
    store: Shared,
    alice: Bench,
    port: status_sim::Port,
    sent: i64,
}

async fn visit() -> Visit {
    let hub = Hub::new();
    let store = Shared::default();
    let bob = Client::builder().network(hub.port()).store(store.clone()).clock(Noon).open().await.unwrap();
    let mut alice = Bench::new(ALICE, NOW);
    let mut port = hub.port();
    port.watch(&alice.watch(&Rendezvous::Inbox(user(ALICE))));
    let mut visit = Visit { events: bob.events(), bob, store, alice, port, sent: 0 };

    let hello = visit.words("hello", |_| {});
    visit.send(hello);
    assert_eq!(visit.next().await, Told::Message("hello".into()));
    // His confirmation brings his keys.
    let answer = visit.frame().await;
    assert!(visit.alice.take(&answer).dropped.is_empty());
    visit
}

/// What Bob's application was told.
#[derive(Debug, Eq, PartialEq)]
enum Told {
    Message(String),
    Refused(String),
    Unsupported(u32),
}

impl Visit {
    /// A text of Alice's for Bob, changed before she signs it.
    fn words(&self, text: &str, change: impl FnOnce(&mut ChatMessage)) -> Body {
        let mut message =
            ChatMessage::text(&Place::User(self.bob.user()), text, Clock::new(NOW.millis()), NOW).unwrap();
        change(&mut message);
        sign(ALICE, message).1
    }

    /// Has Alice's genuine lower layers carry a body to Bob.
    fn send(&mut self, body: Body) {
        self.sent += 1;
        let group_id = group_id(&user(ALICE), &self.bob.user()).as_bytes().to_vec();
        let timestamp = 1_700_000_000 + self.sent;
        let message = SyncMessage { group_id, timestamp, body: body.into_bytes(), ..SyncMessage::default() };
        let payload = Payload { messages: vec![message], ..Payload::default() };
        let sealed = self.alice.seal(self.bob.user(), payload.encode(Wire::Deployed));
        let frame = self.alice.wrap(self.bob.user(), sealed);
        self.port.publish(FrameId(0), Frame { at: NOW, ..frame });
    }

    /// The next thing that is told to Bob's application about what arrived.
    async fn next(&mut self) -> Told {
        let wait = async {
            loop {
                match self.events.next().await.unwrap() {
                    Event::Message(message) => return Told::Message(message.text),
                    Event::Unsupported { kind, .. } => return Told::Unsupported(kind),
                    Event::Refused(refused) => {
                        return Told::Refused(format!("{}: {}", refused.layer, refused.why));
                    }
                    _ => {}
                }
            }
        };
        timeout(Duration::from_secs(20), wait).await.unwrap()
    }

    /// The next frame that reaches Alice.
    async fn frame(&mut self) -> Frame {
        let wait = async {
            loop {
                if let NetworkEvent::Frame(frame) = self.port.next().await {
                    return frame;
                }
            }
        };
        timeout(Duration::from_secs(20), wait).await.unwrap()
    }

    fn rows(&self, area: u8) -> Vec<Row> {
        rows(&self.store.0.lock().unwrap(), area)
    }

    /// Sends a body, and checks that the chat is told about it what is expected and keeps nothing of it.
    async fn refuses(&mut self, what: &str, body: Body, expected: Told) {
        let (chat, sync) = (self.rows(CHAT), self.rows(1));

        self.send(body);
        let told = self.next().await;

        assert_eq!(told, expected, "{what}");
        assert!(self.rows(CHAT) == chat, "{what} was kept");
        assert!(self.rows(1) != sync, "{what} never came so far");
    }

    /// Checks that a genuine message still arrives, and that it and the greeting are all that there is.
    async fn assert_unharmed(&mut self) {
        let genuine = self.words("a genuine word", |message| message.clock = message.clock.next(NOW));
        self.send(genuine);

        assert_eq!(self.next().await, Told::Message("a genuine word".into()));
        let history = self.bob.history(&Chat::User(user(ALICE)), 0, 100).await.unwrap();
        let texts: Vec<&str> = history.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(texts, ["hello", "a genuine word"]);
        assert_eq!(self.bob.chats().await.unwrap(), [Chat::User(user(ALICE))]);
    }
}

fn refused(why: &str) -> Told {
    Told::Refused(format!("chat: {why}"))
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    let mut visit = visit().await;
    let whole = visit.words("cut", |_| {}).into_bytes();

    for len in [1, whole.len() / 2, whole.len() - 1] {
        let body = Body::new(whole[..len].to_vec());
        visit.refuses("a cut body", body, refused("the body is no wrapped message")).await;
    }
    let nonsense = Body::new(vec![0xff; 300]);
    visit.refuses("nonsense", nonsense, refused("the body is no wrapped message")).await;

    visit.assert_unharmed().await;
}

#[tokio::test]
async fn words_of_another_author_are_refused() {
    let mut visit = visit().await;
    let to_bob = Place::User(visit.bob.user());
    let (_, of_mallory) = signed(MALLORY, &to_bob, "I am Mallory's", Clock::new(NOW.millis()), NOW);
    let mut changed = visit.words("signed, then changed", |_| {}).into_bytes();
    let at = changed.windows(6).position(|bytes| bytes == b"signed").unwrap();
    changed[at] ^= 0x20;

    visit.refuses("a forwarded body", of_mallory, refused("its author is not who sent it")).await;
    visit.refuses("a changed body", Body::new(changed), refused("its author is not who sent it")).await;

    visit.assert_unharmed().await;
}

#[tokio::test]
async fn content_that_breaks_the_rules_is_refused() {
    type Change = fn(&mut ChatMessage);
    let cases: [(&str, Change, &str); 6] = [
        ("a clock without time", |message| message.clock = Clock::new(0), "clock"),
        ("a clock far ahead", |message| message.clock = Clock::new(NOW.millis() + 7 * 86_400_000), "ahead"),
        ("the last clock", |message| message.clock = Clock::new(u64::MAX), "ahead"),
        ("a blank text", |message| message.text = " ".into(), "text"),
        ("a text without end", |message| message.text = "x".repeat(5_000), "text"),
        (
            "a message for a channel",
            |message| {
                message.message_type = MessageType::PublicGroup;
                message.chat_id = "lobby".into();
            },
            "it names another chat than the one it came in",
        ),
    ];
    let mut visit = visit().await;

    for (what, change, reason) in cases {
        let (chat, body) = (visit.rows(CHAT), visit.words("broken", change));
        visit.send(body);
        let told = visit.next().await;

        let Told::Refused(why) = &told else { panic!("{what}: {told:?}") };
        assert!(why.starts_with("chat: ") && why.contains(reason), "{what}: {why}");
        assert!(visit.rows(CHAT) == chat, "{what} was kept");
    }

    visit.assert_unharmed().await;
}

#[tokio::test]
async fn a_type_that_nobody_knows_is_told_and_not_shown() {
    let mut visit = visit().await;
    let body = status_payload::hazmat::sign_payload(&*status_e2e::key(ALICE), Kind::from(4_711), vec![8, 1]);

    visit.refuses("an unknown type", body, Told::Unsupported(4_711)).await;

    visit.assert_unharmed().await;
}

#[tokio::test]
async fn words_said_twice_are_shown_once() {
    let mut visit = visit().await;
    let copies = visit.bob.tally().await.unwrap().copies;

    let hello = visit.words("hello", |_| {});
    visit.send(hello);
    visit.assert_unharmed().await;

    assert_eq!(visit.bob.tally().await.unwrap().copies, copies + 1);
}
