//! A chat alone, over layers that do nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use status_crypto::SecretKey;
use status_layer::testing::rng;
use status_layer::{Body, Grade, Interest, Memory, Proof, Recipient, Sender, Store, Timestamp, Unit, UserId};
use status_stack::{Engine, Fault, Input, Output, Way};

use super::super::super::Arrived;
use crate::core::AREA;
use crate::core::{Core, Step, Stop, Task};
use crate::event::Event;
use crate::table;
use crate::table::contacts::{self, Person};
use status_payload::{Clock, ContactState, Relation, Side};

/// Layers that keep nothing, and remember what was asked of them.
#[derive(Clone, Default)]
struct Ears(Arc<Mutex<Vec<Input>>>);

impl Engine for Ears {
    fn step(&self, _: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        self.0.lock().unwrap().push(input);
        Ok(Output::default())
    }
}

/// Somebody who hears of groups.
pub(super) struct Reader {
    core: Core,
    ears: Ears,
    pub(super) store: Memory,
    now: Timestamp,
}

impl Reader {
    /// Whoever has this key, at a moment in milliseconds.
    pub(super) fn of(key: SecretKey, now: u64) -> Self {
        let ears = Ears::default();
        let device = status_layer::DeviceId::new("reader").unwrap();
        let core = Core { engine: Box::new(ears.clone()), keyring: Arc::new(key), device };
        let mut reader = Self { core, ears, store: Memory::new(), now: Timestamp::from_millis(now) };
        reader.step(|_, step| table::unasked::prepare(&mut step.shelf()).unwrap());
        reader
    }

    /// Makes sure that the doctor finds nothing but that the home is nobody's.
    pub(super) fn examine(&self) {
        let found = table::examine(&self.store, AREA).unwrap().findings;
        let found: Vec<_> = found.iter().filter(|finding| finding.key != b"I").collect();
        assert!(found.is_empty(), "{found:?}");
    }

    /// The same person after a restart.
    pub(super) fn again(self) -> Self {
        let ears = Ears::default();
        let core = Core { engine: Box::new(ears.clone()), ..self.core };
        Self { core, ears, ..self }
    }

    pub(super) fn step<T>(&mut self, work: impl FnOnce(&Core, &mut Step<'_, '_>) -> T) -> (T, Vec<Event>) {
        let mut rng = rng(self.store.len() as u64);
        let mut unit = Unit::new(self.now, &mut rng, &self.store);
        let mut step = Step::new(&mut unit);
        let done = work(&self.core, &mut step);
        let events = step.effects.events;
        let batch = unit.into_batch();
        self.store.commit(batch).unwrap();
        (done, events)
    }

    /// Takes a body out of the layers.
    pub(super) fn take(&mut self, from: UserId, body: Body, grade: Grade) -> Vec<Event> {
        let from = Sender { user: from, device: None, proof: Proof::Session };
        let to = Recipient::User(self.core.keyring.user());
        let got = Arrived { from, grade, to, body, way: Way::default() };
        let (done, events) = self.step(|core, step| core.arrived(step, got));
        done.unwrap();
        events
    }

    pub(super) fn wish(
        &mut self,
        wish: impl Fn(&Core, &mut Step<'_, '_>) -> Result<(), Stop> + Send + Sync + 'static,
    ) {
        let (effects, _) = self.step(|core, step| core.run(step.unit, Task::wish(wish)));
        assert!(effects.unwrap().refused.is_none());
    }

    /// With whom a group was shared last.
    pub(super) fn shared(&self) -> Option<BTreeSet<UserId>> {
        let asked = self.ears.0.lock().unwrap();
        asked.iter().rev().find_map(|input| match input {
            Input::Share { with, .. } => Some(with.iter().copied().collect()),
            _ => None,
        })
    }

    /// Whose keys are listened for.
    pub(super) fn listened(&self) -> BTreeSet<UserId> {
        let mut listened = BTreeSet::new();
        for input in self.ears.0.lock().unwrap().iter() {
            match input {
                Input::Expect { whom: Recipient::User(user), how: Interest::Listen } => {
                    listened.insert(*user)
                }
                Input::Expect { whom: Recipient::User(user), .. } => listened.remove(user),
                _ => true,
            };
        }
        listened
    }

    /// How many bodies were given to the layers.
    pub(super) fn sent(&self) -> usize {
        let asked = self.ears.0.lock().unwrap();
        asked.iter().filter(|input| matches!(input, Input::Send { .. })).count()
    }
}

/// What the reader has done about being a contact of somebody.
pub(super) fn know(step: &mut Step<'_, '_>, user: &UserId, state: ContactState) {
    let relation = Relation { local: Side { state, clock: Clock::new(1) }, ..Relation::default() };
    let person = Person { relation, ..Person::default() };
    contacts::save(&mut step.shelf(), user, &person).unwrap();
}
