//! Light nodes among those who do not serve them as they should.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::AsyncWriteExt;
use prost::Message;
use status_layer::{FrameId, Network, NetworkEvent, Topic, Unpublished};
use status_p2p::{Config, Light, Node, PeerAddr, Rate, Serve, WakuMessage};

use crate::raw::Raw;
use crate::services::{
    ADD, FilterRequest, PING, PUSH, PUSH_V2, PUSH_V3, Push, REMOVE, REMOVE_ALL, ResponseV2, RpcV2, SHARD,
    SUBSCRIBE, Stage, filtering, gossiping, light, lit, server, serving,
};
use crate::support::{PATIENCE, address, counted, event, frame, next_frame, node, online, topic};

fn push(text: &str) -> Vec<u8> {
    let waku_message = Some(WakuMessage::from_frame(frame(text)).encode());
    Push { waku_message, pubsub_topic: Some(SHARD.to_owned()) }.encode_length_delimited_to_vec()
}

/// A light node with one filter at a time.
async fn single(seed: u64, peers: &[PeerAddr]) -> Node {
    let settings = lit(seed, peers);
    Node::start(Config { light: Light { filters: 1, ..settings.light }, ..settings }).await.unwrap()
}

#[tokio::test]
async fn pushes_of_strangers_are_dropped() {
    let s = server(9, &[]).await;
    let mut settings = lit(1, &[address(&s)]);
    settings.listen = vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
    let mut phone = Node::start(settings).await.unwrap();
    phone.watch(&[topic()]);
    online(&mut phone).await;
    let mut stranger = Raw::anonymous();
    let mut control = stranger.control();
    let id = stranger.call(&phone).await;
    let stranger = stranger.run();

    let mut stream = control.open_stream(id, PUSH).await.unwrap();
    // The node may have hung up on this already.
    let _ = stream.write_all(&push("believe me")).await;
    let _ = stream.close().await;
    counted("it was noticed", || phone.stats().uninvited == 1).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;
    other.publish(FrameId(1), frame("asked for"));

    assert_eq!(next_frame(&mut phone).await, frame("asked for"));
    stranger.abort();
}

#[tokio::test]
async fn pushes_of_what_was_not_asked_for_and_rubbish_are_dropped() {
    let stage =
        Stage::new(vec![(SUBSCRIBE, filtering(|_| 200)), (PUSH_V3, gossiping(|_| (200, Some(1))))]).await;
    let mut settings = lit(1, std::slice::from_ref(&stage.address));
    settings.light.echo = PATIENCE;
    let mut phone = Node::start(settings).await.unwrap();
    phone.watch(&[Topic::new("/something/else")]);
    online(&mut phone).await;
    let id = phone.id().as_str().parse().unwrap();

    for bytes in [&push("not asked for")[..], b"\x03\xff\xff\xff", b"\xff\xff\xff\x7f", b""] {
        let mut stream = stage.control.clone().open_stream(id, PUSH).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.close().await.unwrap();
    }

    counted("one was not asked for", || phone.stats().uninvited == 1).await;
    // Who says nothing says nothing wrong.
    counted("two were rubbish", || phone.stats().refused == 2).await;
    assert_eq!(phone.stats().handed_up, 0);
    stage.running.abort();
}

#[tokio::test]
async fn a_light_node_that_ends_ends_its_subscriptions() {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&kinds);
    let filter = filtering(move |request| {
        heard.lock().unwrap().push(request.kind);
        200
    });
    let stage = Stage::new(vec![(SUBSCRIBE, filter), (PUSH_V3, gossiping(|_| (200, Some(1))))]).await;
    let mut phone = Node::start(lit(1, std::slice::from_ref(&stage.address))).await.unwrap();
    phone.watch(&[topic()]);
    online(&mut phone).await;

    phone.close().await;

    assert_eq!(kinds.lock().unwrap().last(), Some(&REMOVE_ALL), "{kinds:?}");
    stage.running.abort();
}

#[tokio::test]
async fn another_filter_takes_over_when_one_dies() {
    let s = server(8, &[]).await;
    let t = server(9, &[address(&s)]).await;
    let mut phone = single(1, &[address(&s)]).await;
    phone.watch(&[topic()]);
    online(&mut phone).await;
    phone.close().await;
    let mut phone = single(1, &[address(&s), address(&t)]).await;
    phone.watch(&[topic()]);
    online(&mut phone).await;
    let mut other = node(2, &[address(&t)]).await;
    other.watch(&[topic()]);
    online(&mut other).await;

    s.close().await;
    let mut number = 0;
    let heard = loop {
        other.publish(FrameId(number), frame(&format!("{number}")));
        match tokio::time::timeout(Duration::from_millis(200), next_frame(&mut phone)).await {
            Ok(frame) => break frame,
            Err(_) => number += 1,
        }
        assert!(number < 100, "nobody took over");
    };
    phone.publish(FrameId(1), frame("I hear you"));

    assert_eq!(heard.topic, topic());
    assert_eq!(next_frame(&mut other).await, frame("I hear you"));
}

/// It answers everything, but is cut off from the network.
#[tokio::test]
async fn a_filter_that_pushes_nothing_is_noticed_by_our_own_frames_and_replaced() {
    let s = server(9, &[]).await;
    let stage = Stage::new(vec![(SUBSCRIBE, filtering(|_| 200))]).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;
    let mut phone = single(1, std::slice::from_ref(&stage.address)).await;
    phone.watch(&[topic()]);
    counted("it is subscribed with the silent one", || phone.stats().connected == 1).await;
    phone.close().await;

    let mut phone = single(1, &[stage.address.clone(), address(&s)]).await;
    phone.watch(&[topic()]);
    online(&mut phone).await;
    let mut number = 0;
    let heard = loop {
        phone.publish(FrameId(number), frame(&format!("mine {number}")));
        other.publish(FrameId(number), frame(&format!("theirs {number}")));
        match tokio::time::timeout(Duration::from_millis(500), next_frame(&mut phone)).await {
            Ok(frame) => break frame,
            Err(_) => number += 1,
        }
        assert!(number < 60, "it was not noticed");
    };

    assert!(heard.bytes.starts_with(b"theirs"));
    stage.running.abort();
}

#[tokio::test]
async fn a_filter_that_does_not_push_what_another_pushes_is_given_up_and_the_owner_is_told() {
    let s = server(9, &[]).await;
    let stage = Stage::new(vec![(SUBSCRIBE, filtering(|_| 200))]).await;
    let t = server(8, &[address(&s)]).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;
    let mut phone = light(1, &[stage.address.clone(), address(&s)]).await;
    phone.watch(&[topic()]);
    counted("both serve it", || phone.stats().carriers == 2).await;

    other.publish(FrameId(1), frame("one hears, one does not"));
    assert_eq!(next_frame(&mut phone).await, frame("one hears, one does not"));
    counted("the silent one was given up", || phone.stats().silent == 1).await;

    // With nobody else there it is asked again, and its owner is told that somebody serves it anew.
    online(&mut phone).await;
    drop(t);
    stage.running.abort();
}

#[tokio::test]
async fn a_subscription_that_was_forgotten_is_made_again() {
    let subscribed = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&subscribed);
    let filter = filtering(move |request| match request.kind {
        PING if counts.load(Ordering::Relaxed) == 1 => 404,
        ADD => {
            counts.fetch_add(1, Ordering::Relaxed);
            200
        }
        _ => 200,
    });
    let stage = Stage::new(vec![(SUBSCRIBE, filter), (PUSH_V3, gossiping(|_| (200, Some(1))))]).await;
    let mut phone = light(1, std::slice::from_ref(&stage.address)).await;

    phone.watch(&[topic()]);

    counted("it subscribed again", || subscribed.load(Ordering::Relaxed) == 2).await;
    stage.running.abort();
}

#[tokio::test]
async fn changes_are_told_as_differences_of_at_most_a_hundred_topics() {
    let requests = Arc::new(Mutex::new(Vec::<FilterRequest>::new()));
    let log = Arc::clone(&requests);
    let filter = filtering(move |request| {
        if request.kind != PING {
            log.lock().unwrap().push(request.clone());
        }
        200
    });
    let stage = Stage::new(vec![(SUBSCRIBE, filter), (PUSH_V3, gossiping(|_| (200, Some(1))))]).await;
    let mut phone = light(1, std::slice::from_ref(&stage.address)).await;
    let topics = |from: usize, to: usize| -> Vec<Topic> {
        (from..to).map(|number| Topic::new(format!("/t/{number:03}"))).collect()
    };
    let sizes = || -> Vec<(i32, usize)> {
        requests.lock().unwrap().iter().map(|request| (request.kind, request.content_topics.len())).collect()
    };

    phone.watch(&topics(0, 250));
    online(&mut phone).await;
    assert_eq!(sizes(), [(ADD, 100), (ADD, 100), (ADD, 50)]);
    phone.watch(&topics(2, 251));
    counted("the changes were told", || sizes().len() >= 5).await;

    assert_eq!(sizes()[3..], [(REMOVE, 2), (ADD, 1)]);
    stage.running.abort();
}

#[tokio::test]
async fn who_may_be_asked_once_a_second_is_asked_once_a_second() {
    let rate = Rate { burst: 1, ..Rate::default() };
    let serve = Serve { light_push: Some(rate), ..Serve::all() };
    let s = Node::start(Config { serve, ..serving(9, &[]) }).await.unwrap();
    let mut other = node(2, &[address(&s)]).await;
    other.watch(&[topic()]);
    let mut phone = light(1, &[address(&s)]).await;
    online(&mut other).await;
    online(&mut phone).await;

    for number in 0..4 {
        phone.publish(FrameId(number), frame(&format!("{number}")));
    }
    let mut published = 0;
    while published < 4 {
        match crate::support::next(&mut phone).await {
            NetworkEvent::Published(_) => published += 1,
            NetworkEvent::Online(_) => {}
            event => panic!("{event:?}"),
        }
    }

    assert_eq!((s.stats().gossiped_for, phone.stats().messages_out), (4, 4));
}

#[tokio::test]
async fn more_than_goes_out_in_time_waits() {
    let rate = Rate { burst: 1, ..Rate::default() };
    let serve = Serve { light_push: Some(rate), ..Serve::all() };
    let s = Node::start(Config { serve, ..serving(9, &[]) }).await.unwrap();
    let mut other = node(2, &[address(&s)]).await;
    let mut settings = lit(1, &[address(&s)]);
    settings.light.publish = Duration::from_millis(1500);
    let mut phone = Node::start(settings).await.unwrap();
    online(&mut other).await;
    online(&mut phone).await;

    for number in 0..10 {
        phone.publish(FrameId(number), frame(&format!("{number}")));
    }
    let (mut published, mut busy) = (0, 0);
    while published + busy < 10 {
        match crate::support::next(&mut phone).await {
            NetworkEvent::Published(_) => published += 1,
            NetworkEvent::Unpublished(_, Unpublished::Busy) => busy += 1,
            NetworkEvent::Online(_) => {}
            event => panic!("{event:?}"),
        }
    }

    assert!(published >= 1 && busy >= 1, "{published} went out, {busy} are to wait");
}

#[tokio::test]
async fn who_speaks_only_the_older_version_is_asked_in_it() {
    let gossiped = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&gossiped);
    let older = Box::new(move |question: &[u8]| {
        let rpc = RpcV2::decode(question).unwrap();
        assert_eq!(rpc.request.unwrap().message, Some(WakuMessage::from_frame(frame("old style")).encode()));
        counts.fetch_add(1, Ordering::Relaxed);
        let response = Some(ResponseV2 { is_success: true, info: None });
        Some(RpcV2 { request_id: rpc.request_id, request: None, response }.encode_length_delimited_to_vec())
    });
    let stage = Stage::new(vec![(PUSH_V2, older)]).await;
    let mut phone = light(1, std::slice::from_ref(&stage.address)).await;
    online(&mut phone).await;

    phone.publish(FrameId(1), frame("old style"));

    event(&mut phone, NetworkEvent::Published(FrameId(1))).await;
    assert_eq!(gossiped.load(Ordering::Relaxed), 1);
    stage.running.abort();
}

#[tokio::test]
async fn a_frame_is_given_to_two_and_to_a_third_if_one_of_them_refuses() {
    let asked: Vec<_> = (0..3).map(|_| Arc::new(AtomicU32::new(0))).collect();
    let mut stages = Vec::new();
    for (number, count) in asked.iter().enumerate() {
        let count = Arc::clone(count);
        // The first says that it went to nobody.
        let outcome = if number == 0 { (200, Some(0)) } else { (200, Some(1)) };
        let gossip = gossiping(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            outcome
        });
        stages.push(Stage::new(vec![(PUSH_V3, gossip)]).await);
    }
    let peers: Vec<_> = stages.iter().map(|stage| stage.address.clone()).collect();
    let mut phone = light(1, &peers).await;
    counted("all three serve it", || phone.stats().carriers == 3).await;

    phone.publish(FrameId(1), frame("to two of you"));

    event(&mut phone, NetworkEvent::Published(FrameId(1))).await;
    counted("two have taken it", || {
        asked[1..].iter().map(|count| count.load(Ordering::Relaxed)).sum::<u32>() >= 1
    })
    .await;
    for stage in stages {
        stage.running.abort();
    }
}

#[tokio::test]
async fn who_says_nothing_does_not_hold_up_a_frame_for_long() {
    let mute = Stage::new(vec![(PUSH_V3, Box::new(|_| None))]).await;
    let mut settings = lit(1, std::slice::from_ref(&mute.address));
    settings.light.publish = Duration::from_secs(1);
    let mut phone = Node::start(settings).await.unwrap();
    online(&mut phone).await;

    phone.publish(FrameId(1), frame("are you there?"));

    event(&mut phone, NetworkEvent::Unpublished(FrameId(1), Unpublished::Busy)).await;
    mute.running.abort();
}
