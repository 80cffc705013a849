//! The devices of our own: which of them belong together, and what we say of them.
//!
//! Spec: whitepaper 4.1, "Pairing". The group of this device is what the user has confirmed here. Each device of the group
//! lists the others in its bundle, seals for them what it sends, and takes what they send; it names those that were
//! removed. A confirmation counts here alone: whoever got hold of the words of the account could sign any other. A
//! removal counts everywhere.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use core::time::Duration;

use status_layer::{Cx, DeviceId, Interest, Shelf, StoreError, Timestamp};

use crate::bundle::{Bundle, Listing, PROTOCOL_VERSION, Prekey};
use crate::config::Joining;
use crate::device::{self, Device, MAX_TARGETS, removed};
use crate::error::{Error, PairError};
use crate::own::OwnPrekey;
use crate::security::Sessions;
use crate::table;
use crate::table::codec::{Reader, read_row, writer};
use crate::{announce, private};

impl Sessions {
    /// What our bundle says: this device, those of its group as far as others write to so many, and which were removed.
    pub(crate) fn listing(&self, cx: &Cx<'_>, own: &OwnPrekey) -> Result<Listing, StoreError> {
        let (user, this) = (self.keyring.user(), self.device.as_str());
        let others = self.config.max_targets.clamp(1, MAX_TARGETS).saturating_sub(1);
        let others = device::active(&cx.shelf, &user, others, cx.now)?;
        // Others refuse a bundle whose ids are not all of one length. Whom it leaves out speaks for itself.
        let fits = |device: &Device| {
            device.id.len() == this.len() && !device.id.bytes().any(|byte| byte.is_ascii_control())
        };
        let others = others.into_iter().filter(fits);
        let mut prekeys: BTreeMap<_, _> = others.map(|device| (device.id.clone(), said(&device))).collect();
        let ours = Prekey {
            key: own.key.to_vec(),
            version: own.version,
            protocol: PROTOCOL_VERSION,
            joined: joined(&cx.shelf)?,
            extension: own.extension.map(|it| it.with_features(private::features(&self.config))),
        };
        prekeys.insert(this.to_string(), ours);
        let mut removed = removed::all(&cx.shelf, &user)?;
        removed.remove(this);
        Ok(Listing { prekeys, removed })
    }

    /// Takes a device of ours into the group, or out of it.
    pub(crate) fn pair_device(&self, cx: &mut Cx<'_>, id: &DeviceId, how: Interest) -> Result<(), Error> {
        if *id == self.device {
            return Err(PairError::ThisDevice.into());
        }
        let (user, now) = (self.keyring.user(), cx.now);
        let known = device::find(&cx.shelf, &user, id.as_str())?.ok_or(PairError::Unknown)?;
        match how {
            Interest::Listen if known.enabled => return Ok(()),
            Interest::Listen => {
                let out = removed::when(&cx.shelf, &user, id.as_str())?;
                // Later than the removal, whatever the clocks say.
                let again = out.map(|at| now.max(at.after(Duration::from_millis(1))));
                let joined = again.unwrap_or(known.joined);
                removed::is_out(&mut cx.shelf, &user, id.as_str(), joined)?;
                device::save(&mut cx.shelf, &user, &Device { enabled: true, joined, ..known });
            }
            Interest::Ignore => {
                let at = now.max(known.joined);
                removed::note(&mut cx.shelf, (&user, id.as_str()), (known.joined, at), at)?;
                device::drop_device(&mut cx.shelf, &user, id.as_str(), true, now)?;
            }
        }
        Ok(announce::hasten(&mut cx.shelf)?)
    }

    /// Whether a device of ours belongs to the group.
    pub(crate) fn is_paired(&self, shelf: &Shelf<'_>, id: &str) -> Result<bool, StoreError> {
        let known = device::find(shelf, &self.keyring.user(), id)?;
        Ok(known.is_some_and(|device| device.enabled))
    }

    /// Whether mail of a device of ours is taken: it belongs to the group, or will as soon as it is heard of.
    pub(crate) fn may_write(&self, shelf: &Shelf<'_>, id: &str) -> Result<bool, StoreError> {
        let user = self.keyring.user();
        match device::find(shelf, &user, id)? {
            Some(device) => Ok(device.enabled),
            None => {
                Ok(self.config.joining == Joining::Automatic && removed::when(shelf, &user, id)?.is_none())
            }
        }
    }

    /// Sees to it that a device of ours which does not list this one hears of it: at once when it is `new`, else as often
    /// as [`announce::ANSWERED_AT_MOST`] allows.
    ///
    /// Spec: whitepaper 4.1, rule 2.
    pub(crate) fn make_known(&self, cx: &mut Cx<'_>, bundle: &Bundle, new: bool) -> Result<(), StoreError> {
        let listed = bundle.prekeys().contains_key(self.device.as_str());
        if new {
            announce::hasten(&mut cx.shelf)
        } else if !listed {
            announce::answer(cx)
        } else {
            Ok(())
        }
    }
}

/// What was said of a device, to be said again.
fn said(device: &Device) -> Prekey {
    Prekey {
        key: device.prekey.to_vec(),
        version: device.version,
        protocol: device.protocol,
        joined: device.joined,
        extension: device.extension,
    }
}

/// When this device was last taken into the group; 0 if it always belonged to it.
pub(crate) fn joined(shelf: &Shelf<'_>) -> Result<Timestamp, StoreError> {
    let Some(row) = shelf.get(&table::JOINED)? else { return Ok(Timestamp::default()) };
    read_row("joined", &row, Reader::u64).map(Timestamp::from_millis)
}

/// Notes that this device was taken into the group.
pub(crate) fn note_joined(shelf: &mut Shelf<'_>, at: Timestamp) -> Result<(), StoreError> {
    if at > joined(shelf)? {
        shelf.put(table::JOINED, writer().u64(at.millis()).finish());
    }
    Ok(())
}
