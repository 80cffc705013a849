//! A gateway behind HTTP: a gorush, or whatever answers like one.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use status_payload::TokenType;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Gateway, Outcome, Push};

/// How long one notification may take, from the connection to the answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

/// The path that is used if the address has none.
const PATH: &str = "/api/push";

/// What push services say of devices that are gone, as gorush passes it on.
const GONE: [&str; 6] = [
    "Unregistered",
    "BadDeviceToken",
    "NotRegistered",
    "InvalidRegistration",
    "registration-token-not-registered",
    "Requested entity was not found",
];

/// Posts each notification as JSON in the form of gorush to a program that talks to the push services.
///
/// Only `http://` is spoken: the program belongs on the same machine, or behind a proxy or a tunnel that encrypts. It is told
/// device tokens.
#[derive(Clone)]
pub struct Webhook {
    host: String,
    port: u16,
    path: String,
    secret: Option<HeaderValue>,
}

/// Why an address is none of a gateway.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// It is no address.
    #[error("a gateway is an address such as http://127.0.0.1:8088/api/push")]
    NotAnAddress,
    /// It asks for encryption, which is not built in.
    #[error(
        "only http:// is spoken; run the gateway on this machine, or put a proxy that speaks https in between"
    )]
    NotHttp,
    /// The secret cannot be sent.
    #[error("the secret of a gateway has printable letters of ASCII only")]
    Secret,
}

impl Webhook {
    /// The gateway at `http://host:port/path`; without a path, at `/api/push`.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn new(address: &str) -> Result<Self, WebhookError> {
        let uri: Uri = address.parse().map_err(|_| WebhookError::NotAnAddress)?;
        match uri.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(WebhookError::NotHttp),
            None => return Err(WebhookError::NotAnAddress),
        }
        let host = uri.host().ok_or(WebhookError::NotAnAddress)?.to_owned();
        let path = match uri.path_and_query().map_or("/", |path| path.as_str()) {
            "/" => PATH,
            path => path,
        };
        Ok(Self { host, port: uri.port_u16().unwrap_or(80), path: path.to_owned(), secret: None })
    }

    /// Shows this secret with each request: `Authorization: Bearer …`.
    ///
    /// # Errors
    /// [`WebhookError::Secret`].
    pub fn with_secret(mut self, secret: &str) -> Result<Self, WebhookError> {
        let text = Zeroizing::new(format!("Bearer {secret}"));
        let mut value = HeaderValue::from_str(&text).map_err(|_| WebhookError::Secret)?;
        value.set_sensitive(true);
        self.secret = Some(value);
        Ok(self)
    }

    async fn post(&self, push: &Push) -> Result<Outcome, Box<dyn std::error::Error + Send + Sync>> {
        // Brackets are how an address of IPv6 is written, not part of it.
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port)).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = self.request(push)?;
        let talk = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(judge(status, &body))
        };
        tokio::pin!(talk, connection);
        tokio::select! {
            done = &mut talk => done,
            ended = &mut connection => {
                ended?;
                talk.await
            }
        }
    }

    fn request(&self, push: &Push) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(AUTHORIZATION, secret);
        }
        request.body(Full::new(Bytes::from(body(push).to_string())))
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Webhook(http://{}:{}{})", self.host, self.port, self.path)
    }
}

#[async_trait]
impl Gateway for Webhook {
    async fn push(&self, push: &Push) -> Outcome {
        match timeout(PATIENCE, self.post(push)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(why)) => {
                tracing::warn!(%why, gateway = ?self, "the gateway did not take a notification");
                Outcome::TryLater
            }
            Err(_) => {
                tracing::warn!(gateway = ?self, "the gateway is too slow");
                Outcome::TryLater
            }
        }
    }
}

/// What gorush is told. The device finds out with `publicKey` and `chatId` whose and of which chat it is, and opens
/// `encryptedMessage`.
fn body(push: &Push) -> Value {
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let mut notification = json!({
        "tokens": [push.token.expose()],
        "platform": if push.token_type == TokenType::Apn { 1 } else { 2 },
        "data": {
            "encryptedMessage": hex(&push.message),
            "chatId": hex(&push.chat_id),
            "publicKey": hex(&push.public_key),
        },
    });
    if let (TokenType::Apn, Some(fields)) = (push.token_type, notification.as_object_mut()) {
        // The device changes what it shows once it has opened the message.
        fields.insert("topic".to_owned(), push.apn_topic.clone().into());
        fields.insert("message".to_owned(), "You have a new message".into());
        fields.insert("mutable_content".to_owned(), true.into());
        fields.insert("sound".to_owned(), "default".into());
    }
    json!({ "notifications": [notification] })
}

/// What an answer means: taken; gone, as an HTTP status or in the log of gorush; or anything else, which is tried again.
fn judge(status: StatusCode, body: &[u8]) -> Outcome {
    if status == StatusCode::GONE {
        return Outcome::Gone;
    }
    if !status.is_success() {
        tracing::warn!(%status, "the gateway did not take a notification");
        return Outcome::TryLater;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return Outcome::Accepted };
    let logs = answer.get("logs").and_then(Value::as_array).into_iter().flatten();
    let mut errors =
        logs.filter_map(|log| log.get("error").and_then(Value::as_str)).filter(|why| !why.is_empty());
    match errors.next() {
        None => Outcome::Accepted,
        Some(why) if GONE.iter().any(|gone| why.contains(gone)) => Outcome::Gone,
        // The text may name the token, so it is not logged.
        Some(_) => {
            tracing::warn!("the push service did not take a notification");
            Outcome::TryLater
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::DeviceToken;

    fn push(token_type: TokenType) -> Push {
        Push {
            number: 1,
            token_type,
            token: DeviceToken::new("the token".into()),
            apn_topic: "the.topic".into(),
            message: vec![1, 2],
            chat_id: vec![3],
            public_key: vec![4],
            version: 1,
        }
    }

    #[test]
    fn notifications_have_the_form_of_gorush() {
        let data = json!({ "encryptedMessage": "0x0102", "chatId": "0x03", "publicKey": "0x04" });

        let apn = body(&push(TokenType::Apn));
        let firebase = body(&push(TokenType::Firebase));

        let [apn, firebase] = [&apn["notifications"][0], &firebase["notifications"][0]];
        assert_eq!((&apn["platform"], &apn["topic"], &apn["data"]), (&json!(1), &json!("the.topic"), &data));
        assert_eq!(
            (&firebase["platform"], firebase.get("topic"), &firebase["data"]),
            (&json!(2), None, &data)
        );
        assert_eq!(firebase["tokens"], json!(["the token"]));
    }

    #[test]
    fn what_a_gateway_says_is_taken_gone_or_tried_again() {
        let ok = StatusCode::OK;
        let log = |why: &str| json!({ "success": "ok", "logs": [{ "error": why }] }).to_string();

        assert_eq!(judge(ok, b""), Outcome::Accepted);
        assert_eq!(judge(ok, br#"{"counts":1,"logs":[],"success":"ok"}"#), Outcome::Accepted);
        assert_eq!(judge(StatusCode::CREATED, b"not json"), Outcome::Accepted);
        assert_eq!(judge(ok, log("Unregistered").as_bytes()), Outcome::Gone);
        assert_eq!(judge(ok, log("400: BadDeviceToken").as_bytes()), Outcome::Gone);
        assert_eq!(judge(ok, log("TooManyRequests").as_bytes()), Outcome::TryLater);
        assert_eq!(judge(StatusCode::GONE, b""), Outcome::Gone);
        for status in [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::BAD_GATEWAY] {
            assert_eq!(judge(status, b""), Outcome::TryLater);
        }
    }

    #[test]
    fn an_address_that_cannot_be_a_gateway_is_refused() {
        let of = |text| Webhook::new(text).map(|it| format!("{it:?}"));

        assert_eq!(of("http://127.0.0.1:8088").unwrap(), "Webhook(http://127.0.0.1:8088/api/push)");
        assert_eq!(of("http://gateway/send?a=b").unwrap(), "Webhook(http://gateway:80/send?a=b)");
        assert_eq!(of("https://gateway"), Err(WebhookError::NotHttp));
        for none in ["", "gateway", "127.0.0.1:8088", "http://"] {
            assert_eq!(of(none), Err(WebhookError::NotAnAddress), "{none}");
        }
        let secret = Webhook::new("http://gateway").unwrap().with_secret("hush hush").unwrap();
        assert!(!format!("{secret:?}").contains("hush"));
    }

    #[test]
    fn a_notification_does_not_print_its_token() {
        assert!(!format!("{:?}", push(TokenType::Apn)).contains("the token"));
    }
}
