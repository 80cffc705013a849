//! Two nodes.

use status_layer::{FrameId, History, Network, NetworkEvent, Timestamp, Unpublished};
use status_p2p::{Node, StartError};

use crate::support::{address, config, counted, event, frame, next, next_frame, node, online, pair, topic};

#[tokio::test]
async fn frames_go_both_ways() {
    let (mut a, mut b) = pair().await;
    a.watch(&[topic()]);
    b.watch(&[topic()]);

    a.publish(FrameId(1), frame("ping"));
    assert_eq!(next_frame(&mut b).await, frame("ping"));
    b.publish(FrameId(2), frame("pong"));
    assert_eq!(next_frame(&mut a).await, frame("pong"));

    event(&mut b, NetworkEvent::Published(FrameId(2))).await;
}

#[tokio::test]
async fn what_is_published_as_soon_as_a_node_is_online_arrives() {
    let mut a = node(1, &[]).await;
    let mut b = node(2, &[address(&a)]).await;
    b.watch(&[topic()]);

    online(&mut a).await;
    for count in 0..20 {
        a.publish(FrameId(count), frame(&format!("early {count}")));
    }

    for count in 0..20 {
        assert_eq!(next_frame(&mut b).await, frame(&format!("early {count}")));
    }
}

#[tokio::test]
async fn a_frame_published_twice_arrives_once_and_counts_as_published() {
    let (mut a, mut b) = pair().await;
    b.watch(&[topic()]);

    a.publish(FrameId(1), frame("same"));
    a.publish(FrameId(2), frame("same"));
    a.publish(FrameId(3), frame("other"));
    event(&mut a, NetworkEvent::Published(FrameId(1))).await;
    event(&mut a, NetworkEvent::Published(FrameId(2))).await;

    assert_eq!(next_frame(&mut b).await, frame("same"));
    assert_eq!(next_frame(&mut b).await, frame("other"));
}

#[tokio::test]
async fn our_own_frame_is_not_handed_back() {
    let (mut a, mut b) = pair().await;
    a.watch(&[topic()]);

    a.publish(FrameId(1), frame("mine"));
    b.publish(FrameId(1), frame("theirs"));

    assert_eq!(next_frame(&mut a).await, frame("theirs"));
    counted("both frames went", || a.stats().messages_out == 1 && b.stats().messages_in == 1).await;
    assert_eq!(a.stats().handed_up, 1);
}

#[tokio::test]
async fn only_watched_topics_are_handed_up_and_the_last_word_counts() {
    let (mut a, mut b) = pair().await;
    b.watch(&[topic()]);
    b.watch(&[]);

    a.publish(FrameId(1), frame("unheard"));
    counted("the frame came", || b.stats().messages_in == 1).await;
    b.watch(&[topic()]);
    a.publish(FrameId(2), frame("heard"));

    assert_eq!(next_frame(&mut b).await, frame("heard"));
}

#[tokio::test]
async fn who_is_alone_is_told_so() {
    let mut a = node(1, &[]).await;

    a.publish(FrameId(7), frame("hello?"));

    assert_eq!(next(&mut a).await, NetworkEvent::Unpublished(FrameId(7), Unpublished::Alone));
}

#[tokio::test]
async fn a_frame_that_was_not_published_can_be_published_again() {
    let mut a = node(1, &[]).await;
    a.publish(FrameId(1), frame("patience"));
    event(&mut a, NetworkEvent::Unpublished(FrameId(1), Unpublished::Alone)).await;
    let mut b = node(2, &[address(&a)]).await;
    b.watch(&[topic()]);
    online(&mut a).await;

    a.publish(FrameId(1), frame("patience"));

    event(&mut a, NetworkEvent::Published(FrameId(1))).await;
    assert_eq!(next_frame(&mut b).await, frame("patience"));
}

#[tokio::test]
async fn the_publishing_limit_is_exact() {
    let (mut a, mut b) = pair().await;
    b.watch(&[topic()]);
    let largest = 150 * 1024 - frame_overhead();

    a.publish(FrameId(1), frame(&"x".repeat(largest + 1)));
    a.publish(FrameId(2), frame(&"x".repeat(largest)));

    event(&mut a, NetworkEvent::Unpublished(FrameId(1), Unpublished::TooLarge)).await;
    event(&mut a, NetworkEvent::Published(FrameId(2))).await;
    assert_eq!(next_frame(&mut b).await.bytes.len(), largest);
}

fn frame_overhead() -> usize {
    let len = 150_000;
    status_p2p::WakuMessage::from_frame(frame(&"x".repeat(len))).encode().len() - len
}

#[tokio::test]
async fn frames_of_a_mebibyte_are_carried_back_to_back() {
    let mut settings = config(1);
    settings.publish_limit = settings.receive_limit;
    let mut a = Node::start(settings).await.unwrap();
    let mut b = node(2, &[address(&a)]).await;
    b.watch(&[topic()]);
    online(&mut a).await;

    let large = |byte: &str| frame(&byte.repeat(1024 * 1024 - 200));
    for (id, byte) in ["a", "b", "c", "d"].into_iter().enumerate() {
        a.publish(FrameId(id as u64), large(byte));
    }

    for byte in ["a", "b", "c", "d"] {
        assert!(next_frame(&mut b).await == large(byte), "{byte} arrives whole");
    }
}

#[tokio::test]
async fn every_frame_gets_an_outcome_however_many_there_are() {
    const MANY: u64 = 1000;
    let mut a = node(1, &[]).await;

    for id in 0..MANY {
        a.publish(FrameId(id), frame("too fast"));
    }
    let mut outcomes = [0; 2];
    for _ in 0..MANY {
        match next(&mut a).await {
            NetworkEvent::Unpublished(_, Unpublished::Busy) => outcomes[0] += 1,
            NetworkEvent::Unpublished(_, Unpublished::Alone) => outcomes[1] += 1,
            event => panic!("{event:?}"),
        }
    }

    assert_eq!(outcomes.iter().sum::<u64>(), MANY);
    assert!(outcomes.iter().all(|count| *count > 0), "some wait, some are told to: {outcomes:?}");
}

#[tokio::test]
async fn a_fetch_is_answered_at_once() {
    let mut a = node(1, &[]).await;
    let wanted = History { topics: vec![topic()], since: Timestamp::from_secs(1) };

    a.fetch(wanted.clone());

    assert_eq!(next(&mut a).await, NetworkEvent::NoHistory(wanted));
}

#[tokio::test]
async fn the_last_one_to_leave_is_noticed() {
    let (mut a, b) = pair().await;

    b.close().await;

    event(&mut a, NetworkEvent::Online(false)).await;
    counted("nobody is connected", || a.stats().connected == 0 && a.stats().carriers == 0).await;
}

#[tokio::test]
async fn a_dropped_node_is_gone() {
    let (mut a, b) = pair().await;

    drop(b);

    event(&mut a, NetworkEvent::Online(false)).await;
}

#[tokio::test]
async fn a_frame_published_right_before_the_end_arrives() {
    let (mut a, mut b) = pair().await;
    b.watch(&[topic()]);

    a.publish(FrameId(1), frame("last words"));
    event(&mut a, NetworkEvent::Published(FrameId(1))).await;
    a.close().await;

    assert_eq!(next_frame(&mut b).await, frame("last words"));
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let (mut a, mut b) = pair().await;
    b.watch(&[topic()]);
    for count in 0..30 {
        a.publish(FrameId(count), frame(&format!("{count}")));
    }

    let mut got = Vec::new();
    while got.len() < 30 {
        // Most of these are dropped while they wait.
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            event = b.next() => if let NetworkEvent::Frame(frame) = event { got.push(frame); },
        }
        if let Ok(NetworkEvent::Frame(frame)) =
            tokio::time::timeout(std::time::Duration::ZERO, b.next()).await
        {
            got.push(frame);
        }
    }

    let sent: Vec<_> = (0..30).map(|count| frame(&format!("{count}"))).collect();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn addresses_are_real_and_bear_the_name() {
    let a = node(1, &[]).await;
    let text = address(&a).to_string();

    assert!(text.starts_with("/ip4/127.0.0.1/tcp/") && !text.contains("/tcp/0/"), "{text}");
    assert!(text.ends_with(&format!("/p2p/{}", a.id())), "{text}");
}

#[tokio::test]
async fn a_taken_port_and_senseless_settings_are_refused() {
    let a = node(1, &[]).await;
    let text = address(&a).to_string();
    let mut taken = config(2);
    taken.listen = vec![text.rsplit_once("/p2p/").unwrap().0.parse().unwrap()];
    let mut shardless = config(3);
    shardless.shards.clear();
    let mut nowhere = config(4);
    nowhere.shards = vec![1024];
    let mut wordless = config(5);
    wordless.publish_limit = 0;

    assert!(matches!(Node::start(taken).await, Err(StartError::Listen { .. })));
    assert!(matches!(Node::start(shardless).await, Err(StartError::Shards { .. })));
    assert!(matches!(Node::start(nowhere).await, Err(StartError::Shards { .. })));
    assert!(matches!(Node::start(wordless).await, Err(StartError::SizeLimit)));
}
