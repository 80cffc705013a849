//! Closed groups, as an application is shown them, and what happens in them.

use serde::{Deserialize, Serialize};
use status_layer::UserId;
use status_payload::GroupChatId;

/// A closed group as it is known here.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// Its id, the same for everybody; its [`Chat`](crate::Chat) is `Chat::Group` of it.
    pub id: GroupChatId,
    /// Its name, at most 256 characters of it.
    pub name: String,
    /// Its colour as its members wrote it, at most 64 characters of it; often empty.
    pub color: String,
    /// Its picture, an encoded PNG, JPEG, WebP or GIF, not looked into; often empty.
    pub picture: Vec<u8>,
    /// Its members, in the order of their keys.
    pub members: Vec<Member>,
    /// How we stand to it.
    pub membership: Membership,
}

/// A member of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// Whether they have said that they are in. Not every member does.
    pub joined: bool,
}

/// What a member may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Speak, add members, change name, colour and picture, and leave.
    Member,
    /// Remove members and make admins, too.
    Admin,
}

/// How we stand to a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Membership {
    /// We are in.
    Active,
    /// Somebody who is no contact of ours took us in. Nobody is told whether we know; what is said is kept and not told, until
    /// [`Groups::accept`](crate::Groups::accept) or [`Groups::decline`](crate::Groups::decline).
    Invited {
        /// Who took us in.
        by: UserId,
    },
    /// We declined. The members are not told, and still write to us; it is not read.
    Declined {
        /// Who had taken us in.
        by: UserId,
    },
    /// We left, or were removed. The history stays.
    Left,
}

/// What happened in a group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum GroupChange {
    /// We are in: a contact took us in, or another device of ours made the group or accepted.
    Entered,
    /// Somebody who is no contact of ours took us in, see [`Membership::Invited`].
    Invited,
    /// It has another name.
    Renamed {
        /// The name.
        name: String,
    },
    /// It has another colour.
    Recolored {
        /// The colour.
        color: String,
    },
    /// It has another picture.
    Pictured,
    /// Users were added.
    Added {
        /// Whom.
        users: Vec<UserId>,
    },
    /// Whoever did it says that they are in.
    Joined,
    /// Whoever did it has left.
    Left,
    /// A member was removed. If that is us, nothing can be said in the group any more.
    Removed {
        /// Whom.
        user: UserId,
    },
    /// Members became admins.
    AdminsAdded {
        /// Whom.
        users: Vec<UserId>,
    },
    /// Whoever did it is no admin any more.
    AdminResigned,
    /// Changes that others made at the same time exclude each other: some that were told before have no effect.
    Rearranged,
}

impl Group {
    /// The member that a user is.
    #[must_use]
    pub fn member(&self, user: &UserId) -> Option<&Member> {
        self.members.iter().find(|member| member.user == *user)
    }
}

impl std::fmt::Debug for Group {
    // What a group is called is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Group({:?}, {} members, {:?})", self.id, self.members.len(), self.membership)
    }
}
