//! Whatever strangers send is read or refused, and what is read reads the same once it was written again.
//!
//! `STATUS_P2P_ROUNDS` says how many inputs each decoder gets, for longer runs.

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use status_layer::Timestamp;
use status_p2p::{
    Fleet, KnownNode, Metadata, NodeRecord, PeerAddr, PubsubTopic, Source, TreeUrl, WakuMessage, autoshard,
};

use crate::support::frame;

fn rounds() -> usize {
    std::env::var("STATUS_P2P_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20_000)
}

/// Inputs that are like one of the seeds, more or less.
struct Inputs {
    rng: StdRng,
    seeds: Vec<Vec<u8>>,
}

impl Inputs {
    fn new(seeds: Vec<Vec<u8>>) -> Self {
        Self { rng: StdRng::seed_from_u64(7), seeds }
    }

    fn next(&mut self) -> Vec<u8> {
        let rng = &mut self.rng;
        let mut bytes = self.seeds[rng.random_range(0..self.seeds.len())].clone();
        for _ in 0..rng.random_range(0..6) {
            let at = rng.random_range(0..=bytes.len());
            match rng.random_range(0..6) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, rng.random()),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
                4 => {
                    // Part of another one, as when messages are cut together.
                    let other = &self.seeds[rng.random_range(0..self.seeds.len())];
                    let from = rng.random_range(0..=other.len());
                    bytes.splice(at..at, other[from..].iter().copied());
                }
                _ => {
                    let mut junk = [0; 11];
                    rng.fill_bytes(&mut junk);
                    // Numbers that are as long as they can be.
                    junk[..10].iter_mut().for_each(|byte| *byte |= 0x80);
                    bytes.splice(at..at, junk);
                }
            }
        }
        bytes.truncate(4096);
        bytes
    }
}

/// How many of many inputs were read.
fn read(seeds: Vec<Vec<u8>>, decode: impl Fn(&[u8]) -> bool) -> usize {
    let mut inputs = Inputs::new(seeds);
    (0..rounds()).filter(|_| decode(&inputs.next())).count()
}

fn some(count: usize) {
    assert!(count > rounds() / 100 && count < rounds(), "some are read and some refused: {count}");
}

#[test]
fn every_input_is_a_waku_message_or_refused() {
    let plain = WakuMessage::from_frame(frame("seed"));
    let full = WakuMessage { rate_limit_proof: Some(vec![1; 40]), meta: Some(vec![2; 64]), ..plain.clone() };
    let bare = WakuMessage { timestamp: None, meta: None, version: None, ephemeral: None, ..plain.clone() };

    some(read(vec![plain.encode(), full.encode(), bare.encode()], |bytes| {
        let Ok(message) = WakuMessage::decode(bytes) else { return false };
        assert_eq!(WakuMessage::decode(&message.encode()).as_ref(), Ok(&message));
        assert!(!message.payload.is_empty() && !message.content_topic.is_empty());
        assert!(message.meta.as_ref().is_none_or(|meta| meta.len() <= 64));
        let _ = (message.hash("/waku/2/rs/16/32"), message.into_frame());
        true
    }));
}

#[test]
fn every_input_is_metadata_or_refused() {
    let status = Metadata { cluster: Some(16), shards: [32, 64].into() };
    let all = Metadata { cluster: Some(1), shards: (0..1024).collect() };

    some(read(vec![status.encode(), all.encode(), Vec::new()], |bytes| {
        let Ok(metadata) = Metadata::decode(bytes) else { return false };
        assert!(metadata.shards.iter().all(|shard| *shard < 1024));
        assert_eq!(Metadata::decode(&metadata.encode()), Ok(metadata));
        true
    }));
}

#[test]
fn every_text_is_an_address_or_refused() {
    let name = "16Uiu2HAkzHaTP5JsUwfR9NR8Rj9HC24puS6ocaU8wze4QrXr9iXp";
    let seeds = [
        format!("/ip4/192.0.2.1/tcp/30303/p2p/{name}"),
        format!("/dns4/example.org/tcp/443/wss/p2p/{name}"),
        format!("/ip6/::1/tcp/1/p2p/{name}/p2p-circuit/p2p/{name}"),
        "/ip4/192.0.2.1/tcp/1/ws".to_owned(),
    ];

    some(read(seeds.map(String::into_bytes).into(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(address) = text.parse::<PeerAddr>() else { return false };
        assert_eq!(address.to_string().parse(), Ok(address));
        true
    }));
}

#[test]
fn every_text_is_a_gossip_topic_or_refused_and_has_a_shard_or_none() {
    let seeds = ["/waku/2/rs/16/32", "/waku/2/default-waku/proto", "/myapp/1/latest/proto", "/0/a/1/b/c"];

    some(read(seeds.map(|seed| seed.as_bytes().to_vec()).into(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let shard = autoshard(&text, 8);
        assert!(shard.is_err() || shard.is_ok_and(|shard| shard < 8));
        let Ok(topic) = text.parse::<PubsubTopic>() else { return false };
        assert_eq!(topic.to_string(), text);
        true
    }));
}

#[test]
fn every_input_is_a_record_that_its_node_signed_or_refused() {
    let seeds: Vec<_> = Fleet::StatusProd.boot().iter().map(NodeRecord::encode).collect();
    let genuine = seeds.clone();

    some(read(seeds, move |bytes| {
        let Ok(record) = NodeRecord::decode(bytes) else { return false };
        assert!(genuine.contains(&record.encode()), "nobody else can sign");
        assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
        true
    }));
}

#[test]
fn every_row_is_a_known_node_or_refused() {
    let heard = Timestamp::from_secs(1);
    let rows = Fleet::StatusProd.boot().into_iter().map(|record| {
        let node = KnownNode {
            record,
            source: Source::Tree,
            heard,
            connected: None,
            tried: Some(heard),
            failures: 3,
        };
        node.encode()
    });

    some(read(rows.collect(), |bytes| {
        let Ok(known) = KnownNode::decode(bytes) else { return false };
        assert_eq!(KnownNode::decode(&known.encode()), Ok(known));
        true
    }));
}

#[test]
fn every_text_names_a_tree_or_is_refused() {
    let seeds = Fleet::ALL.map(|fleet| fleet.tree().unwrap().to_string().into_bytes());

    some(read(seeds.into(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(tree) = text.parse::<TreeUrl>() else { return false };
        assert_eq!(tree.to_string().parse(), Ok(tree));
        true
    }));
}
