//! A passing identity with layers of its own, for as long as one exchange takes. Nothing of it is kept.

use std::collections::VecDeque;
use std::sync::Arc;

use rand::rngs::{StdRng, SysRng};
use rand_core::SeedableRng;
use status_crypto::{Keyring, SecretKey};
use status_layer::{
    Audience, DeviceId, Frame, FrameId, Interest, Memory, Name, Recipient, Store, Timestamp, Topic, Unit,
    UserId,
};
use status_payload::{Content, Kind, decode, encode, message_id};
use status_stack::{Engine, Input, News};

use super::PairingError;
use super::flight::{Flight, KIND, MAX_FLIGHT};
use crate::builder::{MakeStack, Us, new_device};
use crate::clock::{Clock, SharedClock};
use crate::guest::Guest;

/// One side of an exchange, on a network that it is a guest of.
pub(super) struct Party {
    guest: Guest,
    engine: Box<dyn Engine + Send>,
    store: Memory,
    clock: SharedClock,
    keyring: Arc<SecretKey>,
    /// How many flights were said.
    said: u32,
    heard: VecDeque<Heard>,
    pub(super) rng: StdRng,
}

/// What the layers want: topics to listen to, if they changed, and frames to publish.
type Wanted = (Option<Vec<Topic>>, Vec<(FrameId, Frame)>);

/// What somebody said.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) channel: Name,
    /// Whoever signed it: a passing identity, as ours.
    pub(super) from: UserId,
    pub(super) flight: Flight,
}

impl Party {
    /// Begins to listen on these channels.
    pub(super) async fn new(
        guest: Guest,
        make: &MakeStack,
        clock: SharedClock,
        channels: &[Name],
    ) -> Result<Self, PairingError> {
        let mut rng = randomness()?;
        let keyring = Arc::new(SecretKey::generate(&mut rng));
        let device = DeviceId::new(new_device(&mut rng)).map_err(|_| PairingError::Randomness)?;
        let engine = make(&Us { keyring: keyring.clone(), device });
        let (store, heard) = (Memory::new(), VecDeque::new());
        let mut party = Self { guest, engine, store, clock, keyring, said: 0, heard, rng };
        party.step(Input::Start).await?;
        for channel in channels {
            let whom = Recipient::Channel(channel.clone());
            party.step(Input::Expect { whom, how: Interest::Listen }).await?;
        }
        Ok(party)
    }

    /// The passing identity.
    pub(super) fn user(&self) -> UserId {
        self.keyring.user()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says something, to whoever listens on a channel.
    pub(super) async fn say(&mut self, channel: &Name, flight: &Flight) -> Result<(), PairingError> {
        self.said = self.said.wrapping_add(1);
        let content = Content::Other { kind: Kind::from(KIND), payload: flight.write(self.said) };
        let body = encode(&*self.keyring, &content).map_err(PairingError::failed)?;
        let id = message_id(&self.keyring.public(), &body);
        self.step(Input::Send { id, to: Audience::Channel(channel.clone()), body }).await
    }

    /// The next flight that is heard. Cancel-safe.
    pub(super) async fn hear(&mut self) -> Result<Heard, PairingError> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            let frame = self.guest.next().await.ok_or(PairingError::Closed)?;
            self.step(Input::Frame(frame)).await?;
        }
    }

    async fn step(&mut self, input: Input) -> Result<(), PairingError> {
        let (topics, frames) = self.run(input)?;
        if let Some(topics) = topics {
            self.guest.watch(topics).await;
        }
        for (id, frame) in frames {
            self.guest.publish(frame).await;
            // What is lost is said again, in other words; it is not to be repeated from here.
            self.run(Input::Published(id))?;
        }
        Ok(())
    }

    fn run(&mut self, input: Input) -> Result<Wanted, PairingError> {
        let mut unit = Unit::new(self.clock.now(), &mut self.rng, &self.store);
        let output = self.engine.step(&mut unit, input).map_err(PairingError::failed)?;
        let batch = unit.into_batch();
        self.store.commit(batch).map_err(PairingError::failed)?;
        let ourselves = self.keyring.user();
        self.heard.extend(output.news.into_iter().filter_map(|news| heard(news, ourselves)));
        Ok((output.topics, output.frames))
    }
}

/// The flight in a piece of news, if it is one, and its author is beyond doubt and somebody else.
fn heard(news: News, ourselves: UserId) -> Option<Heard> {
    let News::Arrived { from, to: Recipient::Channel(channel), body, .. } = news else { return None };
    if body.as_bytes().len() > 2 * MAX_FLIGHT {
        return None;
    }
    let message = decode(&body, Some(from.user)).ok()?;
    let Content::Other { kind, payload } = message.content else { return None };
    if kind.number() != KIND || !message.signed || message.author == ourselves {
        return None;
    }
    Some(Heard { channel, from: message.author, flight: Flight::read(&payload)? })
}

/// Randomness of the operating system.
pub(super) fn randomness() -> Result<StdRng, PairingError> {
    StdRng::try_from_rng(&mut SysRng).map_err(|_| PairingError::Randomness)
}
