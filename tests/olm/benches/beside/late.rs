//! A thousand messages in reverse. Olm keeps 40 keys of a chain, so only those are compared.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use status_layer::testing::rng;
use status_security::Suite;
use status_security::hazmat::Key;
use status_security::hazmat::ratchet::cipher;
use vodozemac::olm::OlmMessage;

use crate::clock::{Table, timed};
use crate::olm::{self, Pair};
use crate::ours::{LIMITS, turned};
use crate::wire::Sealed;

/// How many keys Olm keeps.
const KEPT: usize = 40;

/// Our skipped keys, as the layer keeps them on its shelf: found by number, gone once used.
type Skipped = BTreeMap<u32, Key>;

fn open_late(keys: &mut Skipped, (header, payload): &Sealed) -> bool {
    let Some(key) = keys.get(&header.n) else { return false };
    let mut text = cipher::open(key, header, payload).unwrap();
    keys.remove(&header.n);
    black_box(core::mem::take(&mut *text));
    true
}

/// So many late messages, in batches of as many as Olm keeps keys for.
fn batches(count: usize, mut batch: impl FnMut(usize) -> Duration) -> Duration {
    (0..count).step_by(KEPT).map(|done| batch(KEPT.min(count - done))).sum()
}

pub(crate) fn rows(table: &mut Table) {
    let text = [7; 1024];
    let (mut alice, bob) = turned(Suite::Curve25519);
    let ours: Vec<_> = (0..1000).map(|_| alice.seal(&text).unwrap()).collect();
    let (header, payload) = &ours[999];
    let turn = bob.open(&mut rng(1), LIMITS, header, payload).unwrap();
    let keys: Skipped = turn.skipped.into_iter().map(|skipped| (skipped.n, skipped.key)).collect();

    let mut pair = Pair::new();
    let theirs: Vec<_> = (0..1000).map(|_| olm::seal(&mut pair.alice, &text)).collect();
    olm::open(&mut pair.bob, &theirs[999]);

    table.row(
        "one of 1,000 in reverse, 1 KiB",
        "< 1",
        &mut |count| {
            batches(count, |count| {
                let mut keys = keys.clone();
                let late = ours[..999].iter().rev().take(count);
                timed(|| late.for_each(|sent| assert!(open_late(&mut keys, sent))))
            })
        },
        &mut |count| {
            batches(count, |count| {
                let mut bob = olm::copy(&pair.bob);
                let late = theirs[..999].iter().rev().take(count);
                timed(|| late.for_each(|sent| drop(black_box(olm::open(&mut bob, sent)))))
            })
        },
    );

    let mut left = keys;
    let late = ours[..999].iter().rev().filter(|sent| open_late(&mut left, sent)).count();
    let opens = |message: &&OlmMessage| pair.bob.decrypt(message).is_ok();
    let theirs = theirs[..999].iter().rev().filter(opens).count();
    table.line(&format!("of 1,000 in reverse: ours opens {}, vodozemac {}", late + 1, theirs + 1));
}
