//! Sealed frames that wait to be published. They are written in the step that made them and deleted when the
//! network has handed them on, so a crash in between sends the same bytes again and turns no ratchet.
//!
//! Whatever is asked of them in each step, how many there are and which is due, is read from a few rows, however many
//! wait. While nobody is there to take them they are not tried: they all are when somebody comes.

use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, Frame, FrameId, Shelf, StoreError, Timestamp};

use crate::table::{self, ALONE, COUNT, DUE, FRAME, NEXT_ID, TRY};

/// Due frames that are looked up at first; twice as many each time that more are due.
const PAGE: usize = 2;

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
    let id = number(&cx.shelf, NEXT_ID)?;
    cx.shelf.put(NEXT_ID, table::encode_number(id.saturating_add(1)));
    cx.shelf.put(table::key(FRAME, id), table::encode_frame(frame));
    let count = count(&cx.shelf)?.saturating_add(1);
    cx.shelf.put(COUNT, table::encode_number(count));
    put_off(cx, id, None, retry);
    Ok(FrameId(id))
}

/// Deletes a frame from the outbox, because the network has taken it. If that was since nobody was there, somebody is.
pub(crate) fn taken(cx: &mut Cx<'_>, id: FrameId, retry: Duration) -> Result<(), StoreError> {
    let next = remove(cx, id)?;
    if let Some((next, since)) = next.zip(alone_since(&cx.shelf)?)
        && next >= since.after(retry)
    {
        cx.shelf.delete(ALONE);
    }
    Ok(())
}

/// Deletes a frame from the outbox, and says when it would have been tried next; unknown ids are ignored.
pub(crate) fn remove(cx: &mut Cx<'_>, FrameId(id): FrameId) -> Result<Option<Timestamp>, StoreError> {
    let key = table::key(TRY, id);
    let Some(row) = cx.shelf.get(&key)? else { return Ok(None) };
    let next = table::decode_number(&row)?;
    cx.shelf.delete(table::due_key(next, id));
    cx.shelf.delete(key);
    cx.shelf.delete(table::key(FRAME, id));
    let count = count(&cx.shelf)?.saturating_sub(1);
    cx.shelf.put(COUNT, table::encode_number(count));
    Ok(Some(Timestamp::from_millis(next)))
}

/// Whether a frame waits.
pub(crate) fn waits(cx: &Cx<'_>, id: FrameId) -> Result<bool, StoreError> {
    cx.shelf.has(&table::key(FRAME, id.0))
}

/// How many frames wait.
pub(crate) fn count(shelf: &Shelf<'_>) -> Result<u64, StoreError> {
    number(shelf, COUNT)
}

/// When the next frame is tried; never, while nobody is there.
pub(crate) fn next(cx: &Cx<'_>) -> Result<Option<Timestamp>, StoreError> {
    if alone_since(&cx.shelf)?.is_some() {
        return Ok(None);
    }
    let first = cx.shelf.scan(&[DUE], None, 1)?;
    first.first().map(|(key, _)| Ok(Timestamp::from_millis(table::due(key)?.0))).transpose()
}

/// Takes at most `limit` frames to be published (again), and puts off their next try. Due are none while nobody is there.
pub(crate) fn take(
    cx: &mut Cx<'_>,
    which: Which,
    retry: Duration,
    limit: usize,
) -> Result<Vec<(FrameId, Frame)>, StoreError> {
    let chosen = match which {
        Which::All => all(&cx.shelf, limit)?,
        Which::Due if alone_since(&cx.shelf)?.is_some() => Vec::new(),
        Which::Due => due(&cx.shelf, cx.now, limit)?,
    };
    let mut frames = Vec::with_capacity(chosen.len());
    for (at, id) in chosen {
        let row = cx.shelf.get(&table::key(FRAME, id))?.ok_or_else(table::damaged)?;
        frames.push((FrameId(id), table::decode_frame(&row)?));
        put_off(cx, id, Some(at), retry);
    }
    Ok(frames)
}

/// Makes anew what follows from the times of the frames that wait: versions before this one did not write it.
pub(crate) fn adopt(cx: &mut Cx<'_>) -> Result<(), StoreError> {
    let waiting = all(&cx.shelf, usize::MAX)?;
    for (key, _) in cx.shelf.scan(&[DUE], None, usize::MAX)? {
        cx.shelf.delete(key);
    }
    let count = table::encode_number(waiting.len() as u64);
    if cx.shelf.get(COUNT)?.is_none_or(|before| before != count) {
        cx.shelf.put(COUNT, count);
    }
    for (at, id) in waiting {
        cx.shelf.put(table::due_key(at, id), table::encode_mark());
    }
    Ok(())
}

/// Notes whether anybody is there to take frames.
pub(crate) fn note_others(cx: &mut Cx<'_>, are_there: bool) -> Result<(), StoreError> {
    match (alone_since(&cx.shelf)?, are_there) {
        (Some(_), true) => cx.shelf.delete(ALONE),
        (None, false) => cx.shelf.put(ALONE, table::encode_number(cx.now.millis())),
        _ => {}
    }
    Ok(())
}

/// Since when nobody is there.
pub(crate) fn alone_since(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    shelf.get(ALONE)?.map(|row| table::decode_number(&row).map(Timestamp::from_millis)).transpose()
}

/// The frames that wait, in the order in which they were made, each with the time of its next try.
fn all(shelf: &Shelf<'_>, limit: usize) -> Result<Vec<(u64, u64)>, StoreError> {
    let rows = shelf.scan(&[TRY], None, limit)?;
    rows.iter().map(|(key, row)| Ok((table::decode_number(row)?, table::id(key)?))).collect()
}

/// The frames whose next try is due, the earliest first.
fn due(shelf: &Shelf<'_>, now: Timestamp, limit: usize) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut chosen: Vec<(u64, u64)> = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    // Few are due at a time, even if many wait.
    let mut page = PAGE;
    loop {
        let rows = shelf.scan(&[DUE], after.as_deref(), page.min(limit.saturating_sub(chosen.len())))?;
        let Some((last, _)) = rows.last() else { return Ok(chosen) };
        after = Some(last.clone());
        for (key, _) in &rows {
            let (at, id) = table::due(key)?;
            if at > now.millis() {
                return Ok(chosen);
            }
            chosen.push((at, id));
        }
        page = page.saturating_mul(2);
    }
}

/// Moves the next try of a frame from `before`, if it had one.
fn put_off(cx: &mut Cx<'_>, id: u64, before: Option<u64>, retry: Duration) {
    let at = cx.now.after(retry).millis();
    if let Some(before) = before {
        cx.shelf.delete(table::due_key(before, id));
    }
    cx.shelf.put(table::key(TRY, id), table::encode_number(at));
    cx.shelf.put(table::due_key(at, id), table::encode_mark());
}

fn number(shelf: &Shelf<'_>, key: &[u8]) -> Result<u64, StoreError> {
    shelf.get(key)?.map_or(Ok(0), |value| table::decode_number(&value))
}
