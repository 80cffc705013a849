//! P2P: whatever is gossiped is forwarded or not, on a topic for everybody and on a protected one, and what is read reads the
//! same once it was written again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_layer::testing::rng;
use status_layer::{Secret, Timestamp, Topic};
use status_p2p::hazmat::{Judged, judge_gossip, read_frame};
use status_p2p::{Config, HostKey, Protected, WakuMessage, autoshard, gossip_id};

const OPEN: &str = "/waku/2/rs/16/64";
const PROTECTED: &str = "/waku/2/rs/16/32";
const NOW: i64 = 1_700_000_000_000_000_000;
/// Largest frame of a stream, in bytes.
const MAX_FRAME: usize = 64 * 1024;

struct World {
    config: Config,
    messages: Vec<Vec<u8>>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut config = Config::new(HostKey::generate(&mut rng(1)));
    let topic = PROTECTED.parse().expect("a topic");
    config.protected.push(Protected::with_key(topic, &Secret::new([7; 32])).expect("a key"));
    config.receive_limit = 32 * 1024;
    let plain = WakuMessage {
        payload: vec![7; 40],
        content_topic: "/waku/1/0xcd423760/rfc26".to_owned(),
        version: Some(1),
        timestamp: Some(NOW),
        meta: Some(vec![1; 64]),
        ..WakuMessage::default()
    };
    let proven = WakuMessage { rate_limit_proof: Some(vec![1; 40]), ephemeral: Some(true), ..plain.clone() };
    let bare = WakuMessage { version: None, timestamp: None, meta: None, ..plain.clone() };
    World { config, messages: [plain, proven, bare].iter().map(WakuMessage::encode).collect() }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    match plan(input) {
        Some(Plan::Raw(bytes)) => judge(world, bytes),
        // A stream on which frame follows frame.
        Some(Plan::Inside(mut stream)) => {
            while let Some((frame, rest)) = read_frame(stream, MAX_FRAME) {
                assert!(frame.len() <= MAX_FRAME && rest.len() < stream.len(), "it read what it must not");
                judge(world, &frame);
                stream = rest;
            }
        }
        Some(Plan::Changed { which, how }) => {
            judge(world, &changed(&world.messages[which % world.messages.len()], how));
        }
        None => {}
    }
});

fn judge(world: &World, bytes: &[u8]) {
    let open = judge_gossip(&world.config, OPEN, bytes, NOW);
    // Nobody here has the key.
    assert!(judge_gossip(&world.config, PROTECTED, bytes, NOW) == Judged::Rejected, "a forged signature");
    let Ok(message) = WakuMessage::decode(bytes) else {
        assert!(open == Judged::Rejected, "what cannot be read is forwarded");
        return;
    };
    assert!(bytes.len() > world.config.receive_limit || open == Judged::Accepted(message.clone()));

    assert!(!message.payload.is_empty() && !message.content_topic.is_empty());
    assert!(message.meta.as_ref().is_none_or(|meta| meta.len() <= 64));
    assert!(
        autoshard(&message.content_topic, 8).is_ok_and(|shard| shard < 8)
            || autoshard(&message.content_topic, 8).is_err()
    );
    let written = message.encode();
    assert!(written.len() <= bytes.len() + 64, "it grew");
    let again = WakuMessage::decode(&written).expect("what was written can be read");
    assert!(
        again == message && again.hash(OPEN) == message.hash(OPEN),
        "it reads differently the second time"
    );
    assert_eq!(gossip_id(&written), gossip_id(&again.encode()));
    if let Some(frame) = message.into_frame() {
        let _: (&Topic, Timestamp) = (&frame.topic, frame.at);
        assert!(!frame.bytes.is_empty());
    }
}
