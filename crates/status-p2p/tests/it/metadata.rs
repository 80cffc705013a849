//! The first words of two nodes.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::Stream;
use status_layer::{FrameId, Network};
use status_p2p::{Config, Metadata, Node};
use tokio::time::{sleep, timeout};

use crate::raw::{METADATA, Raw};
use crate::support::{PATIENCE, address, config, counted, frame, next_frame, node, online, topic};

/// What a node of cluster 16 with shards 32 and 64 says, with its length before it.
const STATUS: &[u8] = b"\x0a\x08\x10\x10\x20\x10\x40\x1a\x02\x20\x40";

async fn asking(node: &Node) -> (Stream, tokio::task::AbortHandle) {
    let mut peer = Raw::anonymous();
    let mut control = peer.control();
    let id = peer.join(node).await;
    let running = peer.run();
    let stream = timeout(PATIENCE, control.open_stream(id, METADATA)).await.unwrap().unwrap();
    (stream, running)
}

#[tokio::test]
async fn who_asks_and_keeps_the_stream_open_is_answered() {
    let a = node(1, &[]).await;
    let (mut stream, peer) = asking(&a).await;

    stream.write_all(STATUS).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();

    assert_eq!(answer, STATUS);
    peer.abort();
}

/// Deployed nodes disconnect whoever leaves their question without an answer.
#[tokio::test]
async fn everybody_who_asks_at_the_same_moment_is_answered() {
    const MANY: usize = 30;
    let a = node(1, &[]).await;
    let mut streams = Vec::new();
    for _ in 0..MANY {
        let mut peer = Raw::anonymous();
        let control = peer.control();
        let id = peer.join(&a).await;
        streams.push((control, id, peer.run()));
    }

    let asked = streams.iter_mut().map(|(control, id, _)| async {
        let mut stream = control.open_stream(*id, METADATA).await.unwrap();
        stream.write_all(STATUS).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = [0; STATUS.len()];
        stream.read_exact(&mut answer).await.map(|()| answer)
    });
    let answers = timeout(PATIENCE, futures::future::join_all(asked)).await.unwrap();

    let answered = answers.into_iter().filter(|answer| answer.as_ref().is_ok_and(|it| it == STATUS));
    assert_eq!(answered.count(), MANY);
}

/// As js-waku does.
#[tokio::test]
async fn who_opens_many_streams_and_asks_later_over_the_newest_is_answered() {
    let a = node(1, &[]).await;
    let mut peer = Raw::anonymous();
    let mut control = peer.control();
    let id = peer.join(&a).await;
    let running = peer.run();
    let mut opened = Vec::new();
    for _ in 0..20 {
        opened.push(timeout(PATIENCE, control.open_stream(id, METADATA)).await.unwrap().unwrap());
    }
    // Longer than a question that has begun may take.
    sleep(Duration::from_secs(11)).await;

    let mut newest = opened.pop().unwrap();
    newest.write_all(STATUS).await.unwrap();
    newest.flush().await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, newest.read_to_end(&mut answer)).await.unwrap().unwrap();

    assert_eq!(answer, STATUS);
    running.abort();
}

#[tokio::test]
async fn the_answer_comes_as_soon_as_the_question_is_whole() {
    let a = node(1, &[]).await;
    let (mut stream, peer) = asking(&a).await;

    for byte in STATUS.iter().chain(b"and more that nobody reads") {
        if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
            break;
        }
    }
    let mut answer = [0; STATUS.len()];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();

    assert_eq!(answer, STATUS);
    peer.abort();
}

#[tokio::test]
async fn hostile_questions_are_not_answered_and_harm_nobody() {
    let mut a = node(1, &[]).await;
    a.watch(&[topic()]);
    for question in [
        &b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..],
        b"\xff\xff\x7f",
        b"\x05\xff\xff\xff\xff\xff",
        b"\x03\x1a\x01\xff",
    ] {
        let (mut stream, peer) = asking(&a).await;
        stream.write_all(question).await.unwrap();
        stream.flush().await.unwrap();

        let mut answer = Vec::new();
        let end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the stream is closed");

        assert!(answer.is_empty(), "{question:?} was answered: {end:?}");
        peer.abort();
    }

    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;
    b.publish(FrameId(1), frame("all is well"));
    assert_eq!(next_frame(&mut a).await, frame("all is well"));
}

#[tokio::test]
async fn questions_that_never_end_take_no_seat_from_others() {
    let a = node(1, &[]).await;
    let mut hostile = Raw::anonymous();
    let mut control = hostile.control();
    let id = hostile.join(&a).await;
    let hostile = hostile.run();
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = timeout(PATIENCE, control.open_stream(id, METADATA)).await.unwrap().unwrap();
        stream.write_all(b"\x0a\x08").await.unwrap();
        stream.flush().await.unwrap();
        held.push(stream);
    }

    let (mut stream, honest) = asking(&a).await;
    stream.write_all(STATUS).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = [0; STATUS.len()];
    timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();

    assert_eq!(answer, STATUS);
    let closed = held.iter_mut().map(|stream| async {
        let mut answer = Vec::new();
        timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await.is_ok()
    });
    let closed = futures::future::join_all(closed).await.into_iter().filter(|closed| *closed).count();
    assert_eq!(closed, 40 - 16, "the oldest make room");
    hostile.abort();
    honest.abort();
}

#[tokio::test]
async fn nodes_of_another_cluster_are_disconnected() {
    let a = node(1, &[]).await;
    let other = Config { cluster: 2, peers: vec![address(&a)], ..config(2) };
    let b = Node::start(other).await.unwrap();

    counted("one of them noticed", || a.stats().strangers + b.stats().strangers > 0).await;
    counted("they are apart", || a.stats().connected == 0).await;
}

#[tokio::test]
async fn a_peer_that_names_another_cluster_is_disconnected() {
    let mut peer = Raw::anonymous();
    let home = peer.listen().await.parse().unwrap();
    let mut questions = peer.control().accept(METADATA).unwrap();
    let a = node(1, &[home]).await;

    let answer = async {
        let (_, mut stream) = questions.next().await.unwrap();
        let mut question = [0; STATUS.len()];
        stream.read_exact(&mut question).await.unwrap();
        let stranger = Metadata { cluster: Some(1), shards: [32].into() }.encode();
        stream.write_all(&[u8::try_from(stranger.len()).unwrap()]).await.unwrap();
        stream.write_all(&stranger).await.unwrap();
        stream.flush().await.unwrap();
        (question, questions)
    };
    let ((question, _questions), ()) = tokio::join!(answer, peer.disconnected());

    assert_eq!(question, STATUS, "every new connection is asked");
    assert_eq!(a.stats().strangers, 1);
}

#[tokio::test]
async fn a_peer_that_answers_rubbish_or_nothing_may_stay() {
    let mut a = node(1, &[]).await;
    a.watch(&[topic()]);
    let mut rubbish = Raw::anonymous();
    let mut questions = rubbish.control().accept(METADATA).unwrap();
    rubbish.join(&a).await;
    let mut silent = Raw::anonymous();
    silent.join(&a).await;

    let answering = tokio::spawn(async move {
        while let Some((_, mut stream)) = questions.next().await {
            // The node may have hung up on this already.
            let _ = stream.write_all(b"\xff\xff\xff\xff\xff").await;
        }
    });
    rubbish.publish(status_p2p::WakuMessage::from_frame(frame("one")).encode());
    let rubbish = rubbish.run();
    assert_eq!(next_frame(&mut a).await, frame("one"));
    silent.publish(status_p2p::WakuMessage::from_frame(frame("two")).encode());
    let silent = silent.run();
    assert_eq!(next_frame(&mut a).await, frame("two"));

    assert_eq!(a.stats().strangers, 0);
    answering.abort();
    rubbish.abort();
    silent.abort();
}
