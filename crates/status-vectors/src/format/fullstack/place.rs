//! Where an envelope was left, and who looks there.

use status_crypto::{PublicKey, SecretKey};
use status_layer::testing::Party;
use status_layer::{Frame, Interest, Name, Parcel, Privacy as _, Rendezvous, Secret};
use status_privacy::{Waku, hazmat};

use crate::format::devices::Devices;
use crate::format::whisper::Opener;
use crate::read::Node;
use crate::trial::{Stop, Trial};

/// A place, and what opens the envelopes there.
pub(super) struct Place {
    meet: Rendezvous,
    opener: Opener,
}

impl Place {
    /// The place that a case names, its topic and key compared with ours.
    pub(super) fn new(
        shown: &Node<'_>,
        trial: &mut Trial,
        sender: &PublicKey,
        devices: &Devices,
        topic: [u8; 4],
    ) -> Result<Self, Stop> {
        match shown.text("kind")? {
            "asymmetric" => {
                let receiver = devices.get(shown.text("receiver")?)?.identity();
                let name = hazmat::partitioned_name(&receiver.public().user());
                trial.bytes(&format!("{}: our topic", shown.at()), hazmat::topic(&name), topic);
                let meet = Rendezvous::Inbox(receiver.public().user());
                Ok(Self { meet, opener: Opener::Asymmetric(Box::new(receiver.clone())) })
            }
            "symmetric" => {
                let key = Secret::new(shown.bytes("sym_key")?);
                let (name, meet) = named(shown, sender, devices, topic)?;
                if shown.find("filter").is_some() {
                    let filter = if matches!(meet, Rendezvous::Shared(_)) { "negotiated" } else { "public" };
                    trial.same(&shown.place("filter"), filter, shown.text("filter")?);
                }
                trial.bytes(&format!("{}: our topic", shown.at()), hazmat::topic(&name), topic);
                trial.bytes(
                    &shown.place("sym_key"),
                    hazmat::symmetric_key(name.as_bytes()).expose(),
                    key.expose(),
                );
                Ok(Self { meet, opener: Opener::Symmetric(key) })
            }
            other => Err(Stop::Skipped(format!("unknown way to open an envelope: {other}"))),
        }
    }

    pub(super) const fn meet(&self) -> &Rendezvous {
        &self.meet
    }

    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        self.opener.open(sealed)
    }
}

/// The name of a place with a symmetric key.
fn named(
    shown: &Node<'_>,
    sender: &PublicKey,
    devices: &Devices,
    topic: [u8; 4],
) -> Result<(String, Rendezvous), Stop> {
    if shown.find("chat_id").is_some() {
        let name = shown.text("chat_id")?;
        let meet = Name::new(name).map_err(|error| shown.is_not(&format!("a place: {error}")))?;
        return Ok((name.to_owned(), Rendezvous::Named(meet)));
    }
    // The place that two users share; the case does not say who the other is.
    for other in devices.iter() {
        let secret = other.identity().agree(sender);
        let name = hazmat::negotiated_name(&secret);
        if hazmat::topic(&name) == topic {
            return Ok((name.to_string(), Rendezvous::Shared(secret)));
        }
    }
    Err(Stop::Differs(format!("{}: no two users share a place of this topic", shown.at())))
}

/// The privacy layer of a device.
pub(super) struct Mailbox {
    layer: Waku<SecretKey>,
    party: Party,
}

impl Mailbox {
    /// Looks at the user's own inbox.
    pub(super) fn new(at: &Node<'_>, identity: &SecretKey) -> Result<Self, Stop> {
        let mut mailbox = Self { layer: Waku::new(identity.clone()), party: Party::new(1) };
        mailbox.watch(at, &Rendezvous::Inbox(identity.public().user()))?;
        Ok(mailbox)
    }

    /// Looks at `place` too. An inbox of somebody else is never looked at.
    pub(super) fn listen(&mut self, at: &Node<'_>, place: &Place) -> Result<(), Stop> {
        match &place.meet {
            Rendezvous::Inbox(_) => Ok(()),
            meet => self.watch(at, meet),
        }
    }

    fn watch(&mut self, at: &Node<'_>, meet: &Rendezvous) -> Result<(), Stop> {
        let Self { layer, party } = self;
        let watched = party.run(|cx| layer.watch(cx, meet, Interest::Listen));
        watched.map(|_| ()).map_err(|error| Stop::Differs(format!("{}: {error}", at.at())))
    }

    pub(super) fn peel(&mut self, at: &Node<'_>, frame: Frame) -> Result<Option<Parcel>, Stop> {
        let Self { layer, party } = self;
        let peeled = party.run(|cx| layer.peel(cx, frame));
        peeled.map_err(|error| Stop::Differs(format!("{}: our envelope is refused: {error}", at.at())))
    }
}
