//! What we say: content is signed, kept and given to the layers, for a whole chat or for one user.

use status_layer::{Audience, MessageId, Timestamp};
use status_payload::{ChatMessage, Clock, Content, Place, encode, message_id};
use status_stack::Input;

use super::{Core, Step, Stop, promised};
use crate::devices;
use crate::error::SendError;
use crate::event::{Chat, Message, Stage};
use crate::table;

impl Core {
    /// Says text in a chat.
    pub(crate) fn say(&self, step: &mut Step<'_, '_>, chat: &Chat, text: &str) -> Result<MessageId, Stop> {
        self.join(step, chat)?;
        let now = step.now();
        let clock = self.tick(step, chat)?;
        let said = ChatMessage::text(&place(chat), text, clock, now).map_err(|why| invalid(&why))?;
        let id = self.post(step, chat, &Content::from(said))?;
        let message = Message {
            id,
            chat: chat.clone(),
            from: self.keyring.user(),
            text: text.to_owned(),
            clock: clock.value(),
            sent_at: now,
            grade: promised(chat),
            stage: Some(Stage::Queued),
            way: None,
        };
        table::save_message(&mut step.shelf(), &message);
        step.effects.tally.sent += 1;
        Ok(id)
    }

    /// The next reading of a chat's clock, for the message that is being made. One clock serves all that is said in a chat.
    pub(crate) fn tick(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<Clock, Stop> {
        let now: Timestamp = step.now();
        let mut shelf = step.shelf();
        let clock = Clock::new(table::clock(&shelf, chat)?).next(now);
        table::set_clock(&mut shelf, chat, clock.value());
        Ok(clock)
    }

    /// Signs content, and has it delivered to everybody in a chat and to our other devices.
    ///
    /// Nothing of it is kept by the chat itself: whoever says something records it.
    pub(crate) fn post(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        content: &Content,
    ) -> Result<MessageId, Stop> {
        let body = encode(&*self.keyring, content).map_err(|why| invalid(&why))?;
        let id = message_id(&self.keyring.public(), &body);
        let to = match chat {
            Chat::User(user) => Audience::User(*user),
            Chat::Group(group) => Audience::Group(group.group()),
            Chat::Channel(name) => Audience::Channel(name.clone()),
        };
        self.layers(step, Input::Send { id, to, body: body.clone() })?;
        step.unless_refused(Some(id))?;
        if !matches!(chat, Chat::Channel(_)) && devices::any_joined(&step.shelf())? {
            // In channels our other devices read for themselves.
            let (id, to) = (devices::copy_of(id), Audience::User(self.keyring.user()));
            self.layers(step, Input::Send { id, to, body })?;
        }
        Ok(id)
    }
}

/// A chat, as messages name it.
pub(crate) fn place(chat: &Chat) -> Place {
    match chat {
        Chat::User(user) => Place::User(*user),
        Chat::Group(group) => Place::Group(group.clone()),
        Chat::Channel(name) => Place::Channel(name.clone()),
    }
}

/// What every receiver would refuse.
pub(crate) fn invalid(why: &dyn std::error::Error) -> Stop {
    Stop::Refused(SendError::Invalid(why.to_string()))
}
