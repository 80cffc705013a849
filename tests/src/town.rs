//! A town: whole clients in one thread and in virtual time, over a network with weather.
//!
//! Each client is what applications hold, with its driver, over the default stack. Only time, randomness, the disk and the
//! network are the town's. In a runtime of one thread whose time is paused, equal seeds give equal lives.

mod sky;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use status_chat::doctor::Finding;
use status_chat::testing::{Running, examine, open_here};
use status_chat::{Client, ClientBuilder, Clock, Timestamp};
use status_layer::{Area, Batch, Memory, Read, Row, Store, StoreError, Value};
use tokio::time::Instant;

use crate::must;

pub use sky::{Port, Sky, Weather};

/// When every town begins, in milliseconds since the Unix epoch.
const DAWN: u64 = 1_800_000_000_000;

/// A clock that goes with the time of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct TownClock(Instant);

/// A disk that outlives whoever writes to it.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Plate>>);

/// What is on a disk, and what becomes of what is written to it.
#[derive(Default)]
struct Plate {
    rows: Memory,
    commits: u64,
    /// After so many commits nothing is written any more, and whether the last one was.
    dies: Option<(u64, Cut)>,
}

/// Where in a commit a device dies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cut {
    /// Before anything of it is on the disk.
    Before,
    /// When all of it is on the disk, and nothing has left.
    After,
}

/// One device of somebody: its disk, its line to the sky, and, while it is on, its client.
pub struct House {
    /// The device's line.
    pub line: usize,
    sky: Sky,
    clock: TownClock,
    disk: Disk,
    seed: u64,
    on: Option<(Client, Running)>,
}

impl TownClock {
    /// A clock that begins now; it says 2027-01-15, whenever that is.
    #[must_use]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for TownClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TownClock {
    fn now(&self) -> Timestamp {
        let since = u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(DAWN.saturating_add(since))
    }
}

impl House {
    /// A new device at the sky's next line, switched off. Its randomness follows from `seed`.
    #[must_use]
    pub fn new(sky: &Sky, seed: u64) -> Self {
        let (line, clock) = (sky.new_line(), sky.clock());
        Self { line, sky: sky.clone(), clock, disk: Disk::default(), seed, on: None }
    }

    /// Switches the device on, with what `set_up` adds to its client.
    ///
    /// # Panics
    /// If the client does not open.
    pub async fn wake(&mut self, set_up: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        self.on = None;
        self.disk.plate().dies = None;
        self.seed = self.seed.wrapping_add(0x0001_0000_0000);
        let builder =
            Client::builder().clock(self.clock).store(self.disk.clone()).network(self.sky.port(self.line));
        let (client, running) = must(open_here(set_up(builder), self.seed).await);
        self.on = Some((client.clone(), running));
        client
    }

    /// The client of a device that is on.
    #[must_use]
    pub fn client(&self) -> Option<&Client> {
        self.on.as_ref().map(|(client, _)| client)
    }

    /// Has the device die in a commit, the first one from now on being number 1: from there on it writes nothing, and nothing
    /// that it would have said leaves it. Waking it up ends that.
    pub fn die_in(&mut self, commit: u64, cut: Cut) {
        let mut plate = self.disk.plate();
        plate.dies = Some((plate.commits.saturating_add(commit), cut));
    }

    /// How many commits were made.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.disk.plate().commits
    }

    /// What is wrong with the chat's rows on the disk.
    ///
    /// # Panics
    /// If they cannot be read.
    #[must_use]
    pub fn examine(&self) -> Vec<Finding> {
        must(examine(&self.disk.plate().rows))
    }

    /// Kills the client where it stands. What was committed is on the disk.
    pub fn kill(&mut self) {
        self.on = None;
    }
}

impl Disk {
    fn plate(&self) -> MutexGuard<'_, Plate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Disk {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.plate().rows.get(area, key)
    }

    fn scan(
        &self,
        area: Area,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.plate().rows.scan(area, prefix, after, limit)
    }
}

impl Store for Disk {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let mut plate = self.plate();
        let number = plate.commits.saturating_add(1);
        match plate.dies {
            Some((at, cut)) if number > at || (number == at && cut == Cut::Before) => {
                return Err(StoreError::Unavailable("the device has died".into()));
            }
            Some((at, Cut::After)) if number == at => {
                plate.rows.commit(batch)?;
                plate.commits = number;
                return Err(StoreError::Unavailable("the device has died".into()));
            }
            _ => {}
        }
        plate.rows.commit(batch)?;
        plate.commits = number;
        Ok(())
    }
}
