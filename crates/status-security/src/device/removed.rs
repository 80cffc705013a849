//! Which devices a user has removed. The word that is younger counts: that a device joined, or that it was removed.
//!
//! A removal is signed by the user's identity key and carried by every bundle of the devices that stay, so it reaches
//! everybody who hears of the user at all. It ends that messages are sealed for the device. It does not take the identity
//! key out of the device: whoever holds it can speak as the user, and make a new device. Only a new identity helps there.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::time::Duration;

use status_layer::{Shelf, StoreError, Timestamp, UserId};

use super::MAX_KNOWN;
use crate::bundle::MAX_REMOVED;
use crate::table;
use crate::table::codec::{Reader, read_row, writer};

/// How far ahead of ours the clock of whoever removes a device may be. What is said to happen later is not believed yet.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// Notes that `user` removed a device, which `joined` at that moment, `at` this one; whether that is news. When there are
/// too many, the oldest is forgotten.
pub(crate) fn note(
    shelf: &mut Shelf<'_>,
    (user, id): (&UserId, &str),
    (joined, at): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let before = when(shelf, user, id)?;
    if joined > at || at > now.after(AHEAD) || before.is_some_and(|before| before >= at) {
        return Ok(false);
    }
    let all = all(shelf, user)?;
    let oldest = all.iter().min_by_key(|(_, at)| **at);
    if let Some((oldest, _)) = oldest.filter(|_| before.is_none() && all.len() >= MAX_REMOVED) {
        shelf.delete(table::removed(user, oldest));
    }
    shelf.put(table::removed(user, id), writer().u64(at.millis()).finish());
    Ok(before.is_none())
}

/// Whether a device that `joined` at that moment is removed; if it joined later than that, the removal is forgotten.
pub(crate) fn is_out(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    id: &str,
    joined: Timestamp,
) -> Result<bool, StoreError> {
    let Some(at) = when(shelf, user, id)? else { return Ok(false) };
    if joined > at {
        shelf.delete(table::removed(user, id));
    }
    Ok(joined <= at)
}

/// When `user` removed a device, if they did.
pub(crate) fn when(shelf: &Shelf<'_>, user: &UserId, id: &str) -> Result<Option<Timestamp>, StoreError> {
    shelf.get(&table::removed(user, id))?.map(|row| read(&row)).transpose()
}

/// Every device that `user` has removed, and when.
pub(crate) fn all(shelf: &Shelf<'_>, user: &UserId) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let rows = shelf.scan(&table::removals(user), None, MAX_REMOVED)?;
    rows.iter()
        .map(|(key, row)| {
            let id = table::device_of(key).ok_or(StoreError::Damaged { what: "removed device" })?;
            Ok((id.to_string(), read(row)?))
        })
        .collect()
}

/// Forgets them.
pub(super) fn forget(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    let rows = shelf.scan(&table::removals(user), None, MAX_KNOWN.max(MAX_REMOVED))?;
    rows.into_iter().for_each(|(key, _)| shelf.delete(key));
    Ok(())
}

fn read(row: &[u8]) -> Result<Timestamp, StoreError> {
    read_row("removed device", row, Reader::u64).map(Timestamp::from_millis)
}
