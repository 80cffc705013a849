//! What a relay forwards, and what it does not.

use status_layer::{FrameId, Network, NetworkEvent};
use status_p2p::{Config, Node, WakuMessage};

use crate::raw::Raw;
use crate::support::{address, config, counted, event, frame, next_frame, node, online, topic};

/// Bytes of a frame's message, with a field behind it that nobody knows.
fn adorned(text: &str) -> Vec<u8> {
    let mut bytes = WakuMessage::from_frame(frame(text)).encode();
    bytes.extend_from_slice(b"\xfa\x3f\x05later");
    bytes
}

fn plain(text: &str) -> Vec<u8> {
    WakuMessage::from_frame(frame(text)).encode()
}

async fn listening(seed: u64) -> Node {
    let mut node = node(seed, &[]).await;
    node.watch(&[topic()]);
    node
}

#[tokio::test]
async fn a_frame_travels_through_a_node_in_between() {
    let b = node(2, &[]).await;
    let mut a = node(1, &[address(&b)]).await;
    let mut c = node(3, &[address(&b)]).await;
    c.watch(&[topic()]);
    online(&mut a).await;
    online(&mut c).await;
    counted("b knows both", || b.stats().carriers == 2).await;

    a.publish(FrameId(1), frame("by way of b"));

    assert_eq!(next_frame(&mut c).await, frame("by way of b"));
    assert_eq!((a.stats().connected, c.stats().connected), (1, 1));
    assert_eq!(b.stats().relayed, 1);
    assert_eq!(b.stats().handed_up, 0);
}

#[tokio::test]
async fn bytes_are_forwarded_as_they_came() {
    let mut b = listening(2).await;
    let mut speaker = Raw::anonymous();
    let mut listener = Raw::anonymous();
    speaker.join(&b).await;
    listener.join(&b).await;
    counted("b knows both", || b.stats().carriers == 2).await;

    speaker.publish(adorned("unchanged"));
    let speaker = speaker.run();

    assert_eq!(listener.hear().await, adorned("unchanged"));
    assert_eq!(next_frame(&mut b).await, frame("unchanged"));
    speaker.abort();
}

#[tokio::test]
async fn another_encoding_of_a_message_is_forwarded_but_handed_up_once() {
    let mut b = listening(2).await;
    let mut speaker = Raw::anonymous();
    speaker.join(&b).await;

    speaker.publish(plain("once"));
    speaker.publish(adorned("once"));
    speaker.publish(plain("then another"));
    let speaker = speaker.run();

    assert_eq!(next_frame(&mut b).await, frame("once"));
    assert_eq!(next_frame(&mut b).await, frame("then another"));
    counted("all were forwarded", || b.stats().relayed == 3).await;
    assert_eq!(b.stats().repeated, 1);
    speaker.abort();
}

#[tokio::test]
async fn messages_of_another_version_are_forwarded_but_not_handed_up() {
    let mut b = listening(2).await;
    let mut speaker = Raw::anonymous();
    speaker.join(&b).await;
    for version in [None, Some(0), Some(2)] {
        speaker.publish(WakuMessage { version, ..WakuMessage::from_frame(frame("other")) }.encode());
    }
    speaker.publish(plain("ours"));
    let speaker = speaker.run();

    assert_eq!(next_frame(&mut b).await, frame("ours"));
    counted("all were forwarded", || b.stats().relayed == 4).await;
    assert_eq!(b.stats().handed_up, 1);
    speaker.abort();
}

#[tokio::test]
async fn what_is_no_waku_message_is_refused() {
    let mut b = listening(2).await;
    let mut speaker = Raw::anonymous();
    let mut listener = Raw::anonymous();
    speaker.join(&b).await;
    listener.join(&b).await;
    let good = WakuMessage::from_frame(frame("good"));

    speaker.publish(b"\xff\xff\xff".to_vec());
    speaker.publish(WakuMessage { payload: Vec::new(), ..good.clone() }.encode());
    speaker.publish(WakuMessage { content_topic: String::new(), ..good.clone() }.encode());
    speaker.publish(WakuMessage { meta: Some(vec![0; 65]), ..good.clone() }.encode());
    speaker.publish(good.encode());
    let speaker = speaker.run();

    assert_eq!(next_frame(&mut b).await, frame("good"));
    assert_eq!(listener.hear().await, good.encode());
    assert_eq!(b.stats().refused, 4);
    assert_eq!(b.stats().relayed, 1);
    speaker.abort();
}

#[tokio::test]
async fn a_message_with_an_author_is_refused() {
    let mut b = listening(2).await;
    let mut named = Raw::with_author();
    let mut anonymous = Raw::anonymous();
    named.join(&b).await;
    named.publish(plain("I am somebody"));
    let named = named.run();
    anonymous.join(&b).await;

    // The same bytes without an author are fine: nothing remembers them from the refused message.
    anonymous.publish(plain("I am nobody"));
    anonymous.publish(plain("I am somebody"));
    let anonymous = anonymous.run();

    assert_eq!(next_frame(&mut b).await, frame("I am nobody"));
    assert_eq!(next_frame(&mut b).await, frame("I am somebody"));
    assert_eq!(b.stats().handed_up, 2);
    named.abort();
    anonymous.abort();
}

#[tokio::test]
async fn a_message_above_the_receiving_limit_is_refused() {
    let settings = |seed| Config { receive_limit: 200_000, ..config(seed) };
    let mut b = Node::start(settings(2)).await.unwrap();
    b.watch(&[topic()]);
    let mut speaker = Raw::anonymous();
    speaker.join(&b).await;

    // Within what the transport lets pass.
    speaker.publish(plain(&"x".repeat(200_001)));
    speaker.publish(plain("small"));
    let speaker = speaker.run();

    assert_eq!(next_frame(&mut b).await, frame("small"));
    assert_eq!(b.stats().refused, 1);
    speaker.abort();
}

#[tokio::test]
async fn a_flood_of_one_message_above_all_limits_does_not_stop_others() {
    let mut b = listening(2).await;
    let mut hostile = Raw::anonymous();
    hostile.join(&b).await;
    hostile.publish(plain(&"x".repeat(3 * 1024 * 1024)));
    let hostile = hostile.run();
    let mut a = node(1, &[address(&b)]).await;
    online(&mut a).await;

    a.publish(FrameId(1), frame("still here"));

    event(&mut a, NetworkEvent::Published(FrameId(1))).await;
    assert_eq!(next_frame(&mut b).await, frame("still here"));
    assert_eq!(b.stats().handed_up, 1);
    hostile.abort();
}

#[tokio::test]
async fn who_sends_rubbish_again_and_again_is_no_longer_heard() {
    let mut b = listening(2).await;
    let mut hostile = Raw::anonymous();
    let mut honest = Raw::anonymous();
    hostile.join(&b).await;
    honest.join(&b).await;

    for byte in 0..200 {
        hostile.publish(vec![0xff, byte]);
    }
    hostile.publish(plain("now believe me"));
    let hostile = hostile.run();
    counted("rubbish was refused", || b.stats().refused >= 11).await;
    honest.publish(plain("a word of sense"));
    let honest = honest.run();

    assert_eq!(next_frame(&mut b).await, frame("a word of sense"));
    assert!(b.stats().refused < 200, "after some of it nothing was read: {:?}", b.stats());
    assert_eq!(b.stats().handed_up, 1);
    hostile.abort();
    honest.abort();
}
