//! The time of day, for what outlives this process, and for messages and archives.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use status_layer::Timestamp;

/// Where a node has the time of day from. Default the clock of the system.
///
/// Waiting is not measured with it: a clock that is set changes no wait.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that shows what `read` returns: that of a simulation, for one.
    #[must_use]
    pub fn new(read: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// What it shows.
    pub(crate) fn time(&self) -> SystemTime {
        (self.0)()
    }

    /// What it shows, to the millisecond.
    pub(crate) fn now(&self) -> Timestamp {
        let since = self.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// What it shows, in nanoseconds since the Unix epoch: messages say their time so.
    pub(crate) fn nanos(&self) -> i64 {
        let since = self.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl Default for Clock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the edge at which time enters")]
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
