//! The door: how many connections one address may have, and who may not come in at all.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use tokio::time::Instant;

/// For how long a node that was put out stays out.
const OUT: Duration = Duration::from_secs(10 * 60);
/// Nodes that are kept out at the same time; the oldest give way.
const MAX_OUT: usize = 1024;

/// Refuses an incoming connection: before any handshake, from an address that has as many as it may; after it, from a
/// node that was put out.
pub(crate) struct Gate {
    per_ip: u32,
    seats: HashMap<ConnectionId, IpAddr>,
    out: VecDeque<(Instant, PeerId)>,
}

#[derive(Debug, thiserror::Error)]
#[error("too many connections from this address")]
pub(crate) struct TooMany;

#[derive(Debug, thiserror::Error)]
#[error("this node was put out a while ago")]
struct PutOut;

impl Gate {
    pub(crate) fn new(per_ip: u32) -> Self {
        Self { per_ip, seats: HashMap::new(), out: VecDeque::new() }
    }

    /// The node may not come in for ten minutes.
    pub(crate) fn put_out(&mut self, peer: PeerId, now: Instant) {
        self.out.retain(|(until, other)| *until > now && *other != peer);
        if self.out.len() >= MAX_OUT {
            self.out.pop_front();
        }
        self.out.push_back((now + OUT, peer));
    }

    fn is_out(&self, peer: &PeerId, now: Instant) -> bool {
        self.out.iter().any(|(until, other)| *until > now && other == peer)
    }

    fn admit(&mut self, connection: ConnectionId, from: IpAddr) -> Result<(), TooMany> {
        let seat = household(from);
        let taken = self.seats.values().filter(|other| **other == seat).count();
        if taken >= self.per_ip as usize {
            return Err(TooMany);
        }
        self.seats.insert(connection, seat);
        Ok(())
    }
}

/// One IPv4 address, or one IPv6 /64: whoever has one address of it has them all.
fn household(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        match crate::address::ip(remote) {
            Some(ip) => self.admit(connection, ip).map_err(ConnectionDenied::new),
            None => Ok(()),
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if self.is_out(&peer, Instant::now()) {
            return Err(ConnectionDenied::new(PutOut));
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ListenFailure(failure) => self.seats.remove(&failure.connection_id),
            FromSwarm::ConnectionClosed(closed) => self.seats.remove(&closed.connection_id),
            _ => None,
        };
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_seats_and_gets_them_back() {
        let mut gate = Gate::new(2);
        let home: IpAddr = "192.0.2.1".parse().unwrap();
        let [a, b, c] = [1, 2, 3].map(ConnectionId::new_unchecked);

        assert!(gate.admit(a, home).is_ok());
        assert!(gate.admit(b, home).is_ok());
        assert!(gate.admit(c, home).is_err());
        assert!(gate.admit(c, "192.0.2.2".parse().unwrap()).is_ok());
        gate.seats.remove(&a);
        assert!(gate.admit(a, home).is_ok());
    }

    #[test]
    fn who_was_put_out_comes_in_again_after_a_while_and_they_are_bounded() {
        let mut gate = Gate::new(1);
        let (now, peer) = (Instant::now(), PeerId::random());

        gate.put_out(peer, now);
        assert!(gate.is_out(&peer, now + OUT / 2));
        assert!(!gate.is_out(&peer, now + OUT));

        for _ in 0..2 * MAX_OUT {
            gate.put_out(PeerId::random(), now);
        }
        assert_eq!(gate.out.len(), MAX_OUT);
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let of = |text: &str| household(text.parse().unwrap());

        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
