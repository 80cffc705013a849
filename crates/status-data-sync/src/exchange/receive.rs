//! What a payload does: confirmations, requests, offers and messages, in this order.

use alloc::vec::Vec;

use status_layer::{Cx, MessageId, StoreError, Timestamp, UserId};

use super::{Exchange, MAX_ACKS, MAX_ITEMS, MAX_SEEN, SEEN_FOR};
use crate::error::ReceiveError;
use crate::ident::SyncId;
use crate::table::message::{self, Waiting};
use crate::table::peer::Peer;
use crate::table::record::{Kind, Task};
use crate::table::seen;
use crate::wire::{Message, Payload};

/// What came out of a payload.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// The sender confirmed a message.
    Acked(MessageId),
    /// A body, seen for the first time.
    Body(Vec<u8>),
    /// A body that was here before.
    Again,
}

impl Exchange {
    /// Takes a payload.
    ///
    /// Ids that name nothing are passed over: they never stop the rest of their list.
    pub(crate) fn receive(
        &self,
        cx: &mut Cx<'_>,
        from: &UserId,
        payload: Payload,
    ) -> Result<Vec<Event>, ReceiveError> {
        let Payload { acks, requests, offers, messages } = payload;
        for message in &messages {
            if !self.accepts(&cx.shelf, &message.group, from)? {
                return Err(ReceiveError::ForeignGroup);
            }
        }
        let mut peer = Peer::load(&cx.shelf, from)?;
        let mut events = Vec::new();
        // A list is read up to its bound. Its sender repeats the rest, since that is not confirmed.
        for id in acks.into_iter().take(MAX_ITEMS) {
            confirmed(cx, &mut peer, id, &mut events)?;
        }
        for id in requests.into_iter().take(MAX_ITEMS) {
            self.requested(cx, &mut peer, id)?;
        }
        for id in offers.into_iter().take(MAX_ITEMS) {
            self.offered(cx, &mut peer, id)?;
        }
        for message in messages.into_iter().take(MAX_ITEMS) {
            self.arrived(cx, &mut peer, message, &mut events)?;
        }
        seen::trim(&mut cx.shelf, &mut peer, MAX_SEEN, horizon(cx.now))?;
        peer.settle(&cx.shelf, cx.now)?;
        peer.save(&mut cx.shelf);
        Ok(events)
    }

    /// The peer lacks a message: it is sent, if it is kept and they are in its group.
    fn requested(&self, cx: &mut Cx<'_>, peer: &mut Peer, id: SyncId) -> Result<(), StoreError> {
        let Some(waiting) = Waiting::load(&cx.shelf, id)? else { return Ok(()) };
        if self.knows(&cx.shelf, &waiting.message.group, &peer.user)? {
            // A peer for whom too much waits already has to ask again.
            self.enqueue(cx, peer, id, Kind::Message)?;
        }
        Ok(())
    }

    /// The peer has a message: it is requested if it is not here, and acknowledged if it came from a peer.
    fn offered(&self, cx: &mut Cx<'_>, peer: &mut Peer, id: SyncId) -> Result<(), StoreError> {
        if seen::has(&cx.shelf, id)? {
            if self.habits.acknowledges_offers() {
                peer.acknowledge(&mut cx.shelf, id, MAX_ACKS)?;
            }
        } else if !message::has(&cx.shelf, id)? {
            // An offer beyond the bound is ignored; the peer repeats it.
            self.enqueue(cx, peer, id, Kind::Request)?;
        }
        Ok(())
    }

    fn arrived(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        message: Message,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let id = message.id();
        // Who sends a message has it, so it is neither to be sent to them nor to be requested.
        confirmed(cx, peer, id, events)?;
        drop_record(cx, peer, id, Kind::Request)?;
        let copy = seen::has(&cx.shelf, id)?;
        if !copy || self.habits.acknowledges_copies() {
            // Spec: MVDS, "Acknowledgements": each copy is acknowledged, since the last acknowledgement may be lost.
            peer.acknowledge(&mut cx.shelf, id, MAX_ACKS)?;
        }
        if copy {
            events.push(Event::Again);
            return Ok(());
        }
        seen::note(&mut cx.shelf, peer, id, cx.now);
        if self.habits.relays() {
            self.relay(cx, peer, id, &message)?;
        }
        events.push(Event::Body(message.body));
        Ok(())
    }

    /// Offers a message to the members of its group besides its sender.
    fn relay(&self, cx: &mut Cx<'_>, from: &Peer, id: SyncId, message: &Message) -> Result<(), StoreError> {
        let members = message::members(&cx.shelf, &message.group)?.unwrap_or_default();
        let others: Vec<_> = members.iter().filter(|user| **user != from.user).collect();
        if others.is_empty() || message::has(&cx.shelf, id)? {
            return Ok(());
        }
        Waiting::new(message.clone()).save(&mut cx.shelf, id);
        for user in others {
            let mut peer = Peer::load(&cx.shelf, user)?;
            self.enqueue(cx, &mut peer, id, Kind::Offer)?;
            peer.save(&mut cx.shelf);
        }
        Ok(())
    }
}

/// The peer has a message: nothing about it is sent to them any more.
fn confirmed(
    cx: &mut Cx<'_>,
    peer: &mut Peer,
    id: SyncId,
    events: &mut Vec<Event>,
) -> Result<(), StoreError> {
    let offer = drop_record(cx, peer, id, Kind::Offer)?;
    let sending = drop_record(cx, peer, id, Kind::Message)?;
    if offer || sending {
        let waiting =
            Waiting::load(&cx.shelf, id)?.ok_or(StoreError::Damaged { what: "a data sync message" })?;
        events.extend(waiting.names.iter().copied().map(Event::Acked));
        waiting.release(&mut cx.shelf, id)?;
    }
    Ok(())
}

/// Deletes a record; returns whether there was one.
fn drop_record(cx: &mut Cx<'_>, peer: &mut Peer, id: SyncId, kind: Kind) -> Result<bool, StoreError> {
    let task = Task { user: peer.user, id, kind };
    let Some(record) = task.load(&cx.shelf)? else { return Ok(false) };
    task.remove(&mut cx.shelf, &record);
    peer.counts.less(kind);
    Ok(true)
}

/// The moment before which a message is forgotten.
fn horizon(now: Timestamp) -> Timestamp {
    let age = u64::try_from(SEEN_FOR.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(age))
}
