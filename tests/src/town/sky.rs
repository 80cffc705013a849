//! The network over a town: frames take time, get lost and come twice; lines are cut; an archive has what was published.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use futures::future::poll_fn;
use status_chat::{Clock, Timestamp};
use status_layer::testing::{SeededRng, rng};
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Topic, Unpublished};

use super::TownClock;

/// How rough the network is.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Of a hundred frames on a line, so many are lost.
    pub loss: u64,
    /// Of a hundred frames on a line, so many come twice.
    pub twice: u64,
    /// The longest that a frame is under way, in milliseconds. Frames overtake each other.
    pub delay: u64,
}

/// The network over a town.
#[derive(Clone)]
pub struct Sky {
    inner: Arc<Mutex<Inner>>,
    clock: TownClock,
}

/// One line of a [`Sky`], held by the client at its end.
pub struct Port {
    sky: Sky,
    line: usize,
    /// Which of the clients that held this line so far.
    holder: u64,
}

struct Inner {
    weather: Weather,
    rng: SeededRng,
    /// Whether nodes find in the archive what they missed.
    looks: bool,
    lines: Vec<Line>,
    archive: VecDeque<(Timestamp, Frame)>,
}

#[derive(Default)]
struct Line {
    /// Whether somebody is at the end of the line.
    held: bool,
    holder: u64,
    /// Since when the line is cut.
    cut: Option<Timestamp>,
    topics: BTreeSet<Topic>,
    events: VecDeque<NetworkEvent>,
    waker: Option<Waker>,
}

/// Frames that the archive keeps.
const MAX_ARCHIVE: usize = 200_000;

/// How long it takes until a node that looks has found what it missed while its line was cut.
const FOUND: Duration = Duration::from_secs(60);

/// How long the archive takes for an answer.
const ARCHIVE: Duration = Duration::from_millis(200);

impl Sky {
    /// A sky with this weather, whose dice follow from `seed`.
    #[must_use]
    pub fn new(seed: u64, weather: Weather) -> Self {
        let inner =
            Inner { weather, rng: rng(seed), looks: false, lines: Vec::new(), archive: VecDeque::new() };
        Self { inner: Arc::new(Mutex::new(inner)), clock: TownClock::new() }
    }

    /// The time over the town.
    #[must_use]
    pub const fn clock(&self) -> TownClock {
        self.clock
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// From now on the nodes at the ends of all lines look into the archive, as those of the network layer do: what was lost on
    /// the way comes within two minutes. Data sync alone brings it only to one device of a user.
    pub fn look_into_the_archive(&self) {
        self.lock().looks = true;
    }

    /// Cuts a line, or mends it.
    pub fn cut(&self, line: usize, cut: bool) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let looks = inner.looks;
        let Some(at) = inner.line(line) else { return };
        if at.cut.is_some() == cut {
            return;
        }
        let since = at.cut.take();
        at.cut = cut.then_some(now);
        let (holder, topics) = (at.holder, at.topics.clone());
        inner.tell(line, NetworkEvent::Online(!cut));
        let Some(since) = since.filter(|_| looks) else { return };
        let missed = inner.archived(since, |frame| topics.contains(&frame.topic));
        drop(inner);
        for frame in missed {
            self.later(line, holder, FOUND, NetworkEvent::Frame(frame));
        }
    }

    /// At how many places whoever is at the end of a line listens.
    #[must_use]
    pub fn watched(&self, line: usize) -> usize {
        self.lock().line(line).map_or(0, |at| at.topics.len())
    }

    /// Lays a line to whoever is to hold it.
    #[must_use]
    pub fn new_line(&self) -> usize {
        let mut inner = self.lock();
        inner.lines.push(Line::default());
        inner.lines.len() - 1
    }

    /// Takes the line; whoever held it before holds it no more.
    #[must_use]
    pub fn port(&self, line: usize) -> Port {
        let mut inner = self.lock();
        let mut holder = 0;
        if let Some(at) = inner.lines.get_mut(line) {
            holder = at.holder + 1;
            *at = Line { held: true, holder, cut: at.cut, ..Line::default() };
            if at.cut.is_none() {
                at.events.push_back(NetworkEvent::Online(true));
            }
        }
        Port { sky: self.clone(), line, holder }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something happen at the end of a line later, unless the line is cut then or its client another.
    fn later(&self, line: usize, holder: u64, delay: Duration, event: NetworkEvent) {
        let sky = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let mut inner = sky.lock();
            if inner.line(line).is_some_and(|at| at.held && at.holder == holder && at.cut.is_none()) {
                inner.tell(line, event);
            }
        });
    }
}

impl Inner {
    fn line(&mut self, line: usize) -> Option<&mut Line> {
        self.lines.get_mut(line)
    }

    fn tell(&mut self, line: usize, event: NetworkEvent) {
        if let Some(at) = self.line(line).filter(|at| at.held) {
            at.events.push_back(event);
            if let Some(waker) = at.waker.take() {
                waker.wake();
            }
        }
    }

    /// What was published from a time on, of what is wanted.
    fn archived(&self, since: Timestamp, wanted: impl Fn(&Frame) -> bool) -> Vec<Frame> {
        let of_interest = |(at, frame): &&(Timestamp, Frame)| *at >= since && wanted(frame);
        self.archive.iter().filter(of_interest).map(|(_, frame)| frame.clone()).collect()
    }

    /// After how long each copy of a frame comes out at the end of a line.
    fn copies(&mut self) -> Vec<Duration> {
        let Weather { loss, twice, delay } = self.weather;
        if self.rng.chance(loss) {
            let found = Duration::from_millis(60_000 + self.rng.below(60_000));
            return self.looks.then_some(found).into_iter().collect();
        }
        let copies = 1 + usize::from(self.rng.chance(twice));
        (0..copies).map(|_| Duration::from_millis(1 + self.rng.below(delay))).collect()
    }
}

#[async_trait::async_trait]
impl Network for Port {
    fn watch(&mut self, topics: &[Topic]) {
        if let Some(at) = self.sky.lock().line(self.line) {
            at.topics = topics.iter().cloned().collect();
        }
    }

    fn publish(&mut self, id: FrameId, frame: Frame) {
        let mut inner = self.sky.lock();
        if inner.line(self.line).is_none_or(|at| at.cut.is_some()) {
            inner.tell(self.line, NetworkEvent::Unpublished(id, Unpublished::Alone));
            return;
        }
        let hears = |(line, at): (usize, &Line)| {
            let hears = line != self.line && at.held && at.cut.is_none() && at.topics.contains(&frame.topic);
            hears.then_some((line, at.holder))
        };
        let readers: Vec<_> = inner.lines.iter().enumerate().filter_map(hears).collect();
        let mut under_way = Vec::new();
        for (line, holder) in readers {
            under_way.extend(inner.copies().into_iter().map(|delay| (line, holder, delay)));
        }
        let now = self.sky.clock.now();
        if inner.archive.len() >= MAX_ARCHIVE {
            inner.archive.pop_front();
        }
        inner.archive.push_back((now, frame.clone()));
        inner.tell(self.line, NetworkEvent::Published(id));
        drop(inner);
        for (line, holder, delay) in under_way {
            self.sky.later(line, holder, delay, NetworkEvent::Frame(frame.clone()));
        }
        self.sky.later(self.line, self.holder, ARCHIVE, NetworkEvent::Stored(id));
    }

    fn fetch(&mut self, wanted: History) {
        let mut inner = self.sky.lock();
        if inner.line(self.line).is_none_or(|at| at.cut.is_some()) {
            inner.tell(self.line, NetworkEvent::NoHistory(wanted));
            return;
        }
        let found = inner.archived(wanted.since, |frame| wanted.topics.contains(&frame.topic));
        drop(inner);
        for frame in found {
            self.sky.later(self.line, self.holder, ARCHIVE, NetworkEvent::Frame(frame));
        }
        self.sky.later(self.line, self.holder, ARCHIVE * 2, NetworkEvent::Fetched(wanted));
    }

    async fn next(&mut self) -> NetworkEvent {
        poll_fn(|cx| {
            let mut inner = self.sky.lock();
            let Some(at) = inner.line(self.line).filter(|at| at.holder == self.holder) else {
                return Poll::Ready(NetworkEvent::Closed);
            };
            match at.events.pop_front() {
                Some(event) => Poll::Ready(event),
                None => {
                    at.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(at) = self.sky.lock().line(self.line).filter(|at| at.holder == self.holder) {
            at.held = false;
            at.events.clear();
        }
    }
}
