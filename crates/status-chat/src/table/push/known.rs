//! What is known of how others are notified.

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId};
use zeroize::Zeroizing;

use super::{VERSION, WHAT, key, read_user};
use crate::table::text;

pub(crate) const KNOWN: u8 = b'V';

/// People of whom it is known how they are notified; whoever was asked for longest ago is forgotten.
pub(super) const MAX_KNOWN: usize = 1_024;

/// Devices of one person, each with each of its servers, that are known.
const MAX_INFOS: usize = 32;

/// How somebody is notified.
#[derive(Clone, Default, Eq, PartialEq)]
pub(crate) struct Known {
    /// Until when servers need not be asked.
    pub(crate) until: Timestamp,
    pub(crate) infos: Vec<Info>,
}

/// One device of somebody at one server.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Info {
    pub(crate) server: UserId,
    pub(crate) version: u64,
    pub(crate) device: String,
    pub(crate) token: Zeroizing<String>,
}

impl Known {
    /// Takes what is newer of a device at a server, and at most [`MAX_INFOS`] in all.
    pub(crate) fn take(&mut self, new: Info) {
        let same = |old: &&mut Info| old.server == new.server && old.device == new.device;
        match self.infos.iter_mut().find(same) {
            Some(old) if old.version <= new.version => *old = new,
            Some(_) => {}
            None => self.infos.push(new),
        }
        self.infos.truncate(MAX_INFOS);
    }

    /// Forgets a device at a server.
    pub(crate) fn forget(&mut self, server: &UserId, device: &str) {
        self.infos.retain(|info| info.server != *server || info.device != device);
    }
}

pub(crate) fn known(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Known>, StoreError> {
    let key = key(KNOWN, user);
    shelf.get(&key)?.map(|row| read_known(&key, &row).map(|(_, known)| known)).transpose()
}

/// Keeps what is known of somebody. Of too many people, one is forgotten.
pub(crate) fn save_known(shelf: &mut Shelf<'_>, user: &UserId, known: &Known) -> Result<(), StoreError> {
    let key = key(KNOWN, user);
    if !shelf.has(&key)? {
        let all = shelf.scan(&[KNOWN], None, MAX_KNOWN)?;
        if all.len() >= MAX_KNOWN {
            let all: Result<Vec<_>, _> = all.iter().map(|(key, row)| read_known(key, row)).collect();
            if let Some((oldest, _)) = all?.into_iter().min_by_key(|(_, known)| known.until) {
                shelf.delete(super::key(KNOWN, &oldest));
            }
        }
    }
    let row = Writer::new(VERSION).u64(known.until.millis());
    let row = known.infos.iter().fold(row, |row, info| {
        let row = row.bytes(info.server.as_bytes()).u64(info.version);
        row.sized(info.device.as_bytes()).sized(info.token.as_bytes())
    });
    shelf.put(key, row.finish());
    Ok(())
}

pub(crate) fn read_known(key: &[u8], row: &[u8]) -> Result<(UserId, Known), StoreError> {
    let known = Reader::read(WHAT, VERSION, row, |r| {
        let mut known = Known { until: Timestamp::from_millis(r.u64()?), infos: Vec::new() };
        while !r.is_empty() {
            known.infos.push(Info {
                server: UserId::from_compressed(&r.array::<33>()?).ok()?,
                version: r.u64()?,
                device: text(r.sized()?)?,
                token: Zeroizing::new(text(r.sized()?)?),
            });
        }
        Some(known)
    })?;
    Ok((read_user(key)?, known))
}
