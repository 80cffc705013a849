//! Recorded devices, each a real security layer with a store of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use status_crypto::SecretKey;
use status_layer::testing::ScriptedRng;
use status_layer::{
    Area, Cx, Datagram, DeviceId, LayerError, Opened, Recipient, Rendezvous, Security as _, Timestamp, Unit,
    UserId,
};
use status_security::hazmat::replay::{ReplayError, ReplayedDevice, Secrets};
use status_security::hazmat::{Message, fixed};
use status_security::{Config, Error, OpenError, Sessions};

use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};

/// The devices of a recording by their names.
pub(super) struct Devices {
    devices: BTreeMap<String, Device>,
    secrets: Secrets,
}

/// One recorded device.
pub(super) struct Device {
    identity: SecretKey,
    id: DeviceId,
    replayed: ReplayedDevice,
    /// Versions of its prekeys, by the prekey.
    prekeys: BTreeMap<Vec<u8>, u32>,
    /// Sender, and bytes, of what it has opened.
    opened: BTreeSet<(UserId, Vec<u8>)>,
    /// Of these, what it has confirmed.
    confirmed: BTreeSet<(UserId, Vec<u8>)>,
    /// Whether it refused a message from which the peer has kept something.
    refused: bool,
}

/// A message on its way.
pub(super) struct Delivery<'a> {
    /// Who sent it, as the envelope says.
    pub(super) from: UserId,
    /// Where it was found.
    pub(super) meet: Rendezvous,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// The ratchet key that the recorded receiver drew.
    pub(super) drawn: Option<Vec<u8>>,
    /// Whether the recorded receiver read it.
    pub(super) ok: bool,
}

/// What became of a message.
pub(super) enum Delivered {
    /// It was opened.
    Opened(Opened),
    /// It was not, and that is right.
    Refused,
}

/// The time of all devices: after the prekeys were made, before they are replaced.
const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

impl Devices {
    /// The devices of a case, with the private keys that its steps name.
    pub(super) fn new(case: &Node<'_>, trial: &mut Trial) -> Result<Self, Stop> {
        let mut this = Self { devices: BTreeMap::new(), secrets: Secrets::default() };
        for device in case.list("devices")? {
            for session in device.find_list("final_sessions")? {
                let secret = session.private_key("dhs_private")?;
                trial.member(&session, "dhs_public", secret.public().compressed())?;
                this.secrets.know(secret);
            }
            this.add(&device, trial)?;
        }
        for step in case.list("steps")? {
            if step.find("new_ratchet_private").is_some() {
                this.secrets.know(step.private_key("new_ratchet_private")?);
            }
        }
        Ok(this)
    }

    fn add(&mut self, shown: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let identity = shown.key("identity")?;
        let id = DeviceId::new(shown.text("installation_id")?)
            .map_err(|error| Stop::Malformed(format!("`{}`: {error}", shown.place("installation_id"))))?;
        let mut replayed = ReplayedDevice::new(identity.clone(), id.clone(), NOW);
        let mut prekeys = BTreeMap::new();
        for prekey in shown.list("signed_pre_keys")? {
            let secret = prekey.private_key("private")?;
            trial.member(&prekey, "public", secret.public().compressed())?;
            let version = prekey.number32("version")?;
            prekeys.insert(secret.public().compressed().to_vec(), version);
            replayed
                .give_prekey(&mut ScriptedRng::new([]), &secret, version)
                .map_err(|error| fault(shown, &error))?;
            self.secrets.know(secret);
        }
        let device = Device {
            identity,
            id,
            replayed,
            prekeys,
            opened: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            refused: false,
        };
        self.devices.insert(shown.text("name")?.to_owned(), device);
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Result<&Device, Stop> {
        self.devices.get(name).ok_or_else(|| nobody(name))
    }

    fn get_mut(&mut self, name: &str) -> Result<&mut Device, Stop> {
        self.devices.get_mut(name).ok_or_else(|| nobody(name))
    }

    /// Every device.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// The identity of a user.
    pub(super) fn identity(&self, user: &UserId) -> Option<&SecretKey> {
        self.iter().map(|device| &device.identity).find(|identity| identity.public().user() == *user)
    }

    /// Repeats a sending: every ciphertext for a session must come out of the sender's layer again.
    pub(super) fn send(
        &mut self,
        step: &Node<'_>,
        trial: &mut Trial,
        (by, to): (&str, &SecretKey),
        message: &Message,
        plaintext: &[u8],
    ) -> Result<(), Stop> {
        let Self { devices, secrets } = self;
        let device = devices.get_mut(by).ok_or_else(|| nobody(by))?;
        match device.replayed.sent(&mut ScriptedRng::new([]), secrets, to, message, plaintext) {
            Ok(()) => Ok(()),
            // The session stems from a message that is refused here, so it is not the same.
            Err(ReplayError::NoSession { .. } | ReplayError::Differs { .. }) if device.refused => {
                trial.note(Rule::RefusedLeavesNothing);
                Ok(())
            }
            Err(error) => {
                trial.holds(&format!("{}: {error}", step.at()), false);
                Ok(())
            }
        }
    }

    /// Delivers a message, and compares the verdict and what was drawn.
    pub(super) fn deliver(
        &mut self,
        step: &Node<'_>,
        trial: &mut Trial,
        to: &str,
        delivery: Delivery<'_>,
    ) -> Result<Delivered, Stop> {
        let Delivery { from, meet, bytes, drawn, ok } = delivery;
        let Self { devices, secrets } = self;
        let device = devices.get_mut(to).ok_or_else(|| nobody(to))?;
        let mut rng = ScriptedRng::new(drawn.unwrap_or_default());
        let opened = device.replayed.deliver(&mut rng, secrets, from, meet, bytes);
        let seen = (from, bytes.to_vec());
        match (opened, ok) {
            (Ok(opened), true) => {
                let place = step.place("new_ratchet_private");
                trial.holds(&format!("`{place}` was not drawn here"), rng.left() == 0);
                device.opened.insert(seen);
                Ok(Delivered::Opened(opened))
            }
            (Ok(opened), false) if opened.mail.is_empty() && keys_alone(bytes) => {
                trial.note(Rule::KeysAlone);
                Ok(Delivered::Opened(opened))
            }
            (Ok(_), false) => {
                trial.holds(&format!("{}: is opened here, not by the peer", step.at()), false);
                Ok(Delivered::Refused)
            }
            (Err(_), false) => {
                // Refused here and there; but the peer takes keys and handshakes before it finds out.
                device.refused |= has_handshake(bytes, &device.id);
                Ok(Delivered::Refused)
            }
            (Err(error), true) => {
                let text = error.to_string();
                match device.stricter(error, &seen) {
                    Some(rule) => trial.note(rule),
                    None => trial.holds(&format!("{}: is opened by the peer; here {text}", step.at()), false),
                }
                Ok(Delivered::Refused)
            }
        }
    }

    /// What the device with an installation id would read now in a message from the user of `by`.
    pub(super) fn would_read(&self, id: &str, by: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let from = self.devices.get(by)?.user();
        let device = self.iter().find(|device| device.id() == id)?;
        let meet = Rendezvous::Inbox(device.user());
        let mut rng = ScriptedRng::new([]);
        let opened = device.replayed.clone().deliver(&mut rng, &self.secrets, from, meet, bytes).ok()?;
        Some(opened.mail.into_iter().next().map(|letter| letter.datagram.bytes).unwrap_or_default())
    }

    /// Notes that the application of a device has processed a message.
    pub(super) fn confirm(&mut self, on: &str, from: UserId, bytes: &[u8]) -> Result<(), Stop> {
        self.get_mut(on)?.confirmed.insert((from, bytes.to_vec()));
        Ok(())
    }
}

impl Device {
    pub(super) fn user(&self) -> UserId {
        self.identity.public().user()
    }

    pub(super) fn identity(&self) -> &SecretKey {
        &self.identity
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Whether it refused a message from which the peer has kept something.
    pub(super) fn has_refused(&self) -> bool {
        self.refused
    }

    /// Compares its prekeys with those in a bundle that it sends. Of some devices no prekeys are listed.
    pub(super) fn own_prekeys(&self, at: &Node<'_>, trial: &mut Trial, message: &Message) {
        let own = message.bundles.iter().filter(|bundle| bundle.identity() == self.user());
        for prekey in own.filter_map(|bundle| bundle.prekeys().get(self.id.as_str())) {
            if !self.prekeys.is_empty() {
                let listed = self.prekeys.get(&prekey.key).copied();
                trial.same(
                    &format!("{}: version of the sender's prekey", at.at()),
                    Some(prekey.version),
                    listed,
                );
            }
        }
    }

    /// The rule by which this layer refuses what the peer reads.
    fn stricter(&self, error: Error, seen: &(UserId, Vec<u8>)) -> Option<Rule> {
        let LayerError::Reject(reason) = LayerError::from(error) else { return None };
        match reason.get::<OpenError>()? {
            OpenError::Replayed if self.opened.contains(seen) && !self.confirmed.contains(seen) => {
                Some(Rule::OnceOnly)
            }
            OpenError::NoSession if self.refused => Some(Rule::RefusedLeavesNothing),
            OpenError::TooLarge { .. }
            | OpenError::TooManyBundles { .. }
            | OpenError::TooManyHandshakes { .. } => Some(Rule::Bounded),
            _ => None,
        }
    }

    /// The devices of `user` that are known to this one.
    pub(super) fn known(&self, at: &Node<'_>, user: &UserId) -> Result<BTreeSet<String>, Stop> {
        let known = self.look(|layer, cx| Ok(layer.devices(&cx.shelf, user)?)).map_err(|e| fault(at, &e))?;
        Ok(known.into_iter().map(|device| device.id).collect())
    }

    /// For which devices this one would seal a message to `user` now.
    pub(super) fn targets(&self, at: &Node<'_>, user: &UserId) -> Result<BTreeSet<String>, Stop> {
        let datagram = Datagram::new(Recipient::User(*user), vec![0]);
        let sealed = self.look(|layer, cx| layer.seal(cx, datagram)).map_err(|e| fault(at, &e))?;
        let message =
            sealed.parcels.first().and_then(|parcel| Message::decode(parcel.sealed.as_bytes()).ok());
        let slots = message.map(|message| message.direct).unwrap_or_default();
        Ok(slots.into_keys().filter(|slot| slot != fixed::SLOT).collect())
    }

    /// The session with `user`'s device that was set up with `prekey`.
    pub(super) fn session(
        &self,
        at: &Node<'_>,
        (user, device): (&SecretKey, &str),
        prekey: &[u8; 33],
    ) -> Result<Option<status_security::hazmat::Session>, Stop> {
        let peer = (&user.public(), device);
        let look = self.look(|layer, cx| Ok(layer.session(&cx.shelf, peer, prekey)?));
        look.map_err(|error| fault(at, &error))
    }

    /// Runs a call of the layer on a copy of the store.
    fn look<T>(&self, call: impl FnOnce(&Sessions, &mut Cx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        // Where a replayed device keeps its rows.
        const AREA: Area = Area(0);
        let layer = Sessions::new(Config::default(), Arc::new(self.identity.clone()), self.id.clone());
        let store = self.replayed.store().clone();
        let mut rng = ScriptedRng::new([]);
        call(&layer, &mut Unit::new(NOW, &mut rng, &store).cx(AREA))
    }
}

/// Whether a message carries keys and nothing else.
fn keys_alone(bytes: &[u8]) -> bool {
    Message::decode(bytes).is_ok_and(|message| {
        message.direct.is_empty() && message.public.is_empty() && !message.bundles.is_empty()
    })
}

/// Whether a message would set up a session with this device. One of its parts may be damaged.
fn has_handshake(bytes: &[u8], id: &DeviceId) -> bool {
    Message::decode(bytes)
        .is_ok_and(|message| message.direct.get(id.as_str()).is_some_and(|direct| direct.handshake.is_some()))
}

fn nobody(name: &str) -> Stop {
    Stop::Malformed(format!("a step names the device {name}, which is not in `devices`"))
}

fn fault(at: &Node<'_>, error: &Error) -> Stop {
    Stop::Differs(format!("{}: our layer fails: {error}", at.at()))
}
