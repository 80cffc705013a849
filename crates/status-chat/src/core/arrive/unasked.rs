//! What takes room here although nobody asked for it: strangers and what they write, and groups into which they took us.
//!
//! Keys cost nothing, so anybody can be any number of strangers. Whoever takes much gives way to whoever takes little, and
//! newcomers give way to each other before they push out those who were here before them.

use status_layer::{Interest, Timestamp, UserId};

use super::{Origin, Unfit};
use crate::contacts::{Strangers, is_added};
use crate::core::{Core, Step};
use crate::event::{Chat, ContactChange, Message};
use crate::table::contacts::{self as people, MAX_STRANGER_MESSAGES, Person};
use crate::table::unasked::{self, MAX_INVITATION_BYTES, MAX_STRANGER_BYTES, MAX_STRANGERS_BYTES};
use crate::table::{self, profile};

/// Messages that are kept of a stranger, their request and one more that has just come included.
const ALL_OF_ONE: usize = MAX_STRANGER_MESSAGES + 2;

impl Core {
    /// Whether something that is said to us in a chat is let in: what somebody says who was denied, or a stranger if the user
    /// wants none, is not. `asks` says that it is a contact request.
    pub(super) fn lets_in(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        chat: &Chat,
        asks: bool,
    ) -> Result<bool, Unfit> {
        let Chat::User(user) = chat else { return Ok(true) };
        if origin.author == self.keyring.user() {
            return Ok(true);
        }
        let person = people::load(&step.shelf(), user)?.unwrap_or_default();
        if person.relation.dismissed() {
            return Ok(asks);
        }
        self.wants(step, user, &person, asks)
    }

    /// Whether the user wants to hear of somebody whom nothing was decided about.
    pub(super) fn wants(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
        person: &Person,
        asks: bool,
    ) -> Result<bool, Unfit> {
        let shelf = step.shelf();
        let active = table::joined(&shelf, &Chat::User(*user))? && !person.stranger;
        if active || person.relation.added() {
            return Ok(true);
        }
        Ok(match profile::strangers(&shelf)? {
            Strangers::Shown => true,
            Strangers::RequestsOnly => asks,
            Strangers::Refused => false,
        })
    }

    /// Whether the user wants to hear of a group from somebody, who may be a stranger. Of those that we are in, always.
    pub(super) fn wants_group(
        &self,
        step: &mut Step<'_, '_>,
        chat: &Chat,
        from: &UserId,
    ) -> Result<bool, Unfit> {
        let shelf = step.shelf();
        let known = *from == self.keyring.user() || table::joined(&shelf, chat)? || is_added(&shelf, from)?;
        Ok(known || profile::strangers(&shelf)? == Strangers::Shown)
    }

    /// Begins to keep what somebody writes who is nobody to us yet.
    pub(super) fn meet(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<(), Unfit> {
        if people::load(&step.shelf(), user)?.is_none() {
            let heard = step.now();
            people::save(&mut step.shelf(), user, &Person { stranger: true, heard, ..Person::default() })?;
            self.seat(step, heard)?;
        }
        Ok(())
    }

    /// Forgets a stranger if there are too many.
    pub(super) fn seat(&self, step: &mut Step<'_, '_>, now: Timestamp) -> Result<(), Unfit> {
        match people::one_too_many(&step.shelf(), now)? {
            Some(user) => self.forget(step, &user),
            None => Ok(()),
        }
    }

    /// Makes room for what was kept in a chat that nobody asked for. Of strangers older things are forgotten; what is too much
    /// for a group is refused.
    pub(super) fn fit(&self, step: &mut Step<'_, '_>, chat: &Chat) -> Result<(), Unfit> {
        let Some(unasked) = unasked::load(&step.shelf(), chat)? else { return Ok(()) };
        let Chat::User(user) = chat else {
            return if unasked.bytes > MAX_INVITATION_BYTES { Err(Unfit::NoRoom) } else { Ok(()) };
        };
        let (messages, _) = self.kept_of(step, user)?;
        for message in messages.iter().take(messages.len().saturating_sub(MAX_STRANGER_MESSAGES)) {
            table::forget_message(&mut step.shelf(), message)?;
            step.effects.tally.turned_away += 1;
        }
        while bytes(step, chat)? > MAX_STRANGER_BYTES && self.shrink(step, user)? {}
        loop {
            let strangers = unasked::strangers(&step.shelf())?;
            let all = strangers.iter().fold(0_u64, |all, (_, one)| all.saturating_add(one.bytes));
            let most = strangers.iter().max_by_key(|(_, one)| one.bytes);
            match most.filter(|_| all > MAX_STRANGERS_BYTES) {
                Some((user, _)) if self.shrink(step, user)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Forgets the oldest that is kept of a stranger, a request last; says whether there was anything.
    fn shrink(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<bool, Unfit> {
        let (messages, request) = self.kept_of(step, user)?;
        if let Some(message) = messages.first().or(request.as_ref()) {
            table::forget_message(&mut step.shelf(), message)?;
            step.effects.tally.turned_away += 1;
            return Ok(true);
        }
        let chat = Chat::User(*user);
        let before = bytes(step, &chat)?;
        table::forget_waiting(&mut step.shelf(), &chat)?;
        Ok(bytes(step, &chat)? < before)
    }

    /// The messages in the chat with a stranger, the oldest first, and their request.
    fn kept_of(
        &self,
        step: &mut Step<'_, '_>,
        user: &UserId,
    ) -> Result<(Vec<Message>, Option<Message>), Unfit> {
        let shelf = step.shelf();
        let asked = people::load(&shelf, user)?.and_then(|person| person.request).map(|request| request.id);
        let mut messages = table::history(&shelf, &Chat::User(*user), 0, ALL_OF_ONE)?;
        let request = messages.iter().position(|message| Some(message.id) == asked);
        let request = request.map(|at| messages.remove(at));
        Ok((messages, request))
    }

    /// Forgets a stranger with all that they wrote.
    fn forget(&self, step: &mut Step<'_, '_>, user: &UserId) -> Result<(), Unfit> {
        let chat = Chat::User(*user);
        let mut shelf = step.shelf();
        table::forget_chat(&mut shelf, &chat)?;
        people::delete(&mut shelf, user)?;
        if table::joined(&shelf, &chat)? {
            table::leave(&mut shelf, &chat);
            self.expect(step, &chat, Interest::Ignore)?;
        }
        step.effects.tally.turned_away += 1;
        Ok(self.tell_of(step, user, ContactChange::Forgotten)?)
    }
}

fn bytes(step: &mut Step<'_, '_>, chat: &Chat) -> Result<u64, Unfit> {
    Ok(unasked::load(&step.shelf(), chat)?.unwrap_or_default().bytes)
}
