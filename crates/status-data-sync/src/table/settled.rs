//! What became of messages: who confirmed them, with which devices, and who never did. Kept for a while, so that each
//! further device is told of, and a late confirmation of what was given up is true news.

use alloc::string::String;
use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, MessageId, Shelf, StoreError, Timestamp, UserId};

use super::{PAGE, SETTLED, SETTLED_AT, VERSION, empty, id, key, read_names, user, write_names};
use crate::ident::SyncId;

const WHAT: &str = "a data sync outcome";

/// Devices of one reader whose confirmation of one message is told.
const MAX_DEVICES: usize = 16;

/// What became of a message for one reader.
pub(crate) struct Settled {
    pub(super) at: Timestamp,
    /// Whether it was given up, and nobody confirmed it since.
    gave_up: bool,
    /// What the application calls it.
    pub(crate) names: Vec<MessageId>,
    devices: Vec<DeviceId>,
}

impl Settled {
    /// A message that was confirmed now, by a device if it is known.
    pub(crate) fn confirmed(now: Timestamp, names: Vec<MessageId>, device: Option<&DeviceId>) -> Self {
        Self { at: now, gave_up: false, names, devices: device.cloned().into_iter().collect() }
    }

    /// A message that was given up now.
    pub(crate) const fn given_up(now: Timestamp, names: Vec<MessageId>) -> Self {
        Self { at: now, gave_up: true, names, devices: Vec::new() }
    }

    /// Notes one more confirmation; returns whether it says anything new.
    pub(crate) fn confirm(&mut self, device: Option<&DeviceId>) -> bool {
        let new = device.filter(|device| self.devices.len() < MAX_DEVICES && !self.devices.contains(device));
        self.devices.extend(new.cloned());
        core::mem::take(&mut self.gave_up) || new.is_some()
    }

    pub(crate) fn load(shelf: &Shelf<'_>, id: SyncId, by: &UserId) -> Result<Option<Self>, StoreError> {
        let Some(row) = shelf.get(&settled_key(id, by))? else { return Ok(None) };
        Reader::read(WHAT, VERSION, &row, |r| {
            let (at, gave_up, count) = (Timestamp::from_millis(r.u64()?), r.flag()?, r.u16()?);
            let names = read_names(r, count)?;
            let mut devices = Vec::new();
            while !r.is_empty() {
                devices.push(DeviceId::new(String::from_utf8(r.sized()?.to_vec()).ok()?).ok()?);
            }
            Some(Self { at, gave_up, names, devices })
        })
        .map(Some)
    }

    /// Writes it, unless the application has no name for it.
    pub(crate) fn save(&self, shelf: &mut Shelf<'_>, id: SyncId, by: &UserId) {
        if self.names.is_empty() {
            return;
        }
        let row = write_names(Writer::new(VERSION).u64(self.at.millis()).flag(self.gave_up), &self.names);
        let row = self.devices.iter().fold(row, |row, device| row.sized(device.as_str().as_bytes()));
        shelf.put(settled_key(id, by), row.finish());
        shelf.put(key(SETTLED_AT, &[&self.at.millis().to_be_bytes(), id.as_bytes(), by.as_bytes()]), empty());
    }
}

/// Forgets some of what was settled before `since`.
pub(crate) fn sweep(shelf: &mut Shelf<'_>, since: Timestamp) -> Result<(), StoreError> {
    let mut limit = 1;
    loop {
        let rows = shelf.scan(&[SETTLED_AT], None, limit)?;
        let full = rows.len() == limit;
        for (row, _) in rows {
            let (at, id, by) =
                Reader::read_key(WHAT, &row, |r| Some((Timestamp::from_millis(r.u64()?), id(r)?, user(r)?)))?;
            if at >= since {
                return Ok(());
            }
            shelf.delete(settled_key(id, &by));
            shelf.delete(row);
        }
        if !full || limit == PAGE {
            return Ok(());
        }
        limit = PAGE;
    }
}

fn settled_key(id: SyncId, by: &UserId) -> Vec<u8> {
    key(SETTLED, &[id.as_bytes(), by.as_bytes()])
}
