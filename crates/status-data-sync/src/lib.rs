//! Data sync: MVDS, the minimum viable data synchronisation protocol, as deployed Status peers speak it.
//!
//! The promise: a body that was appended is sent to each of its readers again and again, ever more rarely, until
//! that reader has confirmed it or it is given up, which is said; on the other side it is handed up once. What is sent, acknowledged and due is
//! rows on the shelf, so a crash forgets nothing and nothing but a call makes it move.
//!
//! ```
//! use status_data_sync::{Config, Mvds};
//! use status_layer::{Audience, Body, DataSync, MessageId, UserId};
//! # use status_layer::testing::Party;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, bob) = (UserId::from_compressed(&[2; 33])?, UserId::from_compressed(&[3; 33])?);
//! let sync = Mvds::new(alice, Config::default());
//! # let mut party = Party::new(1);
//! # let due = party.run(|cx| {
//! sync.append(cx, MessageId::new([7; 32]), &Audience::User(bob), Body::new(b"hello".to_vec()))?;
//! let due = sync.due(cx)?;
//! # Ok::<_, status_data_sync::SyncError>(due)
//! # })?;
//! assert_eq!(due.now.datagrams.len(), 1);  // one datagram for Bob …
//! assert!(due.next.is_some());   // … and the moment to send it again, unless he confirms it
//! # Ok(())
//! # }
//! ```
//!
//! [`Once`] is another data sync, for bare messages: it says each body once and hopes.
//!
//! Specifications: 2/MVDS for the protocol, the deployed Status peers for field numbers, groups and back-off.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod config;
mod error;
mod exchange;
#[allow(missing_docs, dead_code, unreachable_pub, clippy::all)]
#[path = "generated/status.data_sync.v1.rs"]
mod generated;
mod habits;
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod ident;
mod mvds;
pub mod once;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

pub use config::{Config, EPOCH, Groups, Mode, Order, Resend};
pub use error::{AppendError, ReceiveError, ShareError, SyncError};
pub use exchange::{MAX_ACKS, MAX_DATAGRAM, MAX_HELD, MAX_ITEMS, MAX_REQUESTS, REQUEST_TRIES, SEEN_FOR};
pub use mvds::{MAX_MEMBERS, Mvds};
pub use once::Once;
pub use table::{TABLES, examine};
