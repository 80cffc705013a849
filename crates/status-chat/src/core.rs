//! What a chat does, without time, threads or sockets: tasks in, effects out, one unit of work.

use std::fmt::Display;
use std::sync::Arc;

use status_crypto::Keyring;
use status_layer::{
    Area, Audience, Body, DeviceId, Frame, FrameId, Grade, History, Interest, MessageId, Notice, Reason,
    Recipient, Sender, StoreError, Timestamp, Topic, Unit, Work,
};
use status_stack::{Engine, Fault, Input, Layer, News, Output, Way};

use crate::devices::{self, OwnDevice};
use crate::error::SendError;
use crate::event::{Chat, Event, Journey, Message, Refused, Stage, Tally};
use crate::stage::{self, Fact};
use crate::table;
use crate::words::{self, Words};

/// The chat's own rows. The layers of the default stack have 1 to 4.
pub(crate) const AREA: Area = Area(16);

/// Chats that one client takes part in.
pub(crate) const MAX_CHATS: usize = 4_096;

/// Chats that others may begin. Beyond it their messages are kept and shown all the same, but their keys are not listened
/// for: identities cost nothing, and nobody is to use up the room that the user needs.
const MAX_UNASKED: usize = 1_024;

/// The pure part of a client.
pub(crate) struct Core {
    pub(crate) engine: Box<dyn Engine + Send>,
    pub(crate) keyring: Arc<dyn Keyring>,
}

/// One thing to do.
#[derive(Clone)]
pub(crate) enum Task {
    /// The first task after each start.
    Start {
        /// Whether the store is an old copy, or a copy.
        put_back: bool,
    },
    /// Say something.
    Say { chat: Chat, text: String },
    /// Take part in a chat.
    Join(Chat),
    /// Take part no longer.
    Leave(Chat),
    /// Take another device of our own in, or out.
    Pair { device: DeviceId, how: Interest },
    /// Something for the layers.
    Layers(Input),
}

/// What a task answers to whoever asked.
pub(crate) enum Answer {
    Done,
    Sent(MessageId),
}

/// What is to happen after the commit.
pub(crate) struct Effects {
    pub(crate) answer: Result<Answer, SendError>,
    pub(crate) events: Vec<Event>,
    pub(crate) frames: Vec<(FrameId, Frame)>,
    pub(crate) work: Vec<(FrameId, Frame, Work)>,
    pub(crate) topics: Option<Vec<Topic>>,
    pub(crate) fetch: Option<History>,
    pub(crate) wake: Option<Timestamp>,
    pub(crate) tally: Tally,
    /// What was refused last: a message by its id, or a wish to listen.
    refused: Option<(Option<MessageId>, Layer, String)>,
}

/// Why a task did not come to its end.
enum Stop {
    /// It was refused, and left no trace.
    Refused(SendError),
    /// Our own side failed.
    Fault(Fault),
}

impl Core {
    /// Runs one task. Nothing has happened until the unit's batch is committed.
    pub(crate) fn run(&self, unit: &mut Unit<'_>, task: Task) -> Result<Effects, Fault> {
        let done = unit.attempt(|unit| {
            let mut effects = Effects::default();
            match task {
                Task::Start { put_back } => self.start(unit, &mut effects, put_back)?,
                Task::Say { chat, text } => self.say(unit, &mut effects, &chat, &text)?,
                Task::Join(chat) => self.join(unit, &mut effects, &chat)?,
                Task::Leave(chat) => {
                    self.not_oneself(&chat)?;
                    table::leave(&mut unit.cx(AREA).shelf, &chat);
                    self.expect(unit, &mut effects, &chat, Interest::Ignore)?;
                }
                Task::Pair { device, how } => self.pair(unit, &mut effects, device, how)?,
                Task::Layers(input) => self.layers(unit, &mut effects, input)?,
            }
            Ok(effects)
        });
        match done {
            Ok(effects) => Ok(effects),
            Err(Stop::Refused(why)) => {
                // What was due in the refused step is due still.
                let mut effects = Effects::default();
                self.layers(unit, &mut effects, Input::Tick)?;
                effects.answer = Err(why);
                Ok(effects)
            }
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }

    fn start(&self, unit: &mut Unit<'_>, effects: &mut Effects, put_back: bool) -> Result<(), Fault> {
        if put_back {
            self.layers(unit, effects, Input::RolledBack)?;
            effects.events.push(Event::PutBack);
        }
        self.layers(unit, effects, Input::Start)?;
        // The layers remember whom they deal with. If they remember nothing, they are new to this home.
        if effects.topics.as_ref().is_some_and(|topics| !topics.is_empty()) {
            return Ok(());
        }
        let us = Chat::User(self.keyring.user());
        self.expect(unit, effects, &us, Interest::Listen)?;
        for chat in table::chats(&unit.cx(AREA).shelf, MAX_CHATS).map_err(fault)? {
            self.expect(unit, effects, &chat, Interest::Listen)?;
        }
        Ok(())
    }

    fn join(&self, unit: &mut Unit<'_>, effects: &mut Effects, chat: &Chat) -> Result<(), Stop> {
        self.not_oneself(chat)?;
        let shelf = &mut unit.cx(AREA).shelf;
        if !table::joined(shelf, chat).map_err(fault)? {
            if table::chats(shelf, MAX_CHATS).map_err(fault)?.len() >= MAX_CHATS {
                return Err(Stop::Refused(SendError::TooManyChats { max: MAX_CHATS }));
            }
            table::join(shelf, chat);
            self.expect(unit, effects, chat, Interest::Listen)?;
            effects.unless_refused(None)?;
        }
        Ok(())
    }

    /// We always listen at our own inbox: to join or leave ourselves would make us deaf.
    fn not_oneself(&self, chat: &Chat) -> Result<(), Stop> {
        if *chat == Chat::User(self.keyring.user()) { Err(Stop::Refused(SendError::Oneself)) } else { Ok(()) }
    }

    fn say(&self, unit: &mut Unit<'_>, effects: &mut Effects, chat: &Chat, text: &str) -> Result<(), Stop> {
        let from = self.keyring.user();
        self.join(unit, effects, chat)?;
        let now = unit.now();
        let seen = table::clock(&unit.cx(AREA).shelf, chat).map_err(fault)?;
        let said = words::compose(&*self.keyring, chat, text, seen, now).map_err(Stop::Refused)?;
        let message = Message {
            id: said.id,
            chat: chat.clone(),
            from,
            text: text.to_owned(),
            clock: said.clock,
            sent_at: now,
            grade: promised(chat),
            stage: Some(Stage::Queued),
            way: None,
        };
        let shelf = &mut unit.cx(AREA).shelf;
        table::set_clock(shelf, chat, said.clock);
        table::save_message(shelf, &message);
        let to = match chat {
            Chat::User(user) => Audience::User(*user),
            Chat::Channel(name) => Audience::Channel(name.clone()),
        };
        let body = said.body;
        self.layers(unit, effects, Input::Send { id: said.id, to, body: body.clone() })?;
        effects.unless_refused(Some(said.id))?;
        if matches!(chat, Chat::User(_)) && devices::any_joined(&unit.cx(AREA).shelf).map_err(fault)? {
            // In channels our other devices read for themselves.
            let (id, to) = (devices::copy_of(said.id), Audience::User(from));
            self.layers(unit, effects, Input::Send { id, to, body })?;
        }
        effects.tally.sent += 1;
        effects.answer = Ok(Answer::Sent(said.id));
        Ok(())
    }

    fn pair(
        &self,
        unit: &mut Unit<'_>,
        effects: &mut Effects,
        device: DeviceId,
        how: Interest,
    ) -> Result<(), Stop> {
        self.layers(unit, effects, Input::Pair { device: device.clone(), how })?;
        effects.unless_refused(None)?;
        let device = OwnDevice { id: device, joined: how == Interest::Listen };
        Ok(devices::save(&mut unit.cx(AREA).shelf, &device).map_err(fault)?)
    }

    fn expect(
        &self,
        unit: &mut Unit<'_>,
        effects: &mut Effects,
        chat: &Chat,
        how: Interest,
    ) -> Result<(), Fault> {
        let whom = match chat {
            Chat::User(user) => Recipient::User(*user),
            Chat::Channel(name) => Recipient::Channel(name.clone()),
        };
        self.layers(unit, effects, Input::Expect { whom, how })
    }

    /// Runs the stack, and takes its news.
    fn layers(&self, unit: &mut Unit<'_>, effects: &mut Effects, input: Input) -> Result<(), Fault> {
        let Output { news, frames, work, topics, fetch, wake, taken, .. } = self.engine.step(unit, input)?;
        if let Some(taken) = taken {
            effects.tally.frames_in += 1;
            effects.tally.bytes_in += taken.frame as u64;
            effects.tally.turns += u64::from(taken.turned);
            effects.tally.keys += u64::from(taken.letters == 0);
        }
        effects.tally.frames_out += frames.len() as u64;
        effects.tally.bytes_out += frames.iter().map(|(_, frame)| frame.bytes.len() as u64).sum::<u64>();
        effects.frames.extend(frames);
        effects.work.extend(work);
        effects.topics = topics.or(effects.topics.take());
        effects.fetch = History::both(effects.fetch.take(), fetch);
        effects.wake = wake;
        for news in news {
            self.hear(unit, effects, news)?;
        }
        Ok(())
    }

    fn hear(&self, unit: &mut Unit<'_>, effects: &mut Effects, news: News) -> Result<(), Fault> {
        match news {
            News::Arrived { from, grade, to, body, way } => {
                self.arrived(unit, effects, &Arrived { from, grade, to, body, way })?;
            }
            // One of our own devices has a copy.
            News::Delivered { by, .. } if by == self.keyring.user() => {}
            News::Delivered { id, by, device } => {
                effects.tally.acked += 1;
                self.note(unit, effects, id, &Fact::Delivered { by, device })?;
            }
            News::Published { id, .. } => self.note(unit, effects, id, &Fact::Published)?,
            News::Stored { id, .. } => self.note(unit, effects, id, &Fact::Stored)?,
            News::GaveUp { to, .. } if to == self.keyring.user() => {}
            News::GaveUp { id, to } => self.note(unit, effects, id, &Fact::GaveUp { to })?,
            News::Gap { from, missing } => effects.events.push(Event::Gap { from, missing }),
            News::Again { .. } => effects.tally.copies += 1,
            News::Refused { id, layer, why } => {
                effects.refuse(&layer, &why);
                effects.refused = Some((id, layer, why.to_string()));
            }
            News::Delayed { layer, why, .. } | News::Dropped { layer, why } => effects.refuse(&layer, &why),
            News::Unpublishable { id, .. } => effects.events.push(Event::Refused(Refused {
                layer: "network".into(),
                why: format!("message {id} is larger than the network carries; it is tried again"),
            })),
            News::Noticed(notice) => {
                self.notice(unit, &notice)?;
                effects.events.push(Event::Notice(notice));
            }
            // The answer to the task says it; histories of others are not asked for yet.
            _ => {}
        }
        Ok(())
    }

    fn note(
        &self,
        unit: &mut Unit<'_>,
        effects: &mut Effects,
        id: MessageId,
        fact: &Fact,
    ) -> Result<(), Fault> {
        let events = stage::note(&mut unit.cx(AREA).shelf, id, fact).map_err(fault)?;
        effects.events.extend(events);
        Ok(())
    }

    /// Keeps what a notice says of our own devices.
    fn notice(&self, unit: &mut Unit<'_>, notice: &Notice) -> Result<(), Fault> {
        let shelf = &mut unit.cx(AREA).shelf;
        match notice {
            Notice::NewDevice { user, device, joined } if *user == self.keyring.user() => {
                let device = OwnDevice { id: device.clone(), joined: *joined };
                devices::save(shelf, &device).map_err(fault)
            }
            Notice::RemovedDevice { user, device } if *user == self.keyring.user() => {
                devices::leave(shelf, device).map_err(fault)
            }
            _ => Ok(()),
        }
    }

    fn arrived(&self, unit: &mut Unit<'_>, effects: &mut Effects, got: &Arrived) -> Result<(), Fault> {
        let words = match words::read(&got.body, &got.from, &got.to, unit.now()) {
            Ok(Words::Text(words)) => words,
            Ok(Words::Other { from, kind }) => {
                effects.events.extend(kind.map(|kind| Event::Unsupported { from, kind }));
                return Ok(());
            }
            Err(why) => {
                effects.refuse(&"chat", &why);
                return Ok(());
            }
        };
        let shelf = &mut unit.cx(AREA).shelf;
        let known = table::joined(shelf, &words.chat).map_err(fault)?;
        if matches!(words.chat, Chat::Channel(_)) && !known {
            return Ok(());
        }
        if got.grade < promised(&words.chat) {
            effects.refuse(&"chat", &"a private message came unsealed");
            return Ok(());
        }
        if table::has_message(shelf, &words.id).map_err(fault)? {
            effects.tally.copies += 1;
            return Ok(());
        }
        let message = Message {
            id: words.id,
            chat: words.chat,
            from: words.from,
            clock: words.clock,
            sent_at: words.sent_at,
            grade: got.grade,
            stage: None,
            way: Some(Journey { text: words.text.len(), body: got.body.as_bytes().len(), layers: got.way }),
            text: words.text,
        };
        let seen = table::clock(shelf, &message.chat).map_err(fault)?;
        table::set_clock(shelf, &message.chat, seen.max(message.clock));
        table::save_message(shelf, &message);
        if !known && table::chats(shelf, MAX_UNASKED).map_err(fault)?.len() < MAX_UNASKED {
            // Their keys are announced at a place of their own; from now on we listen there.
            table::join(shelf, &message.chat);
            self.expect(unit, effects, &message.chat, Interest::Listen)?;
        }
        effects.tally.received += 1;
        effects.events.push(Event::Message(message));
        Ok(())
    }
}

/// A body with all that is known of it.
struct Arrived {
    from: Sender,
    grade: Grade,
    to: Recipient,
    body: Body,
    way: Way,
}

impl Default for Effects {
    fn default() -> Self {
        Self {
            answer: Ok(Answer::Done),
            events: Vec::new(),
            frames: Vec::new(),
            work: Vec::new(),
            topics: None,
            fetch: None,
            wake: None,
            tally: Tally::default(),
            refused: None,
        }
    }
}

impl Effects {
    /// Stops the task if it is what was refused.
    fn unless_refused(&mut self, id: Option<MessageId>) -> Result<(), Stop> {
        match self.refused.take_if(|(refused, ..)| *refused == id) {
            Some((_, layer, why)) => Err(Stop::Refused(SendError::Refused { layer: layer.to_string(), why })),
            None => Ok(()),
        }
    }

    fn refuse(&mut self, layer: &dyn Display, why: &dyn Display) {
        self.events.push(Event::Refused(Refused { layer: layer.to_string(), why: why.to_string() }));
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How private a message in a chat is at least, whatever the layers achieve beyond that.
const fn promised(chat: &Chat) -> Grade {
    match chat {
        Chat::User(_) => Grade::Static,
        Chat::Channel(_) => Grade::Clear,
    }
}

fn fault(error: StoreError) -> Fault {
    Fault { layer: Layer::Stack, reason: Reason::new(error) }
}
