//! Nodes that were away, or hard of hearing, and get what they missed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Timestamp, Topic};
use status_p2p::{Archive, Asking, Config, Confirming, MemoryArchive, Node, PeerAddr, Query};
use tokio::time::{Instant, timeout};

use crate::keepers::{
    Entry, Fragile, LEGACY, LegacyResponse, Request, Response, Rpc, STORE, ago, answering, archive, archived,
    framed, keeper, keeping, past, shard,
};
use crate::support::{PATIENCE, address, config, counted, event, frame, next, online, topic};

const DAY: u64 = 86_400;

/// Everything at once, except that nothing is looked for unless a test says so.
const SOON: Asking = Asking {
    every: Duration::from_secs(3600),
    delay: Duration::ZERO,
    window: Duration::from_secs(DAY),
    page: 50,
    patience: Duration::from_secs(2),
    rest: Duration::from_millis(100),
    confirming: None,
};

fn asking(seed: u64, peers: &[PeerAddr], asking: Asking) -> Config {
    Config { asking, peers: peers.to_vec(), ..config(seed) }
}

async fn start(seed: u64, peers: &[PeerAddr]) -> Node {
    let mut node = Node::start(asking(seed, peers, SOON)).await.unwrap();
    node.watch(&[topic()]);
    node
}

fn wish(seconds: u64) -> History {
    History { topics: vec![topic()], since: ago(seconds) }
}

/// What comes until a wish is fulfilled: texts, and up to when all was here.
async fn fulfilled(node: &mut Node, wish: &History) -> (Vec<String>, Vec<Timestamp>) {
    timeout(PATIENCE, until_fulfilled(node, wish)).await.expect("a wish is fulfilled in time")
}

async fn until_fulfilled(node: &mut Node, wish: &History) -> (Vec<String>, Vec<Timestamp>) {
    let (mut texts, mut covered) = (Vec::new(), Vec::new());
    loop {
        match next(node).await {
            NetworkEvent::Frame(frame) => texts.push(String::from_utf8(frame.bytes).unwrap()),
            NetworkEvent::Covered(history, until) if history == *wish => covered.push(until),
            NetworkEvent::Fetched(history) if history == *wish => return (texts, covered),
            NetworkEvent::Closed => panic!("closed"),
            _ => {}
        }
    }
}

async fn frames(node: &mut Node, count: usize) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    let wait = async {
        while texts.len() < count {
            if let NetworkEvent::Frame(frame) = next(node).await {
                texts.insert(String::from_utf8(frame.bytes).unwrap());
            }
        }
    };
    timeout(PATIENCE, wait).await.expect("frames in time");
    texts
}

fn numbered(numbers: std::ops::Range<u64>) -> Vec<Frame> {
    numbers.map(|n| past(&format!("{n:04}"), 2000 - n)).collect()
}

fn set(frames: &[Frame]) -> BTreeSet<String> {
    frames.iter().map(|frame| String::from_utf8(frame.bytes.clone()).unwrap()).collect()
}

#[tokio::test]
async fn what_was_missed_comes_in_order_page_by_page() {
    let missed = numbered(0..230);
    let keeper = keeper(1, &missed).await;
    let mut node = start(2, &[address(&keeper)]).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    let (texts, covered) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts, set(&missed).into_iter().collect::<Vec<_>>());
    assert_eq!(covered.len(), 1, "one window");
    assert!(covered[0] >= missed.last().unwrap().at);
}

#[tokio::test]
async fn only_what_is_watched_and_wished_for_comes() {
    let mut kept = numbered(0..4);
    kept[0].topic = Topic::new("/waku/1/0x0a0b0c0d/rfc26");
    kept[1].at = ago(5000);
    let keeper = keeper(1, &kept).await;
    let mut node = start(2, &[address(&keeper)]).await;
    let wish = wish(3000);

    node.fetch(wish.clone());

    assert_eq!(fulfilled(&mut node, &wish).await.0, ["0002", "0003"]);
}

#[tokio::test]
async fn two_nodes_with_two_halves_give_the_whole() {
    let all = numbered(0..300);
    let some: Vec<Frame> = all.iter().step_by(2).cloned().collect();
    let others: Vec<Frame> = all.iter().skip(1).step_by(2).chain(&all[..10]).cloned().collect();
    let (one, other) = (keeper(1, &some).await, keeper(2, &others).await);
    let mut node = start(3, &[address(&one), address(&other)]).await;
    both_speak(&mut node, 2).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    let (texts, _) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts.len(), all.len(), "each came once");
    assert_eq!(texts.into_iter().collect::<BTreeSet<_>>(), set(&all));
}

/// Waits until so many nodes have been joined and had time to say what they speak.
async fn both_speak(node: &mut Node, nodes: u64) {
    while node.stats().carriers < nodes {
        timeout(Duration::from_millis(20), node.next()).await.ok();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn a_node_that_fails_midway_is_made_up_for_by_another() {
    let all = numbered(0..300);
    let torn = Fragile { inner: archive(&all).await, pages: 2.into() };
    let one = Node::start(keeping(1, Arc::new(torn))).await.unwrap();
    let other = keeper(2, &all).await;
    let mut node = start(3, &[address(&one), address(&other)]).await;
    both_speak(&mut node, 2).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    let (texts, _) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts.len(), all.len(), "each came once");
}

#[tokio::test]
async fn a_lost_node_is_waited_for_and_then_the_rest_comes() {
    let all = numbered(0..300);
    let torn = Fragile { inner: archive(&all).await, pages: 2.into() };
    let one = Node::start(keeping(1, Arc::new(torn))).await.unwrap();
    let mut node = start(3, &[address(&one)]).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    event(&mut node, NetworkEvent::NoHistory(wish.clone())).await;
    let at = address(&one);
    let settings = Config { listen: vec![at], ..keeping(1, archive(&all).await) };
    one.close().await;
    let _one = Node::start(settings).await.unwrap();
    let (texts, _) = fulfilled(&mut node, &wish).await;

    assert!(texts.contains(&"0299".to_owned()));
}

#[tokio::test]
async fn a_wish_waits_until_somebody_can_be_asked() {
    let at: PeerAddr = {
        let early = keeper(1, &[]).await;
        address(&early)
    };
    let mut node = start(2, std::slice::from_ref(&at)).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    event(&mut node, NetworkEvent::NoHistory(wish.clone())).await;
    let settings = Config { listen: vec![at], ..keeping(1, archive(&numbered(0..3)).await) };
    let _keeper = Node::start(settings).await.unwrap();
    let (texts, _) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts, ["0000", "0001", "0002"]);
}

#[tokio::test]
async fn a_long_absence_is_covered_in_windows_from_the_oldest() {
    let days: Vec<Frame> = (0..4).map(|n| past(&n.to_string(), (4 - n) * DAY - 100)).collect();
    let keeper = keeper(1, &days).await;
    let mut node = start(2, &[address(&keeper)]).await;
    let wish = wish(4 * DAY);

    node.fetch(wish.clone());
    let (texts, covered) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts, ["0", "1", "2", "3"]);
    assert!(covered.len() >= 4 && covered.is_sorted(), "{covered:?}");
    // A node that is started again wishes for what comes after the last of them.
    assert_eq!(covered[0].since(wish.since), Duration::from_secs(DAY));
}

#[tokio::test]
async fn who_starts_again_midway_goes_on_there() {
    let days: Vec<Frame> = (0..4).map(|n| past(&n.to_string(), (4 - n) * DAY - 100)).collect();
    let torn = Fragile { inner: archive(&days).await, pages: 2.into() };
    let one = Node::start(keeping(1, Arc::new(torn))).await.unwrap();
    let mut node = start(2, &[address(&one)]).await;
    let wish = wish(4 * DAY);
    let mut here = wish.since;

    node.fetch(wish.clone());
    loop {
        match next(&mut node).await {
            NetworkEvent::Covered(history, until) if history == wish => here = until,
            NetworkEvent::NoHistory(_) if here > wish.since => break,
            _ => {}
        }
    }
    node.close().await;
    let other = keeper(3, &days).await;
    let mut node = start(2, &[address(&other)]).await;
    let rest = History { since: here, ..wish };
    node.fetch(rest.clone());

    assert_eq!(fulfilled(&mut node, &rest).await.0, ["2", "3"]);
}

#[tokio::test]
async fn progress_is_told_in_messages_and_bytes() {
    let keeper = keeper(1, &numbered(0..120)).await;
    let mut node = start(2, &[address(&keeper)]).await;
    let wish = wish(3000);
    let mut last = status_layer::Fetching::default();

    node.fetch(wish.clone());
    loop {
        match next(&mut node).await {
            NetworkEvent::Fetching(progress) => {
                assert!(progress.messages >= last.messages && progress.bytes > last.bytes);
                last = progress;
            }
            NetworkEvent::Fetched(_) => break,
            _ => {}
        }
    }

    assert_eq!(last.messages, 120);
    assert!(last.bytes > 120 * 50, "{last:?}");
}

/// Peers that answer with what is not true, not at all, without end, or with too much.
#[tokio::test]
async fn bad_nodes_are_passed_over() {
    let ok = |request: &Request| Response {
        request_id: request.request_id.clone(),
        status_code: Some(200),
        status_desc: Some("OK".into()),
        ..Response::default()
    };
    let entry = |text: &str, hash: Option<Vec<u8>>| {
        let kept = archived(&past(text, 50));
        let hash = hash.unwrap_or_else(|| kept.hash.as_bytes().to_vec());
        Entry { hash: Some(hash), message: Some(kept.data), pubsub_topic: Some(shard()) }
    };
    let same = entry("again and again", None);
    let read = |question: &[u8]| Request::decode(question).unwrap();
    let (home_a, _a) = answering(STORE, move |question| {
        Some(framed(&Response { messages: vec![entry("forged", Some(vec![1; 32]))], ..ok(&read(&question)) }))
    })
    .await;
    let (home_b, _b) = answering(STORE, |_| None).await;
    let (home_c, _c) = answering(STORE, move |question| {
        let messages = vec![same.clone()];
        Some(framed(&Response { messages, cursor: Some(vec![3; 32]), ..ok(&read(&question)) }))
    })
    .await;
    let (home_d, _d) = answering(STORE, |_| Some(b"\xff\xff\xff\x7f".to_vec())).await;
    let (home_e, _e) = answering(STORE, |_| Some(b"\x03\xff\xff\xff".to_vec())).await;
    let good = numbered(0..5);
    let keeper = keeper(1, &good).await;
    let peers = [home_a, home_b, home_c, home_d, home_e, address(&keeper)];
    let mut node = start(2, &peers).await;
    both_speak(&mut node, 6).await;
    let wish = wish(3000);

    node.fetch(wish.clone());
    let (texts, _) = fulfilled(&mut node, &wish).await;

    let mut texts: BTreeSet<String> = texts.into_iter().collect();
    // What it says has the right name, so it may have been said; it comes once.
    texts.remove("again and again");
    assert_eq!(texts, set(&good));
}

#[tokio::test]
async fn a_node_that_speaks_only_the_older_protocol_is_asked_in_it() {
    let kept: Vec<Vec<u8>> = numbered(0..3).iter().map(|frame| archived(frame).data).collect();
    let (home, _peer) = answering(LEGACY, move |question| {
        let rpc = Rpc::decode(question.as_slice()).unwrap();
        let response = LegacyResponse { messages: kept.clone(), paging: None, error: 0 };
        Some(framed(&Rpc { request_id: rpc.request_id, query: None, response: Some(response) }))
    })
    .await;
    let mut node = start(2, &[home]).await;
    let wish = wish(3000);

    node.fetch(wish.clone());

    assert_eq!(fulfilled(&mut node, &wish).await.0, ["0000", "0001", "0002"]);
}

#[tokio::test]
async fn what_was_missed_between_is_found_by_looking() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let often = Asking { every: Duration::from_millis(500), ..SOON };
    let mut node = Node::start(asking(2, &[address(&keeper)], often)).await.unwrap();
    node.watch(&[topic()]);
    online(&mut node).await;
    let mut sender = crate::support::node(3, &[address(&keeper)]).await;
    online(&mut sender).await;

    sender.publish(FrameId(1), past("heard", 0));
    let heard = frames(&mut node, 1).await;
    kept.keep(vec![archived(&past("missed", 0))]).await.unwrap();
    let found = frames(&mut node, 1).await;
    tokio::time::sleep(Duration::from_millis(800)).await;

    assert_eq!((heard, found), (["heard".to_owned()].into(), ["missed".to_owned()].into()));
    assert_eq!(node.stats().handed_up, 2, "nothing comes twice");
    assert_eq!(node.stats().repeated, 0, "only what was missing was asked for");
}

#[tokio::test]
async fn looking_covers_what_was_wished_for() {
    let keeper = keeper(1, &[]).await;
    let often = Asking { every: Duration::from_millis(300), ..SOON };
    let mut node = Node::start(asking(2, &[address(&keeper)], often)).await.unwrap();
    node.watch(&[topic()]);
    let wish = wish(3000);

    node.fetch(wish.clone());
    let (_, covered) = fulfilled(&mut node, &wish).await;
    let later = loop {
        if let NetworkEvent::Covered(history, until) = next(&mut node).await {
            assert_eq!(history, wish, "all that is watched, since what was wished for");
            break until;
        }
    };

    assert!(later >= covered[0]);
}

#[tokio::test]
async fn who_comes_back_to_the_network_has_missed_nothing() {
    let kept = archive(&[]).await;
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let at = address(&keeper);
    let mut node = start(2, std::slice::from_ref(&at)).await;
    online(&mut node).await;
    both_speak(&mut node, 1).await;

    keeper.close().await;
    event(&mut node, NetworkEvent::Online(false)).await;
    kept.keep(vec![archived(&past("while apart", 0))]).await.unwrap();
    let settings = Config { listen: vec![at], ..keeping(1, kept) };
    let _keeper = Node::start(settings).await.unwrap();

    assert_eq!(frames(&mut node, 1).await, ["while apart".to_owned()].into());
}

#[tokio::test]
async fn what_was_sent_is_confirmed_once_an_archive_has_it() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let (after, every) = (Duration::from_millis(200), Duration::from_millis(200));
    let confirming = Some(Confirming { after, every, until: Duration::from_secs(10) });
    let settings = asking(2, &[address(&keeper)], Asking { confirming, ..SOON });
    let mut node = Node::start(settings).await.unwrap();
    online(&mut node).await;

    node.publish(FrameId(7), past("keep this", 0));
    event(&mut node, NetworkEvent::Published(FrameId(7))).await;
    event(&mut node, NetworkEvent::Stored(FrameId(7))).await;

    assert_eq!(kept.page(&Query::default()).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn what_no_archive_has_is_looked_for_a_few_times_only() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let (home, _peer) = answering(STORE, move |question| {
        let request = Request::decode(question.as_slice()).unwrap();
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert!(!request.include_data && request.message_hashes.len() == 1);
        let id = request.request_id;
        Some(framed(&Response { request_id: id, status_code: Some(200), ..Response::default() }))
    })
    .await;
    let step = Duration::from_millis(150);
    let confirming = Some(Confirming { after: step, every: step, until: step * 10 / 3 });
    let mut node = Node::start(asking(2, &[home], Asking { confirming, ..SOON })).await.unwrap();
    online(&mut node).await;
    both_speak(&mut node, 1).await;

    node.publish(FrameId(7), frame("nobody keeps this"));
    let until = Instant::now() + step * 12;
    while let Ok(event) = tokio::time::timeout_at(until, node.next()).await {
        assert_ne!(event, NetworkEvent::Stored(FrameId(7)));
    }

    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_was_heard_is_not_handed_up_again() {
    let kept: Arc<dyn Archive> = Arc::new(MemoryArchive::new(100, 100_000));
    let keeper = Node::start(keeping(1, Arc::clone(&kept))).await.unwrap();
    let mut node = start(2, &[address(&keeper)]).await;
    let mut sender = crate::support::node(3, &[address(&keeper)]).await;
    online(&mut node).await;
    online(&mut sender).await;
    sender.publish(FrameId(1), past("live", 0));
    frames(&mut node, 1).await;
    counted("kept", || keeper.stats().archived == 1).await;
    let wish = wish(60);

    node.fetch(wish.clone());
    let (texts, _) = fulfilled(&mut node, &wish).await;

    assert_eq!(texts, Vec::<String>::new());
    assert_eq!(node.stats().repeated, 1, "it was given, and known");
}
