//! A node that keeps history, asked by a peer that says what it likes.

use std::sync::Arc;

use futures::AsyncWriteExt;
use libp2p::{PeerId, StreamProtocol};
use prost::Message;
use status_layer::{Frame, FrameId, Network, Timestamp};
use status_p2p::{Archive, MemoryArchive, Node, Query, WakuMessage};
use tokio::time::timeout;

use crate::keepers::{
    Filter, Fragile, Index, LEGACY, LegacyQuery, Paging, Request, Response, Rpc, STORE, archive, archived,
    framed, keeper, keeping, past, receive, shard,
};
use crate::raw::Raw;
use crate::support::{PATIENCE, address, counted, event, frame, node, online, topic};

/// Somebody who asks.
struct Asker {
    control: libp2p_stream::Control,
    node: PeerId,
    running: tokio::task::AbortHandle,
}

impl Asker {
    async fn of(node: &Node) -> Self {
        let mut peer = Raw::anonymous();
        let control = peer.control();
        let node = peer.join(node).await;
        Self { control, node, running: peer.run() }
    }

    async fn say(&mut self, protocol: StreamProtocol, bytes: &[u8]) -> Vec<u8> {
        let mut stream =
            timeout(PATIENCE, self.control.open_stream(self.node, protocol)).await.unwrap().unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.flush().await.unwrap();
        receive(&mut stream).await
    }

    async fn ask(&mut self, request: &Request) -> Response {
        Response::decode(self.say(STORE, &framed(request)).await.as_slice()).unwrap()
    }

    async fn ask_as_before(&mut self, query: LegacyQuery) -> Rpc {
        let rpc = Rpc { request_id: "42".into(), query: Some(query), response: None };
        Rpc::decode(self.say(LEGACY, &framed(&rpc)).await.as_slice()).unwrap()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn texts(response: &Response) -> Vec<String> {
    response.messages.iter().map(|entry| text(entry.message.as_ref().unwrap())).collect()
}

fn text(data: &[u8]) -> String {
    String::from_utf8(WakuMessage::decode(data).unwrap().payload).unwrap()
}

fn request() -> Request {
    Request {
        request_id: "42".into(),
        include_data: true,
        pubsub_topic: Some(shard()),
        content_topics: vec![topic().as_str().into()],
        forward: true,
        limit: Some(2),
        ..Request::default()
    }
}

fn five() -> Vec<Frame> {
    (0..5).map(|n| past(&n.to_string(), 100 - n)).collect()
}

#[tokio::test]
async fn pages_go_both_ways() {
    let keeper = keeper(1, &five()).await;
    let mut asker = Asker::of(&keeper).await;

    for (forward, wanted) in [
        (true, [vec!["0", "1"], vec!["2", "3"], vec!["4"]]),
        (false, [vec!["3", "4"], vec!["1", "2"], vec!["0"]]),
    ] {
        let mut question = Request { forward, ..request() };
        for page in wanted {
            let answer = asker.ask(&question).await;

            assert_eq!((answer.request_id.as_str(), answer.status_code), ("42", Some(200)));
            assert!(
                answer.status_desc.as_ref().is_some_and(|words| !words.is_empty()),
                "some nodes need the words"
            );
            assert_eq!(texts(&answer), page);
            assert!(answer.messages.iter().all(|entry| entry.pubsub_topic.as_ref() == Some(&shard())));
            question.cursor = answer.cursor;
        }
        assert_eq!(question.cursor, None, "forward: {forward}");
    }
}

#[tokio::test]
async fn messages_are_given_byte_for_byte_and_by_name() {
    let strange = b"\x0a\x01\x05\x12\x04/a/b\xa2\x06\x03abc".to_vec();
    let message = WakuMessage::decode(&strange).unwrap();
    let kept = MemoryArchive::new(10, 1000);
    let stored = status_p2p::Archived {
        hash: message.hash("p"),
        at: 5,
        pubsub_topic: "p".into(),
        content_topic: "/a/b".into(),
        data: strange.clone(),
    };
    kept.keep(vec![stored]).await.unwrap();
    let keeper = Node::start(keeping(1, Arc::new(kept))).await.unwrap();
    let mut asker = Asker::of(&keeper).await;
    let hash = message.hash("p").as_bytes().to_vec();

    let by_name = Request { message_hashes: vec![hash.clone()], include_data: true, ..Request::default() };
    let whole = asker.ask(&by_name).await;
    let name = asker.ask(&Request { include_data: false, ..by_name }).await;

    assert_eq!(whole.messages[0].message.as_ref(), Some(&strange));
    assert_eq!(name.messages[0].hash, Some(hash));
    assert_eq!((&name.messages[0].message, &name.messages[0].pubsub_topic), (&None, &None));
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_its_code() {
    let keeper = keeper(1, &five()).await;
    let mut asker = Asker::of(&keeper).await;

    for bad in [
        Request { pubsub_topic: None, ..request() },
        Request { content_topics: vec!["c".into(); 11], ..request() },
        Request { cursor: Some(vec![7; 31]), ..request() },
        Request { cursor: Some(vec![7; 32]), ..request() },
        Request { time_start: Some(2), time_end: Some(1), ..request() },
    ] {
        let answer = asker.ask(&bad).await;
        assert_eq!((answer.status_code, answer.messages.len()), (Some(400), 0), "{bad:?}");
    }
    for unreadable in [&b"\x02\x0a\xff"[..], b"\xff\xff\x7f"] {
        let answer = Response::decode(asker.say(STORE, unreadable).await.as_slice()).unwrap();
        assert_eq!((answer.status_code, answer.request_id.as_str()), (Some(400), "N/A"));
    }
    assert_eq!(asker.ask(&request()).await.status_code, Some(200));
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_and_others_are_answered() {
    let keeper = keeper(1, &five()).await;
    let mut hasty = Asker::of(&keeper).await;
    let mut calm = Asker::of(&keeper).await;

    let mut codes = Vec::new();
    for _ in 0..60 {
        codes.push(hasty.ask(&request()).await.status_code.unwrap());
    }

    assert!(codes.starts_with(&[200; 8]), "as often as deployed nodes ask: {codes:?}");
    assert!(codes.contains(&429), "{codes:?}");
    assert_eq!(calm.ask(&request()).await.status_code, Some(200));
}

#[tokio::test]
async fn everybody_who_asks_for_history_at_the_same_moment_is_answered() {
    let keeper = keeper(1, &five()).await;
    let mut askers = Vec::new();
    for _ in 0..24 {
        askers.push(Asker::of(&keeper).await);
    }

    let asked = request();
    let answers = futures::future::join_all(askers.iter_mut().map(|asker| asker.ask(&asked))).await;

    assert!(answers.iter().all(|answer| answer.status_code == Some(200)), "{answers:?}");
}

#[tokio::test]
async fn an_archive_that_fails_is_unavailable() {
    let torn = Fragile { inner: archive(&five()).await, pages: 0.into() };
    let keeper = Node::start(keeping(1, Arc::new(torn))).await.unwrap();

    assert_eq!(Asker::of(&keeper).await.ask(&request()).await.status_code, Some(503));
}

#[tokio::test]
async fn what_is_relayed_is_kept_unless_it_is_ephemeral() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let mut sender = node(2, &[address(&keeper)]).await;
    online(&mut sender).await;
    let mut peer = Raw::anonymous();
    peer.join(&keeper).await;

    let ephemeral = WakuMessage { ephemeral: Some(true), ..WakuMessage::from_frame(frame("passing")) };
    peer.publish(ephemeral.encode());
    let _running = peer.run();
    sender.publish(FrameId(1), past("to be kept", 1));
    event(&mut sender, status_layer::NetworkEvent::Published(FrameId(1))).await;
    counted("kept", || keeper.stats().archived == 1 && keeper.stats().messages_in == 2).await;

    let page = kept.page(&Query::default()).await.unwrap();
    assert_eq!(page.messages.iter().map(|one| text(&one.data)).collect::<Vec<_>>(), ["to be kept"]);
    assert_eq!(page.messages[0].pubsub_topic, shard());
}

#[tokio::test]
async fn what_came_just_before_a_node_ends_is_kept() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let mut sender = node(2, &[address(&keeper)]).await;
    online(&mut sender).await;

    sender.publish(FrameId(1), past("the last word", 1));
    counted("come", || keeper.stats().messages_in == 1).await;
    keeper.close().await;

    assert_eq!(kept.size().await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_message_of_another_time_is_kept_when_it_comes() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let mut sender = node(2, &[address(&keeper)]).await;
    online(&mut sender).await;

    let future = Timestamp::from_secs(4_000_000_000);
    sender.publish(FrameId(1), Frame { at: future, ..frame("from the future") });
    sender.publish(FrameId(2), frame("written long ago, sent now"));
    counted("kept", || keeper.stats().archived == 2).await;

    let lately = Query {
        from: Some(crate::keepers::ago(60).nanos()),
        until: Some(crate::keepers::ago(0).nanos() + 1_000_000_000),
        ..Query::default()
    };
    assert_eq!(kept.page(&lately).await.unwrap().messages.len(), 2);
}

fn before(cursor: Option<Index>, direction: i32) -> LegacyQuery {
    LegacyQuery {
        pubsub_topic: shard(),
        filters: vec![Filter { content_topic: topic().as_str().into() }],
        paging: Some(Paging { page_size: 2, cursor, direction }),
    }
}

#[tokio::test]
async fn the_older_protocol_goes_both_ways_too() {
    let keeper = keeper(1, &five()).await;
    let mut asker = Asker::of(&keeper).await;

    for (direction, wanted) in
        [(1, [vec!["0", "1"], vec!["2", "3"], vec!["4"]]), (0, [vec!["3", "4"], vec!["1", "2"], vec!["0"]])]
    {
        let mut cursor = None;
        for page in wanted {
            let rpc = asker.ask_as_before(before(cursor, direction)).await;
            let answer = rpc.response.unwrap();

            assert_eq!((rpc.request_id.as_str(), answer.error), ("42", 0));
            assert_eq!(answer.messages.iter().map(|data| text(data)).collect::<Vec<_>>(), page);
            cursor = answer.paging.unwrap().cursor;
        }
        assert_eq!(cursor, None);
    }
}

#[tokio::test]
async fn the_older_protocol_knows_no_strange_places() {
    let keeper = keeper(1, &five()).await;
    let mut asker = Asker::of(&keeper).await;
    let at = archived(&five()[0]).at;

    for receiver_time in [at, 1] {
        let place = Index { digest: vec![1; 32], receiver_time, sender_time: at, pubsub_topic: shard() };
        let answer = asker.ask_as_before(before(Some(place), 1)).await.response.unwrap();
        assert_eq!((answer.error, answer.messages.len()), (1, 0));
    }
    let many = LegacyQuery { filters: vec![Filter { content_topic: "c".into() }; 11], ..before(None, 1) };
    assert_eq!(asker.ask_as_before(many).await.response.unwrap().error, 400);
}

#[tokio::test]
async fn a_node_without_archive_speaks_no_store() {
    let plain = node(1, &[]).await;
    let mut asker = Asker::of(&plain).await;

    for protocol in [STORE, LEGACY] {
        let refused = timeout(PATIENCE, asker.control.open_stream(asker.node, protocol)).await.unwrap();
        assert!(refused.is_err());
    }
}

/// As js-waku does: some ten streams before the first question, and one more with each, which it keeps for the next.
#[tokio::test]
async fn who_opens_many_streams_and_asks_over_an_older_one_is_answered() {
    let keeper = keeper(1, &five()).await;
    let mut asker = Asker::of(&keeper).await;
    let mut opened = Vec::new();
    for _ in 0..12 {
        let stream = asker.control.open_stream(asker.node, STORE);
        opened.push(timeout(PATIENCE, stream).await.unwrap().unwrap());
    }

    let mut oldest = opened.remove(0);
    oldest.write_all(&framed(&request())).await.unwrap();
    oldest.flush().await.unwrap();
    let answer = Response::decode(receive(&mut oldest).await.as_slice()).unwrap();

    assert_eq!(texts(&answer), ["0", "1"]);
}
