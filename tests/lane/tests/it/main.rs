//! What holds in every run. Each run is a process of its own, for its randomness follows from the seed as a whole.

use std::process::Command;

use serde_json::Value;

fn lane(arguments: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_status-lane"))
        .args(arguments.split_whitespace())
        .arg("--json")
        .output()
        .expect("the program starts");
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn all_is_heard_once(report: &Value) {
    assert!(report["due"].as_u64().unwrap() > 0, "somebody has to hear something: {report}");
    assert_eq!(report["heard"], report["due"], "{report}");
    assert_eq!(report["twice"], 0, "{report}");
}

#[test]
fn a_hundred_nodes_hear_all_that_is_said_once() {
    let report = lane("--nodes 100 --messages 100 --minutes 3 --seed 7");

    assert_eq!(report["due"], 9900);
    all_is_heard_once(&report);
}

#[test]
fn equal_seeds_give_equal_runs_to_the_nanosecond_and_others_do_not() {
    let run =
        |seed| lane(&format!("--nodes 12 --messages 40 --minutes 8 --splits 1 --restarts 3 --seed {seed}"));

    let (one, again, other) = (run(1), run(1), run(2));

    assert_eq!(one, again);
    assert_ne!(one["trace"], other["trace"]);
}

#[test]
fn after_splits_and_restarts_all_hear_all_again() {
    for seed in 1..=6 {
        let plan = format!("--nodes 20 --messages 150 --minutes 12 --splits 2 --restarts 6 --seed {seed}");

        all_is_heard_once(&lane(&plan));
    }
}

#[test]
fn who_was_away_gets_from_archives_what_was_said_meanwhile() {
    for seed in 1..=3 {
        let plan = "--nodes 20 --messages 150 --minutes 12 --splits 1 --restarts 6 --archives 3";

        all_is_heard_once(&lane(&format!("{plan} --seed {seed}")));
    }
}
