//! The gateway behind HTTP, against a real listener.

use std::time::Duration;

use serde_json::Value;
use status_push::{Config, Gateway, Outcome, Webhook};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::desk::{Desk, Person};

/// A notification that waits at a server.
fn push() -> status_push::Push {
    let (mut desk, mut alice) = (Desk::with(Config::default()), Person::new(1));
    let registration = alice.registration(1);
    desk.register(&mut alice, &registration).unwrap();
    desk.notify_one(alice.notification()).unwrap();
    match desk.waiting().remove(0) {
        status_push::Waiting::Push(push) => push,
        other => panic!("{other:?}"),
    }
}

/// Reads one request: its head, and its body.
pub(crate) async fn read_request(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let mut some = [0; 4_096];
        let read = stream.read(&mut some).await.unwrap();
        assert!(read > 0, "the request is whole");
        bytes.extend_from_slice(&some[..read]);
        let text = String::from_utf8_lossy(&bytes).to_string();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(body) = serde_json::from_str(body) {
            return (head.to_owned(), body);
        }
    }
}

/// A gateway that answers each connection with the next of these bytes, and what it was asked.
async fn gateway(
    answers: &'static [&'static str],
) -> (String, tokio::task::JoinHandle<Vec<(String, Value)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serve = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(read_request(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        asked
    });
    (address, serve)
}

#[tokio::test]
async fn a_notification_is_posted_in_the_form_of_gorush_and_the_answer_is_understood() {
    let push = push();
    let (address, serve) = gateway(&[
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n{\"logs\":[{\"error\":\"Unregistered\"}]} \r\n0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
    ])
    .await;
    let webhook = Webhook::new(&address).unwrap().with_secret("a secret").unwrap();

    let mut outcomes = Vec::new();
    for _ in 0..6 {
        outcomes.push(webhook.push(&push).await);
    }

    use Outcome::{Accepted, Gone, TryLater};
    assert_eq!(outcomes, [Accepted, Gone, TryLater, Gone, TryLater, TryLater]);
    let (head, body) = &serve.await.unwrap()[0];
    assert!(head.starts_with("POST /api/push HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer a secret"), "{head}");
    let sent = &body["notifications"][0];
    assert_eq!((&sent["platform"], &sent["tokens"][0]), (&2.into(), &"the device token".into()));
    let hex = |bytes: &[u8]| Value::from(format!("0x{}", hex::encode(bytes)));
    assert_eq!(sent["data"]["encryptedMessage"], hex(&push.message));
    assert_eq!(sent["data"]["chatId"], hex(&push.chat_id));
    assert_eq!(sent["data"]["publicKey"], hex(&push.public_key));
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_tried_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    assert_eq!(Webhook::new(&address).unwrap().push(&push()).await, Outcome::TryLater);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_does_not_answer_is_left_after_a_while() {
    let push = push();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = Webhook::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let began = tokio::time::Instant::now();

    let outcome = webhook.push(&push).await;

    assert_eq!(outcome, Outcome::TryLater);
    assert!(began.elapsed() <= Duration::from_secs(60));
}
