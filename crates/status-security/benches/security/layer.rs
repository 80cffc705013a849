//! The whole layer over a store in memory: bundles signed and verified, rows read and written.

use std::hint::black_box;
use std::time::Duration;

use status_layer::{Parcel, Security};
use status_security::hazmat::{Bundle, Prekey};
use status_security::{Config, Transition};

use super::clock::{Beside, Table, timed};
use super::kernel::{self, Identity, K256, Secp256k1};
use super::ours::key;
use super::person::{Person, in_session, sealed};
use shelf::Trace;

mod late;
mod shelf;

pub(crate) use late::sizes;

const TEXT: [u8; 1024] = [7; 1024];

pub(crate) fn rows(table: &mut Table) {
    for (name, transition, signed) in [("secp256k1", Transition::Old, 1), ("curve25519", Transition::New, 2)]
    {
        sealing(table, name, transition, signed);
        opening(table, name, transition, signed);
        late::rows(table, name, transition);
        fan_out(table, name, transition, signed);
    }
}

/// Measures a row beside the kernel on the other implementation of the curve, if that was built, and the shelf alone.
fn row(
    table: &mut Table,
    name: &str,
    ours: &mut dyn FnMut(usize) -> Duration,
    (kernel, other): (&mut dyn FnMut(usize) -> Duration, &mut dyn FnMut(usize) -> Duration),
    mut shelf: Trace,
) {
    let mut shelf = |count| shelf.again(count);
    let mut beside = vec![Beside::Part("shelf", &mut shelf)];
    beside.extend(kernel::BESIDE.map(|name| Beside::Other(name, other)));
    table.row_with(name, "", ours, kernel, &mut beside);
}

fn sealing(table: &mut Table, name: &str, transition: Transition, signed: usize) {
    let (mut alice, bob) = in_session(transition);
    let to = bob.user();
    let shelf = Trace::of(&alice.party, |cx| drop(sealed(&alice.layer, cx, to, &TEXT)));
    row(
        table,
        &format!("{name}: layer seals 1 KiB, with bundle"),
        &mut |count| timed(|| (0..count).for_each(|_| drop(alice.seal(to, &TEXT)))),
        (&mut bare_sealing::<Secp256k1>(signed, 1), &mut bare_sealing::<K256>(signed, 1)),
        shelf,
    );
}

/// The bare signatures of a bundle, one, and another one over its extension; and the content sealed so many times.
fn bare_sealing<C: Identity>(signed: usize, devices: usize) -> impl FnMut(usize) -> Duration {
    let (key, mut chain) = (C::signing(&[1; 32]), [8; 32]);
    move |count| {
        timed(|| {
            for _ in 0..count {
                for _ in 0..signed {
                    black_box(kernel::sign::<C>(&key, &[7; 120]));
                }
                for _ in 0..devices {
                    black_box(kernel::seal(&mut chain, &[0; 41], &TEXT));
                }
            }
        })
    }
}

fn opening(table: &mut Table, name: &str, transition: Transition, signed: usize) {
    let (mut alice, mut bob) = in_session(transition);
    let to = bob.user();
    let parcel = alice.seal(to, &TEXT);
    let shelf = Trace::of(&bob.party, |cx| drop(bob.layer.open(cx, parcel.clone()).unwrap()));
    row(
        table,
        &format!("{name}: layer opens 1 KiB, with bundle"),
        &mut |count| {
            let parcels: Vec<Parcel> = (0..count).map(|_| alice.seal(to, &TEXT)).collect();
            timed(|| parcels.iter().for_each(|parcel| bob.open(parcel)))
        },
        (&mut bare_opening::<Secp256k1>(signed), &mut bare_opening::<K256>(signed)),
        shelf,
    );
}

fn bare_opening<C: Identity>(signed: usize) -> impl FnMut(usize) -> Duration {
    let digest = [5; 32];
    let signature = *key(1).sign(&digest).as_bytes();
    let payload = kernel::seal(&mut [8; 32], &[0; 41], &TEXT);
    move |count| {
        timed(|| {
            for _ in 0..count {
                for _ in 0..signed {
                    black_box(C::recover(&signature, &digest));
                }
                black_box(kernel::open(&mut [8; 32], &[0; 41], &payload));
            }
        })
    }
}

fn fan_out(table: &mut Table, name: &str, transition: Transition, signed: usize) {
    let config = Config { transition, max_targets: 5, ..Config::default() };
    let mut alice = Person::new(1, config);
    let bob = key(2);
    let mut device = Person::new(2, config);
    let listed = device.announcement();
    let bundle =
        status_security::hazmat::Message::decode(listed.sealed.as_bytes()).unwrap().bundles.remove(0);
    let one: Prekey = bundle.prekeys()["device-2"].clone();
    let prekeys: std::collections::BTreeMap<_, _> =
        (0..5).map(|n| (format!("device {n}"), one.clone())).collect();
    let message = status_security::hazmat::Message {
        bundles: vec![Bundle::sign(&bob, prekeys, alice.party.now)],
        ..Default::default()
    };
    alice.open(&Parcel { sealed: status_layer::Sealed::new(message.encode()), ..listed });
    let to = bob.public().user();
    alice.seal(to, &TEXT);
    let shelf = Trace::of(&alice.party, |cx| drop(sealed(&alice.layer, cx, to, &TEXT)));
    row(
        table,
        &format!("{name}: layer seals 1 KiB for 5 devices"),
        &mut |count| timed(|| (0..count).for_each(|_| drop(alice.seal(to, &TEXT)))),
        (&mut bare_sealing::<Secp256k1>(signed, 5), &mut bare_sealing::<K256>(signed, 5)),
        shelf,
    );
}
