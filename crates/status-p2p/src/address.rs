//! Names of nodes and where they can be reached.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// The name of a node: the hash of its public host key, in the usual text form (`16Uiu2HA…`).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(String);

impl NodeId {
    pub(crate) fn of(peer: &PeerId) -> Self {
        Self(peer.to_base58())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a node listens, or through whom it is reached, as a multiaddr.
///
/// - `/ip4/<address>` or `/ip6/…`, or a name: `/dns4/<name>`, `/dns6/…`, `/dns/…`;
/// - then `/tcp/<port>`, `/tcp/<port>/ws` or `/tcp/<port>/wss` (also written `/tls/ws`), or, with the feature `quic`,
///   `/udp/<port>/quic-v1`; in place of both there may be `/dnsaddr/<name>`, where the addresses are listed;
/// - then maybe `/p2p/<node id>`: with it, only the node of that name is talked to;
/// - then maybe `/p2p-circuit`, with or without another `/p2p/<node id>`: the first node relays to the second.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PeerAddr(Multiaddr);

/// Why a text is not an address that this node can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerAddrError {
    /// Not in multiaddr form.
    #[error("not a multiaddr; write for example /ip4/127.0.0.1/tcp/30303")]
    Malformed,
    /// A multiaddr over a transport that this node does not speak.
    #[error(
        "only TCP and WebSocket (and QUIC with the feature quic) at an IP address or a name are spoken, \
         with /p2p/<node id> behind it or without, and circuits through such a node"
    )]
    Unsupported,
}

impl PeerAddr {
    /// The name of the node, if the address has it.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.peer().as_ref().map(NodeId::of)
    }

    /// Whether the node is reached through another one that relays.
    #[must_use]
    pub fn is_circuit(&self) -> bool {
        is_circuit(&self.0)
    }

    /// The node at the end; not the one that relays to it.
    pub(crate) fn peer(&self) -> Option<PeerId> {
        self.0.iter().fold(None, |peer, part| match part {
            Protocol::P2p(peer) => Some(peer),
            Protocol::P2pCircuit => None,
            _ => peer,
        })
    }

    /// The socket address, if it is one of TCP.
    pub(crate) fn socket(&self) -> Option<SocketAddr> {
        let mut parts = self.0.iter();
        let ip: IpAddr = match parts.next()? {
            Protocol::Ip4(ip) => ip.into(),
            Protocol::Ip6(ip) => ip.into(),
            _ => return None,
        };
        match parts.next()? {
            Protocol::Tcp(port) if !self.is_circuit() => Some((ip, port).into()),
            _ => None,
        }
    }

    /// Whether the address may be on this very machine.
    pub(crate) fn is_local(&self) -> bool {
        ip(&self.0).is_some_and(|ip| ip.to_canonical().is_loopback() || ip.is_unspecified())
    }

    pub(crate) fn into_multiaddr(self) -> Multiaddr {
        self.0
    }

    pub(crate) const fn multiaddr(&self) -> &Multiaddr {
        &self.0
    }
}

impl TryFrom<Multiaddr> for PeerAddr {
    type Error = PeerAddrError;

    fn try_from(address: Multiaddr) -> Result<Self, PeerAddrError> {
        if is_spoken(&address) { Ok(Self(address)) } else { Err(PeerAddrError::Unsupported) }
    }
}

/// The IP address at which it begins.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// Whether it leads through a node that relays.
pub(crate) fn is_circuit(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

fn is_spoken(address: &Multiaddr) -> bool {
    let mut parts = address.iter().peekable();
    match parts.next() {
        Some(Protocol::Dnsaddr(_)) => {}
        Some(
            Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_),
        ) => match (parts.next(), parts.peek()) {
            (Some(Protocol::Udp(_)), Some(Protocol::QuicV1)) if cfg!(feature = "quic") => {
                parts.next();
            }
            (Some(Protocol::Tcp(_)), Some(Protocol::Ws(_) | Protocol::Wss(_))) => {
                parts.next();
            }
            (Some(Protocol::Tcp(_)), Some(Protocol::Tls)) => {
                parts.next();
                parts.next_if(|part| matches!(part, Protocol::Sni(_)));
                if !matches!(parts.next(), Some(Protocol::Ws(_))) {
                    return false;
                }
            }
            (Some(Protocol::Tcp(_)), _) => {}
            _ => return false,
        },
        _ => return false,
    }
    let named = parts.next_if(|part| matches!(part, Protocol::P2p(_))).is_some();
    // Whoever relays has to be named: it is asked by its name.
    if named && parts.next_if_eq(&Protocol::P2pCircuit).is_some() {
        parts.next_if(|part| matches!(part, Protocol::P2p(_)));
    }
    parts.next().is_none()
}

impl FromStr for PeerAddr {
    type Err = PeerAddrError;

    fn from_str(text: &str) -> Result<Self, PeerAddrError> {
        let address: Multiaddr = text.parse().map_err(|_| PeerAddrError::Malformed)?;
        address.try_into()
    }
}

impl fmt::Display for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for PeerAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerAddr({})", self.0)
    }
}

/// The end of a node's name, eight characters: enough to follow a node through a log.
pub(crate) fn short(peer: &PeerId) -> String {
    let name = peer.to_base58();
    let from = name.len().saturating_sub(8);
    name.get(from..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "16Uiu2HAkzHaTP5JsUwfR9NR8Rj9HC24puS6ocaU8wze4QrXr9iXp";
    const OTHER: &str = "16Uiu2HAm3vFYHkGRURyJ6F7bwDyzMLtPEuCg4DU89T7km2u8Fjyb";

    #[test]
    fn tcp_addresses_with_and_without_a_name_are_taken() {
        let bare: PeerAddr = "/ip4/127.0.0.1/tcp/30303".parse().unwrap();
        let named: PeerAddr = format!("/ip6/::1/tcp/30303/p2p/{NAME}").parse().unwrap();

        assert_eq!(bare.node(), None);
        assert_eq!(named.node().unwrap().as_str(), NAME);
        assert_eq!(bare.to_string(), "/ip4/127.0.0.1/tcp/30303");
        assert_eq!(bare.socket().unwrap().port(), 30303);
    }

    #[test]
    fn names_web_sockets_and_circuits_are_taken() {
        for text in [
            "/dns4/example.org/tcp/30303",
            "/dns6/example.org/tcp/30303",
            "/dns/example.org/tcp/443/wss",
            "/dnsaddr/example.org",
            "/ip4/192.0.2.7/tcp/8000/ws",
            "/ip4/192.0.2.7/tcp/443/tls/ws",
            "/ip4/192.0.2.7/tcp/443/tls/sni/example.org/ws",
        ] {
            for behind in [String::new(), format!("/p2p/{NAME}")] {
                let address: PeerAddr = format!("{text}{behind}").parse().unwrap();

                assert_eq!(address.node().is_some(), !behind.is_empty(), "{address}");
                assert!(!address.is_circuit());
            }
        }
        let own: PeerAddr = format!("/ip4/192.0.2.7/tcp/1/p2p/{NAME}/p2p-circuit").parse().unwrap();
        let through: PeerAddr =
            format!("/ip4/192.0.2.7/tcp/1/p2p/{NAME}/p2p-circuit/p2p/{OTHER}").parse().unwrap();
        assert!(own.is_circuit() && through.is_circuit());
        assert_eq!((own.node(), own.socket()), (None, None));
        assert_eq!(through.node().unwrap().as_str(), OTHER, "the node at the end, not the relay");
    }

    #[test]
    fn other_addresses_are_refused_with_the_reason() {
        let nested = format!("/ip4/192.0.2.7/tcp/1/p2p/{NAME}/p2p-circuit/p2p/{OTHER}/p2p-circuit");
        for (text, why) in [
            ("", PeerAddrError::Unsupported),
            ("127.0.0.1:30303", PeerAddrError::Malformed),
            ("/ip4/127.0.0.1", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/udp/30303", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/udp/30303/quic-v1/webtransport", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/30303/tls", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/30303/p2p-circuit", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/30303/ws/ws", PeerAddrError::Unsupported),
            (&nested, PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/70000", PeerAddrError::Malformed),
        ] {
            assert_eq!(text.parse::<PeerAddr>(), Err(why), "{text}");
        }
    }

    #[test]
    fn quic_is_spoken_if_it_is_built_in() {
        let address = "/ip4/127.0.0.1/udp/30303/quic-v1".parse::<PeerAddr>();

        assert_eq!(address.is_ok(), cfg!(feature = "quic"));
    }
}
