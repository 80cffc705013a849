//! The rules of a server: one step for one input, over a store.

mod ask;
mod hand;
mod notify;
mod register;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use status_crypto::Keyring;
use status_data_sync::Once;
use status_layer::{
    Audience, Body, Frame, FrameId, History, Interest, MessageId, Name, Reason, Recipient, Shelf, StoreError,
    Timestamp, Topic, Unit, UserId,
};
use status_payload::{Content, decode, encode};
use status_privacy::{Inboxes, Waku};
use status_security::Bare;
use status_stack::{Engine as _, Fault, Layer, News, Stack};

use crate::config::{Config, MAX_SEEN};
use crate::gateway::Outcome;
use crate::rate::{self, What};
use crate::table::{AREA, KeyHash, seen};

pub use hand::Waiting;

/// How far back the history of a place is fetched that was not listened at before: what was asked long ago nobody waits for.
const JOINED: Duration = Duration::from_secs(300);

/// A push notification server: what is asked, and what it does. It holds a key and configuration; all else is rows.
///
/// One step is one commit: nothing that it wants to go out may leave before its unit's batch is durable.
pub struct Server {
    keyring: Arc<dyn Keyring>,
    config: Config,
    stack: Stack<Once, Bare, Waku<Arc<dyn Keyring>>>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Input {
    /// The server was started: the first input after each start.
    Start,
    /// Something for the layers below.
    Layers(status_stack::Input),
    /// The gateway has answered for a notification.
    Handed {
        /// Its number.
        number: u64,
        /// The version of the registration that it was sent under; see [`Waiting`].
        version: u64,
        /// What the gateway said.
        outcome: Outcome,
    },
}

/// What a step wants done after its commit.
#[derive(Debug, Default)]
pub struct Output {
    /// To be published.
    pub frames: Vec<(FrameId, Frame)>,
    /// The topics to watch from now on, if they changed.
    pub topics: Option<Vec<Topic>>,
    /// What is wanted from history nodes.
    pub fetch: Option<History>,
    /// When to call again with a tick of the layers; `None`, if the layers were not asked.
    pub wake: Option<Option<Timestamp>>,
    /// What was done.
    pub tally: Tally,
}

/// How much was done. It names nobody.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Tally {
    /// Registrations that were taken.
    pub registered: u64,
    /// Devices that gave up being notified, or are gone.
    pub unregistered: u64,
    /// Questions that were answered.
    pub questions: u64,
    /// Requests that were answered.
    pub requests: u64,
    /// Notifications that were put into the queue for the gateway.
    pub queued: u64,
    /// Notifications that the gateway has taken.
    pub pushed: u64,
    /// Notifications that were given up.
    pub given_up: u64,
    /// What was refused: malformed, forged, too old, too much, or a copy.
    pub refused: u64,
}

impl Tally {
    /// Adds what another one counted.
    pub const fn add(&mut self, other: &Self) {
        self.registered = self.registered.saturating_add(other.registered);
        self.unregistered = self.unregistered.saturating_add(other.unregistered);
        self.questions = self.questions.saturating_add(other.questions);
        self.requests = self.requests.saturating_add(other.requests);
        self.queued = self.queued.saturating_add(other.queued);
        self.pushed = self.pushed.saturating_add(other.pushed);
        self.given_up = self.given_up.saturating_add(other.given_up);
        self.refused = self.refused.saturating_add(other.refused);
    }
}

/// One step under way.
struct Step<'s, 'u, 'a> {
    server: &'s Server,
    unit: &'u mut Unit<'a>,
    out: Output,
    /// What is to be given to the layers before the step ends.
    then: Vec<status_stack::Input>,
}

/// A message that may be answered: who signed it, and its id.
#[derive(Clone, Copy)]
struct Letter {
    id: MessageId,
    author: UserId,
}

impl Server {
    /// The server whose key `keyring` holds.
    #[must_use]
    pub fn new(keyring: Arc<dyn Keyring>, config: Config) -> Self {
        let inboxes = Inboxes { personal: Interest::Listen, ..Inboxes::DEPLOYED };
        let privacy = Waku::new(Arc::clone(&keyring)).with_inboxes(inboxes);
        let stack = Stack::new(Once::default(), Bare::new(keyring.user()), privacy);
        let stack =
            stack.with_config(status_stack::Config { joined: JOINED, ..status_stack::Config::default() });
        Self { keyring, config, stack }
    }

    /// The server's name: what clients are told to register at.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.keyring.user()
    }

    /// Runs one step. Nothing has happened until the unit's batch is committed.
    ///
    /// # Errors
    /// [`Fault`] if our own side failed; then the unit must be dropped. Bad input is counted in [`Tally::refused`].
    pub fn step(&self, unit: &mut Unit<'_>, input: Input) -> Result<Output, Fault> {
        let mut step = Step { server: self, unit, out: Output::default(), then: Vec::new() };
        match input {
            Input::Start => {
                step.layers(status_stack::Input::Start)?;
                step.then.push(expect(Recipient::User(self.user()), Interest::Listen));
            }
            Input::Layers(input) => step.layers(input)?,
            Input::Handed { number, version, outcome } => step.handed(number, version, outcome)?,
        }
        // What is said and where is listened from now on brings nothing in, so this ends.
        for input in std::mem::take(&mut step.then) {
            step.layers(input)?;
        }
        Ok(step.out)
    }
}

impl Step<'_, '_, '_> {
    fn shelf(&mut self) -> Shelf<'_> {
        self.unit.cx(AREA).shelf
    }

    fn layers(&mut self, input: status_stack::Input) -> Result<(), Fault> {
        let out = self.server.stack.step(self.unit, input)?;
        self.out.frames.extend(out.frames);
        self.out.topics = out.topics.or(self.out.topics.take());
        self.out.fetch = History::both(self.out.fetch.take(), out.fetch);
        self.out.wake = Some(out.wake);
        for news in out.news {
            match news {
                News::Arrived { from, to, body, .. } => self.arrived(&from.user, &to, &body)?,
                News::Dropped { layer, why } => {
                    self.out.tally.refused += 1;
                    tracing::debug!(%layer, %why, "a frame was refused");
                }
                News::Refused { layer, why, .. } | News::Delayed { layer, why, .. } => {
                    tracing::warn!(%layer, %why, "an answer does not leave");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a message. One that cannot be anything for a server leaves no trace, and is not answered.
    fn arrived(&mut self, from: &UserId, to: &Recipient, body: &Body) -> Result<(), Fault> {
        let Ok(message) = decode(body, Some(*from)) else { return self.refuse("it cannot be read") };
        if !message.signed {
            return self.refuse("nobody has signed it");
        }
        let letter = Letter { id: message.id, author: message.author };
        let (config, private) = (self.server.config, matches!(to, Recipient::User(_)));
        let (what, max) = match &message.content {
            Content::PushNotificationRegistration(_) if private => {
                (What::Registrations, config.registrations)
            }
            Content::PushNotificationQuery(_) => (What::Questions, config.questions),
            Content::PushNotificationRequest(_) if private => (What::Requests, config.requests),
            _ => return self.refuse("it is nothing for a server"),
        };
        let now = self.unit.now();
        let taken = rate::take(&mut self.shelf(), (what, &[]), max, now).map_err(fault)?;
        if !taken {
            return self.refuse("too much was asked in this minute");
        }
        if !seen::note(&mut self.shelf(), letter.id, now, MAX_SEEN).map_err(fault)? {
            return self.refuse("it came before");
        }
        match message.content {
            Content::PushNotificationRegistration(sealed) => self.register(letter, &sealed),
            Content::PushNotificationQuery(query) => self.ask(letter, &query.public_keys),
            Content::PushNotificationRequest(request) => self.notify(letter, &request),
            _ => Ok(()),
        }
    }

    /// Counts something that is not done.
    fn refuse(&mut self, why: &str) -> Result<(), Fault> {
        self.out.tally.refused += 1;
        tracing::debug!(why, "a message was refused");
        Ok(())
    }

    /// Answers somebody. An answer is sent once: who misses it asks again.
    fn answer(&mut self, to: UserId, content: &Content) {
        match encode(&*self.server.keyring, content) {
            Ok(body) => {
                let mut id = [0; 32];
                self.unit.cx(AREA).rng.fill_bytes(&mut id);
                let (id, to) = (MessageId::new(id), Audience::User(to));
                let body = Body::passing(body.into_bytes());
                self.then.push(status_stack::Input::Send { id, to, body });
            }
            Err(why) => tracing::warn!(%why, "an answer is too long"),
        }
    }

    /// Begins or stops listening where people ask about somebody.
    fn listen(&mut self, who: &KeyHash, how: Interest) {
        // A name of 128 digits is never too long.
        if let Ok(name) = Name::new(hex::encode(who)) {
            self.then.push(expect(Recipient::Channel(name), how));
        }
    }
}

const fn expect(whom: Recipient, how: Interest) -> status_stack::Input {
    status_stack::Input::Expect { whom, how }
}

/// The server's own rows failed.
fn fault(error: StoreError) -> Fault {
    Fault { layer: Layer::Stack, reason: Reason::new(error) }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.user())
    }
}
