//! What each event needs and does: the rules of deployed peers, one after another.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use status_layer::UserId;

use super::event::{Deed, Member};
use super::{EventKind, MembershipEvent};

/// A group after some of its events.
#[derive(Clone, Default, Eq, PartialEq)]
pub(super) struct Standing {
    pub(super) members: BTreeSet<Member>,
    pub(super) admins: BTreeSet<Member>,
    /// Members who have said that they are in.
    pub(super) joined: BTreeSet<Member>,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) image: Vec<u8>,
}

/// Why an event may not happen in a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A group is made only once.
    #[error("the group is made already")]
    Exists,
    /// Only members may do this.
    #[error("only members of the group may do this")]
    NotAMember,
    /// Only admins may do this.
    #[error("only admins of the group may do this; ask one of them")]
    NotAnAdmin,
    /// A name, colour or picture, or the list of users, is empty.
    #[error("{field} is empty")]
    Empty {
        /// The field by its name on the wire.
        field: &'static str,
    },
    /// The event must name one user, neither none nor several.
    #[error("one user must be named, {named} are")]
    NotOne {
        /// How many are named.
        named: usize,
    },
    /// An admin can be removed by nobody else.
    #[error("an admin cannot be removed by others; they must give up being one first")]
    AdminStays,
    /// Admins give up being one by themselves.
    #[error("nobody else can take an admin's rights")]
    NotOneself,
    /// None of the new admins is a member.
    #[error("whoever shall be an admin must be a member; add them first")]
    AdminNotAMember,
    /// Nobody knows what the event means.
    #[error("the type of the event is unknown")]
    Kind,
    /// The group would have more members than messages should be sealed for.
    #[error("the group would have {len} members, at most {max} are made")]
    TooManyMembers {
        /// How many there would be.
        len: usize,
        /// Most that are made.
        max: usize,
    },
    /// A user is no point of the curve.
    #[error("a user id is no key")]
    NotAUser,
    /// The history is full.
    #[error("the history of the group is full; make a new group")]
    Full,
    /// Another has to make this group.
    #[error("the id of the group names somebody else as its creator; make an id of your own")]
    NotTheCreator,
}

impl Standing {
    /// Does what the event says.
    pub(super) fn apply(&mut self, event: &MembershipEvent) -> Result<(), Refusal> {
        self.judge(&event.author, &event.deed)?;
        let author = Member::User(event.author);
        let Deed { kind, members, name, color, image, .. } = &event.deed;
        match kind {
            EventKind::Created => {
                self.name.clone_from(name);
                self.color.clone_from(color);
                self.members.insert(author.clone());
                self.joined.insert(author.clone());
                self.admins.insert(author);
            }
            EventKind::Renamed => self.name.clone_from(name),
            EventKind::Recolored => self.color.clone_from(color),
            EventKind::NewPicture => self.image.clone_from(image),
            EventKind::MembersAdded => self.members.extend(members.iter().cloned()),
            EventKind::Joined => {
                self.joined.insert(author);
            }
            EventKind::MemberRemoved => {
                for member in members {
                    self.members.remove(member);
                    self.joined.remove(member);
                    self.admins.remove(member);
                }
            }
            EventKind::AdminsAdded => self.admins.extend(members.iter().cloned()),
            EventKind::AdminRemoved => {
                for member in members {
                    self.admins.remove(member);
                }
            }
            EventKind::Unset | EventKind::Other(_) => {}
        }
        Ok(())
    }

    /// Whether `author` may do this now.
    pub(super) fn judge(&self, author: &UserId, deed: &Deed) -> Result<(), Refusal> {
        let author = Member::User(*author);
        let admin = self.admins.contains(&author);
        let member = self.members.contains(&author);
        match deed.kind {
            EventKind::Created if self.admins.is_empty() && self.members.is_empty() => Ok(()),
            EventKind::Created => Err(Refusal::Exists),
            EventKind::Renamed => is_set(member || admin, "name", deed.name.as_bytes()),
            EventKind::Recolored => is_set(member || admin, "color", deed.color.as_bytes()),
            EventKind::NewPicture => is_set(member || admin, "image", &deed.image),
            EventKind::MembersAdded => needs(member || admin, Refusal::NotAMember),
            EventKind::Joined => needs(member, Refusal::NotAMember),
            EventKind::MemberRemoved => match deed.members.as_slice() {
                [target] if *target == author => Ok(()),
                [_] if !admin => Err(Refusal::NotAnAdmin),
                [target] => needs(!self.admins.contains(target), Refusal::AdminStays),
                several => Err(Refusal::NotOne { named: several.len() }),
            },
            EventKind::AdminsAdded => {
                needs(admin, Refusal::NotAnAdmin)?;
                // Peers mean to demand that all are members, but test whether any is.
                let any = deed.members.iter().any(|new| self.members.contains(new));
                needs(any, Refusal::AdminNotAMember)
            }
            EventKind::AdminRemoved => match deed.members.as_slice() {
                [_] if !admin => Err(Refusal::NotAnAdmin),
                [target] => needs(*target == author, Refusal::NotOneself),
                several => Err(Refusal::NotOne { named: several.len() }),
            },
            EventKind::Unset | EventKind::Other(_) => Err(Refusal::Kind),
        }
    }
}

fn is_set(may: bool, field: &'static str, value: &[u8]) -> Result<(), Refusal> {
    needs(may, Refusal::NotAMember)?;
    needs(!value.is_empty(), Refusal::Empty { field })
}

fn needs(holds: bool, otherwise: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(otherwise) }
}
