//! Who is connected, and what each of them said of itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libp2p::core::ConnectedPoint;
use libp2p::{Multiaddr, PeerId, StreamProtocol, identify};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::{Fault, PeerAddr, Source};

/// Protocols that are remembered of one peer. Deployed nodes speak some twenty.
const MAX_PROTOCOLS: usize = 64;
/// Bytes of the name that a peer gives its software.
const MAX_AGENT: usize = 128;

/// The connected peers. The node writes, services read; the lock is never held across a wait.
#[derive(Debug)]
pub(crate) struct Peers {
    all: Mutex<BTreeMap<PeerId, Peer>>,
    named: Mutex<Vec<Named>>,
    changed: watch::Sender<u64>,
}

/// One connected peer.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Since when.
    pub(crate) since: Instant,
    /// Who told of it first.
    pub(crate) source: Source,
    /// Whether we dialled.
    pub(crate) dialled: bool,
    /// The other end of its first connection.
    pub(crate) address: Multiaddr,
    /// What it speaks, once it said so.
    pub(crate) protocols: HashSet<StreamProtocol>,
    /// What it calls its software.
    pub(crate) agent: String,
    /// The shards that it carries, once it said so.
    pub(crate) shards: Option<BTreeSet<u16>>,
}

/// A node that is to be dialled for ever, or as long as it is announced nearby.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) address: PeerAddr,
    pub(crate) peer: Option<PeerId>,
    pub(crate) source: Source,
    pub(crate) failures: u32,
    pub(crate) fault: Option<Fault>,
}

impl Peers {
    pub(crate) fn new() -> Self {
        Self { all: Mutex::default(), named: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// The first connection to a peer stands.
    pub(crate) fn connected(&self, peer: PeerId, source: Source, endpoint: &ConnectedPoint, now: Instant) {
        let entry = Peer {
            since: now,
            source,
            dialled: endpoint.is_dialer(),
            address: endpoint.get_remote_address().clone(),
            protocols: HashSet::new(),
            agent: String::new(),
            shards: None,
        };
        self.change(|all| drop(all.insert(peer, entry)));
    }

    /// The last connection to a peer is gone.
    pub(crate) fn gone(&self, peer: &PeerId) {
        self.change(|all| drop(all.remove(peer)));
    }

    /// A peer said what it speaks.
    pub(crate) fn identified(&self, peer: &PeerId, info: identify::Info) {
        self.change(|all| {
            let Some(entry) = all.get_mut(peer) else { return };
            entry.protocols = info.protocols.into_iter().take(MAX_PROTOCOLS).collect();
            entry.agent = info.agent_version;
            if entry.agent.len() > MAX_AGENT {
                let end = (0..=MAX_AGENT).rev().find(|end| entry.agent.is_char_boundary(*end));
                entry.agent.truncate(end.unwrap_or_default());
            }
        });
    }

    /// A peer said which shards it carries.
    pub(crate) fn carries(&self, peer: &PeerId, shards: BTreeSet<u16>) {
        self.change(|all| {
            if let Some(entry) = all.get_mut(peer) {
                entry.shards = Some(shards);
            }
        });
    }

    /// The peers that speak a protocol, longest connected first.
    pub(crate) fn speaking(&self, protocol: &StreamProtocol) -> Vec<PeerId> {
        let all = self.lock();
        let mut speaking: Vec<_> = all.iter().filter(|(_, peer)| peer.protocols.contains(protocol)).collect();
        speaking.sort_by_key(|(_, peer)| peer.since);
        speaking.into_iter().map(|(name, _)| *name).collect()
    }

    /// One of them, if it is connected.
    pub(crate) fn get(&self, peer: &PeerId) -> Option<Peer> {
        self.lock().get(peer).cloned()
    }

    /// What `pick` makes of them; of whom it makes nothing is left out.
    pub(crate) fn find<T>(&self, mut pick: impl FnMut(&PeerId, &Peer) -> Option<T>) -> Vec<T> {
        self.lock().iter().filter_map(|(name, peer)| pick(name, peer)).collect()
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> BTreeMap<PeerId, Peer> {
        self.lock().clone()
    }

    /// Whether a node is connected.
    pub(crate) fn is_connected(&self, peer: &PeerId) -> bool {
        self.lock().contains_key(peer)
    }

    /// Looks at each of them.
    pub(crate) fn for_each(&self, look: impl FnMut(&Peer)) {
        self.lock().values().for_each(look);
    }

    /// How it goes with the nodes that are dialled by name.
    pub(crate) fn set_named(&self, named: Vec<Named>) {
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = named;
    }

    /// What was set last.
    pub(crate) fn named(&self) -> Vec<Named> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes whenever anything here does.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<PeerId, Peer>)) {
        change(&mut self.lock());
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    // Nothing panics while it is held; and if it did, what is in there is still true of most peers.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PeerId, Peer>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> ConnectedPoint {
        let address: Multiaddr = "/ip4/192.0.2.1/tcp/30303".parse().unwrap();
        ConnectedPoint::Listener { local_addr: address.clone(), send_back_addr: address }
    }

    fn info(protocols: Vec<StreamProtocol>, agent: &str) -> identify::Info {
        let key = libp2p::identity::Keypair::generate_secp256k1().public();
        identify::Info {
            public_key: key,
            protocol_version: String::new(),
            agent_version: agent.to_owned(),
            listen_addrs: Vec::new(),
            protocols,
            observed_addr: Multiaddr::empty(),
            signed_peer_record: None,
        }
    }

    #[test]
    fn who_speaks_a_protocol_is_found_until_it_is_gone() {
        const STORE: StreamProtocol = StreamProtocol::new("/vac/waku/store-query/3.0.0");
        let (peers, peer) = (Peers::new(), PeerId::random());
        let changes = peers.changes();

        peers.connected(peer, Source::Incoming, &endpoint(), Instant::now());
        assert!(peers.speaking(&STORE).is_empty(), "it has not said so yet");
        peers.identified(&peer, info(vec![STORE], "somebody"));
        assert_eq!(peers.speaking(&STORE), [peer]);
        assert!(changes.has_changed().unwrap());

        peers.gone(&peer);
        peers.identified(&peer, info(vec![STORE], "somebody"));
        assert!(peers.speaking(&STORE).is_empty());
    }

    #[test]
    fn what_a_peer_says_of_itself_is_bounded() {
        let (peers, peer) = (Peers::new(), PeerId::random());
        let many = (0..1000).map(|n| StreamProtocol::try_from_owned(format!("/p/{n}")).unwrap()).collect();
        peers.connected(peer, Source::Incoming, &endpoint(), Instant::now());

        peers.identified(&peer, info(many, &"ü".repeat(1000)));

        let entry = peers.all().remove(&peer).unwrap();
        assert_eq!(entry.protocols.len(), MAX_PROTOCOLS);
        assert_eq!(entry.agent.len(), MAX_AGENT);
    }
}
