//! The chats that we take part in: coming and going.

use status_layer::{Interest, Recipient, Shelf, StoreError};
use status_stack::{Fault, Input};

use super::fellows::is_fellow;
use super::step::fault;
use super::{Core, Step, Stop};
use crate::error::SendError;
use crate::event::Chat;
use crate::table;
use crate::table::{contacts as people, push};
use status_layer::Grade;

/// Chats that one client takes part in.
pub(crate) const MAX_CHATS: usize = 4_096;

/// Up to so many chats in all, those that others begin are listened to. Beyond it their messages are kept and shown all the
/// same, but their keys are not listened for: identities cost nothing, and nobody is to use up the room that the user needs.
const MAX_UNASKED: usize = 1_024;

impl Core {
    /// Takes part in a chat.
    pub(crate) fn join(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Stop> {
        self.not_oneself(chat)?;
        let mut shelf = step.shelf();
        if let Chat::User(user) = chat {
            people::welcome(&mut shelf, user)?;
        }
        if !table::joined(&shelf, chat)? {
            if matches!(chat, Chat::Group(_)) {
                return Err(Stop::Refused(SendError::NotAMember));
            }
            if table::chats(&shelf, MAX_CHATS)?.len() >= MAX_CHATS {
                return Err(Stop::Refused(SendError::TooManyChats { max: MAX_CHATS }));
            }
            table::join(&mut shelf, chat);
            note_channel(&mut shelf, chat)?;
            self.expect(step, chat, Interest::Listen)?;
            step.unless_refused(None)?;
            self.tell_part(step, chat, true)?;
        }
        Ok(())
    }

    /// Takes part no longer. What was said stays.
    pub(crate) fn leave(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Stop> {
        self.not_oneself(chat)?;
        if let Chat::Group(group) = chat {
            return self.leave_group(step, group);
        }
        if table::joined(&step.shelf(), chat)? {
            self.tell_part(step, chat, false)?;
        }
        Ok(self.take_part(step, chat, false)?)
    }

    /// Takes part in a chat from now on, or no more.
    pub(super) fn take_part(&self, step: &mut Step<'_, '_>, chat: &Chat, part: bool) -> Result<(), Fault> {
        note_channel(&mut step.shelf(), chat).map_err(fault)?;
        if part {
            table::join(&mut step.shelf(), chat);
            self.expect(step, chat, Interest::Listen)
        } else {
            table::leave(&mut step.shelf(), chat);
            self.expect(step, chat, Interest::Ignore)
        }
    }

    /// Takes part in a chat that somebody else began, while there is room for such.
    pub(super) fn join_unasked(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Fault> {
        let mut shelf = step.shelf();
        let has_room = |chats: Vec<Chat>| chats.len() < MAX_UNASKED;
        if table::chats(&shelf, MAX_UNASKED).map(has_room).map_err(fault)? {
            // Their keys are announced at a place of their own; from now on we listen there.
            table::join(&mut shelf, chat);
            self.expect(step, chat, Interest::Listen)?;
        }
        Ok(())
    }

    /// Tells layers that are new to this home of all that we take part in.
    pub(super) fn listen_everywhere(&self, step: &mut Step<'_, '_>) -> Result<(), Fault> {
        let us = Chat::User(self.keyring.user());
        self.expect(step, &us, Interest::Listen)?;
        let chats: Result<_, StoreError> = table::chats(&step.shelf(), MAX_CHATS);
        for chat in chats.map_err(fault)? {
            match &chat {
                Chat::Group(group) => self.share_again(step, group)?,
                chat => self.expect(step, chat, Interest::Listen)?,
            }
        }
        self.listen_for_all_again(step)
    }

    /// We always listen at our own inbox: to join or leave ourselves would make us deaf.
    pub(super) fn not_oneself(&self, chat: &Chat) -> Result<(), Stop> {
        if *chat == Chat::User(self.keyring.user()) { Err(Stop::Refused(SendError::Oneself)) } else { Ok(()) }
    }

    pub(super) fn expect(&self, step: &mut Step<'_, '_>, chat: &Chat, how: Interest) -> Result<(), Fault> {
        let whom = match chat {
            // Whoever is in a group with us is listened for because of that.
            Chat::User(user) if how == Interest::Ignore && is_fellow(step, user).map_err(fault)? => {
                return Ok(());
            }
            Chat::User(user) => Recipient::User(*user),
            // What is said in a group comes to our own inbox.
            Chat::Group(_) => return Ok(()),
            Chat::Channel(name) => Recipient::Channel(name.clone()),
        };
        self.layers(step, Input::Expect { whom, how })
    }
}

/// Notification servers know in which channels whoever names us has us notified.
fn note_channel(shelf: &mut Shelf<'_>, chat: &Chat) -> Result<(), StoreError> {
    if matches!(chat, Chat::Channel(_)) { push::touch(shelf) } else { Ok(()) }
}

/// How private a message in a chat is at least, whatever the layers achieve beyond that.
pub(crate) const fn promised(chat: &Chat) -> Grade {
    match chat {
        Chat::User(_) | Chat::Group(_) => Grade::Static,
        Chat::Channel(_) => Grade::Clear,
    }
}
