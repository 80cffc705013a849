//! Filtering for light nodes.

use futures::AsyncWriteExt;
use status_layer::{FrameId, Network};
use status_p2p::{Config, FilterLimits, Node, Rate, Serve, WakuMessage};

use crate::services::{
    ADD, Answer, FilterRequest, PING, Phone, REMOVE, REMOVE_ALL, SHARD, SUBSCRIBE, request, server, serving,
};
use crate::support::{address, counted, frame, node, online, topic};

/// A node that filters with these limits.
async fn limited(limits: FilterLimits) -> Node {
    let serve = Serve { filter: Some(limits), ..Serve::default() };
    Node::start(Config { serve, ..serving(1, &[]) }).await.unwrap()
}

#[tokio::test]
async fn what_is_subscribed_to_is_pushed_byte_for_byte_until_it_is_not() {
    let a = server(1, &[]).await;
    let mut phone = Phone::new(&a).await;
    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;

    assert_eq!(phone.ask(ADD, &["/other", topic().as_str()]).await, 200);
    b.publish(FrameId(1), frame("one"));
    let push = phone.pushed().await;
    assert_eq!(push.pubsub_topic.as_deref(), Some(SHARD));
    assert_eq!(push.waku_message, Some(WakuMessage::from_frame(frame("one")).encode()));

    assert_eq!(phone.ask(REMOVE, &[topic().as_str()]).await, 200);
    b.publish(FrameId(2), frame("two"));
    counted("the second came", || a.stats().messages_in == 2).await;
    assert_eq!(phone.ask(ADD, &[topic().as_str()]).await, 200);
    b.publish(FrameId(3), frame("three"));

    assert_eq!(phone.pushed().await.waku_message, Some(WakuMessage::from_frame(frame("three")).encode()));
    counted("both are counted", || a.stats().pushed == 2).await;
    phone.running.abort();
}

#[tokio::test]
async fn every_request_has_its_code_and_its_id_back() {
    let a = server(1, &[]).await;
    let mut phone = Phone::new(&a).await;

    assert_eq!(phone.ask(PING, &[]).await, 404);
    assert_eq!(phone.ask(REMOVE, &["/t"]).await, 404);
    assert_eq!(phone.ask(REMOVE_ALL, &[]).await, 404);
    assert_eq!(phone.ask(ADD, &[]).await, 400);
    assert_eq!(phone.ask(7, &["/t"]).await, 400);
    let elsewhere =
        FilterRequest { pubsub_topic: Some("/waku/2/rs/16/33".to_owned()), ..request(ADD, &["/t"]) };
    assert_eq!(phone.filter(elsewhere).await.status_code, 400);
    let many = vec!["/t"; 101];
    assert_eq!(phone.ask(ADD, &many).await, 400);

    let answer = phone.filter(request(ADD, &["/t"])).await;
    assert_eq!((answer.status_code, answer.request_id.as_str()), (200, "id"));
    assert_eq!(phone.ask(PING, &[]).await, 200);
    assert_eq!(phone.ask(REMOVE_ALL, &[]).await, 200);
    assert_eq!(phone.ask(PING, &[]).await, 404);
    phone.running.abort();
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_before_the_question_is_read() {
    let rate = Rate { burst: 1, ..Rate::default() };
    let a = limited(FilterLimits { rate, ..FilterLimits::default() }).await;
    let mut phone = Phone::new(&a).await;

    assert_eq!(phone.ask(PING, &[]).await, 404);
    let answer = phone.filter(request(PING, &[])).await;

    assert_eq!((answer.status_code, answer.request_id.as_str()), (429, "N/A"));
    phone.running.abort();
}

#[tokio::test]
async fn there_is_room_for_so_many_subscribers_and_topics() {
    let limits = FilterLimits { subscribers: 2, criteria: 3, ..FilterLimits::default() };
    let a = limited(limits).await;
    let (mut first, mut second, mut third) =
        (Phone::new(&a).await, Phone::new(&a).await, Phone::new(&a).await);

    assert_eq!(first.ask(ADD, &["/1", "/2", "/3"]).await, 200);
    assert_eq!(first.ask(ADD, &["/4"]).await, 503);
    assert_eq!(second.ask(ADD, &["/1"]).await, 200);
    assert_eq!(third.ask(ADD, &["/1"]).await, 503);
    assert_eq!(second.ask(REMOVE_ALL, &[]).await, 200);
    assert_eq!(third.ask(ADD, &["/1"]).await, 200);
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_harms_nobody() {
    let a = server(1, &[]).await;
    let mut phone = Phone::new(&a).await;

    for rubbish in [&b"\x05\xff\xff\xff\xff\xff"[..], b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff"] {
        let answer: Answer = phone.say(SUBSCRIBE, rubbish).await.unwrap();
        assert_eq!((answer.status_code, answer.request_id.as_str()), (400, "N/A"), "{rubbish:?}");
    }
    // One that ends in the middle is not answered.
    let mut broken = phone.control.open_stream(phone.node, SUBSCRIBE).await.unwrap();
    broken.write_all(b"\x0a\x08").await.unwrap();
    broken.close().await.unwrap();

    assert_eq!(phone.ask(ADD, &["/t"]).await, 200);
    phone.running.abort();
}

#[tokio::test]
async fn everybody_who_subscribes_at_the_same_moment_is_answered() {
    const MANY: usize = 30;
    let a = limited(FilterLimits { subscribers: MANY, ..FilterLimits::default() }).await;
    let mut phones = Vec::new();
    for _ in 0..MANY {
        phones.push(Phone::new(&a).await);
    }

    let asked = phones.iter_mut().map(|phone| phone.ask(ADD, &["/t"]));
    let codes = futures::future::join_all(asked).await;

    assert_eq!(codes, [200; MANY]);
}
