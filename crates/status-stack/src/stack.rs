//! The one place where layers are called.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{
    Area, Arrival, Cx, DataSync, Datagram, Frame, FrameId, History, Interest, LayerError, MessageId, Notice,
    Opened, Outgoing, Privacy, Ready, Reason, Rendezvous, Security, StoreError, Timestamp, Topic, Unit,
    UserId,
};

use crate::outbox::{self, Which};
use crate::past;
use crate::step::{Fault, Input, Layer, News, NoKeysToCarry, Output, Taken, Way};
use crate::track::{self, Step};

/// Three layers and the conductor that runs them. It holds configuration only; all state is in the store.
#[derive(Debug)]
pub struct Stack<Y, X, P> {
    /// Data sync.
    pub sync: Y,
    /// Security.
    pub security: X,
    /// Privacy.
    pub privacy: P,
    config: Config,
}

/// How the conductor behaves.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The rows of each layer.
    pub areas: Areas,
    /// Frames kept in the outbox; while it is full nothing new is sealed.
    pub max_outbox: usize,
    /// The same while nobody is there: what is not sealed yet shares frames later, and nothing is repeated for nobody.
    pub max_alone: usize,
    /// While this many frames wait, what privacy sends on its own account is dropped: it is for nobody, and would take the room
    /// and the time of what is for somebody.
    pub max_cover: usize,
    /// How long after it was handed to the network an unconfirmed frame is handed to it again. While nobody is there, from the
    /// start and from [`Input::Online`]`(false)` on, none is: all are when somebody joins.
    pub retry: Duration,
    /// How far before the time at which nothing was missing history is fetched, for frames that were published late.
    pub overlap: Duration,
    /// How far back the history of a topic is fetched that was not watched before.
    pub joined: Duration,
}

/// The rows of each layer. They belong to a layer, not to a kind of layer: whoever puts another one in gives it
/// an area of its own.
#[derive(Clone, Copy, Debug)]
pub struct Areas {
    /// Data sync.
    pub sync: Area,
    /// Security.
    pub security: Area,
    /// Privacy.
    pub privacy: Area,
    /// The conductor.
    pub stack: Area,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            areas: Areas { sync: Area(1), security: Area(2), privacy: Area(3), stack: Area(4) },
            max_outbox: 1_024,
            max_alone: 64,
            max_cover: 8,
            retry: Duration::from_secs(60),
            overlap: Duration::from_secs(120),
            joined: Duration::from_secs(86_400),
        }
    }
}

impl<Y, X, P> Stack<Y, X, P> {
    /// Puts three layers together.
    #[must_use]
    pub fn new(sync: Y, security: X, privacy: P) -> Self {
        Self { sync, security, privacy, config: Config::default() }
    }

    /// Changes how the conductor behaves.
    #[must_use]
    pub fn with_config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }
}

/// A stack of whatever layers, for whoever drives it.
pub trait Engine {
    /// Runs all layers for one input. Nothing has happened until the unit's batch is committed.
    ///
    /// # Errors
    /// [`Fault`] if our own side failed; then the unit must be dropped. Bad input is no error but [`News`].
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault>;
}

impl<Y: DataSync, X: Security, P: Privacy> Engine for Stack<Y, X, P> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let mut run = Run { stack: self, out: Output::default() };
        match input {
            Input::Start => run.start(unit)?,
            Input::RolledBack => {
                run.call(unit, Layer::Security, |cx| self.security.renew(cx))?;
                run.call(unit, Layer::Sync, |cx| self.sync.resend(cx, None))?;
            }
            Input::Send { id, to, body } => {
                let done = run.call(unit, Layer::Sync, |cx| self.sync.append(cx, id, &to, body));
                if run.settle(Some(id), done)?.is_some() {
                    run.out.news.push(News::Accepted { id });
                }
            }
            Input::Share { group, with } => {
                let done = run.call(unit, Layer::Sync, |cx| self.sync.share(cx, group, &with));
                run.settle(None, done)?;
            }
            Input::Expect { whom, how } => {
                let done = run.call(unit, Layer::Security, |cx| self.security.expect(cx, &whom, how));
                if let Some(out) = run.settle(None, done)? {
                    run.carry_out(unit, out)?;
                }
            }
            Input::Pair { device, how } => {
                let done = run.call(unit, Layer::Security, |cx| self.security.pair(cx, &device, how));
                run.settle(None, done)?;
            }
            Input::Introduce => {
                let done = run.call(unit, Layer::Security, |cx| self.security.introduce(cx));
                run.out.keys = run.carried(done)?;
            }
            Input::Meet { user, keys } => {
                let done = run.call(unit, Layer::Security, |cx| self.security.meet(cx, &user, &keys));
                if let Some(Opened { then, notices, .. }) = run.carried(done)? {
                    run.out.news.extend(notices.into_iter().map(News::Noticed));
                    run.carry_out(unit, then)?;
                }
            }
            Input::Prospect(user) => {
                run.out.prospect = run.call(unit, Layer::Security, |cx| self.security.prospect(cx, &user))?;
            }
            Input::Frame(frame) => run.up(unit, frame)?,
            Input::Worked { id, frame, number } => run.worked(unit, id, frame, number)?,
            Input::Published(id) => run.happened(unit, id, Step::Published)?,
            Input::Stored(id) => run.happened(unit, id, Step::Stored)?,
            Input::Unpublishable(id) => {
                let news = run.own(unit, |cx| {
                    outbox::remove(cx, id)?;
                    track::unpublishable(cx, id)
                })?;
                run.out.news.extend(news);
            }
            Input::Resend(whom) => run.call(unit, Layer::Sync, |cx| self.sync.resend(cx, whom.as_ref()))?,
            Input::Online(true) => {
                run.own(unit, |cx| outbox::note_others(cx, true))?;
                run.call(unit, Layer::Sync, |cx| self.sync.online(cx))?;
                run.resume(unit, Which::All)?;
            }
            Input::Online(false) => run.own(unit, |cx| outbox::note_others(cx, false))?,
            Input::Covered { history, until } => run.own(unit, |cx| past::covered(cx, &history, until))?,
            Input::Tick => run.resume(unit, Which::Due)?,
        }
        run.down(unit)?;
        Ok(run.out)
    }
}

/// One step under way.
struct Run<'s, Y, X, P> {
    stack: &'s Stack<Y, X, P>,
    out: Output,
}

/// Why a call of a layer came to nothing.
enum No {
    /// The layer refuses the input.
    Refused(Layer, Reason),
    /// Our own side failed.
    Failed(Fault),
}

impl<Y: DataSync, X: Security, P: Privacy> Run<'_, Y, X, P> {
    fn start(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        // Nobody is known yet; whoever joins is told of.
        self.own(unit, |cx| {
            outbox::adopt(cx)?;
            outbox::note_others(cx, false)
        })?;
        self.resume(unit, Which::All)?;
        let topics = self.own(unit, |cx| past::topics(cx))?;
        self.fetch(unit, topics.clone(), Duration::ZERO)?;
        self.out.topics = Some(topics);
        Ok(())
    }

    /// Frame → parcel → letters → bodies.
    fn up(&mut self, unit: &mut Unit<'_>, frame: Frame) -> Result<(), Fault> {
        let Stack { sync, security, privacy, .. } = self.stack;
        let size = frame.bytes.len();
        let parcel = match self.call(unit, Layer::Privacy, |cx| privacy.peel(cx, frame)) {
            Ok(Some(parcel)) => parcel,
            Ok(None) => return Ok(()),
            Err(no) => return self.dropped(no),
        };
        let (sealed, hint) = (parcel.sealed.as_bytes().len(), parcel.hint);
        let opened = match self.call(unit, Layer::Security, |cx| security.open(cx, parcel)) {
            Ok(opened) => opened,
            Err(no) => return self.dropped(no),
        };
        let Opened { mail, then, turned, notices } = opened;
        // A session that turns without a word is the answer of somebody who could not read us.
        let anew = hint.filter(|_| turned && mail.is_empty());
        for whom in notices.iter().filter_map(lacks).chain(anew) {
            self.call(unit, Layer::Sync, |cx| sync.resend(cx, Some(&whom)))?;
        }
        self.out.news.extend(notices.into_iter().map(News::Noticed));
        self.out.taken = Some(Taken { frame: size, turned, letters: mail.len() });
        for letter in mail {
            let way = Way { datagram: letter.datagram.bytes.len(), sealed, frame: size };
            match self.call(unit, Layer::Sync, |cx| sync.receive(cx, letter)) {
                Ok(new) => self.tell(new, way),
                Err(no) => self.dropped(no)?,
            }
        }
        self.carry_out(unit, then)
    }

    /// Datagrams → parcels → frames, for all that is due.
    fn down(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        let Stack { sync, security, privacy, config } = self.stack;
        let (waiting, alone) =
            self.own(unit, |cx| Ok((outbox::count(&cx.shelf)?, outbox::alone_since(&cx.shelf)?)))?;
        let max = if alone.is_some() { config.max_alone.min(config.max_outbox) } else { config.max_outbox };
        if waiting < max as u64 {
            let due = self.call(unit, Layer::Sync, |cx| sync.due(cx))?;
            self.wake(due.next);
            // What comes with time has no way to tell of.
            self.tell(due.now.arrivals, Way::default());
            for datagram in due.now.datagrams {
                self.send(unit, datagram)?;
            }
            let due = self.call(unit, Layer::Security, |cx| security.due(cx))?;
            self.wake(due.next);
            self.carry_out(unit, due.now)?;
            let due = self.call(unit, Layer::Privacy, |cx| privacy.due(cx))?;
            self.wake(due.next);
            if waiting < config.max_cover as u64 {
                self.post(unit, due.now)?;
            }
        } else {
            let due = self.call(unit, Layer::Sync, |cx| sync.lapse(cx))?;
            self.wake(due.next);
            self.tell(due.now, Way::default());
        }
        let next = self.own(unit, |cx| outbox::next(cx))?;
        self.wake(next);
        Ok(())
    }

    /// Seals and wraps one datagram; if either refuses, neither has moved.
    fn send(&mut self, unit: &mut Unit<'_>, datagram: Datagram) -> Result<(), Fault> {
        let Stack { security, privacy, .. } = self.stack;
        let (to, carries) = (datagram.to.clone(), datagram.carries.clone());
        let done: Result<_, No> = unit.attempt(|unit| {
            let Outgoing { parcels, meet } =
                self.call(unit, Layer::Security, |cx| security.seal(cx, datagram))?;
            let mut frames = Vec::new();
            for parcel in parcels {
                frames.extend(self.call(unit, Layer::Privacy, |cx| privacy.wrap(cx, parcel))?);
            }
            Ok((frames, meet))
        });
        match done {
            Ok((frames, meet)) => {
                let frames = self.post(unit, frames)?;
                self.own(unit, |cx| track::note(cx, &to, carries, &frames))?;
                self.meet(unit, meet)
            }
            Err(no) => {
                let (layer, why) = no.refusal()?;
                self.out.news.push(News::Delayed { to, layer, why });
                Ok(())
            }
        }
    }

    /// Wraps what security wants sent on its own account, and goes where it wants to listen.
    fn carry_out(&mut self, unit: &mut Unit<'_>, out: Outgoing) -> Result<(), Fault> {
        let Stack { privacy, .. } = self.stack;
        for parcel in out.parcels {
            let done = self.call(unit, Layer::Privacy, |cx| privacy.wrap(cx, parcel));
            let frames = self.settle(None, done)?.unwrap_or_default();
            self.post(unit, frames)?;
        }
        self.meet(unit, out.meet)
    }

    fn meet(&mut self, unit: &mut Unit<'_>, meet: Vec<(Rendezvous, Interest)>) -> Result<(), Fault> {
        let Stack { privacy, .. } = self.stack;
        let mut topics = None;
        for (place, how) in meet {
            let done = self.call(unit, Layer::Privacy, |cx| privacy.watch(cx, &place, how));
            topics = self.settle(None, done)?.or(topics);
        }
        let Some(topics) = topics else { return Ok(()) };
        if let Some(added) = self.own(unit, |cx| past::watch(cx, &topics))? {
            self.out.topics = Some(topics);
            self.fetch(unit, added, self.stack.config.joined)?;
        }
        Ok(())
    }

    /// Wants what these topics had while nobody listened.
    fn fetch(&mut self, unit: &mut Unit<'_>, topics: Vec<Topic>, back: Duration) -> Result<(), Fault> {
        let since = self.own(unit, |cx| past::since(cx, self.stack.config.overlap, back))?;
        let wanted = (!topics.is_empty()).then_some(History { topics, since });
        self.out.fetch = History::both(self.out.fetch.take(), wanted);
        Ok(())
    }

    fn post(&mut self, unit: &mut Unit<'_>, frames: Vec<Frame>) -> Result<Vec<FrameId>, Fault> {
        let retry = self.stack.config.retry;
        let mut ids = Vec::with_capacity(frames.len());
        for frame in frames {
            let id = self.own(unit, |cx| outbox::put(cx, retry, &frame))?;
            ids.push(id);
            self.offer(unit, id, frame)?;
        }
        Ok(ids)
    }

    /// Hands out a frame, to be published or to be worked for.
    fn offer(&mut self, unit: &mut Unit<'_>, id: FrameId, frame: Frame) -> Result<(), Fault> {
        let Stack { privacy, .. } = self.stack;
        match self.call(unit, Layer::Privacy, |cx| privacy.ready(cx, frame)) {
            Ok(Ready { frame, work: None }) => self.out.frames.push((id, frame)),
            Ok(Ready { frame, work: Some(work) }) => self.out.work.push((id, frame, work)),
            Err(no) => {
                let (layer, why) = no.refusal()?;
                // Another layer made it, which is not here any more: it would be refused each time.
                self.own(unit, |cx| outbox::remove(cx, id))?;
                self.out.news.push(News::Refused { id: None, layer, why });
            }
        }
        Ok(())
    }

    /// Hands out a frame that was worked for, unless it left in the meantime.
    fn worked(&mut self, unit: &mut Unit<'_>, id: FrameId, frame: Frame, number: u64) -> Result<(), Fault> {
        let Stack { privacy, .. } = self.stack;
        if self.own(unit, |cx| outbox::waits(cx, id))? {
            let done = self.call(unit, Layer::Privacy, |cx| privacy.prove(cx, frame, number));
            let frame = self.settle(None, done)?;
            self.out.frames.extend(frame.map(|frame| (id, frame)));
        }
        Ok(())
    }

    /// A frame has come so far, so it waits no more; and perhaps the messages in it have.
    fn happened(&mut self, unit: &mut Unit<'_>, id: FrameId, step: Step) -> Result<(), Fault> {
        let retry = self.stack.config.retry;
        let news = self.own(unit, |cx| {
            outbox::taken(cx, id, retry)?;
            track::happened(cx, id, step)
        })?;
        self.out.news.extend(news);
        Ok(())
    }

    fn tell(&mut self, arrivals: Vec<Arrival>, way: Way) {
        self.out.news.extend(arrivals.into_iter().filter_map(|arrival| news(arrival, way)));
    }

    /// Publishes again what waits in the outbox.
    fn resume(&mut self, unit: &mut Unit<'_>, which: Which) -> Result<(), Fault> {
        let Config { retry, max_outbox, .. } = self.stack.config;
        let frames = self.own(unit, |cx| outbox::take(cx, which, retry, max_outbox))?;
        for (id, frame) in frames {
            self.offer(unit, id, frame)?;
        }
        Ok(())
    }

    fn wake(&mut self, next: Option<Timestamp>) {
        self.out.wake = match (self.out.wake, next) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// What a layer answered to the application; `None`, and news of it, if it refuses.
    fn settle<T>(&mut self, id: Option<MessageId>, done: Result<T, No>) -> Result<Option<T>, Fault> {
        match done {
            Ok(value) => Ok(Some(value)),
            Err(no) => {
                let (layer, why) = no.refusal()?;
                self.out.news.push(News::Refused { id, layer, why });
                Ok(None)
            }
        }
    }

    /// The same for keys that are carried by other ways than the network, which not every layer has.
    fn carried<T>(&mut self, done: Result<Option<T>, No>) -> Result<Option<T>, Fault> {
        let none = || No::Refused(Layer::Security, Reason::new(NoKeysToCarry));
        self.settle(None, done.and_then(|value| value.ok_or_else(none)))
    }

    fn dropped(&mut self, no: No) -> Result<(), Fault> {
        let (layer, why) = no.refusal()?;
        self.out.news.push(News::Dropped { layer, why });
        Ok(())
    }

    /// Calls a layer on a nested draft: what it wrote is kept only if it accepts.
    fn call<T, E: Into<LayerError>>(
        &self,
        unit: &mut Unit<'_>,
        layer: Layer,
        call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>,
    ) -> Result<T, No> {
        let Areas { sync, security, privacy, stack } = self.stack.config.areas;
        let area = match layer {
            Layer::Sync => sync,
            Layer::Security => security,
            Layer::Privacy => privacy,
            Layer::Stack => stack,
        };
        unit.attempt(|unit| call(&mut unit.cx(area)).map_err(Into::into)).map_err(|error| match error {
            LayerError::Reject(why) => No::Refused(layer, why),
            LayerError::Fault(reason) => No::Failed(Fault { layer, reason }),
        })
    }

    /// Reads and writes the conductor's own rows.
    fn own<T>(
        &self,
        unit: &mut Unit<'_>,
        work: impl FnOnce(&mut Cx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Fault> {
        work(&mut unit.cx(self.stack.config.areas.stack))
            .map_err(|error| Fault { layer: Layer::Stack, reason: Reason::new(error) })
    }
}

impl No {
    fn refusal(self) -> Result<(Layer, Reason), Fault> {
        match self {
            Self::Refused(layer, why) => Ok((layer, why)),
            Self::Failed(fault) => Err(fault),
        }
    }
}

/// Where there is nothing to refuse, who refuses has failed.
impl From<No> for Fault {
    fn from(no: No) -> Self {
        match no {
            No::Refused(layer, reason) => Self { layer, reason },
            No::Failed(fault) => fault,
        }
    }
}

/// Who has reason to lack what we sent: keys changed.
const fn lacks(notice: &Notice) -> Option<UserId> {
    match notice {
        Notice::Unreadable { from } => Some(*from),
        Notice::NewDevice { user, joined: true, .. } => Some(*user),
        _ => None,
    }
}

/// What an arrival means to the application; `None` if this version does not know it.
fn news(arrival: Arrival, way: Way) -> Option<News> {
    Some(match arrival {
        Arrival::Body { from, grade, to, body } => News::Arrived { from, grade, to, body, way },
        Arrival::Again { from } => News::Again { from },
        Arrival::Acked { id, by, device } => News::Delivered { id, by, device },
        Arrival::GaveUp { id, to } => News::GaveUp { id, to },
        Arrival::Gap { from, missing } => News::Gap { from, missing },
        Arrival::Offered { from, chat, ids } => News::Offered { from, chat, ids },
        _ => return None,
    })
}
