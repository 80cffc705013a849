//! Stores behind the [`Store`](status_layer::Store) seam: [`Redb`], one file that survives the loss of power,
//! and [`Memory`], which forgets everything.
//!
//! A store moves bytes and knows nothing about them. A batch is kept whole or not at all.
//!
//! **Not yet sealed:** the rows lie in the file as they are, so whoever can read the file can read them. The file
//! is made readable by its owner only.

mod redb;
mod rehearsal;

pub use redb::{MAX_VALUE, Redb};
pub use status_layer::Memory;
