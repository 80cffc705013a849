//! Dialling those who were found.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::inside::Inside;
use crate::book::{Book, Line};
use crate::enr::Announcement;
use crate::finder::{Finder, Hunger};
use crate::peers::Peers;
use crate::{
    Capabilities, Clock, ClusterShards, Config, Fault, Mode, NodeRecord, PeerAddr, Scope, Source, StartError,
};

/// Found nodes that are dialled at the same time.
const AT_ONCE: usize = 5;
/// A node that we dialled says within this what it carries, or it does not count.
const SPEAKS_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks, while somebody is wanted.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time without a look, while somebody is wanted.
const LONGEST: Duration = Duration::from_secs(60);

/// Keeps as many nodes connected as are wanted, of those that were found.
pub(super) struct Finding {
    book: Arc<Book>,
    clock: Clock,
    finder: Finder,
    own: PeerId,
    shards: ClusterShards,
    outgoing: usize,
    scope: Scope,
    capabilities: Capabilities,
    mode: Mode,
    dialling: HashMap<ConnectionId, PeerId>,
    next_search: Option<Instant>,
}

impl Finding {
    pub(super) async fn start(
        config: &Config,
        own: PeerId,
        ask: &mpsc::Sender<Inside>,
    ) -> Result<Self, StartError> {
        let discovery = &config.discovery;
        let shards =
            ClusterShards { cluster: config.cluster, shards: config.shards.iter().copied().collect() };
        let capabilities = capabilities(config);
        let announcement =
            Announcement { capabilities, shards: shards.clone(), addresses: Vec::new(), udp: None };
        let finder = Finder::start(config, own, announcement, ask).await?;
        let known = discovery.known.clone();
        for known in &known {
            finder.sow(&known.record);
        }
        Ok(Self {
            book: Arc::new(Book::new(known, discovery.redial, discovery.scope)),
            clock: config.clock.clone(),
            finder,
            own,
            shards,
            outgoing: match config.mode {
                Mode::Relay => discovery.outgoing,
                Mode::Light => discovery.outgoing.min(config.light.nodes),
            },
            mode: config.mode,
            scope: discovery.scope,
            capabilities,
            dialling: HashMap::new(),
            next_search: Some(Instant::now()),
        })
    }

    pub(super) fn book(&self) -> Arc<Book> {
        Arc::clone(&self.book)
    }

    pub(super) fn record(&self) -> watch::Receiver<Option<NodeRecord>> {
        self.finder.record()
    }

    pub(super) fn end(&mut self) {
        self.finder.end();
    }

    /// Who told of a node, if it is known from elsewhere than by its own connection.
    pub(super) fn source(&self, peer: &PeerId) -> Option<Source> {
        self.book.source(peer)
    }

    /// Where this node is reached changed.
    pub(super) fn announce(&self, addresses: impl Iterator<Item = PeerAddr>) {
        let mut reached: Vec<PeerAddr> = Vec::new();
        for address in addresses.filter(|address| self.scope.takes(address)) {
            if !reached.contains(&address) {
                reached.push(address);
            }
        }
        let (capabilities, shards) = (self.capabilities, self.shards.clone());
        self.finder.announce(Announcement { capabilities, shards, addresses: reached, udp: None });
    }

    /// Somebody told of nodes. Those of other clusters, those that do nothing and this very node are left out.
    pub(super) fn found(&mut self, source: Source, records: Vec<NodeRecord>) {
        let mut news = false;
        for record in records {
            let foreign = record.shards().is_some_and(|theirs| theirs.cluster != self.shards.cluster);
            let idle = record.capabilities().is_none_or(|theirs| !self.is_served_by(theirs));
            if foreign || idle || *record.peer() == self.own {
                continue;
            }
            if source != Source::Discv5 {
                self.finder.sow(&record);
            }
            news |= self.book.heard(record, source, self.clock.now());
        }
        if news {
            self.look_soon();
        }
    }

    /// Whether a node that does these things for others does something for this one.
    const fn is_served_by(&self, theirs: Capabilities) -> bool {
        match self.mode {
            Mode::Relay => !theirs.is_empty(),
            Mode::Light => theirs.contains(Capabilities::FILTER) || theirs.contains(Capabilities::LIGHTPUSH),
        }
    }

    /// When [`Finding::look`] wants to be called.
    pub(super) const fn next_search(&self) -> Option<Instant> {
        self.next_search
    }

    /// Something changed: maybe somebody is wanted now.
    pub(super) fn look_soon(&mut self) {
        let soon = Instant::now() + PAUSE / 10;
        self.next_search = Some(self.next_search.map_or(soon, |at| at.min(soon)));
    }

    /// The dials that are to be made, if nodes are wanted.
    pub(super) fn look(&mut self, peers: &Peers) -> Vec<DialOpts> {
        let (now, today) = (Instant::now(), self.clock.now());
        let (lacking, most) = self.lacking(peers, now);
        self.finder.set_hunger(if most == 0 { Hunger::Sated } else { Hunger::Hungry });
        self.next_search = None;
        if most == 0 {
            return Vec::new();
        }
        let room = most.min(AT_ONCE).saturating_sub(self.dialling.len());
        let busy =
            |peer: &PeerId| peers.is_connected(peer) || self.dialling.values().any(|other| other == peer);
        let candidates = self.book.take_due(today, &lacking, room, busy);
        let dials: Vec<_> = candidates.into_iter().map(|one| dial(one.peer, one.addresses)).collect();
        for (dial, peer) in dials.iter().filter_map(|dial| Some((dial, dial.get_peer_id()?))) {
            self.dialling.insert(dial.connection_id(), peer);
        }
        // Who is dialled, and who has yet to say what it carries, may still turn out to be nobody.
        self.next_search =
            self.book.next_due(&lacking).map(|due| now + due.since(today).clamp(PAUSE, LONGEST));
        dials
    }

    /// The shards for which too few nodes were dialled, and how many nodes are missing where most are.
    fn lacking(&self, peers: &Peers, now: Instant) -> (ClusterShards, usize) {
        let mut carried: BTreeMap<u16, usize> = BTreeMap::new();
        let mut undecided = 0_usize;
        peers.for_each(|peer| match &peer.shards {
            Some(shards) if peer.dialled => {
                for shard in shards {
                    *carried.entry(*shard).or_default() += 1;
                }
            }
            None if peer.dialled && now.saturating_duration_since(peer.since) < SPEAKS_WITHIN => {
                undecided += 1;
            }
            _ => {}
        });
        let missing = |shard: &u16| {
            self.outgoing.saturating_sub(carried.get(shard).copied().unwrap_or_default() + undecided)
        };
        let most = self.shards.shards.iter().map(missing).max().unwrap_or_default();
        let shards = self.shards.shards.iter().copied().filter(|shard| missing(shard) > 0).collect();
        (ClusterShards { cluster: self.shards.cluster, shards }, most)
    }

    /// A connection stands, whoever dialled.
    pub(super) fn connected(&mut self, connection: ConnectionId, peer: &PeerId) {
        self.dialling.remove(&connection);
        self.book.connected(peer, self.clock.now());
        self.look_soon();
    }

    /// A dial failed.
    pub(super) fn failed(&mut self, connection: ConnectionId, fault: Fault, line: Line) {
        if let Some(peer) = self.dialling.remove(&connection) {
            self.book.failed(&peer, fault, self.clock.now(), line, rand::random());
            self.look_soon();
        }
    }

    /// A node belongs to our network.
    pub(super) fn settled(&mut self, peer: &PeerId) {
        self.book.settled(peer);
        self.look_soon();
    }

    /// A node belongs to another one.
    pub(super) fn shunned(&mut self, peer: &PeerId) {
        self.book.shunned(peer, self.clock.now());
    }

    /// The last connection to a node is gone.
    pub(super) fn lost(&mut self, peer: &PeerId) {
        self.book.lost(peer, self.clock.now());
        self.look_soon();
    }
}

/// What this node does for others.
fn capabilities(config: &Config) -> Capabilities {
    if config.mode == Mode::Light {
        return Capabilities::default();
    }
    let filter = config.serve.filter.map_or(Capabilities::default(), |_| Capabilities::FILTER);
    let light_push = config.serve.light_push.map_or(Capabilities::default(), |_| Capabilities::LIGHTPUSH);
    let store = config.archive.as_ref().map_or(Capabilities::default(), |_| Capabilities::STORE);
    Capabilities::RELAY | store | filter | light_push
}

fn dial(peer: PeerId, addresses: Vec<PeerAddr>) -> DialOpts {
    let local = addresses.iter().any(PeerAddr::is_local);
    let dial = DialOpts::peer_id(peer)
        .condition(PeerCondition::DisconnectedAndNotDialing)
        .addresses(addresses.into_iter().map(PeerAddr::into_multiaddr).collect());
    // See the dialler for why it is not always the port at which this node listens.
    if local { dial.allocate_new_port().build() } else { dial.build() }
}
