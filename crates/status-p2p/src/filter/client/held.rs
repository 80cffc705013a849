//! What is subscribed to with whom, and who is not to be asked for a while.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libp2p::PeerId;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::super::Criterion;
use super::super::watchdog::Watchdog;
use crate::{Light, MessageHash};

/// Nodes whose failures are remembered. Who failed longest ago is forgotten first.
const MAX_BENCHED: usize = 256;

/// The subscriptions of a light node. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Filters {
    state: Arc<Mutex<State>>,
    ready: Arc<watch::Sender<BTreeSet<PeerId>>>,
    followed: Arc<Notify>,
    settled: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    sessions: HashMap<PeerId, Held>,
    dog: Watchdog,
}

/// What one node was asked to push, and since when it surely does.
type Held = BTreeMap<Criterion, Option<Instant>>;

impl Filters {
    pub(crate) fn new(light: Light) -> Self {
        let state = State { sessions: HashMap::new(), dog: Watchdog::new(light.echo) };
        Self {
            state: Arc::new(Mutex::new(state)),
            ready: Arc::new(watch::Sender::new(BTreeSet::new())),
            followed: Arc::default(),
            settled: Arc::default(),
        }
    }

    /// Those with whom everything that was watched at some moment is subscribed to.
    pub(crate) fn ready(&self) -> BTreeSet<PeerId> {
        self.ready.borrow().clone()
    }

    /// Changes with [`Filters::ready`].
    pub(crate) fn changes(&self) -> watch::Receiver<BTreeSet<PeerId>> {
        self.ready.subscribe()
    }

    /// A message was said by this node, or is known from history: those who filter should bring it.
    pub(crate) fn said(&self, hash: MessageHash, criterion: Criterion, now: Instant) {
        let mut state = self.lock();
        if state.sessions.values().any(|held| held.contains_key(&criterion)) {
            state.dog.said(hash, criterion, None, now);
            self.followed.notify_one();
        }
    }

    pub(super) fn begin(&self, peer: PeerId) {
        self.lock().sessions.insert(peer, Held::new());
    }

    pub(super) fn end(&self, peer: &PeerId) {
        self.lock().sessions.remove(peer);
        self.ready.send_if_modified(|ready| ready.remove(peer));
    }

    /// Whether the node was asked to push anything.
    pub(super) fn knows(&self, peer: &PeerId) -> bool {
        self.lock().sessions.contains_key(peer)
    }

    /// A node pushed a message; returns whether it was asked to.
    pub(super) fn brought(
        &self,
        peer: PeerId,
        hash: MessageHash,
        criterion: Criterion,
        now: Instant,
    ) -> bool {
        let mut state = self.lock();
        let asked = state.sessions.get(&peer).is_some_and(|held| held.contains_key(&criterion));
        if asked {
            state.dog.said(hash, criterion, Some(peer), now);
            self.followed.notify_one();
        }
        asked
    }

    /// What to give up and what to ask for, so that the node pushes what is wanted and nothing else.
    pub(super) fn difference(
        &self,
        peer: &PeerId,
        wanted: &BTreeSet<Criterion>,
    ) -> (Vec<Criterion>, Vec<Criterion>) {
        let state = self.lock();
        let Some(held) = state.sessions.get(peer) else { return (Vec::new(), Vec::new()) };
        let less = held.keys().filter(|criterion| !wanted.contains(*criterion)).cloned().collect();
        let more = wanted.iter().filter(|criterion| !held.contains_key(*criterion)).cloned().collect();
        (less, more)
    }

    /// The node is about to be asked; it may push before its answer comes.
    pub(super) fn ask(&self, peer: &PeerId, criteria: &[Criterion]) {
        if let Some(held) = self.lock().sessions.get_mut(peer) {
            held.extend(criteria.iter().map(|criterion| (criterion.clone(), None)));
        }
    }

    /// The node agreed.
    pub(super) fn agreed(&self, peer: &PeerId, criteria: &[Criterion], now: Instant) {
        if let Some(held) = self.lock().sessions.get_mut(peer) {
            for criterion in criteria {
                if let Some(since) = held.get_mut(criterion) {
                    *since = Some(now);
                }
            }
        }
    }

    /// What the node pushes of this is not wanted any more.
    pub(super) fn give_up(&self, peer: &PeerId, criteria: &[Criterion]) {
        if let Some(held) = self.lock().sessions.get_mut(peer) {
            held.retain(|criterion, _| !criteria.contains(criterion));
        }
    }

    /// The node has forgotten us. Returns whether it had anything to forget.
    pub(super) fn forget_all(&self, peer: &PeerId) -> bool {
        let mut state = self.lock();
        state.sessions.get_mut(peer).is_some_and(|held| !std::mem::take(held).is_empty())
    }

    /// Whether the node was asked for anything.
    pub(super) fn holds_any(&self, peer: &PeerId) -> bool {
        self.lock().sessions.get(peer).is_some_and(|held| !held.is_empty())
    }

    /// Those who were asked for anything.
    pub(super) fn holders(&self) -> Vec<PeerId> {
        let state = self.lock();
        state.sessions.iter().filter(|(_, held)| !held.is_empty()).map(|(peer, _)| *peer).collect()
    }

    /// Everything watched is subscribed to with this node.
    pub(super) fn settle(&self, peer: PeerId) {
        self.ready.send_if_modified(|ready| ready.insert(peer));
        self.settled.notify_one();
    }

    /// Waits until some node has everything.
    pub(super) async fn made_ready(&self) {
        self.settled.notified().await;
    }

    /// Waits until another message is followed.
    pub(super) async fn follows_more(&self) {
        self.followed.notified().await;
    }

    /// When [`Filters::silent`] has something to say at the earliest.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().dog.next_due()
    }

    /// Those who did not bring what they should have brought by now.
    pub(super) fn silent(&self, now: Instant) -> BTreeSet<PeerId> {
        let mut state = self.lock();
        let mut silent = BTreeSet::new();
        while let Some(over) = state.dog.take_due(now) {
            let should = state.sessions.iter().filter(|(peer, held)| {
                let since = held.get(&over.criterion).copied().flatten();
                since.is_some_and(|since| since <= over.since) && !over.brought.contains(*peer)
            });
            silent.extend(should.map(|(peer, _)| *peer));
        }
        silent
    }

    // Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nodes that failed. They are asked again when there is nobody else, later and later, or when it is long ago.
#[derive(Debug)]
pub(super) struct Bench {
    light: Light,
    failed: HashMap<PeerId, (Instant, u32)>,
}

impl Bench {
    pub(super) fn new(light: Light) -> Self {
        Self { light, failed: HashMap::new() }
    }

    /// A node failed.
    pub(super) fn put(&mut self, peer: PeerId, now: Instant) {
        let times = self.failed.get(&peer).map_or(0, |(_, times)| *times);
        if self.failed.len() >= MAX_BENCHED
            && !self.failed.contains_key(&peer)
            && let Some(oldest) = self.failed.iter().min_by_key(|(_, (at, _))| *at).map(|(peer, _)| *peer)
        {
            self.failed.remove(&oldest);
        }
        self.failed.insert(peer, (now, times.saturating_add(1)));
    }

    /// A node does what it should: its next failure counts as the first one.
    pub(super) fn well(&mut self, peer: &PeerId) {
        if let Some((_, times)) = self.failed.get_mut(peer) {
            *times = 0;
        }
    }

    /// Whether a node failed before.
    pub(super) fn knows(&self, peer: &PeerId) -> bool {
        self.failed.contains_key(peer)
    }

    /// Whom to ask now: the first who did not fail lately, else who failed longest ago and may be asked again.
    pub(super) fn choose(&self, peers: &[PeerId], now: Instant) -> Option<PeerId> {
        let fresh =
            |peer: &&PeerId| self.failed.get(*peer).is_none_or(|(at, _)| *at + self.light.bench <= now);
        let again = || {
            let may = peers.iter().filter(|peer| self.again(peer).is_none_or(|at| at <= now));
            may.min_by_key(|peer| self.failed.get(*peer).map(|(at, _)| *at))
        };
        peers.iter().find(fresh).or_else(again).copied()
    }

    /// When one of these may be asked at the earliest.
    pub(super) fn next_choice(&self, peers: &[PeerId]) -> Option<Instant> {
        peers.iter().filter_map(|peer| self.again(peer)).min()
    }

    fn again(&self, peer: &PeerId) -> Option<Instant> {
        let (at, times) = self.failed.get(peer)?;
        let doubled = self.light.patience.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1)));
        Some(*at + doubled.min(self.light.bench))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::WakuMessage;

    fn criterion(name: &str) -> Criterion {
        Criterion { pubsub_topic: "/waku/2/rs/16/32".to_owned(), content_topic: name.to_owned() }
    }

    fn hash(number: u8) -> MessageHash {
        WakuMessage { payload: vec![number], ..WakuMessage::default() }.hash("")
    }

    #[test]
    fn pushes_are_taken_from_those_who_were_asked_and_of_what_they_were_asked_for() {
        let filters = Filters::new(Light::default());
        let ([asked, stranger], now) = ([PeerId::random(), PeerId::random()], Instant::now());
        filters.begin(asked);
        filters.ask(&asked, &[criterion("a")]);

        assert!(filters.brought(asked, hash(1), criterion("a"), now), "also before it answers");
        assert!(!filters.brought(asked, hash(2), criterion("b"), now));
        assert!(!filters.brought(stranger, hash(1), criterion("a"), now));
        filters.give_up(&asked, &[criterion("a")]);
        assert!(!filters.brought(asked, hash(1), criterion("a"), now));
    }

    #[test]
    fn who_does_not_bring_what_it_should_is_silent() {
        let (light, now) = (Light::default(), Instant::now());
        let filters = Filters::new(light);
        let [good, silent, late, other] = [(); 4].map(|()| PeerId::random());
        for (peer, topic) in [(good, "a"), (silent, "a"), (late, "a"), (other, "b")] {
            filters.begin(peer);
            filters.ask(&peer, &[criterion(topic)]);
        }
        for (peer, topic) in [(good, "a"), (silent, "a"), (other, "b")] {
            filters.agreed(&peer, &[criterion(topic)], now);
        }
        let said = now + Duration::from_secs(1);

        filters.brought(good, hash(1), criterion("a"), said);
        filters.agreed(&late, &[criterion("a")], said + Duration::from_secs(1));

        assert!(filters.silent(said + light.echo / 2).is_empty());
        assert_eq!(filters.silent(said + light.echo), [silent].into());
    }

    #[test]
    fn what_this_node_said_itself_has_to_come_back() {
        let (light, now) = (Light::default(), Instant::now());
        let filters = Filters::new(light);
        let peer = PeerId::random();
        filters.begin(peer);
        filters.ask(&peer, &[criterion("a")]);
        filters.agreed(&peer, &[criterion("a")], now);

        filters.said(hash(1), criterion("nobody listens here"), now);
        assert_eq!(filters.next_due(), None);
        filters.said(hash(2), criterion("a"), now);
        filters.said(hash(3), criterion("a"), now);
        filters.brought(peer, hash(2), criterion("a"), now);

        assert_eq!(filters.silent(now + light.echo), [peer].into());
    }

    #[test]
    fn the_difference_is_asked_for_and_nothing_else() {
        let filters = Filters::new(Light::default());
        let peer = PeerId::random();
        filters.begin(peer);
        filters.ask(&peer, &[criterion("a"), criterion("b")]);

        let (less, more) = filters.difference(&peer, &[criterion("b"), criterion("c")].into());

        assert_eq!((less, more), (vec![criterion("a")], vec![criterion("c")]));
    }

    #[test]
    fn who_failed_is_asked_when_there_is_nobody_else_later_and_later() {
        let (light, now) = (Light::default(), Instant::now());
        let mut bench = Bench::new(light);
        let [a, b] = [PeerId::random(), PeerId::random()];

        bench.put(a, now);
        assert_eq!(bench.choose(&[a, b], now), Some(b));
        assert_eq!(bench.choose(&[a], now), None);
        assert_eq!(bench.next_choice(&[a]), Some(now + light.patience));
        assert_eq!(bench.choose(&[a], now + light.patience), Some(a));

        bench.put(a, now);
        assert_eq!(bench.next_choice(&[a]), Some(now + 2 * light.patience));
        bench.well(&a);
        bench.put(a, now);
        assert_eq!(bench.next_choice(&[a]), Some(now + light.patience));
        assert_eq!(bench.choose(&[a, b], now + light.bench), Some(a), "it is long ago");
    }
}
