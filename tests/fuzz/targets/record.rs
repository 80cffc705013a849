//! P2P: any bytes are a record that a node signed or refused, what is in a record that somebody did sign is read as far as it
//! makes sense, and a row of the book is one or refused.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_crypto::{SecretKey, keccak256};
use status_fuzz::{Plan, changed, plan};
use status_layer::Timestamp;
use status_p2p::{Fleet, KnownNode, MAX_RECORD, NodeRecord, Source};

/// Names that Waku and EIP-778 give a meaning to, in the order of a record; the key itself is put between them.
const FIELDS: [&str; 10] = ["ip", "ip6", "multiaddrs", "rs", "rsv", "tcp", "tcp6", "udp", "udp6", "waku2"];

struct World {
    key: SecretKey,
    genuine: Vec<Vec<u8>>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let genuine = Fleet::StatusProd.boot().iter().map(NodeRecord::encode).collect();
    World { key: SecretKey::from_bytes(&[0x11; 32]).expect("a key"), genuine }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    match plan(input) {
        Some(Plan::Raw(bytes)) => {
            read(bytes);
            row(bytes);
            if let Ok(text) = str::from_utf8(bytes)
                && let Ok(record) = text.parse::<NodeRecord>()
            {
                look(&record);
            }
        }
        Some(Plan::Inside(script)) => {
            let record = signed(&world.key, script);
            if let Some(record) = read(&record) {
                assert!(record.node() == status_p2p::HostKey::from_bytes(&[0x11; 32]).expect("a key").node());
            }
        }
        Some(Plan::Changed { which, how }) => {
            let bytes = changed(&world.genuine[which % world.genuine.len()], how);
            if let Some(record) = read(&bytes) {
                assert!(world.genuine.contains(&record.encode()), "nobody else can sign");
            }
        }
        None => {}
    }
});

fn read(bytes: &[u8]) -> Option<NodeRecord> {
    let record = NodeRecord::decode(bytes).ok()?;
    assert!(bytes.len() <= MAX_RECORD);
    assert!(record.encode() == bytes, "two forms of one record");
    look(&record);
    Some(record)
}

/// Everything that is asked of a record.
fn look(record: &NodeRecord) {
    assert_eq!(record.to_string().parse().as_ref(), Ok(record), "its text is of another one");
    if let Some(shards) = record.shards() {
        assert!(shards.shards.iter().all(|shard| *shard < 1024), "a shard that cannot be");
    }
    let addresses = record.addresses();
    assert!(
        addresses.len() <= MAX_RECORD / 3
            && addresses.iter().all(|it| it.to_string().parse().as_ref() == Ok(it))
    );
    let _ = (record.udp(), record.capabilities(), record.seq());
    let known = KnownNode {
        record: record.clone(),
        source: Source::Tree,
        heard: Timestamp::from_secs(1),
        connected: None,
        tried: None,
        failures: 0,
    };
    assert_eq!(KnownNode::decode(&known.encode()), Ok(known));
}

fn row(bytes: &[u8]) {
    if let Ok(known) = KnownNode::decode(bytes) {
        assert_eq!(KnownNode::decode(&known.encode()), Ok(known));
    }
}

/// A record with a good signature over what a script says: its number, and fields in their order, each once.
fn signed(key: &SecretKey, script: &[u8]) -> Vec<u8> {
    let (seq, mut script) = script.split_first().unwrap_or((&0, &[]));
    let mut fields: [Option<&[u8]>; FIELDS.len()] = [None; FIELDS.len()];
    while let Some(([which, len], rest)) = script.split_first_chunk() {
        let (value, rest) = rest.split_at_checked(usize::from(*len)).unwrap_or((rest, &[]));
        fields[usize::from(*which) % FIELDS.len()] = Some(value);
        script = rest;
    }
    let mut content = text(&[*seq]);
    content.extend([text(b"id"), text(b"v4")].concat());
    for (name, value) in FIELDS.into_iter().zip(fields) {
        if name == "tcp" {
            content.extend([text(b"secp256k1"), text(&key.public().compressed())].concat());
        }
        if let Some(value) = value {
            content.extend([text(name.as_bytes()), text(value)].concat());
        }
    }
    let signature = key.sign(&keccak256(&[&list(&content)]));
    list(&[text(&signature.as_bytes()[..64]), content].concat())
}

/// RLP of a text.
fn text(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0] => vec![0x80],
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [header(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

/// RLP of a list of things that are RLP already.
fn list(content: &[u8]) -> Vec<u8> {
    [header(0xc0, content.len()), content.to_vec()].concat()
}

fn header(kind: u8, len: usize) -> Vec<u8> {
    match u8::try_from(len) {
        Ok(len) if len < 56 => vec![kind + len],
        Ok(len) => vec![kind + 56, len],
        Err(_) => [&[kind + 57][..], &(len as u16).to_be_bytes()].concat(),
    }
}
