//! A server that runs: over a network double, with files, and with a gateway behind HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use status_crypto::Keyring;
use status_data_sync::Once;
use status_e2e::{key, must, user};
use status_layer::testing::rng;
use status_layer::{
    Area, Audience, Batch, Body, FrameId, Interest, Memory, MessageId, Name, Network, NetworkEvent, Read,
    Recipient, Row, Store, StoreError, Timestamp, Unit, Value,
};
use status_payload::{
    ChatMark, Content, NotificationType, PushNotification, PushNotificationQuery,
    PushNotificationRegistration, PushNotificationRequest, SealedRegistration, TokenType, decode, encode,
    grant, hash_of_key, hash_of_text,
};
use status_privacy::{Inbox, Inboxes, Waku};
use status_push::{
    Clock, Config, End, Gateway, Outcome, Parts, PushServer, Recording, SystemClock, Webhook, home,
};
use status_security::Bare;
use status_sim::{Hub, Port};
use status_stack::{Engine as _, Input, News, Stack};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const SERVER: u8 = 200;
const ALICE: u8 = 1;
const PASSER_BY: u8 = 77;
const TOKEN: &str = "6a1b6c4e-9d2f-4f4b-8f0e-3a1d5b7c9e10";
const DEVICE: &str = "e1dbe2ab-405c-4ad9-8b27-605c5de54932";
const DEVICE_TOKEN: &str = "the device token";

/// What Alice registers.
fn registration() -> Content {
    let (alice, server) = (key(ALICE), user(SERVER));
    let registration = PushNotificationRegistration {
        token_type: TokenType::Firebase,
        device_token: DEVICE_TOKEN.into(),
        installation_id: DEVICE.into(),
        access_token: TOKEN.into(),
        enabled: true,
        version: 1,
        grant: grant(&*alice, &server, TOKEN),
        ..PushNotificationRegistration::default()
    };
    let sealed = must(SealedRegistration::seal(&registration, &*alice, &server, &mut rng(1)));
    Content::PushNotificationRegistration(sealed)
}

/// A request to notify Alice's device.
fn request(message: &[u8]) -> Content {
    let asked = PushNotification {
        access_token: TOKEN.into(),
        chat_id: ChatMark(hash_of_text("a chat").to_vec()),
        public_key: hash_of_key(&user(ALICE)).to_vec(),
        installation_id: DEVICE.into(),
        message: message.to_vec(),
        r#type: NotificationType::Message,
        author: hash_of_text("an author").to_vec(),
    };
    Content::PushNotificationRequest(PushNotificationRequest {
        requests: vec![asked],
        message_id: vec![9; 32],
    })
}

/// A clock that goes with that of the runtime, which may stand still.
struct Ticking(Instant);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_700_000_000).after(self.0.elapsed())
    }
}

/// A server under way, and what stops it.
struct Life {
    stop: oneshot::Sender<()>,
    end: JoinHandle<(PushServer, End)>,
}

fn begin(folder: &Path, network: Port, gateway: impl Gateway + 'static) -> Life {
    begin_with(Box::new(home::store_in(folder).unwrap()), network, gateway)
}

fn begin_with(store: Box<dyn Store + Send>, network: Port, gateway: impl Gateway + 'static) -> Life {
    let parts = Parts {
        keyring: key(SERVER),
        store,
        network: Box::new(network),
        gateway: Arc::new(gateway),
        clock: Box::new(Ticking(Instant::now())),
        rng: Box::new(rng(3)),
        config: Config::default(),
    };
    let mut server = PushServer::start(parts).unwrap();
    let (stop, stopped) = oneshot::channel();
    let end = tokio::spawn(async move {
        let end = server.run(async { drop(stopped.await) }).await;
        (server, end)
    });
    Life { stop, end }
}

impl Life {
    async fn end(self) -> PushServer {
        self.stop.send(()).unwrap();
        let (server, end) = self.end.await.unwrap();
        assert_eq!(end, End::Stopped);
        server
    }
}

/// Somebody on the hub who speaks the bare wire.
struct Client {
    key: Arc<dyn Keyring>,
    stack: Stack<Once, Bare, Waku<Arc<dyn Keyring>>>,
    store: Memory,
    port: Port,
    count: u8,
}

impl Client {
    fn new(seat: u8, hub: &Hub) -> Self {
        let key = key(seat);
        let inboxes = Inboxes { leave: Inbox::Personal, ..Inboxes::DEPLOYED };
        let privacy = Waku::new(Arc::clone(&key)).with_inboxes(inboxes);
        let stack = Stack::new(Once::default(), Bare::new(key.user()), privacy);
        let mut client = Self { key, stack, store: Memory::new(), port: hub.port(), count: 0 };
        client.run(Input::Start);
        let (whom, how) = (Recipient::User(client.key.user()), Interest::Listen);
        client.run(Input::Expect { whom, how });
        client
    }

    fn run(&mut self, input: Input) -> Vec<News> {
        self.count += 1;
        let mut rng = rng(u64::from(self.count));
        let mut unit = Unit::new(SystemClock.now(), &mut rng, &self.store);
        let out = self.stack.step(&mut unit, input).unwrap();
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        if let Some(topics) = out.topics {
            self.port.watch(&topics);
        }
        for (FrameId(id), frame) in out.frames {
            self.port.publish(FrameId(id), frame);
        }
        out.news
    }

    /// Says something, and waits for the answer.
    async fn ask(&mut self, to: Audience, content: &Content) -> Content {
        let body = Body::passing(encode(&*self.key, content).unwrap().into_bytes());
        self.run(Input::Send { id: MessageId::new([self.count; 32]), to, body });
        let answer = async {
            loop {
                let NetworkEvent::Frame(frame) = self.port.next().await else { continue };
                for news in self.run(Input::Frame(frame)) {
                    if let News::Arrived { body, .. } = news {
                        return decode(&body, None).unwrap().content;
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), answer).await.expect("an answer")
    }
}

/// Reads the body of one request.
async fn read_request(stream: &mut tokio::net::TcpStream) -> serde_json::Value {
    use tokio::io::AsyncReadExt as _;

    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await.unwrap();
        assert!(read > 0, "the request is whole");
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
        if let Some(body) = body {
            return body;
        }
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("in vain waited for: {what}");
}

async fn register(alice: &mut Client) {
    let answer = alice.ask(Audience::User(user(SERVER)), &registration()).await;
    assert!(matches!(answer, Content::PushNotificationRegistrationResponse(it) if it.success));
}

#[tokio::test]
async fn over_a_network_a_device_is_registered_asked_for_and_notified_and_all_survives_a_restart() {
    let (hub, folder, gateway) = (Hub::new(), TempDir::new().unwrap(), Recording::new());
    let (mut alice, mut passer_by) = (Client::new(ALICE, &hub), Client::new(PASSER_BY, &hub));
    let life = begin(folder.path(), hub.port(), gateway.clone());
    register(&mut alice).await;
    let server_of_old = life.end().await;
    assert_eq!((server_of_old.stock().unwrap().people, server_of_old.watcher().tally().registered), (1, 1));
    server_of_old.close().await;

    // The push service is not to be had at first.
    gateway.answer(Outcome::TryLater);
    let life = begin(folder.path(), hub.port(), gateway.clone());
    let hash = hash_of_key(&user(ALICE));
    let question = Content::PushNotificationQuery(PushNotificationQuery { public_keys: vec![hash.to_vec()] });
    let name = Name::new(hex::encode(hash)).unwrap();
    let Content::PushNotificationQueryResponse(answer) =
        passer_by.ask(Audience::Channel(name), &question).await
    else {
        panic!("another answer")
    };
    let content = request(b"sealed for the device");
    let Content::PushNotificationResponse(reports) =
        passer_by.ask(Audience::User(user(SERVER)), &content).await
    else {
        panic!("another answer")
    };
    until("the notification", || gateway.pushes().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let server = life.end().await;
    let waits = server.stock().unwrap().waiting;
    server.close().await;
    let life = begin(folder.path(), hub.port(), gateway.clone());
    until("the second try", || gateway.pushes().len() == 2).await;
    life.end().await.close().await;

    assert_eq!(answer.info.len(), 1);
    assert!(reports.reports[0].success);
    assert_eq!(waits, 1, "what the gateway did not take is kept");
    let [first, second] = &gateway.pushes()[..] else { panic!("two") };
    assert_eq!((first, first.message.as_slice()), (second, &b"sealed for the device"[..]));
    let rows = std::fs::read(folder.path().join(home::STORE_FILE)).unwrap();
    for secret in [DEVICE_TOKEN, TOKEN] {
        assert!(
            !rows.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "{secret} in the file"
        );
    }
}

#[tokio::test]
async fn a_notification_goes_all_the_way_to_a_gateway_behind_http() {
    use tokio::io::AsyncWriteExt as _;

    let (hub, folder) = (Hub::new(), TempDir::new().unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = Webhook::new(&format!("http://{}/api/push", listener.local_addr().unwrap())).unwrap();
    let mut alice = Client::new(ALICE, &hub);
    let life = begin(folder.path(), hub.port(), webhook);
    register(&mut alice).await;
    let gateway = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        body
    });

    alice.ask(Audience::User(user(SERVER)), &request(b"sealed")).await;

    let body = tokio::time::timeout(Duration::from_secs(30), gateway).await.unwrap().unwrap();
    assert_eq!(body["notifications"][0]["tokens"][0], DEVICE_TOKEN);
    let server = life.end().await;
    server.close().await;
}

#[tokio::test]
async fn a_gateway_that_breaks_down_takes_nobody_with_it() {
    struct Broken;

    #[async_trait::async_trait]
    impl Gateway for Broken {
        async fn push(&self, _: &status_push::Push) -> Outcome {
            panic!("broken on purpose")
        }
    }

    let (hub, folder) = (Hub::new(), TempDir::new().unwrap());
    let mut alice = Client::new(ALICE, &hub);
    let life = begin(folder.path(), hub.port(), Broken);
    register(&mut alice).await;

    let first = alice.ask(Audience::User(user(SERVER)), &request(b"one")).await;
    let again = alice.ask(Audience::User(user(SERVER)), &request(b"another")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let server = life.end().await;

    for answer in [first, again] {
        assert!(matches!(answer, Content::PushNotificationResponse(it) if it.reports[0].success));
    }
    assert_eq!(server.stock().unwrap().waiting, 2);
}

/// A store whose disk is full when it is told so.
struct Moody(Memory, Arc<std::sync::atomic::AtomicBool>);

impl Read for Moody {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.0.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.scan(area, prefix, after, limit)
    }
}

impl Store for Moody {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        match self.1.load(std::sync::atomic::Ordering::SeqCst) {
            true => Err(StoreError::Full),
            false => self.0.commit(batch),
        }
    }
}

/// Fills the disk while it has a notification.
struct Filling(Recording, Arc<std::sync::atomic::AtomicBool>);

#[async_trait::async_trait]
impl Gateway for Filling {
    async fn push(&self, push: &status_push::Push) -> Outcome {
        self.1.store(true, std::sync::atomic::Ordering::SeqCst);
        self.0.push(push).await
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_disk_is_full_a_notification_is_not_handed_over_again_and_again() {
    let (hub, full, record) = (Hub::new(), Arc::default(), Recording::new());
    let mut alice = Client::new(ALICE, &hub);
    let store = Moody(Memory::new(), Arc::clone(&full));
    let life = begin_with(Box::new(store), hub.port(), Filling(record.clone(), Arc::clone(&full)));
    register(&mut alice).await;

    alice.ask(Audience::User(user(SERVER)), &request(b"once")).await;
    until("the notification", || !record.pushes().is_empty()).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    full.store(false, std::sync::atomic::Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let server = life.end().await;

    assert_eq!(record.pushes().len(), 1, "it was handed over once");
    assert_eq!((server.stock().unwrap().waiting, server.watcher().tally().pushed), (0, 1));
}
