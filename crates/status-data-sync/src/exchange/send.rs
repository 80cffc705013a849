//! What is due: at most one payload for each peer, no larger than configured.

use alloc::vec::Vec;

use status_layer::{Cx, Due, StoreError, UserId};

use super::{Exchange, REQUEST_TRIES};
use crate::config::EPOCH;
use crate::table::message::Waiting;
use crate::table::peer::{self, Peer};
use crate::table::record::{self, Kind, Record, Task};
use crate::wire::{Message, Payload};

/// A payload that is being filled.
struct Filling {
    payload: Payload,
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
}

impl Exchange {
    /// Takes the payloads that are due at `cx.now`.
    ///
    /// The cost follows what is due: only users whose time has come are looked at, and of their records only those
    /// that fit.
    pub(crate) fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<Flush>>, StoreError> {
        let mut payloads = Vec::new();
        let mut after = None;
        loop {
            let mut entries = peer::agenda(&cx.shelf, after)?;
            entries.retain(|entry| entry.due <= cx.now);
            let Some(last) = entries.last() else { break };
            after = Some(*last);
            for entry in entries {
                let flush = self.fill(cx, &entry.user)?;
                if !flush.payload.is_empty() {
                    payloads.push(flush);
                }
            }
        }
        Ok(Due { now: payloads, next: peer::next(&cx.shelf)? })
    }

    fn fill(&self, cx: &mut Cx<'_>, user: &UserId) -> Result<Flush, StoreError> {
        let mut peer = Peer::load(&cx.shelf, user)?;
        let room = self.config.max_payload;
        let acks = peer.take_acks(&mut cx.shelf, (room / Payload::ID_LEN).max(1))?;
        let room = room.saturating_sub(acks.len().saturating_mul(Payload::ID_LEN));
        let introduces = (!acks.is_empty()).then_some(false);
        let payload = Payload { acks, ..Payload::default() };
        let mut filling = Filling { payload, room, introduces, draw: cx.rng.next_u32() };
        self.fill_with_records(cx, &mut peer, &mut filling)?;
        peer.settle(&cx.shelf, cx.now)?;
        // Invariant: what did not fit waits for the next epoch, so asking twice at one instant finds nothing.
        peer.next = peer.next.map(|next| if next <= cx.now { cx.now.after(EPOCH) } else { next });
        peer.save(&mut cx.shelf);
        let Filling { payload, introduces, .. } = filling;
        Ok(Flush { user: *user, payload, introduces: introduces == Some(true) })
    }

    fn fill_with_records(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        filling: &mut Filling,
    ) -> Result<(), StoreError> {
        let mut place = None;
        loop {
            let page = record::queue(&cx.shelf, &peer.user, place)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            place = Some(*last);
            for (place, task) in page {
                if place.due() > cx.now {
                    return Ok(());
                }
                match filling.take(cx, &task)? {
                    Taken::Yes => {}
                    Taken::NotThisTime => continue,
                    Taken::Full => return Ok(()),
                }
                let Some(record) = task.load(&cx.shelf)? else { return Err(task.missing()) };
                self.sent(cx, peer, &task, &record, filling.draw);
            }
        }
    }

    /// Notes that a record went out.
    fn sent(&self, cx: &mut Cx<'_>, peer: &mut Peer, task: &Task, old: &Record, draw: u32) {
        let mut record = Record { sends: old.sends.saturating_add(1), sent: cx.now, ..*old };
        if task.kind == Kind::Request && record.sends >= REQUEST_TRIES {
            task.remove(&mut cx.shelf, old);
            peer.counts.less(task.kind);
            return;
        }
        record.due = self.habits.next(&self.config.resend, &record, draw);
        task.replace(&mut cx.shelf, old, &record);
    }
}

/// What became of a task when a payload was filled.
enum Taken {
    Yes,
    /// It does not go with what is in the payload: introductions go apart from all else.
    NotThisTime,
    Full,
}

impl Filling {
    /// Puts what `task` is about into the payload, if it goes with the rest and fits. Into an empty one all fits.
    fn take(&mut self, cx: &Cx<'_>, task: &Task) -> Result<Taken, StoreError> {
        let message = match task.kind {
            Kind::Offer | Kind::Request => None,
            Kind::Message => Some(Waiting::load(&cx.shelf, task.id)?.ok_or_else(|| task.missing())?),
        };
        let introduces = message.as_ref().is_some_and(|waiting| waiting.introduces);
        if *self.introduces.get_or_insert(introduces) != introduces {
            return Ok(Taken::NotThisTime);
        }
        let len = message
            .as_ref()
            .map_or(Payload::ID_LEN, |waiting| waiting.message.body.len().saturating_add(Message::ROOM));
        let Some(left) = self.room.checked_sub(len).or(self.payload.is_empty().then_some(0)) else {
            return Ok(Taken::Full);
        };
        self.room = left;
        match (task.kind, message) {
            (Kind::Offer, _) => self.payload.offers.push(task.id),
            (Kind::Request, _) => self.payload.requests.push(task.id),
            (Kind::Message, message) => self.payload.messages.extend(message.map(|it| it.message)),
        }
        Ok(Taken::Yes)
    }
}
