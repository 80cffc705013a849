//! The application on top of a simulated stack: it numbers what it says, and keeps what it was shown, in the commit of
//! the step that told it.

use std::collections::BTreeSet;

use status_layer::row::{Reader, Writer};
use status_layer::{
    Area, Audience, History, Interest, Memory, MessageId, Name, Read, Reason, Recipient, StoreError,
    Timestamp, Unit, UserId,
};
use status_stack::{Engine, Fault, Input, Layer, News, Output};

use crate::note::{Note, Place};

/// The rows of the application.
pub(crate) const AREA: Area = Area(16);

/// The clock reading of the next message: of the last one seen in the chat, and the time.
pub type Clock = fn(u64, Timestamp) -> u64;

/// A stack with an application on top. It takes the body of [`Input::Send`] as text, and sends a [`Note`] in its place.
pub struct App<E> {
    stack: E,
    us: UserId,
    device: u32,
    mark: [u8; 16],
    clock: Clock,
}

// Rows: C place → clock | Q → number of the last message | M id → device, number, clock, place | S id → clock | D id reader → "" acknowledged
// | G id reader → "" given up
// | P → "" we have another device
const CLOCK: u8 = b'C';
const NUMBER: &[u8] = b"Q";
const MAIL: u8 = b'M';
const SENT: u8 = b'S';
const DELIVERED: u8 = b'D';
const GIVEN_UP: u8 = b'G';
const PAIRED: &[u8] = b"P";
const VERSION: u8 = 1;
const WHAT: &str = "the simulated application's table";

/// As deployed peers count: one more than the last, and at least the time in milliseconds.
#[must_use]
pub fn lamport(seen: u64, now: Timestamp) -> u64 {
    now.millis().max(seen.saturating_add(1))
}

impl<E: Engine> App<E> {
    /// The application of the device number `device` of `us`. `mark` is in all that is private.
    pub const fn new(stack: E, us: UserId, device: u32, mark: [u8; 16]) -> Self {
        Self { stack, us, device, mark, clock: lamport }
    }

    /// Has it count in another way.
    #[must_use]
    pub const fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn say(&self, unit: &mut Unit<'_>, out: &mut Output, id: MessageId, to: &Audience, text: &[u8]) -> Done {
        let place = Place::from(to.clone());
        let key = [&[CLOCK], place.encode().as_slice()].concat();
        let now = unit.now();
        let shelf = &mut unit.cx(AREA).shelf;
        let first = !shelf.has(&key).map_err(fault)?;
        let seen = number(shelf.get(&key).map_err(fault)?)?;
        let count = number(shelf.get(NUMBER).map_err(fault)?)?.saturating_add(1);
        let paired = shelf.has(PAIRED).map_err(fault)?;
        let clock = (self.clock)(seen, now);
        if first && let Place::User(user) = &place {
            // Their keys are announced at a place of their own.
            self.listen(unit, out, Recipient::User(*user))?;
        }
        let private = !matches!(place, Place::Channel(_));
        let note = Note { id, device: self.device, number: count, clock, place, text: text.to_vec() };
        let body = note.encode(private.then_some(&self.mark));
        self.run(unit, out, Input::Send { id, to: to.clone(), body: body.clone() })?;
        if !out.news.iter().any(|news| matches!(news, News::Accepted { id: accepted } if *accepted == id)) {
            return Ok(());
        }
        let shelf = &mut unit.cx(AREA).shelf;
        shelf.put(key, row(clock));
        shelf.put(NUMBER, row(count));
        shelf.put(named(SENT, id), row(clock));
        if private && paired && *to != Audience::User(self.us) {
            self.run(unit, out, Input::Send { id: copy_of(id), to: Audience::User(self.us), body })?;
        }
        Ok(())
    }

    fn run(&self, unit: &mut Unit<'_>, out: &mut Output, input: Input) -> Done {
        let more = self.stack.step(unit, input)?;
        out.news.extend(more.news);
        out.frames.extend(more.frames);
        out.work.extend(more.work);
        out.topics = more.topics.or(out.topics.take());
        out.fetch = History::both(out.fetch.take(), more.fetch);
        out.wake = more.wake;
        Ok(())
    }

    fn listen(&self, unit: &mut Unit<'_>, out: &mut Output, whom: Recipient) -> Done {
        self.run(unit, out, Input::Expect { whom, how: Interest::Listen })
    }

    /// Takes the news into the application's rows. What a channel brings twice is shown once: channels have no data sync.
    fn hear(&self, unit: &mut Unit<'_>, out: &mut Output) -> Done {
        let mut strangers = Vec::new();
        let mut kept = Vec::with_capacity(out.news.len());
        for news in std::mem::take(&mut out.news) {
            match &news {
                News::Arrived { from, body, to, .. } => {
                    let Some(note) = Note::decode(body) else {
                        kept.push(news);
                        continue;
                    };
                    let key = named(MAIL, note.id);
                    let shelf = &mut unit.cx(AREA).shelf;
                    if matches!(to, Recipient::Channel(_)) && shelf.has(&key).map_err(fault)? {
                        kept.push(News::Again { from: from.user });
                        continue;
                    }
                    let place = note.seen_by(self.us, from.user);
                    let place = [&[CLOCK], place.encode().as_slice()].concat();
                    let seen = number(shelf.get(&place).map_err(fault)?)?;
                    if from.user != self.us && !shelf.has(&place).map_err(fault)? {
                        strangers.push(from.user);
                    }
                    shelf.put(place, row(seen.max(note.clock)));
                    let mail = Writer::new(VERSION).u32(note.device).u64(note.number).u64(note.clock);
                    shelf.put(key, mail.bytes(&note.place.encode()).finish());
                }
                News::GaveUp { id, to } => {
                    let key = [named(GIVEN_UP, *id).as_slice(), to.as_bytes()].concat();
                    unit.cx(AREA).shelf.put(key, Vec::new());
                }
                News::Delivered { id, by, .. } => {
                    let key = [named(DELIVERED, *id).as_slice(), by.as_bytes()].concat();
                    unit.cx(AREA).shelf.put(key, Vec::new());
                }
                _ => {}
            }
            kept.push(news);
        }
        out.news = kept;
        for user in strangers {
            self.listen(unit, out, Recipient::User(user))?;
        }
        Ok(())
    }
}

impl<E: Engine> Engine for App<E> {
    fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let mut out = Output::default();
        match input {
            Input::Send { id, to, body } => self.say(unit, &mut out, id, &to, body.as_bytes())?,
            Input::Pair { .. } => {
                self.run(unit, &mut out, input)?;
                unit.cx(AREA).shelf.put(PAIRED, Vec::new());
            }
            input => self.run(unit, &mut out, input)?,
        }
        self.hear(unit, &mut out)?;
        Ok(out)
    }
}

type Done = Result<(), Fault>;

/// The id of the copy of a message that goes to our other devices.
#[must_use]
pub(crate) fn copy_of(id: MessageId) -> MessageId {
    MessageId::new(id.as_bytes().map(|byte| !byte))
}

/// A message in the rows of an application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Its id.
    pub id: MessageId,
    /// The number of the device that sent it.
    pub device: u32,
    /// Its number among those of that device.
    pub number: u64,
    /// Its clock reading.
    pub clock: u64,
}

/// The messages that arrived at a node, in order of their clocks.
///
/// # Errors
/// [`StoreError`] if a row is damaged.
pub(crate) fn mail(store: &Memory) -> Result<Vec<(Kept, Place)>, StoreError> {
    let rows = store.scan(AREA, &[MAIL], None, usize::MAX)?;
    let mut all = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        let id = key.get(1..).and_then(|id| id.try_into().ok()).ok_or_else(damaged)?;
        let id = MessageId::new(id);
        all.push(Reader::read(WHAT, VERSION, &value, |r| {
            let kept = Kept { id, device: r.u32()?, number: r.u64()?, clock: r.u64()? };
            Some((kept, Place::decode(r.rest())?))
        })?);
    }
    all.sort_by_key(|(kept, _)| (kept.clock, kept.id));
    Ok(all)
}

/// The messages that a node has accepted for sending.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub(crate) fn sent(store: &Memory) -> Result<BTreeSet<MessageId>, StoreError> {
    let rows = store.scan(AREA, &[SENT], None, usize::MAX)?;
    Ok(rows.into_iter().filter_map(|(key, _)| key.get(1..)?.try_into().ok()).map(MessageId::new).collect())
}

/// The messages of a node that were acknowledged, each with who did.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub(crate) fn delivered(store: &Memory) -> Result<BTreeSet<(MessageId, UserId)>, StoreError> {
    readers(store, DELIVERED)
}

/// The messages of a node that were given up, each with who did not acknowledge it.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub(crate) fn given_up(store: &Memory) -> Result<BTreeSet<(MessageId, UserId)>, StoreError> {
    readers(store, GIVEN_UP)
}

fn readers(store: &Memory, tag: u8) -> Result<BTreeSet<(MessageId, UserId)>, StoreError> {
    let rows = store.scan(AREA, &[tag], None, usize::MAX)?;
    let parse = |key: &[u8]| {
        let (id, by) = key.get(1..)?.split_at_checked(32)?;
        Some((MessageId::new(id.try_into().ok()?), UserId::from_compressed(by).ok()?))
    };
    Ok(rows.into_iter().filter_map(|(key, _)| parse(&key)).collect())
}

/// The name of a channel by its number.
///
/// # Errors
/// Never: a short name is a name.
pub(crate) fn channel(number: u8) -> Result<Name, status_layer::IdError> {
    Name::new(format!("channel-{number}"))
}

fn named(tag: u8, id: MessageId) -> Vec<u8> {
    [&[tag], id.as_bytes().as_slice()].concat()
}

fn row(number: u64) -> status_layer::Value {
    Writer::new(VERSION).u64(number).finish()
}

fn number(value: Option<status_layer::Value>) -> Result<u64, Fault> {
    value.map_or(Ok(0), |value| Reader::read(WHAT, VERSION, &value, Reader::u64)).map_err(fault)
}

fn fault(error: StoreError) -> Fault {
    Fault { layer: Layer::Stack, reason: Reason::new(error) }
}

const fn damaged() -> StoreError {
    StoreError::Damaged { what: WHAT }
}
