//! Taking turns, and printing.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// How often each side of a row runs, where that does not take too long.
const TURNS: u128 = 301;
const FEWEST: u128 = 31;

/// How long one turn takes, where an operation is shorter: so short that most turns are not interrupted, also where
/// others use the machine.
const TURN: Duration = Duration::from_micros(300);

/// How long one side of a row takes in all, unless it takes that long for the fewest turns.
const ROW: Duration = Duration::from_secs(1);

/// Prints rows as they come.
pub(crate) struct Table {
    /// With words on the command line, only rows that have one of them in their name.
    words: Vec<String>,
}

/// Runs the operation so many times and says how long that took, without what had to be prepared.
pub(crate) type Side<'a> = &'a mut dyn FnMut(usize) -> Duration;

/// What stands beside a row, measured in the same turns.
pub(crate) enum Beside<'a> {
    /// Another way to do the same.
    Other(&'a str, Side<'a>),
    /// A part of our time; the ratio without it is printed, too.
    Part(&'a str, Side<'a>),
}

impl Table {
    /// Begins a table whose two sides are called so.
    pub(crate) fn begin(ours: &str, theirs: &str) -> Self {
        let words = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
        let mut table = Self { words };
        table.line(&format!("{:<44} {ours:>11} {theirs:>11}  ratio  goal", "operation"));
        table
    }

    /// Whether a row was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word))
    }

    /// Measures a row. The two sides take turns, so that both see the same weather.
    pub(crate) fn row(&mut self, name: &str, goal: &str, ours: Side<'_>, theirs: Side<'_>) {
        self.row_with(name, goal, ours, theirs, &mut []);
    }

    /// Measures a row with more beside it.
    pub(crate) fn row_with(
        &mut self,
        name: &str,
        goal: &str,
        ours: Side<'_>,
        theirs: Side<'_>,
        beside: &mut [Beside<'_>],
    ) {
        if !self.wants(name) {
            return;
        }
        let once = ours(1).min(ours(1)).max(Duration::from_nanos(1));
        let count = usize::try_from(TURN.as_nanos() / once.as_nanos()).unwrap().clamp(1, 500);
        let mut turns = Vec::new();
        for turn in 0..(ROW.as_nanos() / once.as_nanos()).clamp(FEWEST, TURNS) {
            let (a, b) = if turn % 2 == 0 {
                let a = ours(count);
                (a, theirs(count))
            } else {
                let b = theirs(count);
                (ours(count), b)
            };
            let rest: Vec<f64> = beside.iter_mut().map(|beside| each(beside.side()(count), count)).collect();
            turns.push((each(a, count), each(b, count), rest));
        }
        let [ours, theirs, ratio] = [|(a, _, _): &Turn| *a, |(_, b, _): &Turn| *b, |(a, b, _): &Turn| a / b]
            .map(|of| median(&turns, of));
        let mut line = format!("{name:<44} {} {}  {ratio:>5.2}  {goal:<6}", micros(ours), micros(theirs));
        for (at, beside) in beside.iter().enumerate() {
            line += &beside.text(&turns, at);
        }
        self.line(line.trim_end());
    }

    pub(crate) fn line(&mut self, text: &str) {
        writeln!(std::io::stdout().lock(), "{text}").unwrap();
    }
}

/// Seconds for one operation: ours, theirs, and of what stands beside.
type Turn = (f64, f64, Vec<f64>);

impl Beside<'_> {
    fn side(&mut self) -> Side<'_> {
        match self {
            Self::Other(_, side) | Self::Part(_, side) => *side,
        }
    }

    fn text(&self, turns: &[Turn], at: usize) -> String {
        let time = median(turns, |(_, _, rest)| rest[at]);
        match self {
            Self::Other(name, _) => format!("  {name} {}", micros(time).trim_start()),
            Self::Part(name, _) => {
                let without = median(turns, |(a, b, rest)| (a - rest[at]) / b);
                format!("  {name} {}, without it {without:.2}", micros(time).trim_start())
            }
        }
    }
}

/// How long `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a bench measures")]
    let start = Instant::now();
    work();
    start.elapsed()
}

fn each(whole: Duration, count: usize) -> f64 {
    whole.as_secs_f64() / count as f64
}

fn median(turns: &[Turn], of: impl Fn(&Turn) -> f64) -> f64 {
    let mut all: Vec<f64> = turns.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn micros(seconds: f64) -> String {
    format!("{:>8.2} µs", seconds * 1e6)
}
