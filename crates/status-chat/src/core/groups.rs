//! Closed groups: what we do in them.
//!
//! Every change is a signed event, and every message carries all events, so that whoever reads it can judge it by itself.

use std::collections::BTreeSet;

use status_layer::UserId;
use status_payload::{Change, Content, GroupChatId, GroupContent, MembershipUpdateMessage, Refusal, Roster};
use status_stack::{Fault, Input};

use super::step::fault;
use super::{Core, MAX_CHATS, Step, Stop};
use crate::builder::new_device as uuid;
use crate::error::SendError;
use crate::event::Chat;
use crate::groups::{MAX_GROUP_NAME, MAX_GROUP_PICTURE};
use crate::table::{self, Standing, group};

/// A chat message with the list of a group around it.
pub(super) struct Wrapped {
    pub(super) content: Content,
    /// How many are to read it.
    pub(super) readers: u32,
}

impl Core {
    /// Makes a group of us and `members`.
    pub(crate) fn create_group(
        &self,
        step: &mut Step<'_, '_>,
        name: &str,
        members: &[UserId],
    ) -> Result<GroupChatId, Stop> {
        fits("name", name.chars().count(), MAX_GROUP_NAME)?;
        self.has_room(step)?;
        let id = GroupChatId::new(&uuid(step.unit.cx(super::AREA).rng), self.keyring.user());
        let id = id.map_err(|why| super::say::invalid(&why))?;
        let clock = self.tick(step, &Chat::Group(id.clone()))?;
        let mut roster = Roster::create(&*self.keyring, &id, name, "", clock).map_err(SendError::Group)?;
        let members = self.others(members.iter().copied());
        if !members.is_empty() {
            let add = Change::Add(members);
            roster = roster.change(&*self.keyring, &add, clock).map_err(SendError::Group)?;
        }
        self.keep_group(step, None, &roster, Standing::Active)?;
        self.announce(step, &roster)?;
        Ok(id)
    }

    /// Changes a group that we are in, and tells its members of before and after.
    pub(crate) fn change_group(
        &self,
        step: &mut Step<'_, '_>,
        id: &GroupChatId,
        change: &Change,
    ) -> Result<(), Stop> {
        match change {
            Change::Rename(name) => fits("name", name.chars().count(), MAX_GROUP_NAME)?,
            Change::Recolor(color) => fits("color", color.chars().count(), MAX_GROUP_NAME)?,
            Change::Picture(picture) => fits("picture", picture.len(), MAX_GROUP_PICTURE)?,
            _ => {}
        }
        let before = self.roster_to_speak(step, id)?;
        let clock = self.tick(step, &Chat::Group(id.clone()))?;
        let after = before.change(&*self.keyring, change, clock).map_err(SendError::Group)?;
        // Who is removed is to know it.
        self.share(step, id, before.members().chain(after.members()))?;
        self.announce(step, &after)?;
        let in_it = after.is_member(&self.keyring.user());
        self.keep_group(step, Some(&before), &after, if in_it { Standing::Active } else { Standing::Left })
    }

    /// Leaves a group that we are in; what was said stays.
    pub(crate) fn leave_group(&self, step: &mut Step<'_, '_>, id: &GroupChatId) -> Result<(), Stop> {
        self.change_group(step, id, &Change::Remove(self.keyring.user()))
    }

    /// Takes the invitation of somebody who is no contact of ours, also one that was declined.
    pub(crate) fn accept_group(&self, step: &mut Step<'_, '_>, id: &GroupChatId) -> Result<(), Stop> {
        let shelf = step.shelf();
        let Some(Standing::Invited(_) | Standing::Declined(_)) = group::standing(&shelf, id)? else {
            return Err(SendError::NotInvited.into());
        };
        let roster = group::roster(&shelf, id)?.ok_or(SendError::NotInvited)?;
        self.has_room(step)?;
        self.keep_group(step, Some(&roster), &roster, Standing::Active)?;
        self.join_group(step, &roster)
    }

    /// Does not take an invitation. Nobody is told.
    pub(crate) fn decline_group(&self, step: &mut Step<'_, '_>, id: &GroupChatId) -> Result<(), Stop> {
        let mut shelf = step.shelf();
        let Some(Standing::Invited(by)) = group::standing(&shelf, id)? else {
            return Err(SendError::NotInvited.into());
        };
        Ok(group::set_standing(&mut shelf, id, Standing::Declined(by))?)
    }

    /// Says in a group that we are in.
    pub(super) fn join_group(&self, step: &mut Step<'_, '_>, roster: &Roster) -> Result<(), Stop> {
        let me = self.keyring.user();
        if roster.joined().any(|user| user == me) {
            Ok(())
        } else {
            self.change_group(step, roster.chat(), &Change::Join)
        }
    }

    /// Keeps what a group has become, and how we stand to it now.
    pub(super) fn keep_group(
        &self,
        step: &mut Step<'_, '_>,
        before: Option<&Roster>,
        after: &Roster,
        standing: Standing,
    ) -> Result<(), Stop> {
        let id = after.chat();
        let chat = Chat::Group(id.clone());
        let mut shelf = step.shelf();
        group::save_roster(&mut shelf, before, after)?;
        group::set_standing(&mut shelf, id, standing)?;
        let seen = table::clock(&shelf, &chat)?;
        table::set_clock(&mut shelf, &chat, seen.max(after.clock().value()));
        if standing == Standing::Active {
            table::join(&mut shelf, &chat);
            self.share(step, id, after.members())?;
            Ok(self.listen_for_members(step, id, Some(after))?)
        } else {
            table::leave(&mut shelf, &chat);
            self.share(step, id, [])?;
            Ok(self.listen_for_members(step, id, None)?)
        }
    }

    /// Tells layers that are new to this home who is in a group.
    pub(super) fn share_again(&self, step: &mut Step<'_, '_>, id: &GroupChatId) -> Result<(), Fault> {
        let roster = group::roster(&step.shelf(), id).map_err(fault)?;
        let with = roster.map(|roster| self.others(roster.members())).unwrap_or_default();
        self.layers(step, Input::Share { group: id.group(), with })
    }

    /// A chat message as it travels in a group that we are in: with the list that proves who may say it. All other content
    /// travels as it is.
    pub(super) fn in_group(
        &self,
        step: &mut Step<'_, '_>,
        id: &GroupChatId,
        content: &Content,
    ) -> Result<Option<Wrapped>, Stop> {
        let Content::ChatMessage(said) = content else {
            return match group::standing(&step.shelf(), id)? {
                Some(Standing::Active) => Ok(None),
                _ => Err(SendError::NotAMember.into()),
            };
        };
        let roster = self.roster_to_speak(step, id)?;
        let readers = u32::try_from(self.others(roster.members()).len()).unwrap_or(u32::MAX);
        Ok(Some(Wrapped { content: update(&roster, Some(GroupContent::Message(said.clone()))), readers }))
    }

    /// A group as it is, if we may speak in it.
    fn roster_to_speak(&self, step: &mut Step<'_, '_>, id: &GroupChatId) -> Result<Roster, Stop> {
        let shelf = step.shelf();
        let roster = match group::standing(&shelf, id)? {
            Some(Standing::Active) => group::roster(&shelf, id)?,
            _ => None,
        };
        roster.ok_or_else(|| SendError::NotAMember.into())
    }

    /// Tells everybody with whom a group is shared what it is now.
    fn announce(&self, step: &mut Step<'_, '_>, roster: &Roster) -> Result<(), Stop> {
        self.post(step, &Chat::Group(roster.chat().clone()), &update(roster, None)).map(drop)
    }

    /// Who is written to from now on when something is said in a group.
    fn share(
        &self,
        step: &mut Step<'_, '_>,
        id: &GroupChatId,
        with: impl IntoIterator<Item = UserId>,
    ) -> Result<(), Stop> {
        let with = self.others(with);
        self.layers(step, Input::Share { group: id.group(), with })?;
        step.unless_refused(None)
    }

    /// Each of them once, ourselves left out.
    pub(super) fn others(&self, users: impl IntoIterator<Item = UserId>) -> Vec<UserId> {
        let me = self.keyring.user();
        let users: BTreeSet<_> = users.into_iter().filter(|user| *user != me).collect();
        users.into_iter().collect()
    }

    fn has_room(&self, step: &mut Step<'_, '_>) -> Result<(), Stop> {
        let shelf = step.shelf();
        if table::chats(&shelf, MAX_CHATS)?.len() >= MAX_CHATS
            || group::standings(&shelf)?.len() >= group::MAX_GROUPS
        {
            return Err(SendError::TooManyChats { max: MAX_CHATS }.into());
        }
        Ok(())
    }
}

/// A message that says what a group is, and something in it.
fn update(roster: &Roster, said: Option<GroupContent>) -> Content {
    let chat_id = roster.chat().to_string();
    let message = MembershipUpdateMessage { chat_id, events: roster.entries(), chat_entity: said };
    Content::MembershipUpdateMessage(Box::new(message))
}

fn fits(field: &'static str, len: usize, max: usize) -> Result<(), Stop> {
    if len > max { Err(SendError::TooLong { field, len, max }.into()) } else { Ok(()) }
}

impl From<Refusal> for SendError {
    fn from(why: Refusal) -> Self {
        Self::Group(why)
    }
}
