//! The nodes that are known: whom to dial, and whom to tell others of.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::multiaddr::Protocol;
use rand::seq::{IndexedRandom, SliceRandom};
use status_layer::Timestamp;

use crate::{ClusterShards, Fault, NodeRecord, PeerAddr, Redial, Scope};
pub use known::{KnownNode, KnownNodeError, Source};

/// Nodes that are known at most.
pub const MAX_KNOWN: usize = 1000;
/// Nodes of one network (IPv4 /24, IPv6 /48) that are known at most: who has one address there often has all.
const MAX_NEIGHBOURS: usize = 16;
/// So many failures in a row, and a node that was not connected for [`PATIENCE`] is forgotten: more than five hours.
const HOPELESS: u32 = 10;
/// For how long a node that was once connected is kept although it fails.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 3600);
/// A connection has to last for so long to count.
const BRIEF: Duration = Duration::from_secs(60);
/// For how long a node of another network is left alone.
const STRANGER: Duration = Duration::from_secs(24 * 3600);

/// The nodes that are known. It is shared: the node writes, services read; the lock is never held across a wait.
#[derive(Debug)]
pub(crate) struct Book {
    redial: Redial,
    scope: Scope,
    pages: Mutex<BTreeMap<PeerId, Page>>,
}

#[derive(Debug)]
struct Page {
    known: KnownNode,
    network: Option<IpAddr>,
    due: Timestamp,
    /// Whether the last dial ended in a connection that still stands.
    up: bool,
    /// Why it was not connected the last time.
    fault: Option<Fault>,
}

/// A node to be dialled.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) peer: PeerId,
    pub(crate) addresses: Vec<PeerAddr>,
}

/// Whether anybody at all is connected: if not, a failure says more of our own line than of the other node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Line {
    Up,
    Down,
}

impl Book {
    pub(crate) fn new(known: Vec<KnownNode>, redial: Redial, scope: Scope) -> Self {
        let pages = known.into_iter().take(MAX_KNOWN).map(|known| {
            let due = known.tried.map_or(known.heard, |tried| tried.after(known.rest(redial)));
            (*known.record.peer(), Page::new(known, due))
        });
        Self { redial, scope, pages: Mutex::new(pages.collect()) }
    }

    /// Somebody told of a node. Says whether it was new, or the record newer than the one that was here.
    pub(crate) fn heard(&self, record: NodeRecord, source: Source, now: Timestamp) -> bool {
        if self.addresses(&record).next().is_none() {
            return false;
        }
        let mut pages = self.lock();
        if let Some(page) = pages.get_mut(record.peer()) {
            page.known.heard = now;
            let newer = record.seq() > page.known.record.seq();
            if newer {
                if record.addresses() != page.known.record.addresses() {
                    // It may have moved to where it answers.
                    page.due = page.due.min(now.after(self.redial.first));
                }
                page.network = network(&record);
                page.known.record = record;
            }
            return newer;
        }
        let page = Page::new(KnownNode::new(record, source, now), now);
        let neighbours =
            pages.values().filter(|other| other.network.is_some() && other.network == page.network);
        if neighbours.count() >= MAX_NEIGHBOURS || !make_room(&mut pages, now) {
            return false;
        }
        pages.insert(*page.known.record.peer(), page);
        true
    }

    /// Up to `most` nodes to dial that carry one of `lacking`: first those that were connected before, then those that
    /// say that they carry one, then those that say nothing; among equals by chance. Nobody of them is given again before
    /// it is known how the dial went.
    pub(crate) fn take_due(
        &self,
        now: Timestamp,
        lacking: &ClusterShards,
        most: usize,
        busy: impl Fn(&PeerId) -> bool,
    ) -> Vec<Candidate> {
        let mut pages = self.lock();
        let mut due: Vec<_> = pages
            .iter()
            .filter(|(peer, page)| !page.up && is_due(page, now) && !busy(peer))
            .filter_map(|(peer, page)| Some((rank(&page.known, lacking)?, *peer)))
            .collect();
        due.shuffle(&mut rand::rng());
        due.sort_by_key(|(rank, _)| *rank);
        let mut candidates = Vec::new();
        for (_, peer) in due.into_iter().take(most) {
            let Some(page) = pages.get_mut(&peer) else { continue };
            page.known.tried = Some(now);
            // Until it is known how it went, as if it had failed.
            page.due = now.after(self.redial.most);
            candidates.push(Candidate { peer, addresses: self.addresses(&page.known.record).collect() });
        }
        candidates
    }

    /// When the next of them may be dialled; `None` if nobody is there.
    pub(crate) fn next_due(&self, lacking: &ClusterShards) -> Option<Timestamp> {
        let pages = self.lock();
        let wanted = pages.values().filter(|page| !page.up && rank(&page.known, lacking).is_some());
        wanted.map(|page| page.due).min()
    }

    /// A node is connected; what it is has yet to be seen.
    pub(crate) fn connected(&self, peer: &PeerId, now: Timestamp) {
        if let Some(page) = self.lock().get_mut(peer) {
            page.known.connected = Some(now);
            page.up = true;
        }
    }

    /// A node that is connected belongs to our network.
    pub(crate) fn settled(&self, peer: &PeerId) {
        if let Some(page) = self.lock().get_mut(peer) {
            page.fault = None;
        }
    }

    /// The last connection to a node is gone. One that lasted only for a moment was as good as none: the node is full,
    /// or does not want us.
    pub(crate) fn lost(&self, peer: &PeerId, now: Timestamp) {
        let mut pages = self.lock();
        let Some(page) = pages.get_mut(peer).filter(|page| page.up) else { return };
        page.up = false;
        let stood = page.known.connected.is_some_and(|since| now.since(since) >= BRIEF);
        page.known.connected = Some(now);
        page.known.failures = if stood { 0 } else { page.known.failures.saturating_add(1) };
        page.fault = (!stood).then_some(Fault::TurnedAway);
        page.due = now.after(page.known.rest(self.redial).max(self.redial.first));
    }

    /// A dial failed. `chance`, drawn from 0 to 1, shortens the wait by up to half.
    pub(crate) fn failed(&self, peer: &PeerId, fault: Fault, now: Timestamp, line: Line, chance: f64) {
        let mut pages = self.lock();
        let Some(page) = pages.get_mut(peer).filter(|page| !page.up) else { return };
        page.fault = Some(fault);
        if fault == Fault::NotWanted {
            // That says nothing of the other node.
            page.due = now.after(self.redial.first);
            return;
        }
        if line == Line::Up || page.known.failures == 0 {
            page.known.failures = page.known.failures.saturating_add(1);
        }
        if line == Line::Up && is_hopeless(&page.known, now) {
            pages.remove(peer);
            return;
        }
        page.due = now.after(page.known.rest(self.redial).mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0)));
    }

    /// A node belongs to another network than its record says.
    pub(crate) fn shunned(&self, peer: &PeerId, now: Timestamp) {
        if let Some(page) = self.lock().get_mut(peer) {
            page.up = false;
            page.known.failures = HOPELESS.max(page.known.failures);
            page.fault = Some(Fault::OtherCluster);
            page.due = now.after(STRANGER);
        }
    }

    /// Records to tell others of: up to `most`, by chance, of nodes that were connected or were told of in the last day,
    /// and did not fail since.
    pub(crate) fn sample(&self, now: Timestamp, most: usize) -> Vec<NodeRecord> {
        let day = Duration::from_secs(24 * 3600);
        let fresh = |page: &&Page| page.known.failures == 0 && (page.up || now.since(page.known.heard) < day);
        let pages = self.lock();
        let fresh: Vec<_> = pages.values().filter(fresh).collect();
        fresh.sample(&mut rand::rng(), most).map(|page| page.known.record.clone()).collect()
    }

    /// All that is known, as it is now.
    pub(crate) fn all(&self) -> Vec<KnownNode> {
        self.lock().values().map(|page| page.known.clone()).collect()
    }

    /// The same, with the reason why each is not connected.
    pub(crate) fn with_faults(&self) -> Vec<(KnownNode, Option<Fault>)> {
        self.lock().values().map(|page| (page.known.clone(), page.fault)).collect()
    }

    /// Who told of a node first.
    pub(crate) fn source(&self, peer: &PeerId) -> Option<Source> {
        self.lock().get(peer).map(|page| page.known.source)
    }

    fn addresses(&self, record: &NodeRecord) -> impl Iterator<Item = PeerAddr> + use<> {
        let scope = self.scope;
        record.addresses().into_iter().filter(move |address| scope.takes(address))
    }

    // Nothing panics while it is held; and if it did, what is in there is still true of most nodes.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Page>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Page {
    fn new(known: KnownNode, due: Timestamp) -> Self {
        Self { network: network(&known.record), known, due, up: false, fault: None }
    }
}

/// Whether its time has come; also if the clock was set back since.
fn is_due(page: &Page, now: Timestamp) -> bool {
    page.due <= now || page.known.tried.is_some_and(|tried| tried > now)
}

/// How much a node is wanted, the least being the best; `None` if it is not.
fn rank(known: &KnownNode, lacking: &ClusterShards) -> Option<(bool, u8)> {
    let strange = known.connected.is_none() || known.failures > 0;
    match known.record.shards() {
        Some(shards) if !shards.meets(lacking) => None,
        Some(shards) => {
            let carried = shards.shards.intersection(&lacking.shards).count();
            let missing = lacking.shards.len().saturating_sub(carried);
            Some((strange, u8::try_from(missing).unwrap_or(u8::MAX)))
        }
        None => Some((strange, u8::MAX)),
    }
}

fn is_hopeless(known: &KnownNode, now: Timestamp) -> bool {
    let lately = known.connected.is_some_and(|at| now.since(at) < PATIENCE);
    known.failures >= HOPELESS && !lately
}

/// Makes room for one more, if there is anybody who is worth less than a node of which nothing is known yet.
fn make_room(pages: &mut BTreeMap<PeerId, Page>, now: Timestamp) -> bool {
    if pages.len() < MAX_KNOWN {
        return true;
    }
    let day = Duration::from_secs(24 * 3600);
    let worth_less = |page: &Page| page.known.failures > 0 || now.since(page.known.heard) > day;
    let worst = pages.iter().filter(|(_, page)| !page.up && worth_less(page)).max_by_key(|(_, page)| {
        (page.known.connected.is_none(), page.known.failures, now.since(page.known.heard))
    });
    let Some(worst) = worst.map(|(peer, _)| *peer) else { return false };
    pages.remove(&worst).is_some()
}

/// The networks in which a node has its IP addresses; the first one stands for all.
fn network(record: &NodeRecord) -> Option<IpAddr> {
    let ips =
        record.addresses().into_iter().filter_map(|address| match address.multiaddr().iter().next()? {
            Protocol::Ip4(ip) => Some(IpAddr::from(ip)),
            Protocol::Ip6(ip) => Some(IpAddr::from(ip).to_canonical()),
            _ => None,
        });
    let networks: BTreeSet<IpAddr> = ips.map(network_of).collect();
    networks.into_iter().next()
}

fn network_of(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => IpAddr::V4((ip.to_bits() & 0xffff_ff00).into()),
        IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() >> 80 << 80).into()),
    }
}

#[cfg(test)]
mod tests;
