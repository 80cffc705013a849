//! The nodes that are known, and why each is connected or not.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use status_chat::{Direction, Link, PeerStatus};

use crate::args::Here;
use crate::home::{Done, online, open};
use crate::show::Show;

/// Goes online, looks for nodes for a while, and prints what came of it.
pub(crate) async fn run(show: Show, here: &Here, wait: u64) -> Done {
    let client = open(here, online(here)).await?;
    tokio::time::sleep(Duration::from_secs(wait)).await;
    let peers = client.peers();
    let connected = peers.iter().filter(|peer| peer.link.is_some()).count();
    for peer in &peers {
        show.line(&line(show, peer), || object(peer));
    }
    show.say(&show.dim(&format!("{connected} connected, {} known", peers.len())));
    client.close().await;
    Ok(ExitCode::SUCCESS)
}

fn line(show: Show, peer: &PeerStatus) -> String {
    let place = || peer.addresses.first().map_or_else(String::new, ToString::to_string);
    let name = peer.node.as_ref().map_or_else(place, ToString::to_string);
    let found = peer.found.word();
    match &peer.link {
        Some(link) => format!("{}  {}, found by {found}", show.bold(&name), connection(link)),
        None => format!("{name}  {}, found by {found}", show.dim(&reason(peer))),
    }
}

fn connection(link: &Link) -> String {
    let who = match link.direction {
        Direction::Outgoing => "dialled",
        Direction::Incoming => "dialled us",
    };
    let relay = if link.relayed { ", through a relay" } else { "" };
    format!("connected for {} s over {}{relay}, {who}, {}", link.age.as_secs(), link.transport, link.agent)
}

fn reason(peer: &PeerStatus) -> String {
    let failed = peer.fault.map(|fault| format!("not connected: {fault}"));
    let failed = failed.unwrap_or_else(|| "not connected".to_owned());
    match peer.failures {
        0 => failed,
        // A node of another cluster counts as if it had failed for ever.
        u32::MAX => failed,
        times => format!("{failed} ({times} times in a row)"),
    }
}

fn object(peer: &PeerStatus) -> Value {
    json!({
        "event": "peer",
        "node": peer.node.as_ref().map(ToString::to_string),
        "found": peer.found.word(),
        "addresses": peer.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "shards": peer.shards,
        "capabilities": peer.capabilities.map(status_chat::Capabilities::bits),
        "failures": peer.failures,
        "fault": peer.fault.map(|fault| fault.to_string()),
        "connection": peer.link.as_ref().map(|link| json!({
            "seconds": link.age.as_secs(),
            "dialled": link.direction == Direction::Outgoing,
            "transport": link.transport.to_string(),
            "relayed": link.relayed,
            "address": link.address,
            "agent": link.agent,
            "protocols": link.protocols,
        })),
    })
}
