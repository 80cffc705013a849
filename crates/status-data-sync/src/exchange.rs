//! The protocol itself: messages for groups of users, who confirm them. It knows nothing of datagrams, of chats or
//! of how a group comes about.
//!
//! Everything that is to be sent about a message to a user is a record with a time: the message itself, an offer of
//! it, or a request for it. Acknowledgements are not records; each copy of a message causes one, once.

mod receive;
mod send;

pub(crate) use receive::Event;
pub(crate) use send::Flush;

use core::time::Duration;

use status_layer::{Cx, GroupId, MessageId, Shelf, StoreError, UserId};

use crate::config::{Config, Groups, Mode};
use crate::error::AppendError;
use crate::habits::Habits;
use crate::ident::{SyncId, pair};
use crate::table::message::{self, Waiting};
use crate::table::peer::{self, Peer};
use crate::table::record::{self, Kind, Task};

/// Most bodies that wait for one reader's confirmation.
pub const MAX_WAITING: u32 = 16_384;

/// Most messages of one peer that we ask for at a time. Offers beyond are ignored until some are here.
pub const MAX_REQUESTS: u32 = 1_024;

/// How often a message is asked for before the offer is forgotten. The peer may offer it again.
pub const REQUEST_TRIES: u32 = 16;

/// Most acknowledgements that wait for the next payload to one peer. A message beyond is acknowledged when its
/// copy arrives.
pub const MAX_ACKS: u32 = 1_024;

/// Most messages of one peer of which a copy is noticed; the oldest are forgotten.
pub const MAX_SEEN: u32 = 16_384;

/// How long a copy is noticed. Each copy is acknowledged again, so nobody repeats a message for so long unless all
/// of that gets lost.
pub const SEEN_FOR: Duration = Duration::from_secs(60 * 86_400);

/// Longest datagram that is read, in bytes.
pub const MAX_DATAGRAM: usize = 8 << 20;

/// How much of each list of a payload is read.
pub const MAX_ITEMS: usize = 16_384;

/// One user's side of the protocol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exchange {
    pub(crate) own: UserId,
    pub(crate) config: Config,
    pub(crate) habits: Habits,
}

impl Exchange {
    /// Has a message sent to each of `to` until they confirm it. A message that waits for them already is not
    /// sent twice; `name` is one more name of it.
    pub(crate) fn append(
        &self,
        cx: &mut Cx<'_>,
        message: Waiting,
        name: Option<MessageId>,
        to: &[UserId],
    ) -> Result<SyncId, AppendError> {
        let id = message.message.id();
        let mut waiting = Waiting::load(&cx.shelf, id)?.unwrap_or(message);
        if name.is_some_and(|name| !waiting.add_name(name)) {
            return Err(AppendError::TooManyWaiting { max: MAX_WAITING });
        }
        waiting.save(&mut cx.shelf, id);
        let kind = match self.config.mode {
            Mode::Batch => Kind::Message,
            Mode::Interactive => Kind::Offer,
        };
        for user in to {
            let mut peer = Peer::load(&cx.shelf, user)?;
            if !self.enqueue(cx, &mut peer, id, kind)? {
                return Err(AppendError::TooManyWaiting { max: MAX_WAITING });
            }
            peer.save(&mut cx.shelf);
        }
        Ok(id)
    }

    /// Makes everything due that was not sent just now.
    pub(crate) fn wake(&self, cx: &mut Cx<'_>) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let entries = peer::agenda(&cx.shelf, after)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = Some(*last);
            for entry in entries {
                self.wake_peer(cx, &entry.user)?;
            }
        }
    }

    fn wake_peer(&self, cx: &mut Cx<'_>, user: &UserId) -> Result<(), StoreError> {
        let mut place = None;
        loop {
            let page = record::queue(&cx.shelf, user, place)?;
            let Some((last, _)) = page.last() else { break };
            place = Some(*last);
            for (place, task) in page {
                let Some(record) = task.load(&cx.shelf)? else { return Err(task.missing()) };
                if place.due() > cx.now && cx.now.since(record.sent) >= self.config.wake_gap {
                    task.replace(&mut cx.shelf, &record, &record::Record { due: cx.now, ..record });
                }
            }
        }
        let mut peer = Peer::load(&cx.shelf, user)?;
        peer.settle(&cx.shelf, cx.now)?;
        peer.save(&mut cx.shelf);
        Ok(())
    }

    /// Queues a record, unless there is one like it; `false` if the peer has too many.
    fn enqueue(&self, cx: &mut Cx<'_>, peer: &mut Peer, id: SyncId, kind: Kind) -> Result<bool, StoreError> {
        let task = Task { user: peer.user, id, kind };
        if task.load(&cx.shelf)?.is_some() {
            return Ok(true);
        }
        let max = if kind == Kind::Request { MAX_REQUESTS } else { MAX_WAITING };
        let count = peer.counts.of(kind);
        if *count >= max {
            return Ok(false);
        }
        *count += 1;
        let due = self.habits.first(cx.now);
        task.add(&mut cx.shelf, due, cx.now)?;
        peer.next = Some(peer.next.map_or(due, |next| next.min(due)));
        Ok(true)
    }

    /// Whether `user` belongs to `group`: the pair we make, or a chat we share.
    fn knows(&self, shelf: &Shelf<'_>, group: &GroupId, user: &UserId) -> Result<bool, StoreError> {
        Ok(*group == pair(&self.own, user)
            || message::members(shelf, group)?.is_some_and(|members| members.contains(user)))
    }

    fn accepts(&self, shelf: &Shelf<'_>, group: &GroupId, from: &UserId) -> Result<bool, StoreError> {
        match self.config.groups {
            Groups::Known => self.knows(shelf, group, from),
            Groups::Any => Ok(true),
        }
    }
}
