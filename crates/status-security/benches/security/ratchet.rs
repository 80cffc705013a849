//! X3DH and the ratchet in both suites, without storage and without the message around them.

use std::hint::black_box;
use std::time::Duration;

use status_crypto::{PublicKey, SecretKey, x25519};
use status_layer::testing::{SeededRng, rng};
use status_security::Suite;
use status_security::hazmat::ratchet::{Header, Limits, Ratchet};
use status_security::hazmat::{Key, x3dh};

use super::clock::{Table, timed};
use super::kernel::{self, Curve, Secp256k1 as Point};

const LIMITS: Limits = Limits { jump: 1000, keep: 1000 };

fn key(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32]).unwrap()
}

fn first() -> x25519::SecretKey {
    x25519::SecretKey::from_bytes(&[5; 32])
}

fn initiate(
    suite: Suite,
    rng: &mut SeededRng,
    secret: &Key,
    prekey: &PublicKey,
    first: &x25519::PublicKey,
) -> Ratchet {
    match suite {
        Suite::Secp256k1 => Ratchet::initiate(rng, secret, prekey),
        Suite::Curve25519 => Ratchet::initiate_25519(rng, secret, first).unwrap(),
    }
}

fn respond(suite: Suite, secret: &Key, prekey: &SecretKey, first: &x25519::SecretKey) -> Ratchet {
    match suite {
        Suite::Secp256k1 => Ratchet::respond(secret, prekey),
        Suite::Curve25519 => Ratchet::respond_25519(secret, first),
    }
}

fn pair(suite: Suite) -> (Ratchet, Ratchet) {
    let secret = Key::new([9; 32]);
    (
        initiate(suite, &mut rng(1), &secret, &key(4).public(), &first().public()),
        respond(suite, &secret, &key(4), &first()),
    )
}

/// The key that a ratchet of the suite turns to, and the first one of the responder, as bytes.
fn peer(suite: Suite) -> Vec<u8> {
    match suite {
        Suite::Secp256k1 => key(4).public().compressed().to_vec(),
        Suite::Curve25519 => first().public().as_bytes().to_vec(),
    }
}

pub(crate) fn rows(table: &mut Table) {
    for suite in [Suite::Secp256k1, Suite::Curve25519] {
        match suite {
            Suite::Secp256k1 => setting_up::<kernel::Secp256k1>(table, suite),
            Suite::Curve25519 => setting_up::<kernel::X25519>(table, suite),
        }
        for (size, goal) in [(32, "≤ 1.30"), (1024, "≤ 1.20"), (65_536, "≤ 1.05")] {
            sealing(table, suite, size, goal);
            opening(table, suite, size, goal);
        }
    }
}

/// First message of 1 KiB on both sides, and messages that each turn the ratchet.
fn setting_up<C: Curve>(table: &mut Table, suite: Suite) {
    let (alice, bob, prekey) = (key(1), key(2), key(4));
    let [identity, signed] = [&bob, &prekey].map(|key| key.public().compressed());
    let (text, first) = ([7; 1024], first().public());
    let mut random = rng(1);
    let begin = |random: &mut SeededRng| {
        let ephemeral = SecretKey::generate(random);
        let prekey = PublicKey::from_compressed(&signed).unwrap();
        let secret =
            x3dh::initiate(&alice, &ephemeral, &PublicKey::from_compressed(&identity).unwrap(), &prekey);
        let mut ratchet = initiate(suite, random, &secret, &prekey, &first);
        let sealed = ratchet.seal(&text).unwrap();
        (ephemeral.public().compressed(), sealed)
    };
    let mut ours = |count| timed(|| (0..count).for_each(|_| drop(black_box(begin(&mut random)))));
    let (own, first) = (Point::private(&[1; 32]), C::read(&peer(suite)));
    let mut bare = |count| {
        timed(|| {
            for _ in 0..count {
                let ephemeral = Point::private(&[3; 32]);
                black_box(Point::public(&ephemeral));
                let (identity, signed) = (Point::read(&identity), Point::read(&signed));
                let secret = kernel::x3dh(&own, &ephemeral, &identity, &signed);
                let drawn = C::private(&[6; 32]);
                black_box(C::public(&drawn));
                let keys = kernel::root(&secret, &C::agree(&drawn, &first));
                let mut chain = keys[32..].try_into().unwrap();
                black_box(kernel::seal(&mut chain, &[0; 41], &text));
            }
        })
    };
    table.row(&format!("{suite}: initiate, first message 1 KiB"), "≤ 1.05", &mut ours, &mut bare);

    let (ephemeral, (header, payload)) = begin(&mut rng(2));
    // As the layer has it: read from the shelf together with its public side.
    let kept = self::first();
    let from = alice.public().compressed();
    let mut random = rng(3);
    let mut ours = |count| {
        timed(|| {
            for _ in 0..count {
                let alice = PublicKey::from_compressed(&from).unwrap();
                let ephemeral = PublicKey::from_compressed(&ephemeral).unwrap();
                let secret = x3dh::respond(&bob, &prekey, &alice, &ephemeral);
                let turn =
                    respond(suite, &secret, &prekey, &kept).open(&mut random, LIMITS, &header, &payload);
                black_box(turn.unwrap());
            }
        })
    };
    let (own, other, turned) = (Point::private(&[2; 32]), Point::private(&[4; 32]), peer(suite));
    let mut bare = |count| {
        let mut sealed_with = [8; 32];
        let payload = kernel::seal(&mut sealed_with, &[0; 41], &text);
        timed(|| {
            for _ in 0..count {
                let (ephemeral, from) = (Point::read(&ephemeral), Point::read(&from));
                let secret = kernel::x3dh(&own, &other, &ephemeral, &from);
                black_box(kernel::turn::<C>(&[4; 32], &[6; 32], &turned, &secret));
                black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
            }
        })
    };
    table.row(&format!("{suite}: respond, first message 1 KiB"), "≤ 1.05", &mut ours, &mut bare);

    let (mut one, mut other) = pair(suite);
    let mut random = rng(4);
    let mut ours = |count| {
        timed(|| {
            for _ in 0..count {
                let (header, payload) = one.seal(&text).unwrap();
                other = other.open(&mut random, LIMITS, &header, &payload).unwrap().ratchet;
                core::mem::swap(&mut one, &mut other);
            }
        })
    };
    let mut bare = |count| {
        timed(|| {
            for _ in 0..count {
                let payload = kernel::seal(&mut [8; 32], &[0; 41], &text);
                black_box(kernel::turn::<C>(&[4; 32], &[6; 32], &turned, &[9; 32]));
                black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
            }
        })
    };
    table.row(&format!("{suite}: ping-pong, seal and open 1 KiB"), "≤ 1.05", &mut ours, &mut bare);
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
    let (mut alice, bob) = pair(suite);
    let text = vec![7; size];
    let (header, payload) = alice.seal(&text).unwrap();
    // The turn is another row's.
    let bob = bob.open(&mut rng(2), LIMITS, &header, &payload).unwrap().ratchet;
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
