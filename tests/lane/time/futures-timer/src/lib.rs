//! Stands in for the crate `futures-timer`, so that libp2p's timers follow the clock of Tokio, which can be paused.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Tokio's timer wheel turns for two years; longer waits end then.
const LONGEST: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);

/// A future that is ready after a time.
pub struct Delay(Pin<Box<Sleep>>);

impl Delay {
    /// Ready after `wait`.
    #[must_use]
    pub fn new(wait: Duration) -> Self {
        Self(Box::pin(sleep(wait.min(LONGEST))))
    }

    /// From now on, ready after `wait`.
    pub fn reset(&mut self, wait: Duration) {
        self.0.as_mut().reset(Instant::now() + wait.min(LONGEST));
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delay")
    }
}
