//! What has to hold after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use status_layer::{Body, Frame, Grade, Memory, MessageId, Notice, Recipient, Sender, Timestamp, UserId};

use crate::app::{self, Kept};
use crate::node::{Node, NodeId};
use crate::note::{Note, Place};
use crate::record::{Fate, Said, Step};
use crate::tap::Tap;
use crate::world::Notices;

/// A rule of which a run is proof, or the end.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Rule {
    /// What was acknowledged to the sender's application is stored at the reader, and stays there.
    AckedIsStored,
    /// Nothing is shown twice.
    ShownOnce,
    /// In the order of clocks, what one device says in a chat has the order in which it was said.
    OrderOfClocks,
    /// Every accepted message is acknowledged, or given up visibly, in bounded time after the network heals.
    NothingIsSilent,
    /// Nothing private can be read in any frame.
    NoPlaintext,
    /// No message key seals two texts.
    NoKeyTwice,
    /// Two devices of one user come to have the same messages.
    DevicesConverge,
    /// What is shown was said by whom it is shown as, is for whoever sees it, and is sealed as it must be.
    Genuine,
    /// No layer of ours fails.
    NoFault,
}

/// A rule that was broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// When.
    pub at: Timestamp,
    /// How.
    pub what: String,
}

/// Somebody's device, as the judge knows it.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) person: usize,
    pub(crate) user: UserId,
    /// From when on it runs.
    pub(crate) since: Timestamp,
    /// Whether it still runs.
    pub(crate) alive: bool,
    /// Whether an old copy of its store was put back: it counts its messages anew.
    pub(crate) rolled_back: bool,
    /// Whether nothing told it: what it seals from then on may use keys again.
    pub(crate) unaware: bool,
    /// Whether its data sync keeps what came too early, and acknowledges it before it is shown.
    pub(crate) holds: bool,
    /// What it was shown and has not lost.
    pub(crate) stored: BTreeMap<MessageId, Kept>,
    /// By sending device and chat: the numbers in the order of clocks.
    order: BTreeMap<(u32, Place), BTreeMap<(u64, MessageId), u64>>,
}

/// A message that was to be said.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) from: NodeId,
    /// Private ones: the persons who should read it. Channels: nobody.
    pub(crate) readers: BTreeSet<usize>,
    pub(crate) said: Timestamp,
    pub(crate) accepted: bool,
    /// Its device has forgotten it: an old copy was put back, or it was lost.
    pub(crate) forgotten: bool,
}

/// Sees each step, and remembers what it needs.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) devices: Vec<Device>,
    pub(crate) lines: BTreeMap<MessageId, Line>,
    pub(crate) broken: Option<Broken>,
    pub(crate) tally: Tally,
    /// Accepted messages, each with a reader who has not acknowledged it.
    pub(crate) open: BTreeSet<(MessageId, usize)>,
    /// What was acknowledged by a person who has yet to be shown it, as data sync keeps it still.
    pub(crate) held: BTreeSet<(MessageId, usize)>,
    /// What was ever stored by a person, on whatever device.
    ever: BTreeSet<(MessageId, usize)>,
    users: BTreeMap<UserId, usize>,
    keys: BTreeMap<(NodeId, u64), u64>,
    mark: [u8; 16],
    tap: Tap,
}

/// What is counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Messages accepted, private and public.
    pub messages: u64,
    /// Private messages accepted, counted once for each reader.
    pub expected: u64,
    /// Of these, acknowledged.
    pub delivered: u64,
    /// Of these, given up visibly.
    pub given_up: u64,
    /// Of these, forgotten by their sender before either: an old copy was put back, or the device was lost.
    pub forgotten: u64,
    /// Messages shown, private and public, on whatever device.
    pub shown: u64,
    /// Copies that data sync recognised.
    pub duplicates: u64,
    /// Messages that were shown after a later one of the same chat and sender.
    pub overtaken: u64,
    /// Messages that a stack said are missing before one that arrived.
    pub gaps: u64,
    /// Times that somebody wrote in a session that was not there any more.
    pub resets: u64,
    /// Frames refused, and datagrams put off.
    pub refused: u64,
    /// How long private messages took to be shown, in milliseconds of virtual time.
    pub latency: Vec<u64>,
}

impl Judge {
    pub(crate) fn new(mark: [u8; 16], tap: Tap) -> Self {
        Self {
            devices: Vec::new(),
            lines: BTreeMap::new(),
            broken: None,
            tally: Tally::default(),
            open: BTreeSet::new(),
            held: BTreeSet::new(),
            ever: BTreeSet::new(),
            users: BTreeMap::new(),
            keys: BTreeMap::new(),
            mark,
            tap,
        }
    }

    pub(crate) fn add(&mut self, since: Timestamp, person: usize, user: UserId, holds: bool) {
        self.users.insert(user, person);
        let (stored, order) = (BTreeMap::new(), BTreeMap::new());
        self.devices.push(Device {
            person,
            user,
            since,
            alive: true,
            rolled_back: false,
            unaware: false,
            holds,
            stored,
            order,
        });
    }

    /// Judges one step. `node` is as it is after it.
    pub(crate) fn step(&mut self, step: &Step, node: &Node) {
        for frame in &step.frames {
            self.frame(step, frame);
        }
        match step.fate {
            // Of a step that was cut short only the store knows what became of it.
            Fate::DiedBeforeCommit | Fate::DiedBeforePublish | Fate::DiedBeforePublished => {
                self.reload(step.at, step.node, &node.store);
            }
            Fate::Failed => self.fail(Rule::NoFault, step.at, "a layer failed".into()),
            Fate::DiskFull => {}
            Fate::Done => {
                for said in &step.news {
                    self.hear(step, said);
                }
            }
        }
    }

    fn hear(&mut self, step: &Step, said: &Said) {
        match said {
            Said::Accepted(id) => self.accepted(*id),
            Said::Arrived { from, grade, to, body } => self.arrived(step, from, *grade, to, body),
            Said::Delivered(id, by) => self.delivered(step.at, *id, by),
            Said::Again(_) => self.tally.duplicates += 1,
            Said::Noticed(Notice::Unreadable { .. }) => self.tally.resets += 1,
            Said::GaveUp(id, to) => self.gave_up(*id, to),
            Said::Noticed(_)
            | Said::Refused(..)
            | Said::Published(_)
            | Said::Stored(_)
            | Said::Offered(_) => {}
            Said::Gap(_, missing) => self.tally.gaps += *missing as u64,
            Said::Dropped(_) => self.tally.refused += 1,
        }
    }

    fn frame(&mut self, step: &Step, frame: &Frame) {
        if frame.bytes.windows(self.mark.len()).any(|window| window == self.mark) {
            self.fail(Rule::NoPlaintext, step.at, format!("a frame of {} bytes", frame.bytes.len()));
        }
        let unaware = self.device(step.node).is_some_and(|device| device.unaware);
        for used in self.tap.take(frame) {
            let before = self.keys.insert((step.node, used.key), used.text);
            if before.is_some_and(|before| before != used.text) && !unaware {
                self.fail(Rule::NoKeyTwice, step.at, format!("key {:016x} of {:?}", used.key, step.node));
            }
        }
    }

    fn accepted(&mut self, id: MessageId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if std::mem::replace(&mut line.accepted, true) {
            return;
        }
        self.tally.messages += 1;
        self.tally.expected += line.readers.len() as u64;
        self.open.extend(line.readers.iter().map(|reader| (id, *reader)));
    }

    fn arrived(&mut self, step: &Step, from: &Sender, grade: Grade, to: &Recipient, body: &Body) {
        let Some(note) = Note::decode(body) else {
            return self.fail(Rule::Genuine, step.at, "a body that nobody has written".into());
        };
        let public = matches!(to, Recipient::Channel(_));
        let genuine = self.devices.get(note.device as usize).is_some_and(|device| device.user == from.user);
        let sealed = grade > Grade::Clear || public;
        let private = public == matches!(note.place, Place::Channel(_));
        if !genuine || !sealed || !private || !self.lines.contains_key(&note.id) {
            self.fail(Rule::Genuine, step.at, format!("message {} of device {}", note.number, note.device));
        }
        self.latency(step, &note);
        self.tally.shown += 1;
        let Note { id, device, number, clock, .. } = note;
        if !self.keep(step.at, step.node, Kept { id, device, number, clock }, note.place) {
            self.fail(Rule::ShownOnce, step.at, format!("message {number} of device {device}"));
        }
    }

    fn latency(&mut self, step: &Step, note: &Note) {
        let person = self.device(step.node).map(|device| device.person);
        let Some((line, person)) = self.lines.get(&note.id).zip(person) else { return };
        if line.readers.contains(&person) && !self.ever.contains(&(note.id, person)) {
            self.tally.latency.push(step.at.since(line.said).as_millis() as u64);
        }
    }

    /// Notes that a device has a message; `false` if it had it before.
    fn keep(&mut self, at: Timestamp, node: NodeId, kept: Kept, place: Place) -> bool {
        let sender_forgot = self.devices.get(kept.device as usize).is_some_and(|device| device.rolled_back);
        let Some(device) = self.devices.get_mut(node.0) else { return true };
        let person = device.person;
        let new = device.stored.insert(kept.id, kept).is_none();
        let order = device.order.entry((kept.device, place)).or_default();
        order.insert((kept.clock, kept.id), kept.number);
        let key = (kept.clock, kept.id);
        let before = order.range(..key).next_back().map(|(_, number)| *number);
        let after = order.range((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded)).next();
        let late = after.is_some();
        let wrong = before.is_some_and(|before| before >= kept.number)
            || after.is_some_and(|(_, after)| *after <= kept.number);
        self.ever.insert((kept.id, person));
        self.held.remove(&(kept.id, person));
        if late && new {
            self.tally.overtaken += 1;
        }
        // Whoever forgot what it said begins to count anew.
        if wrong && new && !sender_forgot {
            self.fail(
                Rule::OrderOfClocks,
                at,
                format!("message {} of device {} with clock {}", kept.number, kept.device, kept.clock),
            );
        }
        new
    }

    fn delivered(&mut self, at: Timestamp, id: MessageId, by: &UserId) {
        let Some(person) = self.users.get(by).copied().filter(|_| self.lines.contains_key(&id)) else {
            return;
        };
        let holds = self.devices.iter().any(|device| device.person == person && device.holds);
        if self.ever.contains(&(id, person)) {
            // As it must be.
        } else if holds {
            self.held.insert((id, person));
        } else {
            self.fail(Rule::AckedIsStored, at, format!("{id:?} is not stored by {person}"));
        }
        if self.open.remove(&(id, person)) {
            self.tally.delivered += 1;
        }
    }

    fn gave_up(&mut self, id: MessageId, to: &UserId) {
        let Some(person) = self.users.get(to).copied() else { return };
        if self.open.remove(&(id, person)) {
            self.tally.given_up += 1;
        }
    }

    /// Compares what a node has stored with what it is known to have been shown.
    pub(crate) fn reload(&mut self, at: Timestamp, id: NodeId, store: &Memory) {
        let (Ok(mail), Ok(sent), Ok(acked), Ok(ended)) =
            (app::mail(store), app::sent(store), app::delivered(store), app::given_up(store))
        else {
            return self.fail(Rule::NoFault, at, "the store cannot be read".into());
        };
        let has: BTreeSet<MessageId> = mail.iter().map(|(kept, _)| kept.id).collect();
        let known = self.device(id).map(|device| device.stored.keys().copied().collect::<Vec<_>>());
        if let Some(lost) = known.unwrap_or_default().iter().find(|known| !has.contains(known)) {
            self.fail(Rule::AckedIsStored, at, format!("{lost:?} is gone from {id:?}"));
        }
        for (kept, place) in mail {
            self.keep(at, id, kept, place);
        }
        for message in sent {
            self.accepted(message);
        }
        for (message, by) in acked {
            self.delivered(at, message, &by);
        }
        for (message, to) in ended {
            self.gave_up(message, &to);
        }
    }

    /// An old copy of the store is put back: what came after it is forgotten.
    pub(crate) fn put_back(&mut self, at: Timestamp, id: NodeId, copy: &Memory, notices: Notices) {
        if let Some(device) = self.devices.get_mut(id.0) {
            device.rolled_back = true;
            device.unaware |= notices == Notices::No;
            device.stored.clear();
            device.order.clear();
            let person = device.person;
            self.held.retain(|(_, by)| *by != person);
        }
        let sent = app::sent(copy).unwrap_or_default();
        self.forget(id, |message| !sent.contains(message));
        self.reload(at, id, copy);
    }

    /// A device is gone for good.
    pub(crate) fn bury(&mut self, id: NodeId) {
        if let Some(device) = self.devices.get_mut(id.0) {
            device.alive = false;
            let person = device.person;
            self.held.retain(|(_, by)| *by != person);
        }
        self.forget(id, |_| true);
    }

    fn forget(&mut self, from: NodeId, which: impl Fn(&MessageId) -> bool) {
        for (id, line) in self.lines.iter_mut().filter(|(id, line)| line.from == from && which(id)) {
            line.forgotten = true;
            for reader in &line.readers {
                self.tally.forgotten += u64::from(self.open.remove(&(*id, *reader)));
            }
        }
    }

    /// Whether nobody waits for anything.
    pub(crate) fn is_settled(&self) -> bool {
        self.open.is_empty() && self.held.is_empty()
    }

    pub(crate) fn device(&self, id: NodeId) -> Option<&Device> {
        self.devices.get(id.0)
    }

    pub(crate) fn fail(&mut self, rule: Rule, at: Timestamp, what: String) {
        self.broken.get_or_insert(Broken { rule, at, what });
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AckedIsStored => "what was acknowledged is stored",
            Self::ShownOnce => "nothing is shown twice",
            Self::OrderOfClocks => "clocks give the order",
            Self::NothingIsSilent => "nothing is lost silently",
            Self::NoPlaintext => "nothing private is readable",
            Self::NoKeyTwice => "no key is used twice",
            Self::DevicesConverge => "devices of one user converge",
            Self::Genuine => "what is shown is genuine",
            Self::NoFault => "nothing of ours fails",
        })
    }
}
