use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use status_layer::{Timestamp, Unpublished};

use super::*;

/// What a network was asked for, and what happens on it.
#[derive(Clone, Default)]
struct Air(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    topics: Vec<Topic>,
    published: Vec<FrameId>,
    events: VecDeque<NetworkEvent>,
}

#[async_trait]
impl Network for Air {
    fn watch(&mut self, topics: &[Topic]) {
        self.0.lock().unwrap().topics = topics.to_vec();
    }

    fn publish(&mut self, id: FrameId, _: Frame) {
        self.0.lock().unwrap().published.push(id);
    }

    fn fetch(&mut self, _: History) {}

    async fn next(&mut self) -> NetworkEvent {
        let event = self.0.lock().unwrap().events.pop_front();
        match event {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }
}

fn topic(name: &str) -> Topic {
    Topic::new(name)
}

fn frame(name: &str) -> Frame {
    Frame { topic: topic(name), at: Timestamp::from_secs(1), bytes: vec![1] }
}

impl Air {
    fn happens(&self, event: NetworkEvent) {
        self.0.lock().unwrap().events.push_back(event);
    }

    fn watched(&self) -> Vec<Topic> {
        self.0.lock().unwrap().topics.clone()
    }
}

#[tokio::test]
async fn a_frame_goes_to_whoever_listens_for_it() {
    let air = Air::default();
    let (mut shared, door) = Shared::new(Box::new(air.clone()));
    shared.watch(&[topic("ours"), topic("both")]);
    let mut guest = door.enter(Place::Pairing).await.unwrap();
    guest.watch(vec![topic("guests"), topic("both")]).await;
    assert!(shared.next().now_or_never().is_none());

    for name in ["guests", "both", "ours"] {
        air.happens(NetworkEvent::Frame(frame(name)));
    }
    let (first, second) = (shared.next().await, shared.next().await);

    assert_eq!([first, second], ["both", "ours"].map(|name| NetworkEvent::Frame(frame(name))));
    assert_eq!(guest.next().await, Some(frame("guests")));
    assert_eq!(guest.next().await, Some(frame("both")));
    assert!(guest.next().now_or_never().is_none());
}

#[tokio::test]
async fn what_becomes_of_a_guests_frames_is_not_told_to_the_client() {
    let air = Air::default();
    let (mut shared, door) = Shared::new(Box::new(air.clone()));
    let guest = door.enter(Place::Pairing).await.unwrap();
    guest.publish(frame("guests")).await;
    assert!(shared.next().now_or_never().is_none());
    let id = air.0.lock().unwrap().published[0];

    air.happens(NetworkEvent::Unpublished(id, Unpublished::Busy));
    air.happens(NetworkEvent::Published(id));
    air.happens(NetworkEvent::Published(FrameId(7)));

    assert_eq!(shared.next().await, NetworkEvent::Published(FrameId(7)));
}

#[tokio::test]
async fn a_guest_that_left_or_was_replaced_is_listened_for_no_more() {
    let air = Air::default();
    let (mut shared, door) = Shared::new(Box::new(air.clone()));
    shared.watch(&[topic("ours")]);
    let mut first = door.enter(Place::Pairing).await.unwrap();
    first.watch(vec![topic("first")]).await;
    let second = door.enter(Place::Pairing).await.unwrap();
    second.watch(vec![topic("second")]).await;
    first.watch(vec![topic("first")]).await;
    assert!(shared.next().now_or_never().is_none());
    let replaced = air.watched();
    drop(second);
    assert!(shared.next().now_or_never().is_none());

    assert_eq!(replaced, [topic("ours"), topic("second")]);
    assert_eq!(air.watched(), [topic("ours")]);
    assert_eq!(first.next().await, None, "its place was taken");
}

#[tokio::test]
async fn guests_of_different_kinds_hear_beside_each_other() {
    let air = Air::default();
    let (mut shared, door) = Shared::new(Box::new(air.clone()));
    shared.watch(&[topic("ours")]);
    let mut pairing = door.enter(Place::Pairing).await.unwrap();
    pairing.watch(vec![topic("one"), topic("both")]).await;
    let mut courier = door.enter(Place::Courier).await.unwrap();
    courier.watch(vec![topic("two"), topic("both")]).await;
    assert!(shared.next().now_or_never().is_none());

    for name in ["one", "two", "both", "ours"] {
        air.happens(NetworkEvent::Frame(frame(name)));
    }

    assert_eq!(shared.next().await, NetworkEvent::Frame(frame("ours")));
    for (guest, own) in [(&mut pairing, "one"), (&mut courier, "two")] {
        assert_eq!(guest.next().await, Some(frame(own)));
        assert_eq!(guest.next().await, Some(frame("both")));
        assert!(guest.next().now_or_never().is_none());
    }
}

#[tokio::test]
async fn who_joined_while_the_guest_was_alone_is_told_to_the_client() {
    let air = Air::default();
    let (mut shared, _door) = Shared::new(Box::new(air.clone()));
    air.happens(NetworkEvent::Online(true));

    assert!(shared.serve_guest().now_or_never().is_none());

    assert_eq!(shared.next().await, NetworkEvent::Online(true));
    assert!(shared.next().now_or_never().is_none());
}
