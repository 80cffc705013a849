//! Pages of history: another device of ours asks for one, or gives one.

use status_layer::{DeviceId, Grade, MessageId, Timestamp, UserId};
use status_payload::{
    ChatMessage, Content, HistoryAsk, HistoryMessage, HistoryPage, HistoryPin, HistoryReaction, OwnDevices,
};

use super::message::{keep, thumbnails, told};
use super::sync::named;
use super::{Origin, Unfit, judge};
use crate::core::change::Change;
use crate::core::clear::hide;
use crate::core::history::page::{MAX_HAVE, MAX_MESSAGES, Wanted};
use crate::core::history::{PAUSE, on_the_wire, place_of};
use crate::core::{Core, MAX_CHATS, Step, Stop};
use crate::devices::{HistoryId, MAX_HISTORY_CHATS};
use crate::event::{Chat, Deleted, Edited, Feeling, Message, Pin, Reaction};
use crate::table::ask::{self, Giver, Stand};
use crate::table::{self, Dated, Edit, hidden};

/// Reactions that are taken with one message.
const MAX_REACTIONS: usize = 1_024;

impl Core {
    /// Another device asks for a page; if it is this one that is asked, it is given.
    pub(super) fn history_asked(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &HistoryAsk,
    ) -> Result<(), Unfit> {
        let Some(asker) = &origin.device else { return Err(Unfit::NotOurs) };
        if said.giver != self.device.as_str() {
            return Ok(());
        }
        let whole = said.id.len() == 16 && said.chats.len() <= MAX_HISTORY_CHATS;
        if !whole || said.have.len() > 8 * MAX_HAVE {
            return Err(Unfit::Unreadable);
        }
        let after = match &said.after {
            Some(place) => Some(place_of(place).ok_or(Unfit::Unreadable)?),
            None => None,
        };
        let mut chats: Vec<Chat> = match said.chats.as_slice() {
            [] => table::chats(&step.shelf(), MAX_CHATS)?,
            some => some.iter().filter_map(|id| named(id)).collect(),
        };
        chats.sort();
        chats.dedup();
        let wanted = Wanted { chats, since: said.since, until: said.until };
        let shelf = step.shelf();
        let total = if after.is_none() { wanted.count(&shelf)? } else { 0 };
        let page = wanted.page(&shelf, after, &said.have)?;
        let to_id = |chat: &Chat| crate::core::say::place(chat).chat_id().unwrap_or_default();
        let clock = pass(self.tick(step, &Chat::User(self.keyring.user())))?;
        let page = HistoryPage {
            clock,
            id: said.id.clone(),
            asker: asker.as_str().to_owned(),
            after: said.after.clone(),
            next: page.next.as_ref().and_then(on_the_wire),
            chat_id: page.chat.as_ref().map(to_id).unwrap_or_default(),
            messages: page.messages,
            covered: page.covered,
            total,
        };
        let said = OwnDevices { page: Some(page), ..OwnDevices::default() };
        pass(self.tell_own(step, &Content::OwnDevices(Box::new(said))))
    }

    /// Another device gives a page; if it is this one that has asked, and for that page, it is taken.
    pub(super) fn history_given(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &HistoryPage,
    ) -> Result<(), Unfit> {
        let Some(device) = &origin.device else { return Err(Unfit::NotOurs) };
        let id = HistoryId(said.id.as_slice().try_into().map_err(|_| Unfit::Unreadable)?);
        if said.asker != self.device.as_str() {
            return Ok(());
        }
        let Some(giver) = ask::giver(&step.shelf(), id, device)? else { return Ok(()) };
        let place = |place| place_of(place).ok_or(Unfit::Unreadable);
        let after = said.after.as_ref().map(place).transpose()?;
        if giver.stand == Stand::Done || after != giver.after {
            // It was given before.
            return Ok(());
        }
        let next = said.next.as_ref().map(place).transpose()?;
        if next.is_some() && next == after {
            return Err(Unfit::Unreadable);
        }
        let mut taken = 0;
        if !said.messages.is_empty() {
            let chat = named(&said.chat_id).ok_or(Unfit::Elsewhere)?;
            for message in said.messages.iter().take(MAX_MESSAGES) {
                // One that is not understood does not take the others with it.
                match step.attempt(|step| self.take_retold(step, &chat, message)) {
                    Ok(is_new) => taken += u64::from(is_new),
                    Err(Unfit::Fault(fault)) => return Err(fault.into()),
                    Err(_) => {}
                }
            }
        }
        let giver = Giver {
            stand: if next.is_some() { Stand::Waiting } else { Stand::Done },
            due: step.now().after(PAUSE),
            covered: giver.covered.saturating_add(said.covered.into()),
            total: giver.total.max(said.total),
            taken: giver.taken.saturating_add(taken),
            after: next,
        };
        self.gave(step, id, device, &giver)
    }

    fn gave(
        &self,
        step: &mut Step<'_, '_>,
        id: HistoryId,
        device: &DeviceId,
        giver: &Giver,
    ) -> Result<(), Unfit> {
        ask::save_giver(&mut step.shelf(), id, device, giver);
        pass(self.finish_history(step, id))
    }

    /// Takes a message as another device of ours has it; says whether it was not here.
    fn take_retold(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        said: &HistoryMessage,
    ) -> Result<bool, Unfit> {
        let (id, from) = (message_id(&said.id)?, user(&said.author)?);
        let known = table::load_message(&step.shelf(), id)?;
        if said.hidden {
            let now = step.now();
            match known {
                None => hidden::hide(&mut step.shelf(), &id, now)?,
                Some(message) if message.deleted == Some(Deleted::ForMe) => {}
                Some(message) => hide(&mut step.shelf(), message)?,
            }
            return Ok(false);
        }
        let text = said.said.as_ref().ok_or(Unfit::Unreadable)?;
        if text.clock.value() <= table::emptied(&step.shelf(), chat)? {
            return Ok(false);
        }
        let is_new = known.is_none();
        match known {
            None => self.keep_retold(step, (id, chat, from), said, text)?,
            Some(known) if known.chat != *chat || known.from != from => return Err(Unfit::Elsewhere),
            Some(known) => self.change_retold(step, &known, said, text)?,
        }
        self.take_feelings(step, chat, id, said)?;
        // Of strangers no more is kept than if they had written here.
        self.fit(step, chat)?;
        Ok(is_new)
    }

    fn keep_retold(
        &self,
        step: &mut Step<'_, '_>,
        (id, chat, from): (MessageId, &Chat, UserId),
        said: &HistoryMessage,
        text: &ChatMessage,
    ) -> Result<(), Unfit> {
        let grade = match said.grade {
            0 => Grade::Clear,
            1 => Grade::Static,
            _ => Grade::Ratcheted,
        };
        let message = if said.deleted_by.is_empty() {
            judge(&Content::from(text.clone()), step.now())?;
            told(id, chat.clone(), from, text)?
        } else {
            let gone = Message::new(id, chat.clone(), from, "", text.clock.value());
            Message { deleted: Some(Deleted::ForAll { by: user(&said.deleted_by)? }), ..gone }
        };
        let edited = edited(said)?;
        let sent_at = Timestamp::from_millis(text.timestamp);
        let mut message = Message { grade, edited, sent_at, retold: true, stage: None, ..message };
        keep(&mut step.shelf(), &message, text)?;
        step.raise(chat, message.clock)?;
        self.catch_up(step, &mut message)?;
        Ok(())
    }

    /// What became of a message that is here already.
    fn change_retold(
        &self,
        step: &mut Step<'_, '_>,
        known: &Message,
        said: &HistoryMessage,
        text: &ChatMessage,
    ) -> Result<(), Unfit> {
        if !said.deleted_by.is_empty() {
            self.change(step, &known.chat, known.id, user(&said.deleted_by)?, Change::Delete)?;
        } else if let Some(edited) = edited(said)? {
            judge(&Content::from(text.clone()), step.now())?;
            let now = told(known.id, known.chat.clone(), known.from, text)?;
            let thumbnails = thumbnails(&text.unfurled_links);
            let edit = Edit { edited, kind: Some(now.kind), text: now.text, links: now.links, thumbnails };
            self.change(step, &known.chat, known.id, known.from, Change::Edit(edit))?;
        }
        Ok(())
    }

    fn take_feelings(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        message: MessageId,
        said: &HistoryMessage,
    ) -> Result<(), Unfit> {
        let mut shelf = step.shelf();
        for reaction in said.reactions.iter().take(MAX_REACTIONS) {
            let HistoryReaction { author, feeling, clock, said_by, retracted } = reaction;
            let feeling = u8::try_from(*feeling).ok().and_then(Feeling::from_number);
            // Newer programs may know more.
            let Some(feeling) = feeling else { continue };
            let (by, retracted, clock) = (user(author)?, *retracted, *clock);
            let what = Reaction { chat: chat.clone(), message, by, feeling, retracted, clock };
            table::react(&mut shelf, &Dated { what, said_by: message_id(said_by)? })?;
        }
        if let Some(HistoryPin { author, clock, said_by, pinned }) = &said.pin {
            let (by, pinned, clock) = (user(author)?, *pinned, *clock);
            let what = Pin { chat: chat.clone(), message, by, pinned, clock };
            table::pin(&mut shelf, &Dated { what, said_by: message_id(said_by)? })?;
        }
        Ok(())
    }
}

fn edited(said: &HistoryMessage) -> Result<Option<Edited>, Unfit> {
    if said.edited_at == 0 {
        return Ok(None);
    }
    Ok(Some(Edited { clock: said.edited_at, by: message_id(&said.edited_by)? }))
}

fn message_id(bytes: &[u8]) -> Result<MessageId, Unfit> {
    bytes.try_into().map(MessageId::new).map_err(|_| Unfit::NoId)
}

fn user(bytes: &[u8]) -> Result<UserId, Unfit> {
    UserId::from_compressed(bytes).map_err(|_| Unfit::Unreadable)
}

/// What is refused here was told; the page is taken all the same.
fn pass<T: Default>(done: Result<T, Stop>) -> Result<T, Unfit> {
    match done {
        Ok(done) => Ok(done),
        Err(Stop::Fault(fault)) => Err(fault.into()),
        Err(Stop::Refused(why)) => Err(Unfit::NotSaid(why)),
    }
}
