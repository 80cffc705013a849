//! The suite of the network seam.

use alloc::vec;
use core::future::{Future as _, poll_fn};
use core::pin::pin;
use core::task::Poll;

use crate::{Frame, FrameId, History, Network, NetworkEvent, Timestamp, Topic};

/// Runs the suite over two nodes that are connected, or are about to be.
///
/// The kernel has no clock: the caller puts a time limit around the whole.
pub async fn network<A: Network, B: Network>(a: &mut A, b: &mut B) {
    let heard = Topic::new("/waku/1/0x01020304/rfc26");
    let unheard = Topic::new("/waku/1/0x0a0b0c0d/rfc26");
    let at = Timestamp::from_millis(1_700_000_000_123);
    let frame = |topic: &Topic, byte: u8| Frame { topic: topic.clone(), at, bytes: vec![byte; 300] };

    b.watch(core::slice::from_ref(&heard));
    wait_for(a, "a node reports when it is online", |event| *event == NetworkEvent::Online(true)).await;
    wait_for(b, "a node reports when it is online", |event| *event == NetworkEvent::Online(true)).await;

    a.publish(FrameId(1), frame(&unheard, 1));
    a.publish(FrameId(2), frame(&heard, 2));
    wait_for(a, "publishing is confirmed", |event| *event == NetworkEvent::Published(FrameId(1))).await;
    wait_for(a, "publishing is confirmed", |event| *event == NetworkEvent::Published(FrameId(2))).await;
    let got = first_frame(b).await;
    assert!(got == frame(&heard, 2), "exactly the watched frame arrives, as it was published: {got:?}");

    a.watch(core::slice::from_ref(&heard));
    let got = repeated(b, a, |number| frame(&heard, number)).await;
    assert!(got.topic == heard && got.bytes.len() == 300, "frames go both ways: {got:?}");

    let wanted = History { topics: vec![heard], since: at };
    a.fetch(wanted.clone());
    wait_for(a, "a fetch is answered", |event| {
        *event == NetworkEvent::Fetched(wanted.clone()) || *event == NetworkEvent::NoHistory(wanted.clone())
    })
    .await;
}

async fn wait_for<N: Network>(node: &mut N, what: &str, wanted: impl Fn(&NetworkEvent) -> bool) {
    loop {
        let event = node.next().await;
        assert!(event != NetworkEvent::Closed, "the node closed before: {what}");
        if wanted(&event) {
            return;
        }
    }
}

/// Publishes one frame after the other at one node until a frame arrives at another. A node that has others filter for
/// it hears only what is said after they have heard of it.
async fn repeated<A: Network, B: Network>(from: &mut A, to: &mut B, frame: impl Fn(u8) -> Frame) -> Frame {
    for number in 3..u8::MAX {
        let id = FrameId(number.into());
        from.publish(id, frame(number));
        let mut arrives = pin!(first_frame(to));
        let mut published = pin!(wait_for(from, "publishing is confirmed", |event| {
            *event == NetworkEvent::Published(id)
        }));
        let either = poll_fn(|cx| match arrives.as_mut().poll(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending => published.as_mut().poll(cx).map(|()| None),
        });
        if let Some(frame) = either.await {
            return frame;
        }
    }
    first_frame(to).await
}

async fn first_frame<N: Network>(node: &mut N) -> Frame {
    loop {
        match node.next().await {
            NetworkEvent::Frame(frame) => return frame,
            event => assert!(event != NetworkEvent::Closed, "the node closed before a frame came"),
        }
    }
}
