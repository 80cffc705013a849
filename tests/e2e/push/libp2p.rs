//! The same over real libp2p, to a gateway behind HTTP.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use status_chat::{Client, DeviceToken, Event, PushState, PushWishes};
use status_e2e::{key, user};
use status_layer::Memory;
use status_layer::testing::rng;
use status_p2p::{Config, HostKey, Node};
use status_payload::{hash_of_key, hash_of_text};
use status_push::{Parts, PushServer, SystemClock, Webhook};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SERVER: u8 = 7;
const SOON: Duration = Duration::from_secs(60);
const HERE: &str = "/ip4/127.0.0.1/tcp/0";

async fn open(peers: &[String]) -> Client {
    let builder =
        peers.iter().fold(Client::builder().listen(HERE), |builder, peer| builder.peer(peer.clone()));
    builder.open().await.unwrap()
}

/// A server that dials a node, and has devices notified by way of a webhook.
async fn serve(peer: &str, webhook: Webhook) {
    let mut config = Config::new(HostKey::generate(&mut rng(70)));
    config.listen = vec![HERE.parse().unwrap()];
    config.peers = vec![peer.parse().unwrap()];
    let parts = Parts {
        keyring: key(SERVER),
        store: Box::new(Memory::new()),
        network: Box::new(Node::start(config).await.unwrap()),
        gateway: Arc::new(webhook),
        clock: Box::new(SystemClock),
        rng: Box::new(rng(71)),
        config: status_push::Config::default(),
    };
    let mut server = PushServer::start(parts).unwrap();
    tokio::spawn(async move { server.run(pending()).await });
}

/// Takes one request, and says yes; returns its body.
async fn taken(listener: &TcpListener) -> serde_json::Value {
    let mut stream: TcpStream = listener.accept().await.unwrap().0;
    let mut bytes = Vec::new();
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the request is whole");
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
        if let Some(body) = body {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            return body;
        }
    }
}

#[tokio::test]
async fn over_libp2p_a_message_comes_out_at_a_gateway_behind_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = Webhook::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let alice = open(&[]).await;
    serve(&alice.addresses()[0], webhook).await;
    let bob = open(alice.addresses()).await;
    let mut events = alice.events();

    let token = DeviceToken::apn("the device token", "im.status").unwrap();
    alice.push().register(&[user(SERVER)], token, PushWishes::default()).await.unwrap();
    let registered = async {
        while !matches!(events.next().await, Some(Event::Push { state: PushState::Registered, .. })) {}
    };
    timeout(SOON, registered).await.unwrap();
    bob.push().set_notifying(true).await.unwrap();
    bob.send(alice.me(), "hello").await.unwrap();
    let body = timeout(SOON, taken(&listener)).await.unwrap();

    let hex = |bytes: [u8; 64]| format!("0x{}", hex::encode(bytes));
    let notification = &body["notifications"][0];
    assert_eq!(notification["tokens"][0], "the device token");
    assert_eq!(notification["platform"], 1);
    assert_eq!(notification["data"]["publicKey"], hex(hash_of_key(&alice.user())));
    let name = status_crypto::text::key_string(&bob.user()).unwrap();
    assert_eq!(notification["data"]["chatId"], hex(hash_of_text(&name)));
    alice.close().await;
    bob.close().await;
}
