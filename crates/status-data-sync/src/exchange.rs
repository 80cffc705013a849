//! The protocol itself: messages for groups of users, who confirm them. It knows nothing of datagrams, of chats or
//! of how a group comes about.
//!
//! Everything that is to be sent about a message to a user is a record with a time: the message itself, an offer of
//! it, or a request for it. Acknowledgements are not records; each copy of a message causes one, once.

mod ack;
mod lapse;
mod order;
mod receive;
mod send;

pub use order::MAX_HELD;
pub(crate) use receive::Event;
pub(crate) use send::{Flush, Sent};

use core::time::Duration;

use status_layer::{Cx, GroupId, MessageId, Shelf, StoreError, Timestamp, UserId};

use crate::config::{Config, Groups, Mode, Order};
use crate::error::AppendError;
use crate::habits::Habits;
use crate::ident::{SyncId, pair};
use crate::table::message::{self, Waiting};
use crate::table::order::heads;
use crate::table::pages;
use crate::table::peer::{self, Peer};
use crate::table::record::{Kind, Task};

/// Most messages of one peer that we ask for at a time. Offers beyond are ignored until some are here.
pub const MAX_REQUESTS: u32 = 1_024;

/// How often a message is asked for before the offer is forgotten. The peer may offer it again.
pub const REQUEST_TRIES: u32 = 16;

/// Most acknowledgements that wait for the next payload to one peer. A message beyond is acknowledged when its
/// copy arrives.
pub const MAX_ACKS: u32 = 1_024;

/// How long a copy is noticed: longer than anybody repeats a message. Deployed peers do it for about ten days, this layer
/// for [`Config::give_up_after`].
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
        let max = self.config.max_waiting;
        let known = Waiting::load(&cx.shelf, id)?;
        let new = known.is_none();
        let mut waiting = known.unwrap_or(message);
        if name.is_some_and(|name| !waiting.add_name(name)) {
            return Err(AppendError::TooManyWaiting { max });
        }
        if new && self.orders() && !waiting.message.passes {
            waiting.message.parents = heads(&cx.shelf, &waiting.message.group)?;
        }
        waiting.save(&mut cx.shelf, id);
        let kind = match self.config.mode {
            Mode::Interactive if !waiting.message.passes => Kind::Offer,
            _ => Kind::Message,
        };
        for user in to {
            let mut peer = Peer::load(&cx.shelf, user)?;
            if !self.enqueue(cx, &mut peer, id, kind, cx.now)? {
                return Err(AppendError::TooManyWaiting { max });
            }
            if new && self.orders() && !waiting.message.passes {
                self.authored(cx, &mut peer, &waiting.message, id)?;
            }
            peer.save(&mut cx.shelf);
        }
        Ok(id)
    }

    /// The network came back: has everything sent again that was not sent just now.
    pub(crate) fn wake(&self, cx: &mut Cx<'_>) -> Result<(), StoreError> {
        let before = ago(cx.now, self.config.wake_gap);
        self.for_all(cx, |cx, peer| peer.wake(cx.now, before))
    }

    /// Has everything sent again that waits for `whom`, or for anybody: it may never have been readable.
    pub(crate) fn resend(&self, cx: &mut Cx<'_>, whom: Option<&UserId>) -> Result<(), StoreError> {
        let gap = self.config.wake_gap;
        let wake = |cx: &Cx<'_>, peer: &mut Peer| {
            // Whoever is made to ask all the time does not make us send all the time.
            let again = cx.now.since(peer.wake.at) < gap;
            peer.wake(cx.now, if again { ago(cx.now, gap) } else { cx.now });
        };
        match whom {
            None => self.for_all(cx, wake),
            Some(user) => {
                let mut peer = Peer::load(&cx.shelf, user)?;
                wake(cx, &mut peer);
                peer.save(&mut cx.shelf);
                Ok(())
            }
        }
    }

    /// A peer was heard from. If they were away, they may lack what was sent meanwhile.
    fn hear(&self, cx: &Cx<'_>, peer: &mut Peer) {
        if !peer.lacks_anything() || !self.habits.wakes() {
            return;
        }
        // A clock may have been set back.
        if cx.now.since(peer.heard) >= self.config.resend.first || peer.heard > cx.now {
            peer.wake(cx.now, ago(cx.now, self.config.wake_gap));
        }
        peer.heard = cx.now;
    }

    /// Does something with each peer for whom something waits.
    fn for_all(&self, cx: &mut Cx<'_>, work: impl Fn(&Cx<'_>, &mut Peer)) -> Result<(), StoreError> {
        let mut after = None;
        for limit in pages() {
            let entries = peer::agenda(&cx.shelf, after, limit)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = Some(*last);
            for entry in entries {
                let mut peer = Peer::load(&cx.shelf, &entry.user)?;
                // Whoever was moved within the agenda comes by again.
                if peer.wake.at != cx.now || !peer.wake.is_under_way() {
                    work(cx, &mut peer);
                    peer.save(&mut cx.shelf);
                }
            }
        }
        Ok(())
    }

    /// Queues a record, unless there is one like it; `false` if the peer has too many. It is given up by its age since
    /// `since`.
    fn enqueue(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        id: SyncId,
        kind: Kind,
        since: Timestamp,
    ) -> Result<bool, StoreError> {
        let task = Task { user: peer.user, id, kind };
        if task.load(&cx.shelf)?.is_some() {
            return Ok(true);
        }
        let max = if kind == Kind::Request { MAX_REQUESTS } else { self.config.max_waiting };
        let count = peer.counts.of(kind);
        if *count >= max {
            return Ok(false);
        }
        *count += 1;
        let due = self.habits.first(cx.now);
        task.add(&mut cx.shelf, due, since)?;
        peer.next = Some(peer.next.map_or(due, |next| next.min(due)));
        Ok(true)
    }

    /// Whether messages name those before them.
    fn orders(&self) -> bool {
        self.config.order != Order::Off
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

/// The moment `span` before `now`.
fn ago(now: Timestamp, span: Duration) -> Timestamp {
    let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(span))
}
