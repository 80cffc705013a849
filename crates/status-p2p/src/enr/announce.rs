//! Our own record.

use std::net::{IpAddr, SocketAddr};

use ::enr::{CombinedKey, Enr};
use alloy_rlp::Encodable as _;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::fields::{Form, encode_addresses};
use super::{ADDRESSES, Capabilities, ClusterShards, MAX_RECORD, NodeRecord, SHARD_BITS, SHARD_LIST, WAKU2};
use crate::{HostKey, PeerAddr};

/// What this node says of itself in its record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Announcement {
    pub(crate) capabilities: Capabilities,
    pub(crate) shards: ClusterShards,
    /// Where it can be dialled, best first.
    pub(crate) addresses: Vec<PeerAddr>,
    /// Where it takes part in discovery.
    pub(crate) udp: Option<SocketAddr>,
}

/// The key in the form that signs records.
pub(crate) fn signing_key(key: &HostKey) -> Option<CombinedKey> {
    // The library wipes the copy.
    CombinedKey::secp256k1_from_bytes(&mut key.secret().expose().to_vec()).ok()
}

impl Announcement {
    /// Signs it under a number. As many addresses are taken, in their order, as there is room for.
    ///
    /// `None` if the library refuses to sign, which it has no reason to.
    pub(crate) fn sign(&self, key: &CombinedKey, seq: u64, own: &PeerId) -> Option<NodeRecord> {
        let mut rest: Vec<Multiaddr> = Vec::new();
        let mut plain: Vec<SocketAddr> = Vec::new();
        // One field holds the address for both TCP and UDP; what has another one goes where there is room for it.
        let fits = |plain: &[SocketAddr], socket: &SocketAddr| {
            let same = |other: &SocketAddr| other.is_ipv4() == socket.is_ipv4();
            !plain.iter().any(same) && self.udp.filter(same).is_none_or(|udp| udp.ip() == socket.ip())
        };
        for address in &self.addresses {
            match address_of_tcp(address) {
                Some(socket) if fits(&plain, &socket) => plain.push(socket),
                _ => rest.extend(unnamed(address.multiaddr(), own)),
            }
        }
        loop {
            if let Some(record) = self.try_sign(key, seq, &plain, &rest) {
                return NodeRecord::new(record).ok();
            }
            rest.pop()?;
        }
    }

    fn try_sign(
        &self,
        key: &CombinedKey,
        seq: u64,
        plain: &[SocketAddr],
        rest: &[Multiaddr],
    ) -> Option<Enr<CombinedKey>> {
        let mut record = Enr::builder();
        record.seq(seq);
        record.add_value(WAKU2, &self.capabilities.bits());
        let form = match self.shards.form() {
            Form::List => SHARD_LIST,
            Form::Bits => SHARD_BITS,
        };
        record.add_value(form, &self.shards.encode().as_slice());
        if !rest.is_empty() {
            record.add_value(ADDRESSES, &encode_addresses(rest).as_slice());
        }
        for socket in plain {
            record.ip(socket.ip());
            match socket {
                SocketAddr::V4(socket) => record.tcp4(socket.port()),
                SocketAddr::V6(socket) => record.tcp6(socket.port()),
            };
        }
        if let Some(udp) = self.udp {
            record.ip(udp.ip());
            match udp {
                SocketAddr::V4(socket) => record.udp4(socket.port()),
                SocketAddr::V6(socket) => record.udp6(socket.port()),
            };
        }
        record.build(key).ok().filter(|record| record.length() <= MAX_RECORD)
    }
}

/// The socket of an address over TCP and nothing else.
fn address_of_tcp(address: &PeerAddr) -> Option<SocketAddr> {
    let mut parts = address.multiaddr().iter();
    let ip: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let Some(Protocol::Tcp(port)) = parts.next() else { return None };
    // By way of a relay, the socket is that of the relay.
    let direct = matches!(parts.next(), None | Some(Protocol::P2p(_))) && parts.next().is_none();
    direct.then_some(SocketAddr::new(ip, port))
}

/// An address without our name behind it, for the whole record bears it; by way of a relay, up to the relay's name.
fn unnamed(address: &Multiaddr, own: &PeerId) -> Option<Multiaddr> {
    let mut address = address.clone();
    if address.iter().last() == Some(Protocol::P2p(*own)) {
        address.pop();
    }
    if address.iter().last() == Some(Protocol::P2pCircuit) {
        address.pop();
    }
    (!address.is_empty()).then_some(address)
}
