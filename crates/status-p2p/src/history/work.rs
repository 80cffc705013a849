//! The task that fulfils wishes and looks for what is missing.

use std::collections::BTreeSet;

use futures::StreamExt;
use status_layer::{History, NetworkEvent, Topic};
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until};

use super::cover::Cover;
use super::visit::{Care, Desk, Span, spans};
use super::wish::{Wishes, nanos, timestamp};
use crate::Clock;
use crate::config::Asking;

/// Spans that are looked at at the same time.
const AT_ONCE: usize = 3;
/// How long a node that just joined gets to say what it speaks.
const SETTLING: Duration = Duration::from_millis(200);
/// How often the owner hears that nothing is missing; it has to note it.
const REPORT: Duration = Duration::from_secs(10 * 60);

/// Fulfils wishes one after the other; if there are none, looks for what is missing.
pub(super) struct Work {
    desk: Desk,
    clock: Clock,
    asking: Asking,
    watched: watch::Receiver<BTreeSet<Topic>>,
    wishes: Wishes,
    cover: Cover,
    /// Up to this time nothing of what is watched is missing, in nanoseconds since the Unix epoch.
    checked: i64,
    /// When the next wish is tried, and when is looked for what is missing; never, if nobody can be asked.
    next_try: Option<Instant>,
    next_check: Option<Instant>,
    next_report: Instant,
}

impl Work {
    pub(super) fn new(
        desk: Desk,
        clock: Clock,
        asking: Asking,
        watched: watch::Receiver<BTreeSet<Topic>>,
    ) -> Self {
        Self {
            desk,
            asking,
            watched,
            wishes: Wishes::default(),
            cover: Cover::default(),
            checked: clock.nanos(),
            clock,
            next_try: None,
            next_check: None,
            next_report: Instant::now(),
        }
    }

    /// Runs until the node ends.
    pub(super) async fn run(mut self, mut wishes: mpsc::Receiver<History>, mut peers: watch::Receiver<u64>) {
        let mut anybody = false;
        loop {
            let (next_try, next_check) = (self.next_try, self.next_check);
            let tries = next_try.is_some() && !self.wishes.is_empty();
            let checks = next_check.is_some() && self.wishes.is_empty();
            tokio::select! {
                wish = wishes.recv() => match wish {
                    Some(wish) => self.wish(wish).await,
                    None => return,
                },
                Ok(()) = peers.changed() => {
                    let before = std::mem::replace(&mut anybody, self.desk.nodes.any());
                    if anybody && (!before || self.next_try.is_none()) {
                        // Whoever was alone has missed something.
                        let soon = Instant::now() + SETTLING;
                        self.next_try = Some(self.next_try.map_or(soon, |at| at.min(soon)));
                        self.next_check = Some(soon);
                    }
                }
                Ok(()) = self.watched.changed() => self.note_watched(),
                () = sleep_until(next_try.unwrap_or_else(Instant::now)), if tries => self.fulfil().await,
                () = sleep_until(next_check.unwrap_or_else(Instant::now)), if checks => self.check().await,
            }
        }
    }

    async fn wish(&mut self, history: History) {
        self.wishes.add(history);
        self.next_try = Some(self.next_try.unwrap_or_else(Instant::now));
        if self.desk.nodes.pick(&self.desk.route.of(""), &[]).is_none() {
            self.nobody().await;
        }
    }

    /// Looks at one window of the first wish.
    async fn fulfil(&mut self) {
        let now = self.clock.nanos();
        let Some(wish) = self.wishes.first() else { return };
        let spans = wish.spans(&self.desk.route, now, self.asking.window);
        if spans.is_empty() {
            return self.fulfilled().await;
        }
        let left = visit_all(&self.desk, spans, Care::Fetch).await;
        let Some(wish) = self.wishes.first() else { return };
        let is_stuck = !left.is_empty();
        if let Some(until) = wish.left(left) {
            let history = wish.history.clone();
            // What is on its way to archives comes with a later check.
            let until = until.min(now.saturating_sub(nanos(self.asking.delay)));
            self.desk.report(NetworkEvent::Covered(history, timestamp(until))).await;
        }
        if is_stuck {
            return self.nobody().await;
        }
        let window = self.asking.window;
        if self.wishes.first().is_some_and(|wish| wish.spans(&self.desk.route, now, window).is_empty()) {
            self.fulfilled().await;
        }
    }

    async fn fulfilled(&mut self) {
        let Some(history) = self.wishes.done() else { return };
        self.note_watched();
        self.cover.fetched(&history);
        self.desk.report(NetworkEvent::Fetched(history)).await;
        self.desk.begin();
        // What all wishes together have covered is told with the next check.
        self.next_report = Instant::now();
        self.next_check = Some(Instant::now());
    }

    /// Tells once of each wish, and each window of it, that it has to wait.
    async fn nobody(&mut self) {
        for wish in self.wishes.all().filter(|wish| !wish.is_told) {
            wish.is_told = true;
            self.desk.report(NetworkEvent::NoHistory(wish.history.clone())).await;
        }
        self.next_try = self.desk.nodes.next_fit();
    }

    /// Looks whether something of the last minutes is missing.
    async fn check(&mut self) {
        self.note_watched();
        let now = self.clock.nanos();
        self.next_check = Some(Instant::now() + self.asking.every);
        // Each time is looked at twice, by different nodes in turn.
        let from = self.checked.min(now).saturating_sub(nanos(self.asking.every));
        let all = now.saturating_sub(nanos(self.asking.delay));
        let until = all.min(from.saturating_add(nanos(self.asking.window)));
        let topics: Vec<Topic> = self.watched.borrow().iter().cloned().collect();
        if topics.is_empty() || until <= from {
            return;
        }
        let spans = spans(&self.desk.route, &topics, from, until);
        if !visit_all(&self.desk, spans, Care::Check).await.is_empty() {
            self.next_check = self.desk.nodes.next_fit().map(|fit| fit.max(Instant::now() + SETTLING));
            return;
        }
        self.checked = until;
        if until < all {
            // It was a long sleep.
            self.next_check = Some(Instant::now());
        }
        let found = self.desk.messages() > 0;
        self.desk.begin();
        if found || self.next_report <= Instant::now() {
            self.next_report = Instant::now() + REPORT;
            if let Some(history) = self.cover.all() {
                self.desk.report(NetworkEvent::Covered(history, timestamp(until))).await;
            }
        }
    }

    fn note_watched(&mut self) {
        let watched = self.watched.borrow_and_update();
        self.cover.watch(&watched, timestamp(self.clock.nanos()));
    }
}

/// Visits nodes for all spans; returns those that nobody answered.
async fn visit_all(desk: &Desk, spans: Vec<Span>, care: Care) -> Vec<Span> {
    let visits = futures::stream::iter(spans).map(|span| async {
        let outcome = desk.visit(&span, care).await;
        outcome.err().map(|_| span)
    });
    visits.buffer_unordered(AT_ONCE).filter_map(futures::future::ready).collect().await
}
