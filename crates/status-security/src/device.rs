//! The devices of users, learnt from their bundles.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use status_crypto::PublicKey;
use status_layer::{DeviceId, Shelf, StoreError, Timestamp, UserId};

use crate::bundle::{Bundle, Extension, Prekey};
use crate::key::Point;
use crate::suite::Suites;
use crate::table::codec::{read_extension, read_row, write_extension, writer};
use crate::{private, session, table};

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
}

/// Takes the devices of a genuine bundle. Entries that nobody could use are left out, and so is this device. Returns the
/// devices that were not known before.
///
/// Invariant: an older bundle that comes after a newer one changes nothing.
pub(crate) fn learn(
    shelf: &mut Shelf<'_>,
    bundle: &Bundle,
    own: (&UserId, &DeviceId),
    now: Timestamp,
) -> Result<Vec<DeviceId>, StoreError> {
    let user = bundle.identity();
    let ours = user == *own.0;
    let mut new = Vec::new();
    miss_others(shelf, bundle, now)?;
    for (id, prekey) in bundle.prekeys() {
        let this_device = ours && id == own.1.as_str();
        let Ok(name) = DeviceId::new(id.as_str()) else { continue };
        if this_device {
            continue;
        }
        let known = find(shelf, &user, id)?;
        let before = known.as_ref().map(|known| known.prekey);
        let Some(device) = merged(known, id, prekey, bundle.timestamp(), !ours) else { continue };
        if let Some(replaced) = before.filter(|before| *before != device.prekey) {
            session::expire(shelf, &table::session(&user, id, &replaced), now)?;
        }
        if before.is_none() {
            make_room(shelf, &user, now)?;
            new.push(name);
        }
        save(shelf, &user, &device);
    }
    Ok(new)
}

/// Notes which devices a newer bundle of their user does not list.
fn miss_others(shelf: &mut Shelf<'_>, bundle: &Bundle, now: Timestamp) -> Result<(), StoreError> {
    let user = bundle.identity();
    for mut device in all(shelf, &user)? {
        let listed = bundle.prekeys().contains_key(&device.id);
        if !listed && device.missed.is_none() && bundle.timestamp() > device.timestamp {
            device.missed = Some(now);
            save(shelf, &user, &device);
        }
    }
    Ok(())
}

/// The devices that a message is sealed for: enabled and not stale, the most recently active first, at most `limit` and
/// never more than [`MAX_TARGETS`].
pub(crate) fn active(
    shelf: &Shelf<'_>,
    user: &UserId,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Device>, StoreError> {
    let mut devices = all(shelf, user)?;
    devices.retain(|device| device.enabled && !device.is_stale(now));
    devices.sort_by_key(|device| Reverse(device.timestamp));
    devices.truncate(limit.min(MAX_TARGETS));
    Ok(devices)
}

/// Whether any device of a user is known.
pub(crate) fn any(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(!shelf.scan(&table::devices(user), None, 1)?.is_empty())
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

/// Forgets the devices of a user.
pub(crate) fn forget(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, _) in shelf.scan(&table::devices(user), None, MAX_KNOWN)? {
        shelf.delete(key);
    }
    Ok(())
}

/// What is known of a device after a bundle of `timestamp` said `prekey`; `None` if nothing changes.
fn merged(known: Option<Device>, id: &str, prekey: &Prekey, timestamp: i64, enabled: bool) -> Option<Device> {
    let same_key = known.as_ref().is_some_and(|known| known.prekey.as_slice() == prekey.key);
    let point = if same_key {
        known.as_ref().map(|known| known.prekey)?
    } else {
        PublicKey::from_compressed(&prekey.key).ok()?.compressed()
    };
    let said = Device {
        id: id.to_string(),
        prekey: point,
        version: prekey.version,
        timestamp,
        protocol: prekey.protocol,
        extension: prekey.extension,
        enabled,
        missed: None,
        shares: known.as_ref().is_some_and(|known| known.shares),
    };
    let Some(known) = known else { return Some(said) };
    let newer = said.supersedes(&known);
    match (newer, said.timestamp > known.timestamp) {
        (true, _) => {
            Some(Device { timestamp: said.timestamp.max(known.timestamp), enabled: known.enabled, ..said })
        }
        // A lower version in a newer bundle: the device is there, its old prekey is not wanted.
        (false, true) => Some(Device { timestamp: said.timestamp, missed: None, ..known }),
        (false, false) => None,
    }
}

impl Device {
    /// The suites that it reads.
    pub(crate) fn suites(&self) -> Suites {
        self.extension.map_or(Suites::DEPLOYED, |extension| extension.suites())
    }

    /// Whether this is the newer word of the device.
    ///
    /// Invariant: once a device has said which suites it reads, a bundle that does not say it for that device
    /// changes neither its suites nor its prekey, whatever version it carries: such a bundle was stripped on its
    /// way, or comes from another device that does not know the extension. A device takes suites back by saying so.
    fn supersedes(&self, known: &Self) -> bool {
        let order = |device: &Self| (device.version, device.extension.is_some(), device.timestamp);
        let silenced = known.extension.is_some() && self.extension.is_none();
        !silenced && order(self) > order(known)
    }
}

/// Forgets the device heard of longest ago if there is no room for another.
fn make_room(shelf: &mut Shelf<'_>, user: &UserId, now: Timestamp) -> Result<(), StoreError> {
    let known = all(shelf, user)?;
    if known.len() < MAX_KNOWN {
        return Ok(());
    }
    if let Some(oldest) = known.iter().min_by_key(|other| other.timestamp) {
        shelf.delete(table::device(user, &oldest.id));
        private::forget(shelf, user, &oldest.id)?;
        session::expire(shelf, &table::session(user, &oldest.id, &oldest.prekey), now)?;
    }
    Ok(())
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
            shares: if r.is_empty() { false } else { r.flag()? },
            missed: if r.is_empty() { None } else { Some(Timestamp::from_millis(r.u64()?)) },
        })
    })
}

fn save(shelf: &mut Shelf<'_>, user: &UserId, device: &Device) {
    let row = writer().bytes(&device.prekey).u32(device.version);
    let row = row.bytes(&device.timestamp.to_be_bytes()).u32(device.protocol).flag(device.enabled);
    let row = write_extension(row, device.extension.as_ref());
    let row = match (device.shares, device.missed) {
        (false, None) => row,
        (shares, None) => row.flag(shares),
        (shares, Some(at)) => row.flag(shares).u64(at.millis()),
    };
    shelf.put(table::device(user, &device.id), row.finish());
}

#[cfg(test)]
mod tests;
