//! Node records: signed words of a node about itself. Spec: EIP-778, 31/WAKU2-ENR.

mod announce;
mod fields;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ::enr::{CombinedKey, CombinedPublicKey, Enr};
use data_encoding::BASE64URL_NOPAD;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, identity};

use crate::{NodeId, PeerAddr};
pub(crate) use announce::{Announcement, signing_key};
use fields::decode_addresses;
pub use fields::{Capabilities, ClusterShards};

/// Largest record, in bytes. Spec: EIP-778, "RLP Encoding".
pub const MAX_RECORD: usize = 300;
/// What the text form begins with.
const PREFIX: &str = "enr:";
/// Names of the fields that are Waku's own.
const WAKU2: &str = "waku2";
const ADDRESSES: &str = "multiaddrs";
const SHARD_LIST: &str = "rs";
const SHARD_BITS: &str = "rsv";

/// What a node says of itself, signed by its host key: where it is, what it does for others, which shards it carries.
///
/// Every value of this type was signed by the node that it is about. Only that: whether it is true shows when the node
/// is connected.
#[derive(Clone, Eq, PartialEq)]
pub struct NodeRecord {
    record: Enr<CombinedKey>,
    peer: PeerId,
}

/// Why something is not a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is too long.
    #[error("a record has at most {MAX_RECORD} bytes")]
    TooLarge,
    /// The text is not of the right form.
    #[error("a record is written as enr: and base64")]
    NotText,
    /// It is no record, or nobody signed it.
    #[error("it is not a record that a node signed")]
    Malformed,
    /// The node has another kind of key than Waku nodes have.
    #[error("the record is not signed with secp256k1")]
    OtherKey,
}

impl NodeRecord {
    /// Reads the bytes of a record and checks its signature.
    ///
    /// # Errors
    /// [`RecordError`] if it is too long, is no record, is not signed, or is signed with another kind of key.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD {
            return Err(RecordError::TooLarge);
        }
        let mut rest = bytes;
        let record = alloy_rlp::Decodable::decode(&mut rest).map_err(|_| RecordError::Malformed)?;
        // Nobody signed what is behind it.
        if !rest.is_empty() {
            return Err(RecordError::Malformed);
        }
        Self::new(record)
    }

    /// Takes over a record whose signature was checked.
    pub(crate) fn new(record: Enr<CombinedKey>) -> Result<Self, RecordError> {
        let CombinedPublicKey::Secp256k1(key) = record.public_key() else {
            return Err(RecordError::OtherKey);
        };
        Ok(Self { peer: peer(&key)?, record })
    }

    /// The bytes of the record; at most [`MAX_RECORD`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        alloy_rlp::encode(&self.record)
    }

    /// The name of the node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId::of(&self.peer)
    }

    /// The number of this record: of two records of one node, the one with the higher number is newer.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.record.seq()
    }

    /// What the node does for others; `None` if it does not say so, and is not a Waku node.
    #[must_use]
    pub fn capabilities(&self) -> Option<Capabilities> {
        match *self.bytes(WAKU2)? {
            [] => Some(Capabilities::default()),
            [bits] => Some(Capabilities::from_bits(bits)),
            _ => None,
        }
    }

    /// The shards that the node carries; `None` if it does not say so in a way that can be read.
    #[must_use]
    pub fn shards(&self) -> Option<ClusterShards> {
        match self.bytes(SHARD_LIST) {
            Some(list) => ClusterShards::from_list(list),
            None => ClusterShards::from_bits(self.bytes(SHARD_BITS)?),
        }
    }

    /// Where the node can be dialled, as far as this node knows how to; its name is in each of them.
    #[must_use]
    pub fn addresses(&self) -> Vec<PeerAddr> {
        let plain = [
            self.record.tcp4_socket().map(SocketAddr::from),
            self.record.tcp6_socket().map(SocketAddr::from),
        ];
        let plain = plain.into_iter().flatten().filter(|socket| socket.port() != 0).map(over_tcp);
        let others = self.bytes(ADDRESSES).map(decode_addresses).unwrap_or_default();
        let all = plain.chain(others).filter_map(|address| self.named(address)?.try_into().ok());
        let mut addresses: Vec<PeerAddr> = Vec::new();
        for address in all {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// Puts the node's name behind an address of its record.
    fn named(&self, address: Multiaddr) -> Option<Multiaddr> {
        let last = address.iter().last();
        match last {
            // Spec: 31/WAKU2-ENR says that names are left out; one of another node is that of a relay on the way.
            Some(Protocol::P2p(peer)) if peer != self.peer => {
                Some(address.with(Protocol::P2pCircuit).with(Protocol::P2p(self.peer)))
            }
            _ => address.with_p2p(self.peer).ok(),
        }
    }

    /// Where the node takes part in discovery: IPv4 if it has both.
    #[must_use]
    pub fn udp(&self) -> Option<SocketAddr> {
        let four = self.record.udp4_socket().map(SocketAddr::from);
        four.or_else(|| self.record.udp6_socket().map(SocketAddr::from))
    }

    pub(crate) const fn peer(&self) -> &PeerId {
        &self.peer
    }

    pub(crate) const fn inner(&self) -> &Enr<CombinedKey> {
        &self.record
    }

    fn bytes(&self, field: &str) -> Option<&[u8]> {
        bytes(&self.record, field)
    }
}

/// Whether a record is that of a node that does anything. Spec: 33/WAKU2-DISCV5, "Node Discovery".
pub(crate) fn is_useful(record: &Enr<CombinedKey>) -> bool {
    matches!(bytes(record, WAKU2), Some([bits]) if *bits != 0)
}

fn bytes<'a>(record: &'a Enr<CombinedKey>, field: &str) -> Option<&'a [u8]> {
    let mut raw = record.get_raw_rlp(field)?;
    alloy_rlp::Header::decode_bytes(&mut raw, false).ok()
}

fn peer(key: &k256::ecdsa::VerifyingKey) -> Result<PeerId, RecordError> {
    let point = key.to_sec1_point(true);
    let key = identity::secp256k1::PublicKey::try_from_bytes(point.as_bytes());
    Ok(identity::PublicKey::from(key.map_err(|_| RecordError::OtherKey)?).to_peer_id())
}

fn over_tcp(socket: SocketAddr) -> Multiaddr {
    let ip = match socket.ip() {
        IpAddr::V4(ip) => Protocol::Ip4(ip),
        IpAddr::V6(ip) => Protocol::Ip6(ip),
    };
    Multiaddr::empty().with(ip).with(Protocol::Tcp(socket.port()))
}

impl FromStr for NodeRecord {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, RecordError> {
        let base64 = text.strip_prefix(PREFIX).ok_or(RecordError::NotText)?;
        if base64.len() > BASE64URL_NOPAD.encode_len(MAX_RECORD) {
            return Err(RecordError::TooLarge);
        }
        let bytes = BASE64URL_NOPAD.decode(base64.as_bytes()).map_err(|_| RecordError::NotText)?;
        Self::decode(&bytes)
    }
}

impl fmt::Display for NodeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64URL_NOPAD.encode(&self.encode()))
    }
}

impl fmt::Debug for NodeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeRecord({}, {})", self.node(), self.seq())
    }
}

#[cfg(test)]
mod tests;
