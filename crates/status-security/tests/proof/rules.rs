//! What differs from history to history besides what happens in it.

use core::time::Duration;

use proptest::prelude::*;
use status_security::{Config, FirstMessage, Joining, PrivatePrekeys, SharedPlace, Transition};

pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Most devices of a user that are in use at a time.
pub(crate) const MOST_DEVICES: usize = 4;

/// Who takes part, and how they have set up their devices.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The transition of each user; any two of them can talk.
    pub(crate) users: Vec<Transition>,
    /// How many devices each user has at first.
    pub(crate) devices: Vec<usize>,
    pub(crate) shared_place: SharedPlace,
    pub(crate) first_message: FirstMessage,
    pub(crate) joining: Joining,
    pub(crate) private_prekeys: PrivatePrekeys,
    pub(crate) rotate_after: Duration,
    /// How many devices are sealed for.
    pub(crate) targets: usize,
    /// The largest gap that is bridged, and the most keys that are kept for it.
    pub(crate) gap: u32,
    /// Whether everybody listens at the contact codes of the others from the beginning.
    pub(crate) acquainted: bool,
    /// How far the clock of a device is ahead of that of the one before it.
    pub(crate) skew: Duration,
    /// Whether two silent months follow.
    pub(crate) rests: bool,
}

impl Rules {
    /// The configuration of a user's devices.
    pub(crate) fn config(&self, user: usize) -> Config {
        Config {
            first_message: self.first_message,
            shared_place: self.shared_place,
            joining: self.joining,
            private_prekeys: self.private_prekeys,
            rotate_after: self.rotate_after,
            max_targets: self.targets,
            max_jump: self.gap,
            max_skipped: self.gap,
            transition: self.users[user],
            ..Config::default()
        }
    }

    /// Whether gaps are bridged whatever the network loses.
    pub(crate) const fn bridges_all(&self) -> bool {
        self.gap >= 2000
    }
}

pub(crate) fn any_rules() -> impl Strategy<Value = Rules> {
    let mixes = prop_oneof![
        3 => Just(vec![Transition::Negotiated]),
        2 => Just(vec![Transition::Old]),
        1 => Just(vec![Transition::Old, Transition::ReadBoth, Transition::Negotiated]),
        1 => Just(vec![Transition::ReadBoth, Transition::Negotiated, Transition::WriteNew]),
        1 => Just(vec![Transition::Negotiated, Transition::WriteNew, Transition::New]),
    ];
    let users = (Just(3_usize), mixes).prop_flat_map(|(count, mix)| {
        let devices = prop_oneof![3 => Just(1_usize), 1 => Just(2)];
        (prop::collection::vec(prop::sample::select(mix), count), prop::collection::vec(devices, count))
    });
    let place = prop_oneof![2 => Just(SharedPlace::Listen), 1 => Just(SharedPlace::Use)];
    let first =
        prop_oneof![3 => Just(FirstMessage::AllowStatic), 1 => Just(FirstMessage::RequireForwardSecrecy)];
    let rotate = prop_oneof![3 => Just(24 * HOUR), 1 => Just(6 * HOUR), 1 => Just(HOUR)];
    let targets = prop_oneof![2 => Just(3_usize), 1 => Just(10)];
    let gap = prop_oneof![4 => Just(2000_u32), 1 => Just(2)];
    let skew = prop_oneof![2 => Just(Duration::ZERO), 1 => Just(Duration::from_secs(100))];
    let rests = prop_oneof![3 => Just(false), 1 => Just(true)];
    let joining = prop_oneof![Just(Joining::Confirm), Just(Joining::Automatic)];
    let private = prop_oneof![3 => Just(PrivatePrekeys::Use), 1 => Just(PrivatePrekeys::Off)];
    (users, place, first, rotate, targets, gap, any::<bool>(), (skew, rests, joining, private)).prop_map(
        |(users, shared_place, first_message, rotate_after, targets, gap, acquainted, rest)| Rules {
            users: users.0,
            devices: users.1,
            shared_place,
            first_message,
            rotate_after,
            targets,
            gap,
            // Who never writes without a bundle has to listen for one.
            acquainted: acquainted || first_message == FirstMessage::RequireForwardSecrecy,
            skew: rest.0,
            rests: rest.1,
            joining: rest.2,
            private_prekeys: rest.3,
        },
    )
}
