//! Changes of one's own.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use status_crypto::text;
use status_layer::UserId;

use super::EventKind;
use super::event::{Deed, Member};
use super::rules::{Refusal, Standing};
use crate::Clock;
use crate::generated::MembershipUpdateEvent;

/// Most members of a group for changes of our own. Peers set no bound; a message is sealed for each member.
pub const MAX_MEMBERS: usize = 200;

/// A change that the local user makes in a group.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// Gives the group another name.
    Rename(String),
    /// Gives the group another colour: a name or code of a colour, as peers write it.
    Recolor(String),
    /// Gives the group another picture: encoded as PNG, JPEG, WebP or GIF.
    Picture(Vec<u8>),
    /// Adds users.
    Add(Vec<UserId>),
    /// Says that one has been added and is in.
    Join,
    /// Removes a member; removing oneself is leaving. To remove several, make several changes.
    Remove(UserId),
    /// Makes members admins.
    MakeAdmins(Vec<UserId>),
    /// Gives up being an admin.
    ResignAdmin,
}

impl core::fmt::Debug for Change {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Change({:?})", self.kind())
    }
}

impl Change {
    /// The type of the event.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Rename(_) => EventKind::Renamed,
            Self::Recolor(_) => EventKind::Recolored,
            Self::Picture(_) => EventKind::NewPicture,
            Self::Add(_) => EventKind::MembersAdded,
            Self::Join => EventKind::Joined,
            Self::Remove(_) => EventKind::MemberRemoved,
            Self::MakeAdmins(_) => EventKind::AdminsAdded,
            Self::ResignAdmin => EventKind::AdminRemoved,
        }
    }

    /// The event, not yet signed, if `by` may make it now. We ask more than peers let in: only members
    /// become admins, somebody is added, and a group has at most [`MAX_MEMBERS`].
    pub(super) fn event(
        &self,
        by: &UserId,
        at: Clock,
        now: &Standing,
    ) -> Result<MembershipUpdateEvent, Refusal> {
        let mut event = event(at, self.kind());
        match self {
            Self::Rename(name) => event.name.clone_from(name),
            Self::Recolor(color) => event.color.clone_from(color),
            Self::Picture(image) => event.image.clone_from(image),
            Self::Join => {}
            Self::Remove(user) => event.members = key_strings(&[*user])?,
            Self::ResignAdmin => event.members = key_strings(&[*by])?,
            Self::Add(users) => {
                event.members = key_strings(users)?;
                has_room(now, users)?;
            }
            Self::MakeAdmins(users) => {
                event.members = key_strings(users)?;
                if users.iter().any(|user| !now.members.contains(&Member::User(*user))) {
                    return Err(Refusal::AdminNotAMember);
                }
            }
        }
        now.judge(by, &Deed::of(event.clone()))?;
        Ok(event)
    }
}

/// Makes a group.
pub(super) fn creation(name: &str, color: &str, clock: Clock) -> Result<MembershipUpdateEvent, Refusal> {
    if name.is_empty() {
        return Err(Refusal::Empty { field: "name" });
    }
    Ok(MembershipUpdateEvent { name: name.into(), color: color.into(), ..event(clock, EventKind::Created) })
}

fn event(clock: Clock, kind: EventKind) -> MembershipUpdateEvent {
    MembershipUpdateEvent { clock: clock.value(), r#type: kind.number(), ..Default::default() }
}

fn has_room(now: &Standing, users: &[UserId]) -> Result<(), Refusal> {
    let mut members = now.members.clone();
    members.extend(users.iter().copied().map(Member::User));
    match members.len() {
        len if len > MAX_MEMBERS => Err(Refusal::TooManyMembers { len, max: MAX_MEMBERS }),
        _ => Ok(()),
    }
}

fn key_strings(users: &[UserId]) -> Result<Vec<String>, Refusal> {
    if users.is_empty() {
        return Err(Refusal::Empty { field: "members" });
    }
    let mut texts = vec![];
    for user in users {
        texts.push(text::key_string(user).map_err(|_| Refusal::NotAUser)?);
    }
    Ok(texts)
}
