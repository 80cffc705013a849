//! Lists and sets of events.

use alloc::vec::Vec;

use super::{Roster, RosterError};
use crate::group::rules::Standing;
use crate::group::{EventKind, GroupChatId, MembershipEvent};

/// Most events of a group that are kept. Peers set no bound.
pub const MAX_EVENTS: usize = 4_096;

/// Longest history that is kept, all entries together, in bytes. It leaves room in a message of 1 MiB for
/// what is said.
pub const MAX_HISTORY: usize = 786_432;

/// Most events without effect that are kept; beyond, those of the lowest clocks are forgotten.
pub const MAX_SET_ASIDE: usize = 256;

/// How often events of one clock are gone through, because one may need another that stands behind it.
const MAX_ROUNDS: usize = 8;

pub(super) fn check_size<'a>(
    events: impl IntoIterator<Item = &'a MembershipEvent>,
) -> Result<(), RosterError> {
    check_entries(events.into_iter().map(MembershipEvent::entry))
}

pub(super) fn check_entries<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Result<(), RosterError> {
    let (len, bytes) = entries.fold((0, 0), |(len, bytes), entry| (len + 1, bytes + entry.len()));
    if len > MAX_EVENTS {
        return Err(RosterError::TooManyEvents { len, max: MAX_EVENTS });
    }
    if bytes > MAX_HISTORY {
        return Err(RosterError::TooLarge { len: bytes, max: MAX_HISTORY });
    }
    Ok(())
}

/// Whether a list is valid by itself, as deployed peers judge it.
pub(super) fn check_list(chat: &GroupChatId, events: &[MembershipEvent]) -> Result<(), RosterError> {
    let mut sorted: Vec<_> = events.iter().collect();
    sorted.sort_by_key(|event| event.clock());
    if !sorted.first().is_some_and(|first| creates(chat, first)) {
        return Err(RosterError::Creation);
    }
    let mut standing = Standing::default();
    for (index, event) in sorted.into_iter().enumerate() {
        standing.apply(event).map_err(|why| RosterError::Event { index, why })?;
    }
    Ok(())
}

/// The roster of a set of events, given in any order and any number of times.
pub(super) fn settle(chat: GroupChatId, mut events: Vec<MembershipEvent>) -> Result<Roster, RosterError> {
    events.sort_by(|a, b| order(a).cmp(&order(b)));
    events.dedup_by(|a, b| a.entry() == b.entry());

    let mut roster = Roster::empty(chat);
    for simultaneous in events.chunk_by(|a, b| a.clock() == b.clock()) {
        let mut waiting: Vec<_> = simultaneous.iter().collect();
        for _ in 0..MAX_ROUNDS {
            let before = waiting.len();
            waiting.retain(|event| !take(&mut roster, event));
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        roster.aside.extend(waiting.into_iter().cloned());
    }
    if roster.events.is_empty() {
        return Err(RosterError::Creation);
    }
    let forgotten = roster.aside.len().saturating_sub(MAX_SET_ASIDE);
    roster.aside.drain(..forgotten);
    check_size(roster.kept())?;
    Ok(roster)
}

/// Lets the event take effect, if it is allowed now.
fn take(roster: &mut Roster, event: &MembershipEvent) -> bool {
    let first = roster.events.is_empty();
    (!first || creates(&roster.chat, event)) && roster.push(event.clone()).is_ok()
}

fn creates(chat: &GroupChatId, event: &MembershipEvent) -> bool {
    event.kind() == EventKind::Created && event.author() == chat.creator()
}

/// Where an event stands among all. An entry begins with its signature.
fn order(event: &MembershipEvent) -> (crate::Clock, u8, &[u8]) {
    (event.clock(), rank(event.kind()), event.entry())
}

/// Among events of one clock, what lets people in comes before what shuts them out.
const fn rank(kind: EventKind) -> u8 {
    match kind {
        EventKind::Created => 0,
        EventKind::MembersAdded => 1,
        EventKind::Joined => 2,
        EventKind::AdminsAdded => 3,
        EventKind::Renamed | EventKind::Recolored | EventKind::NewPicture => 4,
        EventKind::MemberRemoved => 5,
        EventKind::AdminRemoved => 6,
        EventKind::Unset | EventKind::Other(_) => 7,
    }
}
