//! Gossiping for light nodes.

use status_layer::Network;
use status_p2p::{Config, Node, Rate, Serve, WakuMessage};

use crate::services::{Answer, PUSH_V2, PUSH_V3, Phone, PushV3, RequestV2, RpcV2, SHARD, server, serving};
use crate::support::{address, frame, next_frame, node, online, topic};

fn message(text: &str) -> Vec<u8> {
    WakuMessage::from_frame(frame(text)).encode()
}

fn v3(message: Vec<u8>) -> PushV3 {
    PushV3 { request_id: "id".to_owned(), pubsub_topic: Some(SHARD.to_owned()), message: Some(message) }
}

fn v2(message: Vec<u8>) -> RpcV2 {
    let request = RequestV2 { pubsub_topic: SHARD.to_owned(), message: Some(message) };
    RpcV2 { request_id: "id".to_owned(), request: Some(request), response: None }
}

async fn code(phone: &mut Phone, request: &PushV3) -> u32 {
    phone.exchange::<Answer>(PUSH_V3, request).await.unwrap().status_code
}

#[tokio::test]
async fn what_is_given_in_either_version_is_gossiped_and_counted() {
    let a = server(1, &[]).await;
    let mut b = node(2, &[address(&a)]).await;
    b.watch(&[topic()]);
    online(&mut b).await;
    let mut phone = Phone::deaf(&a).await;

    let answer: Answer = phone.exchange(PUSH_V3, &v3(message("three"))).await.unwrap();
    assert_eq!((answer.status_code, answer.request_id.as_str()), (200, "id"));
    assert_eq!(answer.relay_peer_count, Some(2), "to b, and to the peer that asked, which gossips too");
    assert_eq!(next_frame(&mut b).await, frame("three"));

    let answer: RpcV2 = phone.exchange(PUSH_V2, &v2(message("two"))).await.unwrap();
    assert!(answer.response.unwrap().is_success);
    assert_eq!(answer.request_id, "id");
    assert_eq!(next_frame(&mut b).await, frame("two"));
    assert_eq!(a.stats().gossiped_for, 2);
}

#[tokio::test]
async fn the_node_that_gossips_for_others_hears_it_too() {
    let mut a = server(1, &[]).await;
    a.watch(&[topic()]);
    let mut phone = Phone::deaf(&a).await;

    assert_eq!(code(&mut phone, &v3(message("hello"))).await, 200);

    assert_eq!(next_frame(&mut a).await, frame("hello"));
}

#[tokio::test]
async fn every_refusal_has_its_code() {
    let a = server(1, &[]).await;
    let mut phone = Phone::deaf(&a).await;
    let good = WakuMessage::from_frame(frame("good"));
    let elsewhere = PushV3 { pubsub_topic: Some("/waku/2/rs/16/33".to_owned()), ..v3(good.encode()) };
    let nowhere = PushV3 { pubsub_topic: None, ..v3(good.encode()) };
    let long = WakuMessage { meta: Some(vec![0; 65]), ..good.clone() };

    assert_eq!(code(&mut phone, &v3(b"\xff".to_vec())).await, 400);
    assert_eq!(code(&mut phone, &nowhere).await, 400);
    assert_eq!(code(&mut phone, &v3(vec![0; 1024 * 1024 + 1])).await, 413);
    assert_eq!(code(&mut phone, &v3(vec![0; 2 * 1024 * 1024])).await, 413);
    assert_eq!(code(&mut phone, &v3(long.encode())).await, 420);
    assert_eq!(code(&mut phone, &elsewhere).await, 421);
    let answer: Answer = phone.say(PUSH_V3, b"\x03\xff\xff\xff").await.unwrap();
    assert_eq!((answer.status_code, answer.request_id.as_str()), (400, "N/A"));
    let answer: RpcV2 = phone.exchange(PUSH_V2, &RpcV2::default()).await.unwrap();
    assert!(!answer.response.unwrap().is_success);
    assert_eq!(code(&mut phone, &v3(good.encode())).await, 200);
}

#[tokio::test]
async fn who_asks_too_often_is_told_so_in_both_versions() {
    let rate = Rate { burst: 1, ..Rate::default() };
    let serve = Serve { light_push: Some(rate), ..Serve::default() };
    let a = Node::start(Config { serve, ..serving(1, &[]) }).await.unwrap();
    let mut phone = Phone::deaf(&a).await;

    assert_eq!(code(&mut phone, &v3(message("one"))).await, 200);
    let answer: Answer = phone.exchange(PUSH_V3, &v3(message("two"))).await.unwrap();
    assert_eq!((answer.status_code, answer.request_id.as_str()), (429, "N/A"));
    let answer: RpcV2 = phone.exchange(PUSH_V2, &v2(message("three"))).await.unwrap();

    assert!(!answer.response.unwrap().is_success);
    assert_eq!(answer.request_id, "N/A");
    assert_eq!(a.stats().gossiped_for, 1);
}
