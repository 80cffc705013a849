//! What a payload does: confirmations, requests, offers and messages, in this order.

use alloc::vec::Vec;

use status_layer::{Cx, DeviceId, MessageId, StoreError, UserId};

use super::ack::{confirmed, drop_record};
use super::{Exchange, MAX_ACKS, MAX_ITEMS, SEEN_FOR, ago};
use crate::error::ReceiveError;
use crate::ident::SyncId;
use crate::table::message::{self, Waiting};
use crate::table::order::Origin;
use crate::table::peer::Peer;
use crate::table::record::Kind;
use crate::table::seen;
use crate::wire::{GroupOffer, Message, Payload};

/// What came out of a payload.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// The sender confirmed a message.
    Acked { id: MessageId, device: Option<DeviceId> },
    /// A body, seen for the first time; it may have waited for others, so it says where it is from.
    Body { origin: Origin, body: Vec<u8> },
    /// A body that was here before.
    Again,
    /// Messages before one that is here are missing.
    Gap { from: UserId, missing: usize },
    /// The sender says what they can give.
    Offered(GroupOffer),
}

impl Exchange {
    /// Takes a payload.
    ///
    /// Ids that name nothing are passed over: they never stop the rest of their list.
    pub(crate) fn receive(
        &self,
        cx: &mut Cx<'_>,
        origin: &Origin,
        payload: Payload,
    ) -> Result<Vec<Event>, ReceiveError> {
        let Payload { acks, requests, offers, messages, group_offers, extensions } = payload;
        let from = &origin.from.user;
        for message in &messages {
            if !self.accepts(&cx.shelf, &message.group, from)? {
                return Err(ReceiveError::ForeignGroup);
            }
        }
        let mut peer = Peer::load(&cx.shelf, from)?;
        let mut events = Vec::new();
        if self.orders() {
            peer.speaks = extensions;
        }
        // A list is read up to its bound. Its sender repeats the rest, since that is not confirmed.
        for id in acks.into_iter().take(MAX_ITEMS) {
            confirmed(cx, &mut peer, id, origin.from.device.as_ref(), &mut events)?;
        }
        // What is acknowledged by now need not be woken.
        self.hear(cx, &mut peer);
        for id in requests.into_iter().take(MAX_ITEMS) {
            self.requested(cx, &mut peer, id)?;
        }
        for id in offers.into_iter().take(MAX_ITEMS) {
            self.offered(cx, &mut peer, id)?;
        }
        for message in messages.into_iter().take(MAX_ITEMS) {
            self.arrived(cx, &mut peer, origin, message, &mut events)?;
        }
        events.extend(group_offers.into_iter().take(MAX_ITEMS).map(Event::Offered));
        seen::trim(&mut cx.shelf, &mut peer, ago(cx.now, SEEN_FOR))?;
        peer.settle(&cx.shelf, cx.now)?;
        peer.save(&mut cx.shelf);
        Ok(events)
    }

    /// The peer lacks a message: it is sent, if it is kept and they are in its group.
    fn requested(&self, cx: &mut Cx<'_>, peer: &mut Peer, id: SyncId) -> Result<(), StoreError> {
        let Some(waiting) = Waiting::load(&cx.shelf, id)? else { return Ok(()) };
        if !self.knows(&cx.shelf, &waiting.message.group, &peer.user)? {
            return Ok(());
        }
        let mut since = cx.now;
        if self.habits.acknowledges_offers() {
            // Spec: MVDS, "Interactive Mode": the message takes the place of its offer, also its age.
            if let Some(offer) = drop_record(cx, peer, id, Kind::Offer)? {
                since = offer.queued;
            }
        }
        // A peer for whom too much waits already has to ask again.
        self.enqueue(cx, peer, id, Kind::Message, since)?;
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
            self.enqueue(cx, peer, id, Kind::Request, cx.now)?;
        }
        Ok(())
    }

    fn arrived(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        origin: &Origin,
        message: Message,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let id = message.id();
        let copy = seen::has(&cx.shelf, id)?;
        if !copy && peer.counts.seen >= self.config.max_seen {
            // Invariant: what is taken is noted, so no copy of it is ever shown. What is not taken is repeated.
            return Ok(());
        }
        // Who sends a message has it, so it is neither to be sent to them nor to be requested.
        confirmed(cx, peer, id, origin.from.device.as_ref(), events)?;
        drop_record(cx, peer, id, Kind::Request)?;
        let passes = message.passes && self.orders();
        if !passes && (!copy || self.habits.acknowledges_copies()) {
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
        self.hand_up(cx, peer, origin, id, message, events)
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
            self.enqueue(cx, &mut peer, id, Kind::Offer, cx.now)?;
            peer.save(&mut cx.shelf);
        }
        Ok(())
    }
}
