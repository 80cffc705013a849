//! A scenario as a value: who there is, what the network is like, and what happens when.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::link::Link;
use crate::node::{Cut, Order};
use crate::world::Notices;

mod draw;
mod shape;

pub use shape::Shape;

/// A scenario. The same plan gives the same run to the last frame; any part may be left out, and what then has no
/// meaning does nothing. So a plan that shows a failure can be made smaller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// All randomness of the run: keys, the network, the layers.
    pub seed: u64,
    /// The users.
    pub people: Vec<Person>,
    /// Who is in each closed chat: places in `people`.
    pub groups: Vec<Vec<usize>>,
    /// The network until it heals.
    pub link: Link,
    /// Frames that wait in a device before it stops to seal more of them.
    pub outbox: usize,
    /// History nodes, each with the percentage of frames that it misses.
    pub archives: Vec<u64>,
    /// How long it takes until everything heals.
    pub span: Duration,
    /// What happens, in order of time from the beginning.
    pub actions: Vec<(Duration, Action)>,
    /// When drivers let things out; for showing that a run is caught at it.
    pub order: Order,
}

/// A user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Person {
    /// Whether they take part.
    pub there: bool,
    /// How far the clock of their devices is ahead, in milliseconds.
    pub skew: i64,
    /// What their link takes for each KiB, in milliseconds.
    pub slow: u64,
    /// How they sync.
    pub manner: Manner,
}

/// How somebody syncs; everybody understands all of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Manner {
    /// Messages are sent at once and name none before them, as deployed peers do it.
    #[default]
    Deployed,
    /// Messages are offered, and sent when they are requested.
    Offering,
    /// Messages name those before them; what is missing is told.
    Eventual,
    /// Messages name those before them, and wait for these.
    Consistent,
}

/// A device: the place of its user in the plan, and which of their devices it is. If there are fewer, the last one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seat {
    /// The user.
    pub person: usize,
    /// The device.
    pub device: usize,
}

/// Where something is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum To {
    /// To a user.
    Person(usize),
    /// In a closed chat.
    Group(usize),
    /// In a channel.
    Channel(u8),
}

/// Something that happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Somebody says something.
    Say {
        /// From where.
        from: Seat,
        /// For whom.
        to: To,
        /// How much, in bytes.
        len: u16,
    },
    /// A device leaves the network, or comes back.
    Online(Seat, bool),
    /// A device dies in the middle of its `after`-th step from now, and is started again.
    Die {
        /// Which.
        who: Seat,
        /// When.
        after: u64,
        /// The moment within the step.
        cut: Cut,
    },
    /// The disk of a device is full for some time.
    FullDisk(Seat, Duration),
    /// A copy of a device's store is put aside.
    Copy(Seat),
    /// The copy is put back: the device forgets what was since.
    PutBack(Seat, Notices),
    /// A user gets another device, and confirms it.
    Pair(usize),
    /// A user loses all devices, and begins anew on another one with nothing but the words.
    Restore(usize),
    /// The network falls into two parts: the users whose bit is set in the number go to the other one.
    Split(u64),
    /// The parts join.
    Join,
    /// A history node is lost, or back.
    Archive(usize, bool),
    /// The members of a closed chat change: the user whose place this is leaves or joins.
    Member(usize, usize),
    /// Somebody sends this many frames of nonsense, and of what was sent before.
    Spam(u16),
}

impl Plan {
    /// The number of messages that are to be said.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.actions.iter().filter(|(_, action)| matches!(action, Action::Say { .. })).count()
    }

    /// The number of users who take part.
    #[must_use]
    pub fn present(&self) -> usize {
        self.people.iter().filter(|person| person.there).count()
    }

    /// The channels in which something is said.
    #[must_use]
    pub fn channels(&self) -> BTreeSet<u8> {
        let channel = |action: &Action| match action {
            Action::Say { to: To::Channel(number), .. } => Some(*number),
            _ => None,
        };
        self.actions.iter().filter_map(|(_, action)| channel(action)).collect()
    }

    /// Whether nothing is lost, and nobody is ever away.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        let calm = |action: &Action| {
            matches!(action, Action::Say { .. } | Action::Pair(_) | Action::Copy(_) | Action::Member(..))
        };
        (self.link.loss, self.link.damaged) == (0, 0) && self.actions.iter().all(|(_, action)| calm(action))
    }

    pub(crate) fn is_there(&self, person: usize) -> bool {
        self.people.get(person).is_some_and(|person| person.there)
    }
}
