//! One step of the chat: the unit it writes to, and what is to happen once that is committed.

use std::fmt::Display;
use std::mem;

use status_layer::{
    Frame, FrameId, History, MessageId, Reason, Shelf, StoreError, Timestamp, Topic, Unit, Work,
};
use status_stack::{Fault, Layer};

use super::AREA;
use crate::error::SendError;
use crate::event::{Event, Refused, Tally};

/// A step under way: nothing of it has happened until its unit is committed.
pub(crate) struct Step<'s, 'u> {
    pub(crate) unit: &'s mut Unit<'u>,
    pub(crate) effects: Effects,
    /// What was refused last: a message by its id, or a wish to listen.
    refused: Option<(Option<MessageId>, Layer, String)>,
}

/// What is to happen after the commit.
#[derive(Default)]
pub(crate) struct Effects {
    /// Why the wish was refused, if it was; then it left no trace.
    pub(crate) refused: Option<SendError>,
    pub(crate) events: Vec<Event>,
    pub(crate) frames: Vec<(FrameId, Frame)>,
    pub(crate) work: Vec<(FrameId, Frame, Work)>,
    pub(crate) topics: Option<Vec<Topic>>,
    pub(crate) fetch: Option<History>,
    /// When the layers have something due, if at all; nothing, if they were not asked.
    pub(crate) wake: Option<Option<Timestamp>>,
    pub(crate) tally: Tally,
    /// Whether events were kept for those who read them later.
    pub(crate) kept: bool,
    /// When something is to be said to notification servers.
    pub(crate) errands: Option<Timestamp>,
}

/// Why a task did not come to its end.
pub(crate) enum Stop {
    /// It was refused, and leaves no trace.
    Refused(SendError),
    /// Our own side failed.
    Fault(Fault),
}

impl<'s, 'u> Step<'s, 'u> {
    pub(crate) fn new(unit: &'s mut Unit<'u>) -> Self {
        Self { unit, effects: Effects::default(), refused: None }
    }

    /// The time of the step.
    pub(crate) const fn now(&self) -> Timestamp {
        self.unit.now()
    }

    /// The chat's own rows.
    pub(crate) fn shelf(&mut self) -> Shelf<'_> {
        self.unit.cx(AREA).shelf
    }

    /// Tells the application, after the commit.
    pub(crate) fn tell(&mut self, event: Event) {
        self.effects.events.push(event);
    }

    /// Tells the application that something was refused.
    pub(crate) fn tell_refusal(&mut self, layer: &dyn Display, why: &dyn Display) {
        self.tell(Event::Refused(Refused { layer: layer.to_string(), why: why.to_string() }));
    }

    /// Remembers what a layer refused, for whoever asked for it.
    pub(crate) fn refuse(&mut self, id: Option<MessageId>, layer: Layer, why: &Reason) {
        self.tell_refusal(&layer, why);
        self.refused = Some((id, layer, why.to_string()));
    }

    /// Stops the task if it is what was refused.
    pub(crate) fn unless_refused(&mut self, id: Option<MessageId>) -> Result<(), Stop> {
        match self.refused.take_if(|(refused, ..)| *refused == id) {
            Some((_, layer, why)) => Err(Stop::Refused(SendError::Refused { layer: layer.to_string(), why })),
            None => Ok(()),
        }
    }

    /// Does something that may be refused: then neither the unit nor the effects know of it.
    pub(crate) fn attempt<T, E>(
        &mut self,
        work: impl FnOnce(&mut Step<'_, 'u>) -> Result<T, E>,
    ) -> Result<T, E> {
        let refused = &mut self.refused;
        let (done, effects) = self.unit.attempt(|unit| {
            let mut step = Step { unit, effects: Effects::default(), refused: refused.take() };
            let done = work(&mut step)?;
            *refused = step.refused;
            Ok((done, step.effects))
        })?;
        self.effects.absorb(effects);
        Ok(done)
    }
}

impl Effects {
    /// Adds what happened later in the same step.
    fn absorb(&mut self, later: Self) {
        let Self { refused, events, frames, work, topics, fetch, wake, tally, kept, errands } = later;
        self.refused = refused.or(self.refused.take());
        self.events.extend(events);
        self.frames.extend(frames);
        self.work.extend(work);
        self.topics = topics.or(self.topics.take());
        self.fetch = History::both(self.fetch.take(), fetch);
        self.wake = wake.or(self.wake);
        self.tally.add(&tally);
        self.kept |= kept;
        self.errands = errands.or(self.errands);
    }

    /// Takes what a step of the layers wants done.
    pub(crate) fn take(&mut self, output: &mut status_stack::Output) {
        if let Some(taken) = output.taken {
            self.tally.frames_in += 1;
            self.tally.bytes_in += taken.frame as u64;
            self.tally.turns += u64::from(taken.turned);
            self.tally.keys += u64::from(taken.letters == 0);
        }
        let frames = mem::take(&mut output.frames);
        self.tally.frames_out += frames.len() as u64;
        self.tally.bytes_out += frames.iter().map(|(_, frame)| frame.bytes.len() as u64).sum::<u64>();
        self.frames.extend(frames);
        self.work.extend(mem::take(&mut output.work));
        self.topics = output.topics.take().or(self.topics.take());
        self.fetch = History::both(self.fetch.take(), output.fetch.take());
        self.wake = Some(output.wake);
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Fault(fault(error))
    }
}

impl From<SendError> for Stop {
    fn from(error: SendError) -> Self {
        Self::Refused(error)
    }
}

/// The chat's own rows failed.
pub(crate) fn fault(error: StoreError) -> Fault {
    Fault { layer: Layer::Stack, reason: Reason::new(error) }
}
