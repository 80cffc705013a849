//! What time it is.

use std::time::{Duration, SystemTime};

/// The time since the Unix epoch; none before it.
#[expect(clippy::disallowed_methods, reason = "what runs a node is where time comes in")]
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
