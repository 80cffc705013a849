//! Stands in for the crate `web-time`, so that libp2p's instants are those of Tokio's clock, which can be paused.

pub use std::time::{Duration, SystemTime, SystemTimeError, UNIX_EPOCH};
pub use tokio::time::Instant;
