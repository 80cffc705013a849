//! What our devices tell each other so that all show the same: which chats we take part in, and what was read.
//!
//! A change is told when it is made; a device that joins is told everything at once, in messages that data sync repeats until
//! they are acknowledged. The newer clock wins, so it does not matter in which order, or how often, it is heard.

pub(super) mod own;
pub(super) mod person;

use status_payload::{Backup, Content, GroupChatId, SyncChat, SyncChatMessagesRead, SyncChatRemoved};

use super::say::invalid;
use super::{Core, MAX_CHATS, Step, Stop, place};
use crate::event::Chat;
use crate::table::contacts as people;
use crate::table::{self, Spot, devices, group, sync};

/// Chats in one message for a device that joins.
const CHATS_AT_ONCE: usize = 50;
/// Chats of which a device that joins is told how far they were read.
const MAX_MARKS: usize = 256;

/// The clock of what was decided before our devices told each other: every word is newer.
const BEFORE: u64 = 1;

impl Core {
    /// Tells our other devices that we take part in a chat from now on, or no more. Of closed groups their members tell.
    pub(super) fn tell_part(&self, step: &mut Step<'_, '_>, chat: &Chat, part: bool) -> Result<(), Stop> {
        if matches!(chat, Chat::Group(_)) || !devices::any_joined(&step.shelf())? {
            return Ok(());
        }
        let known = sync::word(&step.shelf(), chat)?.map_or(0, |(clock, _)| clock);
        let clock = self.next_word(step, known)?;
        sync::take_word(&mut step.shelf(), chat, clock.value(), part)?;
        let content = if part {
            let said = SyncChat::new(&place(chat), clock).map_err(|why| invalid(&why))?;
            Content::SyncChat(Box::new(said))
        } else {
            let id = place(chat).chat_id().map_err(|why| invalid(&why))?;
            Content::SyncChatRemoved(SyncChatRemoved { clock, id })
        };
        self.tell_own(step, &content)
    }

    /// Marks the messages of a chat as read, here and on our other devices.
    pub(crate) fn mark_read(&self, step: &mut Step<'_, '_>, chat: &Chat, spot: Spot) -> Result<(), Stop> {
        if !table::mark_read(&mut step.shelf(), chat, spot)? || !devices::any_joined(&step.shelf())? {
            return Ok(());
        }
        self.tell_mark(step, chat, spot.clock)
    }

    /// Tells a device that joins, and with it all others, everything.
    pub(super) fn tell_everything(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        self.tell_own_settings(step)?;
        let chats = table::chats(&step.shelf(), MAX_CHATS)?;
        let mut said = Vec::new();
        let mut marks = Vec::new();
        for chat in chats {
            let shelf = step.shelf();
            if let Chat::User(user) = &chat
                && people::load(&shelf, user)?.is_some_and(|person| person.stranger)
            {
                // Nobody has wished for it.
                continue;
            }
            let clock = sync::word(&shelf, &chat)?.map_or(BEFORE, |(clock, _)| clock);
            let read = table::read_up_to(&shelf, &chat)?.map_or(0, |spot| spot.clock);
            if read > 0 && marks.len() < MAX_MARKS {
                marks.push((chat.clone(), read));
            }
            if let Chat::Group(group) = &chat {
                self.tell_group(step, group, clock)?;
            } else {
                let clock = status_payload::Clock::new(clock);
                said.push(SyncChat::new(&place(&chat), clock).map_err(|why| invalid(&why))?);
            }
        }
        for chats in said.chunks(CHATS_AT_ONCE) {
            let clock = self.tick(step, &Chat::User(self.keyring.user()))?;
            let backup = Backup { clock, chats: chats.to_vec(), ..Backup::default() };
            self.tell_own(step, &Content::Backup(Box::new(backup)))?;
        }
        self.tell_people(step)?;
        marks.into_iter().try_for_each(|(chat, clock)| self.tell_mark(step, &chat, clock))
    }

    /// Tells of a closed group, with all signed events that make it. One that is too large for a message is told of by its
    /// members with the next one.
    fn tell_group(&self, step: &mut Step<'_, '_>, group: &GroupChatId, clock: u64) -> Result<(), Stop> {
        let Some(roster) = group::roster(&step.shelf(), group)? else { return Ok(()) };
        let chat = Chat::Group(group.clone());
        let said = SyncChat::new(&place(&chat), status_payload::Clock::new(clock));
        let Ok(said) = said.and_then(|said| said.with_history(&roster)) else { return Ok(()) };
        match step.attempt(|step| self.tell_own(step, &Content::SyncChat(Box::new(said)))) {
            Err(Stop::Refused(_)) => Ok(()),
            done => done,
        }
    }

    fn tell_mark(&self, step: &mut Step<'_, '_>, chat: &Chat, clock: u64) -> Result<(), Stop> {
        let id = place(chat).chat_id().map_err(|why| invalid(&why))?;
        let clock = status_payload::Clock::new(clock);
        self.tell_own(step, &Content::SyncChatMessagesRead(SyncChatMessagesRead { clock, id }))
    }
}
