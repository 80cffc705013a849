//! Being reached from outside: relays, holes, and what is known of our addresses.

use std::io;

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, StreamProtocol, autonat, dcutr, relay};
use tokio::time::Instant;

use super::Run;
use crate::address::{is_circuit, short};
use crate::reach::ReachingEvent;

/// What nodes speak that relay for others.
const HOP: StreamProtocol = StreamProtocol::new("/libp2p/circuit/relay/0.2.0/hop");

impl Run {
    /// Announces where this node is known to be reached.
    pub(super) fn announce_known(&mut self) {
        let known: Vec<Multiaddr> =
            self.reach.known.iter().map(|known| nameless(known.multiaddr())).collect();
        for address in known {
            self.swarm.add_external_address(address);
        }
        self.note_external();
    }

    pub(super) fn on_new_address(&mut self, address: &Multiaddr) {
        // Who relays for others is there to be reached where it listens.
        if self.reach.circuits.is_some() && !is_circuit(address) && self.reach.scope.takes_multiaddr(address)
        {
            self.swarm.add_external_address(address.clone());
            self.note_external();
        }
        self.note_addresses();
    }

    pub(super) fn on_listener_closed(&mut self, listener: ListenerId, reason: &Result<(), io::Error>) {
        if self.relays.closed(listener, Instant::now()) {
            tracing::debug!(?reason, "a relay holds no place for us");
            self.counters.relays.set(self.relays.held());
        } else if let Err(error) = reason {
            tracing::warn!(kind = %error.kind(), "stopped listening");
        }
        self.note_addresses();
    }

    pub(super) fn on_reaching(&mut self, event: ReachingEvent) {
        match event {
            ReachingEvent::Asking(relay::client::Event::ReservationReqAccepted { relay_peer_id, .. }) => {
                tracing::info!(node = %short(&relay_peer_id), "relays to us");
                self.relays.granted(&relay_peer_id);
                self.counters.relays.set(self.relays.held());
            }
            ReachingEvent::Circuits(relay::Event::CircuitReqAccepted { .. }) => self.counters.circuits.add(1),
            ReachingEvent::Punch(dcutr::Event { remote_peer_id, result }) => match result {
                Ok(_) => {
                    tracing::info!(node = %short(&remote_peer_id), "is reached directly now");
                    self.counters.punched.add(1);
                }
                Err(error) => tracing::debug!(node = %short(&remote_peer_id), %error, "no direct way"),
            },
            ReachingEvent::Probes(autonat::v1::Event::StatusChanged { new, .. }) => {
                tracing::info!(reached = new.is_public(), "others have tried to reach us");
            }
            ReachingEvent::Ask(autonat::v2::client::Event { result, .. }) => {
                tracing::debug!(reached = result.is_ok(), "an address of ours was tried");
            }
            _ => {}
        }
    }

    /// A connected node may be one that relays to us, if it is of our cluster, offers it, and is where others find it.
    pub(super) fn consider_relay(&mut self, peer: PeerId) {
        let Some(entry) = self.peers.get(&peer) else { return };
        let ours = entry.shards.is_some() && entry.protocols.contains(&HOP);
        if ours
            && entry.dialled
            && !is_circuit(&entry.address)
            && self.reach.scope.takes_multiaddr(&entry.address)
        {
            let address = nameless(&entry.address).with(Protocol::P2p(peer)).with(Protocol::P2pCircuit);
            self.relays.offered(peer, address, Instant::now());
        }
    }

    /// Asks the next relay to hold a place for this node.
    pub(super) fn ask_relay(&mut self) {
        let now = Instant::now();
        let Some((relay, address)) = self.relays.take_due(now) else { return };
        match self.swarm.listen_on(address) {
            Ok(listener) => self.relays.asked(relay, listener),
            Err(_) => self.relays.refused(relay, now),
        }
    }

    /// What is known of where this node is reached has changed.
    pub(super) fn note_external(&mut self) {
        let outside: Vec<Multiaddr> = self.swarm.external_addresses().cloned().collect();
        let reached = outside.iter().any(|address| !is_circuit(address));
        for listener in self.relays.reached(reached) {
            self.swarm.remove_listener(listener);
        }
        self.ends.reached.send_replace(self.named(outside.iter()));
        self.announce();
        self.note_addresses();
    }
}

/// The address without the name of the node at its end.
fn nameless(address: &Multiaddr) -> Multiaddr {
    let mut bare = address.clone();
    if matches!(bare.iter().last(), Some(Protocol::P2p(_))) {
        bare.pop();
    }
    bare
}
