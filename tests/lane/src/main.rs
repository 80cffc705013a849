//! Carries out one plan, and says what it came to. Exit code 1 if somebody did not hear what they had to hear, or heard it
//! twice.

mod entropy;
mod internet;
mod pipe;
mod plan;
mod record;
mod run;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use plan::Plan;
use record::Report;

fn main() -> ExitCode {
    let plan = Plan::parse();
    entropy::sow(plan.seed);
    let json = plan.json;
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    let report = runtime.block_on(run::run(plan));
    let took = began.elapsed();
    if json {
        println!("{}", as_json(&report));
    } else {
        print(&report, took);
    }
    if report.heard == report.due && report.twice == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn as_json(report: &Report) -> serde_json::Value {
    let [half, most, longest] = report.latency.map(|time| time.as_millis() as u64);
    serde_json::json!({
        "seed": report.seed,
        "nodes": report.nodes,
        "virtual_seconds": report.lasted.as_secs(),
        "wanted": report.wanted,
        "said": report.said,
        "due": report.due,
        "heard": report.heard,
        "twice": report.twice,
        "latency_ms": { "p50": half, "p99": most, "max": longest },
        "wire_bytes": report.bytes,
        "events": report.events,
        "trace": report.trace,
        "missed": report.missed.iter().map(|(by, seat, at)| {
            serde_json::json!({ "by": by, "seat": seat, "at_ms": at.as_millis() as u64 })
        }).collect::<Vec<_>>(),
    })
}

fn print(report: &Report, took: std::time::Duration) {
    let [half, most, longest] = report.latency.map(|time| time.as_millis());
    println!(
        "seed {}: {} nodes, {} virtual seconds in {:.1} s",
        report.seed,
        report.nodes,
        report.lasted.as_secs(),
        took.as_secs_f64()
    );
    println!("messages   {} said of {}", report.said, report.wanted);
    println!("heard      {} of {} that had to be, {} twice", report.heard, report.due, report.twice);
    println!("latency    p50 {half} ms, p99 {most} ms, max {longest} ms");
    println!("on wires   {} KiB", report.bytes / 1024);
    println!("trace      {} events, {}", report.events, report.trace);
    for (by, seat, at) in &report.missed {
        println!("missed     what {by} said at {:.3} s, by {seat}", at.as_secs_f64());
    }
}
