//! Making the recorded ciphertexts again, in the order in which they were sealed.

use std::collections::BTreeMap;

use status_crypto::SecretKey;
use status_security::hazmat::{Lock, Message, fixed};

use crate::Rule;
use crate::format::devices::{Device, Devices};
use crate::read::Node;
use crate::trial::{Stop, Trial};

/// The sendings of a recording that were not repeated yet, by the numbers of their envelopes.
#[derive(Default)]
pub(super) struct Sendings<'a>(BTreeMap<u64, Sending<'a>>);

struct Sending<'a> {
    step: Node<'a>,
    by: &'a str,
    to: SecretKey,
    message: Message,
    payload: Vec<u8>,
    /// What was sealed, unless nobody in the recording has read it.
    plaintext: Option<Vec<u8>>,
}

impl<'a> Sendings<'a> {
    /// Every message of the steps that is sealed for a session.
    pub(super) fn new(steps: &[Node<'a>], devices: &Devices) -> Result<Self, Stop> {
        let mut sendings = Self::default();
        for step in steps {
            if step.text("op")? != "envelope" {
                continue;
            }
            let payload = step.bytes("transport_payload")?;
            let Ok(message) = Message::decode(&payload) else { continue };
            let slots = message.direct.keys().filter(|slot| *slot != fixed::SLOT);
            let to = slots.filter_map(|slot| devices.iter().find(|device| device.id() == slot)).next();
            if let Some(to) = to.map(|device| device.identity().clone()) {
                let plaintext = plaintext(step, steps)?;
                let step = step.clone();
                let by = step.text("from")?;
                let id = step.number("id")?;
                sendings.0.insert(id, Sending { step, by, to, message, payload, plaintext });
            }
        }
        Ok(sendings)
    }

    /// Repeats the sending of an envelope, if it is still to be repeated.
    pub(super) fn repeat(&mut self, id: u64, devices: &mut Devices, trial: &mut Trial) -> Result<(), Stop> {
        let Some(sending) = self.0.remove(&id) else { return Ok(()) };
        let Sending { step, by, to, message, payload, plaintext } = sending;
        // What was lost on its way its receiver could still open; that it is right shows when it is sealed again.
        let plaintext = match plaintext {
            Some(plaintext) => Some(plaintext),
            None => message.direct.keys().find_map(|slot| devices.would_read(slot, by, &payload)),
        };
        let Some(plaintext) = plaintext else {
            let at = step.at();
            return Err(Stop::Skipped(format!("{at}: nobody reads it, so what follows is not known")));
        };
        devices.send(&step, trial, (by, &to), &message, &plaintext)
    }

    /// Repeats what a device seals in its present state.
    ///
    /// Envelopes are recorded as they reach the wire, which may be after the next message to their sender; where in the
    /// chain they belong is in their headers.
    pub(super) fn catch_up(
        &mut self,
        name: &str,
        devices: &mut Devices,
        trial: &mut Trial,
    ) -> Result<(), Stop> {
        loop {
            let device = devices.get(name)?;
            let mut next = None;
            for (id, sending) in self.0.iter().filter(|(_, sending)| sending.by == name) {
                if sending.fits(device)? {
                    next = Some(*id);
                    break;
                }
            }
            let Some(id) = next else { return Ok(()) };
            trial.note(Rule::OrderOfSealing);
            self.repeat(id, devices, trial)?;
        }
    }
}

impl Sending<'_> {
    /// Whether its ciphertexts are the next ones of the sessions as they are.
    fn fits(&self, device: &Device) -> Result<bool, Stop> {
        for (slot, direct) in &self.message.direct {
            let Lock::Ratchet { session: prekey, header } = &direct.lock else { return Ok(false) };
            let session = device.session(&self.step, (&self.to, slot), prekey)?;
            let fits = session.is_some_and(|session| {
                session.ratchet.own.public == header.key
                    && session.ratchet.sending.n == header.n
                    && session.handshake.is_some() == direct.handshake.is_some()
            });
            if !fits {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What was sealed in an envelope: what the first of its readers found.
fn plaintext(envelope: &Node<'_>, steps: &[Node<'_>]) -> Result<Option<Vec<u8>>, Stop> {
    let id = envelope.number("id")?;
    for step in steps {
        let reads = step.text("op")? == "deliver"
            && step.number("id")? == id
            && step.flag("seen_by_a_filter")?
            && step.find("encryption_error").is_none();
        if reads {
            return step.bytes("after_encryption_layer").map(Some);
        }
    }
    Ok(None)
}
