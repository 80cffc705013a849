//! Sealed frames that wait to be published. They are written in the step that made them and deleted when the
//! network has handed them on, so a crash in between sends the same bytes again and turns no ratchet.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, Frame, FrameId, StoreError, Timestamp};

use crate::table::{self, FRAME, NEXT_ID, TRY, Try};

/// Whether frames wait whose time has not come.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Which {
    /// Only those whose next try is due.
    Due,
    /// All.
    All,
}

/// Writes a frame into the outbox.
pub(crate) fn put(cx: &mut Cx<'_>, retry: Duration, frame: &Frame) -> Result<FrameId, StoreError> {
    let id = cx.shelf.get(NEXT_ID)?.map_or(Ok(0), |value| table::decode_number(&value))?;
    cx.shelf.put(NEXT_ID, table::encode_number(id.saturating_add(1)));
    cx.shelf.put(table::key(FRAME, id), table::encode_frame(frame));
    let first = Try { count: 0, next: cx.now.after(retry) };
    cx.shelf.put(table::key(TRY, id), table::encode_try(first));
    Ok(FrameId(id))
}

/// Deletes a frame from the outbox; unknown ids are ignored.
pub(crate) fn remove(cx: &mut Cx<'_>, id: FrameId) {
    cx.shelf.delete(table::key(FRAME, id.0));
    cx.shelf.delete(table::key(TRY, id.0));
}

/// The number of frames waiting, counted up to `limit`, and when the next one is tried.
pub(crate) fn state(cx: &Cx<'_>, limit: usize) -> Result<(usize, Option<Timestamp>), StoreError> {
    let rows = cx.shelf.scan(&[TRY], None, limit)?;
    let mut next = None;
    for (_, value) in &rows {
        let at = table::decode_try(value)?.next;
        next = Some(next.map_or(at, |next: Timestamp| next.min(at)));
    }
    Ok((rows.len(), next))
}

/// Takes at most `limit` frames to be published (again), and puts off their next try, each time twice as long.
pub(crate) fn take(
    cx: &mut Cx<'_>,
    which: Which,
    retry: Duration,
    limit: usize,
) -> Result<Vec<(FrameId, Frame)>, StoreError> {
    let mut frames = Vec::new();
    for (key, value) in cx.shelf.scan(&[TRY], None, limit)? {
        let this = table::decode_try(&value)?;
        if which == Which::Due && this.next > cx.now {
            continue;
        }
        let id = table::id(&key)?;
        let row = cx.shelf.get(&table::key(FRAME, id))?.ok_or_else(table::damaged)?;
        frames.push((FrameId(id), table::decode_frame(&row)?));
        let count = match which {
            Which::Due => this.count.saturating_add(1),
            Which::All => 0,
        };
        let pause = retry.saturating_mul(1 << count.min(MAX_DOUBLINGS));
        cx.shelf.put(key, table::encode_try(Try { count, next: cx.now.after(pause) }));
    }
    Ok(frames)
}

/// After this many tries the pause between them stays as it is.
const MAX_DOUBLINGS: u32 = 6;
