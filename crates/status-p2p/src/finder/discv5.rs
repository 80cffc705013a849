//! Walking through the network of nodes. Spec: 33/WAKU2-DISCV5, Node Discovery Protocol v5.1.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use discv5::{ConfigBuilder, Event, ListenConfig, ProtocolIdentity};
use enr::{CombinedKey, Enr, NodeId as TableKey};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{BATCH, Hunger};
use crate::Clock;
use crate::enr::{Announcement, is_useful, signing_key};
use crate::node::inside::Inside;
use crate::{ClusterShards, Config, Discv5, NodeRecord, Scope, Source, StartError};

/// What packets are marked with, so that this network and that of Ethereum do not mix.
const IDENTITY: ProtocolIdentity = ProtocolIdentity { protocol_id: *b"d5waku", protocol_version: [0, 1] };
/// Between two walks while nodes are wanted.
const HUNGRY: Duration = Duration::from_secs(5);
/// Between two walks while none are: often enough to know some when they are.
const SATED: Duration = Duration::from_secs(10 * 60);
/// For how long it counts at which address another node sees us: longer than the five minutes between two pings, or small
/// networks never agree.
const VOTE: Duration = Duration::from_secs(11 * 60);
/// Found nodes are handed to the node after this.
const GATHER: Duration = Duration::from_millis(500);
/// Found nodes of which it is remembered that they were handed on.
const MAX_TOLD: usize = 4096;

/// Its ends of the channels to the rest of the node.
pub(super) struct Ends {
    pub(super) announcement: watch::Receiver<Announcement>,
    pub(super) record: watch::Sender<Option<NodeRecord>>,
    pub(super) hunger: watch::Receiver<Hunger>,
    pub(super) seeds: mpsc::Receiver<NodeRecord>,
    pub(super) ask: mpsc::Sender<Inside>,
}

/// A part of the network of nodes, that looks for those that carry our shards.
pub(super) struct Walker {
    table: discv5::Discv5,
    clock: Clock,
    key: CombinedKey,
    own: PeerId,
    shards: ClusterShards,
    ends: Ends,
    events: mpsc::Receiver<Event>,
    told: HashMap<TableKey, u64>,
    found: Vec<NodeRecord>,
}

impl Walker {
    /// Listens on UDP.
    pub(super) async fn start(
        settings: &Discv5,
        config: &Config,
        own: PeerId,
        shards: ClusterShards,
        ends: Ends,
    ) -> Result<Self, StartError> {
        let refused =
            |error: std::io::Error| StartError::Discovery { address: settings.listen, kind: error.kind() };
        let socket = UdpSocket::bind(settings.listen).await.map_err(refused)?;
        let at = socket.local_addr().map_err(refused)?;
        let scope = config.discovery.scope;
        let (key, signer) =
            signing_key(&config.key).zip(signing_key(&config.key)).ok_or(StartError::Settings)?;
        let mut said = ends.announcement.borrow().clone();
        // What others see of it is found out; an address of one's own that anybody can reach is announced at once.
        said.udp = Some(at).filter(|at| !at.ip().is_unspecified() && scope.takes_ip(at.ip()));
        // Spec: EIP-778: a higher number is newer, also after a restart.
        let record = said.sign(&key, config.clock.now().millis(), &own).ok_or(StartError::Settings)?;

        let mut table = discv5::Discv5::new(record.inner().clone(), signer, options(settings, scope, socket))
            .map_err(|_| StartError::Settings)?;
        table.start().await.map_err(|_| StartError::Settings)?;
        let events = table.event_stream().await.map_err(|_| StartError::Settings)?;
        for node in &settings.boot {
            add(&table, node);
        }
        ends.record.send_replace(Some(record));
        Ok(Self {
            table,
            clock: config.clock.clone(),
            key,
            own,
            shards,
            ends,
            events,
            told: HashMap::new(),
            found: Vec::new(),
        })
    }

    /// Walks until it is dropped.
    pub(super) async fn forever(mut self) {
        let mut next_walk = Instant::now();
        let mut hand_on_at = None;
        let mut walks: FuturesUnordered<BoxFuture<'static, Vec<Enr<CombinedKey>>>> = FuturesUnordered::new();
        loop {
            let walking = !walks.is_empty();
            tokio::select! {
                Ok(()) = self.ends.announcement.changed() => self.renew(),
                Ok(()) = self.ends.hunger.changed() => {
                    if *self.ends.hunger.borrow_and_update() == Hunger::Hungry {
                        next_walk = next_walk.min(Instant::now() + HUNGRY);
                    }
                }
                Some(seed) = self.ends.seeds.recv() => {
                    // Who begins with nobody does not wait for the next walk.
                    if add(&self.table, &seed) && self.table.connected_peers() == 0 {
                        next_walk = next_walk.min(Instant::now() + HUNGRY / 5);
                    }
                }
                event = self.events.recv() => match event {
                    Some(event) => self.on_event(event),
                    None => return tracing::warn!("discv5 ended"),
                },
                Some(nodes) = walks.next(), if walking => {
                    next_walk = Instant::now() + self.pause();
                    for node in nodes {
                        self.note(node);
                    }
                }
                () = sleep_until(next_walk), if !walking => {
                    let found = self.table.find_node(TableKey::random());
                    walks.push(found.map(Result::unwrap_or_default).boxed());
                }
                () = sleep_until(hand_on_at.unwrap_or_else(Instant::now)), if hand_on_at.is_some() => {
                    hand_on_at = None;
                    self.hand_on().await;
                }
            }
            if !self.found.is_empty() && hand_on_at.is_none() {
                hand_on_at = Some(Instant::now() + GATHER);
            }
        }
    }

    fn pause(&self) -> Duration {
        match *self.ends.hunger.borrow() {
            Hunger::Hungry => HUNGRY,
            Hunger::Sated => SATED,
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Discovered(node) | Event::SessionEstablished(node, _) => self.note(node),
            Event::SocketUpdated(at) => {
                tracing::info!(v4 = at.is_ipv4(), "others see this node at another address than before");
                self.publish();
            }
            _ => {}
        }
    }

    /// Keeps a node in mind if it is one that carries our shards and was not met before.
    fn note(&mut self, node: Enr<CombinedKey>) {
        if !is_useful(&node) || self.told.get(&node.node_id()).is_some_and(|seq| *seq >= node.seq()) {
            return;
        }
        if self.told.len() >= MAX_TOLD {
            self.told.clear();
        }
        self.told.insert(node.node_id(), node.seq());
        let Ok(record) = NodeRecord::new(node) else { return };
        let ours = record.shards().is_some_and(|shards| shards.meets(&self.shards));
        if ours && *record.peer() != self.own && self.found.len() < MAX_TOLD {
            self.found.push(record);
        }
    }

    async fn hand_on(&mut self) {
        let rest = self.found.split_off(self.found.len().min(BATCH));
        let records = std::mem::replace(&mut self.found, rest);
        // If it is gone, so is this task.
        let _ = self.ends.ask.send(Inside::Found { source: Source::Discv5, records }).await;
    }

    /// Signs what this node says of itself now. The address that others see stays.
    fn renew(&mut self) {
        let said = self.ends.announcement.borrow_and_update().clone();
        let ours = self.table.external_enr();
        let mut ours = ours.write();
        let seen = ours.udp4_socket().map(Into::into).or_else(|| ours.udp6_socket().map(Into::into));
        let seq = ours.seq().saturating_add(1).max(self.clock.now().millis());
        if let Some(record) = (Announcement { udp: seen, ..said }).sign(&self.key, seq, &self.own) {
            ours.clone_from(record.inner());
            drop(ours);
            self.publish();
        }
    }

    fn publish(&self) {
        if let Ok(record) = NodeRecord::new(self.table.local_enr()) {
            self.ends.record.send_replace(Some(record));
        }
    }
}

fn add(table: &discv5::Discv5, node: &NodeRecord) -> bool {
    // Refused if its place in the table is taken by others, or it cannot be reached; then there is nothing to do.
    table.add_enr(node.inner().clone()).is_ok()
}

/// Nobody gets this node to knock at doors in private networks.
fn is_useful_and_public(record: &Enr<CombinedKey>) -> bool {
    let four = record.udp4_socket().is_none_or(|at| Scope::Internet.takes_ip((*at.ip()).into()));
    let six = record.udp6_socket().is_none_or(|at| Scope::Internet.takes_ip((*at.ip()).into()));
    is_useful(record) && four && six
}

fn options(settings: &Discv5, scope: Scope, socket: UdpSocket) -> discv5::Config {
    let ipv4 = settings.listen.is_ipv4();
    let socket = Arc::new(socket);
    let sockets = if ipv4 {
        ListenConfig::FromSockets { ipv4: Some(socket), ipv6: None }
    } else {
        ListenConfig::FromSockets { ipv4: None, ipv6: Some(socket) }
    };
    let mut options = ConfigBuilder::new(sockets);
    options.protocol_identity(IDENTITY).table_filter(is_useful);
    options.enr_peer_update_min(settings.votes.max(2)).vote_duration(VOTE);
    if scope == Scope::Internet {
        // One network does not fill the table, and one address does not keep this node busy. Where all nodes are on one
        // machine they may.
        options.ip_limit().enable_packet_filter().table_filter(is_useful_and_public);
    }
    options.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fleet;

    fn at(udp: &str, waku2: u8) -> Enr<CombinedKey> {
        let key = CombinedKey::generate_secp256k1();
        let udp: std::net::SocketAddr = udp.parse().unwrap();
        let mut record = Enr::builder();
        record.ip(udp.ip()).udp4(udp.port()).add_value("waku2", &waku2);
        record.build(&key).unwrap()
    }

    #[test]
    fn nodes_that_do_nothing_or_are_in_private_networks_are_not_asked() {
        assert!(is_useful_and_public(&at("192.0.2.1:9000", 1)));
        assert!(!is_useful_and_public(&at("192.0.2.1:9000", 0)));
        assert!(!is_useful_and_public(&at("192.168.0.1:9000", 1)));
        assert!(Fleet::StatusProd.boot().iter().all(|node| is_useful_and_public(node.inner())));
    }
}
