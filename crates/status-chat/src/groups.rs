//! Closed groups, for an application: who is in them, and what members may change.
//!
//! ```no_run
//! # use status_chat::{Client, UserId};
//! # async fn hike(client: Client, bob: UserId, carol: UserId) -> Result<(), Box<dyn std::error::Error>> {
//! let hike = client.groups().create("Sunday hike", &[bob, carol]).await?;
//! client.send(hike.clone(), "nine at the station?").await?;
//! client.groups().rename(&hike, "Sunday hike, with cake").await?;
//! # Ok(())
//! # }
//! ```

use status_layer::{Shelf, StoreError, UserId};
use status_payload::{Change, GroupChatId, Roster};

use crate::client::Client;
use crate::core::{Core, Step, Stop};
use crate::error::SendError;
use crate::event::{Chat, Group, Member, Membership, Role};
use crate::table::{Standing, group};

/// Longest name or colour that is given to a group, in characters. Those of others may be longer.
pub const MAX_GROUP_NAME: usize = 64;

/// Largest picture that is given to a group, in bytes. Every message in the group carries it, and all pictures before it.
pub const MAX_GROUP_PICTURE: usize = 16 * 1024;

/// Longest name that is shown, in characters.
const SHOWN_NAME: usize = 256;

/// Longest colour that is shown, in characters.
const SHOWN_COLOR: usize = 64;

/// The closed groups of a [`Client`]; see [`Client::groups`].
///
/// When a change returns `Ok`, it is durable, and it is sent to each member until they acknowledge it. A change that is not
/// allowed is [`SendError::Group`], one in a group that we are not in [`SendError::NotAMember`]; then nothing has changed.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'c> {
    client: &'c Client,
}

impl Client {
    /// The closed groups that we are in, and those to which we are invited.
    #[must_use]
    pub const fn groups(&self) -> Groups<'_> {
        Groups { client: self }
    }
}

impl Groups<'_> {
    /// Makes a group with a name of at most [`MAX_GROUP_NAME`] characters. We are its first member and its admin; `members`
    /// are added, and learn of it in the same message. More can be added later, [`MAX_GROUP_MEMBERS`](crate::MAX_GROUP_MEMBERS)
    /// altogether.
    ///
    /// # Errors
    /// [`SendError`]; then there is no group.
    pub async fn create(&self, name: &str, members: &[UserId]) -> Result<GroupChatId, SendError> {
        let (name, members) = (name.to_owned(), members.to_vec());
        self.client.wish(move |core, step| core.create_group(step, &name, &members)).await
    }

    /// Every group that we are in, were in, or are invited to, in the order of their ids.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn all(&self) -> Result<Vec<Group>, SendError> {
        self.client.look(all).await
    }

    /// A group as it is known here; `None` if it is not.
    ///
    /// # Errors
    /// [`SendError::Failed`] if the store fails.
    pub async fn one(&self, group: &GroupChatId) -> Result<Option<Group>, SendError> {
        let id = group.clone();
        self.client.look(move |shelf| one(shelf, &id)).await
    }

    /// Adds users. They see what is said from now on, and who has been in the group, but nothing that was said before. To add
    /// somebody who is a member invites them once more, should they have declined.
    ///
    /// # Errors
    /// [`SendError::Group`] if there would be too many, and those of every change.
    pub async fn add(&self, group: &GroupChatId, users: &[UserId]) -> Result<(), SendError> {
        self.change(group, Change::Add(users.to_vec())).await
    }

    /// Removes a member, if we are an admin and they are not. They are told, and read nothing that is said later.
    ///
    /// # Errors
    /// As of every change.
    pub async fn remove(&self, group: &GroupChatId, user: UserId) -> Result<(), SendError> {
        self.change(group, Change::Remove(user)).await
    }

    /// Leaves the group; its members are told. What was said stays here, and nothing can be said there any more. A member may
    /// add us again.
    ///
    /// # Errors
    /// As of every change.
    pub async fn leave(&self, group: &GroupChatId) -> Result<(), SendError> {
        let id = group.clone();
        self.client.wish(move |core, step| core.leave_group(step, &id)).await
    }

    /// Gives the group another name, of at most [`MAX_GROUP_NAME`] characters.
    ///
    /// # Errors
    /// As of every change.
    pub async fn rename(&self, group: &GroupChatId, name: &str) -> Result<(), SendError> {
        self.change(group, Change::Rename(name.to_owned())).await
    }

    /// Gives the group another colour: `#` and six hexadecimal digits, as other clients write it.
    ///
    /// # Errors
    /// As of every change.
    pub async fn recolor(&self, group: &GroupChatId, color: &str) -> Result<(), SendError> {
        self.change(group, Change::Recolor(color.to_owned())).await
    }

    /// Gives the group another picture: an encoded PNG, JPEG, WebP or GIF of at most [`MAX_GROUP_PICTURE`] bytes.
    ///
    /// # Errors
    /// As of every change.
    pub async fn picture(&self, group: &GroupChatId, picture: Vec<u8>) -> Result<(), SendError> {
        self.change(group, Change::Picture(picture)).await
    }

    /// Makes members admins, if we are one. Nobody can take that back but they themselves.
    ///
    /// # Errors
    /// As of every change.
    pub async fn make_admins(&self, group: &GroupChatId, users: &[UserId]) -> Result<(), SendError> {
        self.change(group, Change::MakeAdmins(users.to_vec())).await
    }

    /// Gives up being an admin. We stay a member.
    ///
    /// # Errors
    /// As of every change.
    pub async fn resign(&self, group: &GroupChatId) -> Result<(), SendError> {
        self.change(group, Change::ResignAdmin).await
    }

    /// Takes an invitation, also one that was declined. The members are told, and what was said since is in the history.
    ///
    /// # Errors
    /// [`SendError::NotInvited`] if there is none.
    pub async fn accept(&self, group: &GroupChatId) -> Result<(), SendError> {
        self.answer(group, Core::accept_group).await
    }

    /// Declines an invitation. Nobody is told.
    ///
    /// # Errors
    /// [`SendError::NotInvited`] if there is none.
    pub async fn decline(&self, group: &GroupChatId) -> Result<(), SendError> {
        self.answer(group, Core::decline_group).await
    }

    async fn change(&self, group: &GroupChatId, change: Change) -> Result<(), SendError> {
        let id = group.clone();
        self.client.wish(move |core, step| core.change_group(step, &id, &change)).await
    }

    async fn answer(
        &self,
        group: &GroupChatId,
        answer: fn(&Core, &mut Step<'_, '_>, &GroupChatId) -> Result<(), Stop>,
    ) -> Result<(), SendError> {
        let id = group.clone();
        self.client.wish(move |core, step| answer(core, step, &id)).await
    }
}

impl From<GroupChatId> for Chat {
    fn from(group: GroupChatId) -> Self {
        Self::Group(group)
    }
}

fn all(shelf: &Shelf<'_>) -> Result<Vec<Group>, StoreError> {
    let known = group::standings(shelf)?;
    let shown = known.iter().map(|(id, standing)| show(shelf, id, *standing));
    shown.filter_map(Result::transpose).collect()
}

pub(crate) fn one(shelf: &Shelf<'_>, id: &GroupChatId) -> Result<Option<Group>, StoreError> {
    group::standing(shelf, id)?.map_or(Ok(None), |standing| show(shelf, id, standing))
}

fn show(shelf: &Shelf<'_>, id: &GroupChatId, standing: Standing) -> Result<Option<Group>, StoreError> {
    let membership = match standing {
        Standing::Active => Membership::Active,
        Standing::Invited(by) => Membership::Invited { by },
        Standing::Declined(by) => Membership::Declined { by },
        Standing::Left => Membership::Left,
        Standing::Missed(_) => return Ok(None),
    };
    let Some(roster) = group::roster(shelf, id)? else { return Ok(None) };
    Ok(Some(Group {
        id: id.clone(),
        name: roster.name().chars().take(SHOWN_NAME).collect(),
        color: roster.color().chars().take(SHOWN_COLOR).collect(),
        picture: roster.image().to_vec(),
        members: roster.members().map(|user| member(&roster, user)).collect(),
        membership,
    }))
}

fn member(roster: &Roster, user: UserId) -> Member {
    let role = if roster.is_admin(&user) { Role::Admin } else { Role::Member };
    Member { user, role, joined: roster.joined().any(|joined| joined == user) }
}
