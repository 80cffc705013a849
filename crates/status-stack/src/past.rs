//! Up to when nothing is missing, and what has to be fetched.
//!
//! The time moves only when the network says that all of every watched topic is here. What comes live says nothing of what was
//! missed before it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, History, StoreError, Timestamp, Topic};

use crate::table::{self, CURSOR, WATCHED};

/// The topics that are watched.
pub(crate) fn topics(cx: &Cx<'_>) -> Result<Vec<Topic>, StoreError> {
    cx.shelf.get(WATCHED)?.map_or(Ok(Vec::new()), |row| table::decode_topics(&row))
}

/// Notes the topics watched; returns those that are new, or `None` if nothing changed.
pub(crate) fn watch(cx: &mut Cx<'_>, topics: &[Topic]) -> Result<Option<Vec<Topic>>, StoreError> {
    let row = table::encode_topics(topics);
    let before = cx.shelf.get(WATCHED)?;
    if before.as_ref() == Some(&row) {
        return Ok(None);
    }
    let before: BTreeSet<Topic> = match before {
        Some(row) => table::decode_topics(&row)?.into_iter().collect(),
        None => BTreeSet::new(),
    };
    cx.shelf.put(WATCHED, row);
    if cx.shelf.get(CURSOR)?.is_none() {
        // Who watches for the first time has missed nothing yet.
        cx.shelf.put(CURSOR, table::encode_number(cx.now.millis()));
    }
    Ok(Some(topics.iter().filter(|topic| !before.contains(*topic)).cloned().collect()))
}

/// What of these topics has to be fetched: all since nothing was missing, and at least since `back`.
pub(crate) fn wanted(
    cx: &Cx<'_>,
    topics: Vec<Topic>,
    overlap: Duration,
    back: Duration,
) -> Result<Option<History>, StoreError> {
    if topics.is_empty() {
        return Ok(None);
    }
    let since = ago(cursor(cx)?, overlap).min(ago(cx.now, back));
    Ok(Some(History { topics, since }))
}

/// All of `history` up to a moment is here. If that is all we watch, nothing before it is missing any more.
pub(crate) fn covered(cx: &mut Cx<'_>, history: &History, until: Timestamp) -> Result<(), StoreError> {
    let before = cursor(cx)?;
    let here: BTreeSet<&Topic> = history.topics.iter().collect();
    let is_all = topics(cx)?.iter().all(|topic| here.contains(topic));
    let until = until.min(cx.now);
    if is_all && history.since <= before && until > before {
        cx.shelf.put(CURSOR, table::encode_number(until.millis()));
    }
    Ok(())
}

fn cursor(cx: &Cx<'_>) -> Result<Timestamp, StoreError> {
    let row = cx.shelf.get(CURSOR)?;
    row.map_or(Ok(cx.now), |row| table::decode_number(&row).map(Timestamp::from_millis))
}

fn ago(at: Timestamp, before: Duration) -> Timestamp {
    let before = u64::try_from(before.as_millis()).unwrap_or(u64::MAX);
    Timestamp::from_millis(at.millis().saturating_sub(before))
}
