//! What a node costs while nobody talks to it: its traffic by protocol, relaying and light.
//!
//! `cargo run --release -p status-p2p --example idle -- --minutes 30 [--rate <messages of strangers a minute>]`
//!
//! Three nodes that serve others and gossip with each other; a relaying node and a light one, each connected to all three
//! over loopback, each watching twenty topics on which nobody speaks. Counting begins a minute after the start.
#![allow(clippy::print_stdout, reason = "an example speaks through its terminal")]

use std::time::Duration;

use status_layer::testing::rng;
use status_layer::{Frame, FrameId, Network, Timestamp, Topic};
use status_p2p::{Config, HostKey, Mode, Node, PeerAddr, ProtocolUsage, Serve};
use tokio::time::{Instant, interval, sleep, sleep_until};

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Until everybody knows everybody.
const SETTLE: Duration = Duration::from_secs(60);
/// Bytes of a stranger's message.
const MESSAGE: usize = 1024;

#[tokio::main]
async fn main() -> Done<()> {
    let (minutes, rate) = (number("--minutes")?.unwrap_or(30), number("--rate")?.unwrap_or(0));
    let first = start(1, Mode::Relay, &[]).await?;
    let second = start(2, Mode::Relay, &first.listen_addrs()).await?;
    let two = [first.listen_addrs(), second.listen_addrs()].concat();
    let third = start(3, Mode::Relay, &two).await?;
    let three = [two, third.listen_addrs()].concat();
    let mut relay = start(4, Mode::Relay, &three).await?;
    let mut light = start(5, Mode::Light, &three).await?;
    let topics: Vec<_> = (0..20).map(|number| Topic::new(format!("/waku/1/0x{number:08x}/rfc26"))).collect();
    relay.watch(&topics);
    light.watch(&topics);

    sleep(SETTLE).await;
    let before = [relay.usage(), light.usage()];
    let begun = Instant::now();
    let end = begun + Duration::from_secs(minutes * 60);
    if rate == 0 {
        sleep_until(end).await;
    } else {
        chatter(first, rate, end).await;
    }
    let hours = begun.elapsed().as_secs_f64() / 3600.0;

    println!("{minutes} minutes, {rate} messages of strangers a minute, each of {MESSAGE} bytes");
    for (name, node, before) in [("relaying", &relay, &before[0]), ("light", &light, &before[1])] {
        println!("\n{name}, connected to {} nodes; for each hour:", node.stats().connected);
        println!(
            "| protocol | streams | wakes | bytes in | bytes out |\n| --- | ---: | ---: | ---: | ---: |"
        );
        let mut all = ProtocolUsage::default();
        all.protocol = "all".to_owned();
        for after in node.usage() {
            let zero = ProtocolUsage::default();
            let since = before.iter().find(|usage| usage.protocol == after.protocol).unwrap_or(&zero);
            let mut more = after.clone();
            more.streams -= since.streams;
            more.wakes -= since.wakes;
            more.bytes_in -= since.bytes_in;
            more.bytes_out -= since.bytes_out;
            row(&more, hours);
            all.streams += more.streams;
            all.wakes += more.wakes;
            all.bytes_in += more.bytes_in;
            all.bytes_out += more.bytes_out;
        }
        row(&all, hours);
    }
    Ok(())
}

fn row(usage: &ProtocolUsage, hours: f64) {
    let each = |count: u64| (count as f64 / hours).round();
    println!(
        "| `{}` | {} | {} | {} | {} |",
        usage.protocol,
        each(usage.streams),
        each(usage.wakes),
        each(usage.bytes_in),
        each(usage.bytes_out)
    );
}

async fn start(seed: u64, mode: Mode, peers: &[PeerAddr]) -> Done<Node> {
    let mut config = Config::new(HostKey::generate(&mut rng(seed)));
    config.listen.push("/ip4/127.0.0.1/tcp/0".parse()?);
    config.limits.per_ip = 100;
    config.peers = peers.to_vec();
    config.mode = mode;
    if seed <= 3 {
        config.serve = Serve::all();
    }
    Ok(Node::start(config).await?)
}

/// Strangers talk with each other.
async fn chatter(mut node: Node, rate: u64, end: Instant) {
    let mut tick = interval(Duration::from_secs(60) / u32::try_from(rate).unwrap_or(u32::MAX));
    let mut number = 0_u64;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                number += 1;
                let mut bytes = number.to_be_bytes().to_vec();
                bytes.resize(MESSAGE, 0);
                let at = Timestamp::from_millis(1_700_000_000_000 + number);
                node.publish(FrameId(number), Frame { topic: Topic::new("/waku/1/0xffffffff/rfc26"), at, bytes });
            }
            _ = node.next() => {}
            () = sleep_until(end) => return,
        }
    }
}

fn number(name: &str) -> Done<Option<u64>> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    Ok(arguments.next().map(|value| value.parse()).transpose()?)
}
