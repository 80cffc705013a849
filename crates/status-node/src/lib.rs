//! A node that serves others: it relays for them, and keeps for them what they missed.
//!
//! [`RedbArchive`] and, with the feature `postgres`, `PostgresArchive` keep history. [`Service`] runs a
//! [`Node`](status_p2p::Node) with one of them as [`Settings`] say, forgets what is old, and tells how it is over HTTP.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use status_node::{Service, Settings};
//!
//! let settings = Settings::read(None, std::env::vars(), [("archive.days".to_owned(), "7".to_owned())])?;
//! let mut service = Service::start(&settings).await?;
//! println!("{:?}", service.listen_addrs());
//! service.run(async { drop(tokio::signal::ctrl_c().await) }).await;
//! service.close().await;
//! # Ok(()) }
//! ```

mod clock;
mod error;
mod http;
mod key_file;
mod known;
mod measured;
mod metrics;
#[cfg(feature = "postgres")]
mod postgres;
mod redb;
mod retention;
mod service;
mod settings;
mod state;

pub use error::{OpenArchiveError, ServiceError};
pub use key_file::{KeyFileError, key_in};
#[cfg(feature = "postgres")]
pub use postgres::PostgresArchive;
pub use redb::RedbArchive;
pub use service::{End, Service};
pub use settings::{ArchiveKind, ENVIRONMENT, LogFormat, Public, Secret, Settings, SettingsError, Source};
