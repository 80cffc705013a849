//! The security layer: X3DH and the Double Ratchet in the formats of deployed Status peers, key bundles, and the
//! static and clear modes. Ratchets are on secp256k1 with deployed peers, on Curve25519 with those who announce it.
//!
//! [`Sessions`] implements [`status_layer::Security`]: it turns a datagram for a user into a parcel that only the
//! user's devices can open, once. As long as no device of a user is known it seals to their identity key and says
//! so ([`Grade::Static`]); from the first bundle on every message has its own key ([`Grade::Ratcheted`]). What goes
//! to a public channel is sealed by nobody ([`Grade::Clear`]).
//!
//! ```
//! use std::sync::Arc;
//! use status_crypto::SecretKey;
//! use status_layer::DeviceId;
//! use status_security::{Config, FirstMessage, Sessions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = SecretKey::from_bytes(&[0x11; 32])?;
//! let device = DeviceId::new("c1c6d5a2-2cc1-4f6d-9a37-3ab9b6b3c0e1")?;
//! let config = Config { first_message: FirstMessage::RequireForwardSecrecy, ..Config::default() };
//! let layer = Sessions::new(config, Arc::new(identity), device);
//! # let _ = layer;
//! # Ok(())
//! # }
//! ```
//!
//! [`Bare`] is another layer for the same seam, for what deployed peers send without any of this: it seals nothing.
//!
//! With the feature `hazmat` the parts can be taken out and studied: see the module `hazmat`.
//!
//! [`Grade::Static`]: status_layer::Grade::Static
//! [`Grade::Ratcheted`]: status_layer::Grade::Ratcheted
//! [`Grade::Clear`]: status_layer::Grade::Clear
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(feature = "hazmat"), expect(unreachable_pub, reason = "public under the feature `hazmat`"))]

extern crate alloc;

mod announce;
mod answered;
mod bare;
mod bundle;
mod config;
mod device;
mod error;
mod expiry;
mod fixed;
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[path = "generated/status.security.v1.rs"]
mod generated;
mod group;
#[cfg(feature = "hazmat")]
pub mod hazmat;
mod key;
mod meet;
mod open;
mod own;
mod people;
mod private;
mod ratchet;
mod recover;
mod seal;
mod security;
mod seen;
mod session;
mod skipped;
mod suite;
mod table;
mod transition;
mod wire;
mod x3dh;

pub use bare::Bare;
pub use bundle::BundleError;
pub use config::{Config, FirstMessage, Joining, MailInClear, PrivatePrekeys, SharedPlace};
pub use error::{Error, ExpectError, MeetError, OpenError, PairError, SealError};
pub use meet::MAX_KEYS;
pub use ratchet::RatchetError;
pub use security::Sessions;
pub use suite::{Suite, Suites};
pub use table::{TABLES, examine};
pub use transition::Transition;
