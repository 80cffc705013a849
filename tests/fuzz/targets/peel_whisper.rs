//! Privacy over Whisper: any frame is peeled, refused, or not ours.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_crypto::SecretKey;
use status_fuzz::carrier::World;
use status_layer::Topic;
use status_layer::testing::Party;
use status_privacy::Whisper;
use status_privacy::whisper::{Config, Envelope, Pow};

static WORLD: LazyLock<World<Whisper<SecretKey>>> = LazyLock::new(|| {
    World::new(|key| Whisper::new(key, Config { pow: Pow::Nothing, ..Config::default() }), around)
});

/// An envelope that is in time.
fn around(topic: &Topic, sealed: &[u8], party: &Party) -> Vec<u8> {
    let mut short = [0; 4];
    let digits = topic.as_str().trim_start_matches("/whisper/6/0x").trim_end_matches("/rlp");
    hex::decode_to_slice(digits, &mut short).expect("a topic of ours");
    let expiry = u32::try_from(party.now.millis() / 1_000).expect("our century") + 15;
    Envelope { expiry, ttl: 15, topic: short, data: sealed, nonce: 0 }.encode()
}

fuzz_target!(|input: &[u8]| WORLD.run(input));
