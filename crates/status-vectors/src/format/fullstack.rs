//! Whole messengers over whisper (`fullstack-v1`): every envelope through the privacy layer, every message through the
//! security layer of its sender and its receiver, every content through data sync and payload.

mod content;
mod place;
mod sending;

use std::collections::BTreeMap;

use status_crypto::keccak256;
use status_layer::{Frame, Timestamp, UserId};
use status_privacy::hazmat;
use status_privacy::whisper::pow;
use status_security::hazmat::Message;

use super::devices::{Delivered, Delivery, Devices};
use super::protocol::{headers, text, written};
use super::whisper::opened;
use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};
use content::Contents;
use place::{Mailbox, Place};
use sending::Sendings;

pub(super) fn check(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let steps = case.list("steps")?;
    let devices = Devices::new(case, trial)?;
    let mut run = Run {
        sendings: Sendings::new(&steps, &devices)?,
        devices,
        mailboxes: BTreeMap::new(),
        envelopes: BTreeMap::new(),
        contents: Contents::default(),
    };
    for device in case.list("devices")? {
        let name = device.text("name")?;
        let mailbox = Mailbox::new(&device, run.devices.get(name)?.identity())?;
        run.mailboxes.insert(name.to_owned(), mailbox);
    }
    for step in &steps {
        match step.text("op")? {
            "envelope" => run.envelope(step, trial)?,
            "deliver" => run.deliver(step, trial)?,
            // What a user does is in the envelopes; what it says is compared with what was read in the end.
            _ => {}
        }
    }
    for step in &steps {
        run.contents.action(step, trial, &run.devices)?;
    }
    let synced = steps.iter().any(|step| step.find("datasync").is_some());
    trial.holds("`datasync` is false, but there is some", case.flag("datasync")? || !synced);
    trial.note(Rule::AboveTheLayers);
    Ok(())
}

struct Run<'a> {
    devices: Devices,
    mailboxes: BTreeMap<String, Mailbox>,
    envelopes: BTreeMap<u64, Envelope>,
    sendings: Sendings<'a>,
    contents: Contents,
}

/// An envelope on its way.
struct Envelope {
    frame: Frame,
    place: Place,
    sender: UserId,
    payload: Vec<u8>,
}

impl Run<'_> {
    fn envelope(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let rlp = step.bytes("rlp")?;
        let envelope = opened(&step.place("rlp"), &rlp)?;
        trial.member(step, "hash", keccak256(&[&rlp]))?;
        trial.member(step, "topic", envelope.topic)?;
        trial.same(&step.place("expiry"), envelope.expiry, step.number32("expiry")?);
        trial.same(&step.place("ttl"), envelope.ttl, step.number32("ttl")?);
        let value = pow::value(&envelope, 0);
        trial.same(&step.place("pow_ieee754"), value.to_bits().to_be_bytes(), step.array("pow_ieee754")?);

        let sender = self.devices.get(step.text("from")?)?.identity().public();
        trial.member(step, "signer", sender.uncompressed())?;
        let place = Place::new(&step.get("opened_with")?, trial, &sender, &self.devices, envelope.topic)?;
        let plain = place.open(envelope.data);
        let plain = plain.ok_or_else(|| Stop::Differs(format!("`{}` does not open", step.place("rlp"))))?;
        let read = hazmat::decode(&plain)
            .map_err(|error| Stop::Differs(format!("`{}`: {error}", step.place("rlp"))))?;
        trial.member(step, "transport_payload", &read.payload)?;
        trial.same(&step.place("padding_length"), read.padding.len() as u64, step.number("padding_length")?);
        trial.same(&step.place("signer"), read.signer, Some(sender));

        self.sealed(step, trial, &read.payload)?;
        let frame = Frame {
            topic: hazmat::content_topic(envelope.topic),
            at: Timestamp::from_secs(u64::from(envelope.sent())),
            bytes: envelope.data.to_vec(),
        };
        let sent = Envelope { frame, place, sender: sender.user(), payload: read.payload };
        self.envelopes.insert(step.number("id")?, sent);
        Ok(())
    }

    /// Compares the headers, and makes every ciphertext for a session again.
    fn sealed(&mut self, step: &Node<'_>, trial: &mut Trial, payload: &[u8]) -> Result<(), Stop> {
        let message = Message::decode(payload);
        let Some(shown) = step.find("protocol_message") else {
            trial.holds(&format!("{}: is sealed, and not listed as such", step.at()), message.is_err());
            return Ok(());
        };
        let message = message.map_err(|error| Stop::Differs(format!("{}: {error}", shown.at())))?;
        written(step, trial, &message, payload);
        self.devices.get(step.text("from")?)?.own_prekeys(step, trial, &message);
        let device = shown.place("sender_installation_id");
        trial.same(&device, message.device.as_str(), shown.text("sender_installation_id")?);
        trial.same(&shown.place("bundles"), message.bundles.len() as u64, shown.number("bundles")?);
        let slots = shown.list("direct_message")?;
        trial.same(&shown.place("direct_message"), message.direct.len(), slots.len());
        for slot in slots {
            match message.direct.get(slot.text("installation_id")?) {
                Some(direct) => headers(&slot, trial, direct)?,
                None => {
                    trial.holds(&format!("there is nothing for `{}`", slot.place("installation_id")), false);
                }
            }
        }

        self.sendings.repeat(step.number("id")?, &mut self.devices, trial)
    }

    fn deliver(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let envelope = self.envelopes.get(&step.number("id")?);
        let envelope =
            envelope.ok_or_else(|| Stop::Malformed(format!("`{}` names no envelope", step.place("id"))))?;
        let to = step.text("to")?;
        let mailbox = self.mailboxes.get_mut(to);
        let mailbox =
            mailbox.ok_or_else(|| Stop::Malformed(format!("`{}` names no device", step.place("to"))))?;
        if step.find("retrieve_error").is_some() {
            return Err(Stop::Skipped(format!(
                "{}: the peer failed while reading, so its state is not known",
                step.at()
            )));
        }
        let seen = step.flag("seen_by_a_filter")?;
        if seen {
            mailbox.listen(step, &envelope.place)?;
        }
        let parcel = mailbox.peel(step, envelope.frame.clone())?;
        trial.same(&step.place("seen_by_a_filter"), parcel.is_some(), seen);
        let Some(parcel) = parcel.filter(|_| seen) else { return Ok(()) };
        trial.bytes(
            &format!("{}: what our envelope held", step.at()),
            parcel.sealed.as_bytes(),
            &envelope.payload,
        );
        trial.same(&format!("{}: who signed it", step.at()), parcel.hint, Some(envelope.sender));
        trial.same(&format!("{}: where it lay", step.at()), &parcel.meet, envelope.place.meet());

        // What the peer could not read it passes on as it is; that is no verdict on content which lies in the open.
        let read_by_peer = step.find("encryption_error").is_none();
        let sealed = Message::decode(&envelope.payload).is_ok();
        let drawn = match step.find("new_ratchet_private") {
            Some(drawn) => Some(drawn.as_bytes()?),
            None => None,
        };
        let delivery = Delivery {
            from: envelope.sender,
            meet: parcel.meet,
            bytes: &envelope.payload,
            drawn,
            ok: read_by_peer || !sealed,
        };
        self.sendings.catch_up(to, &mut self.devices, trial)?;
        let delivered = self.devices.deliver(step, trial, to, delivery)?;
        let Delivered::Opened(opened) = delivered else { return Ok(()) };
        let text = text(&opened);
        if read_by_peer || !sealed {
            trial.member(step, "after_encryption_layer", text)?;
        } else {
            trial.note(Rule::FallThrough);
        }
        let receiver = self.devices.get(to)?.user();
        self.contents.read(step, trial, (&envelope.sender, &receiver), text)
    }
}
