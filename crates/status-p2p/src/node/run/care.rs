//! Looking after connections: which are dead, which have to go, and whether the machine slept.

use std::time::Duration;

use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::TopicHash;
use libp2p::swarm::ConnectionId;
use libp2p::{PeerId, ping};
use tokio::time::Instant;

use super::Run;
use crate::address::short;
use crate::balance::{self, Guest};
use crate::peers::Peer;
use crate::pubsub_topic;
use crate::pulse::{Missed, TICK};
use crate::relay::GRAYLIST;

/// So long a node has to show what it carries.
const ACQUAINTANCE: Duration = Duration::from_secs(7);

/// A connection as it is looked after.
#[derive(Debug)]
pub(super) struct Link {
    peer: PeerId,
    relayed: bool,
    since: Instant,
}

impl Run {
    pub(super) fn linked(&mut self, connection: ConnectionId, peer: PeerId, endpoint: &ConnectedPoint) {
        let link = Link { peer, relayed: endpoint.is_relayed(), since: Instant::now() };
        self.links.insert(connection, link);
        self.pulse.opened(connection);
    }

    pub(super) fn unlinked(&mut self, connection: ConnectionId) {
        self.links.remove(&connection);
        self.pulse.closed(connection);
    }

    pub(super) fn on_ping(&mut self, ping: &ping::Event) {
        if matches!(ping.result, Ok(_) | Err(ping::Failure::Unsupported)) {
            self.pulse.answered(ping.connection);
            return;
        }
        let missed = self.pulse.missed(ping.connection);
        if missed != Missed::Wait {
            tracing::info!(node = %short(&ping.peer), "does not answer");
            self.counters.dead.add(1);
            self.swarm.close_connection(ping.connection);
        }
        if missed == Missed::AllDead {
            self.woke();
        }
    }

    /// Does what is to be done every few seconds.
    pub(super) fn look_after(&mut self) {
        let now = Instant::now();
        if let Some(slept) = self.slumber.woke(now, self.clock.time()) {
            tracing::info!(seconds = slept.as_secs(), "this machine slept");
            self.woke();
            return;
        }
        self.prefer_direct(now);
        self.put_out_the_bad(now);
        self.part_with_strangers(now);
        self.drop_the_slow();
        if now >= self.next_prune {
            self.next_prune = now + balance::EVERY;
            self.prune();
        }
    }

    /// Nothing that stood before is to be trusted: all connections are made anew, and nobody has to wait for his turn.
    pub(super) fn woke(&mut self) {
        self.counters.slept.add(1);
        self.dialler.wake(Instant::now());
        self.finding.look_soon();
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    /// A circuit is of no use beside a direct connection; a while later nothing is under way on it any more.
    fn prefer_direct(&mut self, now: Instant) {
        let old = |link: &&Link| now.saturating_duration_since(link.since) >= TICK;
        let direct: Vec<PeerId> =
            self.links.values().filter(old).filter(|link| !link.relayed).map(|link| link.peer).collect();
        let circuits = self.links.iter().filter(|(_, link)| link.relayed && direct.contains(&link.peer));
        let circuits: Vec<ConnectionId> = circuits.map(|(connection, _)| *connection).collect();
        for connection in circuits {
            self.swarm.close_connection(connection);
        }
    }

    /// Deployed nodes disconnect whom gossip thinks so little of, too.
    fn put_out_the_bad(&mut self, now: Instant) {
        let Some(relay) = self.swarm.behaviour().relay.as_ref() else { return };
        let bad = |peer: &&PeerId| relay.peer_score(peer).is_some_and(|score| score < GRAYLIST);
        let bad: Vec<PeerId> = self.swarm.connected_peers().filter(bad).copied().collect();
        for peer in bad {
            tracing::info!(node = %short(&peer), "is put out: what it gossips is refused");
            self.counters.put_out.add(1);
            self.dialler.shunned(peer);
            self.finding.shunned(&peer);
            self.swarm.behaviour_mut().gate.put_out(peer, now);
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    /// Whoever gossips and carries nothing that this node carries is of no use to it, nor it to them. Deployed nodes think the
    /// same, and wait as long.
    fn part_with_strangers(&mut self, now: Instant) {
        let Some(relay) = self.swarm.behaviour().relay.as_ref() else { return };
        let carried: Vec<_> = relay.topics().collect();
        let all = self.peers.all();
        let stranger = |peer: &PeerId, topics: &[&TopicHash]| {
            let Some(entry) = all.get(peer) else { return false };
            let shards = entry.shards.iter().flatten();
            let mut told =
                shards.map(|shard| TopicHash::from_raw(pubsub_topic(self.cluster, *shard))).peekable();
            // Who names no shard, or has not said yet, may carry topics that have none.
            told.peek().is_some()
                && !topics.is_empty()
                && now.saturating_duration_since(entry.since) >= ACQUAINTANCE
                && !told.any(|topic| carried.contains(&&topic))
                && !topics.iter().any(|topic| carried.contains(topic))
        };
        let strangers = relay.all_peers().filter(|(peer, topics)| stranger(peer, topics));
        let strangers: Vec<PeerId> =
            strangers.map(|(peer, _)| *peer).filter(|peer| !self.is_kept(peer)).collect();
        for peer in strangers {
            tracing::info!(node = %short(&peer), "carries nothing that this node does");
            self.counters.strangers.add(1);
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    /// What waits for a node that does not read is given up.
    fn drop_the_slow(&mut self) {
        for peer in self.gossip.too_slow() {
            tracing::info!(node = %short(&peer), "is too slow");
            self.counters.dropped_slow.add(1);
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    /// Makes room for nodes that we dial and for those that want a service.
    fn prune(&mut self) {
        let all = self.peers.all();
        let guest = |peer: &PeerId, entry: &Peer| !entry.dialled && !self.is_kept(peer);
        let Some(relay) = self.swarm.behaviour().relay.as_ref() else { return };
        let carried: Vec<_> = relay.topics().cloned().collect();
        let mut guests = Vec::new();
        for (peer, topics) in relay.all_peers() {
            let Some(entry) = all.get(peer).filter(|entry| guest(peer, entry)) else { continue };
            guests.push(Guest {
                peer: *peer,
                shares: topics.into_iter().any(|topic| carried.contains(topic)),
                score: relay.peer_score(peer).unwrap_or_default(),
                since: entry.since,
            });
        }
        for peer in balance::excess(guests, self.limits.incoming_relays as usize) {
            tracing::debug!(node = %short(&peer), "makes room");
            self.counters.pruned.add(1);
            // Fails only if it is gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }

    /// Whoever was named by the owner or relays to this node is never sent away to make room.
    fn is_kept(&self, peer: &PeerId) -> bool {
        self.dialler.is_named(peer) || self.relays.is_used(peer)
    }
}
