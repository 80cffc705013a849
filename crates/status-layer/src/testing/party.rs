//! One user of one layer: a store, a clock and a seeded rng.

use core::time::Duration;

use super::random::{SeededRng, rng};
use crate::{Area, Cx, Memory, Store, Timestamp, Unit};

/// Everything that a layer needs to run alone. Each call is one committed step.
#[derive(Clone, Debug)]
pub struct Party {
    /// What is committed.
    pub store: Memory,
    /// The party's time.
    pub now: Timestamp,
    /// The party's randomness.
    pub rng: SeededRng,
}

impl Party {
    /// The area in which the layer under test keeps its rows.
    pub const AREA: Area = Area(7);

    /// A party whose randomness follows from `seed`, in November 2023.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { store: Memory::new(), now: Timestamp::from_millis(1_700_000_000_000), rng: rng(seed) }
    }

    /// Runs one call of a layer and commits what it wrote if it succeeded.
    ///
    /// # Errors
    /// Whatever `call` returns; then nothing was written.
    pub fn run<T, E>(&mut self, call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let done = unit.attempt(|unit| call(&mut unit.cx(Self::AREA)));
        let batch = unit.into_batch();
        let committed = self.store.commit(batch);
        assert!(committed.is_ok(), "the memory store failed: {committed:?}");
        done
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }
}

/// Runs `call` and checks that it was refused and left the store as it was.
pub fn assert_unchanged<T, E>(
    party: &mut Party,
    what: &str,
    call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>,
) -> Option<E> {
    let before = party.store.clone();
    let done = party.run(call);
    assert!(party.store == before, "{what} changed the store");
    done.err()
}
