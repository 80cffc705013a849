//! P2P: whatever is asked of a node that serves light ones is answered within its limits, and a light node believes only what
//! can be.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_p2p::hazmat::{
    Subscriptions, judge_light_push, read_light_push_answer, read_peer_exchange_answer, read_push,
};
use status_p2p::{FilterLimits, MAX_RECORD, WakuMessage};

const SHARD: &str = "/waku/2/rs/16/32";
/// Bytes of the largest message that is gossiped for others.
const LIMIT: usize = 4096;

/// Genuine bytes of requests, pushes and answers.
static SAID: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let message = WakuMessage {
        payload: vec![7; 40],
        content_topic: "/waku/1/0xcd423760/rfc26".to_owned(),
        version: Some(1),
        timestamp: Some(1_700_000_000_000_000_000),
        ..WakuMessage::default()
    };
    let message = message.encode();
    let topic = |tag: &[u8]| [tag, &[16], SHARD.as_bytes()].concat();
    let carried = |tag: &[u8]| [tag, &[message.len() as u8], &message].concat();
    let wanted = b"\x5a\x18/waku/1/0xcd423760/rfc26";
    let request = |kind: u8| [b"\x0a\x03abc\x10".as_slice(), &[kind], &topic(&[0x52]), wanted].concat();
    let mut said: Vec<_> = (0..4).map(request).collect();
    said.push([carried(&[0x0a]), topic(&[0x12])].concat());
    said.push([b"\x0a\x03abc".to_vec(), topic(&[0xa2, 0x01]), carried(&[0xaa, 0x01])].concat());
    let inner = [topic(&[0x0a]), carried(&[0x12])].concat();
    said.push([b"\x0a\x03abc\x12".as_slice(), &[inner.len() as u8], &inner].concat());
    said.push(b"\x0a\x03abc\x50\xc8\x01\x5a\x02OK\x60\x02".to_vec());
    said.push(b"\x0a\x03abc\x1a\x06\x08\x01\x12\x02OK".to_vec());
    said
});

fuzz_target!(|input: &[u8]| {
    match plan(input) {
        Some(Plan::Raw(bytes)) => one(bytes),
        Some(Plan::Inside(script)) => many(script),
        Some(Plan::Changed { which, how }) => one(&changed(&SAID[which % SAID.len()], how)),
        None => {}
    }
});

/// The same bytes as everything that they may be.
fn one(bytes: &[u8]) {
    if let Some((topic, message)) = read_push(bytes) {
        assert!(!topic.is_empty() && WakuMessage::decode(&message.encode()) == Ok(message));
    }
    for code in judge_light_push(bytes, SHARD, LIMIT).into_iter().flatten() {
        assert!([200, 400, 413, 420, 421].contains(&code), "{code}");
    }
    let _ = read_light_push_answer(bytes);
    if let Some(records) = read_peer_exchange_answer(bytes) {
        assert!(records.len() <= 20 && records.iter().all(|record| record.encode().len() <= MAX_RECORD));
    }
    let mut table = Subscriptions::new(FilterLimits::default(), SHARD);
    if let Some((id, code)) = table.ask(0, 0, bytes) {
        assert!(id == "N/A" || id.len() <= 128, "{} bytes of id", id.len());
        assert!([200, 400, 404, 503].contains(&code), "{code}");
    }
}

/// Requests one after the other: six bytes each, from whom, how much later, what, and which topics.
fn many(script: &[u8]) {
    let limits = FilterLimits {
        subscribers: 4,
        criteria: 10,
        topics: 5,
        idle: Duration::from_secs(300),
        ..FilterLimits::default()
    };
    let mut table = Subscriptions::new(limits, SHARD);
    for step in script.chunks_exact(6).take(64) {
        let [who, seconds, kind, from, count, shard] = [step[0], step[1], step[2], step[3], step[4], step[5]];
        let mut request = [b"\x0a\x01a\x10".as_slice(), &[kind % 5], &[0x52, 16], SHARD.as_bytes()].concat();
        if shard % 8 == 0 {
            // Another shard.
            request.pop();
            request.push(b'3');
        }
        for number in 0..count % 8 {
            request.extend([0x5a, 2, b'/', from.wrapping_add(number) % 26 + b'a']);
        }
        let before = table.size();

        let (id, code) = table.ask(who, seconds, &request).expect("it is a request");

        let after = table.size();
        assert_eq!(id, "a");
        assert!(after.0 <= 4 && after.1 <= 10, "{after:?}");
        assert!(code == 200 || after <= before, "what was refused changed something");
    }
}
