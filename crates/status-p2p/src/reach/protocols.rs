//! The protocols by which nodes behind a NAT are reached.

use std::time::Duration;

use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{Multiaddr, autonat, dcutr, relay, upnp};

use super::{Circuits, Reach, Switch};
use crate::address::ip;
use crate::{Config, Scope};

/// How long a probe of another node may take.
const PROBE: Duration = Duration::from_secs(30);
/// Probes for others in a second, all together; deployed nodes do 30 in a minute.
const PROBES: usize = 4;
/// Addresses that are tried for one node.
const PROBED: usize = 8;

/// Asking for circuits and giving them, asking whether one is reached and answering that, punching holes, and asking
/// the router.
#[derive(NetworkBehaviour)]
pub(crate) struct Reaching {
    asking: relay::client::Behaviour,
    circuits: Toggle<relay::Behaviour>,
    punch: Toggle<dcutr::Behaviour>,
    // What deployed Go nodes speak.
    probes: Toggle<autonat::v1::Behaviour>,
    ask: Toggle<autonat::v2::client::Behaviour>,
    answer: Toggle<autonat::v2::server::Behaviour>,
    router: Toggle<upnp::tokio::Behaviour>,
}

impl Reaching {
    pub(crate) fn new(config: &Config, key: &Keypair, asking: relay::client::Behaviour) -> Self {
        let reach = &config.reach;
        // Without a port that others could reach there is nothing to ask the router for.
        let ports = config.listen.iter().any(|address| !is_loopback(address.multiaddr()));
        let own = key.public().to_peer_id();
        let on = |switch: Switch| switch == Switch::On;
        Self {
            asking,
            circuits: reach.circuits.map(|circuits| relay::Behaviour::new(own, served(circuits))).into(),
            punch: on(reach.punch).then(|| dcutr::Behaviour::new(own)).into(),
            probes: probes(reach).map(|settings| autonat::v1::Behaviour::new(own, settings)).into(),
            ask: on(reach.ask).then(autonat::v2::client::Behaviour::default).into(),
            answer: on(reach.answer).then(autonat::v2::server::Behaviour::default).into(),
            router: (on(reach.map_ports) && ports).then(upnp::tokio::Behaviour::default).into(),
        }
    }
}

fn is_loopback(address: &Multiaddr) -> bool {
    ip(address).is_some_and(|ip| ip.to_canonical().is_loopback())
}

fn served(circuits: Circuits) -> relay::Config {
    relay::Config {
        max_reservations: circuits.reservations,
        max_circuits: circuits.circuits,
        max_circuits_per_peer: circuits.circuits_per_node,
        max_circuit_duration: circuits.lasting,
        max_circuit_bytes: circuits.bytes,
        ..relay::Config::default()
    }
}

/// The first version asks and answers in one: whichever is not wanted is starved.
fn probes(reach: &Reach) -> Option<autonat::v1::Config> {
    if reach.ask == Switch::Off && reach.answer == Switch::Off {
        return None;
    }
    let answered = if reach.answer == Switch::On { PROBES } else { 0 };
    Some(autonat::v1::Config {
        timeout: PROBE,
        use_connected: reach.ask == Switch::On,
        max_peer_addresses: PROBED,
        throttle_clients_global_max: answered,
        throttle_clients_peer_max: answered.min(1),
        only_global_ips: reach.scope == Scope::Internet,
        ..autonat::v1::Config::default()
    })
}
