//! Who has subscribed to what.

use std::collections::{BTreeSet, HashMap};

use libp2p::PeerId;
use tokio::time::Instant;

use crate::FilterLimits;
use crate::filter::Criterion;
use crate::filter::request::{Ask, Status};

/// The subscriptions of light nodes, within the limits.
#[derive(Debug)]
pub(crate) struct Table {
    limits: FilterLimits,
    carried: BTreeSet<String>,
    all: HashMap<PeerId, Subscription>,
}

#[derive(Debug)]
struct Subscription {
    criteria: BTreeSet<Criterion>,
    heard: Instant,
    failures: u32,
}

impl Table {
    /// No subscription, on the gossip topics that this node carries.
    pub(crate) fn new(limits: FilterLimits, carried: BTreeSet<String>) -> Self {
        Self { limits, carried, all: HashMap::new() }
    }

    /// Does what a light node asks for. What is not [`Status::Done`] has changed nothing.
    pub(crate) fn answer(&mut self, peer: PeerId, ask: Ask, now: Instant) -> Status {
        self.expire(now);
        match ask {
            Ask::Ping => match self.all.get_mut(&peer) {
                Some(subscription) => {
                    subscription.heard = now;
                    Status::Done
                }
                None => Status::NoSubscription,
            },
            Ask::Subscribe(criteria) => self.subscribe(peer, criteria, now),
            Ask::Unsubscribe(criteria) => self.unsubscribe(peer, &criteria, now),
            Ask::UnsubscribeAll => match self.all.remove(&peer) {
                Some(_) => Status::Done,
                None => Status::NoSubscription,
            },
        }
    }

    fn subscribe(&mut self, peer: PeerId, criteria: Vec<Criterion>, now: Instant) -> Status {
        if criteria.iter().any(|criterion| !self.carried.contains(&criterion.pubsub_topic)) {
            // Nothing would ever be pushed, and the light node would not know why.
            return Status::Bad("this node does not carry the pubsub topic");
        }
        let had = self.all.get(&peer);
        if had.is_none() && self.all.len() >= self.limits.subscribers {
            return Status::NoRoom("this node has as many subscribers as it takes");
        }
        let mut wanted = had.map(|subscription| subscription.criteria.clone()).unwrap_or_default();
        wanted.extend(criteria);
        if wanted.len() > self.limits.criteria {
            return Status::NoRoom("there are more content topics than this node takes from one peer");
        }
        self.all.insert(peer, Subscription { criteria: wanted, heard: now, failures: 0 });
        Status::Done
    }

    fn unsubscribe(&mut self, peer: PeerId, criteria: &[Criterion], now: Instant) -> Status {
        let Some(subscription) = self.all.get_mut(&peer) else { return Status::NoSubscription };
        subscription.heard = now;
        for criterion in criteria {
            subscription.criteria.remove(criterion);
        }
        if subscription.criteria.is_empty() {
            self.all.remove(&peer);
        }
        Status::Done
    }

    /// Whether a light node has a subscription.
    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.all.contains_key(peer)
    }

    /// The light nodes that want to hear of this.
    pub(crate) fn wanting(&mut self, criterion: &Criterion, now: Instant) -> Vec<PeerId> {
        self.expire(now);
        let wanting = self.all.iter().filter(|(_, subscription)| subscription.criteria.contains(criterion));
        wanting.map(|(peer, _)| *peer).collect()
    }

    /// A push went well.
    pub(crate) fn pushed(&mut self, peer: &PeerId) {
        if let Some(subscription) = self.all.get_mut(peer) {
            subscription.failures = 0;
        }
    }

    /// A push failed. After several in a row the subscription ends; returns whether it did.
    pub(crate) fn failed(&mut self, peer: &PeerId) -> bool {
        let Some(subscription) = self.all.get_mut(peer) else { return false };
        subscription.failures = subscription.failures.saturating_add(1);
        let over = subscription.failures >= self.limits.failures;
        if over {
            self.all.remove(peer);
        }
        over
    }

    /// How many subscriptions there are, and the most criteria of one.
    #[cfg(feature = "hazmat")]
    pub(crate) fn size(&self) -> (usize, usize) {
        let most = self.all.values().map(|subscription| subscription.criteria.len()).max();
        (self.all.len(), most.unwrap_or_default())
    }

    fn expire(&mut self, now: Instant) {
        let idle = self.limits.idle;
        self.all.retain(|_, subscription| now.saturating_duration_since(subscription.heard) < idle);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SHARD: &str = "/waku/2/rs/16/32";

    fn table(limits: FilterLimits) -> Table {
        Table::new(limits, [SHARD.to_owned()].into())
    }

    fn criteria(from: usize, to: usize) -> Vec<Criterion> {
        let criterion =
            |number| Criterion { pubsub_topic: SHARD.to_owned(), content_topic: format!("/t/{number}") };
        (from..to).map(criterion).collect()
    }

    fn subscribe(table: &mut Table, peer: PeerId, from: usize, to: usize) -> Status {
        table.answer(peer, Ask::Subscribe(criteria(from, to)), Instant::now())
    }

    #[test]
    fn what_was_subscribed_to_is_wanted_until_it_is_not() {
        let (mut table, peer, now) = (table(FilterLimits::default()), PeerId::random(), Instant::now());

        assert_eq!(subscribe(&mut table, peer, 0, 2), Status::Done);
        assert_eq!(table.wanting(&criteria(0, 1)[0], now), [peer]);
        assert!(table.wanting(&criteria(5, 6)[0], now).is_empty());

        assert_eq!(table.answer(peer, Ask::Unsubscribe(criteria(0, 1)), now), Status::Done);
        assert!(table.wanting(&criteria(0, 1)[0], now).is_empty());
        assert_eq!(table.wanting(&criteria(1, 2)[0], now), [peer]);
        assert_eq!(table.answer(peer, Ask::UnsubscribeAll, now), Status::Done);
        assert_eq!(table.answer(peer, Ask::UnsubscribeAll, now), Status::NoSubscription);
    }

    #[test]
    fn a_ping_tells_whether_there_is_a_subscription() {
        let (mut table, peer, now) = (table(FilterLimits::default()), PeerId::random(), Instant::now());

        assert_eq!(table.answer(peer, Ask::Ping, now), Status::NoSubscription);
        subscribe(&mut table, peer, 0, 1);
        assert_eq!(table.answer(peer, Ask::Ping, now), Status::Done);
        assert_eq!(table.answer(peer, Ask::Unsubscribe(criteria(0, 1)), now), Status::Done);
        assert_eq!(table.answer(peer, Ask::Ping, now), Status::NoSubscription, "the last topic is gone");
    }

    #[test]
    fn the_deployed_limits_are_kept_and_what_is_refused_changes_nothing() {
        let mut table = table(FilterLimits::default());
        let peers: Vec<_> = (0..21).map(|_| PeerId::random()).collect();

        for from in (0..1000).step_by(100) {
            assert_eq!(subscribe(&mut table, peers[0], from, from + 100), Status::Done);
        }
        assert_eq!(subscribe(&mut table, peers[0], 999, 1001).code(), 503);
        assert_eq!(table.all[&peers[0]].criteria.len(), 1000);
        assert_eq!(subscribe(&mut table, peers[0], 0, 100), Status::Done, "what it has already is no more");
        for peer in &peers[1..20] {
            assert_eq!(subscribe(&mut table, *peer, 0, 1), Status::Done);
        }
        assert_eq!(subscribe(&mut table, peers[20], 0, 1).code(), 503);
        assert_eq!(table.all.len(), 20);
    }

    #[test]
    fn a_topic_that_is_not_carried_is_refused() {
        let mut table = table(FilterLimits::default());
        let mut elsewhere = criteria(0, 2);
        elsewhere[1].pubsub_topic = "/waku/2/rs/16/33".to_owned();

        let status = table.answer(PeerId::random(), Ask::Subscribe(elsewhere), Instant::now());

        assert_eq!(status.code(), 400);
        assert!(table.all.is_empty());
    }

    #[test]
    fn who_is_not_heard_of_loses_its_subscription_and_pings_keep_it() {
        let (mut table, now) = (table(FilterLimits::default()), Instant::now());
        let [silent, alive] = [PeerId::random(), PeerId::random()];
        subscribe(&mut table, silent, 0, 1);
        subscribe(&mut table, alive, 0, 1);

        let later = now + Duration::from_secs(4 * 60);
        assert_eq!(table.answer(alive, Ask::Ping, later), Status::Done);

        assert_eq!(table.wanting(&criteria(0, 1)[0], later + Duration::from_secs(61)), [alive]);
        assert!(!table.contains(&silent));
    }

    #[test]
    fn failures_in_a_row_end_a_subscription() {
        let (mut table, peer) = (table(FilterLimits::default()), PeerId::random());
        subscribe(&mut table, peer, 0, 1);

        assert!(!table.failed(&peer) && !table.failed(&peer));
        table.pushed(&peer);
        assert!(!table.failed(&peer) && !table.failed(&peer));
        assert!(table.failed(&peer));
        assert!(!table.contains(&peer));
    }
}
