//! P2P: whoever asks for nodes gets a bounded number of them, and of what an answer names only what nodes have signed is taken.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use status_fuzz::{Plan, changed, plan};
use status_p2p::hazmat::{
    read_peer_exchange_answer, read_peer_exchange_question, write_peer_exchange_answer,
};
use status_p2p::{Fleet, MAX_RECORD, NodeRecord};

/// Records of one answer that are taken.
const TAKEN: usize = 20;

struct World {
    records: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let records: Vec<Vec<u8>> = Fleet::StatusProd.boot().iter().map(NodeRecord::encode).collect();
    let some: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let answers = vec![
        write_peer_exchange_answer(&some),
        write_peer_exchange_answer(&some[..1]),
        b"\x0a\x02\x08\x14".to_vec(),
    ];
    World { records, answers }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    match plan(input) {
        Some(Plan::Raw(bytes)) => read(world, bytes),
        // An answer with pieces of the input between genuine records: each has a length before it, 255 stands for a genuine one.
        Some(Plan::Inside(mut script)) => {
            let mut records: Vec<&[u8]> = Vec::new();
            let mut genuine = 0;
            while let Some((len, rest)) = script.split_first() {
                if *len == 255 {
                    records.push(&world.records[records.len() % world.records.len()]);
                    genuine += usize::from(records.len() <= TAKEN);
                    script = rest;
                } else {
                    let (record, rest) = rest.split_at_checked(usize::from(*len)).unwrap_or((rest, &[]));
                    records.push(record);
                    script = rest;
                }
            }
            let taken = read_peer_exchange_answer(&write_peer_exchange_answer(&records)).expect("an answer");
            assert!(taken.len() >= genuine, "what is genuine is not taken");
            believe(world, &taken);
        }
        Some(Plan::Changed { which, how }) => {
            read(world, &changed(&world.answers[which % world.answers.len()], how));
        }
        None => {}
    }
});

fn read(world: &World, bytes: &[u8]) {
    if let Some(count) = read_peer_exchange_question(bytes) {
        assert!(count <= 100, "{count} records");
    }
    if let Some(records) = read_peer_exchange_answer(bytes) {
        believe(world, &records);
    }
}

fn believe(world: &World, taken: &[NodeRecord]) {
    assert!(taken.len() <= TAKEN);
    for record in taken {
        let bytes = record.encode();
        assert!(bytes.len() <= MAX_RECORD && world.records.contains(&bytes), "nobody else can sign");
    }
}
