//! The devices of users: what is known of them, and which of them a message is sealed for.

mod learn;
pub(crate) mod removed;

pub(crate) use learn::{Learner, drop_device, learn};

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use status_layer::{Shelf, StoreError, Timestamp, UserId};

use crate::bundle::Extension;
use crate::key::Point;
use crate::suite::Suites;
use crate::table;
use crate::table::codec::{read_extension, read_row, write_extension, writer};

/// Most devices that are remembered of one user; the one heard of longest ago goes.
pub const MAX_KNOWN: usize = 16;

/// Most devices of a user that a message is sealed for, whatever [`Config::max_targets`] says.
///
/// [`Config::max_targets`]: crate::Config::max_targets
pub const MAX_TARGETS: usize = 10;

/// How long after a bundle of its user that does not list it a device is stale, unless one comes that does.
pub const STALE_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A device of a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// Its installation id.
    pub id: String,
    /// Its prekey of the highest version that was seen; a point of the curve.
    pub prekey: Point,
    /// That version.
    pub version: u32,
    /// Time of the newest bundle that lists it, in nanoseconds since the Unix epoch.
    pub timestamp: i64,
    /// Time of the newest bundle that it sent itself, in nanoseconds since the Unix epoch; 0 before the first.
    pub heard: i64,
    /// What it announces to understand.
    pub protocol: u32,
    /// What it says of suites, once it has said something.
    pub extension: Option<Extension>,
    /// Whether messages are sealed for it. A device of our own starts disabled.
    pub enabled: bool,
    /// When the first newer bundle came that does not list it; `None` once one does.
    pub missed: Option<Timestamp>,
    /// Whether it is known to listen at the place that we share with its user.
    pub shares: bool,
    /// When it was last taken into its user's group, as they say; 0 if they do not.
    pub joined: Timestamp,
}

/// The devices that a message is sealed for: enabled and not stale, those that were heard last first, at most `limit` and
/// never more than [`MAX_TARGETS`].
pub(crate) fn active(
    shelf: &Shelf<'_>,
    user: &UserId,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Device>, StoreError> {
    let mut devices = all(shelf, user)?;
    devices.retain(|device| device.enabled && !device.is_stale(now));
    devices.sort_by_key(|device| Reverse((device.heard, device.timestamp)));
    devices.truncate(limit.min(MAX_TARGETS));
    Ok(devices)
}

/// Whether any device of a user is known.
pub(crate) fn any(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(!shelf.scan(&table::devices(user), None, 1)?.is_empty())
}

/// Whether messages are sealed for any device of a user, be it stale or not.
pub(crate) fn any_enabled(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(all(shelf, user)?.iter().any(|device| device.enabled))
}

impl Device {
    /// Whether no message is sealed for it any more. Spec: whitepaper 4.3, "Stale devices".
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.missed.is_some_and(|since| now.since(since) >= STALE_AFTER)
    }
}

/// Every device that is known of a user, in order of their ids.
pub(crate) fn all(shelf: &Shelf<'_>, user: &UserId) -> Result<Vec<Device>, StoreError> {
    let rows = shelf.scan(&table::devices(user), None, MAX_KNOWN)?;
    rows.into_iter()
        .map(|(key, row)| {
            let id = table::device_of(&key).ok_or(StoreError::Damaged { what: "device" })?;
            read(id, &row)
        })
        .collect()
}

/// Forgets the devices of a user, and which were removed.
pub(crate) fn forget(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, _) in shelf.scan(&table::devices(user), None, MAX_KNOWN)? {
        shelf.delete(key);
    }
    removed::forget(shelf, user)
}

impl Device {
    /// The suites that it reads.
    pub(crate) fn suites(&self) -> Suites {
        self.extension.map_or(Suites::DEPLOYED, |extension| extension.suites())
    }
}

/// Notes that a device listens at the place that we share with its user.
pub(crate) fn note_sharing(shelf: &mut Shelf<'_>, user: &UserId, id: &str) -> Result<(), StoreError> {
    if let Some(device) = find(shelf, user, id)?.filter(|device| !device.shares) {
        save(shelf, user, &Device { shares: true, ..device });
    }
    Ok(())
}

/// What is known of a device, if anything.
pub(crate) fn find(shelf: &Shelf<'_>, user: &UserId, id: &str) -> Result<Option<Device>, StoreError> {
    shelf.get(&table::device(user, id))?.map(|row| read(id, &row)).transpose()
}

fn read(id: &str, row: &[u8]) -> Result<Device, StoreError> {
    read_row("device", row, |r| {
        Some(Device {
            id: id.to_string(),
            prekey: r.array()?,
            version: r.u32()?,
            timestamp: r.i64()?,
            protocol: r.u32()?,
            enabled: r.flag()?,
            extension: read_extension(r)?,
            // Rows written before a field existed end before it.
            shares: if r.is_empty() { false } else { r.flag()? },
            missed: if r.is_empty() { None } else { Some(r.u64()?) }
                .filter(|at| *at != 0)
                .map(Timestamp::from_millis),
            heard: if r.is_empty() { 0 } else { r.i64()? },
            joined: if r.is_empty() { Timestamp::default() } else { Timestamp::from_millis(r.u64()?) },
        })
    })
}

pub(crate) fn save(shelf: &mut Shelf<'_>, user: &UserId, device: &Device) {
    let row = writer().bytes(&device.prekey).u32(device.version);
    let row = row.bytes(&device.timestamp.to_be_bytes()).u32(device.protocol).flag(device.enabled);
    let row = write_extension(row, device.extension.as_ref());
    let row = row.flag(device.shares).u64(device.missed.map_or(0, Timestamp::millis));
    let row = row.bytes(&device.heard.to_be_bytes()).u64(device.joined.millis());
    shelf.put(table::device(user, &device.id), row.finish());
}

#[cfg(test)]
mod tests;
