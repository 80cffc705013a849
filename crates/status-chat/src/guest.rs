//! One network for several: the client of this home, and for a while guests beside it.
//!
//! Who pairs a device, or asks a notification server, talks under a passing identity, which no layer of the home is to know of. So
//! it has layers of its own, and only the network is shared: all say which topics they want, and what a guest publishes is its own
//! affair. Guests of one kind take each other's place; those of different kinds do not get into each other's way.

use async_trait::async_trait;
use status_layer::{Frame, FrameId, History, Network, NetworkEvent, Topic, Traffic};
use tokio::sync::mpsc;

/// Frames that wait for a guest. What comes while it is full is lost to it, as a frame can be on any network.
const MAX_WAITING: usize = 256;
/// What guests ask for and is not done yet.
const MAX_ASKED: usize = 64;
/// Frames of guests are named from here on; a store counts its own from zero.
const FIRST_ID: u64 = 1 << 63;

/// The network of a client, which takes guests in.
pub(crate) struct Shared {
    network: Box<dyn Network>,
    topics: Vec<Topic>,
    /// At most one of each kind.
    guests: Vec<Seat>,
    door: mpsc::Receiver<Ask>,
    /// Whether anybody may still come in.
    open: bool,
    /// Frames that guests have published.
    published: u64,
    /// Somebody joined before the client listened, so it has to be told.
    online: bool,
}

/// Where guests come in.
#[derive(Clone)]
pub(crate) struct Door(mpsc::Sender<Ask>);

/// What a guest is here for. There is one place for each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// To pair a device.
    Pairing,
    /// To talk to notification servers.
    Courier,
}

/// A guest on the network of a client. Whoever comes after it to the same place takes it.
pub(crate) struct Guest {
    door: mpsc::Sender<Ask>,
    /// Names this guest. Weak, so that it hears the end when its place is taken.
    seat: mpsc::WeakSender<Frame>,
    heard: mpsc::Receiver<Frame>,
}

struct Seat {
    place: Place,
    topics: Vec<Topic>,
    heard: mpsc::Sender<Frame>,
}

enum Ask {
    Enter(Place, mpsc::Sender<Frame>),
    Watch(mpsc::WeakSender<Frame>, Vec<Topic>),
    Publish(Frame),
    Leave(mpsc::WeakSender<Frame>),
}

impl Shared {
    pub(crate) fn new(network: Box<dyn Network>) -> (Self, Door) {
        let (door, asked) = mpsc::channel(MAX_ASKED);
        let shared = Self {
            network,
            topics: Vec::new(),
            guests: Vec::new(),
            door: asked,
            open: true,
            published: 0,
            online: false,
        };
        (shared, Door(door))
    }

    /// Serves guests alone, before there is a client; returns when the network has stopped for good.
    pub(crate) async fn serve_guest(&mut self) {
        loop {
            match self.happens().await {
                NetworkEvent::Online(online) => self.online = online,
                NetworkEvent::Closed => return,
                _ => {}
            }
        }
    }

    /// The next event that is for the client.
    async fn happens(&mut self) -> NetworkEvent {
        loop {
            let event = tokio::select! {
                biased;
                event = self.network.next() => event,
                ask = self.door.recv(), if self.open => {
                    self.answer(ask);
                    continue;
                }
            };
            match event {
                NetworkEvent::Frame(frame) => {
                    if let Some(frame) = self.route(frame) {
                        return NetworkEvent::Frame(frame);
                    }
                }
                NetworkEvent::Published(id) | NetworkEvent::Unpublished(id, _) | NetworkEvent::Stored(id)
                    if id.0 >= FIRST_ID => {}
                event => return event,
            }
        }
    }

    fn answer(&mut self, ask: Option<Ask>) {
        match ask {
            Some(Ask::Enter(place, heard)) => {
                self.guests.retain(|seat| seat.place != place);
                self.guests.push(Seat { place, topics: Vec::new(), heard });
            }
            Some(Ask::Watch(who, topics)) => {
                if let Some(seat) = self.guests.iter_mut().find(|seat| seat.is_of(&who)) {
                    seat.topics = topics;
                }
            }
            Some(Ask::Leave(who)) => self.guests.retain(|seat| !seat.is_of(&who)),
            Some(Ask::Publish(frame)) => {
                let id = FrameId(FIRST_ID.saturating_add(self.published));
                self.published = self.published.wrapping_add(1) % FIRST_ID;
                self.network.publish(id, frame);
                return;
            }
            None => self.open = false,
        }
        self.watch_all();
    }

    /// Hands a frame to the guests that want it; returns it, if it is for the client too.
    fn route(&mut self, frame: Frame) -> Option<Frame> {
        let before = self.guests.len();
        self.guests.retain(|seat| !seat.heard.is_closed());
        if self.guests.len() < before {
            self.watch_all();
        }
        let mut is_theirs = false;
        for seat in self.guests.iter().filter(|seat| seat.topics.contains(&frame.topic)) {
            is_theirs = true;
            // A guest that does not keep up misses some.
            drop(seat.heard.try_send(frame.clone()));
        }
        (!is_theirs || self.topics.contains(&frame.topic)).then_some(frame)
    }

    fn watch_all(&mut self) {
        let guests = self.guests.iter().flat_map(|seat| &seat.topics);
        let topics: Vec<Topic> = self.topics.iter().chain(guests).cloned().collect();
        self.network.watch(&topics);
    }
}

#[async_trait]
impl Network for Shared {
    fn watch(&mut self, topics: &[Topic]) {
        self.topics = topics.to_vec();
        self.watch_all();
    }

    fn publish(&mut self, id: FrameId, frame: Frame) {
        self.network.publish(id, frame);
    }

    fn fetch(&mut self, wanted: History) {
        self.network.fetch(wanted);
    }

    async fn next(&mut self) -> NetworkEvent {
        if std::mem::take(&mut self.online) {
            return NetworkEvent::Online(true);
        }
        self.happens().await
    }

    fn traffic(&self) -> Traffic {
        self.network.traffic()
    }

    async fn close(self: Box<Self>) {
        self.network.close().await;
    }
}

impl Seat {
    /// Whether this guest has it.
    fn is_of(&self, guest: &mpsc::WeakSender<Frame>) -> bool {
        guest.upgrade().is_some_and(|guest| guest.same_channel(&self.heard))
    }
}

impl Door {
    /// Comes in. `None` if the client has stopped.
    pub(crate) async fn enter(&self, place: Place) -> Option<Guest> {
        let (sender, heard) = mpsc::channel(MAX_WAITING);
        let seat = sender.downgrade();
        self.0.send(Ask::Enter(place, sender)).await.ok()?;
        Some(Guest { door: self.0.clone(), seat, heard })
    }
}

impl Guest {
    /// Hears these topics from now on, and no others.
    pub(crate) async fn watch(&self, topics: Vec<Topic>) {
        // If the client has stopped, the guest hears so next.
        drop(self.door.send(Ask::Watch(self.seat.clone(), topics)).await);
    }

    /// Publishes a frame. Whether anybody takes it is not told.
    pub(crate) async fn publish(&self, frame: Frame) {
        drop(self.door.send(Ask::Publish(frame)).await);
    }

    /// The next frame of the topics. Cancel-safe. Nothing comes any more once the client has stopped or another guest came.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        tokio::select! {
            biased;
            frame = self.heard.recv() => frame,
            () = self.door.closed() => None,
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // If there is no room, the next frame for this guest shows that it is gone.
        drop(self.door.try_send(Ask::Leave(self.seat.clone())));
    }
}

#[cfg(test)]
mod tests;
