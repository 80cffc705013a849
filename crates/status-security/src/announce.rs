//! Announcing our keys, so that people can write to us with forward secrecy from the first message on.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use status_layer::{Cx, Due, Outgoing, Shelf, StoreError, Timestamp};

use crate::error::Error;
use crate::own::aged;
use crate::security::{Sessions, contact_code};
use crate::table;
use crate::table::codec::{read_row, writer};
use crate::wire::Message;

/// How often a device of ours is answered that does not list this one, so that two of them do not go on for ever.
pub(crate) const ANSWERED_AT_MOST: Duration = Duration::from_secs(60 * 60);

/// When our keys were announced last, and which version.
pub(crate) struct Announced {
    at: Timestamp,
    version: u32,
    /// Whether what is to be said has changed since.
    again: bool,
}

impl Sessions {
    /// Announces our bundle at our contact code: at first, then every [`Config::announce_every`], and whenever the
    /// prekey was replaced or the devices of our group have changed.
    ///
    /// Spec: a message with a bundle and nothing else.
    ///
    /// [`Config::announce_every`]: crate::Config::announce_every
    pub(crate) fn announce(&self, cx: &mut Cx<'_>) -> Result<Due<Outgoing>, Error> {
        let every = self.config.announce_every;
        let own = self.own_prekey(cx)?;
        let last = load(&cx.shelf)?;
        let due = match &last {
            None => true,
            Some(last) => last.again || last.version != own.version || aged(cx.now, last.at, every),
        };
        let mut out = Outgoing::default();
        let mut at = last.map_or(cx.now, |last| last.at);
        if due {
            at = cx.now;
            save(&mut cx.shelf, &Announced { at, version: own.version, again: false });
            let message = Message {
                device: self.device.to_string(),
                bundles: vec![self.bundle(cx)?.1],
                direct: BTreeMap::new(),
                public: Vec::new(),
            };
            out.parcels.push(self.parcel(contact_code(&self.keyring.public())?, message));
        }
        let next = at.after(every).min(own.until(self.config.rotate_after));
        Ok(Due { now: out, next: Some(next) })
    }
}

/// Has our keys announced as soon as possible.
pub(crate) fn hasten(shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
    if let Some(last) = load(shelf)? {
        save(shelf, &Announced { again: true, ..last });
    }
    Ok(())
}

/// Has our keys announced, unless they were lately.
pub(crate) fn answer(cx: &mut Cx<'_>) -> Result<(), StoreError> {
    match load(&cx.shelf)? {
        Some(last) if aged(cx.now, last.at, ANSWERED_AT_MOST) => hasten(&mut cx.shelf),
        _ => Ok(()),
    }
}

pub(crate) fn load(shelf: &Shelf<'_>) -> Result<Option<Announced>, StoreError> {
    let Some(row) = shelf.get(&table::ANNOUNCED)? else { return Ok(None) };
    let announced = read_row("announcement", &row, |r| {
        let (at, version) = (Timestamp::from_millis(r.u64()?), r.u32()?);
        Some(Announced { at, version, again: !r.is_empty() && r.flag()? })
    });
    announced.map(Some)
}

fn save(shelf: &mut Shelf<'_>, announced: &Announced) {
    let row = writer().u64(announced.at.millis()).u32(announced.version).flag(announced.again);
    shelf.put(table::ANNOUNCED, row.finish());
}
