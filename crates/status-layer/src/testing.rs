//! Parties, doubles and the conformance suites of the seams.
//!
//! Every suite takes a factory and panics with a sentence when a rule is broken. A layer that passes can be
//! put into the stack in place of any other.

pub mod conform;
mod counting;
mod double;
mod party;
mod random;

pub use counting::Counting;
pub use double::{Courier, DoubleError, Glass, OpenBook};
pub use party::{Party, assert_unchanged};
pub use random::{ScriptedRng, SeededRng, rng};
