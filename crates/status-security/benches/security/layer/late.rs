//! Messages that come late: many in reverse, and one after a long gap; and what all that takes on the shelf.

use status_layer::{Parcel, Security as _};
use status_security::Transition;

use super::{TEXT, Trace};
use crate::clock::{Beside, Table, timed};
use crate::kernel;
use crate::ours::key;
use crate::person::{Keys, Person, in_session};

pub(super) fn rows(table: &mut Table, name: &str, transition: Transition) {
    reverse(table, name, transition);
    gap(table, name, transition);
}

/// A thousand messages in reverse: each opens with a key that was kept. The kernel is the same in order.
fn reverse(table: &mut Table, name: &str, transition: Transition) {
    let (mut alice, mut bob) = in_session(transition);
    let sealed: Vec<Parcel> = (0..1000).map(|_| alice.seal(bob.user(), &TEXT)).collect();
    let whole = bob.party.clone();
    bob.open(&sealed[999]);
    let skipped = bob.party.clone();
    let mut next = 998;
    let layer = bob.layer.clone();
    let mut late = |count: usize| {
        if next < count {
            (bob.party, next) = (skipped.clone(), 998);
        }
        let batch: Vec<&Parcel> = (0..count).map(|n| &sealed[next - n]).collect();
        next -= count;
        timed(|| batch.into_iter().for_each(|parcel| bob.open(parcel)))
    };
    let mut other = Person { key: key(2), layer, party: whole.clone() };
    let mut at = 0;
    let mut in_order = |count: usize| {
        if at + count > 1000 {
            (other.party, at) = (whole.clone(), 0);
        }
        let batch = &sealed[at..at + count];
        at += count;
        timed(|| batch.iter().for_each(|parcel| other.open(parcel)))
    };
    table.row(&format!("{name}: late 1 KiB of 1,000 / in order"), "≤ 1.25", &mut late, &mut in_order);

    let mut all = 0;
    bob.party = skipped;
    sealed[..999].iter().rev().for_each(|parcel| {
        bob.open(parcel);
        all += 1;
    });
    table.line(&format!("{name}: of 1,000 in reverse {} were opened", all + 1));
}

/// A message after 25,000 that are lost: the newest 2,000 keys are written to the shelf.
fn gap(table: &mut Table, name: &str, transition: Transition) {
    let name = format!("{name}: layer opens after a gap of 25,000");
    if !table.wants(&name) {
        return;
    }
    let (mut alice, mut bob) = in_session(transition);
    (0..25_000).for_each(|_| drop(alice.seal(bob.user(), b"lost")));
    let parcel = alice.seal(bob.user(), &TEXT);
    let before = bob.party.clone();
    let mut shelf = Trace::of(&before, |cx| {
        bob.layer.open(cx, parcel.clone()).unwrap();
    });
    let mut ours = |count: usize| {
        let once = |_| {
            bob.party = before.clone();
            timed(|| bob.open(&parcel))
        };
        (0..count).map(once).sum()
    };
    let sealed = kernel::seal(&mut [8; 32], &[0; 41], &TEXT);
    let mut bare =
        |count| timed(|| (0..count).for_each(|_| drop(kernel::jump(25_000, 2000, &[0; 41], &sealed))));
    let mut shelf = |count| shelf.again(count);
    let mut beside = [Beside::Part("shelf", &mut shelf)];
    table.row_with(&name, "≤ 50 ms", &mut ours, &mut bare, &mut beside);
}

/// What a session takes on the shelf.
pub(crate) fn sizes(table: &mut Table) {
    for (name, transition) in [("secp256k1", Transition::Old), ("curve25519", Transition::New)] {
        let (mut alice, mut bob) = in_session(transition);
        let (session, _) = bob.bytes(b"s", Keys::Left);
        (0..1000).for_each(|_| drop(alice.seal(bob.user(), b"lost")));
        let last = alice.seal(bob.user(), b"last");
        bob.open(&last);
        let (skipped, count) = bob.bytes(b"k", Keys::Counted);
        let skipped = skipped / count;
        table.line(&format!(
            "{name}: {session} bytes a session (≤ 260), {skipped} a skipped key with its key (≤ 72)"
        ));
    }
}
