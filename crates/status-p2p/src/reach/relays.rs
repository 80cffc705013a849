//! Which of the connected nodes relay to this one.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::Reach;

/// Nodes that are remembered as offering to relay.
const MAX_OFFERS: usize = 64;
/// The first wait after a node has refused; each further one is twice as long, up to an hour.
const REFUSED: Duration = Duration::from_secs(60);
/// The longest wait after a node has refused.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Chooses relays among the nodes that offer it, one at a time, and holds as many as are wanted while this node is not
/// reached directly. It asks nobody itself.
#[derive(Debug)]
pub(crate) struct Relays {
    most: usize,
    every: Duration,
    next: Instant,
    reached: bool,
    offers: BTreeMap<PeerId, Offer>,
    used: HashMap<ListenerId, Use>,
}

#[derive(Debug)]
struct Offer {
    address: Multiaddr,
    refusals: u32,
    not_before: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    relay: PeerId,
    granted: bool,
}

impl Relays {
    pub(crate) fn new(reach: &Reach, now: Instant) -> Self {
        Self {
            most: reach.relays,
            every: reach.relays_every,
            next: now + reach.relays_after,
            reached: false,
            offers: BTreeMap::new(),
            used: HashMap::new(),
        }
    }

    /// A connected node of our cluster offers to relay; `address` leads to it.
    pub(crate) fn offered(&mut self, relay: PeerId, address: Multiaddr, now: Instant) {
        if self.offers.len() < MAX_OFFERS {
            self.offers.entry(relay).or_insert(Offer { address, refusals: 0, not_before: now });
        }
    }

    /// A node is no longer connected.
    pub(crate) fn gone(&mut self, relay: &PeerId) {
        self.offers.remove(relay);
    }

    /// Whether this node is reached directly. If so, what relays hold for it is given back: the listeners to be closed.
    pub(crate) fn reached(&mut self, reached: bool) -> Vec<ListenerId> {
        self.reached = reached;
        if reached { self.used.keys().copied().collect() } else { Vec::new() }
    }

    /// When a relay is to be asked next, if one is wanted and there is one.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        if self.reached || self.used.len() >= self.most {
            return None;
        }
        let free = self.offers.iter().filter(|(relay, _)| !self.is_used(relay));
        free.map(|(_, offer)| offer.not_before.max(self.next)).min()
    }

    /// The relay to be asked now: the one that has refused least.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(PeerId, Multiaddr)> {
        if self.next_due().is_none_or(|at| at > now) {
            return None;
        }
        self.next = now + self.every;
        let free =
            self.offers.iter().filter(|(relay, offer)| !self.is_used(relay) && offer.not_before <= now);
        let (relay, offer) = free.min_by_key(|(_, offer)| offer.refusals)?;
        Some((*relay, offer.address.clone()))
    }

    /// The relay was asked; the listener stands for what it holds.
    pub(crate) fn asked(&mut self, relay: PeerId, listener: ListenerId) {
        self.used.insert(listener, Use { relay, granted: false });
    }

    /// The relay holds a place for this node.
    pub(crate) fn granted(&mut self, relay: &PeerId) {
        for held in self.used.values_mut().filter(|held| held.relay == *relay) {
            held.granted = true;
        }
        if let Some(offer) = self.offers.get_mut(relay) {
            offer.refusals = 0;
        }
    }

    /// A listener is closed: a relay refused, or no longer holds the place. `true` if it was one of these.
    pub(crate) fn closed(&mut self, listener: ListenerId, now: Instant) -> bool {
        let Some(held) = self.used.remove(&listener) else { return false };
        self.refused(held.relay, now);
        true
    }

    /// The relay cannot be asked, or refused.
    pub(crate) fn refused(&mut self, relay: PeerId, now: Instant) {
        if let Some(offer) = self.offers.get_mut(&relay) {
            let wait = REFUSED.saturating_mul(2_u32.saturating_pow(offer.refusals)).min(LONGEST);
            offer.refusals = offer.refusals.saturating_add(1);
            offer.not_before = now + wait;
        }
    }

    /// How many relays hold a place for this node.
    pub(crate) fn held(&self) -> usize {
        self.used.values().filter(|held| held.granted).count()
    }

    /// Whether a node relays to this one, or was asked to.
    pub(crate) fn is_used(&self, relay: &PeerId) -> bool {
        self.used.values().any(|held| held.relay == *relay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn relays(offers: usize) -> (Relays, Vec<PeerId>, Instant) {
        let now = Instant::now();
        let reach =
            Reach { relays: 2, relays_after: 10 * SECOND, relays_every: 2 * SECOND, ..Reach::default() };
        let mut relays = Relays::new(&reach, now);
        let peers: Vec<PeerId> = (0..offers).map(|_| PeerId::random()).collect();
        for peer in &peers {
            relays.offered(*peer, Multiaddr::empty(), now);
        }
        (relays, peers, now)
    }

    fn ask(relays: &mut Relays, now: Instant) -> (PeerId, ListenerId) {
        let (peer, _) = relays.take_due(now).expect("a relay is due");
        let listener = ListenerId::next();
        relays.asked(peer, listener);
        (peer, listener)
    }

    #[test]
    fn relays_are_asked_after_a_while_one_by_one_and_not_more_than_are_wanted() {
        let (mut relays, _, now) = relays(5);

        assert_eq!(relays.next_due(), Some(now + 10 * SECOND));
        assert!(relays.take_due(now + 9 * SECOND).is_none());
        let (first, _) = ask(&mut relays, now + 10 * SECOND);
        assert_eq!(relays.next_due(), Some(now + 12 * SECOND));
        let (second, _) = ask(&mut relays, now + 12 * SECOND);

        assert_ne!(first, second);
        assert_eq!(relays.next_due(), None);
        assert_eq!(relays.held(), 0);
        relays.granted(&first);
        assert_eq!(relays.held(), 1);
    }

    #[test]
    fn who_refused_is_asked_again_after_a_minute_then_two() {
        let (mut relays, _, now) = relays(1);
        let at = now + 10 * SECOND;

        let (_, listener) = ask(&mut relays, at);
        assert!(relays.closed(listener, at));
        assert_eq!(relays.next_due(), Some(at + REFUSED));
        let (_, listener) = ask(&mut relays, at + REFUSED);
        assert!(relays.closed(listener, at + REFUSED));

        assert_eq!(relays.next_due(), Some(at + 3 * REFUSED));
        assert!(!relays.closed(listener, at), "it is not known any more");
    }

    #[test]
    fn another_relay_takes_the_place_of_one_that_is_lost() {
        let (mut relays, peers, now) = relays(2);
        let at = now + 20 * SECOND;
        relays.most = 1;
        let (first, listener) = ask(&mut relays, at);
        relays.granted(&first);

        relays.closed(listener, at);
        relays.gone(&first);
        let (second, _) = ask(&mut relays, at + 2 * SECOND);

        assert_ne!(first, second);
        assert!(peers.contains(&second));
    }

    #[test]
    fn who_is_reached_directly_needs_no_relay() {
        let (mut relays, _, now) = relays(2);
        let (_, listener) = ask(&mut relays, now + 10 * SECOND);

        assert_eq!(relays.reached(true), [listener]);
        relays.closed(listener, now + 10 * SECOND);
        assert_eq!(relays.next_due(), None);
        assert!(relays.reached(false).is_empty());
        assert!(relays.next_due().is_some());
    }

    #[test]
    fn offers_are_bounded() {
        let (relays, ..) = relays(10_000);

        assert_eq!(relays.offers.len(), MAX_OFFERS);
    }
}
