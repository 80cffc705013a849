//! The time of day, for what outlives this process, and for messages and archives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use status_layer::Timestamp;

/// Now, as the system's clock has it.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX))
}

/// Now, in nanoseconds since the Unix epoch.
pub(crate) fn nanos() -> i64 {
    i64::try_from(since_epoch().as_nanos()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the edge at which time enters")]
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
