//! A push notification server, as deployed Status peers know it.
//!
//! A phone that sleeps hears nothing. So its owner registers it at a server: by which token the push service (Apple's or
//! Firebase) knows it, and which chats are muted, sealed for the server alone. Whoever writes to the owner asks the server,
//! under a throw-away key, how to have them notified, and sends it what the phone shows, sealed for the phone. The server
//! hands that to a [`Gateway`]. It does not learn what is written; of who writes, and in which chat, it is told hashes.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Server`] | the rules, as pure steps over a store: time, randomness and rows are arguments |
//! | [`Gateway`] | how a device is reached: [`Webhook`] for a gorush, [`Recording`] for tests |
//! | [`PushServer`] | both on a [`Network`](status_layer::Network), with a store: a server that runs |
//! | [`home`] | the folder of a server: its key, its store |
//!
//! On the wire all of it is bare: a signed body in an envelope ([`Once`](status_data_sync::Once),
//! [`Bare`](status_security::Bare), [`Waku`](status_privacy::Waku)). The server listens at its personal and its partitioned inbox,
//! and under the hash of every key that is registered.
//!
//! ```
//! use std::sync::Arc;
//! use status_crypto::SecretKey;
//! use status_layer::{Memory, Store, Timestamp, Unit};
//! use status_push::{Config, Input, Server};
//! # use status_layer::testing::rng;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new(Arc::new(SecretKey::from_bytes(&[7; 32])?), Config::default());
//! let (mut store, mut rng) = (Memory::new(), rng(1));
//!
//! let mut unit = Unit::new(Timestamp::from_secs(1_700_000_000), &mut rng, &store);
//! let out = server.step(&mut unit, Input::Start)?;
//! let batch = unit.into_batch();
//! store.commit(batch)?;
//!
//! assert_eq!(out.topics.map_or(0, |topics| topics.len()), 2);  // its two inboxes
//! # Ok(())
//! # }
//! ```

mod clock;
mod config;
mod error;
mod gateway;
pub mod home;
mod rate;
mod run;
mod server;
mod table;

pub use clock::{Clock, SystemClock};
pub use config::{
    Config, MAX_ANSWER, MAX_CHATS, MAX_CONTACTS, MAX_MESSAGE, MAX_NAME, MAX_PEOPLE, MAX_QUESTIONS,
    MAX_REQUESTS, MAX_SEALED_TOKEN, MAX_SEEN, MAX_TOKEN, MAX_TOPIC, MAX_TRIES, SEEN_FOR,
};
pub use error::StartError;
pub use gateway::recording::Recording;
pub use gateway::webhook::{Webhook, WebhookError};
pub use gateway::{DeviceToken, Gateway, Outcome, Push};
pub use run::{End, Parts, PushServer, Stock, Watcher};
pub use server::{Input, Output, Server, Tally, Waiting};
pub use table::{AREA, TABLES, examine};
