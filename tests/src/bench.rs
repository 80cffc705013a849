//! One node on a workbench: its real stack over a copy of its store, to be given frames by hand, and its layers' own
//! functions, to make frames that no honest node makes.

use status_layer::testing::{SeededRng, rng};
use status_layer::{
    Area, Body, Cx, Datagram, Frame, Interest, Memory, Parcel, Privacy, Read, Reason, Recipient, Rendezvous,
    Sealed, Security, Store, Timestamp, Topic, Unit, UserId,
};
use status_stack::{Engine, Input, Layer, News};

use crate::talk::Talk;
use crate::{RealStack, must, stack, user};

/// A node by itself.
#[derive(Clone)]
pub struct Bench {
    /// What it has committed.
    pub store: Memory,
    /// Its time.
    pub now: Timestamp,
    seat: u8,
    rng: SeededRng,
}

/// What a frame did.
#[derive(Debug)]
pub struct Verdict {
    /// Who refused it, and why.
    pub dropped: Vec<(Layer, Reason)>,
    /// The bodies that came out of it.
    pub bodies: Vec<Body>,
    /// How many other things were told to the application.
    pub other_news: usize,
    /// The areas in which a row changed: 1 data sync, 2 security, 3 privacy, 4 the conductor.
    pub changed: Vec<u8>,
}

impl Bench {
    /// A copy of the node that sits at `seat`, as it is now.
    #[must_use]
    pub fn of(talk: &Talk, seat: u8) -> Self {
        let store = talk.world.node(talk.node(seat)).store.clone();
        Self { store, now: talk.world.now, seat, rng: rng(u64::from(seat)) }
    }

    /// A node that has never run.
    #[must_use]
    pub fn new(seat: u8, now: Timestamp) -> Self {
        Self { store: Memory::new(), now, seat, rng: rng(u64::from(seat)) }
    }

    /// Takes a frame as if the network had brought it.
    ///
    /// # Panics
    /// If the node fails.
    #[track_caller]
    pub fn take(&mut self, frame: &Frame) -> Verdict {
        let before = self.store.clone();
        let mut verdict =
            Verdict { dropped: Vec::new(), bodies: Vec::new(), other_news: 0, changed: Vec::new() };
        for news in self.step(Input::Frame(frame.clone())) {
            match news {
                News::Dropped { layer, why } => verdict.dropped.push((layer, why)),
                News::Arrived { body, .. } => verdict.bodies.push(body),
                _ => verdict.other_news += 1,
            }
        }
        verdict.changed = (0..=u8::MAX).filter(|area| differs(&before, &self.store, *area)).collect();
        verdict
    }

    /// One step of the whole stack, committed.
    #[track_caller]
    fn step(&mut self, input: Input) -> Vec<News> {
        let stack: RealStack = stack(self.seat);
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let out = must(stack.step(&mut unit, input));
        let batch = unit.into_batch();
        must(self.store.commit(batch));
        out.news
    }

    /// Has the security layer seal bytes for a user, as data sync would; returns the sealed bytes.
    #[track_caller]
    pub fn seal(&mut self, to: UserId, bytes: Vec<u8>) -> Vec<u8> {
        let layer = crate::security(self.seat);
        let datagram = Datagram::new(Recipient::User(to), bytes);
        let out = must(self.run(Area(2), |cx| layer.seal(cx, datagram)));
        out.parcels.first().map(|parcel| parcel.sealed.as_bytes().to_vec()).unwrap_or_default()
    }

    /// Has the privacy layer put sealed bytes into an envelope of ours for the inbox of a user.
    #[track_caller]
    pub fn wrap(&mut self, to: UserId, sealed: impl Into<Vec<u8>>) -> Frame {
        self.wrap_at(Rendezvous::Inbox(to), sealed, Signed::Yes)
    }

    /// Has the privacy layer put sealed bytes into an envelope of ours for any place.
    #[track_caller]
    pub fn wrap_at(&mut self, meet: Rendezvous, sealed: impl Into<Vec<u8>>, signed: Signed) -> Frame {
        let hint = matches!(signed, Signed::Yes).then(|| user(self.seat));
        let parcel = Parcel { meet, sealed: Sealed::new(sealed.into()), hint };
        let layer = crate::privacy(self.seat);
        let mut frames = must(self.run(Area(3), |cx| layer.wrap(cx, parcel)));
        // When a frame was made is not part of what is sealed. Frames of old do not move the reader's cursor.
        frames.truncate(1);
        must(frames.pop().map(|frame| Frame { at: OF_OLD, ..frame }).ok_or("one frame"))
    }

    /// Has the privacy layer listen at a place; returns all topics to watch.
    #[track_caller]
    pub fn watch(&mut self, meet: &Rendezvous) -> Vec<Topic> {
        let layer = crate::privacy(self.seat);
        must(self.run(Area(3), |cx| layer.watch(cx, meet, Interest::Listen)))
    }

    fn run<T, E>(&mut self, area: Area, call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut unit = Unit::new(self.now, &mut self.rng, &self.store);
        let done = unit.attempt(|unit| call(&mut unit.cx(area)));
        let batch = unit.into_batch();
        must(self.store.commit(batch));
        done
    }
}

/// Whether an envelope says who made it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signed {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Before anybody was born.
pub const OF_OLD: Timestamp = Timestamp::from_secs(1_500_000_000);

fn differs(one: &Memory, other: &Memory, area: u8) -> bool {
    let rows = |store: &Memory| must(store.scan(Area(area), &[], None, usize::MAX));
    rows(one) != rows(other)
}

impl Verdict {
    /// The layer that refused, and why, if the frame did nothing at all but be refused.
    ///
    /// # Panics
    /// If it did anything else, with `what`.
    #[track_caller]
    pub fn refused_by(&self, what: &str) -> Option<(Layer, &Reason)> {
        assert_eq!(self.changed, [] as [u8; 0], "{what} changed the store: {self:?}");
        assert!(self.bodies.is_empty() && self.other_news == 0, "{what} got through: {self:?}");
        self.dropped.first().map(|(layer, why)| (*layer, why))
    }
}
