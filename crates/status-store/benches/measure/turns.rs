//! Two sides measured in turns, and how that is printed.

use std::time::{Duration, Instant};

/// Runs both in turns.
pub(crate) fn pair(
    rounds: u64,
    mut plain: impl FnMut(u64),
    mut sealed: impl FnMut(u64),
) -> Vec<(Duration, Duration)> {
    (0..rounds).map(|n| (timed(|| plain(n)).1, timed(|| sealed(n)).1)).collect()
}

/// Runs once, and says how long it took.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let done = run();
    (done, begin.elapsed())
}

/// Prints the medians of both sides, and of the ratios of neighbouring runs.
pub(crate) fn row(what: &str, runs: &[(Duration, Duration)]) {
    let side = |pick: fn(&(Duration, Duration)) -> Duration| {
        Duration::from_secs_f64(median(runs.iter().map(|run| pick(run).as_secs_f64()).collect()))
    };
    let ratio =
        median(runs.iter().map(|(plain, sealed)| sealed.as_secs_f64() / plain.as_secs_f64()).collect());
    println!("{what:36} {:>12} {:>12} {ratio:>7.2}", show(side(|run| run.0)), show(side(|run| run.1)));
}

/// The middle of some values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A time in words.
pub(crate) fn show(took: Duration) -> String {
    if took < Duration::from_millis(100) {
        format!("{:.1} µs", took.as_secs_f64() * 1e6)
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}
