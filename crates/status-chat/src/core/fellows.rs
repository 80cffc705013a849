//! The keys of those who are in a closed group with us, be they contacts of ours or not.
//!
//! Everybody announces their keys at a place of their own. Who listens there, and asks for what was said there, has the keys of
//! a member before the first message to them, so that it is forward secret.

use std::collections::BTreeSet;

use status_layer::{Interest, Recipient, StoreError, UserId};
use status_payload::{GroupChatId, Roster};
use status_stack::{Fault, Input};

use super::step::fault;
use super::{Core, MAX_CHATS, Step};
use crate::event::Chat;
use crate::table::fellows::{self, MAX_FELLOWS, MAX_FELLOWS_OF_GROUP};
use crate::table::{self, group};

impl Core {
    /// Listens for the keys of all who are in a group now, and no more for those of whoever was and shares none with us any
    /// more. Beyond the room that there is for this, members are written to as before: sealed, and forward secret once they
    /// have answered.
    pub(super) fn listen_for_members(
        &self,
        step: &mut Step<'_, '_>,
        id: &GroupChatId,
        now: Option<&Roster>,
    ) -> Result<(), Fault> {
        let mut shelf = step.shelf();
        let before = fellows::of_group(&shelf, id).map_err(fault)?;
        let (_, counted) = fellows::all(&shelf).map_err(fault)?;
        let before_len = before.as_ref().map_or(0, BTreeSet::len);
        let room = MAX_FELLOWS.saturating_sub(counted.saturating_sub(before_len)).min(MAX_FELLOWS_OF_GROUP);
        let after = now.map(|now| self.chosen(now, before.as_ref(), room));
        if before == after {
            return Ok(());
        }
        fellows::set(&mut shelf, id, after.as_ref());

        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        for user in after.difference(&before) {
            self.layers(step, expect(*user, Interest::Listen))?;
        }
        let (still, _) = fellows::all(&step.shelf()).map_err(fault)?;
        for user in before.difference(&after).filter(|user| !still.contains(user)) {
            if !table::joined(&step.shelf(), &Chat::User(*user)).map_err(fault)? {
                self.layers(step, expect(*user, Interest::Ignore))?;
            }
        }
        Ok(())
    }

    /// Listens for the members of groups that were not looked at yet: those of a home of an earlier version, or of a backup.
    pub(super) fn listen_for_fellows(&self, step: &mut Step<'_, '_>) -> Result<(), Fault> {
        for chat in table::chats(&step.shelf(), MAX_CHATS).map_err(fault)? {
            let Chat::Group(id) = &chat else { continue };
            let shelf = step.shelf();
            if fellows::of_group(&shelf, id).map_err(fault)?.is_some() {
                continue;
            }
            match group::roster(&shelf, id) {
                Ok(Some(roster)) => self.listen_for_members(step, id, Some(&roster))?,
                // A row that cannot be read is for the doctor.
                Ok(None) | Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {}
                Err(error) => return Err(fault(error)),
            }
        }
        Ok(())
    }

    /// Tells layers that are new to this home whose keys we want.
    pub(super) fn listen_for_all_again(&self, step: &mut Step<'_, '_>) -> Result<(), Fault> {
        let (all, _) = fellows::all(&step.shelf()).map_err(fault)?;
        for user in all {
            self.layers(step, expect(user, Interest::Listen))?;
        }
        Ok(())
    }

    /// Who of a group is listened for: those who were and are still in it first.
    fn chosen(&self, now: &Roster, before: Option<&BTreeSet<UserId>>, room: usize) -> BTreeSet<UserId> {
        let members: BTreeSet<UserId> = self.others(now.members()).into_iter().collect();
        let kept = before.into_iter().flatten().filter(|user| members.contains(user));
        let new = members.iter().filter(|user| !before.is_some_and(|before| before.contains(user)));
        kept.chain(new).take(room).copied().collect()
    }
}

/// Whether somebody is in a group with us, and listened for because of it.
pub(super) fn is_fellow(step: &mut Step<'_, '_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(fellows::all(&step.shelf())?.0.contains(user))
}

const fn expect(user: UserId, how: Interest) -> Input {
    Input::Expect { whom: Recipient::User(user), how }
}
