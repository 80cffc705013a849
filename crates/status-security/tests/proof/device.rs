//! One device: the production layer on a store in memory, and what the model knows of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use status_crypto::SecretKey;
use status_layer::testing::Party;
use status_layer::{Cx, DeviceId, Interest, LayerError, Memory, Outgoing, Rendezvous, Timestamp};
use status_security::{Config, Error, Sessions};

use crate::model::{Mark, Timeline};
use crate::shape::Turn;

/// Most copies of a device's store that are put aside.
const MOST_COPIES: usize = 4;

/// A device of a user.
#[derive(Clone)]
pub(crate) struct Device {
    /// The number of the user.
    pub(crate) user: usize,
    pub(crate) id: DeviceId,
    pub(crate) layer: Sessions,
    pub(crate) party: Party,
    pub(crate) state: State,
    /// What was put aside: the store, and what goes with it.
    pub(crate) copies: Vec<(Memory, State)>,
    /// Whether it is in use.
    pub(crate) live: bool,
    /// Whether an old copy of its store was put back at any time.
    pub(crate) restored: bool,
    /// Whether it went on from an old copy of its store without noticing.
    pub(crate) unnoticed: bool,
    /// The message keys that have sealed, and what; no copy of a store brings this back.
    pub(crate) used: BTreeMap<(String, Turn), Mark>,
    /// How far its clock is ahead.
    pub(crate) ahead: core::time::Duration,
}

/// What stands and falls with a device's store.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// Where the device listens.
    pub(crate) listens: Vec<Rendezvous>,
    /// What it has done, as far as its store knows.
    pub(crate) past: Timeline,
}

impl Device {
    pub(crate) fn new(
        (user, identity): (usize, &SecretKey),
        number: usize,
        config: Config,
        ahead: core::time::Duration,
    ) -> Self {
        let id = DeviceId::new(format!("device-{number}")).unwrap();
        let seed = u64::try_from(number).unwrap();
        Self {
            user,
            id: id.clone(),
            layer: Sessions::new(config, Arc::new(identity.clone()), id),
            party: Party::new(seed),
            state: State::default(),
            copies: Vec::new(),
            live: true,
            restored: false,
            unnoticed: false,
            used: BTreeMap::new(),
            ahead,
        }
    }

    /// Runs one call of the layer at `now`; a failure of our own side is a finding.
    pub(crate) fn run<T>(
        &mut self,
        now: Timestamp,
        call: impl FnOnce(&Sessions, &mut Cx<'_>) -> Result<T, Error>,
    ) -> Result<Result<T, LayerError>, String> {
        self.party.now = now.after(self.ahead);
        let Self { party, layer, .. } = self;
        match party.run(|cx| call(layer, cx)).map_err(LayerError::from) {
            Err(LayerError::Fault(reason)) => Err(format!("{:?} failed: {reason}", self.id)),
            done => Ok(done),
        }
    }

    /// Follows changes of the places to listen at.
    pub(crate) fn listen(&mut self, out: &Outgoing) {
        for (place, how) in &out.meet {
            self.state.listens.retain(|known| known != place);
            if *how == Interest::Listen {
                self.state.listens.push(place.clone());
            }
        }
    }

    /// Puts a copy of the store aside.
    pub(crate) fn back_up(&mut self) {
        if self.copies.len() < MOST_COPIES {
            self.copies.push((self.party.store.clone(), self.state.clone()));
        }
    }

    /// Puts an old copy of the store in place; the randomness is not put back.
    pub(crate) fn restore(&mut self, copy: usize) -> bool {
        let Some((store, state)) = self.copies.get(copy.checked_rem(self.copies.len()).unwrap_or(0)) else {
            return false;
        };
        (self.party.store, self.state) = (store.clone(), state.clone());
        self.restored = true;
        true
    }

    /// Loses the store.
    pub(crate) fn lose(&mut self) {
        (self.party.store, self.state) = (Memory::new(), State::default());
        self.restored = true;
    }
}
