//! Confirmations: what a peer has is not sent to them any more, and its author is told.

use alloc::vec::Vec;

use status_layer::{Cx, DeviceId, StoreError};

use super::Event;
use crate::ident::SyncId;
use crate::table::message::Waiting;
use crate::table::peer::Peer;
use crate::table::record::{Kind, Record, Task};
use crate::table::settled::Settled;

/// The peer has a message: nothing about it is sent to them any more.
pub(super) fn confirmed(
    cx: &mut Cx<'_>,
    peer: &mut Peer,
    id: SyncId,
    device: Option<&DeviceId>,
    events: &mut Vec<Event>,
) -> Result<(), StoreError> {
    let acked = |names: &[_]| -> Vec<Event> {
        names.iter().map(|name| Event::Acked { id: *name, device: device.cloned() }).collect()
    };
    let offer = drop_record(cx, peer, id, Kind::Offer)?;
    let sending = drop_record(cx, peer, id, Kind::Message)?;
    if offer.is_some() || sending.is_some() {
        let waiting = load(cx, id)?;
        waiting.release(&mut cx.shelf, id)?;
        events.extend(acked(&waiting.names));
        Settled::confirmed(cx.now, waiting.names, device).save(&mut cx.shelf, id, &peer.user);
    } else if let Some(mut settled) = Settled::load(&cx.shelf, id, &peer.user)?
        && settled.confirm(device)
    {
        events.extend(acked(&settled.names));
        settled.save(&mut cx.shelf, id, &peer.user);
    }
    Ok(())
}

/// Nothing about a message is sent to the peer any more, though they never confirmed it.
pub(super) fn given_up(cx: &mut Cx<'_>, peer: &mut Peer, task: &Task) -> Result<Settled, StoreError> {
    drop_record(cx, peer, task.id, task.kind)?;
    let waiting = load(cx, task.id)?;
    waiting.release(&mut cx.shelf, task.id)?;
    let settled = Settled::given_up(cx.now, waiting.names);
    settled.save(&mut cx.shelf, task.id, &peer.user);
    Ok(settled)
}

/// Deletes a record; returns the one that there was.
pub(super) fn drop_record(
    cx: &mut Cx<'_>,
    peer: &mut Peer,
    id: SyncId,
    kind: Kind,
) -> Result<Option<Record>, StoreError> {
    let task = Task { user: peer.user, id, kind };
    let record = task.load(&cx.shelf)?;
    if let Some(record) = &record {
        task.remove(&mut cx.shelf, record);
        peer.counts.less(kind);
    }
    Ok(record)
}

fn load(cx: &Cx<'_>, id: SyncId) -> Result<Waiting, StoreError> {
    Waiting::load(&cx.shelf, id)?.ok_or(StoreError::Damaged { what: "a data sync message" })
}
