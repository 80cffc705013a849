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
    /// Random, the same for all that is in the payload: what went together is due together again.
    draw: u32,
}

impl Exchange {
    /// Takes the payloads that are due at `cx.now`.
    ///
    /// The cost follows what is due: only users whose time has come are looked at, and of their records only those
    /// that fit.
    pub(crate) fn due(&self, cx: &mut Cx<'_>) -> Result<Due<Vec<(UserId, Payload)>>, StoreError> {
        let mut payloads = Vec::new();
        let mut after = None;
        loop {
            let mut entries = peer::agenda(&cx.shelf, after)?;
            entries.retain(|entry| entry.due <= cx.now);
            let Some(last) = entries.last() else { break };
            after = Some(*last);
            for entry in entries {
                let payload = self.fill(cx, &entry.user)?;
                if !payload.is_empty() {
                    payloads.push((entry.user, payload));
                }
            }
        }
        Ok(Due { now: payloads, next: peer::next(&cx.shelf)? })
    }

    fn fill(&self, cx: &mut Cx<'_>, user: &UserId) -> Result<Payload, StoreError> {
        let mut peer = Peer::load(&cx.shelf, user)?;
        let room = self.config.max_payload;
        let acks = peer.take_acks(&mut cx.shelf, (room / Payload::ID_LEN).max(1))?;
        let room = room.saturating_sub(acks.len().saturating_mul(Payload::ID_LEN));
        let mut filling =
            Filling { payload: Payload { acks, ..Payload::default() }, room, draw: cx.rng.next_u32() };
        self.fill_with_records(cx, &mut peer, &mut filling)?;
        peer.settle(&cx.shelf, cx.now)?;
        // Invariant: what did not fit waits for the next epoch, so asking twice at one instant finds nothing.
        peer.next = peer.next.map(|next| if next <= cx.now { cx.now.after(EPOCH) } else { next });
        peer.save(&mut cx.shelf);
        Ok(filling.payload)
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
                if place.due() > cx.now || !filling.take(cx, &task)? {
                    return Ok(());
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

impl Filling {
    /// Puts what `task` is about into the payload; `false` if it does not fit. Into an empty one all fits.
    fn take(&mut self, cx: &Cx<'_>, task: &Task) -> Result<bool, StoreError> {
        let payload = &mut self.payload;
        let empty = payload.is_empty();
        let mut fits = |len| {
            let left = self.room.checked_sub(len).or(empty.then_some(0));
            self.room = left.unwrap_or(self.room);
            left.is_some()
        };
        match task.kind {
            Kind::Offer if fits(Payload::ID_LEN) => payload.offers.push(task.id),
            Kind::Request if fits(Payload::ID_LEN) => payload.requests.push(task.id),
            Kind::Offer | Kind::Request => return Ok(false),
            Kind::Message => {
                let Some(waiting) = Waiting::load(&cx.shelf, task.id)? else { return Err(task.missing()) };
                if !fits(waiting.message.body.len().saturating_add(Message::ROOM)) {
                    return Ok(false);
                }
                payload.messages.push(waiting.message);
            }
        }
        Ok(true)
    }
}
