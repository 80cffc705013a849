//! Taking turns, and printing.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// How often each side of a row runs.
const TURNS: usize = 61;

/// How long one turn takes at least, where an operation is shorter.
const TURN: Duration = Duration::from_millis(2);

/// Prints rows as they come.
pub(crate) struct Table;

/// Runs the operation so many times and says how long that took, without what had to be prepared.
pub(crate) type Side<'a> = &'a mut dyn FnMut(usize) -> Duration;

impl Table {
    pub(crate) fn begin() -> Self {
        let mut table = Self;
        table.line("operation                                        ours      kernel   ratio   goal");
        table
    }

    /// Measures a row. The two sides take turns, so that both see the same weather.
    ///
    /// With words on the command line only rows that have one of them in their name.
    pub(crate) fn row(&mut self, name: &str, goal: &str, ours: Side<'_>, kernel: Side<'_>) {
        let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
        if words.peek().is_some() && !words.any(|word| name.contains(&word)) {
            return;
        }
        let once = ours(1).max(ours(1)).max(Duration::from_nanos(1));
        let count = usize::try_from(TURN.as_nanos() / once.as_nanos()).unwrap().clamp(1, 500);
        let (mut times, mut kernels, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let (a, b) = if turn % 2 == 0 {
                let a = ours(count);
                (a, kernel(count))
            } else {
                let b = kernel(count);
                (ours(count), b)
            };
            times.push(a.as_secs_f64() / count as f64);
            kernels.push(b.as_secs_f64() / count as f64);
            ratios.push(a.as_secs_f64() / b.as_secs_f64());
        }
        let [ours, kernel, ratio] = [times, kernels, ratios].map(median);
        self.line(&format!("{name:<44} {} {}  {ratio:>5.2}  {goal}", micros(ours), micros(kernel)));
    }

    pub(crate) fn line(&mut self, text: &str) {
        writeln!(std::io::stdout().lock(), "{text}").unwrap();
    }
}

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a bench measures")]
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn micros(seconds: f64) -> String {
    format!("{:>8.2} µs", seconds * 1e6)
}
