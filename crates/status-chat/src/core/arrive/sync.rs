//! What another device of ours has changed.

mod clear;
mod own;
mod person;

use status_crypto::text;
use status_layer::{Grade, Name};
use status_payload::{Backup, Place, SyncChat, SyncChatMessagesRead, SyncChatRemoved};

use super::{Origin, Unfit};
use crate::core::{Core, MAX_CHATS, Step};
use crate::event::{Chat, Event};
use crate::table::contacts as people;
use crate::table::{self, Spot, devices, sync};

/// Chats, and people, that are taken from one message.
const MAX_AT_ONCE: usize = 256;

impl Core {
    /// Another device takes part in a chat, or no more: so do we.
    pub(super) fn chat_synced(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncChat,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let chat = match said.place() {
            Some(Place::User(user)) => Chat::User(user),
            Some(Place::Channel(name)) => Chat::Channel(name),
            Some(Place::Group(group)) if said.active => {
                return self.group_synced(step, &group, said.entries());
            }
            // That we are in a closed group no more, its members tell.
            Some(_) => return Ok(()),
            None => return Err(Unfit::Elsewhere),
        };
        self.follow(step, &chat, said.clock.value(), said.active)
    }

    /// Another device has left a chat: so do we.
    pub(super) fn chat_removed(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncChatRemoved,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        match named(&said.id).ok_or(Unfit::Elsewhere)? {
            Chat::Group(_) => Ok(()),
            chat => self.follow(step, &chat, said.clock.value(), false),
        }
    }

    /// A chat was read on another device.
    pub(super) fn read_elsewhere(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &SyncChatMessagesRead,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        let chat = named(&said.id).ok_or(Unfit::Elsewhere)?;
        let clock = said.clock.value();
        if table::mark_read(&mut step.shelf(), &chat, Spot::end_of(clock))? {
            step.tell(Event::Read { chat, clock });
        }
        Ok(())
    }

    /// Another device tells a new one what it has.
    pub(super) fn told_everything(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        said: &Backup,
    ) -> Result<(), Unfit> {
        self.belongs(step, origin)?;
        if let Some(profile) = &said.profile {
            pass(step.attempt(|step| self.profile_told(step, profile)))?;
        }
        if let Some(setting) = &said.setting {
            pass(step.attempt(|step| self.setting_synced(step, origin, setting)))?;
        }
        // What is not understood does not take the rest with it.
        for chat in said.chats.iter().take(MAX_AT_ONCE) {
            pass(step.attempt(|step| self.chat_synced(step, origin, chat)))?;
        }
        for contact in said.contacts.iter().take(MAX_AT_ONCE) {
            pass(step.attempt(|step| self.person_synced(step, origin, contact.clone())))?;
        }
        Ok(())
    }

    /// Only devices that were taken in here may change anything here, and only in a session.
    pub(super) fn belongs(&self, step: &mut Step<'_, '_>, origin: &Origin) -> Result<(), Unfit> {
        let device = origin.device.as_ref().filter(|_| origin.grade == Grade::Ratcheted);
        match device {
            Some(device) if devices::joined(&step.shelf(), device)? == Some(true) => Ok(()),
            _ => Err(Unfit::NotOurs),
        }
    }

    pub(super) fn follow(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        clock: u64,
        part: bool,
    ) -> Result<(), Unfit> {
        let ours = Chat::User(self.keyring.user());
        step.raise(&ours, clock)?;
        if *chat == ours || !sync::take_word(&mut step.shelf(), chat, clock, part)? {
            return Ok(());
        }
        if let Chat::User(user) = chat
            && part
        {
            // The user deals with them: what they say is not bounded as what strangers say is.
            people::welcome(&mut step.shelf(), user)?;
        }
        let joined = table::joined(&step.shelf(), chat)?;
        if joined == part {
            return Ok(());
        }
        if part && table::chats(&step.shelf(), MAX_CHATS)?.len() >= MAX_CHATS {
            return Ok(());
        }
        self.take_part(step, chat, part)?;
        step.tell(Event::Part { chat: chat.clone(), joined: part });
        Ok(())
    }
}

/// Lets what is unfit pass, but not that our own side fails.
fn pass(taken: Result<(), Unfit>) -> Result<(), Unfit> {
    match taken {
        Err(Unfit::Fault(fault)) => Err(fault.into()),
        _ => Ok(()),
    }
}

/// The chat with this id.
pub(in crate::core) fn named(id: &str) -> Option<Chat> {
    if id.starts_with("0x") && !id.contains('-') {
        return text::parse_user(id).ok().map(Chat::User);
    }
    if let Ok(group) = id.parse() {
        return Some(Chat::Group(group));
    }
    Name::new(id).ok().map(Chat::Channel)
}
