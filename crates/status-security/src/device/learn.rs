//! What bundles teach of devices.

use alloc::string::ToString;
use alloc::vec::Vec;

use status_crypto::PublicKey;
use status_layer::{DeviceId, Shelf, StoreError, Timestamp, UserId};

use super::{Device, MAX_KNOWN, all, find, removed, save};
use crate::bundle::{Bundle, Prekey};
use crate::config::Joining;
use crate::{group, private, session, table};

/// Who learns, and who teaches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learner<'a> {
    /// We.
    pub(crate) own: &'a UserId,
    /// This device.
    pub(crate) device: &'a DeviceId,
    /// How devices of our own join.
    pub(crate) joining: Joining,
    /// The user who signed the envelope, and the device that they wrote from.
    pub(crate) sender: (&'a UserId, &'a str),
}

/// What was new in a bundle.
#[derive(Debug, Default)]
pub(crate) struct Learnt {
    /// Devices that were not known before, and whether messages are sealed for them from now on.
    pub(crate) new: Vec<(DeviceId, bool)>,
    /// Devices that their user has removed; this one may be among them.
    pub(crate) removed: Vec<DeviceId>,
}

/// Takes the devices of a genuine bundle. Entries that nobody could use are left out, and so is this device.
///
/// Spec: whitepaper 4.1, rule 1: a version that is higher than ours is taken, and so is a device that is missing here.
///
/// Invariant: an older bundle that comes after a newer one changes nothing.
pub(crate) fn learn(
    shelf: &mut Shelf<'_>,
    bundle: &Bundle,
    learner: Learner<'_>,
    now: Timestamp,
) -> Result<Learnt, StoreError> {
    let user = bundle.identity();
    let ours = user == *learner.own;
    let mut learnt = Learnt::default();
    for (id, at) in bundle.removed() {
        let Ok(name) = DeviceId::new(id.as_str()) else { continue };
        let joined = match find(shelf, &user, id)? {
            _ if ours && name == *learner.device => group::joined(shelf)?,
            known => known.map_or(Timestamp::default(), |known| known.joined),
        };
        if removed::note(shelf, (&user, id), (joined, *at), now)? {
            drop_device(shelf, &user, id, ours, now)?;
            learnt.removed.push(name);
        }
    }
    miss_others(shelf, bundle, now)?;
    for (id, prekey) in bundle.prekeys() {
        let Ok(name) = DeviceId::new(id.as_str()) else { continue };
        let out = removed::is_out(shelf, &user, id, prekey.joined)?;
        if ours && name == *learner.device {
            group::note_joined(shelf, prekey.joined)?;
            continue;
        }
        if out && !ours {
            continue;
        }
        let known = find(shelf, &user, id)?;
        let enabled = !ours || (learner.joining == Joining::Automatic && !out);
        let before = known.as_ref().map(|known| known.prekey);
        let by_itself = learner.sender == (&user, id.as_str());
        let Some(device) = merged(known, id, prekey, (bundle.timestamp(), by_itself), enabled) else {
            continue;
        };
        if let Some(replaced) = before.filter(|before| *before != device.prekey) {
            session::expire(shelf, &table::session(&user, id, &replaced), now)?;
        }
        if before.is_none() {
            make_room(shelf, &user, now)?;
            learnt.new.push((name, enabled));
        }
        save(shelf, &user, &device);
    }
    Ok(learnt)
}

/// Ends what we have with a device that its user has removed. One of our own stays known, so that it can be taken back.
pub(crate) fn drop_device(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    id: &str,
    ours: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(device) = find(shelf, user, id)? else { return Ok(()) };
    session::expire(shelf, &table::session(user, id, &device.prekey), now)?;
    private::forget(shelf, user, id)?;
    if ours {
        save(shelf, user, &Device { enabled: false, ..device });
    } else {
        shelf.delete(table::device(user, id));
    }
    Ok(())
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

/// What is known of a device after a bundle of a time said `prekey`, sent by the device itself or not; `None` if nothing
/// changes.
fn merged(
    known: Option<Device>,
    id: &str,
    prekey: &Prekey,
    (timestamp, by_itself): (i64, bool),
    enabled: bool,
) -> Option<Device> {
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
        heard: if by_itself { timestamp } else { 0 },
        protocol: prekey.protocol,
        extension: prekey.extension,
        enabled,
        missed: None,
        shares: known.as_ref().is_some_and(|known| known.shares),
        joined: prekey.joined,
    };
    let Some(known) = known else { return Some(said) };
    let (heard, joined) = (said.heard.max(known.heard), said.joined.max(known.joined));
    let (newer, later) = (said.supersedes(&known), said.timestamp > known.timestamp);
    let spoke = heard > known.heard || joined > known.joined;
    match (newer, later) {
        (true, _) => {
            let timestamp = said.timestamp.max(known.timestamp);
            Some(Device { timestamp, heard, joined, enabled: known.enabled, ..said })
        }
        // A lower version in a newer bundle: the device is there, its old prekey is not wanted.
        (false, true) => Some(Device { timestamp: said.timestamp, heard, joined, missed: None, ..known }),
        (false, false) if spoke => Some(Device { heard, joined, ..known }),
        (false, false) => None,
    }
}

impl Device {
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
