use libp2p::identity::Keypair;
use status_layer::Timestamp;
use status_layer::testing::rng;

use super::*;
use crate::HostKey;

fn gossip() -> Gossip {
    Gossip::new(
        &Config::new(HostKey::generate(&mut rng(1))),
        Taps::default(),
        mpsc::channel(1).0,
        Arc::default(),
    )
}

fn topic() -> Topic {
    Topic::new("/waku/1/0x01020304/rfc26")
}

fn message(number: usize, len: usize) -> WakuMessage {
    let at = Timestamp::from_millis(number as u64);
    WakuMessage::from_frame(Frame { topic: topic(), at, bytes: vec![1; len] })
}

fn take(gossip: &mut Gossip, message: WakuMessage, watched: &[Topic]) {
    gossip.take(message, "/waku/2/rs/16/32", &watched.iter().cloned().collect());
}

fn shard() -> TopicHash {
    IdentTopic::new("/waku/2/rs/16/32").hash()
}

fn peers<const N: usize>() -> [PeerId; N] {
    std::array::from_fn(|_| Keypair::generate_secp256k1().public().to_peer_id())
}

#[test]
fn frames_that_nobody_takes_are_bounded_in_number() {
    let mut gossip = gossip();

    for number in 0..MAX_WAITING + 10 {
        take(&mut gossip, message(number, 1), &[topic()]);
    }

    assert_eq!(gossip.waiting.len(), MAX_WAITING);
    assert_eq!(gossip.counters.read().overflowed, 10);
    assert!(!gossip.has_room());
}

#[test]
fn frames_that_nobody_takes_are_bounded_in_size() {
    let mut gossip = gossip();

    for number in 0..70 {
        take(&mut gossip, message(number, 1024 * 1024), &[topic()]);
    }

    assert_eq!(gossip.waiting_bytes, MAX_WAITING_BYTES);
    assert_eq!(gossip.counters.read().overflowed, 6);
}

#[test]
fn a_frame_that_got_lost_for_want_of_room_is_handed_up_when_it_comes_again() {
    let mut gossip = gossip();
    for number in 0..=MAX_WAITING {
        take(&mut gossip, message(number, 1), &[topic()]);
    }

    gossip.waiting.clear();
    take(&mut gossip, message(MAX_WAITING, 1), &[topic()]);
    take(&mut gossip, message(0, 1), &[topic()]);

    assert_eq!(gossip.waiting.len(), 1, "the lost one; the other was handed up before");
}

#[test]
fn a_frame_that_was_not_watched_is_handed_up_when_it_is_and_comes_again() {
    let mut gossip = gossip();

    take(&mut gossip, message(1, 1), &[]);
    assert!(!gossip.has_events());
    take(&mut gossip, message(1, 1), &[topic()]);

    assert!(gossip.has_events());
}

#[test]
fn online_is_told_for_each_node_and_offline_for_the_last() {
    let mut gossip = gossip();
    let [a, b] = peers();
    let mut told = Vec::new();

    for step in 0..6 {
        match step {
            0 | 1 => gossip.joined(a, shard()),
            2 => gossip.joined(b, shard()),
            3 => gossip.left(&a),
            _ => gossip.left(&b),
        }
        told.push(gossip.waiting.pop_front());
    }

    let online = |online| Some(NetworkEvent::Online(online));
    assert_eq!(told, [online(true), None, online(true), None, online(false), None]);
}

#[test]
fn nodes_that_come_and_go_do_not_fill_the_queue() {
    let mut gossip = gossip();
    let [a] = peers();
    take(&mut gossip, message(1, 1), &[topic()]);

    for _ in 0..100 {
        gossip.joined(a, shard());
        gossip.left(&a);
    }

    assert_eq!(gossip.waiting.len(), 2);
    assert_eq!(gossip.waiting.back(), Some(&NetworkEvent::Online(false)));
}

#[test]
fn who_takes_nothing_is_too_slow_and_who_is_merely_busy_is_not() {
    let (mut deaf, mut busy) = (Slow::default(), Slow::default());

    for second in 0..12 {
        deaf.missed(95, 100 * second);
        busy.missed(30, 100 * second);
    }

    assert!(deaf.seconds >= SLOW, "{deaf:?}");
    assert_eq!(busy.seconds, 0);
}

#[test]
fn who_was_slow_is_forgiven_in_time() {
    let mut gossip = gossip();
    let [peer] = peers();
    gossip.slow.insert(peer, Slow { seconds: SLOW, passed: None });

    assert_eq!(gossip.too_slow(), [peer]);
    assert!(gossip.too_slow().is_empty());
    for _ in 0..SLOW {
        gossip.too_slow();
    }

    assert!(gossip.slow.is_empty());
}
