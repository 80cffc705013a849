//! Envelopes, topics and padding: hides who talks to whom.
//!
//! This layer is given a parcel, that is sealed bytes and a place where to leave them, and makes of it what the
//! network may see: a topic of four bytes and an envelope whose length is a multiple of 256 bytes plus a
//! constant. On the way up it opens the envelopes left at the places that we listen at, and no others. It
//! knows nothing of what is said: equal places and equal lengths give equal topics and equal sizes.
//!
//! [`Waku`] is the carrier of Waku v2 (26/WAKU2-PAYLOAD). What an envelope says of its signer is a hint for
//! finding a session, not a proof of who wrote its content.
//!
//! ```
//! use status_crypto::{Keyring, SecretKey};
//! use status_layer::testing::Party;
//! use status_layer::{Interest, Parcel, Privacy, Rendezvous, Sealed};
//! use status_privacy::{Error, Waku};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (mut alice, mut bob) = (Party::new(1), Party::new(2));
//! let a = Waku::new(SecretKey::generate(&mut alice.rng));
//! let b = Waku::new(SecretKey::generate(&mut bob.rng));
//!
//! let inbox = Rendezvous::Inbox(b.user());
//! let topics = bob.run(|cx| b.watch(cx, &inbox, Interest::Listen))?;
//! let parcel = Parcel { meet: inbox, sealed: Sealed::new(vec![1, 2, 3]), hint: Some(a.user()) };
//!
//! for frame in alice.run(|cx| a.wrap(cx, parcel.clone()))? {
//!     assert!(topics.contains(&frame.topic));
//!     assert_eq!(frame.bytes.len(), 256 + 113);
//!     assert_eq!(bob.run(|cx| b.peel(cx, frame))?, Some(parcel.clone()));
//! }
//! # Ok(())
//! # }
//! ```
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod cover;
mod darkness;
mod error;
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[path = "generated/status.privacy.v1.rs"]
mod generated;
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod inbox;
mod letterbox;
mod payload;
mod segment;
mod table;
mod topic;
mod waku;
pub mod whisper;

pub use darkness::{Cover, Darkness, Padding};
pub use error::{Error, PeelError, ProveError, WatchError, WrapError};
pub use inbox::{Inbox, Inboxes};
pub use letterbox::{MAX_FRAME, MAX_SEALED};
pub use payload::PlainError;
pub use segment::{
    COMPLETE_FOR, MAX_COMPLETE, MAX_SEGMENT, MAX_UNFINISHED, MAX_UNFINISHED_OF_SENDER, MAX_WAITING,
    MAX_WAITING_OF_SENDER, MAX_WHOLE, MAX_ZEROS_SEARCHED, SEGMENT, SegmentError, UNFINISHED_FOR,
};
pub use table::{MAX_PLACES, TABLES, examine};
pub use waku::Waku;
pub use whisper::Whisper;
