//! The task in which a node runs.

mod care;
mod ending;
mod finding;
mod gossip;
pub(crate) mod inside;
mod reaching;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::TransportError;
use libp2p::identity::Keypair;
use libp2p::relay::client;
use libp2p::swarm::{ConnectionId, DialError, ListenError, SwarmEvent};
use libp2p::{PeerId, Swarm, identify, mdns, swarm};
use status_layer::{Frame, FrameId, History, NetworkEvent, Topic, Unpublished};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::address::short;
use crate::behaviour::{Protocols, ProtocolsEvent};
use crate::book::Line;
use crate::dialler::Dialler;
use crate::history::{self, SENT};
use crate::light::LightNode;
use crate::metadata::Told;
use crate::peers::Peers;
use crate::pulse::{Pulse, Slumber};
use crate::reach::Relays;
use crate::services::{Services, Surroundings};
use crate::stats::Counters;
use crate::transport::{self, Carrier};
use crate::usage::Usages;
use crate::{Clock, Config, Fault, Limits, Overview, PeerAddr, Reach, Source, StartError};
use care::Link;
use finding::Finding;
use gossip::Gossip;
use inside::{ASKED, Inside, Taps};

/// A connection over which nothing but pings goes is closed after this.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// The system names the addresses at which it listens within this.
const LISTEN_PATIENCE: Duration = Duration::from_secs(5);

/// What the owner wants done.
#[derive(Debug)]
pub(super) enum Command {
    Publish(FrameId, Frame),
    Wake,
}

/// The task's ends of the channels between it and the owner.
pub(super) struct Ends {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: mpsc::Sender<NetworkEvent>,
    pub(super) watched: watch::Receiver<BTreeSet<Topic>>,
    pub(super) listening: watch::Sender<Vec<PeerAddr>>,
    pub(super) reached: watch::Sender<Vec<PeerAddr>>,
    pub(super) stop: oneshot::Receiver<()>,
}

pub(super) struct Run {
    swarm: Swarm<Protocols>,
    ends: Ends,
    gossip: Gossip,
    dialler: Dialler,
    finding: Finding,
    cluster: u16,
    limits: Limits,
    reach: Reach,
    relays: Relays,
    links: BTreeMap<ConnectionId, Link>,
    pulse: Pulse,
    slumber: Slumber,
    next_prune: Instant,
    clock: Clock,
    peers: Arc<Peers>,
    asked: mpsc::Receiver<Inside>,
    services: Services,
    light: Option<LightNode>,
    counters: Arc<Counters>,
}

impl Run {
    /// Sets a node up and waits until it listens.
    pub(super) async fn listen(
        config: Config,
        wires: Wires,
        ends: Ends,
        wishes: mpsc::Receiver<History>,
        counters: Arc<Counters>,
        usages: &Arc<Usages>,
    ) -> Result<Self, StartError> {
        let of_the_system = wires.are_of_the_system();
        let mut swarm = swarm(&config, wires, usages)?;
        let now = Instant::now();
        let (ask, asked) = mpsc::channel(ASKED);
        let peers = Arc::new(Peers::new());
        let mut taps = Taps::default();
        let control = swarm.behaviour().streams.new_control();
        let (sent, looked_for) = mpsc::channel(SENT);
        let past = history::Ends { wishes, watched: ends.watched.clone(), sent: looked_for };
        let mut services = Services::start(&config, control.clone(), &peers, &ask, past);
        services.keep(&config, &mut swarm.behaviour_mut().incoming, &mut taps, &counters);
        let finding = Finding::start(&config, *swarm.local_peer_id(), &ask).await?;
        let around = Surroundings {
            control,
            incoming: &mut swarm.behaviour_mut().incoming,
            peers: Arc::clone(&peers),
            book: finding.book(),
            ask,
            sent: sent.clone(),
            watched: ends.watched.clone(),
            counters: Arc::clone(&counters),
        };
        let light = services.start_light(&config, around, &mut taps);
        let mut run = Self {
            gossip: Gossip::new(&config, taps, sent, Arc::clone(&counters)),
            peers,
            asked,
            services,
            light,
            dialler: Dialler::new(config.peers, config.redial, now),
            finding,
            swarm,
            ends,
            cluster: config.cluster,
            limits: config.limits,
            relays: Relays::new(&config.reach, now),
            reach: config.reach,
            links: BTreeMap::new(),
            pulse: Pulse::default(),
            slumber: Slumber::new(now, config.clock.time()),
            clock: config.clock,
            next_prune: now,
            counters,
        };
        run.announce_known();
        for address in config.listen {
            run.listen_at(address, of_the_system).await?;
        }
        run.peers.set_named(run.dialler.named());
        Ok(run)
    }

    /// A look into this node from outside.
    pub(super) fn overview(&self) -> Overview {
        Overview { peers: Arc::clone(&self.peers), book: self.finding.book(), record: self.finding.record() }
    }

    async fn listen_at(&mut self, address: PeerAddr, of_the_system: bool) -> Result<(), StartError> {
        let refused = |kind| StartError::Listen { address: address.clone(), kind };
        if let Some(socket) = address.socket().filter(|_| of_the_system) {
            // The library shares ports: two nodes at one port would each get some of the connections. A plain
            // listener shares with nobody, so if it can be had (and is given back here), the port is free.
            tokio::net::TcpListener::bind(socket).await.map_err(|error| refused(error.kind()))?;
        }
        let listener = self.swarm.listen_on(address.multiaddr().clone()).map_err(|error| match error {
            TransportError::Other(error) => refused(error.kind()),
            TransportError::MultiaddrNotSupported(_) => refused(std::io::ErrorKind::Unsupported),
        })?;
        let wait = async {
            loop {
                let event = self.swarm.select_next_some().await;
                let heard = matches!(&event, SwarmEvent::NewListenAddr { listener_id, .. } if *listener_id == listener);
                let failed = match &event {
                    SwarmEvent::ListenerClosed { listener_id, reason: Err(error), .. }
                        if *listener_id == listener =>
                    {
                        Some(error.kind())
                    }
                    _ => None,
                };
                self.on_swarm(event);
                if let Some(kind) = failed {
                    return Err(kind);
                }
                if heard {
                    return Ok(());
                }
            }
        };
        let late = Err(std::io::ErrorKind::TimedOut);
        timeout(LISTEN_PATIENCE, wait).await.unwrap_or(late).map_err(refused)
    }

    /// Runs until the owner ends it or goes away.
    pub(super) async fn forever(mut self) {
        let events = self.ends.events.clone();
        loop {
            let next_dial = self.dialler.next_due();
            let next_search = self.finding.next_search();
            let next_relay = self.relays.next_due();
            let next_look = self.slumber.next();
            tokio::select! {
                _ = &mut self.ends.stop => break,
                permit = events.reserve(), if self.gossip.has_events() => match permit {
                    Ok(permit) => self.gossip.hand_up(permit),
                    Err(_) => break,
                },
                Some(command) = self.ends.commands.recv(), if self.gossip.has_room() => self.on_command(command),
                Some(inside) = self.asked.recv(), if self.gossip.has_half() => self.on_inside(inside),
                event = self.swarm.select_next_some() => self.on_swarm(event),
                () = sleep_until(next_dial.unwrap_or_else(Instant::now)), if next_dial.is_some() => self.dial_due(),
                () = sleep_until(next_search.unwrap_or_else(Instant::now)), if next_search.is_some() => self.dial_found(),
                () = sleep_until(next_relay.unwrap_or_else(Instant::now)), if next_relay.is_some() => self.ask_relay(),
                () = sleep_until(next_look) => self.look_after(),
            }
        }
        self.end().await;
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Publish(id, frame) => match self.swarm.behaviour_mut().relay.as_mut() {
                Some(relay) => self.gossip.publish(relay, id, frame),
                None => self.give(id, frame),
            },
            Command::Wake => self.woke(),
        }
    }

    /// Gives a frame to others to gossip.
    fn give(&mut self, id: FrameId, frame: Frame) {
        if let Some(ours) = self.gossip.ours(id, frame)
            && !self.light.as_ref().is_some_and(|light| light.publish(id, ours))
        {
            self.gossip.unpublished(id, Unpublished::Busy);
        }
    }

    fn on_inside(&mut self, inside: Inside) {
        match inside {
            Inside::Heard { pubsub_topic, message } => {
                if let Some(light) = &self.light {
                    light.heard(&pubsub_topic, &message, self.clock.now());
                }
                self.gossip.heard(&pubsub_topic, message, &self.ends.watched.borrow());
            }
            Inside::Gossip { pubsub_topic, data, told } => {
                let watched = self.ends.watched.borrow();
                let outcome = match self.swarm.behaviour_mut().relay.as_mut() {
                    Some(relay) => self.gossip.gossip(relay, &watched, pubsub_topic, data),
                    None => Err(Unpublished::Alone),
                };
                // Nobody waits any more if the stream broke meanwhile.
                let _ = told.send(outcome);
            }
            Inside::Found { source, records } => self.finding.found(source, records),
            Inside::Missing { names, told } => {
                // As above.
                let _ = told.send(self.gossip.missing(names));
            }
            Inside::Report(event) => self.gossip.report(event),
        }
    }

    fn on_swarm(&mut self, event: SwarmEvent<ProtocolsEvent>) {
        match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Relay(event)) => {
                let watched = self.ends.watched.borrow();
                if let Some(relay) = self.swarm.behaviour_mut().relay.as_mut() {
                    self.gossip.on_event(relay, &watched, event);
                }
            }
            SwarmEvent::Behaviour(ProtocolsEvent::Metadata(told)) => self.on_metadata(told),
            SwarmEvent::Behaviour(ProtocolsEvent::Ping(event)) => self.on_ping(&event),
            SwarmEvent::Behaviour(ProtocolsEvent::Mdns(event)) => self.on_mdns(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Reaching(event)) => self.on_reaching(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                self.peers.identified(&peer_id, info);
                self.consider_relay(peer_id);
            }
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, num_established, endpoint, ..
            } => {
                self.dialler.connected(connection_id, peer_id);
                self.finding.connected(connection_id, &peer_id);
                self.linked(connection_id, peer_id, &endpoint);
                if num_established.get() == 1 {
                    let source = self.dialler.source(&peer_id).or_else(|| self.finding.source(&peer_id));
                    let source = source.unwrap_or(Source::Incoming);
                    self.peers.connected(peer_id, source, &endpoint, Instant::now());
                    tracing::info!(node = %short(&peer_id), dialled = endpoint.is_dialer(), "connected");
                }
                self.count_peers();
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.unlinked(connection_id);
                if num_established == 0 {
                    tracing::info!(node = %short(&peer_id), "disconnected");
                    self.gossip.left(&peer_id);
                    self.peers.gone(&peer_id);
                    self.relays.gone(&peer_id);
                    self.dialler.lost(peer_id, Instant::now(), rand::random());
                    self.finding.lost(&peer_id);
                    self.peers.set_named(self.dialler.named());
                }
                self.count_peers();
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.dial_failed(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError { error: ListenError::Denied { .. }, .. } => {
                self.counters.turned_away.add(1);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.on_new_address(&address),
            SwarmEvent::ExpiredListenAddr { .. } => self.note_addresses(),
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                self.on_listener_closed(listener_id, &reason);
            }
            SwarmEvent::ExternalAddrConfirmed { .. } | SwarmEvent::ExternalAddrExpired { .. } => {
                self.note_external();
            }
            _ => {}
        }
    }

    fn on_metadata(&mut self, Told { peer, answer }: Told) {
        match answer {
            Ok(theirs) if theirs.cluster == Some(self.cluster.into()) => {
                self.peers.carries(&peer, theirs.shards);
                self.settled(&peer);
                self.consider_relay(peer);
            }
            Ok(theirs) => {
                self.dialler.shunned(peer);
                self.finding.shunned(&peer);
                self.swarm.behaviour_mut().gate.put_out(peer, Instant::now());
                // Fails only if it is gone already.
                if self.swarm.disconnect_peer_id(peer).is_ok() {
                    tracing::info!(node = %short(&peer), cluster = ?theirs.cluster, "belongs to another cluster");
                    self.counters.strangers.add(1);
                }
            }
            // It may still carry our shards; whether it does, gossip will show.
            Err(error) => {
                tracing::debug!(node = %short(&peer), %error, "no metadata");
                self.settled(&peer);
            }
        }
    }

    /// A node belongs to our network, as far as can be known.
    fn settled(&mut self, peer: &PeerId) {
        self.dialler.settled(*peer);
        self.finding.settled(peer);
        self.peers.set_named(self.dialler.named());
    }

    fn on_mdns(&mut self, event: mdns::Event) {
        match event {
            mdns::Event::Discovered(found) => {
                for (_, address) in found {
                    if let Ok(address) = PeerAddr::try_from(address) {
                        self.dialler.found(address, Instant::now());
                    }
                }
            }
            mdns::Event::Expired(gone) => {
                for (_, address) in gone {
                    if let Ok(address) = PeerAddr::try_from(address) {
                        self.dialler.vanished(&address);
                    }
                }
            }
        }
    }

    fn dial_due(&mut self) {
        let connected: HashSet<PeerId> = self.swarm.connected_peers().copied().collect();
        for dial in self.dialler.take_due(Instant::now(), |peer| connected.contains(peer)) {
            let connection = dial.connection_id();
            if let Err(error) = self.swarm.dial(dial) {
                self.dial_failed(connection, &error);
            }
        }
    }

    fn dial_found(&mut self) {
        for dial in self.finding.look(&self.peers) {
            let connection = dial.connection_id();
            if let Err(error) = self.swarm.dial(dial) {
                self.dial_failed(connection, &error);
            }
        }
    }

    fn dial_failed(&mut self, connection: ConnectionId, error: &DialError) {
        tracing::debug!(%error, "a dial failed");
        let fault = Fault::of(error);
        let line = if self.swarm.network_info().num_peers() == 0 { Line::Down } else { Line::Up };
        self.dialler.failed(connection, fault, Instant::now(), rand::random());
        self.finding.failed(connection, fault, line);
        self.peers.set_named(self.dialler.named());
    }

    fn note_addresses(&mut self) {
        let addresses = self.named(self.swarm.listeners());
        self.ends.listening.send_replace(addresses);
        self.announce();
    }

    /// Those who look for nodes are told where this one is reached: first where that was confirmed, then where it listens.
    fn announce(&self) {
        let confirmed = self.named(self.swarm.external_addresses());
        let listening = self.named(self.swarm.listeners());
        self.finding.announce(confirmed.into_iter().chain(listening));
    }

    /// Addresses of our own that this node knows how to dial, with its name behind them.
    fn named<'a>(&self, addresses: impl Iterator<Item = &'a libp2p::Multiaddr>) -> Vec<PeerAddr> {
        let name = *self.swarm.local_peer_id();
        let named = |address: &libp2p::Multiaddr| address.clone().with_p2p(name).ok()?.try_into().ok();
        addresses.filter_map(named).collect()
    }

    fn count_peers(&mut self) {
        self.counters.connected.set(self.swarm.network_info().num_peers());
    }
}

/// What carries connections.
pub(super) enum Wires {
    /// Sockets of the operating system.
    System,
    /// Something that the caller made.
    #[cfg(feature = "transport")]
    Given(Carrier),
}

impl Wires {
    const fn are_of_the_system(&self) -> bool {
        matches!(self, Self::System)
    }

    fn carrier(self, config: &Config, key: &Keypair) -> Result<(Carrier, client::Behaviour), StartError> {
        match self {
            Self::System => transport::all(key, &config.web),
            #[cfg(feature = "transport")]
            Self::Given(given) => transport::with_circuits(given, key),
        }
    }
}

fn swarm(config: &Config, wires: Wires, usages: &Arc<Usages>) -> Result<Swarm<Protocols>, StartError> {
    let key = config.key.keypair();
    let (carrier, asking) = wires.carrier(config, &key)?;
    let protocols = Protocols::new(config, &key, asking)?;
    let settings = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    Ok(Swarm::new(usages.count(carrier), protocols, key.public().to_peer_id(), settings))
}
