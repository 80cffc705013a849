//! Changes, deletions, reactions and pins that arrived.

use status_layer::MessageId;
use status_payload::{DeleteMessage, EditMessage, EmojiReaction, MessageType, PinMessage, read_message_id};

use super::group::Heed;
use super::message::Admitted;
use super::{Origin, Unfit};
use crate::core::change::{Change, edit, told};
use crate::core::{Core, Step};
use crate::event::{Chat, Event, Feeling, Pin, Reaction};
use crate::table::{self, Dated};

impl Core {
    pub(super) fn edited(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &EditMessage,
    ) -> Result<(), Unfit> {
        let change = Change::Edit(edit(origin.id, said));
        let clock = said.clock.value();
        self.changed(step, origin, (said.message_type, &said.chat_id, &said.message_id, clock), change)
    }

    pub(super) fn deleted(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &DeleteMessage,
    ) -> Result<(), Unfit> {
        let clock = said.clock.value();
        let at = (said.message_type, said.chat_id.as_str(), said.message_id.as_str(), clock);
        self.changed(step, origin, at, Change::Delete)
    }

    fn changed(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        (sort, chat_id, message_id, clock): (MessageType, &str, &str, u64),
        change: Change,
    ) -> Result<(), Unfit> {
        let id = target(message_id)?;
        let gone = matches!(change, Change::Delete);
        let found = self.concerns(step, origin, (sort, chat_id), id, gone)?;
        let Some((chat, heed)) = found else { return Ok(()) };
        step.raise(&chat, clock)?;
        let changed = self.change(step, &chat, id, origin.author, change)?;
        if heed == Heed::Tell {
            changed.into_iter().for_each(|message| step.tell(told(message)));
        }
        self.fit(step, &chat)
    }

    pub(super) fn reacted(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &EmojiReaction,
    ) -> Result<(), Unfit> {
        let message = target(&said.message_id)?;
        let feeling = Feeling::of(said.r#type).ok_or(Unfit::UnknownFeeling)?;
        let found = self.concerns(step, origin, (said.message_type, &said.chat_id), message, false)?;
        let Some((chat, heed)) = found else { return Ok(()) };
        let (by, clock, retracted) = (origin.author, said.clock.value(), said.retracted);
        step.raise(&chat, clock)?;
        let what = Reaction { chat: chat.clone(), message, by, feeling, retracted, clock };
        let said = Dated { what, said_by: origin.id };
        if table::react(&mut step.shelf(), &said)? && heed == Heed::Tell {
            step.tell(Event::Reaction(said.what));
        }
        self.fit(step, &chat)
    }

    pub(super) fn pinned(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &PinMessage,
    ) -> Result<(), Unfit> {
        let message = target(&said.message_id)?;
        let found = self.concerns(step, origin, (said.message_type, &said.chat_id), message, false)?;
        let Some((chat, heed)) = found else { return Ok(()) };
        let (by, clock, pinned) = (origin.author, said.clock.value(), said.pinned);
        step.raise(&chat, clock)?;
        let said = Dated { what: Pin { chat: chat.clone(), message, by, pinned, clock }, said_by: origin.id };
        if table::pin(&mut step.shelf(), &said)? && heed == Heed::Tell {
            step.tell(Event::Pinned(said.what));
        }
        self.fit(step, &chat)
    }

    /// The chat in which something is said of a message, if that is of any concern to us. Strangers, and who was denied, are
    /// heard as with messages; but that a message which is here is to be `gone` they may say in any case.
    fn concerns(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        (sort, chat_id): (MessageType, &str),
        message: MessageId,
        gone: bool,
    ) -> Result<Option<(Chat, Heed)>, Unfit> {
        let admitted = self.admit(step, origin, sort, chat_id)?;
        let Some(Admitted { chat, heed, unasked }) = admitted else { return Ok(None) };
        let known = table::load_message(&step.shelf(), message)?;
        if known.as_ref().is_some_and(|message| message.chat != chat) {
            return Err(Unfit::Elsewhere);
        }
        let takes_away = gone && known.is_some();
        if !takes_away && !self.lets_in(step, origin, &chat, false)? {
            return Ok(None);
        }
        if known.is_some() {
            return Ok(Some((chat, heed)));
        }
        if let Chat::User(user) = &chat
            && unasked
        {
            // Its message may be on its way still. While there is room, we wait for it.
            if origin.author != self.keyring.user() {
                self.meet(step, user)?;
            }
            self.join_unasked(step, &chat)?;
        }
        Ok(table::joined(&step.shelf(), &chat)?.then_some((chat, heed)))
    }
}

/// The message that is spoken of.
fn target(text: &str) -> Result<MessageId, Unfit> {
    read_message_id(text).ok_or(Unfit::NoId)
}
