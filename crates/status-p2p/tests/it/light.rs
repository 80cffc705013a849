//! Light nodes.

use status_layer::testing::conform;
use status_layer::{Frame, FrameId, Network, NetworkEvent, Topic, Unpublished};

use crate::services::{light, server};
use crate::support::{PATIENCE, address, counted, event, frame, next, next_frame, node, online, topic};

#[tokio::test]
async fn light_nodes_do_what_every_network_must() {
    let s = server(8, &[]).await;
    let mut t = server(9, &[address(&s)]).await;
    online(&mut t).await;
    let mut a = light(1, &[address(&s)]).await;
    let mut b = light(2, &[address(&s), address(&t)]).await;

    let done = tokio::time::timeout(PATIENCE, conform::network(&mut a, &mut b)).await;

    done.expect("the suite ends in time");
}

#[tokio::test]
async fn a_light_node_and_a_relaying_one_do_what_every_network_must() {
    let s = server(9, &[]).await;
    let mut a = light(1, &[address(&s)]).await;
    let mut b = node(2, &[address(&s)]).await;

    let done = tokio::time::timeout(PATIENCE, conform::network(&mut a, &mut b)).await;

    done.expect("the suite ends in time");
}

#[tokio::test]
async fn a_light_node_and_a_relaying_one_talk_both_ways_through_a_service_node() {
    let s = server(9, &[]).await;
    let mut relaying = node(1, &[address(&s)]).await;
    let mut phone = light(2, &[address(&s)]).await;
    relaying.watch(&[topic()]);
    phone.watch(&[topic()]);
    online(&mut relaying).await;
    online(&mut phone).await;

    phone.publish(FrameId(1), frame("from the phone"));
    event(&mut phone, NetworkEvent::Published(FrameId(1))).await;
    assert_eq!(next_frame(&mut relaying).await, frame("from the phone"));
    relaying.publish(FrameId(1), frame("to the phone"));
    assert_eq!(next_frame(&mut phone).await, frame("to the phone"));

    counted("its own frame came back and was not handed up", || phone.stats().repeated == 1).await;
    assert_eq!((phone.stats().handed_up, phone.stats().relayed), (1, 0));
    assert_eq!(phone.stats().messages_out, 1);
}

#[tokio::test]
async fn what_two_filters_push_is_handed_up_once() {
    let s = server(8, &[]).await;
    let t = server(9, &[address(&s)]).await;
    let mut phone = light(1, &[address(&s), address(&t)]).await;
    phone.watch(&[topic()]);
    counted("both serve it", || phone.stats().carriers == 2).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;

    other.publish(FrameId(1), frame("once"));
    other.publish(FrameId(2), frame("and again"));

    assert_eq!(next_frame(&mut phone).await, frame("once"));
    assert_eq!(next_frame(&mut phone).await, frame("and again"));
    counted("both came twice", || phone.stats().messages_in == 4).await;
    assert_eq!(phone.stats().handed_up, 2);
}

#[tokio::test]
async fn a_burst_is_pushed_whole() {
    const MANY: u64 = 300;
    let s = server(9, &[]).await;
    let mut phone = light(1, &[address(&s)]).await;
    phone.watch(&[topic()]);
    online(&mut phone).await;
    let mut other = node(2, &[address(&s)]).await;
    online(&mut other).await;

    for part in 0..6 {
        for number in part * 50..(part + 1) * 50 {
            other.publish(FrameId(number), frame(&format!("{number}")));
        }
        for _ in 0..50 {
            next_frame(&mut phone).await;
        }
    }

    assert_eq!(phone.stats().handed_up, MANY);
    assert_eq!(s.stats().unpushed, 0);
}

#[tokio::test]
async fn what_is_watched_may_change() {
    let s = server(9, &[]).await;
    let mut phone = light(1, &[address(&s)]).await;
    let mut other = node(2, &[address(&s)]).await;
    let second = Topic::new("/waku/1/0x0a0b0c0d/rfc26");
    phone.watch(&[topic()]);
    online(&mut phone).await;
    online(&mut other).await;

    phone.watch(std::slice::from_ref(&second));
    let mut number = 0;
    loop {
        other.publish(FrameId(number), Frame { topic: second.clone(), ..frame(&format!("{number}")) });
        let soon = std::time::Duration::from_millis(100);
        match tokio::time::timeout(soon, next_frame(&mut phone)).await {
            Ok(frame) => break assert_eq!(frame.topic, second),
            Err(_) => number += 1,
        }
    }
    other.publish(FrameId(1000), frame("not watched any more"));
    other.publish(FrameId(1001), Frame { topic: second.clone(), ..frame("last") });
    loop {
        let frame = next_frame(&mut phone).await;
        assert_eq!(frame.topic, second, "only what is watched now is handed up");
        if frame.bytes == b"last" {
            break;
        }
    }

    let of_second = number + 2;
    assert!(s.stats().pushed <= of_second, "what is not watched any more is not pushed either");
}

#[tokio::test]
async fn a_light_node_that_is_alone_says_so() {
    let mut phone = light(1, &[]).await;

    phone.publish(FrameId(7), frame("hello?"));

    assert_eq!(next(&mut phone).await, NetworkEvent::Unpublished(FrameId(7), Unpublished::Alone));
}

#[tokio::test]
async fn a_frame_that_goes_to_nobody_is_not_published() {
    let s = server(9, &[]).await;
    let mut phone = light(1, &[address(&s)]).await;
    online(&mut phone).await;

    phone.publish(FrameId(7), frame("hello?"));

    event(&mut phone, NetworkEvent::Unpublished(FrameId(7), Unpublished::Alone)).await;
    assert_eq!(phone.stats().messages_out, 0);
}

#[tokio::test]
async fn the_publishing_limit_of_a_light_node_is_exact() {
    let s = server(9, &[]).await;
    let mut other = node(2, &[address(&s)]).await;
    let mut phone = light(1, &[address(&s)]).await;
    online(&mut phone).await;
    online(&mut other).await;
    let around = status_p2p::WakuMessage::from_frame(frame(&"x".repeat(150_000))).encode().len() - 150_000;
    let largest = 150 * 1024 - around;

    phone.publish(FrameId(1), frame(&"x".repeat(largest + 1)));
    event(&mut phone, NetworkEvent::Unpublished(FrameId(1), Unpublished::TooLarge)).await;
    phone.publish(FrameId(2), frame(&"x".repeat(largest)));
    event(&mut phone, NetworkEvent::Published(FrameId(2))).await;
}
