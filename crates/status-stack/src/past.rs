//! Up to when nothing is missing, and what has to be fetched.
//!
//! The time moves only when the network says that all of every watched topic is here. What comes live says nothing of what was
//! missed before it.

use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;

use status_layer::{Cx, History, StoreError, Timestamp, Topic};

use crate::table::{self, CURSOR, WATCHED};

/// The topics that are watched.
pub(crate) fn topics(cx: &Cx<'_>) -> Result<Vec<Topic>, StoreError> {
    cx.shelf.get(WATCHED)?.map_or(Ok(Vec::new()), |row| table::decode_topics(&row))
}

/// Notes the topics watched; returns those that are new, or `None` if nothing changed.
pub(crate) fn watch(cx: &mut Cx<'_>, watched: &[Topic]) -> Result<Option<Vec<Topic>>, StoreError> {
    let before = topics(cx)?;
    if before == watched {
        return Ok(None);
    }
    cx.shelf.put(WATCHED, table::encode_topics(watched));
    // Who watches for the first time has missed nothing yet.
    let nothing_missing = cursor(cx)?;
    cx.shelf.put(CURSOR, table::encode_number(nothing_missing.millis()));
    let before: BTreeSet<Topic> = before.into_iter().collect();
    Ok(Some(watched.iter().filter(|topic| !before.contains(*topic)).cloned().collect()))
}

/// Since when something has to be fetched: since nothing was missing, and at least since `back`.
pub(crate) fn since(cx: &Cx<'_>, overlap: Duration, back: Duration) -> Result<Timestamp, StoreError> {
    Ok(cursor(cx)?.before(overlap).min(cx.now.before(back)))
}

/// All of `history` up to a moment is here. If that is all we watch, nothing before it is missing any more.
pub(crate) fn covered(cx: &mut Cx<'_>, history: &History, until: Timestamp) -> Result<(), StoreError> {
    let (before, until) = (cursor(cx)?, until.min(cx.now));
    if until > before && history.covers(&topics(cx)?, before) {
        cx.shelf.put(CURSOR, table::encode_number(until.millis()));
    }
    Ok(())
}

fn cursor(cx: &Cx<'_>) -> Result<Timestamp, StoreError> {
    cx.shelf.get(CURSOR)?.map_or(Ok(cx.now), |row| Ok(Timestamp::from_millis(table::decode_number(&row)?)))
}
