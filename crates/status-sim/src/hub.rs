//! A network without a network: ports of a hub hand frames to each other at once.
//!
//! It is the double of the network seam, for drivers and applications under test.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use futures::future::poll_fn;
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Topic, Unpublished};

/// Hands each published frame to all other ports, and keeps it for those who ask for history.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Inner>>);

/// One node on a [`Hub`]. Dropping it leaves the hub.
pub struct Port {
    hub: Hub,
    index: usize,
}

#[derive(Default)]
struct Inner {
    ports: Vec<Option<Seat>>,
    history: VecDeque<Frame>,
}

#[derive(Default)]
struct Seat {
    topics: BTreeSet<Topic>,
    events: VecDeque<NetworkEvent>,
    waker: Option<Waker>,
}

/// Frames that a hub keeps.
const MAX_HISTORY: usize = 10_000;

impl Hub {
    /// A hub without ports.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Joins the hub.
    #[must_use]
    pub fn port(&self) -> Port {
        let mut inner = self.lock();
        let index = inner.ports.len();
        inner.ports.push(Some(Seat::default()));
        if inner.others(index).count() > 0 {
            inner.tell(index, NetworkEvent::Online(true));
        }
        for other in inner.others(index).collect::<Vec<_>>() {
            inner.tell(other, NetworkEvent::Online(true));
        }
        Port { hub: self.clone(), index }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn others(&self, index: usize) -> impl Iterator<Item = usize> {
        let taken = move |(at, seat): (usize, &Option<Seat>)| (seat.is_some() && at != index).then_some(at);
        self.ports.iter().enumerate().filter_map(taken)
    }

    fn seat(&mut self, index: usize) -> Option<&mut Seat> {
        self.ports.get_mut(index).and_then(Option::as_mut)
    }

    fn tell(&mut self, index: usize, event: NetworkEvent) {
        if let Some(seat) = self.seat(index) {
            seat.events.push_back(event);
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        }
    }

    fn hand(&mut self, index: usize, frame: &Frame) {
        if self.seat(index).is_some_and(|seat| seat.topics.contains(&frame.topic)) {
            self.tell(index, NetworkEvent::Frame(frame.clone()));
        }
    }
}

#[async_trait]
impl Network for Port {
    fn watch(&mut self, topics: &[Topic]) {
        if let Some(seat) = self.hub.lock().seat(self.index) {
            seat.topics = topics.iter().cloned().collect();
        }
    }

    fn publish(&mut self, id: FrameId, frame: Frame) {
        let mut inner = self.hub.lock();
        let others: Vec<usize> = inner.others(self.index).collect();
        if others.is_empty() {
            inner.tell(self.index, NetworkEvent::Unpublished(id, Unpublished::Alone));
            return;
        }
        for other in others {
            inner.hand(other, &frame);
        }
        inner.history.push_back(frame);
        if inner.history.len() > MAX_HISTORY {
            inner.history.pop_front();
        }
        inner.tell(self.index, NetworkEvent::Published(id));
    }

    fn fetch(&mut self, wanted: History) {
        let mut inner = self.hub.lock();
        let kept: Vec<Frame> =
            inner.history.iter().filter(|frame| frame.at >= wanted.since).cloned().collect();
        for frame in kept.iter().filter(|frame| wanted.topics.contains(&frame.topic)) {
            inner.tell(self.index, NetworkEvent::Frame(frame.clone()));
        }
        inner.tell(self.index, NetworkEvent::Fetched(wanted));
    }

    async fn next(&mut self) -> NetworkEvent {
        poll_fn(|cx| {
            let mut inner = self.hub.lock();
            let Some(seat) = inner.seat(self.index) else { return Poll::Ready(NetworkEvent::Closed) };
            match seat.events.pop_front() {
                Some(event) => Poll::Ready(event),
                None => {
                    seat.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let mut inner = self.hub.lock();
        if let Some(seat) = inner.ports.get_mut(self.index) {
            *seat = None;
        }
        let left: Vec<usize> = inner.others(self.index).collect();
        if let [last] = left.as_slice() {
            inner.tell(*last, NetworkEvent::Online(false));
        }
    }
}
