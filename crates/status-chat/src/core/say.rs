//! What we say: content is signed, kept and given to the layers, for a whole chat or for one user.

use status_layer::{Audience, Body, MessageId, Timestamp};
use status_payload::{ChatMessage, Clock, Content, ContentType, Place, encode, message_id};
use status_stack::Input;

use super::arrive::judge;
use super::arrive::message::{keep, told};
use super::{Core, Step, Stop, promised};
use crate::compose::Outgoing;
use crate::devices;
use crate::error::SendError;
use crate::event::{Chat, Message, Stage};
use crate::{stage, table};

impl Core {
    /// Says something in a chat.
    pub(crate) fn say(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        what: &Outgoing,
    ) -> Result<MessageId, Stop> {
        self.join(step, chat)?;
        self.publish_profile(step, chat)?;
        let now = step.now();
        let clock = self.tick(step, chat)?;
        let mut said = what.content(&place(chat), clock, now, String::new()).map_err(|why| invalid(&why))?;
        self.sign_off(step, chat, &mut said)?;
        self.speak(step, chat, &said)
    }

    /// Says a chat message that was made, and keeps it.
    pub(super) fn speak(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        said: &ChatMessage,
    ) -> Result<MessageId, Stop> {
        let content = Content::from(said.clone());
        judge(&content, step.now()).map_err(|why| invalid(&why))?;
        let id = self.post(step, chat, &content)?;
        let told = told(id, chat.clone(), self.keyring.user(), said).map_err(|why| invalid(&why))?;
        let message = Message { grade: promised(chat), stage: Some(Stage::Queued), ..told };
        keep(&mut step.shelf(), &message, said)?;
        self.to_notify(step, chat, id, &said.text)?;
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
    /// Nothing of it is kept by the chat itself: whoever says something records it. A chat message in a closed group goes
    /// with the list of its members, and its id is that of both together.
    pub(crate) fn post(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        content: &Content,
    ) -> Result<MessageId, Stop> {
        let wrapped = match (chat, content) {
            (Chat::Group(group), content) => self.in_group(step, group, content)?,
            _ => None,
        };
        let content = wrapped.as_ref().map_or(content, |wrapped| &wrapped.content);
        let body = encode(&*self.keyring, content).map_err(|why| invalid(&why))?;
        let body = kind(content, body);
        let id = message_id(&self.keyring.public(), &body);
        let to = match chat {
            Chat::User(user) => Audience::User(*user),
            Chat::Group(group) => Audience::Group(group.group()),
            Chat::Channel(name) => Audience::Channel(name.clone()),
        };
        self.layers(step, Input::Send { id, to, body: body.clone() })?;
        step.unless_refused(Some(id))?;
        if let Some(wrapped) = &wrapped {
            stage::expect(&mut step.shelf(), id, wrapped.readers);
        }
        if !matches!(chat, Chat::Channel(_)) && !body.passes() && devices::any_joined(&step.shelf())? {
            // In channels our other devices read for themselves.
            let (id, to) = (devices::copy_of(id), Audience::User(self.keyring.user()));
            self.layers(step, Input::Send { id, to, body })?;
        }
        Ok(id)
    }
}

/// What a body is for data sync: a contact request may begin a conversation, a profile is repeated anyway.
fn kind(content: &Content, body: Body) -> Body {
    match content {
        Content::ChatMessage(said) if said.content_type == ContentType::ContactRequest => {
            Body::introduction(body.into_bytes())
        }
        Content::ChatIdentity(_) => Body::passing(body.into_bytes()),
        _ => body,
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
