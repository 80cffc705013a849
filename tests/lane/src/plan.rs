//! What happens in a run: how many nodes, what they say, and what goes wrong. All of it follows from the seed.

use std::time::Duration;

use clap::Parser;

/// Real nodes in virtual time.
#[derive(Clone, Debug, Parser)]
#[command(name = "lane")]
pub struct Plan {
    /// Everything follows from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Nodes, at most 250.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(2..=250))]
    pub nodes: u16,
    /// How many others each node dials.
    #[arg(long, default_value_t = 4)]
    pub dials: usize,
    /// Messages in all.
    #[arg(long, default_value_t = 200)]
    pub messages: usize,
    /// Bytes of each message.
    #[arg(long, default_value_t = 1024)]
    pub size: usize,
    /// Minutes over which the messages are said.
    #[arg(long, default_value_t = 10)]
    pub minutes: u64,
    /// Milliseconds that the shortest wire takes.
    #[arg(long, default_value_t = 20)]
    pub latency_min: u64,
    /// Milliseconds that the longest wire takes.
    #[arg(long, default_value_t = 60)]
    pub latency_max: u64,
    /// Nanoseconds that a byte takes; 80 is 100 Mbit/s.
    #[arg(long, default_value_t = 80)]
    pub per_byte: u32,
    /// How often the network falls into two parts for a while, one after another.
    #[arg(long, default_value_t = 0)]
    pub splits: u32,
    /// Minutes that a split lasts.
    #[arg(long, default_value_t = 3)]
    pub split_minutes: u64,
    /// How many nodes stop in the middle of the run and start again with their old name.
    #[arg(long, default_value_t = 0)]
    pub restarts: u16,
    /// How many nodes keep history for all. If any do, everybody has to have at the end what all of them have.
    #[arg(long, default_value_t = 0)]
    pub archives: u16,
    /// Report as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Plan {
    /// Nothing is said before: nodes find each other, and the meshes form.
    pub const WARM_UP: Duration = Duration::from_secs(60);
    /// Everything has to be settled so long after the last word.
    pub const SETTLED: Duration = Duration::from_secs(300);
    /// How long a node that stops is away.
    pub const AWAY: Duration = Duration::from_secs(90);

    /// How long people talk.
    pub const fn talk(&self) -> Duration {
        Duration::from_secs(self.minutes * 60)
    }

    /// How long a split lasts.
    pub const fn split(&self) -> Duration {
        Duration::from_secs(self.split_minutes * 60)
    }
}
