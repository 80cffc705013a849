//! Whom to ask: not too fast, and not those who just failed.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::{Instant, sleep_until};

use crate::address::short;
use crate::store::{AskError, Client, Cursor, Dialect, EACH, Found};
use crate::stream::StreamError;
use crate::{PubsubTopic, Query};

/// Nodes of which it is remembered how they answered.
const MAX_REMEMBERED: usize = 512;
/// The longest rest of a node that fails.
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);
/// How long a node that has too much to do is left alone at least.
const TOO_MANY_REST: Duration = Duration::from_secs(30);
/// Doublings of the rest that are counted.
const MAX_DOUBLINGS: u32 = 16;
const TOO_MANY: u32 = 429;

/// A node that can be asked.
pub(super) type Keeper = (PeerId, Dialect);

/// The nodes that keep history.
pub(super) struct Nodes {
    client: Client,
    rest: Duration,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    turn: usize,
    standings: HashMap<PeerId, Standing>,
}

/// How a node has answered.
#[derive(Clone, Copy)]
struct Standing {
    failures: u32,
    /// Until then it is not asked because it failed.
    rests: Instant,
    /// Until then it is not asked because it was asked.
    next: Instant,
}

impl Nodes {
    pub(super) fn new(client: Client, rest: Duration) -> Self {
        Self { client, rest, book: Mutex::default() }
    }

    /// Whether anybody is connected who keeps history.
    pub(super) fn any(&self) -> bool {
        !self.client.keepers(None).is_empty()
    }

    /// The next one in turn who may have what was said on a gossip topic, is not among `tried` and does not rest. Who speaks
    /// only the older protocol comes last.
    pub(super) fn pick(&self, pubsub_topic: &str, tried: &[PeerId]) -> Option<Keeper> {
        let shard = match pubsub_topic.parse() {
            Ok(PubsubTopic::Shard { shard, .. }) => Some(shard),
            _ => None,
        };
        let keepers = self.client.keepers(shard);
        let now = Instant::now();
        let mut book = self.lock();
        let fit: Vec<Keeper> = keepers
            .into_iter()
            .filter(|(peer, _)| !tried.contains(peer))
            .filter(|(peer, _)| book.standings.get(peer).is_none_or(|standing| standing.rests <= now))
            .collect();
        let dialect = fit.first()?.1;
        let best = fit.iter().filter(|(_, speaks)| *speaks == dialect);
        book.turn = book.turn.wrapping_add(1);
        let place = book.turn.checked_rem(best.clone().count())?;
        best.copied().nth(place)
    }

    /// When the first of those who rest can be asked again; not at once.
    pub(super) fn next_fit(&self) -> Option<Instant> {
        let keepers = self.client.keepers(None);
        let book = self.lock();
        let rests =
            keepers.iter().filter_map(|(peer, _)| book.standings.get(peer)).map(|standing| standing.rests);
        rests.min().map(|rests| rests.max(Instant::now() + self.rest))
    }

    /// Asks a node for one page, in its time, and remembers how it answered.
    pub(super) async fn page(
        &self,
        keeper: Keeper,
        query: &Query,
        behind: Option<&Cursor>,
    ) -> Result<Found, AskError> {
        sleep_until(self.take_turn(keeper.0)).await;
        let found = self.client.page(keeper, query, behind).await;
        match &found {
            Ok(_) => self.answered(keeper.0),
            // A smaller page may do.
            Err(AskError::Stream(StreamError::TooLarge { .. })) if query.page_size() > 1 => {}
            Err(error) => self.failed(keeper.0, *error),
        }
        found
    }

    /// Notes that what a node said cannot be true.
    pub(super) fn lied(&self, peer: PeerId) {
        self.failed(peer, AskError::Untrue);
    }

    fn take_turn(&self, peer: PeerId) -> Instant {
        let now = Instant::now();
        let mut book = self.lock();
        let standing = book.of(peer, now);
        let turn = standing.next.max(now);
        standing.next = turn + EACH;
        turn
    }

    fn answered(&self, peer: PeerId) {
        self.lock().of(peer, Instant::now()).failures = 0;
    }

    fn failed(&self, peer: PeerId, error: AskError) {
        let now = Instant::now();
        let mut book = self.lock();
        let standing = book.of(peer, now);
        let doublings = standing.failures.min(MAX_DOUBLINGS);
        standing.failures = standing.failures.saturating_add(1);
        let rest = self.rest.saturating_mul(1 << doublings).min(LONGEST_REST);
        let rest = match error {
            AskError::Refused { code: TOO_MANY } => rest.max(TOO_MANY_REST),
            AskError::Untrue => LONGEST_REST,
            _ => rest,
        };
        standing.rests = now + rest;
        tracing::info!(node = %short(&peer), %error, ?rest, "history was not given");
    }

    // Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn of(&mut self, peer: PeerId, now: Instant) -> &mut Standing {
        if self.standings.len() >= MAX_REMEMBERED && !self.standings.contains_key(&peer) {
            self.standings.retain(|_, standing| standing.rests > now);
            let soonest = self.standings.iter().min_by_key(|(_, standing)| standing.rests);
            if let Some(peer) =
                soonest.map(|(peer, _)| *peer).filter(|_| self.standings.len() >= MAX_REMEMBERED)
            {
                self.standings.remove(&peer);
            }
        }
        self.standings.entry(peer).or_insert(Standing { failures: 0, rests: now, next: now })
    }
}
