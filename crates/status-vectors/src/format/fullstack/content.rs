//! What was said.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use status_crypto::PublicKey;
use status_data_sync::hazmat::{Payload, Wire, group_id, is_datasync};
use status_layer::{Body, UserId};
use status_payload::decode_signed;

use crate::Rule;
use crate::format::application::{kind_of, listed};
use crate::format::devices::Devices;
use crate::format::mvds::shown_payload;
use crate::read::Node;
use crate::trial::{Stop, Trial};

/// The messages that were read, by their ids.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<String, Said>);

/// A message that was read: its author, and the fields that are listed of it.
struct Said {
    author: UserId,
    fields: Json,
}

impl Contents {
    /// Compares what came out of the security layer.
    pub(super) fn read(
        &mut self,
        step: &Node<'_>,
        trial: &mut Trial,
        (sender, receiver): (&UserId, &UserId),
        text: &[u8],
    ) -> Result<(), Stop> {
        let synced = step.find("datasync");
        trial.same(&format!("{}: data sync", step.at()), is_datasync(text), synced.is_some());
        let bodies = match synced {
            Some(shown) => {
                let theirs = shown_payload(&shown, trial)?;
                let ours = Payload::decode(Wire::Deployed, text);
                trial.holds(&format!("`{}` is not what we read", shown.at()), ours.as_ref() == Ok(&theirs));
                let group = group_id(sender, receiver);
                for message in &theirs.messages {
                    trial.bytes(
                        &format!("{}: our group of the two", shown.at()),
                        group.as_bytes(),
                        &message.group_id,
                    );
                }
                theirs.messages.into_iter().map(|message| message.body).collect()
            }
            None if text.is_empty() => Vec::new(),
            None => vec![text.to_vec()],
        };
        let shown = step.list("application_messages")?;
        if bodies.is_empty() && !shown.is_empty() {
            // The peer tries to read an empty text, and bytes that it could not open, as a message of no type.
            trial.note(Rule::FallThrough);
            return unread(&shown, trial);
        }
        trial.same(&step.place("application_messages"), bodies.len(), shown.len());
        for (body, shown) in bodies.into_iter().zip(&shown) {
            self.message(shown, trial, sender, &Body::new(body))?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        shown: &Node<'_>,
        trial: &mut Trial,
        sender: &UserId,
        body: &Body,
    ) -> Result<(), Stop> {
        let read = match decode_signed(body, Some(*sender)) {
            Ok(read) => read,
            Err(error) => {
                trial.holds(&format!("{}: cannot be read here: {error}", shown.at()), false);
                return Ok(());
            }
        };
        trial.same(&shown.place("message_id"), read.id.to_string().as_str(), shown.text("message_id")?);
        trial.member(shown, "payload", &read.payload)?;
        trial.same(&shown.place("type"), read.kind, kind_of(shown)?);
        trial.same(&shown.place("signer"), read.signed, shown.find("signer").is_some());
        if shown.find("signer").is_some() {
            let author = PublicKey::from_user(&read.author)
                .map_err(|error| Stop::Differs(format!("{}: {error}", shown.at())))?;
            trial.member(shown, "signer", author.uncompressed())?;
        }
        if let Some(fields) = shown.find("fields") {
            let content =
                read.content().map_err(|error| Stop::Differs(format!("{}: {error}", shown.at())))?;
            listed(shown, trial, &content)?;
            let said = Said { author: read.author, fields: fields.json.clone() };
            self.0.insert(read.id.to_string(), said);
        }
        Ok(())
    }

    /// What a user said, and what was shown, must be what was read under that id.
    pub(super) fn action(&self, step: &Node<'_>, trial: &mut Trial, devices: &Devices) -> Result<(), Stop> {
        match step.text("op")? {
            "send_chat_message" => {
                let author = devices.get(step.text("by")?)?.user();
                let Some(said) = self.0.get(step.text("message_id")?) else {
                    let mut said = self.0.values().filter(|said| said.author == author);
                    let another = said.any(|said| said.agrees(step, SAID));
                    trial.holds(
                        &format!("`{}` is not that of the message", step.place("message_id")),
                        !another,
                    );
                    trial.note(Rule::NeverRead);
                    return Ok(());
                };
                trial.same(&step.place("by"), said.author, author);
                said.compare(step, trial, SAID)
            }
            "emoji_reaction" => {
                if !self.0.contains_key(step.text("message_id")?) {
                    trial.note(Rule::NeverRead);
                }
                devices.get(step.text("by")?).map(|_| ())
            }
            "deliver" => {
                for shown in step.find_list("shown_messages")? {
                    self.shown(&shown, trial)?;
                }
                Ok(())
            }
            "envelope" => Ok(()),
            _ => devices.get(step.text("by")?).map(|_| ()),
        }
    }

    fn shown(&self, shown: &Node<'_>, trial: &mut Trial) -> Result<(), Stop> {
        // A messenger also shows messages that it made itself: who joined, who left.
        let Some(said) = self.0.get(shown.text("id")?) else { return Ok(()) };
        trial.same(&shown.place("from"), shown.user("from")?, said.author);
        said.compare(shown, trial, &["text", "clock", "chat_id", "content_type"])
    }
}

impl Said {
    fn compare(&self, shown: &Node<'_>, trial: &mut Trial, names: &[&str]) -> Result<(), Stop> {
        for name in names {
            trial.same(&shown.place(name), self.field(name), Some(shown.get(name)?.json));
        }
        Ok(())
    }

    fn agrees(&self, shown: &Node<'_>, names: &[&str]) -> bool {
        names.iter().all(|name| self.field(name) == shown.json.get(name))
    }

    /// A field. A message in a closed group is wrapped in an update of the group.
    fn field(&self, name: &str) -> Option<&Json> {
        self.fields.get("message").filter(|it| it.is_object()).unwrap_or(&self.fields).get(name)
    }
}

/// What a user says with a chat message.
const SAID: &[&str] = &["text", "clock", "chat_id"];

/// What the peer makes of nothing has no type.
fn unread(shown: &[Node<'_>], trial: &mut Trial) -> Result<(), Stop> {
    for shown in shown {
        trial.same(&shown.place("type"), 0, shown.number("type")?);
    }
    Ok(())
}
