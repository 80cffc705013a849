//! Whom to dial, and when.

use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use tokio::time::Instant;

use crate::peers::Named;
use crate::{Fault, PeerAddr, Redial, Source};

/// Most nodes of the local network that are kept in mind.
pub(crate) const MAX_FOUND: usize = 64;

/// The nodes to be connected to, and when each is dialled next. It dials nobody itself.
#[derive(Debug)]
pub(crate) struct Dialler {
    redial: Redial,
    targets: Vec<Target>,
}

#[derive(Debug)]
struct Target {
    address: PeerAddr,
    peer: Option<PeerId>,
    origin: Origin,
    failures: u32,
    fault: Option<Fault>,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    Named,
    Found,
}

impl From<Origin> for Source {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Named => Self::Named,
            Origin::Found => Self::LocalNetwork,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Due(Instant),
    Dialling(ConnectionId),
    Up(PeerId),
}

impl Dialler {
    /// Everybody named is due at once.
    pub(crate) fn new(named: Vec<PeerAddr>, redial: Redial, now: Instant) -> Self {
        let targets = named.into_iter().map(|address| Target::new(address, Origin::Named, now)).collect();
        Self { redial, targets }
    }

    /// A node showed up on the local network.
    pub(crate) fn found(&mut self, address: PeerAddr, now: Instant) {
        let known = self.targets.iter().any(|target| target.address == address);
        let found = self.targets.iter().filter(|target| target.origin == Origin::Found).count();
        if !known && found < MAX_FOUND {
            self.targets.push(Target::new(address, Origin::Found, now));
        }
    }

    /// A node is no longer announced on the local network.
    pub(crate) fn vanished(&mut self, address: &PeerAddr) {
        self.targets.retain(|target| target.origin == Origin::Named || target.address != *address);
    }

    /// Whatever went wrong was on our side: everybody who is not connected is due, and nobody's failures count.
    pub(crate) fn wake(&mut self, now: Instant) {
        for target in &mut self.targets {
            target.failures = 0;
            if target.due().is_some() {
                target.state = State::Due(now);
            }
        }
    }

    /// Whether the node is one of those that are dialled for ever.
    pub(crate) fn is_named(&self, peer: &PeerId) -> bool {
        let named = self.targets.iter().filter(|target| target.origin == Origin::Named);
        named.into_iter().any(|target| target.peer == Some(*peer) || target.state == State::Up(*peer))
    }

    /// When somebody has to be dialled next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.targets.iter().filter_map(Target::due).min()
    }

    /// The dials that are due. Whoever is `connected` already needs none.
    pub(crate) fn take_due(&mut self, now: Instant, connected: impl Fn(&PeerId) -> bool) -> Vec<DialOpts> {
        let mut dials = Vec::new();
        for target in self.targets.iter_mut().filter(|target| target.due().is_some_and(|at| at <= now)) {
            if let Some(peer) = target.peer.filter(&connected) {
                target.state = State::Up(peer);
                continue;
            }
            let dial = target.dial();
            target.state = State::Dialling(dial.connection_id());
            dials.push(dial);
        }
        dials
    }

    /// A connection stands, whoever dialled.
    pub(crate) fn connected(&mut self, connection: ConnectionId, peer: PeerId) {
        for target in &mut self.targets {
            let ours = target.state == State::Dialling(connection);
            if ours || (target.due().is_some() && target.peer == Some(peer)) {
                target.state = State::Up(peer);
            }
        }
    }

    /// The node is one of ours: if it gets lost, it is dialled soon.
    pub(crate) fn settled(&mut self, peer: PeerId) {
        for target in self.targets.iter_mut().filter(|target| target.state == State::Up(peer)) {
            target.failures = 0;
            target.fault = None;
        }
    }

    /// The node does not belong to our network: it is dialled as rarely as possible.
    pub(crate) fn shunned(&mut self, peer: PeerId) {
        for target in self.targets.iter_mut().filter(|target| target.state == State::Up(peer)) {
            target.failures = u32::MAX;
            target.fault = Some(Fault::OtherCluster);
        }
    }

    /// A dial failed. `chance` is drawn from 0 to 1.
    pub(crate) fn failed(&mut self, connection: ConnectionId, fault: Fault, now: Instant, chance: f64) {
        for target in self.targets.iter_mut().filter(|target| target.state == State::Dialling(connection)) {
            target.fault = Some(fault);
        }
        self.later(State::Dialling(connection), now, chance);
    }

    /// The last connection to a node was lost. `chance` is drawn from 0 to 1.
    pub(crate) fn lost(&mut self, peer: PeerId, now: Instant, chance: f64) {
        self.later(State::Up(peer), now, chance);
    }

    /// How it goes with each of them.
    pub(crate) fn named(&self) -> Vec<Named> {
        let named = self.targets.iter().map(|target| Named {
            address: target.address.clone(),
            peer: match target.state {
                State::Up(peer) => Some(peer),
                State::Due(_) | State::Dialling(_) => target.peer,
            },
            source: target.origin.into(),
            failures: target.failures,
            fault: target.fault,
        });
        named.collect()
    }

    /// Who told of the node at the other end of a connection, if it is one of these.
    pub(crate) fn source(&self, peer: &PeerId) -> Option<Source> {
        let of_it = |target: &&Target| target.state == State::Up(*peer) || target.peer == Some(*peer);
        self.targets.iter().find(of_it).map(|target| target.origin.into())
    }

    fn later(&mut self, was: State, now: Instant, chance: f64) {
        for target in self.targets.iter_mut().filter(|target| target.state == was) {
            target.state = State::Due(now + wait(self.redial, target.failures, chance));
            target.failures = target.failures.saturating_add(1);
        }
    }
}

impl Target {
    fn new(address: PeerAddr, origin: Origin, now: Instant) -> Self {
        Self { peer: address.peer(), address, origin, failures: 0, fault: None, state: State::Due(now) }
    }

    const fn due(&self) -> Option<Instant> {
        match self.state {
            State::Due(at) => Some(at),
            State::Dialling(_) | State::Up(_) => None,
        }
    }

    fn dial(&self) -> DialOpts {
        let address = self.address.multiaddr().clone();
        // From the port at which this node listens, if it does: then others see at which port it is reached through a
        // NAT. Within one machine from a port of its own: two nodes that dial each other from the ports at which they
        // listen end up in one half-made connection, and both fail.
        let local = self.address.is_local();
        match self.peer {
            Some(peer) => {
                let dial = DialOpts::peer_id(peer)
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .addresses(vec![address]);
                if local { dial.allocate_new_port().build() } else { dial.build() }
            }
            None => {
                let dial = DialOpts::unknown_peer_id().address(address);
                if local { dial.allocate_new_port().build() } else { dial.build() }
            }
        }
    }
}

fn wait(redial: Redial, failures: u32, chance: f64) -> Duration {
    let doubled = redial.first.saturating_mul(2_u32.saturating_pow(failures));
    doubled.min(redial.most).mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REDIAL: Redial = Redial { first: Duration::from_secs(1), most: Duration::from_secs(8) };
    const PEER: &str = "16Uiu2HAkzHaTP5JsUwfR9NR8Rj9HC24puS6ocaU8wze4QrXr9iXp";

    fn dialler() -> (Dialler, Instant) {
        let now = Instant::now();
        let address = format!("/ip4/127.0.0.1/tcp/1/p2p/{PEER}").parse().unwrap();
        (Dialler::new(vec![address], REDIAL, now), now)
    }

    fn dial(dialler: &mut Dialler, now: Instant) -> ConnectionId {
        let dials = dialler.take_due(now, |_| false);
        assert_eq!(dials.len(), 1, "one dial is due");
        assert_eq!(dialler.next_due(), None, "nothing is due while dialling");
        dials[0].connection_id()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let (mut dialler, mut now) = dialler();
        let mut waits = Vec::new();

        for _ in 0..6 {
            let connection = dial(&mut dialler, now);
            dialler.failed(connection, Fault::TimedOut, now, 1.0);
            let next = dialler.next_due().unwrap();
            waits.push((next - now).as_secs());
            now = next;
        }

        assert_eq!(waits, [1, 2, 4, 8, 8, 8]);
    }

    #[test]
    fn chance_leaves_out_up_to_half_of_a_wait() {
        assert_eq!(wait(REDIAL, 1, 0.0), Duration::from_secs(1));
        assert_eq!(wait(REDIAL, 1, 1.0), Duration::from_secs(2));
        assert_eq!(wait(REDIAL, u32::MAX, 1.0), REDIAL.most);
    }

    #[test]
    fn who_settled_is_dialled_soon_after_a_loss() {
        let (mut dialler, now) = dialler();
        let peer = PEER.parse().unwrap();
        for _ in 0..3 {
            let due = dialler.next_due().unwrap();
            let connection = dial(&mut dialler, due);
            dialler.failed(connection, Fault::TimedOut, now, 1.0);
        }
        let connection = dial(&mut dialler, now + REDIAL.most);

        dialler.connected(connection, peer);
        dialler.settled(peer);
        dialler.lost(peer, now, 1.0);

        assert_eq!(dialler.next_due(), Some(now + REDIAL.first));
    }

    #[test]
    fn a_stranger_is_dialled_rarely() {
        let (mut dialler, now) = dialler();
        let peer = PEER.parse().unwrap();
        let connection = dial(&mut dialler, now);

        dialler.connected(connection, peer);
        dialler.shunned(peer);
        dialler.lost(peer, now, 1.0);

        assert_eq!(dialler.next_due(), Some(now + REDIAL.most));
    }

    #[test]
    fn after_a_sleep_everybody_is_dialled_at_once() {
        let (mut dialler, now) = dialler();
        for _ in 0..3 {
            let due = dialler.next_due().unwrap();
            let connection = dial(&mut dialler, due);
            dialler.failed(connection, Fault::Unreachable, due, 1.0);
        }

        dialler.wake(now);

        let connection = dial(&mut dialler, now);
        dialler.failed(connection, Fault::Unreachable, now, 1.0);
        assert_eq!(dialler.next_due(), Some(now + REDIAL.first), "nobody's failures count");
        assert!(dialler.is_named(&PEER.parse().unwrap()));
        assert!(!dialler.is_named(&PeerId::random()));
    }

    #[test]
    fn who_dialled_us_is_not_dialled() {
        let (mut dialler, now) = dialler();
        let peer: PeerId = PEER.parse().unwrap();

        let dials = dialler.take_due(now, |other| *other == peer);
        dialler.lost(peer, now, 1.0);

        assert!(dials.is_empty());
        assert_eq!(dialler.next_due(), Some(now + REDIAL.first));
    }

    #[test]
    fn nodes_of_the_local_network_come_and_go_and_are_bounded() {
        let now = Instant::now();
        let mut dialler = Dialler::new(Vec::new(), REDIAL, now);
        let address = |port: usize| format!("/ip4/127.0.0.1/tcp/{port}").parse::<PeerAddr>().unwrap();

        for port in 1..1000 {
            dialler.found(address(port), now);
        }
        dialler.found(address(1), now);
        assert_eq!(dialler.take_due(now, |_| false).len(), MAX_FOUND);

        dialler.vanished(&address(1));
        assert_eq!(dialler.targets.len(), MAX_FOUND - 1);
    }
}
