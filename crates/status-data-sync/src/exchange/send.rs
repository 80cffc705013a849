//! What is due: at most one payload for each peer, no larger than configured.

use alloc::vec::Vec;

use status_layer::{Cx, Due, MessageId, StoreError, UserId};

use super::ack::given_up;
use super::{Event, Exchange, REQUEST_TRIES, ago};
use crate::config::EPOCH;
use crate::table::message::Waiting;
use crate::table::pages;
use crate::table::peer::{self, Peer};
use crate::table::record::{self, Kind, Record, Task};
use crate::table::settled;
use crate::wire::{Extensions, Payload};

/// Pages of records of a wake that are looked at for one payload; it goes on with the next.
const LOOK: usize = 16;

/// A payload that is being filled.
struct Filling {
    payload: Payload,
    carries: Vec<MessageId>,
    /// Bytes left.
    room: usize,
    /// Whether what is in it are introductions; `None` while any content may come.
    introduces: Option<bool>,
    /// Random, the same for all that is in the payload: what went together is due together again.
    draw: u32,
}

/// A payload that is due.
pub(crate) struct Flush {
    pub(crate) user: UserId,
    pub(crate) payload: Payload,
    /// Whether it holds introductions and nothing else.
    pub(crate) introduces: bool,
    /// The messages in it, as the application calls them.
    pub(crate) carries: Vec<MessageId>,
}

/// All that is due.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) flushes: Vec<Flush>,
    /// Messages that are sent no more, and who did not confirm them.
    pub(crate) given_up: Vec<(MessageId, UserId)>,
    /// What is handed up because it waited long enough.
    pub(crate) events: Vec<Event>,
}

impl Exchange {
    /// Takes the payloads that are due at `cx.now`.
    ///
    /// The cost follows what is due: only users whose time has come are looked at, and of their records only those
    /// that fit.
    pub(crate) fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Sent>, StoreError> {
        let mut sent = Sent::default();
        settled::sweep(&mut cx.shelf, ago(cx.now, self.config.keep_settled))?;
        let overdue = self.overdue(cx, &mut sent.events)?;
        let mut after = None;
        for limit in pages() {
            let mut entries = peer::agenda(&cx.shelf, after, limit)?;
            entries.retain(|entry| entry.due <= cx.now);
            let Some(last) = entries.last() else { break };
            after = Some(*last);
            for entry in entries {
                let flush = self.fill(cx, &entry.user, &mut sent.given_up)?;
                if !flush.payload.is_empty() {
                    sent.flushes.push(flush);
                }
            }
        }
        let next = peer::next(&cx.shelf)?.into_iter().chain(overdue).min();
        Ok(Due { now: sent, next })
    }

    fn fill(
        &self,
        cx: &mut Cx<'_>,
        user: &UserId,
        lost: &mut Vec<(MessageId, UserId)>,
    ) -> Result<Flush, StoreError> {
        let mut peer = Peer::load(&cx.shelf, user)?;
        let room = self.config.max_payload;
        let acks = peer.take_acks(&mut cx.shelf, (room / Payload::ID_LEN).max(1))?;
        let room = room.saturating_sub(acks.len().saturating_mul(Payload::ID_LEN));
        let introduces = (!acks.is_empty()).then_some(false);
        let extensions = if self.orders() { Extensions::METADATA } else { 0 };
        let payload = Payload { acks, extensions, ..Payload::default() };
        let draw = cx.rng.next_u32();
        let mut filling = Filling { payload, carries: Vec::new(), room, introduces, draw };
        if self.fill_with_due(cx, &mut peer, &mut filling, lost)? && peer.wake.is_under_way() {
            self.fill_with_woken(cx, &mut peer, &mut filling)?;
        }
        peer.settle(&cx.shelf, cx.now)?;
        // Invariant: what did not fit waits for the next epoch, so asking twice at one instant finds nothing.
        peer.next = peer.next.map(|next| if next <= cx.now { cx.now.after(EPOCH) } else { next });
        peer.save(&mut cx.shelf);
        let Filling { payload, carries, introduces, .. } = filling;
        Ok(Flush { user: *user, payload, introduces: introduces == Some(true), carries })
    }

    /// Puts in what is due; returns whether there was room for all of it.
    fn fill_with_due(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        filling: &mut Filling,
        lost: &mut Vec<(MessageId, UserId)>,
    ) -> Result<bool, StoreError> {
        let mut place = None;
        for limit in pages() {
            let page = record::queue(&cx.shelf, &peer.user, place, limit)?;
            let Some((last, _)) = page.last() else { return Ok(true) };
            place = Some(*last);
            for (place, task) in page {
                if place.due() > cx.now {
                    return Ok(true);
                }
                let record = load(cx, &task)?;
                if self.is_lost(&task, &record) {
                    let settled = given_up(cx, peer, &task)?;
                    lost.extend(settled.names.iter().map(|name| (*name, peer.user)));
                } else if !self.take(cx, peer, filling, (&task, &record))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Puts in what is sent again before its time, and notes how far this has come.
    fn fill_with_woken(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        filling: &mut Filling,
    ) -> Result<(), StoreError> {
        for limit in pages().take(LOOK) {
            let page = record::queue(&cx.shelf, &peer.user, peer.wake.place, limit)?;
            if page.is_empty() {
                peer.wake.end();
                return Ok(());
            }
            for (place, task) in page {
                let record = load(cx, &task)?;
                // What was sent since, in this wake too, stands behind its new time. A clock may have been set back.
                let lacks = record.sent < peer.wake.before || record.sent > cx.now;
                if lacks && !self.take(cx, peer, filling, (&task, &record))? {
                    return Ok(());
                }
                peer.wake.place = Some(place);
            }
        }
        Ok(())
    }

    /// Puts a record into the payload and notes that it went out; `false` if it does not fit.
    fn take(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        filling: &mut Filling,
        (task, record): (&Task, &Record),
    ) -> Result<bool, StoreError> {
        let message = match task.kind {
            Kind::Offer | Kind::Request => None,
            Kind::Message => Some(Waiting::load(&cx.shelf, task.id)?.ok_or_else(|| task.missing())?),
        };
        let passes = message.as_ref().is_some_and(|waiting| waiting.message.passes);
        let waiting = message.clone().filter(|_| passes);
        if !filling.put(task, message, peer.speaks) {
            return Ok(false);
        }
        match waiting {
            // What passes was sent, and that is all.
            Some(waiting) => {
                task.remove(&mut cx.shelf, record);
                peer.counts.less(task.kind);
                waiting.release(&mut cx.shelf, task.id)?;
            }
            None => self.sent(cx, peer, task, record, filling.draw),
        }
        Ok(true)
    }

    /// Whether it was sent once more after it had become too old, and that was in vain too.
    fn is_lost(&self, task: &Task, record: &Record) -> bool {
        let end = record.queued.after(self.config.give_up_after);
        task.kind != Kind::Request && self.habits.wakes() && record.sends > 0 && record.sent >= end
    }

    /// Notes that a record went out.
    fn sent(&self, cx: &mut Cx<'_>, peer: &mut Peer, task: &Task, old: &Record, draw: u32) {
        let mut record = Record { sends: old.sends.saturating_add(1), sent: cx.now, ..*old };
        if task.kind == Kind::Request && record.sends >= REQUEST_TRIES {
            task.remove(&mut cx.shelf, old);
            peer.counts.less(task.kind);
            return;
        }
        // What is woken when it is too old goes out, and is given up when it would have been.
        if !self.is_lost(task, old) {
            record.due = self.habits.next(&self.config.resend, &record, draw);
        }
        task.replace(&mut cx.shelf, old, &record);
    }
}

impl Filling {
    /// Puts what `task` is about into the payload; `false` if it does not go with what is in it, or does not fit. Into an
    /// empty one all fits.
    fn put(&mut self, task: &Task, message: Option<Waiting>, speaks: u32) -> bool {
        let introduces = message.as_ref().is_some_and(|waiting| waiting.introduces);
        if *self.introduces.get_or_insert(introduces) != introduces {
            return false;
        }
        let len = message.as_ref().map_or(Payload::ID_LEN, |waiting| waiting.message.room());
        let Some(left) = self.room.checked_sub(len).or(self.payload.is_empty().then_some(0)) else {
            return false;
        };
        self.room = left;
        match (task.kind, message) {
            (Kind::Offer, _) => self.payload.offers.push(task.id),
            (Kind::Request, _) => self.payload.requests.push(task.id),
            (Kind::Message, None) => {}
            (Kind::Message, Some(Waiting { mut message, names, .. })) => {
                if speaks & Extensions::METADATA == 0 {
                    message.passes = false;
                    message.parents.clear();
                }
                self.carries.extend(names);
                self.payload.messages.push(message);
            }
        }
        true
    }
}

pub(super) fn load(cx: &Cx<'_>, task: &Task) -> Result<Record, StoreError> {
    task.load(&cx.shelf)?.ok_or_else(|| task.missing())
}
