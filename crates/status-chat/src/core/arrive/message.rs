//! A chat message that arrived.

use status_layer::{Recipient, Timestamp, UserId};
use status_payload::{ChatMessage, ContentType, Place};

use super::{Origin, Unfit};
use crate::core::{Core, Step, promised};
use crate::event::{Chat, Event, Journey, Message};
use crate::table;

impl Core {
    /// Shows a chat message that was judged, if it is new and its chat is ours.
    pub(super) fn heard(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &ChatMessage,
    ) -> Result<(), Unfit> {
        let chat = chat(origin, said)?;
        let mut shelf = step.shelf();
        let known = table::joined(&shelf, &chat)?;
        if !matches!(chat, Chat::User(_)) && !known {
            return Ok(());
        }
        if origin.grade < promised(&chat) {
            return Err(Unfit::Unsealed);
        }
        if table::has_message(&shelf, &origin.id)? {
            step.effects.tally.copies += 1;
            return Ok(());
        }
        let journey = Journey { text: said.text.len(), body: origin.body, layers: origin.way };
        let message = Message {
            id: origin.id,
            chat,
            from: origin.author,
            clock: said.clock.value(),
            sent_at: Timestamp::from_millis(said.timestamp),
            grade: origin.grade,
            stage: None,
            way: Some(journey),
            text: said.text.clone(),
        };
        let seen = table::clock(&shelf, &message.chat)?;
        table::set_clock(&mut shelf, &message.chat, seen.max(message.clock));
        table::save_message(&mut shelf, &message);
        if !known {
            self.join_unasked(step, &message.chat)?;
        }
        step.effects.tally.received += 1;
        step.tell(Event::Message(message));
        Ok(())
    }
}

/// Whether a chat message is shown by its text alone.
pub(super) const fn shows(chat: &ChatMessage) -> bool {
    use ContentType::{ContactRequest, Emoji, Status, Text};
    matches!(chat.content_type, Text | Emoji | Status | ContactRequest)
}

/// The chat that a message belongs to: the one it came in, which is also the one it has to name.
fn chat(origin: &Origin, said: &ChatMessage) -> Result<Chat, Unfit> {
    match (&origin.to, said.place(&origin.author, &reader(&origin.to, origin.author))) {
        (Recipient::User(_), Some(Place::User(user))) => Ok(Chat::User(user)),
        (Recipient::User(_), Some(Place::Group(group))) => Ok(Chat::Group(group)),
        (Recipient::Channel(name), Some(Place::Channel(said))) if *name == said => Ok(Chat::Channel(said)),
        _ => Err(Unfit::Elsewhere),
    }
}

/// The user for whom a body is read; in a channel that is of no account.
const fn reader(to: &Recipient, author: UserId) -> UserId {
    match to {
        Recipient::User(user) => *user,
        Recipient::Channel(_) => author,
    }
}
