//! The messages of services, written down a second time, and peers that ask and answer with them.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::{Control, IncomingStreams};
use prost::Message;
use status_p2p::{Config, Light, Mode, Node, PeerAddr, Serve};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::raw::Raw;
use crate::support::{PATIENCE, config};

pub(crate) const SUBSCRIBE: StreamProtocol = StreamProtocol::new("/vac/waku/filter-subscribe/2.0.0-beta1");
pub(crate) const PUSH: StreamProtocol = StreamProtocol::new("/vac/waku/filter-push/2.0.0-beta1");
pub(crate) const PUSH_V2: StreamProtocol = StreamProtocol::new("/vac/waku/lightpush/2.0.0-beta1");
pub(crate) const PUSH_V3: StreamProtocol = StreamProtocol::new("/vac/waku/lightpush/3.0.0");

pub(crate) const SHARD: &str = "/waku/2/rs/16/32";
pub(crate) const PING: i32 = 0;
pub(crate) const ADD: i32 = 1;
pub(crate) const REMOVE: i32 = 2;
pub(crate) const REMOVE_ALL: i32 = 3;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FilterRequest {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(int32, tag = "2")]
    pub(crate) kind: i32,
    #[prost(string, optional, tag = "10")]
    pub(crate) pubsub_topic: Option<String>,
    #[prost(string, repeated, tag = "11")]
    pub(crate) content_topics: Vec<String>,
}

/// The answers of filters and of version 3 of light push.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answer {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(uint32, tag = "10")]
    pub(crate) status_code: u32,
    #[prost(string, optional, tag = "11")]
    pub(crate) status_desc: Option<String>,
    #[prost(uint32, optional, tag = "12")]
    pub(crate) relay_peer_count: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Push {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub(crate) waku_message: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    pub(crate) pubsub_topic: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PushV3 {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(string, optional, tag = "20")]
    pub(crate) pubsub_topic: Option<String>,
    #[prost(bytes = "vec", optional, tag = "21")]
    pub(crate) message: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RpcV2 {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) request: Option<RequestV2>,
    #[prost(message, optional, tag = "3")]
    pub(crate) response: Option<ResponseV2>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RequestV2 {
    #[prost(string, tag = "1")]
    pub(crate) pubsub_topic: String,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(crate) message: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ResponseV2 {
    #[prost(bool, tag = "1")]
    pub(crate) is_success: bool,
    #[prost(string, optional, tag = "2")]
    pub(crate) info: Option<String>,
}

/// A node that serves light nodes.
pub(crate) async fn server(seed: u64, peers: &[PeerAddr]) -> Node {
    Node::start(serving(seed, peers)).await.unwrap()
}

pub(crate) fn serving(seed: u64, peers: &[PeerAddr]) -> Config {
    Config { serve: Serve::all(), peers: peers.to_vec(), ..config(seed) }
}

/// A light node that is less patient than usual.
pub(crate) async fn light(seed: u64, peers: &[PeerAddr]) -> Node {
    Node::start(lit(seed, peers)).await.unwrap()
}

pub(crate) fn lit(seed: u64, peers: &[PeerAddr]) -> Config {
    let light = Light {
        ping: Duration::from_millis(200),
        echo: Duration::from_secs(1),
        patience: Duration::from_secs(2),
        publish: Duration::from_secs(10),
        ..Light::default()
    };
    Config { mode: Mode::Light, light, shards: vec![32], peers: peers.to_vec(), ..config(seed) }
}

/// A peer that is connected to a node and says what a test wants.
pub(crate) struct Phone {
    pub(crate) control: Control,
    pub(crate) node: PeerId,
    pub(crate) running: AbortHandle,
    /// What is pushed to it, if it takes pushes.
    pub(crate) pushes: Option<IncomingStreams>,
}

impl Phone {
    /// A peer that takes pushes.
    pub(crate) async fn new(node: &Node) -> Self {
        let raw = Raw::anonymous();
        let pushes = raw.control().accept(PUSH).unwrap();
        Self { pushes: Some(pushes), ..Self::of(raw, node).await }
    }

    /// A peer that does not.
    pub(crate) async fn deaf(node: &Node) -> Self {
        Self::of(Raw::anonymous(), node).await
    }

    async fn of(mut raw: Raw, node: &Node) -> Self {
        let control = raw.control();
        let node = raw.join(node).await;
        Self { control, node, running: raw.run(), pushes: None }
    }

    /// Asks something about subscriptions and returns the code.
    pub(crate) async fn ask(&mut self, kind: i32, topics: &[&str]) -> u32 {
        self.filter(request(kind, topics)).await.status_code
    }

    pub(crate) async fn filter(&mut self, request: FilterRequest) -> Answer {
        self.exchange(SUBSCRIBE, &request).await.expect("an answer")
    }

    /// The answer to a question; `None` if the stream is closed without one.
    pub(crate) async fn exchange<A: Message + Default>(
        &mut self,
        protocol: StreamProtocol,
        question: &impl Message,
    ) -> Option<A> {
        self.say(protocol, &question.encode_length_delimited_to_vec()).await
    }

    /// The answer to any bytes.
    pub(crate) async fn say<A: Message + Default>(
        &mut self,
        protocol: StreamProtocol,
        bytes: &[u8],
    ) -> Option<A> {
        let exchange = async {
            let mut stream = self.control.open_stream(self.node, protocol).await.unwrap();
            // The node may have seen enough before the end.
            let _ = stream.write_all(bytes).await;
            let _ = stream.flush().await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            A::decode_length_delimited(answer.as_slice()).ok().filter(|_| !answer.is_empty())
        };
        timeout(PATIENCE, exchange).await.expect("the stream is closed")
    }

    /// The next push.
    pub(crate) async fn pushed(&mut self) -> Push {
        use futures::StreamExt;
        let pushes = self.pushes.as_mut().unwrap();
        let (_, stream) = timeout(PATIENCE, pushes.next()).await.expect("a push in time").unwrap();
        received(stream).await.expect("a whole push")
    }
}

pub(crate) fn request(kind: i32, topics: &[&str]) -> FilterRequest {
    FilterRequest {
        request_id: "id".to_owned(),
        kind,
        pubsub_topic: Some(SHARD.to_owned()),
        content_topics: topics.iter().map(ToString::to_string).collect(),
    }
}

/// Asks over a stream of one's own.
pub(crate) async fn ask_over(mut stream: Stream, question: &impl Message) -> Option<Answer> {
    stream.write_all(&question.encode_length_delimited_to_vec()).await.ok()?;
    stream.flush().await.ok()?;
    received(stream).await
}

/// One message, to the end of the stream.
pub(crate) async fn received<M: Message + Default>(mut stream: Stream) -> Option<M> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.ok()?.ok()?;
    M::decode_length_delimited(bytes.as_slice()).ok()
}

/// A peer that others take for a service node: it answers each question with what `answer` makes of it.
pub(crate) struct Stage {
    pub(crate) address: PeerAddr,
    pub(crate) running: AbortHandle,
    pub(crate) control: Control,
}

impl Stage {
    pub(crate) async fn new(plays: Vec<(StreamProtocol, Play)>) -> Self {
        let mut raw = Raw::anonymous();
        let control = raw.control();
        for (protocol, play) in plays {
            let mut questions = control.clone().accept(protocol).unwrap();
            tokio::spawn(async move {
                use futures::StreamExt;
                while let Some((_, mut stream)) = questions.next().await {
                    let Some(question) = framed(&mut stream).await else { continue };
                    if let Some(answer) = play(&question) {
                        let _ = stream.write_all(&answer).await;
                        let _ = stream.close().await;
                    }
                }
            });
        }
        let address = raw.listen().await.parse().unwrap();
        Self { address, running: raw.run(), control }
    }
}

/// What a [`Stage`] answers, with the length before it; `None` for nothing.
pub(crate) type Play = Box<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// A filter that answers with the code that `code` gives.
pub(crate) fn filtering(code: impl Fn(&FilterRequest) -> u32 + Send + Sync + 'static) -> Play {
    Box::new(move |question| {
        let request = FilterRequest::decode(question).unwrap();
        let status_code = code(&request);
        let answer = Answer { request_id: request.request_id, status_code, ..Answer::default() };
        Some(answer.encode_length_delimited_to_vec())
    })
}

/// Light push of version 3 that answers with what `outcome` gives: a code, and to how many nodes it went.
pub(crate) fn gossiping(outcome: impl Fn(&PushV3) -> (u32, Option<u32>) + Send + Sync + 'static) -> Play {
    Box::new(move |question| {
        let request = PushV3::decode(question).unwrap();
        let (status_code, relay_peer_count) = outcome(&request);
        let answer =
            Answer { request_id: request.request_id, status_code, relay_peer_count, status_desc: None };
        Some(answer.encode_length_delimited_to_vec())
    })
}

/// One message and not a byte more.
async fn framed(stream: &mut Stream) -> Option<Vec<u8>> {
    let mut len = 0_usize;
    for shift in (0..28).step_by(7) {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.ok()?;
        len |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}
