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

/// Where a node listens: `/ip4/<address>/tcp/<port>` or `/ip6/…`, with `/p2p/<node id>` behind it or without.
///
/// With the node id, only the node of that name is talked to.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PeerAddr(Multiaddr);

/// Why a text is not an address that this node can use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerAddrError {
    /// Not in multiaddr form.
    #[error("not a multiaddr; write for example /ip4/127.0.0.1/tcp/30303")]
    Malformed,
    /// A multiaddr over something else than TCP on an IP address.
    #[error("only /ip4 or /ip6 with /tcp is spoken, with /p2p/<node id> behind it or without")]
    Unsupported,
}

impl PeerAddr {
    /// The name of the node, if the address has it.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.peer().as_ref().map(NodeId::of)
    }

    pub(crate) fn peer(&self) -> Option<PeerId> {
        self.0.iter().find_map(|part| match part {
            Protocol::P2p(peer) => Some(peer),
            _ => None,
        })
    }

    /// The socket address.
    pub(crate) fn socket(&self) -> Option<SocketAddr> {
        let mut parts = self.0.iter();
        let ip: IpAddr = match parts.next()? {
            Protocol::Ip4(ip) => ip.into(),
            Protocol::Ip6(ip) => ip.into(),
            _ => return None,
        };
        match parts.next()? {
            Protocol::Tcp(port) => Some((ip, port).into()),
            _ => None,
        }
    }

    pub(crate) const fn multiaddr(&self) -> &Multiaddr {
        &self.0
    }
}

impl TryFrom<Multiaddr> for PeerAddr {
    type Error = PeerAddrError;

    fn try_from(address: Multiaddr) -> Result<Self, PeerAddrError> {
        let address = Self(address);
        let mut behind = address.0.iter().skip(2);
        let named = matches!(behind.next(), None | Some(Protocol::P2p(_)));
        if named && behind.next().is_none() && address.socket().is_some() {
            return Ok(address);
        }
        Err(PeerAddrError::Unsupported)
    }
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

    #[test]
    fn tcp_addresses_with_and_without_a_name_are_taken() {
        let name = "16Uiu2HAkzHaTP5JsUwfR9NR8Rj9HC24puS6ocaU8wze4QrXr9iXp";

        let bare: PeerAddr = "/ip4/127.0.0.1/tcp/30303".parse().unwrap();
        let named: PeerAddr = format!("/ip6/::1/tcp/30303/p2p/{name}").parse().unwrap();

        assert_eq!(bare.node(), None);
        assert_eq!(named.node().unwrap().as_str(), name);
        assert_eq!(bare.to_string(), "/ip4/127.0.0.1/tcp/30303");
    }

    #[test]
    fn other_addresses_are_refused_with_the_reason() {
        for (text, why) in [
            ("", PeerAddrError::Unsupported),
            ("127.0.0.1:30303", PeerAddrError::Malformed),
            ("/ip4/127.0.0.1/udp/30303/quic-v1", PeerAddrError::Unsupported),
            ("/dns4/example.org/tcp/30303", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/30303/ws", PeerAddrError::Unsupported),
            ("/ip4/127.0.0.1/tcp/70000", PeerAddrError::Malformed),
        ] {
            assert_eq!(text.parse::<PeerAddr>(), Err(why), "{text}");
        }
    }
}
