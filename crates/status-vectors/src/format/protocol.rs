//! Conversations of devices (`protocol-message-v1`).

use std::collections::{BTreeMap, BTreeSet};

use status_layer::{Name, Opened, Rendezvous, UserId};
use status_security::hazmat::{Direct, Lock, Message, fixed};

use super::bundle;
use super::devices::{Delivered, Delivery, Devices};
use crate::Rule;
use crate::read::Node;
use crate::trial::{Stop, Trial};

pub(super) fn check(case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
    let mut conversation = Conversation { devices: Devices::new(case, trial)?, sent: BTreeMap::new() };
    for step in case.list("steps")? {
        match step.text("op")? {
            "send_public" | "send_direct" | "send_dh" => conversation.send(&step, trial)?,
            "deliver" => {
                let (_, bytes) = conversation.sent(&step)?;
                conversation.deliver(&step, trial, &bytes)?;
            }
            "deliver_changed" => conversation.deliver(&step, trial, &step.bytes("bytes")?)?,
            "confirm_processed" => {
                let (from, bytes) = conversation.sent(&step)?;
                conversation.devices.confirm(step.text("on")?, from, &bytes)?;
            }
            "enable_own_installation" => conversation.enable(&step, trial)?,
            other => return Err(Stop::Skipped(format!("unknown step {other}"))),
        }
    }
    conversation.sessions(case, trial)
}

struct Conversation {
    devices: Devices,
    /// Sender and bytes of each message.
    sent: BTreeMap<u64, (UserId, Vec<u8>)>,
}

impl Conversation {
    fn sent(&self, step: &Node<'_>) -> Result<(UserId, Vec<u8>), Stop> {
        let sent = self.sent.get(&step.number("id")?).cloned();
        sent.ok_or_else(|| Stop::Malformed(format!("`{}` names no message", step.place("id"))))
    }

    /// Decides which of the user's own devices are sealed for, not what opens here.
    fn enable(&self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let id = step.text("installation_id")?;
        let known = self.devices.iter().any(|device| device.id() == id);
        trial.holds(&format!("`{}` is no device", step.place("installation_id")), known);
        Ok(())
    }

    fn send(&mut self, step: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let (bytes, plaintext) = (step.bytes("bytes")?, step.bytes("plaintext")?);
        let by = step.text("by")?;
        let sender = self.devices.get(by)?.user();
        let message = Message::decode(&bytes)
            .map_err(|error| Stop::Differs(format!("`{}`: {error}", step.place("bytes"))))?;
        decoded(&step.get("decoded")?, trial, &message)?;
        written(step, trial, &message, &bytes);
        self.devices.get(by)?.own_prekeys(step, trial, &message);
        self.sent.insert(step.number("id")?, (sender, bytes));
        if step.text("op")? == "send_public" {
            trial.bytes(&step.place("plaintext"), &message.public, plaintext);
            return Ok(());
        }
        self.targets(step, trial, &message)?;
        let to = step.user("to_identity")?;
        let Some(to) = self.devices.identity(&to).cloned() else {
            return Err(Stop::Malformed(format!("`{}` is no user of a device", step.place("to_identity"))));
        };
        if step.find("agreed_shared_secret").is_some() {
            let agreed = self.devices.get(by)?.identity().agree(&to.public());
            trial.member(step, "agreed_shared_secret", agreed.expose())?;
        }
        trial.note(Rule::WhenToShare);
        self.devices.send(step, trial, (by, &to), &message, &plaintext)
    }

    /// Compares for whom was sealed, and whom we would choose.
    fn targets(&self, step: &Node<'_>, trial: &mut Trial, message: &Message) -> Result<(), Stop> {
        let listed = step.list("targeted_installations")?;
        let listed =
            listed.iter().map(|id| Ok(id.as_text()?.to_owned())).collect::<Result<BTreeSet<_>, Stop>>()?;
        let sealed = message.direct.keys().filter(|slot| *slot != fixed::SLOT).cloned();
        trial.same(&step.place("targeted_installations"), sealed.collect(), listed.clone());

        let sender = self.devices.get(step.text("by")?)?;
        let to = step.user("to_identity")?;
        if step.text("op")? == "send_dh" || to == sender.user() || sender.has_refused() {
            // A peer may choose the static mode; own devices are sealed for once they are enabled; and whoever
            // refused a message may know less.
            return Ok(());
        }
        trial.same(
            &format!("{}: devices that we would seal for", step.at()),
            sender.targets(step, &to)?,
            listed,
        );
        Ok(())
    }

    fn deliver(&mut self, step: &Node<'_>, trial: &mut Trial, bytes: &[u8]) -> Result<(), Stop> {
        let (from, _) = self.sent(step)?;
        let to = step.text("to")?;
        let ok = step.flag("ok")?;
        let drawn = match step.find("new_ratchet_private") {
            Some(drawn) => Some(drawn.as_bytes()?),
            None => None,
        };
        // What is for everybody lies at a public name; deployed peers tell it from mail by its content alone.
        let meet = if for_everybody(bytes) {
            let name = Name::new("a public place").map_err(|error| Stop::Differs(error.to_string()))?;
            Rendezvous::Named(name)
        } else {
            Rendezvous::Inbox(self.devices.get(to)?.user())
        };
        let delivered = self.devices.deliver(step, trial, to, Delivery { from, meet, bytes, drawn, ok })?;
        if let (Delivered::Opened(opened), true) = (&delivered, ok) {
            trial.member(step, "plaintext", text(opened))?;
        }
        self.learnt(step, trial, to, bytes)
    }

    /// What the peer learnt from bundles, we know too, unless we refused the message.
    fn learnt(&self, step: &Node<'_>, trial: &mut Trial, to: &str, bytes: &[u8]) -> Result<(), Stop> {
        let listed = step.find_list("installations_learnt")?;
        let device = self.devices.get(to)?;
        let mut known = BTreeSet::new();
        for bundle in Message::decode(bytes).map(|message| message.bundles).unwrap_or_default() {
            known.extend(device.known(step, &bundle.identity())?);
        }
        for id in listed {
            if known.contains(id.as_text()?) {
                continue;
            }
            if step.flag("ok")? || for_everybody(bytes) {
                trial.holds(&format!("`{}` was not learnt here", id.at()), false);
            } else {
                trial.note(Rule::RefusedLeavesNothing);
            }
        }
        Ok(())
    }

    /// The sessions end in the same state, unless a message was refused from which the peer has kept something.
    fn sessions(&self, case: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        for shown in case.list("devices")? {
            let name = shown.text("name")?;
            for session in shown.list("final_sessions")? {
                if self.devices.get(name)?.has_refused() {
                    trial.note(Rule::RefusedLeavesNothing);
                } else {
                    self.session(name, &session, trial)?;
                }
            }
        }
        Ok(())
    }

    /// A session id is the prekey and the installation id of the other side.
    fn session(&self, name: &str, shown: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        let id = shown.bytes("session_id")?;
        let (prekey, device) = id.split_first_chunk::<33>().ok_or_else(|| shown.is_not("a session"))?;
        let device = std::str::from_utf8(device).map_err(|_| shown.is_not("a session with a device"))?;
        let own = self.devices.get(name)?;
        let mut found = None;
        for other in self.devices.iter() {
            if let Some(session) = own.session(shown, (other.identity(), device), prekey)? {
                found = Some(session);
            }
        }
        let Some(ratchet) = found.map(|session| session.ratchet) else {
            trial.holds(&format!("there is no session `{}`", shown.place("session_id")), false);
            return Ok(());
        };
        trial.member(shown, "dhr", ratchet.peer.map_or(Vec::new(), |peer| peer.as_bytes().to_vec()))?;
        trial.member(shown, "dhs_public", ratchet.own.public)?;
        trial.member(shown, "root_key", ratchet.root.expose())?;
        trial.member(shown, "send_chain_key", ratchet.sending.key.expose())?;
        trial.member(shown, "recv_chain_key", ratchet.receiving.key.expose())?;
        let counts =
            [("send_n", ratchet.sending.n), ("recv_n", ratchet.receiving.n), ("pn", ratchet.previous)];
        for (name, ours) in counts {
            trial.same(&shown.place(name), ours, shown.number32(name)?);
        }
        Ok(())
    }
}

/// Compares the listed parts of a message.
fn decoded(shown: &Node<'_>, trial: &mut Trial, message: &Message) -> Result<(), Stop> {
    let sender = shown.place("sender_installation_id");
    trial.same(&sender, message.device.as_str(), shown.text("sender_installation_id")?);
    trial.member_if_any(shown, "public_message", &message.public)?;
    let bundles = shown.list("bundles")?;
    trial.same(&shown.place("bundles"), message.bundles.len(), bundles.len());
    for (bundle, shown) in message.bundles.iter().zip(&bundles) {
        bundle::fields(shown, trial, bundle)?;
    }
    let slots = shown.list("direct_message")?;
    trial.same(&shown.place("direct_message"), message.direct.len(), slots.len());
    for slot in slots {
        match message.direct.get(slot.text("installation_id")?) {
            Some(direct) => {
                headers(&slot, trial, direct)?;
                trial.same(
                    &slot.place("payload_length"),
                    direct.payload.len() as u64,
                    slot.number("payload_length")?,
                );
            }
            None => trial.holds(&format!("there is nothing for `{}`", slot.place("installation_id")), false),
        }
    }
    Ok(())
}

/// Compares the headers of a ciphertext.
pub(super) fn headers(shown: &Node<'_>, trial: &mut Trial, direct: &Direct) -> Result<(), Stop> {
    let listed = (shown.find("x3dh_header"), shown.find("dr_header"), shown.find("dh_header"));
    let (ratchet, fixed) = match direct.lock {
        Lock::Ratchet { session, header } => (Some((session, header)), None),
        Lock::Fixed { ephemeral } => (None, Some(ephemeral)),
    };
    let there = (direct.handshake.is_some(), ratchet.is_some(), fixed.is_some());
    let shown_there = (listed.0.is_some(), listed.1.is_some(), listed.2.is_some());
    trial.same(&format!("{}: headers (x3dh, dr, dh)", shown.at()), there, shown_there);
    if let (Some(shown), Some(handshake)) = (listed.0, direct.handshake) {
        trial.member(&shown, "key", handshake.ephemeral)?;
        trial.member(&shown, "id", handshake.prekey)?;
    }
    if let (Some(shown), Some((session, header))) = (listed.1, ratchet) {
        trial.member(&shown, "key", header.key)?;
        trial.member(&shown, "id", session)?;
        trial.same(&shown.place("n"), header.n, shown.number32("n")?);
        trial.same(&shown.place("pn"), header.pn, shown.number32("pn")?);
    }
    if let (Some(shown), Some(ephemeral)) = (listed.2, fixed) {
        trial.member(&shown, "key", ephemeral)?;
    }
    Ok(())
}

/// Compares our encoding of a message, which has at most one map with more than one entry.
pub(super) fn written(step: &Node<'_>, trial: &mut Trial, message: &Message, bytes: &[u8]) {
    let prekeys = message.bundles.iter().map(|bundle| bundle.prekeys().keys().collect::<Vec<_>>());
    let maps = prekeys.chain([message.direct.keys().collect()]);
    let longest = maps.max_by_key(Vec::len).unwrap_or_default();
    bundle::written(
        &format!("{}: our encoding", step.at()),
        trial,
        &message.clone().encode(),
        bytes,
        &longest,
    );
}

/// Whether a message has no part for anybody alone.
fn for_everybody(bytes: &[u8]) -> bool {
    Message::decode(bytes).is_ok_and(|message| message.direct.is_empty() && !message.bundles.is_empty())
}

/// What was opened; an empty text is not handed up.
pub(super) fn text(opened: &Opened) -> &[u8] {
    opened.mail.first().map(|letter| letter.datagram.bytes.as_slice()).unwrap_or_default()
}
