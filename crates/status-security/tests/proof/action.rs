//! What can happen.

use core::time::Duration;

use proptest::prelude::*;

use crate::rules::{DAY, HOUR};

/// One event. Numbers are taken modulo what there is to choose from, so every list of actions can be run, and so can
/// every part of it.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// A device writes to a user, sometimes to its own.
    Send { from: u8, to: u8, filler: u8 },
    /// Something under way arrives.
    Deliver(u8),
    /// All that is under way arrives.
    DeliverAll,
    /// Something under way is lost.
    Drop(u8),
    /// Something under way is overtaken by all the rest.
    Reorder(u8),
    /// Something under way arrives twice.
    Duplicate(u8),
    /// Somebody sends what they have no right to.
    Forge(Forge),
    /// A device dies before the commit.
    Crash { device: u8, doing: Doing },
    /// A copy of a device's store is put aside.
    Backup(u8),
    /// An old copy of a device's store is put back, and that is noticed or not.
    Restore { device: u8, copy: u8, noticed: bool },
    /// A user installs another device, with nothing but the words of the account.
    AddDevice(u8),
    /// A device takes another one of its user, if it has heard of it, into the group.
    Pair { device: u8, other: u8 },
    /// A device of a user who has another one is removed there, and never used again.
    RemoveDevice(u8),
    /// A device does what is due.
    Due(u8),
    /// A device begins or stops to care for a user.
    Expect { device: u8, whom: u8, listen: bool },
    /// Time passes.
    Tick(Duration),
}

/// What a device was doing when it died.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing {
    Sending { to: u8 },
    Opening,
    WhatIsDue,
}

/// A parcel made of one that was seen before.
#[derive(Clone, Debug)]
pub(crate) struct Forge {
    /// Which one.
    pub(crate) of: u8,
    /// The device that gets it.
    pub(crate) to: u8,
    pub(crate) signer: Signer,
    pub(crate) place: Place,
    pub(crate) bytes: Bytes,
}

/// Who signs the envelope of a forged parcel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signer {
    /// Whoever signed it, as in a replay.
    Kept,
    /// Another user.
    User(u8),
    /// Somebody whom nobody knows.
    Stranger,
    Nobody,
}

/// Where a forged parcel is left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Kept,
    /// In the inbox of the reader.
    Inbox,
    /// At the contact code of the reader.
    ContactCode,
}

/// What becomes of the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bytes {
    Kept,
    Flip(u16),
    Cut(u16),
    Extend(u8),
}

pub(crate) fn any_actions(most: usize) -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 1..=most)
}

fn any_action() -> impl Strategy<Value = Action> {
    let n = any::<u8>;
    prop_oneof![
        8 => (n(), n(), n()).prop_map(|(from, to, filler)| Action::Send { from, to, filler }),
        9 => n().prop_map(Action::Deliver),
        2 => Just(Action::DeliverAll),
        2 => n().prop_map(Action::Drop),
        1 => n().prop_map(Action::Reorder),
        1 => n().prop_map(Action::Duplicate),
        4 => any_forge().prop_map(Action::Forge),
        1 => (n(), any_doing()).prop_map(|(device, doing)| Action::Crash { device, doing }),
        2 => n().prop_map(Action::Backup),
        2 => (n(), n(), any::<bool>())
            .prop_map(|(device, copy, noticed)| Action::Restore { device, copy, noticed }),
        1 => n().prop_map(Action::AddDevice),
        2 => (n(), n()).prop_map(|(device, other)| Action::Pair { device, other }),
        1 => n().prop_map(Action::RemoveDevice),
        3 => n().prop_map(Action::Due),
        1 => (n(), n(), any::<bool>())
            .prop_map(|(device, whom, listen)| Action::Expect { device, whom, listen }),
        4 => any_span().prop_map(Action::Tick),
    ]
}

fn any_doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        any::<u8>().prop_map(|to| Doing::Sending { to }),
        Just(Doing::Opening),
        Just(Doing::WhatIsDue),
    ]
}

fn any_span() -> impl Strategy<Value = Duration> {
    prop::sample::select(vec![
        Duration::from_secs(60),
        HOUR,
        2 * HOUR,
        6 * HOUR,
        25 * HOUR,
        3 * DAY,
        8 * DAY,
        15 * DAY,
    ])
}

fn any_forge() -> impl Strategy<Value = Forge> {
    let signer = prop_oneof![
        4 => Just(Signer::Kept),
        2 => any::<u8>().prop_map(Signer::User),
        1 => Just(Signer::Stranger),
        1 => Just(Signer::Nobody),
    ];
    let place = prop_oneof![4 => Just(Place::Kept), 2 => Just(Place::Inbox), 1 => Just(Place::ContactCode)];
    let bytes = prop_oneof![
        3 => Just(Bytes::Kept),
        2 => any::<u16>().prop_map(Bytes::Flip),
        1 => any::<u16>().prop_map(Bytes::Cut),
        1 => any::<u8>().prop_map(Bytes::Extend),
    ];
    (any::<u8>(), any::<u8>(), signer, place, bytes).prop_map(|(of, to, signer, place, bytes)| Forge {
        of,
        to,
        signer,
        place,
        bytes,
    })
}
