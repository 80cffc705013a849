//! Nodes get lost and come back.

use status_layer::{FrameId, Network, NetworkEvent};
use status_p2p::{Node, PeerAddr};

use crate::support::{address, config, event, frame, next_frame, node, online, topic};

fn without_name(address: &PeerAddr) -> PeerAddr {
    address.to_string().rsplit_once("/p2p/").unwrap().0.parse().unwrap()
}

/// A node at an address that is in use no more, or will soon be.
async fn node_at(seed: u64, address: &PeerAddr) -> Node {
    loop {
        let mut settings = config(seed);
        settings.listen = vec![address.clone()];
        if let Ok(node) = Node::start(settings).await {
            return node;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_node_that_comes_back_is_found_again() {
    let a = node(1, &[]).await;
    let home = without_name(&address(&a));
    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;

    a.close().await;
    event(&mut b, NetworkEvent::Online(false)).await;
    let mut a = node_at(1, &home).await;
    a.watch(&[topic()]);
    online(&mut b).await;

    b.publish(FrameId(1), frame("welcome back"));
    assert_eq!(next_frame(&mut a).await, frame("welcome back"));
}

#[tokio::test]
async fn a_node_that_comes_back_with_another_name_is_found_if_no_name_was_asked_for() {
    let a = node(1, &[]).await;
    let home = without_name(&address(&a));
    let mut b = node(2, std::slice::from_ref(&home)).await;
    online(&mut b).await;

    a.close().await;
    event(&mut b, NetworkEvent::Online(false)).await;
    let a = node_at(3, &home).await;

    online(&mut b).await;
    assert_ne!(a.id(), b.id());
}

#[tokio::test]
async fn a_node_that_is_not_there_yet_is_dialled_until_it_is() {
    let a = node(1, &[]).await;
    let home = address(&a);
    a.close().await;

    let mut b = node(2, std::slice::from_ref(&home)).await;
    let mut a = node_at(1, &without_name(&home)).await;

    online(&mut b).await;
    online(&mut a).await;
}

#[tokio::test]
async fn nodes_that_dial_each_other_meet() {
    let a = node(1, &[]).await;
    let home = address(&a);
    a.close().await;
    let mut b = node(2, std::slice::from_ref(&home)).await;

    let mut settings = config(1);
    settings.listen = vec![without_name(&home)];
    settings.peers = vec![address(&b)];
    let mut a = Node::start(settings).await.unwrap();

    online(&mut a).await;
    online(&mut b).await;
}
