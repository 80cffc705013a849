//! Sealed frames that wait to be published. They are written in the step that made them and deleted when the
//! network has handed them on, so a crash in between sends the same bytes again and turns no ratchet.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, Frame, FrameId, StoreError, Timestamp};

use crate::table::{self, FRAME, NEXT_ID, TRY};

/// Which of the frames that wait.
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
    put_off(cx, table::key(TRY, id), retry);
    Ok(FrameId(id))
}

/// Deletes a frame from the outbox; unknown ids are ignored.
pub(crate) fn remove(cx: &mut Cx<'_>, id: FrameId) {
    cx.shelf.delete(table::key(FRAME, id.0));
    cx.shelf.delete(table::key(TRY, id.0));
}

/// Whether a frame waits.
pub(crate) fn waits(cx: &Cx<'_>, id: FrameId) -> Result<bool, StoreError> {
    cx.shelf.has(&table::key(FRAME, id.0))
}

/// The number of frames waiting, counted up to `limit`, and when the next one is tried.
pub(crate) fn state(cx: &Cx<'_>, limit: usize) -> Result<(usize, Option<Timestamp>), StoreError> {
    let rows = cx.shelf.scan(&[TRY], None, limit)?;
    let times: Vec<u64> = rows.iter().map(|(_, row)| table::decode_number(row)).collect::<Result<_, _>>()?;
    Ok((times.len(), times.iter().min().copied().map(Timestamp::from_millis)))
}

/// Takes at most `limit` frames to be published (again), and puts off their next try.
pub(crate) fn take(
    cx: &mut Cx<'_>,
    which: Which,
    retry: Duration,
    limit: usize,
) -> Result<Vec<(FrameId, Frame)>, StoreError> {
    let mut frames = Vec::new();
    for (key, row) in cx.shelf.scan(&[TRY], None, limit)? {
        if which == Which::Due && table::decode_number(&row)? > cx.now.millis() {
            continue;
        }
        let id = table::id(&key)?;
        let row = cx.shelf.get(&table::key(FRAME, id))?.ok_or_else(table::damaged)?;
        frames.push((FrameId(id), table::decode_frame(&row)?));
        put_off(cx, key, retry);
    }
    Ok(frames)
}

fn put_off(cx: &mut Cx<'_>, key: Vec<u8>, retry: Duration) {
    cx.shelf.put(key, table::encode_number(cx.now.after(retry).millis()));
}
