//! The conductor: it alone runs the layers.
//!
//! One [`Engine::step`] takes one [`Input`], runs it up (frame → parcel → letters → bodies), then runs what
//! became due down (datagrams → parcels → frames), and leaves all writes of all layers in one draft. The
//! caller commits that draft as one batch, and only then publishes the frames and shows the news:
//!
//! ```text
//! let mut unit = Unit::new(now, &mut rng, &store);
//! let out = stack.step(&mut unit, input)?;      // pure: nothing has happened yet
//! let batch = unit.into_batch();
//! store.commit(batch)?;                          // the one durable moment
//! for (id, frame) in out.frames { network.publish(id, frame) }
//! for (id, frame, work) in out.work { miner.start(id, frame, work) }   // then Input::Worked
//! ```
//!
//! The crate names no layer and knows no protocol; see `examples/swap_security.rs` for a stack of other layers.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod examine;
mod outbox;
mod past;
mod stack;
mod step;
mod table;
mod track;

pub use examine::{TABLES, examine};
pub use stack::{Areas, Config, Engine, Stack};
pub use step::{Fault, Input, Layer, News, NoKeysToCarry, Output, Taken, Way};
