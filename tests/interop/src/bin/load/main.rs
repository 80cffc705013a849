//! Our nodes beside those of js-waku under load: the same number of processes, connected in the same way, publishing on the same
//! schedule, one kind after the other. Prints tables; numbers are looked at by people, no test depends on them.
//!
//! `cargo xtask interop --load [--nodes 20] [--rates 20,50,100] [--seconds 20] [--without-js]`

mod cost;
mod fleet;
mod node;

use fleet::{Fleet, Kind, Outcome};

/// A fleet that delivers less of what was published gets no more.
const ENOUGH: f64 = 0.99;
/// Nor one that takes longer for one message in a hundred, in milliseconds.
const QUICK: f64 = 5000.0;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((seed, addresses)) =
        words.strip_prefix(&["--node".to_owned()]).and_then(|rest| rest.split_first())
    {
        return node::run(seed.parse().expect("a number"), addresses).await;
    }
    let after = |name: &str| words.iter().skip_while(|word| *word != name).nth(1);
    let count = after("--nodes").map_or(20, |count| count.parse().expect("--nodes takes a number"));
    let seconds = after("--seconds").map_or(20, |seconds| seconds.parse().expect("--seconds takes a number"));
    let rates = after("--rates").map_or("20,50,100,200,400,800", String::as_str);
    let rates: Vec<u32> = rates.split(',').map(|rate| rate.parse().expect("--rates takes numbers")).collect();
    let kinds: &[Kind] =
        if words.iter().any(|word| word == "--without-js") { &[Kind::Ours] } else { &[Kind::Ours, Kind::Js] };

    println!("{count} nodes in processes of their own, messages of 1 KiB, {seconds} s for each rate\n");
    println!(
        "| messages/s | whose | delivered | 50 % within | 99 % within | core of each | deliveries/core-s | MiB each | most |"
    );
    println!("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut outcomes: Vec<Outcome> = Vec::new();
    for kind in kinds {
        let mut fleet = Fleet::start(*kind, count).await;
        for rate in std::iter::once(0).chain(rates.iter().copied()) {
            let outcome = fleet.publish(rate, seconds).await;
            row(&outcome);
            let overloaded = outcome.delivered() < ENOUGH || outcome.latency(990) > QUICK;
            outcomes.push(outcome);
            if overloaded {
                break;
            }
        }
    }
    compare(&outcomes);
}

fn row(outcome: &Outcome) {
    let (mean, most) = outcome.memory();
    println!(
        "| {} | {} | {:.2} % | {:.1} ms | {:.1} ms | {:.2} % | {:.0} | {mean:.1} | {most:.1} |",
        outcome.rate,
        outcome.kind.name(),
        outcome.delivered() * 100.0,
        outcome.latency(500),
        outcome.latency(990),
        outcome.core() * 100.0,
        outcome.each_core_second(),
    );
    if outcome.unsent > 0 {
        println!("  ({} of {} could not be published)", outcome.unsent, outcome.sent);
    }
}

/// Ours against theirs, at every rate that both have seen.
fn compare(outcomes: &[Outcome]) {
    let of = |kind: Kind| outcomes.iter().filter(move |outcome| outcome.kind == kind);
    let pairs: Vec<(&Outcome, &Outcome)> =
        of(Kind::Ours).zip(of(Kind::Js)).filter(|(ours, theirs)| ours.rate == theirs.rate).collect();
    if pairs.is_empty() {
        return;
    }
    println!(
        "\n| messages/s | deliveries/core-s, ours : js-waku | memory, ours : js-waku | 99 % within, ours : js-waku |"
    );
    println!("| ---: | ---: | ---: | ---: |");
    for (ours, theirs) in pairs {
        let memory = ours.memory().0 / theirs.memory().0;
        if ours.rate == 0 {
            println!("| 0 | (a core of each: {:.2}) | {memory:.2} | |", ours.core() / theirs.core());
        } else {
            let throughput = ours.each_core_second() / theirs.each_core_second();
            let late = ours.latency(990) / theirs.latency(990);
            println!("| {} | {throughput:.1} | {memory:.2} | {late:.2} |", ours.rate);
        }
    }
}
