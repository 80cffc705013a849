//! X3DH and the ratchet in both suites, without storage and without the message around them.

use std::hint::black_box;
use std::time::Duration;

use status_layer::testing::rng;
use status_security::Suite;
use status_security::hazmat::ratchet::{Header, Limits, Ratchet};

use super::clock::{Beside, Table, timed};
use super::kernel::{self, Curve, Identity, K256, Secp256k1, X25519};
use super::ours::{LIMITS, Strangers, first, key, pair, turned};

/// The longest gap that is bridged, and how many keys of it are kept.
const JUMP: Limits = Limits { jump: 25_000, keep: 2000 };

pub(crate) fn rows(table: &mut Table) {
    setting_up::<Secp256k1, Secp256k1, K256>(table, Suite::Secp256k1);
    chains(table, Suite::Secp256k1);
    setting_up::<Secp256k1, X25519, X25519>(table, Suite::Curve25519);
    chains(table, Suite::Curve25519);
}

fn chains(table: &mut Table, suite: Suite) {
    for (size, goal) in [(32, "≤ 1.30"), (1024, "≤ 1.20"), (65_536, "≤ 1.05")] {
        sealing(table, suite, size, goal);
        opening(table, suite, size, goal);
    }
    jumping(table, suite);
}

/// First message of 1 KiB on both sides, and messages that each turn the ratchet. Identities are on `I`, ratchet keys
/// on `C`, which by the implementation that may stand beside is `D`.
fn setting_up<I: Identity, C: Curve, D: Curve>(table: &mut Table, suite: Suite) {
    let strangers = Strangers::new(suite);
    let mut random = rng(1);
    row(
        table,
        &format!("{suite}: initiate, first message 1 KiB"),
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(strangers.begin(&mut random, &TEXT))))),
        &mut bare_begin::<I, C>(&strangers),
        &mut bare_begin::<K256, D>(&strangers),
    );

    let sent = strangers.begin(&mut rng(2), &TEXT);
    let mut random = rng(3);
    row(
        table,
        &format!("{suite}: respond, first message 1 KiB"),
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(strangers.answer(&mut random, &sent))))),
        &mut bare_answer::<I, C>(&strangers, sent.0),
        &mut bare_answer::<K256, D>(&strangers, sent.0),
    );

    let (mut one, mut other) = pair(suite);
    let mut random = rng(4);
    let mut ours = |count| {
        timed(|| {
            for _ in 0..count {
                let (header, payload) = one.seal(&TEXT).unwrap();
                other = other.open(&mut random, LIMITS, &header, &payload).unwrap().ratchet;
                core::mem::swap(&mut one, &mut other);
            }
        })
    };
    row(
        table,
        &format!("{suite}: ping-pong, seal and open 1 KiB"),
        &mut ours,
        &mut bare_turns::<C>(suite),
        &mut bare_turns::<D>(suite),
    );
}

fn row(
    table: &mut Table,
    name: &str,
    ours: &mut dyn FnMut(usize) -> Duration,
    kernel: &mut dyn FnMut(usize) -> Duration,
    other: &mut dyn FnMut(usize) -> Duration,
) {
    let mut beside: Vec<Beside<'_>> =
        kernel::BESIDE.map(|name| Beside::Other(name, other)).into_iter().collect();
    table.row_with(name, "≤ 1.05", ours, kernel, &mut beside);
}

const TEXT: [u8; 1024] = [7; 1024];

fn bare_begin<I: Identity, C: Curve>(strangers: &Strangers) -> impl FnMut(usize) -> Duration {
    let (identity, signed) = (strangers.identity, strangers.signed);
    let (own, first) = (I::private(&[1; 32]), C::read(&peer(strangers.suite)));
    move |count| {
        timed(|| {
            for _ in 0..count {
                let ephemeral = I::private(&[3; 32]);
                black_box(I::public(&ephemeral));
                let (identity, signed) = (I::read(&identity), I::read(&signed));
                let secret = kernel::x3dh::<I>(&own, &ephemeral, &identity, &signed);
                let drawn = C::private(&[6; 32]);
                black_box(C::public(&drawn));
                let keys = kernel::root(&secret, &C::agree(&drawn, &first));
                let mut chain = keys[32..].try_into().unwrap();
                black_box(kernel::seal(&mut chain, &[0; 41], &TEXT));
            }
        })
    }
}

fn bare_answer<I: Identity, C: Curve>(
    strangers: &Strangers,
    ephemeral: [u8; 33],
) -> impl FnMut(usize) -> Duration {
    let (from, turned) = (strangers.from, peer(strangers.suite));
    let (own, other) = (I::private(&[2; 32]), I::private(&[4; 32]));
    move |count| {
        let payload = kernel::seal(&mut [8; 32], &[0; 41], &TEXT);
        timed(|| {
            for _ in 0..count {
                let (ephemeral, from) = (I::read(&ephemeral), I::read(&from));
                let secret = kernel::x3dh::<I>(&own, &other, &ephemeral, &from);
                black_box(kernel::turn::<C>(&[4; 32], &[6; 32], &turned, &secret));
                black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
            }
        })
    }
}

/// The key that a ratchet of the suite turns to, and the first one of the responder, as bytes.
fn peer(suite: Suite) -> Vec<u8> {
    match suite {
        Suite::Secp256k1 => key(4).public().compressed().to_vec(),
        Suite::Curve25519 => first().public().as_bytes().to_vec(),
    }
}

fn bare_turns<C: Curve>(suite: Suite) -> impl FnMut(usize) -> Duration {
    let turned = peer(suite);
    move |count| {
        timed(|| {
            for _ in 0..count {
                let payload = kernel::seal(&mut [8; 32], &[0; 41], &TEXT);
                black_box(kernel::turn::<C>(&[4; 32], &[6; 32], &turned, &[9; 32]));
                black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
            }
        })
    }
}

fn sealing(table: &mut Table, suite: Suite, size: usize, goal: &str) {
    let (mut ratchet, _) = pair(suite);
    let text = vec![7; size];
    let mut ours = |count| timed(|| (0..count).for_each(|_| drop(black_box(ratchet.seal(&text).unwrap()))));
    let mut chain = [8; 32];
    let mut bare =
        |count| timed(|| (0..count).for_each(|_| drop(black_box(kernel::seal(&mut chain, &[0; 41], &text)))));
    table.row(&format!("{suite}: seal {size} bytes in a chain"), goal, &mut ours, &mut bare);
}

fn opening(table: &mut Table, suite: Suite, size: usize, goal: &str) {
    // The turn is another row's.
    let (alice, bob) = turned(suite);
    let text = vec![7; size];
    let mut random = rng(3);
    let mut ours = |count| -> Duration {
        let (mut alice, mut bob) = (alice.clone(), bob.clone());
        let sealed: Vec<(Header, Vec<u8>)> = (0..count).map(|_| alice.seal(&text).unwrap()).collect();
        timed(|| {
            for (header, payload) in &sealed {
                let mut turn = bob.open(&mut random, LIMITS, header, payload).unwrap();
                bob = turn.ratchet;
                // What is handed up is not wiped: it belongs to the reader.
                black_box(core::mem::take(&mut *turn.plaintext));
            }
        })
    };
    let mut bare = |count| {
        let (mut there, mut here) = ([8; 32], [8; 32]);
        let sealed: Vec<Vec<u8>> = (0..count).map(|_| kernel::seal(&mut there, &[0; 41], &text)).collect();
        timed(|| {
            sealed.iter().for_each(|payload| drop(black_box(kernel::open(&mut here, &[0; 41], payload))));
        })
    };
    table.row(&format!("{suite}: open {size} bytes in a chain"), goal, &mut ours, &mut bare);
}

/// One message of 1 KiB that comes first of 25,001.
fn jumping(table: &mut Table, suite: Suite) {
    let name = format!("{suite}: open after a gap of 25,000");
    if !table.wants(&name) {
        return;
    }
    let (mut alice, bob): (Ratchet, Ratchet) = turned(suite);
    (0..JUMP.jump).for_each(|_| drop(alice.seal(b"lost").unwrap()));
    let (header, payload) = alice.seal(&TEXT).unwrap();
    let mut random = rng(5);
    let mut ours = |count| {
        timed(|| {
            for _ in 0..count {
                black_box(bob.open(&mut random, JUMP, &header, &payload).unwrap());
            }
        })
    };
    let sealed = kernel::seal(&mut [8; 32], &[0; 41], &TEXT);
    let mut bare = |count| {
        timed(|| {
            for _ in 0..count {
                black_box(kernel::jump(JUMP.jump, JUMP.keep, &[0; 41], &sealed));
            }
        })
    };
    table.row(&name, "≤ 50 ms", &mut ours, &mut bare);
}
