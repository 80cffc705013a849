//! What every layer behind a seam must do, whoever wrote it.
//!
//! Each suite is given a factory and panics with a sentence when a rule is broken. The trivial doubles of
//! this crate pass, and so do the real layers.

mod data_sync;
mod network;
mod privacy;
mod security;
mod store;

pub use data_sync::{data_sync, reliable_data_sync};
pub use network::network;
pub use privacy::{privacy, privacy_with_work};
pub use security::{bare_security, security};
pub use store::store;

use alloc::format;
use core::fmt::Debug;

use super::Party;
use crate::{Cx, LayerError};

/// One layer under test and the party it runs on.
struct Seat<L> {
    layer: L,
    user: crate::UserId,
    party: Party,
}

impl<L> Seat<L> {
    fn new(make: &impl Fn(u8) -> (L, crate::UserId), seat: u8) -> Self {
        let (layer, user) = make(seat);
        Self { layer, user, party: Party::new(u64::from(seat) + 1) }
    }

    /// Runs a call that has to succeed.
    #[track_caller]
    fn run<T, E: Into<LayerError>>(
        &mut self,
        what: &str,
        call: impl FnOnce(&L, &mut Cx<'_>) -> Result<T, E>,
    ) -> Option<T> {
        let layer = &self.layer;
        let done = self.party.run(|cx| call(layer, cx)).map_err(Into::into);
        must(what, done)
    }
}

/// Checks that something succeeded and returns what it gave.
#[track_caller]
fn must<T, E: Debug>(what: &str, done: Result<T, E>) -> Option<T> {
    let failed = done.as_ref().err().map(|error| format!("{error:?}"));
    assert!(failed.is_none(), "{what} has to succeed: {failed:?}");
    done.ok()
}
