//! The first message of a session, on both sides. Ours is taken without the message around it.

use std::hint::black_box;

use status_layer::testing::rng;
use status_security::Suite;
use vodozemac::olm::Account;

use crate::clock::{Table, timed};
use crate::olm;
use crate::ours::Strangers;

const TEXT: [u8; 1024] = [7; 1024];

pub(crate) fn rows(table: &mut Table) {
    let (alice, mut bob) = (Account::new(), olm::account());
    let strangers = Strangers::new(Suite::Curve25519);
    let mut random = rng(1);
    table.row(
        "initiate, first message 1 KiB",
        "",
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(strangers.begin(&mut random, &TEXT))))),
        &mut |count| {
            timed(|| {
                for _ in 0..count {
                    let mut session = olm::begin(&alice, &bob);
                    black_box(olm::seal(&mut session, &TEXT));
                }
            })
        },
    );

    let ours = strangers.begin(&mut rng(2), &TEXT);
    let theirs = olm::seal(&mut olm::begin(&alice, &bob), &TEXT);
    let mut random = rng(3);
    table.row(
        "respond, first message 1 KiB",
        "",
        &mut |count| timed(|| (0..count).for_each(|_| drop(black_box(strangers.answer(&mut random, &ours))))),
        &mut |count| {
            timed(|| (0..count).for_each(|_| drop(black_box(olm::answer(&mut bob, &alice, &theirs)))))
        },
    );
}
