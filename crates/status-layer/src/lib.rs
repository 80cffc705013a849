//! The kernel of `status-chat`: the values that cross the seams between layers, the traits that
//! layers implement, and the [`Draft`] in which one step of all layers becomes one [`Batch`].
//!
//! A layer of the protocol depends on this crate (and on `status-crypto`) and on no other layer.
//! It is given its input and a [`Cx`] — the time, randomness and its own [`Shelf`] of storage — and
//! answers with values. It never reads a clock, opens a socket or calls a neighbour, so it can be run,
//! tested and studied alone.
//!
//! ```text
//! data:     Body → Datagram → Sealed (in a Parcel) → Frame
//! address:  Audience → Recipient → Rendezvous → Topic
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod display;
mod draft;
mod error;
pub mod examine;
mod id;
mod ladder;
mod memory;
mod network;
pub mod row;
mod seam;
mod secret;
#[cfg(feature = "serde")]
mod serial;
mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
mod work;

pub use display::{DisplayNameError, MAX_DISPLAY_NAME, MIN_DISPLAY_NAME, judge_display_name};
pub use draft::{Cx, Draft, Shelf, Unit};
pub use error::{LayerError, Reason};
pub use id::{DeviceId, FrameId, GroupId, IdError, MessageId, Name, UserId};
pub use ladder::{
    Arrival, Audience, Body, Datagram, Due, Frame, Grade, History, Interest, Letter, Notice, Opened,
    Outgoing, Parcel, Proof, Recipient, Rendezvous, Round, Sealed, Sender, Topic,
};
pub use memory::Memory;
pub use network::{Fetching, Network, NetworkEvent, Traffic, Unpublished};
pub use rand_core::CryptoRng;
pub use seam::{DataSync, Privacy, Security};
pub use secret::Secret;
pub use storage::{Area, Batch, Read, Row, Store, StoreError, Value};
pub use time::Timestamp;
pub use work::{Late, Ready, Work};
