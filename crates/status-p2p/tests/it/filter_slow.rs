//! Filtering for light nodes that do not take what is pushed.

use std::time::Duration;

use status_layer::{Frame, FrameId, Network};
use status_p2p::{Config, FilterLimits, Node, Serve};

use crate::raw::Raw;
use crate::services::{ADD, PING, Phone, serving};
use crate::support::{address, counted, frame, node, online, topic};

/// A node that soon has enough of those who take nothing.
async fn impatient() -> Node {
    let limits = FilterLimits { patience: Duration::from_millis(300), ..FilterLimits::default() };
    let serve = Serve { filter: Some(limits), ..Serve::default() };
    Node::start(Config { serve, ..serving(1, &[]) }).await.unwrap()
}

fn large(number: u8) -> Frame {
    Frame { bytes: vec![number; 100_000], ..frame("") }
}

#[tokio::test]
async fn who_does_not_take_pushes_loses_the_subscription() {
    let a = impatient().await;
    let mut deaf = Phone::deaf(&a).await;
    let mut hearing = Phone::new(&a).await;
    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;
    assert_eq!(deaf.ask(ADD, &[topic().as_str()]).await, 200);
    assert_eq!(hearing.ask(ADD, &[topic().as_str()]).await, 200);

    for number in 0..3 {
        b.publish(FrameId(number), frame(&format!("{number}")));
        hearing.pushed().await;
    }

    counted("three pushes failed", || a.stats().unpushed == 3).await;
    assert_eq!(deaf.ask(PING, &[]).await, 404);
    assert_eq!(hearing.ask(PING, &[]).await, 200);
}

#[tokio::test]
async fn who_stalls_loses_the_subscription_and_holds_up_nobody() {
    let a = impatient().await;
    let mut stalled = Raw::anonymous();
    let (mut control, _pushes) =
        (stalled.control(), stalled.control().accept(crate::services::PUSH).unwrap());
    let id = stalled.join(&a).await;
    let asked = async {
        let stream = control.open_stream(id, crate::services::SUBSCRIBE).await.unwrap();
        crate::services::ask_over(stream, &crate::services::request(ADD, &[topic().as_str()])).await
    };
    // It lives until it is subscribed, and not a moment longer.
    let answer = stalled.live_until(asked).await;
    assert_eq!(answer.unwrap().status_code, 200);
    let mut hearing = Phone::new(&a).await;
    assert_eq!(hearing.ask(ADD, &[topic().as_str()]).await, 200);
    let mut b = node(2, &[address(&a)]).await;
    online(&mut b).await;

    for number in 0..10 {
        b.publish(FrameId(number.into()), large(number));
        let push = hearing.pushed().await;
        assert!(push.waku_message.is_some_and(|message| message.len() > 100_000), "{number} came whole");
    }

    counted("the stalled one was given up", || a.stats().unpushed >= 3).await;
    for number in 10..20 {
        b.publish(FrameId(number.into()), large(number));
        hearing.pushed().await;
    }
    let given_up = a.stats().unpushed;
    assert!(given_up <= 10, "what came later was not tried with it: {given_up}");
}
