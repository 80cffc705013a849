//! How the simulated network treats frames.

use std::time::Duration;

/// How the network treats each frame on its way to each node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Shortest way.
    pub min_delay: Duration,
    /// Longest way of most frames; the spread is what reorders frames.
    pub max_delay: Duration,
    /// Frames that take much longer than others, percent.
    pub late: u64,
    /// The longest way of these.
    pub late_delay: Duration,
    /// Frames lost, percent.
    pub loss: u64,
    /// Frames that arrive a second time, percent.
    pub doubled: u64,
    /// Frames in which one bit is flipped, percent.
    pub damaged: u64,
}

impl Default for Link {
    /// A good network: 20 to 60 ms, nothing lost.
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(20),
            max_delay: Duration::from_millis(60),
            late: 0,
            late_delay: Duration::from_secs(60),
            loss: 0,
            doubled: 0,
            damaged: 0,
        }
    }
}
