//! How the simulator grows: the same life for 10, 100 and 1,000 users, and what a message of it costs.
//!
//! `cargo run --release -p status-sim --example growth --features status-crypto/libsecp256k1`. Numbers are looked at by
//! people, no test depends on them.
#![expect(clippy::print_stdout, reason = "an example speaks through its terminal")]
#![expect(clippy::disallowed_methods, reason = "it tells how long it took")]

use std::time::{Duration, Instant};

use status_sim::{Lines, Plan, Shape, real, run};

const NODES: [usize; 5] = [10, 30, 100, 300, 1_000];
/// Messages said for each user.
const EACH: usize = 10;
const SEED: u64 = 7;

fn main() {
    println!(
        "{:>6} {:>9} {:>9} {:>8} {:>12} {:>12} {:>12} {:>7}",
        "nodes", "messages", "steps", "seconds", "messages/s", "steps a msg", "µs a step", "ratio"
    );
    let mut least = None;
    for nodes in NODES {
        let (messages, steps, took) = measure(nodes);
        let each = took.as_secs_f64() / messages as f64;
        println!(
            "{nodes:>6} {messages:>9} {steps:>9} {:>8.1} {:>12.0} {:>12.1} {:>12.0} {:>6.2}x",
            took.as_secs_f64(),
            1.0 / each,
            steps as f64 / messages as f64,
            took.as_secs_f64() * 1e6 / steps as f64,
            each / *least.get_or_insert(each),
        );
    }
}

/// What this thread has spent on the processor, where the system tells it: others do not count then. Else what has passed.
fn spent(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Runs one life; how many messages and steps there were, and how long it took, keys and all.
fn measure(nodes: usize) -> (u64, u64, Duration) {
    let few = nodes.div_ceil(10);
    let shape = Shape {
        nodes,
        hours: 6,
        messages: EACH * nodes,
        bursts: 0,
        loss: 10,
        crashes: few,
        absences: few,
        splits: 0,
        full_disks: 0,
        groups: 0,
        spam: 0,
        ..Shape::default()
    };
    let (now, began) = (Instant::now(), spent(Instant::now()));
    let report = run(&Plan::new(SEED, &shape), &real, Lines::Drop, &mut |_| ());
    if let Some(broken) = &report.broken {
        println!("{}: {}", broken.rule, broken.what);
    }
    (report.tally.messages, report.stats.steps, spent(now).saturating_sub(began))
}
