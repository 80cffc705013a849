//! Messages of a chain, and messages that each turn the ratchet.

use std::hint::black_box;

use status_layer::testing::rng;
use status_security::Suite;

use crate::clock::{Table, timed};
use crate::olm::{self, Pair};
use crate::ours::{pair, turned};
use crate::wire;

pub(crate) fn rows(table: &mut Table) {
    for size in [32, 1024, 65_536] {
        sealing(table, size);
        opening(table, size);
    }
    turning(table);
    for size in [32, 1024, 65_536] {
        opening_bytes(table, size);
    }
}

fn sealing(table: &mut Table, size: usize) {
    let text = vec![7; size];
    let (mut ratchet, _) = turned(Suite::Curve25519);
    let mut theirs = Pair::new();
    table.row(
        &format!("seal {size} bytes in a chain"),
        "< 1",
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(ratchet.seal(&text).unwrap())))),
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(olm::seal(&mut theirs.alice, &text))))),
    );
}

fn opening(table: &mut Table, size: usize) {
    let text = vec![7; size];
    let (alice, bob) = turned(Suite::Curve25519);
    let theirs = Pair::new();
    let mut random = rng(3);
    table.row(
        &format!("open {size} bytes in a chain"),
        "< 1",
        &mut |count| {
            let (mut alice, mut bob) = (alice.clone(), bob.clone());
            let sealed: Vec<_> = (0..count).map(|_| alice.seal(&text).unwrap()).collect();
            timed(|| sealed.iter().for_each(|sent| drop(black_box(wire::open(&mut bob, &mut random, sent)))))
        },
        &mut |count| {
            let (mut alice, mut bob) = (olm::copy(&theirs.alice), olm::copy(&theirs.bob));
            let sealed: Vec<_> = (0..count).map(|_| olm::seal(&mut alice, &text)).collect();
            timed(|| sealed.iter().for_each(|sent| drop(black_box(olm::open(&mut bob, sent)))))
        },
    );
}

/// Opening from the bytes that travel. Ours are in the format of deployed peers, with a part for each device.
fn opening_bytes(table: &mut Table, size: usize) {
    let text = vec![7; size];
    let (alice, bob) = turned(Suite::Curve25519);
    let theirs = Pair::new();
    let mut random = rng(3);
    table.row(
        &format!("open {size} bytes, read from the wire"),
        "",
        &mut |count| {
            let (mut alice, mut bob) = (alice.clone(), bob.clone());
            let sent: Vec<_> = (0..count).map(|_| wire::encode(alice.seal(&text).unwrap())).collect();
            timed(|| {
                for sent in &sent {
                    black_box(wire::open(&mut bob, &mut random, &wire::decode(sent)));
                }
            })
        },
        &mut |count| {
            let (mut alice, mut bob) = (olm::copy(&theirs.alice), olm::copy(&theirs.bob));
            let sent: Vec<_> = (0..count).map(|_| olm::encode(&olm::seal(&mut alice, &text))).collect();
            timed(|| sent.iter().for_each(|sent| drop(black_box(olm::open(&mut bob, &olm::decode(sent))))))
        },
    );
}

fn turning(table: &mut Table) {
    let text = [7; 1024];
    let (mut one, mut other) = pair(Suite::Curve25519);
    let mut theirs = Pair::new();
    let mut random = rng(4);
    table.row(
        "ping-pong, seal and open 1 KiB",
        "< 1",
        &mut |count| {
            timed(|| {
                for _ in 0..count {
                    let sent = one.seal(&text).unwrap();
                    black_box(wire::open(&mut other, &mut random, &sent));
                    core::mem::swap(&mut one, &mut other);
                }
            })
        },
        &mut |count| {
            timed(|| {
                for _ in 0..count {
                    let sent = olm::seal(&mut theirs.alice, &text);
                    black_box(olm::open(&mut theirs.bob, &sent));
                    core::mem::swap(&mut theirs.alice, &mut theirs.bob);
                }
            })
        },
    );
}
