//! Connections are looked after.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use status_layer::{FrameId, Network, NetworkEvent};
use status_p2p::{Keepalive, Limits, Node, PeerAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{address, config, counted, event, frame, next_frame, node, online, topic};

/// A wire to a node that can be cut without a word to either side, and mended for connections made later.
async fn wire(to: &PeerAddr) -> (PeerAddr, Arc<AtomicBool>) {
    let text = to.to_string();
    let mut parts = text.split('/');
    let port: u16 = parts.nth(4).unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at =
        text.replace(&format!("/tcp/{port}/"), &format!("/tcp/{}/", listener.local_addr().unwrap().port()));
    let cut = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (near_in, near_out) = near.into_split();
            let (far_in, far_out) = far.into_split();
            tokio::spawn(carry(near_in, far_out, Arc::clone(&shared)));
            tokio::spawn(carry(far_in, near_out, Arc::clone(&shared)));
        }
    });
    (at.parse().unwrap(), cut)
}

/// Carries bytes until the wire is cut; then it keeps both ends open and is silent for ever.
async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    cut: Arc<AtomicBool>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if cut.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_connection_that_went_silent_is_given_up_and_made_anew() {
    let quick = Keepalive { every: Duration::from_millis(300), patience: Duration::from_millis(300) };
    let mut settings = config(1);
    settings.keepalive = quick;
    let mut a = Node::start(settings).await.unwrap();
    a.watch(&[topic()]);
    let (through, cut) = wire(&address(&a)).await;
    let mut settings = config(2);
    settings.keepalive = quick;
    settings.peers = vec![through];
    let mut b = Node::start(settings).await.unwrap();
    online(&mut b).await;

    cut.store(true, Ordering::Relaxed);
    event(&mut b, NetworkEvent::Online(false)).await;
    cut.store(false, Ordering::Relaxed);
    online(&mut b).await;

    b.publish(FrameId(1), frame("back again"));
    assert_eq!(next_frame(&mut a).await, frame("back again"));
    assert!(b.stats().dead > 0);
}

#[tokio::test]
async fn after_sleep_all_connections_are_made_anew_at_once() {
    let mut a = node(1, &[]).await;
    a.watch(&[topic()]);
    let mut settings = config(2);
    settings.peers = vec![address(&a)];
    settings.redial.first = Duration::from_millis(100);
    let mut b = Node::start(settings).await.unwrap();
    online(&mut b).await;

    b.wake();
    event(&mut b, NetworkEvent::Online(false)).await;
    online(&mut b).await;

    b.publish(FrameId(1), frame("awake"));
    assert_eq!(next_frame(&mut a).await, frame("awake"));
    assert_eq!(b.stats().slept, 1);
}

#[tokio::test]
async fn beyond_the_limit_those_who_came_last_make_room_and_named_ones_stay() {
    let friend = config(9);
    let mut settings = config(1);
    settings.limits = Limits { incoming_relays: 2, per_ip: 100, ..Limits::default() };
    // It is named, and dials itself: nobody listens where it is said to be.
    settings.peers = vec![format!("/ip4/127.0.0.1/tcp/1/p2p/{}", friend.key.node()).parse().unwrap()];
    let a = Node::start(settings).await.unwrap();
    let mut guests = Vec::new();
    for seed in 2..6 {
        let mut guest = node(seed, &[address(&a)]).await;
        online(&mut guest).await;
        guests.push(guest);
    }
    let mut named = Node::start(status_p2p::Config { peers: vec![address(&a)], ..friend }).await.unwrap();
    online(&mut named).await;

    counted("two of them were sent away", || a.stats().pruned >= 2).await;

    assert_eq!((guests[0].stats().connected, guests[1].stats().connected), (1, 1), "the first ones stay");
    assert_eq!(named.stats().connected, 1, "the named one stays");
}

/// As deployed nodes do: such a node neither hears nor says anything that is of use here.
#[tokio::test]
async fn who_gossips_on_no_shard_of_ours_is_parted_with_and_others_stay() {
    let a = node(1, &[]).await;
    let mut settings = config(2);
    settings.shards = vec![1];
    settings.peers = vec![address(&a)];
    let elsewhere = Node::start(settings).await.unwrap();
    let mut settings = config(3);
    settings.shards = vec![1, 64];
    settings.peers = vec![address(&a)];
    let partly = Node::start(settings).await.unwrap();
    counted("both are there", || a.stats().connected == 2).await;

    counted("one of them is parted with", || a.stats().strangers >= 1).await;

    assert_eq!(partly.stats().connected, 1, "one shard is enough");
    counted("it is gone", || elsewhere.stats().connected == 0 || a.stats().strangers >= 2).await;
}

#[tokio::test]
async fn a_process_with_no_memory_to_spare_takes_nobody() {
    let mut settings = config(1);
    settings.limits.memory = Some(1);
    let a = Node::start(settings).await.unwrap();

    let b = node(2, &[address(&a)]).await;

    counted("it was turned away", || a.stats().turned_away > 0).await;
    assert_eq!((a.stats().connected, b.stats().carriers), (0, 0));
}
