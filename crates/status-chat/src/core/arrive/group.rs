//! What arrives about closed groups, and in them.
//!
//! A message of a group is judged by the list that it carries and by what is known of the group. What is not in order
//! is refused as a whole: the list as well as what is said.

use status_layer::{Recipient, Shelf, StoreError, UserId};
use status_payload::{
    Content, EventKind, GroupChatId, GroupContent, MembershipEvent, MembershipUpdateMessage, Roster,
};

use super::{Origin, Unfit, judge};
use crate::contacts::is_added;
use crate::core::{Core, Step, Stop, place, promised};
use crate::event::{Chat, Event, GroupChange};
use crate::table::{self, Standing, group};

/// Groups that others took us into, and that we have not accepted. Beyond it more of them are refused: identities cost
/// nothing, and nobody is to fill our store.
const MAX_UNASKED: usize = 256;

/// Messages that are kept of a group while we have not answered its invitation.
const MAX_UNTOLD: usize = 256;

/// What becomes of a message in a chat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::core) enum Heed {
    /// It is kept and told.
    Tell,
    /// It is kept, and told by nobody until we have answered an invitation.
    Keep,
    /// It is not for us.
    Pass,
}

impl Core {
    /// Takes a change of a group, or a message in it, that was judged by itself; returns what is said in it.
    pub(super) fn membership(
        &self,
        step: &mut Step<'_, '_>,
        origin: &Origin,
        update: MembershipUpdateMessage,
    ) -> Result<Option<Content>, Unfit> {
        let id: GroupChatId = update.chat_id.parse().map_err(|_| Unfit::Elsewhere)?;
        let chat = Chat::Group(id.clone());
        if !matches!(origin.to, Recipient::User(_)) {
            return Err(Unfit::Elsewhere);
        }
        if origin.grade < promised(&chat) {
            return Err(Unfit::Unsealed);
        }
        if let Some(GroupContent::Message(said)) = &update.chat_entity
            && said.place(&origin.author, &origin.author) != Some(place(&chat))
        {
            return Err(Unfit::Elsewhere);
        }

        if !self.wants_group(step, &chat, &origin.author)? {
            return Ok(None);
        }
        let before = group::roster(&step.shelf(), &id)?;
        let after = match &before {
            Some(before) => before.receive(&update.events)?,
            None => Some(Roster::read(&id, &update.events)?),
        };
        if let Some(after) = &after {
            self.take_over(step, &origin.author, before.as_ref(), after)?;
        }
        let now = after.as_ref().or(before.as_ref());
        let author_may = now.is_some_and(|now| now.is_member(&origin.author));
        match update.chat_entity {
            Some(_) if !author_may => Err(Unfit::NotAMember),
            Some(GroupContent::Message(said)) => Ok(Some(Content::ChatMessage(said))),
            Some(GroupContent::Reaction(reaction)) => Ok(Some(Content::EmojiReaction(reaction))),
            _ => Ok(None),
        }
    }

    /// A group that another device of ours is in, as its events make it. They prove it: nothing is believed besides.
    pub(super) fn group_synced(
        &self,
        step: &mut Step<'_, '_>,
        id: &GroupChatId,
        events: Vec<Vec<u8>>,
    ) -> Result<(), Unfit> {
        let update = MembershipUpdateMessage { chat_id: id.to_string(), events, chat_entity: None };
        let content = Content::MembershipUpdateMessage(Box::new(update));
        judge(&content, step.now())?;
        let Content::MembershipUpdateMessage(update) = content else { return Ok(()) };
        let before = group::roster(&step.shelf(), id)?;
        let after = match &before {
            Some(before) => before.receive(&update.events)?,
            None => Some(Roster::read(id, &update.events)?),
        };
        match after {
            Some(after) => self.take_over(step, &self.keyring.user(), before.as_ref(), &after),
            None => Ok(()),
        }
    }

    /// What becomes of something that `author` says in a chat.
    pub(in crate::core) fn heed(
        &self,
        shelf: &Shelf<'_>,
        chat: &Chat,
        author: &UserId,
    ) -> Result<Heed, Unfit> {
        let id = match chat {
            Chat::User(_) => return Ok(Heed::Tell),
            Chat::Channel(_) => return Ok(if table::joined(shelf, chat)? { Heed::Tell } else { Heed::Pass }),
            Chat::Group(id) => id,
        };
        let heed = match group::standing(shelf, id)? {
            Some(Standing::Active) => Heed::Tell,
            Some(Standing::Invited(_)) if table::history(shelf, chat, 0, MAX_UNTOLD)?.len() < MAX_UNTOLD => {
                Heed::Keep
            }
            Some(Standing::Invited(_) | Standing::Declined(_)) => Heed::Pass,
            Some(Standing::Left | Standing::Missed(_)) | None => return Err(Unfit::NotAMember),
        };
        let roster = group::roster(shelf, id)?;
        if roster.is_some_and(|roster| roster.is_member(author)) { Ok(heed) } else { Err(Unfit::NotAMember) }
    }

    /// Takes over what a group has become by a message of `from`.
    fn take_over(
        &self,
        step: &mut Step<'_, '_>,
        from: &UserId,
        before: Option<&Roster>,
        after: &Roster,
    ) -> Result<(), Unfit> {
        let (me, id) = (self.keyring.user(), after.chat());
        if before.is_none() && id.creator() != me && !after.was_added(&me) {
            return Err(Unfit::NotForUs);
        }
        if !may_tell(from, before, after) {
            return Err(Unfit::NotAMember);
        }
        let was = group::standing(&step.shelf(), id)?;
        let standing = self.standing(&step.shelf(), was, from, before, after)?;
        if was.is_none() {
            has_room(step, standing)?;
        }
        self.keep_group(step, before, after, standing).or_else(|stop| pass(step, stop))?;
        self.fit(step, &Chat::Group(id.clone()))?;
        self.tell_changes(step, (was, standing), from, before, after);
        if standing == Standing::Active && was != Some(Standing::Active) && *from != me {
            // That the list is full, say, is no reason not to be in.
            let joined = step.attempt(|step| self.join_group(step, after));
            joined.or_else(|stop| match stop {
                Stop::Refused(why) => {
                    step.tell_refusal(&"group", &why);
                    Ok(())
                }
                Stop::Fault(fault) => Err(fault),
            })?;
        }
        Ok(())
    }

    /// How we stand to a group now.
    fn standing(
        &self,
        shelf: &Shelf<'_>,
        was: Option<Standing>,
        from: &UserId,
        before: Option<&Roster>,
        after: &Roster,
    ) -> Result<Standing, StoreError> {
        let me = self.keyring.user();
        let by = inviter(after, &me).unwrap_or(*from);
        if !after.is_member(&me) {
            return Ok(match was {
                Some(Standing::Active | Standing::Left) => Standing::Left,
                None if *from == me => Standing::Left,
                _ => Standing::Missed(by),
            });
        }
        if was == Some(Standing::Active) || *from == me || after.chat().creator() == me {
            return Ok(Standing::Active);
        }
        // On another device of ours we have said that we are in.
        let ours = |event: &MembershipEvent| event.author() == me;
        let added = |event: &MembershipEvent| adds(event, &me);
        let new = |is: &dyn Fn(&MembershipEvent) -> bool| match before {
            Some(before) => after.since(before).any(is),
            None => after.events().iter().any(is),
        };
        match was {
            Some(Standing::Invited(_) | Standing::Declined(_)) if new(&ours) => Ok(Standing::Active),
            Some(was @ Standing::Declined(_)) if !new(&added) => Ok(was),
            Some(Standing::Declined(_)) => Ok(Standing::Invited(by)),
            _ if is_added(shelf, &by)? || is_added(shelf, &after.chat().creator())? => Ok(Standing::Active),
            _ => Ok(Standing::Invited(by)),
        }
    }

    fn tell_changes(
        &self,
        step: &mut Step<'_, '_>,
        (was, standing): (Option<Standing>, Standing),
        from: &UserId,
        before: Option<&Roster>,
        after: &Roster,
    ) {
        let me = self.keyring.user();
        let id = after.chat();
        let mut tell = |by: UserId, change| step.tell(Event::Group { group: id.clone(), by, change });
        let entered = || inviter(after, &me).unwrap_or(*from);
        match (was, standing) {
            (Some(Standing::Active), _) => {
                let Some(before) = before else { return };
                for event in after.since(before) {
                    change(event).into_iter().for_each(|change| tell(event.author(), change));
                }
                // That somebody said that they are in changes nothing, nor does its loss.
                if before.since(after).any(|event| event.kind() != EventKind::Joined) {
                    tell(*from, GroupChange::Rearranged);
                }
            }
            (_, Standing::Active) => tell(entered(), GroupChange::Entered),
            (Some(Standing::Invited(_)), Standing::Invited(_)) => {}
            (_, Standing::Invited(by)) => tell(by, GroupChange::Invited),
            (Some(Standing::Invited(_)), Standing::Missed(_)) => {
                let last = after.events().iter().rfind(|event| removes(event, &me));
                tell(last.map_or(*from, MembershipEvent::author), GroupChange::Removed { user: me });
            }
            _ => {}
        }
    }
}

/// Whether `from` may bring the news in a list: its members may, also who is one no longer by that very list. Whoever was
/// removed before may still tell what harms nobody, so that changes made at the same time come together; but they let
/// nobody in or out, with whatever date.
fn may_tell(from: &UserId, before: Option<&Roster>, after: &Roster) -> bool {
    if after.is_member(from) || before.is_some_and(|before| before.is_member(from)) {
        return true;
    }
    let was_in = after.was_added(from) || after.chat().creator() == *from;
    let harmless = |event: &MembershipEvent| match event.kind() {
        EventKind::Renamed | EventKind::Recolored | EventKind::NewPicture | EventKind::Joined => true,
        EventKind::MemberRemoved => event.members().all(|user| user == event.author()),
        _ => false,
    };
    was_in && before.is_some_and(|before| after.since(before).all(harmless))
}

/// Who took a user in last.
fn inviter(roster: &Roster, user: &UserId) -> Option<UserId> {
    roster.events().iter().rfind(|event| adds(event, user)).map(MembershipEvent::author)
}

fn adds(event: &MembershipEvent, user: &UserId) -> bool {
    event.kind() == EventKind::MembersAdded && event.members().any(|added| added == *user)
}

fn removes(event: &MembershipEvent, user: &UserId) -> bool {
    event.kind() == EventKind::MemberRemoved && event.members().any(|removed| removed == *user)
}

/// An event as it is told.
fn change(event: &MembershipEvent) -> Option<GroupChange> {
    let users = || event.members().collect();
    match event.kind() {
        EventKind::Renamed => Some(GroupChange::Renamed { name: event.name().to_owned() }),
        EventKind::Recolored => Some(GroupChange::Recolored { color: event.color().to_owned() }),
        EventKind::NewPicture => Some(GroupChange::Pictured),
        EventKind::MembersAdded => Some(GroupChange::Added { users: users() }),
        EventKind::Joined => Some(GroupChange::Joined),
        EventKind::AdminsAdded => Some(GroupChange::AdminsAdded { users: users() }),
        EventKind::AdminRemoved => Some(GroupChange::AdminResigned),
        EventKind::MemberRemoved => event.members().next().map(|user| match user {
            user if user == event.author() => GroupChange::Left,
            user => GroupChange::Removed { user },
        }),
        _ => None,
    }
}

/// Whether there is room for one more group. Those that we missed give way.
fn has_room(step: &mut Step<'_, '_>, standing: Standing) -> Result<(), Unfit> {
    let mut shelf = step.shelf();
    let known = group::standings(&shelf)?;
    let max = if standing.is_unasked() { MAX_UNASKED } else { group::MAX_GROUPS };
    let mut left = known.iter().filter(|(_, known)| !standing.is_unasked() || known.is_unasked()).count();
    for (missed, _) in known.iter().filter(|(_, known)| matches!(known, Standing::Missed(_))) {
        if left < max {
            break;
        }
        group::forget(&mut shelf, missed)?;
        left -= 1;
    }
    if left < max { Ok(()) } else { Err(Unfit::TooManyGroups) }
}

/// What stopped us from keeping a list makes the list unfit.
fn pass(step: &mut Step<'_, '_>, stop: Stop) -> Result<(), Unfit> {
    match stop {
        Stop::Fault(fault) => Err(Unfit::Fault(fault)),
        Stop::Refused(why) => {
            step.tell_refusal(&"group", &why);
            Err(Unfit::TooManyMembers)
        }
    }
}

#[cfg(test)]
mod tests;
