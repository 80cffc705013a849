//! Many whole stacks in a storm: `cargo run --release -p status-sim --example storm -- --nodes 50 --loss 0.2 --seed 7`.
//!
//! With `--seeds N` it runs the N seeds from `--seed` on, on as many threads as `--threads` says; with `--drawn` the shape
//! of each follows from its seed. With `--trace` it prints what happened.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks through its terminal")]
#![expect(clippy::disallowed_methods, reason = "it tells how long it took")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use status_sim::{Lines, Plan, Report, Shape, real, run};

struct Storm {
    shape: Shape,
    seed: u64,
    seeds: u64,
    threads: u64,
    drawn: bool,
    lines: Lines,
}

fn main() -> ExitCode {
    let Some(storm) = parse() else { return ExitCode::FAILURE };
    let began = Instant::now();
    let next = AtomicU64::new(storm.seed);
    let total = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..storm.threads {
            scope.spawn(|| {
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed < storm.seed + storm.seeds
                {
                    let report = storm.one(seed);
                    total.lock().unwrap_or_else(PoisonError::into_inner).add(&report);
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("total     {}", line(&total, began.elapsed()));
    if total.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Storm {
    fn one(&self, seed: u64) -> Report {
        let shape = if self.drawn { Shape::drawn(seed) } else { self.shape };
        let began = Instant::now();
        let report = run(&Plan::new(seed, &shape), &real, self.lines, &mut |_| ());
        for text in &report.lines {
            println!("{text}");
        }
        println!("seed {seed:<4} {}", line(&report, began.elapsed()));
        report
    }
}

fn line(report: &Report, took: Duration) -> String {
    let tally = &report.tally;
    let broken = report.broken.as_ref().map_or_else(String::new, |broken| {
        format!(" BROKEN in seed {}: {}: {}", report.seed, broken.rule, broken.what)
    });
    format!(
        "{} messages, {} of {} acknowledged, {} given up, {} forgotten, p50 {} ms, p99 {} ms, max {} s, {} resends, {} bytes each, {} copies, \
         {} overtaken, {} gaps, {} resets, {} crashes, {} steps, {:.1} virtual days in {:.1} s, {} a second, digest {:016x}{broken}",
        tally.messages,
        tally.delivered,
        tally.expected,
        tally.given_up,
        tally.forgotten,
        report.latency(500),
        report.latency(990),
        report.latency(1_000) / 1_000,
        report.resends,
        report.bytes_each(),
        tally.duplicates,
        tally.overtaken,
        tally.gaps,
        tally.resets,
        report.stats.crashes,
        report.stats.steps,
        report.time.as_secs_f64() / 86_400.0,
        took.as_secs_f64(),
        (tally.messages as f64 / took.as_secs_f64()) as u64,
        report.digest,
    )
}

fn parse() -> Option<Storm> {
    let shape = Shape::default();
    let mut storm = Storm { shape, seed: 7, seeds: 1, threads: 1, drawn: false, lines: Lines::Drop };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        match name.as_str() {
            "--drawn" => storm.drawn = true,
            "--trace" => storm.lines = Lines::Keep,
            _ => {
                let number: Option<f64> = args.next().and_then(|text| text.parse().ok());
                if number.and_then(|number| storm.set(&name, number)).is_none() {
                    eprintln!("what is {name}?");
                    return None;
                }
            }
        }
    }
    Some(storm)
}

impl Storm {
    fn set(&mut self, name: &str, number: f64) -> Option<()> {
        let (shape, count) = (&mut self.shape, number as usize);
        match name {
            "--seed" => self.seed = number as u64,
            "--seeds" => self.seeds = number as u64,
            "--threads" => self.threads = number as u64,
            "--nodes" => shape.nodes = count,
            "--hours" => shape.hours = number as u64,
            "--messages" => shape.messages = count,
            "--bursts" => shape.bursts = count,
            "--burst" => shape.burst = count,
            // 0.2 and 20 both mean a fifth.
            "--loss" if number < 1.0 => shape.loss = (number * 100.0).round() as u64,
            "--loss" => shape.loss = number as u64,
            "--doubled" => shape.doubled = number as u64,
            "--damaged" => shape.damaged = number as u64,
            "--crashes" => shape.crashes = count,
            "--absences" => shape.absences = count,
            "--splits" => shape.splits = count,
            "--split-hours" => shape.split_for = Duration::from_secs(number as u64 * 3_600),
            "--full-disks" => shape.full_disks = count,
            "--pairs" => shape.pairs = count,
            "--restores" => shape.restores = count,
            "--put-back" => shape.put_back = count,
            "--archives" => shape.archives = count,
            "--groups" => shape.groups = count,
            "--spam" => shape.spam = count,
            "--gone" => shape.gone = count,
            "--mixed" => shape.mixed = number as u64,
            _ => return None,
        }
        Some(())
    }
}
