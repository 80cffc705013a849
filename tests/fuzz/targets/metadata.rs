//! P2P: whatever a node says of itself when it is connected is read or refused, and reads the same once it was written again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_p2p::hazmat::read_frame;
use status_p2p::{Metadata, PubsubTopic};

/// Largest frame of this protocol, in bytes.
const MAX_FRAME: usize = 16 * 1024;

static SAID: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let said =
        |cluster, shards: &[u16]| Metadata { cluster, shards: shards.iter().copied().collect() }.encode();
    let all: Vec<u16> = (0..1024).collect();
    vec![
        said(Some(16), &[32, 64]),
        said(Some(1), &all),
        said(None, &[]),
        b"\x08\x10\x1a\x02\x20\x40".to_vec(),
    ]
});

fuzz_target!(|input: &[u8]| {
    match plan(input) {
        Some(Plan::Raw(bytes)) => read(bytes),
        Some(Plan::Inside(mut stream)) => {
            while let Some((frame, rest)) = read_frame(stream, MAX_FRAME) {
                assert!(frame.len() <= MAX_FRAME && rest.len() < stream.len(), "it read what it must not");
                read(&frame);
                stream = rest;
            }
        }
        Some(Plan::Changed { which, how }) => read(&changed(&SAID[which % SAID.len()], how)),
        None => {}
    }
});

fn read(bytes: &[u8]) {
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(topic) = text.parse::<PubsubTopic>()
    {
        assert_eq!(topic.to_string(), text);
    }
    let Ok(metadata) = Metadata::decode(bytes) else { return };
    assert!(metadata.shards.iter().all(|shard| *shard < 1024), "a shard that cannot be");
    assert_eq!(Metadata::decode(&metadata.encode()), Ok(metadata), "it reads differently the second time");
}
