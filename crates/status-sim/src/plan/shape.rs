//! How large and how rough a scenario is.

use std::time::Duration;

use status_layer::testing::rng;

/// How large and how rough a scenario is. Percentages are those of frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shape {
    /// Users.
    pub nodes: usize,
    /// How long it takes until everything heals.
    pub hours: u64,
    /// Messages said.
    pub messages: usize,
    /// Times that somebody writes many messages while away.
    pub bursts: usize,
    /// How many these are.
    pub burst: usize,
    /// Frames lost, percent.
    pub loss: u64,
    /// Frames brought twice, percent.
    pub doubled: u64,
    /// Frames damaged, percent.
    pub damaged: u64,
    /// Crashes.
    pub crashes: usize,
    /// Times that somebody is away.
    pub absences: usize,
    /// Times that the network falls apart.
    pub splits: usize,
    /// The longest time that it stays so.
    pub split_for: Duration,
    /// Disks that are full for a while.
    pub full_disks: usize,
    /// Second devices.
    pub pairs: usize,
    /// Users who lose all and begin anew from their words.
    pub restores: usize,
    /// Devices that are put back to an old copy of their store.
    pub put_back: usize,
    /// History nodes.
    pub archives: usize,
    /// Closed chats.
    pub groups: usize,
    /// Bursts of nonsense.
    pub spam: usize,
    /// Users who leave early, still write, and do not come back before everything heals.
    pub gone: usize,
    /// Users who sync in another way than deployed peers, percent.
    pub mixed: u64,
}

impl Default for Shape {
    /// Ten users, a day, a bad network and some bad luck.
    fn default() -> Self {
        Self {
            nodes: 10,
            hours: 24,
            messages: 300,
            bursts: 2,
            burst: 50,
            loss: 20,
            doubled: 5,
            damaged: 1,
            crashes: 10,
            absences: 10,
            splits: 1,
            split_for: Duration::from_secs(6 * 3_600),
            full_disks: 2,
            pairs: 0,
            restores: 0,
            put_back: 0,
            archives: 1,
            groups: 1,
            spam: 1,
            gone: 0,
            mixed: 0,
        }
    }
}

impl Shape {
    /// A network that loses nothing, and nobody with bad luck: two of four users have a second device.
    #[must_use]
    pub fn calm() -> Self {
        let calm =
            Self { loss: 0, doubled: 0, damaged: 0, crashes: 0, absences: 0, splits: 0, ..Self::default() };
        Self {
            nodes: 4,
            hours: 72,
            messages: 60,
            bursts: 0,
            full_disks: 0,
            pairs: 2,
            archives: 0,
            spam: 0,
            ..calm
        }
    }

    /// Five weeks in which one of three users leaves on the first day, and does not come back: what they are told, and what
    /// they write, is given up.
    #[must_use]
    pub fn month() -> Self {
        Self {
            nodes: 3,
            hours: 35 * 24,
            messages: 40,
            bursts: 1,
            burst: 10,
            split_for: Duration::from_secs(72 * 3_600),
            gone: 1,
            ..Self::default()
        }
    }

    /// A shape that follows from the seed: small, and each time rough in another way.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut rng = rng(seed ^ 0x5ead_ed5a);
        let mut upto = |most: u64| rng.below(most + 1);
        let nodes = 2 + upto(6) as usize;
        Self {
            nodes,
            hours: match upto(3) {
                0 => 1,
                1 => 6,
                2 => 24,
                _ => 120,
            },
            messages: 10 + upto(40) as usize,
            bursts: upto(2) as usize,
            burst: upto(60) as usize,
            loss: upto(30),
            doubled: upto(5),
            damaged: upto(2),
            crashes: upto(12) as usize,
            absences: upto(8) as usize,
            splits: upto(2) as usize,
            split_for: Duration::from_secs(72 * 3_600),
            full_disks: upto(2) as usize,
            pairs: upto(2) as usize,
            restores: upto(2) as usize / 2,
            put_back: upto(2) as usize / 2,
            archives: upto(2) as usize,
            groups: upto(1) as usize,
            spam: upto(2) as usize,
            gone: 0,
            mixed: 0,
        }
    }
}
