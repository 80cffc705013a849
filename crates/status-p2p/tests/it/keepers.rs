//! Nodes that keep history, good ones and bad ones, and the wire of the store protocol written down once more.

use std::sync::Arc;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{Stream, StreamProtocol};
use prost::Message;
use status_layer::{Frame, Timestamp};
use status_p2p::{
    Archive, ArchiveError, ArchiveSize, Archived, Config, MemoryArchive, Node, Page, PeerAddr, Query,
    WakuMessage, pubsub_topic,
};
use tokio::time::timeout;

use crate::raw::Raw;
use crate::support::{PATIENCE, config, topic};

pub(crate) const STORE: StreamProtocol = StreamProtocol::new("/vac/waku/store-query/3.0.0");
pub(crate) const LEGACY: StreamProtocol = StreamProtocol::new("/vac/waku/store/2.0.0-beta4");

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(bool, tag = "2")]
    pub(crate) include_data: bool,
    #[prost(string, optional, tag = "10")]
    pub(crate) pubsub_topic: Option<String>,
    #[prost(string, repeated, tag = "11")]
    pub(crate) content_topics: Vec<String>,
    #[prost(sint64, optional, tag = "12")]
    pub(crate) time_start: Option<i64>,
    #[prost(sint64, optional, tag = "13")]
    pub(crate) time_end: Option<i64>,
    #[prost(bytes = "vec", repeated, tag = "20")]
    pub(crate) message_hashes: Vec<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "51")]
    pub(crate) cursor: Option<Vec<u8>>,
    #[prost(bool, tag = "52")]
    pub(crate) forward: bool,
    #[prost(uint64, optional, tag = "53")]
    pub(crate) limit: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Response {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(uint32, optional, tag = "10")]
    pub(crate) status_code: Option<u32>,
    #[prost(string, optional, tag = "11")]
    pub(crate) status_desc: Option<String>,
    #[prost(message, repeated, tag = "20")]
    pub(crate) messages: Vec<Entry>,
    #[prost(bytes = "vec", optional, tag = "51")]
    pub(crate) cursor: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Entry {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub(crate) hash: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(crate) message: Option<Vec<u8>>,
    #[prost(string, optional, tag = "3")]
    pub(crate) pubsub_topic: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Rpc {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) query: Option<LegacyQuery>,
    #[prost(message, optional, tag = "3")]
    pub(crate) response: Option<LegacyResponse>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LegacyQuery {
    #[prost(string, tag = "2")]
    pub(crate) pubsub_topic: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) filters: Vec<Filter>,
    #[prost(message, optional, tag = "4")]
    pub(crate) paging: Option<Paging>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Filter {
    #[prost(string, tag = "1")]
    pub(crate) content_topic: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Paging {
    #[prost(uint64, tag = "1")]
    pub(crate) page_size: u64,
    #[prost(message, optional, tag = "2")]
    pub(crate) cursor: Option<Index>,
    #[prost(int32, tag = "3")]
    pub(crate) direction: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Index {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) digest: Vec<u8>,
    #[prost(sint64, tag = "2")]
    pub(crate) receiver_time: i64,
    #[prost(sint64, tag = "3")]
    pub(crate) sender_time: i64,
    #[prost(string, tag = "4")]
    pub(crate) pubsub_topic: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LegacyResponse {
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) messages: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "3")]
    pub(crate) paging: Option<Paging>,
    #[prost(int32, tag = "4")]
    pub(crate) error: i32,
}

/// Now, less so many seconds.
#[expect(clippy::disallowed_methods, reason = "archives count in the time of day")]
pub(crate) fn ago(seconds: u64) -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(now.as_millis() as u64 - seconds * 1000)
}

/// A frame of the usual topic that was sent so long ago.
pub(crate) fn past(text: &str, seconds: u64) -> Frame {
    Frame { topic: topic(), at: ago(seconds), bytes: text.into() }
}

pub(crate) fn shard() -> String {
    pubsub_topic(16, 32)
}

/// A frame as archives have it.
pub(crate) fn archived(frame: &Frame) -> Archived {
    let message = WakuMessage::from_frame(frame.clone());
    Archived {
        hash: message.hash(&shard()),
        at: message.timestamp.unwrap(),
        pubsub_topic: shard(),
        content_topic: message.content_topic.clone(),
        data: message.encode(),
    }
}

/// An archive that has these frames.
pub(crate) async fn archive(frames: &[Frame]) -> Arc<dyn Archive> {
    let archive = MemoryArchive::new(100_000, u64::MAX);
    archive.keep(frames.iter().map(archived).collect()).await.unwrap();
    Arc::new(archive)
}

/// The settings of a node that keeps history.
pub(crate) fn keeping(seed: u64, archive: Arc<dyn Archive>) -> Config {
    Config { archive: Some(archive), ..config(seed) }
}

/// A node that keeps these frames.
pub(crate) async fn keeper(seed: u64, frames: &[Frame]) -> Node {
    Node::start(keeping(seed, archive(frames).await)).await.unwrap()
}

/// An archive that fails after so many pages.
#[derive(Debug)]
pub(crate) struct Fragile {
    pub(crate) inner: Arc<dyn Archive>,
    pub(crate) pages: std::sync::atomic::AtomicUsize,
}

#[async_trait::async_trait]
impl Archive for Fragile {
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError> {
        self.inner.keep(messages).await
    }

    async fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let left = self.pages.load(std::sync::atomic::Ordering::SeqCst);
        if left == 0 {
            return Err(ArchiveError::Failed("torn".into()));
        }
        self.pages.store(left - 1, std::sync::atomic::Ordering::SeqCst);
        self.inner.page(query).await
    }

    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError> {
        self.inner.forget(before, bytes).await
    }

    async fn size(&self) -> Result<ArchiveSize, ArchiveError> {
        self.inner.size().await
    }
}

/// A peer that answers each question for history with the bytes that `answer` makes of it; nothing, if it makes none.
pub(crate) async fn answering<F>(protocol: StreamProtocol, answer: F) -> (PeerAddr, tokio::task::AbortHandle)
where
    F: Fn(Vec<u8>) -> Option<Vec<u8>> + Send + Sync + 'static,
{
    let mut peer = Raw::anonymous();
    let home = peer.listen().await.parse().unwrap();
    let mut questions = peer.control().accept(protocol).unwrap();
    let running = peer.run();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Some((_, mut stream)) = questions.next().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let question = receive(&mut stream).await;
                match answer(question) {
                    // The node may have hung up on this already.
                    Some(bytes) => drop(stream.write_all(&bytes).await),
                    None => tokio::time::sleep(PATIENCE).await,
                }
                drop(stream.close().await);
            });
        }
    });
    (home, running)
}

/// A message with its length before it.
pub(crate) fn framed(message: &impl Message) -> Vec<u8> {
    message.encode_length_delimited_to_vec()
}

/// One message of a stream, without its length.
pub(crate) async fn receive(stream: &mut Stream) -> Vec<u8> {
    let read = async {
        let (mut len, mut shift) = (0, 0);
        loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            len |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut frame = vec![0; len];
        stream.read_exact(&mut frame).await.unwrap();
        frame
    };
    timeout(PATIENCE, read).await.unwrap()
}
