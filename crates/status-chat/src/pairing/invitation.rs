//! An invitation, and the task that waits for its guest.

use std::time::Duration;

use status_layer::Timestamp;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::PairingError;
use super::code::Code;
use super::flight::{Account, Newcomer};
use super::host::{Host, Reaction};
use super::party::{Party, randomness};
use crate::client::{Client, WeakClient};
use crate::devices::OwnDevice;
use crate::guest::Place;
use crate::table::{self, Owner, devices};

/// How long an invitation is good for.
const LIVES: Duration = Duration::from_secs(10 * 60);
/// How long after its end it still says why it is over.
const LINGERS: Duration = Duration::from_secs(60);
/// How often it is looked whether the new device was heard of, and whether time is up.
const LOOKS: Duration = Duration::from_millis(250);

/// An invitation of a new device: for ten minutes and one guess. Dropping it voids it, unless the account was handed over.
#[derive(Debug)]
#[must_use = "an invitation that is dropped is void"]
pub struct Invitation {
    short: Code,
    long: Code,
    expires: Timestamp,
    ended: oneshot::Receiver<Result<OwnDevice, PairingError>>,
}

impl Invitation {
    /// The code to type on the new device, such as `482193-guitar-velvet`.
    #[must_use]
    pub fn code(&self) -> Zeroizing<String> {
        self.short.text()
    }

    /// The text for a QR code, which the new device scans. It has a secret of 128 bits, and nobody can find its place.
    #[must_use]
    pub fn qr(&self) -> Zeroizing<String> {
        self.long.text()
    }

    /// Until when it is good.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Waits for the new device; when this returns it, it belongs to us.
    ///
    /// # Errors
    /// [`PairingError::WrongCode`], [`PairingError::Expired`], [`PairingError::Flooded`], [`PairingError::Closed`]: no device
    /// was taken in. [`PairingError::Unfinished`]: it will be when it comes online.
    pub async fn finished(self) -> Result<OwnDevice, PairingError> {
        self.ended.await.unwrap_or(Err(PairingError::Closed))
    }
}

/// Invites a device.
pub(crate) async fn invite(client: &Client) -> Result<Invitation, PairingError> {
    let kit = client.kit();
    let mut rng = randomness()?;
    let (short, long) = (Code::short(&mut rng)?, Code::long(&mut rng));
    let channels = [short.channel()?, long.channel()?];
    let guest = kit.door.enter(Place::Pairing).await.ok_or(PairingError::Closed)?;
    let party = Party::new(guest, &kit.make, kit.clock.clone(), &channels).await?;
    let expires = party.now().after(LIVES);
    let host = Host::new(party.user(), vec![short.clone(), long.clone()], expires)?;
    let (reply, ended) = oneshot::channel();
    let desk = Desk { client: client.weak(), party, host, expires, reply: Some(reply), offered: None };
    kit.runtime.spawn(desk.serve());
    Ok(Invitation { short, long, expires, ended })
}

/// Serves one invitation.
struct Desk {
    client: WeakClient,
    party: Party,
    host: Host,
    expires: Timestamp,
    reply: Option<oneshot::Sender<Result<OwnDevice, PairingError>>>,
    /// Whom the account was handed to.
    offered: Option<Newcomer>,
}

impl Desk {
    async fn serve(mut self) {
        if let Err(why) = self.listen().await {
            self.answer(Err(why));
        }
    }

    /// Listens until the guest has joined, or the end; a while longer, to say why it is over.
    async fn listen(&mut self) -> Result<(), PairingError> {
        loop {
            let heard = tokio::select! {
                heard = self.party.hear() => Some(heard?),
                () = tokio::time::sleep(LOOKS) => None,
            };
            if let Some(heard) = heard {
                let now = self.party.now();
                let rng = &mut self.party.rng;
                match self.host.hear(&heard.channel, heard.from, heard.flight, now, rng)? {
                    Reaction::Nothing => {}
                    Reaction::Say(flight) => self.party.say(&heard.channel, &flight).await?,
                    Reaction::Void(flight, why) => {
                        self.party.say(&heard.channel, &flight).await?;
                        self.answer(Err(why));
                    }
                    Reaction::Proven(newcomer) => self.hand_over(newcomer).await?,
                }
            }
            if self.has_joined().await? || self.is_over() {
                return Ok(());
            }
        }
    }

    /// Remembers whom the account goes to, and only then lets it go.
    async fn hand_over(&mut self, newcomer: Newcomer) -> Result<(), PairingError> {
        let client = self.client.upgrade().ok_or(PairingError::Closed)?;
        let (device, name) = (newcomer.device.clone(), newcomer.name.clone());
        client.wish(move |core, step| core.invite_device(step, &device, &name)).await?;
        let owner = client.look(table::load_owner).await?.ok_or(PairingError::Closed)?;
        let ours = client.devices().name().await?;
        let mut known = vec![(client.device().clone(), ours)];
        let others = client.devices().list().await?.into_iter().filter(|device| device.joined);
        known.extend(others.map(|device| (device.id, device.name)));
        let from = client.device().clone();
        let account = |to: &Newcomer| {
            let Owner { chat_key, phrase, .. } = owner;
            Account { from, to: to.device.clone(), chat_key, phrase, profile: String::new(), devices: known }
        };
        self.offered = Some(newcomer);
        if let Some((channel, offer)) = self.host.offer(account, &mut self.party.rng) {
            self.party.say(&channel, &offer).await?;
        }
        Ok(())
    }

    /// Whether the guest belongs to us; then whoever waits is told.
    async fn has_joined(&mut self) -> Result<bool, PairingError> {
        let Some(newcomer) = &self.offered else { return Ok(false) };
        let client = self.client.upgrade().ok_or(PairingError::Closed)?;
        let id = newcomer.device.clone();
        let found =
            client.look(devices::all).await?.into_iter().find(|device| device.id == id && device.joined);
        let joined = found.is_some();
        if let Some(device) = found {
            self.answer(Ok(device));
        }
        Ok(joined)
    }

    fn is_over(&mut self) -> bool {
        let now = self.party.now();
        if now >= self.expires {
            self.host.end();
            let why = if self.offered.is_some() { PairingError::Unfinished } else { PairingError::Expired };
            self.answer(Err(why));
        }
        if self.reply.as_ref().is_some_and(oneshot::Sender::is_closed) && !self.host.has_offered() {
            return true;
        }
        now >= self.expires.after(LINGERS)
    }

    fn answer(&mut self, how: Result<OwnDevice, PairingError>) {
        if let Some(reply) = self.reply.take() {
            // Whoever invited may be gone; then nobody is to be told.
            drop(reply.send(how));
        }
    }
}
