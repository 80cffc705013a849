//! What a node knows of others, for people who want to know why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::book::Book;
use crate::peers::{Peer, Peers};
use crate::{Capabilities, Fault, KnownNode, NodeId, NodeRecord, PeerAddr, Source};

/// Looks into a running node; it may be cloned, and may outlive the node: then it shows what was there at the end.
#[derive(Clone)]
pub struct Overview {
    pub(crate) peers: Arc<Peers>,
    pub(crate) book: Arc<Book>,
    pub(crate) record: watch::Receiver<Option<NodeRecord>>,
}

/// One other node: how it was found, how it is connected or why it is not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeerStatus {
    /// Its name; `None` if only an address was given and nobody has answered there.
    pub node: Option<NodeId>,
    /// Who told of it first.
    pub found: Source,
    /// The connection, if there is one.
    pub link: Option<Link>,
    /// Where it can be dialled.
    pub addresses: Vec<PeerAddr>,
    /// What it does for others, if its record says so.
    pub capabilities: Option<Capabilities>,
    /// The shards that it carries: those that it told when it was connected, or those of its record.
    pub shards: Option<BTreeSet<u16>>,
    /// How often in a row dialling it was in vain.
    pub failures: u32,
    /// Why it was in vain the last time, since this node started.
    pub fault: Option<Fault>,
}

/// A connection to a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// For how long it has been connected.
    pub age: Duration,
    /// Who dialled.
    pub direction: Direction,
    /// What carries it.
    pub transport: Transport,
    /// Whether another node stands in between and passes on what is said.
    pub relayed: bool,
    /// The other end, as a multiaddr.
    pub address: String,
    /// What the node calls its software.
    pub agent: String,
    /// The protocols that it speaks, in the order of the alphabet.
    pub protocols: Vec<String>,
}

/// Who dialled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// This node.
    Outgoing,
    /// The other one.
    Incoming,
}

/// What carries a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// TCP.
    Tcp,
    /// WebSocket.
    WebSocket,
    /// WebSocket over TLS.
    SecureWebSocket,
    /// QUIC.
    Quic,
    /// Something else.
    Other,
}

impl Overview {
    /// Every node that is connected, named or known: connected ones first, then by name.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        let now = Instant::now();
        let mut all: BTreeMap<PeerId, PeerStatus> = BTreeMap::new();
        for (known, fault) in self.book.with_faults() {
            all.insert(*known.record.peer(), of_known(&known, fault));
        }
        let mut nameless = Vec::new();
        for named in self.peers.named() {
            let status = PeerStatus {
                node: named.peer.as_ref().map(NodeId::of),
                found: named.source,
                link: None,
                addresses: vec![named.address],
                capabilities: None,
                shards: None,
                failures: named.failures,
                fault: named.fault,
            };
            match named.peer {
                Some(peer) => drop(all.insert(peer, status)),
                None => nameless.push(status),
            }
        }
        for (peer, connected) in self.peers.all() {
            let status = all.entry(peer).or_insert_with(|| stranger(&peer, connected.source));
            status.link = Some(Link::of(&connected, now));
            status.shards = connected.shards.or(status.shards.take());
        }
        let mut peers: Vec<_> = all.into_values().chain(nameless).collect();
        peers.sort_by_key(|peer| peer.link.is_none());
        peers
    }

    /// The nodes that are known, to be kept until the next start: [`Discovery::known`](crate::Discovery::known).
    #[must_use]
    pub fn known(&self) -> Vec<KnownNode> {
        self.book.all()
    }

    /// What this node says of itself to those who look for nodes; `None` if it does not take part in discv5.
    #[must_use]
    pub fn record(&self) -> Option<NodeRecord> {
        self.record.borrow().clone()
    }
}

impl fmt::Debug for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overview")
    }
}

fn of_known(known: &KnownNode, fault: Option<Fault>) -> PeerStatus {
    PeerStatus {
        node: Some(known.node()),
        found: known.source,
        link: None,
        addresses: known.record.addresses(),
        capabilities: known.record.capabilities(),
        shards: known.record.shards().map(|of| of.shards),
        failures: known.failures,
        fault,
    }
}

fn stranger(peer: &PeerId, found: Source) -> PeerStatus {
    PeerStatus {
        node: Some(NodeId::of(peer)),
        found,
        link: None,
        addresses: Vec::new(),
        capabilities: None,
        shards: None,
        failures: 0,
        fault: None,
    }
}

impl Link {
    fn of(peer: &Peer, now: Instant) -> Self {
        let mut protocols: Vec<_> = peer.protocols.iter().map(ToString::to_string).collect();
        protocols.sort();
        Self {
            age: now.saturating_duration_since(peer.since),
            direction: if peer.dialled { Direction::Outgoing } else { Direction::Incoming },
            transport: Transport::of(&peer.address),
            relayed: peer.address.iter().any(|part| part == Protocol::P2pCircuit),
            address: peer.address.to_string(),
            agent: peer.agent.clone(),
            protocols,
        }
    }
}

impl Transport {
    fn of(address: &Multiaddr) -> Self {
        let has = |wanted: fn(&Protocol<'_>) -> bool| address.iter().any(|part| wanted(&part));
        if has(|part| matches!(part, Protocol::Quic | Protocol::QuicV1)) {
            Self::Quic
        } else if has(|part| matches!(part, Protocol::Wss(_)))
            || (has(|part| matches!(part, Protocol::Ws(_))) && has(|part| matches!(part, Protocol::Tls)))
        {
            Self::SecureWebSocket
        } else if has(|part| matches!(part, Protocol::Ws(_))) {
            Self::WebSocket
        } else if has(|part| matches!(part, Protocol::Tcp(_))) {
            Self::Tcp
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::WebSocket => "WebSocket",
            Self::SecureWebSocket => "WebSocket over TLS",
            Self::Quic => "QUIC",
            Self::Other => "another transport",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carries_a_connection_shows_in_its_address() {
        for (address, transport) in [
            ("/ip4/192.0.2.1/tcp/1", Transport::Tcp),
            ("/ip4/192.0.2.1/tcp/1/ws", Transport::WebSocket),
            ("/dns4/example.org/tcp/1/wss", Transport::SecureWebSocket),
            ("/dns4/example.org/tcp/1/tls/ws", Transport::SecureWebSocket),
            ("/ip4/192.0.2.1/udp/1/quic-v1", Transport::Quic),
            ("/memory/1", Transport::Other),
        ] {
            assert_eq!(Transport::of(&address.parse().unwrap()), transport, "{address}");
        }
    }
}
