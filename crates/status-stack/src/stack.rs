//! The one place where layers are called.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{
    Area, Arrival, Cx, DataSync, Datagram, Frame, History, Interest, LayerError, Opened, Outgoing, Privacy,
    Reason, Rendezvous, Security, StoreError, Timestamp, Topic, Unit,
};

use crate::outbox::{self, Which};
use crate::step::{Fault, Input, Layer, News, Output, Sent, Taken, Way};
use crate::table::{self, CURSOR, WATCHED};

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
    /// How long a frame waits for its first second try; the pause doubles up to 64 times as long.
    pub retry: Duration,
    /// How far before the last frame seen history is fetched, for frames that were published late.
    pub overlap: Duration,
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
            retry: Duration::from_secs(10),
            overlap: Duration::from_secs(120),
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
            Input::Send { id, to, body } => {
                match run.sync(unit, |sync, cx| sync.append(cx, id, &to, body))? {
                    Ok(()) => run.out.news.push(News::Accepted { id }),
                    Err(why) => run.refused(Some(id), Layer::Sync, why),
                }
            }
            Input::Share { group, with } => {
                if let Err(why) = run.sync(unit, |sync, cx| sync.share(cx, group, &with))? {
                    run.refused(None, Layer::Sync, why);
                }
            }
            Input::Expect { whom, how } => {
                match run.security(unit, |security, cx| security.expect(cx, &whom, how))? {
                    Ok(out) => run.out_with(unit, out)?,
                    Err(why) => run.refused(None, Layer::Security, why),
                }
            }
            Input::Frame(frame) => run.up(unit, frame)?,
            Input::Published(id) | Input::Unpublishable(id) => run.own(unit, |cx| {
                outbox::remove(cx, id);
                Ok(())
            })?,
            Input::Online(true) => {
                run.sync(unit, DataSync::online)?.map_err(|reason| Fault { layer: Layer::Sync, reason })?;
                run.resume(unit, Which::All)?;
            }
            Input::Online(false) => {}
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

/// What a layer answered: a value, or why it refuses.
type Answer<T> = Result<T, Reason>;

impl<Y: DataSync, X: Security, P: Privacy> Run<'_, Y, X, P> {
    fn start(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        self.resume(unit, Which::All)?;
        let (topics, seen) = self.own(unit, |cx| {
            let topics = cx.shelf.get(WATCHED)?.map_or(Ok(Vec::new()), |row| table::decode_topics(&row))?;
            let seen = cx.shelf.get(CURSOR)?.map(|row| table::decode_number(&row)).transpose()?;
            Ok((topics, seen))
        })?;
        if let Some(seen) = seen.filter(|_| !topics.is_empty()) {
            let overlap = u64::try_from(self.stack.config.overlap.as_millis()).unwrap_or(u64::MAX);
            let since = Timestamp::from_millis(seen.saturating_sub(overlap));
            self.out.fetch = Some(History { topics: topics.clone(), since });
        }
        self.out.topics = Some(topics);
        Ok(())
    }

    /// Frame → parcel → letters → bodies.
    fn up(&mut self, unit: &mut Unit<'_>, frame: Frame) -> Result<(), Fault> {
        let (at, size) = (frame.at, frame.bytes.len());
        let parcel = match self.privacy(unit, |privacy, cx| privacy.peel(cx, frame))? {
            Ok(Some(parcel)) => parcel,
            Ok(None) => return Ok(()),
            Err(why) => {
                self.dropped(Layer::Privacy, why);
                return Ok(());
            }
        };
        self.seen(unit, at)?;
        let sealed = parcel.sealed.as_bytes().len();
        let Opened { mail, then, turned } =
            match self.security(unit, |security, cx| security.open(cx, parcel))? {
                Ok(opened) => opened,
                Err(why) => {
                    self.dropped(Layer::Security, why);
                    return Ok(());
                }
            };
        self.out.taken = Some(Taken { frame: size, turned, letters: mail.len() });
        for letter in mail {
            let way = Way { datagram: letter.datagram.bytes.len(), sealed, frame: size };
            match self.sync(unit, |sync, cx| sync.receive(cx, letter))? {
                Ok(arrivals) => self.out.news.extend(arrivals.into_iter().map(|arrival| news(arrival, way))),
                Err(why) => self.dropped(Layer::Sync, why),
            }
        }
        self.out_with(unit, then)
    }

    /// Datagrams → parcels → frames, for all that is due.
    fn down(&mut self, unit: &mut Unit<'_>) -> Result<(), Fault> {
        let max = self.stack.config.max_outbox;
        let (waiting, _) = self.own(unit, |cx| outbox::state(cx, max))?;
        if waiting < max {
            let due = self.sync(unit, DataSync::due)?.map_err(fault(Layer::Sync))?;
            self.wake(due.next);
            for datagram in due.now {
                self.send(unit, datagram)?;
            }
            let due = self.security(unit, Security::due)?.map_err(fault(Layer::Security))?;
            self.wake(due.next);
            self.out_with(unit, due.now)?;
            let due = self.privacy(unit, Privacy::due)?.map_err(fault(Layer::Privacy))?;
            self.wake(due.next);
            self.post(unit, due.now)?;
        }
        let (_, next) = self.own(unit, |cx| outbox::state(cx, max))?;
        self.wake(next);
        Ok(())
    }

    /// Seals and wraps one datagram; if either refuses, neither has moved.
    fn send(&mut self, unit: &mut Unit<'_>, datagram: Datagram) -> Result<(), Fault> {
        let to = datagram.to.clone();
        let mut way = Way { datagram: datagram.bytes.len(), ..Way::default() };
        let stack = self.stack;
        let areas = stack.config.areas;
        let done = unit.attempt(|unit| {
            let Outgoing { parcels, meet } =
                ask(stack.security.seal(&mut unit.cx(areas.security), datagram), Layer::Security)?;
            let mut frames = Vec::new();
            for parcel in parcels {
                way.sealed += parcel.sealed.as_bytes().len();
                frames.extend(ask(stack.privacy.wrap(&mut unit.cx(areas.privacy), parcel), Layer::Privacy)?);
            }
            way.frame = frames.iter().map(|frame| frame.bytes.len()).sum();
            Ok((frames, meet))
        });
        match done {
            Ok((frames, meet)) => {
                self.out.sent.push(Sent { to, way });
                self.post(unit, frames)?;
                self.meet(unit, meet)
            }
            Err((layer, LayerError::Reject(why))) => {
                self.out.news.push(News::Delayed { to, layer, why });
                Ok(())
            }
            Err((layer, LayerError::Fault(reason))) => Err(Fault { layer, reason }),
        }
    }

    /// Wraps what security wants sent on its own account, and goes where it wants to listen.
    fn out_with(&mut self, unit: &mut Unit<'_>, out: Outgoing) -> Result<(), Fault> {
        for parcel in out.parcels {
            match self.privacy(unit, |privacy, cx| privacy.wrap(cx, parcel))? {
                Ok(frames) => self.post(unit, frames)?,
                Err(why) => self.refused(None, Layer::Privacy, why),
            }
        }
        self.meet(unit, out.meet)
    }

    fn meet(&mut self, unit: &mut Unit<'_>, meet: Vec<(Rendezvous, Interest)>) -> Result<(), Fault> {
        let mut topics = None;
        for (place, how) in meet {
            match self.privacy(unit, |privacy, cx| privacy.watch(cx, &place, how))? {
                Ok(wanted) => topics = Some(wanted),
                Err(why) => self.refused(None, Layer::Privacy, why),
            }
        }
        let Some(topics) = topics else { return Ok(()) };
        if self.own(unit, |cx| watched(cx, &topics))? {
            self.out.topics = Some(topics);
        }
        Ok(())
    }

    fn post(&mut self, unit: &mut Unit<'_>, frames: Vec<Frame>) -> Result<(), Fault> {
        let retry = self.stack.config.retry;
        for frame in frames {
            let id = self.own(unit, |cx| outbox::put(cx, retry, &frame))?;
            self.out.frames.push((id, frame));
        }
        Ok(())
    }

    /// Publishes again what waits in the outbox.
    fn resume(&mut self, unit: &mut Unit<'_>, which: Which) -> Result<(), Fault> {
        let Config { retry, max_outbox, .. } = self.stack.config;
        let frames = self.own(unit, |cx| outbox::take(cx, which, retry, max_outbox))?;
        self.out.frames.extend(frames);
        Ok(())
    }

    /// Moves the history cursor. A frame from the future must not hide what comes before it.
    fn seen(&mut self, unit: &mut Unit<'_>, at: Timestamp) -> Result<(), Fault> {
        self.own(unit, |cx| {
            let before = cx.shelf.get(CURSOR)?.map_or(Ok(0), |row| table::decode_number(&row))?;
            let now = at.min(cx.now).millis();
            if now > before {
                cx.shelf.put(CURSOR, table::encode_number(now));
            }
            Ok(())
        })
    }

    fn wake(&mut self, next: Option<Timestamp>) {
        self.out.wake = match (self.out.wake, next) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    fn refused(&mut self, id: Option<status_layer::MessageId>, layer: Layer, why: Reason) {
        self.out.news.push(News::Refused { id, layer, why });
    }

    fn dropped(&mut self, layer: Layer, why: Reason) {
        self.out.news.push(News::Dropped { layer, why });
    }

    fn sync<T>(
        &self,
        unit: &mut Unit<'_>,
        call: impl FnOnce(&Y, &mut Cx<'_>) -> Result<T, Y::Error>,
    ) -> Result<Answer<T>, Fault> {
        answer(unit, Layer::Sync, self.stack.config.areas.sync, |cx| call(&self.stack.sync, cx))
    }

    fn security<T>(
        &self,
        unit: &mut Unit<'_>,
        call: impl FnOnce(&X, &mut Cx<'_>) -> Result<T, X::Error>,
    ) -> Result<Answer<T>, Fault> {
        answer(unit, Layer::Security, self.stack.config.areas.security, |cx| call(&self.stack.security, cx))
    }

    fn privacy<T>(
        &self,
        unit: &mut Unit<'_>,
        call: impl FnOnce(&P, &mut Cx<'_>) -> Result<T, P::Error>,
    ) -> Result<Answer<T>, Fault> {
        answer(unit, Layer::Privacy, self.stack.config.areas.privacy, |cx| call(&self.stack.privacy, cx))
    }

    fn own<T>(
        &self,
        unit: &mut Unit<'_>,
        call: impl FnOnce(&mut Cx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Fault> {
        call(&mut unit.cx(self.stack.config.areas.stack))
            .map_err(|error| Fault { layer: Layer::Stack, reason: Reason::new(error) })
    }
}

/// Calls a layer on a nested draft: what it wrote is kept only if it accepts.
fn answer<T, E: Into<LayerError>>(
    unit: &mut Unit<'_>,
    layer: Layer,
    area: Area,
    call: impl FnOnce(&mut Cx<'_>) -> Result<T, E>,
) -> Result<Answer<T>, Fault> {
    match unit.attempt(|unit| call(&mut unit.cx(area)).map_err(Into::into)) {
        Ok(value) => Ok(Ok(value)),
        Err(LayerError::Reject(why)) => Ok(Err(why)),
        Err(LayerError::Fault(reason)) => Err(Fault { layer, reason }),
    }
}

fn ask<T, E: Into<LayerError>>(answer: Result<T, E>, layer: Layer) -> Result<T, (Layer, LayerError)> {
    answer.map_err(|error| (layer, error.into()))
}

/// A layer that has nothing to refuse has failed if it does.
const fn fault(layer: Layer) -> impl FnOnce(Reason) -> Fault {
    move |reason| Fault { layer, reason }
}

/// Notes the topics watched; whether they changed.
fn watched(cx: &mut Cx<'_>, topics: &[Topic]) -> Result<bool, StoreError> {
    let row = table::encode_topics(topics);
    let changed = cx.shelf.get(WATCHED)?.is_none_or(|before| *before != *row);
    if changed {
        cx.shelf.put(WATCHED, row);
    }
    Ok(changed)
}

fn news(arrival: Arrival, way: Way) -> News {
    match arrival {
        Arrival::Body { from, grade, to, body } => News::Arrived { from, grade, to, body, way },
        Arrival::Again { from } => News::Again { from },
        Arrival::Acked { id, by } => News::Delivered { id, by },
    }
}
