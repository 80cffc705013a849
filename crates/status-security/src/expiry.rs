//! What is deleted with time: sessions that expired, prekeys of ours that were replaced, private ones that nobody used.
//!
//! Spec: whitepaper 3.4, "Expired session". A session expires when the prekey that it was set up with is replaced,
//! ours or the other side's, or when it loses to a concurrent one. It is not sent in any more, opens what comes late,
//! and is deleted with its skipped keys after [`Config::keep_sessions`].
//!
//! [`Config::keep_sessions`]: crate::Config::keep_sessions

use core::time::Duration;

use status_layer::{Cx, Shelf, StoreError, Timestamp};

use crate::config::Config;
use crate::key::Point;
use crate::session::{self, Session};
use crate::table::codec::{Reader, read_row, writer};
use crate::{own, private, table};

/// Most sessions that are looked at in one call of `due`; the rest waits for the next.
const PAGE: usize = 64;

/// How soon the next call should come if there is more to do.
pub(crate) const SOON: Duration = Duration::from_secs(1);

/// Sees to it that what ends at `at` is looked at then.
pub(crate) fn look_at(shelf: &mut Shelf<'_>, at: Timestamp) -> Result<(), StoreError> {
    if next(shelf)?.is_none_or(|before| at < before) {
        set_next(shelf, at);
    }
    Ok(())
}

/// Deletes what has ended; returns when to ask again.
pub(crate) fn due(cx: &mut Cx<'_>, config: &Config) -> Result<Option<Timestamp>, StoreError> {
    let Some(at) = next(&cx.shelf)? else { return Ok(None) };
    if at > cx.now {
        return Ok(Some(at));
    }
    let (now, shelf) = (cx.now, &mut cx.shelf);
    let prekeys = wipe_prekeys(shelf, now, config.keep_prekeys)?;
    let sessions = delete_sessions(shelf, now, config.keep_sessions)?;
    let privates = private::wipe_due(shelf, now)?;
    let next = [prekeys, sessions, privates].into_iter().flatten().min();
    match next {
        Some(at) => set_next(shelf, at),
        None => shelf.delete(table::CHORES),
    }
    Ok(next)
}

/// When a session expired: it says so itself, or its prekey is one of ours that was replaced.
pub(crate) fn since(
    shelf: &Shelf<'_>,
    session: &Session,
    prekey: &Point,
) -> Result<Option<Timestamp>, StoreError> {
    match session.expired {
        Some(at) => Ok(Some(at)),
        None => own::retired(shelf, prekey),
    }
}

/// Ends the sessions of replaced prekeys, and wipes prekeys that were kept for long enough.
fn wipe_prekeys(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
    keep: Duration,
) -> Result<Option<Timestamp>, StoreError> {
    let mut next = None;
    let mut room = PAGE;
    for (prekey, retired) in own::all_retired(shelf)? {
        let begun = shelf.scan(&table::begun(&prekey), None, room)?;
        room = room.saturating_sub(begun.len());
        for (key, row) in begun {
            shelf.delete(key);
            let session = read_row("begun session", &row, |r| Some(r.rest().to_vec()))?;
            session::expire(shelf, &session, retired)?;
        }
        let until = if room == 0 { now.after(SOON) } else { retired.after(keep) };
        if until <= now && wipe(shelf, &prekey)? {
            continue;
        }
        let until = until.max(now.after(SOON));
        next = next.map_or(Some(until), |before: Timestamp| Some(before.min(until)));
    }
    Ok(next)
}

/// Wipes a prekey, and page by page the memory of its handshakes before; whether all is gone.
fn wipe(shelf: &mut Shelf<'_>, prekey: &Point) -> Result<bool, StoreError> {
    let spent = shelf.scan(&table::spent(prekey), None, PAGE)?;
    let last = spent.len() < PAGE;
    spent.into_iter().for_each(|(key, _)| shelf.delete(key));
    if last {
        own::wipe(shelf, prekey);
    }
    Ok(last)
}

/// Deletes sessions that expired `keep` ago.
fn delete_sessions(
    shelf: &mut Shelf<'_>,
    now: Timestamp,
    keep: Duration,
) -> Result<Option<Timestamp>, StoreError> {
    for (key, row) in shelf.scan(&table::EXPIRED, None, PAGE)? {
        let at = table::expired_at(&key).ok_or(StoreError::Damaged { what: "expired session" })?;
        if at.after(keep) > now {
            return Ok(Some(at.after(keep)));
        }
        shelf.delete(key);
        let session = read_row("expired session", &row, |r| Some(r.rest().to_vec()))?;
        session::end(shelf, session)?;
    }
    let more = shelf.scan(&table::EXPIRED, None, 1)?;
    Ok((!more.is_empty()).then(|| now.after(SOON)))
}

fn next(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let Some(row) = shelf.get(&table::CHORES)? else { return Ok(None) };
    read_row("chores", &row, Reader::u64).map(|at| Some(Timestamp::from_millis(at)))
}

fn set_next(shelf: &mut Shelf<'_>, at: Timestamp) {
    shelf.put(table::CHORES, writer().u64(at.millis()).finish());
}
