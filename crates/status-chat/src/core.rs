//! What a chat does, without time, threads or sockets: tasks in, effects out, one unit of work.
//!
//! A wish of the application, or something that the layers have to say, is a [`Task`]. Each subject of the chat has a file of its
//! own: what may be wished for there, and what it makes of content that arrives ([`arrive`] hands it out).

mod arrive;
mod avatar;
mod card;
mod change;
mod chores;
mod clear;
mod contacts;
mod devices;
mod fellows;
mod groups;
mod history;
mod profile;
mod push;
mod rights;
mod rooms;
mod say;
mod step;
mod sync;

use std::sync::Arc;

use status_crypto::Keyring;
use status_layer::{Area, DeviceId, Grade, MessageId, Unit};
use status_stack::{Engine, Fault, Input, News};

use crate::event::{Chat, Event, Refused};
use crate::stage::{self, Fact};
use crate::table::{log, unasked};

pub(crate) use arrive::Arrived;
pub(crate) use push::Errand;
pub(crate) use rooms::{MAX_CHATS, promised};
pub(crate) use say::place;
pub(crate) use step::{Effects, Step, Stop};

/// The chat's own rows. The layers of the default stack have 1 to 4.
pub(crate) const AREA: Area = Area(16);

/// The pure part of a client.
pub(crate) struct Core {
    pub(crate) engine: Box<dyn Engine + Send>,
    pub(crate) keyring: Arc<dyn Keyring>,
    /// This installation.
    pub(crate) device: DeviceId,
}

/// One thing to do. It may be run again, in another unit, if the one it was in could not be committed.
#[derive(Clone)]
pub(crate) enum Task {
    /// The first task after each start.
    Start {
        /// Whether the store is an old copy, or a copy.
        put_back: bool,
    },
    /// Something that the application wants.
    Wish(Wish),
    /// Something for the layers.
    Layers(Input),
}

/// What the stack answers to questions.
struct Answer {
    keys: Option<Vec<u8>>,
    prospect: Option<Grade>,
}

/// What the application wants: one call of its handle.
pub(crate) type Wish = Arc<dyn Fn(&Core, &mut Step<'_, '_>) -> Result<(), Stop> + Send + Sync>;

impl Task {
    /// A wish.
    pub(crate) fn wish(
        wish: impl Fn(&Core, &mut Step<'_, '_>) -> Result<(), Stop> + Send + Sync + 'static,
    ) -> Self {
        Self::Wish(Arc::new(wish))
    }

    /// To keep events for a stream from now on, if there is room for one more.
    pub(crate) fn stream(name: Arc<str>) -> Self {
        Self::wish(move |_, step| Ok(log::begin(&mut step.shelf(), &name, false).map(drop)?))
    }

    /// To take part in a chat.
    pub(crate) fn join(chat: Chat) -> Self {
        Self::wish(move |core, step| core.join(step, &chat))
    }
}

impl Core {
    /// Runs one task. Nothing has happened until the unit's batch is committed.
    pub(crate) fn run(&self, unit: &mut Unit<'_>, task: Task) -> Result<Effects, Fault> {
        let mut step = Step::new(unit);
        let done = step.attempt(|step| match task {
            Task::Start { put_back } => {
                self.start(step, put_back)?;
                self.listen_for_fellows(step)?;
                self.advertise(step)?;
                unasked::prepare(&mut step.shelf())?;
                Ok(Self::prepare(step)?)
            }
            Task::Wish(wish) => wish(self, step),
            Task::Layers(Input::Tick) => {
                self.layers(step, Input::Tick)?;
                self.advertise(step)?;
                self.go_on_with_history(step)?;
                Ok(self.tend(step)?)
            }
            Task::Layers(input) => Ok(self.layers(step, input)?),
        });
        match done {
            Ok(()) => {}
            Err(Stop::Refused(why)) => {
                // What was due in the refused step is due still.
                self.layers(&mut step, Input::Tick)?;
                step.effects.refused = Some(why);
            }
            Err(Stop::Fault(fault)) => return Err(fault),
        }
        let shelf = &mut step.unit.cx(AREA).shelf;
        step.effects.kept = log::keep(shelf, &step.effects.events).map_err(step::fault)?;
        step.effects.errands = push::due(&step.shelf()).map_err(step::fault)?;
        if let Some(wake) = step.effects.wake {
            let now = step.now();
            let due = chores::due(&step.shelf(), now).map_err(step::fault)?;
            step.effects.wake = Some(wake.into_iter().chain(due).min());
        }
        Ok(step.effects)
    }

    fn start(&self, step: &mut Step<'_, '_>, put_back: bool) -> Result<(), Fault> {
        if put_back {
            self.layers(step, Input::RolledBack)?;
            step.tell(Event::PutBack);
        }
        self.layers(step, Input::Start)?;
        // The layers remember whom they deal with. If they remember nothing, they are new to this home.
        if step.effects.topics.as_ref().is_some_and(|topics| !topics.is_empty()) {
            return Ok(());
        }
        self.listen_everywhere(step)
    }

    /// Runs the stack, and takes its news.
    pub(crate) fn layers(&self, step: &mut Step<'_, '_>, input: Input) -> Result<(), Fault> {
        self.ask(step, input).map(drop)
    }

    /// The same, for what the stack answers.
    fn ask(&self, step: &mut Step<'_, '_>, input: Input) -> Result<Answer, Fault> {
        let mut output = self.engine.step(step.unit, input)?;
        let answer = Answer { keys: output.keys.take(), prospect: output.prospect };
        step.effects.take(&mut output);
        for news in output.news {
            self.hear(step, news)?;
        }
        Ok(answer)
    }

    /// Asks our other devices for what is due. That it is refused harms nobody; it is asked again later.
    fn go_on_with_history(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        match step.attempt(|step| self.ask_history(step)) {
            Err(Stop::Refused(_)) => Ok(self.put_history_off(step)?),
            done => done,
        }
    }

    fn hear(&self, step: &mut Step<'_, '_>, news: News) -> Result<(), Fault> {
        match news {
            News::Arrived { from, grade, to, body, way } => {
                self.arrived(step, Arrived { from, grade, to, body, way })?;
            }
            // One of our own devices has a copy.
            News::Delivered { by, .. } if by == self.keyring.user() => {}
            News::Delivered { id, by, device } => {
                step.effects.tally.acked += 1;
                note(step, id, &Fact::Delivered { by, device })?;
            }
            News::Published { id, to } => {
                note(step, id, &Fact::Published)?;
                self.has_left(step, id, &to)?;
            }
            News::Stored { id, .. } => note(step, id, &Fact::Stored)?,
            News::GaveUp { to, .. } if to == self.keyring.user() => {}
            News::GaveUp { id, to } => {
                note(step, id, &Fact::GaveUp { to })?;
                self.never_left(step, id, to)?;
            }
            News::Gap { from, missing } => step.tell(Event::Gap { from, missing }),
            News::Again { .. } => step.effects.tally.copies += 1,
            News::Refused { id, layer, why } => step.refuse(id, layer, &why),
            News::Delayed { layer, why, .. } | News::Dropped { layer, why } => {
                step.tell_refusal(&layer, &why);
            }
            News::Unpublishable { id, .. } => step.tell(Event::Refused(Refused {
                layer: "network".into(),
                why: format!("message {id} is larger than the network carries; it is tried again"),
            })),
            News::Noticed(notice) => {
                let notice = self.notice(step, notice)?;
                step.tell(Event::Notice(notice));
            }
            // The answer to the task says it; histories of others are not asked for yet.
            _ => {}
        }
        Ok(())
    }
}

fn note(step: &mut Step<'_, '_>, id: MessageId, fact: &Fact) -> Result<(), Fault> {
    let events = stage::note(&mut step.shelf(), id, fact).map_err(step::fault)?;
    step.effects.events.extend(events);
    Ok(())
}
