//! Data sync: any letter is taken or refused, whatever stands in it, and honest mail still comes through.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use status_crypto::{Keyring, SecretKey};
use status_data_sync::{Config, Mode, Mvds, Order};
use status_fuzz::{Plan, changed, must, offer, plan};
use status_layer::testing::Party;
use status_layer::{
    Arrival, Audience, Body, DataSync, Datagram, Grade, Letter, MessageId, Name, Proof, Recipient, Round,
    Sender, UserId,
};

/// Alice has written to Bob in both modes, Bob to Alice, and each has seen a part of it.
struct World {
    alice: UserId,
    bob: UserId,
    party: Party,
    /// As deployed, and keeping the order of messages.
    layers: [Mvds; 2],
    datagrams: Vec<Vec<u8>>,
    /// What Bob has not got yet.
    last: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (mut hers, mut his) = (Party::new(1), Party::new(2));
    let alice = SecretKey::generate(&mut hers.rng).user();
    let bob = SecretKey::generate(&mut his.rng).user();
    let layer = Mvds::new(bob, Config::default());
    let mut datagrams = Vec::new();
    for (number, mode) in [Mode::Batch, Mode::Interactive, Mode::Batch].into_iter().enumerate() {
        let sender = Mvds::new(alice, Config { mode, ..Config::default() });
        write(&mut hers, &sender, number as u8, bob);
        write(&mut his, &layer, number as u8 + 100, alice);
        for _ in 0..2 {
            let there = due(&mut hers, &sender);
            let back = due(&mut his, &layer);
            for bytes in &there {
                must(&mut his, |cx| layer.receive(cx, letter(alice, bob, bytes)));
            }
            for bytes in &back {
                must(&mut hers, |cx| sender.receive(cx, letter(bob, alice, bytes)));
            }
            datagrams.extend(there);
            datagrams.extend(back);
            hers.wait(Duration::from_secs(1));
            his.wait(Duration::from_secs(1));
        }
    }
    let sender = Mvds::new(alice, Config::default());
    write(&mut hers, &sender, 99, bob);
    write(&mut his, &layer, 199, alice);
    let last = due(&mut hers, &sender).pop().expect("one datagram");
    datagrams.push(last.clone());
    let keeping = Mvds::new(bob, Config { order: Order::Eventual, ..Config::default() });
    World { alice, bob, party: his, layers: [layer, keeping], datagrams, last }
});

fn write(party: &mut Party, layer: &Mvds, number: u8, to: UserId) {
    let body = Body::new(vec![number; 20]);
    must(party, |cx| layer.append(cx, MessageId::new([number; 32]), &Audience::User(to), body));
}

fn due(party: &mut Party, layer: &Mvds) -> Vec<Vec<u8>> {
    must(party, |cx| layer.due(cx)).now.datagrams.into_iter().map(|datagram| datagram.bytes).collect()
}

fn letter(from: UserId, to: UserId, bytes: &[u8]) -> Letter {
    let from = Sender { user: from, device: None, proof: Proof::Session };
    Letter { from, grade: Grade::Ratcheted, datagram: Datagram::new(Recipient::User(to), bytes.to_vec()) }
}

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let mut bob = world.party.clone();
    let bytes = match plan(input) {
        Some(Plan::Raw(bytes)) => bytes.to_vec(),
        // Two letters in one: protobuf takes the fields of both.
        Some(Plan::Inside(bytes)) => [bytes, &world.last].concat(),
        Some(Plan::Changed { which, how }) => changed(&world.datagrams[which % world.datagrams.len()], how),
        None => return,
    };

    let layer = world.layers[bytes.len() % 2];
    let hostile = letter(world.alice, world.bob, &bytes);
    let to = Recipient::Channel(Name::new("status").expect("a name"));
    let public = Letter { grade: Grade::Clear, datagram: Datagram::new(to, bytes), ..hostile.clone() };
    let mut got = offer(&mut bob, |cx| layer.receive(cx, hostile)).unwrap_or_default();
    offer(&mut bob, |cx| layer.receive(cx, public));

    must(&mut bob, |cx| layer.due(cx));
    let again = must(&mut bob, |cx| layer.due(cx));
    assert!(again.now == Round::default(), "asked twice at one instant, it sent twice");
    let honest = letter(world.alice, world.bob, &world.last);
    got.extend(must(&mut bob, |cx| layer.receive(cx, honest.clone())));
    assert!(got.iter().any(is_last), "an honest message was lost");
    let again = must(&mut bob, |cx| layer.receive(cx, honest));
    assert!(!again.iter().any(is_last), "an honest message came twice");
});

fn is_last(arrival: &Arrival) -> bool {
    matches!(arrival, Arrival::Body { body, .. } if body.as_bytes() == [99; 20])
}
