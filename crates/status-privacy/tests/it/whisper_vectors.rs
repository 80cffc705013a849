//! Envelopes, proof of work, acceptance and bloom filters as deployed nodes have them.

use serde_json::Value;
use status_crypto::Search;
use status_privacy::whisper::{Bloom, Envelope, Rules, Verdict, hash, pow};

use crate::vectors::{bytes, cases, of_kind, text};

fn number(case: &Value, field: &str) -> u64 {
    let value = &case[field];
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{field}"))
}

fn short(case: &Value, field: &str) -> u32 {
    u32::try_from(number(case, field)).unwrap()
}

/// A float, by its bits.
fn float(case: &Value, field: &str) -> f64 {
    let bits = u64::from_str_radix(case[field]["ieee754"].as_str().unwrap(), 16).unwrap();
    f64::from_bits(bits)
}

fn topic(case: &Value) -> [u8; 4] {
    bytes(case, "topic").try_into().unwrap()
}

fn bloom(case: &Value, field: &str) -> Bloom {
    Bloom::from_bytes(bytes(case, field).try_into().unwrap())
}

#[test]
fn every_encoding_is_judged_as_peers_do() {
    for case in of_kind("whisper.json", "rlp") {
        let (name, rlp) = (text(&case, "name"), bytes(&case, "rlp"));

        let read = Envelope::decode(&rlp);

        assert_eq!(read.is_ok(), case["accept"].as_bool().unwrap(), "{name}: {read:?}");
        let Ok(read) = read else { continue };
        assert_eq!((read.expiry, read.ttl), (short(&case, "expiry"), short(&case, "ttl")), "{name}");
        assert_eq!((read.topic, read.nonce), (topic(&case), number(&case, "nonce")), "{name}");
        assert_eq!(read.data, bytes(&case, "data"), "{name}");
        assert_eq!(hash(&rlp).as_slice(), bytes(&case, "hash"), "{name}");
        assert_eq!(read.encode(), rlp, "{name}");
    }
}

#[test]
fn every_envelope_has_the_hash_work_and_bloom_of_its_peer() {
    for case in of_kind("whisper.json", "envelope") {
        let (name, rlp) = (text(&case, "name"), bytes(&case, "rlp"));

        let read = Envelope::decode(&rlp).unwrap();

        assert_eq!(read.encode(), rlp, "{name}");
        assert_eq!(hash(&rlp).as_slice(), bytes(&case, "hash"), "{name}");
        assert_eq!(read.size() as u64, number(&case, "size"), "{name}");
        assert_eq!(Bloom::of(read.topic), bloom(&case, "bloom"), "{name}");
        assert_eq!(pow::value(&read, 0).to_bits(), float(&case, "pow").to_bits(), "{name}");
        assert!(pow::value(&read, 0) >= float(&case, "pow_target"), "{name}");
    }
}

#[test]
fn work_is_worth_what_peers_say_to_the_last_bit() {
    for case in of_kind("whisper.json", "pow") {
        let (name, data) = (text(&case, "name"), bytes(&case, "data"));
        let envelope = Envelope {
            expiry: short(&case, "expiry"),
            ttl: short(&case, "ttl"),
            topic: topic(&case),
            data: &data,
            nonce: number(&case, "nonce"),
        };

        let prefix = envelope.prefix();
        let value = pow::value(&envelope, short(&case, "ttl_addition"));

        assert_eq!(prefix, bytes(&case, "rlp_without_nonce"), "{name}");
        let zeros = Search::new(&prefix).zeros(envelope.nonce);
        assert_eq!(zeros, short(&case, "leading_zero_bits"), "{name}");
        assert_eq!(value.to_bits(), float(&case, "pow").to_bits(), "{name}");
    }
}

#[test]
fn as_many_bits_are_searched_for_as_peers_search_for() {
    for case in of_kind("whisper.json", "needed_bits") {
        let data = vec![0; usize::try_from(number(&case, "data_length")).unwrap()];
        let envelope = Envelope { expiry: 0, ttl: short(&case, "ttl"), topic: [0; 4], data: &data, nonce: 0 };

        let bits = pow::needed_bits(float(&case, "target"), envelope.size(), envelope.ttl);

        assert_eq!(bits, short(&case, "bits"), "{}", case["name"]);
    }
}

#[test]
fn the_same_nonce_is_found_that_peers_find() {
    for case in of_kind("whisper.json", "seal") {
        let (name, data) = (text(&case, "name"), bytes(&case, "data"));
        let (expiry, ttl) = (short(&case, "expiry"), short(&case, "ttl"));
        let mut envelope = Envelope { expiry, ttl, topic: topic(&case), data: &data, nonce: 0 };

        let bits = pow::needed_bits(float(&case, "target"), envelope.size(), ttl);
        let found = Search::new(&envelope.prefix()).run(0..u64::MAX, bits).unwrap();
        envelope.nonce = found.number;

        assert_eq!(envelope.size() as u64, number(&case, "size"), "{name}");
        assert_eq!(envelope.prefix().len() as u64, number(&case, "rlp_without_nonce_length"), "{name}");
        assert_eq!(found.number, number(&case, "nonce"), "{name}");
        assert_eq!(envelope.encode(), bytes(&case, "rlp"), "{name}");
        assert_eq!(hash(&envelope.encode()).as_slice(), bytes(&case, "hash"), "{name}");
        assert_eq!(pow::value(&envelope, 0).to_bits(), float(&case, "pow").to_bits(), "{name}");
        assert_eq!(Bloom::of(envelope.topic), bloom(&case, "bloom"), "{name}");
    }
}

#[test]
fn a_node_takes_what_its_peers_take() {
    for case in of_kind("whisper.json", "accept") {
        let (name, rlp) = (text(&case, "name"), bytes(&case, "rlp"));
        let rules = Rules {
            max_size: usize::try_from(number(&case, "max_message_size")).unwrap(),
            min_pow: float(&case, "min_pow"),
            bloom: bloom(&case, "node_bloom"),
        };

        let judged = rules.judge(&Envelope::decode(&rlp).unwrap(), short(&case, "now"));

        assert_eq!(judged == Ok(Verdict::Take), case["cached"].as_bool().unwrap(), "{name}: {judged:?}");
        assert_eq!(judged.is_err(), case["error"].is_string(), "{name}: {judged:?}");
    }
}

#[test]
fn filters_of_one_topic_have_the_bits_of_peers() {
    for case in of_kind("topics.json", "topic_bloom") {
        let filter = Bloom::of(topic(&case));

        let bits: u32 = filter.as_bytes().iter().map(|byte| byte.count_ones()).sum();

        assert_eq!(filter, bloom(&case, "bloom"), "{}", case["name"]);
        assert_eq!(bits, short(&case, "bits_set"), "{}", case["name"]);
    }
    for case in
        cases("topics.json").iter().filter(|case| case["bloom"].is_string() && case["topic"].is_string())
    {
        assert_eq!(Bloom::of(topic(case)), bloom(case, "bloom"), "{}", case["name"]);
    }
}

#[test]
fn filters_are_united_and_matched_as_peers_do() {
    for case in of_kind("topics.json", "bloom_union") {
        let topics = case["topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|topic| <[u8; 4]>::try_from(hex::decode(topic.as_str().unwrap()).unwrap()).unwrap());

        assert_eq!(topics.collect::<Bloom>(), bloom(&case, "bloom"), "{}", case["name"]);
    }
    for case in of_kind("topics.json", "bloom_match") {
        let matches = bloom(&case, "filter").covers(&bloom(&case, "sample"));

        assert_eq!(matches, case["match"].as_bool().unwrap(), "{}", case["name"]);
    }
}

/// The items of a list of envelopes.
fn items(mut list: &[u8]) -> Vec<&[u8]> {
    let mut rest = alloy_rlp::Header::decode_bytes(&mut list, true).unwrap();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let whole = rest;
        alloy_rlp::Header::decode_bytes(&mut rest, true).unwrap();
        items.push(&whole[..whole.len() - rest.len()]);
    }
    items
}

#[test]
fn envelopes_in_packets_have_the_hashes_of_peers() {
    for kind in ["messages", "p2p_messages"] {
        for case in of_kind("whisper_packets.json", kind) {
            let payload = bytes(&case, "payload");

            let envelopes = items(&payload);

            let hashes: Vec<String> = envelopes.iter().map(|rlp| hex::encode(hash(rlp))).collect();
            assert_eq!(serde_json::json!(hashes), case["envelope_hashes"], "{}", case["name"]);
            assert!(envelopes.iter().all(|rlp| Envelope::decode(rlp).unwrap().encode() == *rlp));
        }
    }
}
