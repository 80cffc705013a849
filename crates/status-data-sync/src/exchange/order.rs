//! The order of messages, between peers who both keep it. Spec: 4/MVDS-META.

use alloc::vec;
use alloc::vec::Vec;

use status_layer::{Cx, StoreError, Timestamp};

use super::{Event, Exchange};
use crate::config::Order;
use crate::ident::SyncId;
use crate::table::order::{self, Held, Origin};
use crate::table::peer::Peer;
use crate::table::record::Kind;
use crate::table::seen;
use crate::wire::Message;

/// Most messages of one peer that wait for others. Beyond it they are handed up as they come.
pub const MAX_HELD: u32 = 256;

impl Exchange {
    /// Notes a message of our own: it follows what was here before, and who names it as a parent names nothing that is
    /// missing.
    pub(super) fn authored(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        message: &Message,
        id: SyncId,
    ) -> Result<(), StoreError> {
        if peer.counts.seen < self.config.max_seen && !seen::has(&cx.shelf, id)? {
            seen::note(&mut cx.shelf, peer, id, cx.now);
        }
        order::follow(&mut cx.shelf, &message.group, id, &message.parents)
    }

    /// Hands up a message that is new, or has it wait for those before it.
    pub(super) fn hand_up(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        origin: &Origin,
        id: SyncId,
        message: Message,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let Message { group, parents, passes, body, .. } = message;
        if !self.orders() || passes {
            events.push(Event::Body { origin: origin.clone(), body });
            return Ok(());
        }
        order::follow(&mut cx.shelf, &group, id, &parents)?;
        let mut missing = Vec::new();
        for parent in parents {
            let here = seen::has(&cx.shelf, parent)? && !order::is_held(&cx.shelf, parent)?;
            if !here && parent != id && !missing.contains(&parent) {
                missing.push(parent);
                if !seen::has(&cx.shelf, parent)? {
                    self.enqueue(cx, peer, parent, Kind::Request, cx.now)?;
                }
            }
        }
        if missing.is_empty() {
            events.push(Event::Body { origin: origin.clone(), body });
            return self.release(cx, peer, id, events);
        }
        if self.config.order == Order::Consistent && peer.counts.held < MAX_HELD {
            let until = cx.now.after(self.config.hold_for);
            Held { origin: origin.clone(), until, missing, body }.save(&mut cx.shelf, id);
            peer.counts.held += 1;
            return Ok(());
        }
        events.push(Event::Gap { from: peer.user, missing: missing.len() });
        events.push(Event::Body { origin: origin.clone(), body });
        self.release(cx, peer, id, events)
    }

    /// Hands up what waited for `id`, and what waited for that, and so on.
    fn release(
        &self,
        cx: &mut Cx<'_>,
        peer: &mut Peer,
        id: SyncId,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let mut here = vec![id];
        // Invariant: each turn takes one waiting message away, of at most `MAX_HELD`.
        while let Some(parent) = here.pop() {
            for child in order::waiting_for(&cx.shelf, parent)? {
                let Some(mut held) = Held::load(&cx.shelf, child)? else { continue };
                if held.origin.from.user != peer.user {
                    // A parent is looked for in its own group only.
                    continue;
                }
                held.remove(&mut cx.shelf, child);
                held.missing.retain(|id| *id != parent);
                if held.missing.is_empty() {
                    peer.counts.held = peer.counts.held.saturating_sub(1);
                    events.push(Event::Body { origin: held.origin, body: held.body });
                    here.push(child);
                } else {
                    held.save(&mut cx.shelf, child);
                }
            }
        }
        Ok(())
    }

    /// Hands up what has waited long enough for what never came; returns when the next message has.
    pub(super) fn overdue(
        &self,
        cx: &mut Cx<'_>,
        events: &mut Vec<Event>,
    ) -> Result<Option<Timestamp>, StoreError> {
        // Invariant: each turn takes one waiting message away.
        while let Some((until, id)) = order::held(&cx.shelf, 1)?.first().copied() {
            if until > cx.now {
                return Ok(Some(until));
            }
            let held = Held::load(&cx.shelf, id)?
                .ok_or(StoreError::Damaged { what: "a message that waits for others" })?;
            let mut peer = Peer::load(&cx.shelf, &held.origin.from.user)?;
            held.remove(&mut cx.shelf, id);
            peer.counts.held = peer.counts.held.saturating_sub(1);
            events.push(Event::Gap { from: peer.user, missing: held.missing.len() });
            events.push(Event::Body { origin: held.origin, body: held.body });
            self.release(cx, &mut peer, id, events)?;
            peer.save(&mut cx.shelf);
        }
        Ok(None)
    }
}
