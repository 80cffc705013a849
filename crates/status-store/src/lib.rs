//! Stores behind the [`Store`](status_layer::Store) seam: [`Sealed`], one encrypted file that survives the loss of
//! power, and [`Memory`], which forgets everything. [`Redb`] is the same file without encryption, for tests.
//!
//! A store moves bytes and knows nothing about them. A batch is kept whole or not at all.

mod anchor;
#[cfg(test)]
mod device;
mod error;
#[cfg(feature = "keyring")]
mod keyring;
mod lock;
mod owner;
mod redb;
mod rehearsal;
mod rows;
mod sealed;

pub use anchor::{ANCHOR_AREA, Anchored, Continuity};
pub use error::{KeyError, OpenError};
#[cfg(feature = "keyring")]
pub use keyring_core;
pub use lock::{Cost, Key, Lock, LockKind, Passphrase};
pub use redb::Redb;
pub use rows::MAX_VALUE;
pub use sealed::Sealed;
pub use sealed::layout::MAX_SLOTS as MAX_SECRET;
pub use sealed::migrate::seal_plain;
pub use status_layer::Memory;
