//! Whole stacks in a simulated storm: `sim run` looks for a seed that breaks a rule, `sim replay` shows one to the event.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use status_sim::{Broken, Lines, Plan, Report, Shape, real, run as carry_out, shrink};

use crate::home::Done;
use crate::show::Show;

/// How large and how rough. The same values and the same seed give the same run.
#[derive(Args, Clone)]
pub(crate) struct Storm {
    /// Users.
    #[arg(long, default_value_t = 10)]
    nodes: usize,
    /// Virtual hours until the network heals.
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Messages that are said in conversations.
    #[arg(long, default_value_t = 300)]
    messages: usize,
    /// Frames lost, percent.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=100))]
    loss: u64,
    /// Frames brought twice, percent.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=100))]
    doubled: u64,
    /// Crashes, each in the middle of a step.
    #[arg(long, default_value_t = 10)]
    crashes: usize,
    /// Times that the network falls into two parts.
    #[arg(long, default_value_t = 1)]
    splits: usize,
    /// How long that may last, in hours.
    #[arg(long, default_value_t = 6)]
    split_hours: u64,
    /// Users who get a second device.
    #[arg(long, default_value_t = 0)]
    pairs: usize,
    /// Users who lose all devices and begin anew from their words.
    #[arg(long, default_value_t = 0)]
    restores: usize,
    /// Devices on which an old copy of the store is put back.
    #[arg(long, default_value_t = 0)]
    put_back: usize,
    /// History nodes.
    #[arg(long, default_value_t = 1)]
    archives: usize,
    /// Let the shape of each run follow from its seed; the options above then say nothing.
    #[arg(long)]
    drawn: bool,
}

impl Storm {
    fn plan(&self, seed: u64) -> Plan {
        let shape = Shape {
            nodes: self.nodes,
            hours: self.hours,
            messages: self.messages,
            loss: self.loss,
            doubled: self.doubled,
            crashes: self.crashes,
            splits: self.splits,
            split_for: Duration::from_secs(self.split_hours.saturating_mul(3_600)),
            pairs: self.pairs,
            restores: self.restores,
            put_back: self.put_back,
            archives: self.archives,
            ..Shape::default()
        };
        Plan::new(seed, &if self.drawn { Shape::drawn(seed) } else { shape })
    }
}

/// Runs the seeds from `seed` on; stops at the first that breaks a rule, and makes it small.
pub(crate) fn run(show: Show, storm: &Storm, seed: u64, seeds: u64) -> Done {
    let bar = bar(show, seeds);
    let began = now();
    let mut total = Report::default();
    for seed in seed..seed.saturating_add(seeds) {
        let plan = storm.plan(seed);
        let report = carry_out(&plan, &real, Lines::Drop, &mut |progress| {
            bar.set_message(format!(
                "seed {seed}: {:.1} of {:.1} h, {} of {} acknowledged",
                progress.time.as_secs_f64() / 3_600.0,
                progress.of.as_secs_f64() / 3_600.0,
                progress.delivered,
                progress.expected
            ));
            bar.tick();
        });
        bar.inc(1);
        show.object(|| object("run", &report, began.elapsed()));
        total.add(&report);
        if let Some(broken) = &report.broken {
            bar.finish_and_clear();
            fail(show, &plan, broken);
            break;
        }
    }
    bar.finish_and_clear();
    table(show, &total, began.elapsed());
    Ok(if total.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs one seed again, and prints all that happens.
pub(crate) fn replay(show: Show, storm: &Storm, seed: u64) -> Done {
    let began = now();
    let report = carry_out(&storm.plan(seed), &real, Lines::Keep, &mut |_| ());
    for line in &report.lines {
        show.line(line, || json!({ "event": "trace", "line": line }));
    }
    if let Some(broken) = &report.broken {
        tell(show, seed, broken);
    }
    table(show, &report, began.elapsed());
    Ok(if report.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Makes a failing plan small, and prints what is left of it with what then happens.
fn fail(show: Show, plan: &Plan, broken: &Broken) {
    tell(show, plan.seed, broken);
    show.say(&show.dim("making it smaller …"));
    let fails = |plan: &Plan| carry_out(plan, &real, Lines::Drop, &mut |_| ()).broken;
    let small = shrink(plan, &mut |plan| fails(plan).is_some_and(|found| found.rule == broken.rule));
    let text = format!(
        "{} of {} people and {} of {} actions are enough, with {:?}:",
        small.present(),
        plan.present(),
        small.actions.len(),
        plan.actions.len(),
        small.link
    );
    show.line(&text, || {
        json!({
            "event": "shrunk", "seed": plan.seed, "people": small.present(), "actions": small.actions.len(),
            "link": format!("{:?}", small.link),
        })
    });
    for line in carry_out(&small, &real, Lines::Keep, &mut |_| ()).lines {
        show.line(&line, || json!({ "event": "trace", "line": line }));
    }
    show.say(&format!("\nThe whole run: status-chat sim replay {} with the same options", plan.seed));
}

fn tell(show: Show, seed: u64, broken: &Broken) {
    let text = format!("{}  seed {seed}: {}: {}", show.bold("BROKEN"), broken.rule, broken.what);
    show.line(
        &text,
        || json!({ "event": "broken", "seed": seed, "rule": broken.rule.to_string(), "what": broken.what }),
    );
}

fn table(show: Show, report: &Report, took: Duration) {
    let (tally, stats) = (&report.tally, &report.stats);
    let rows = [
        ("messages", tally.messages.to_string()),
        ("delivered", format!("{} of {} to their readers", tally.delivered, tally.expected)),
        ("given up", format!("{}, and {} forgotten by who sent them", tally.given_up, tally.forgotten)),
        (
            "latency",
            format!(
                "p50 {}, p99 {}, max {}",
                span(report.latency(500)),
                span(report.latency(990)),
                span(report.latency(1_000))
            ),
        ),
        ("resends", report.resends.to_string()),
        ("bytes", format!("{} for each delivered message", report.bytes_each())),
        ("duplicates", format!("{} recognised, none shown twice", tally.duplicates)),
        ("order", format!("{} messages were overtaken by a later one", tally.overtaken)),
        ("gaps", format!("{} messages were said to be missing", tally.gaps)),
        ("resets", format!("{} times somebody wrote in a session that was lost", tally.resets)),
        ("network", format!("{} frames, {} lost, {} doubled", stats.frames, stats.lost, stats.doubled)),
        ("nodes", format!("{} steps, {} crashes, {} full disks", stats.steps, stats.crashes, stats.full)),
        (
            "time",
            format!(
                "{:.1} virtual hours in {:.1} s",
                report.time.as_secs_f64() / 3_600.0,
                took.as_secs_f64()
            ),
        ),
        ("digest", format!("{:016x}", report.digest)),
    ];
    show.say("");
    for (name, what) in rows {
        show.say(&format!("{}  {what}", show.bold(&format!("{name:>12}"))));
    }
    show.object(|| object("summary", report, took));
}

fn object(event: &str, report: &Report, took: Duration) -> Value {
    let (tally, stats) = (&report.tally, &report.stats);
    json!({
        "event": event, "seed": report.seed, "messages": tally.messages, "expected": tally.expected,
        "delivered": tally.delivered, "given_up": tally.given_up, "forgotten": tally.forgotten, "latency_ms_p50": report.latency(500),
        "latency_ms_p99": report.latency(990), "latency_ms_max": report.latency(1_000), "resends": report.resends,
        "bytes_per_delivered": report.bytes_each(), "duplicates": tally.duplicates, "overtaken": tally.overtaken, "gaps": tally.gaps,
        "ratchet_resets": tally.resets, "frames": stats.frames, "frames_lost": stats.lost,
        "frames_doubled": stats.doubled, "steps": stats.steps, "crashes": stats.crashes, "full_disks": stats.full,
        "virtual_seconds": report.time.as_secs_f64(), "seconds": took.as_secs_f64(),
        "digest": format!("{:016x}", report.digest),
        "broken": report.broken.as_ref().map(|broken| broken.rule.to_string()),
    })
}

fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        120_000..7_200_000 => format!("{:.1} min", ms as f64 / 60_000.0),
        _ => format!("{:.1} h", ms as f64 / 3_600_000.0),
    }
}

fn bar(show: Show, seeds: u64) -> ProgressBar {
    let target = if show.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(seeds), target);
    // A template that cannot be read would be one of ours.
    match ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[expect(clippy::disallowed_methods, reason = "the command tells how long it took")]
fn now() -> Instant {
    Instant::now()
}
