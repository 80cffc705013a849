//! What has to hold for the rows of this layer.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use status_layer::examine::{Examined, Nature, Report, Table, Wrong, every_row};
use status_layer::{Area, Draft, Read, Shelf, StoreError, Timestamp, UserId, Value};

use super::codec::{Reader, read_row, writer};
use super::queue::Queue;
use crate::key::Point;
use crate::private::{read as read_dealings, read_secret};
use crate::session::{Session, row};
use crate::{announce, device, group, own, people, table};

/// Every table of this layer. None of it goes into a backup: a key that came back would be used twice.
pub const TABLES: [Table; 25] = [
    kind(b'o', "our prekey", Nature::Device),
    kind(b'p', "private halves of our prekeys", Nature::Device),
    kind(b'a', "our last announcement", Nature::Device),
    kind(b'u', "users we deal with", Nature::Device),
    kind(b'U', "strangers by when they were met", Nature::Device),
    kind(b'd', "devices of users", Nature::Device),
    kind(b'r', "devices that were removed", Nature::Device),
    kind(b'j', "when this device was taken in", Nature::Device),
    kind(b's', "sessions", Nature::Device),
    kind(b't', "sessions that are set aside", Nature::Device),
    kind(b'n', "the number of the next session", Nature::Device),
    kind(b'b', "sessions by our prekeys", Nature::Index),
    kind(b'x', "sessions that expired", Nature::Index),
    kind(b'g', "handshakes of deleted sessions", Nature::Device),
    kind(b'f', "private prekeys for single devices", Nature::Device),
    kind(b'F', "when those are wiped", Nature::Index),
    kind(b'y', "what devices have given each other", Nature::Device),
    kind(b'h', "when something is to be deleted", Nature::Device),
    kind(b'k', "keys of skipped messages", Nature::Device),
    kind(b'c', "chains with skipped keys", Nature::Index),
    kind(b'l', "ratchet keys of those chains", Nature::Device),
    kind(b'w', "users who were told our keys", Nature::Index),
    kind(b'W', "those by when it was", Nature::Device),
    kind(b'e', "static messages that were seen", Nature::Index),
    kind(b'E', "those by when it was", Nature::Device),
];

const fn kind(tag: u8, holds: &'static str, nature: Nature) -> Table {
    Table { tag, holds, nature }
}

/// What is known of all rows before one is looked at.
#[derive(Default)]
struct Known {
    /// Every session: its number, and when it expired.
    numbers: BTreeSet<u32>,
    /// Entries of queues that have a row of their own, by the tag of that row.
    queued: BTreeSet<(u8, Vec<u8>)>,
    /// How many entries each queue has, and the last seat.
    seats: BTreeMap<u8, (u64, u64)>,
}

/// Looks at all rows of this layer in `area`.
///
/// Every row can be read; what points somewhere points to what is there, and what has to be pointed to is; private keys
/// belong to their public ones; queues are as long as they say.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let known = Known::gather(&Draft::new(rows).shelf(area))?;
    every_row(rows, area, &TABLES, |shelf, key, row, report| {
        match key.first() {
            Some(b'o') => {
                let own = own::load(shelf)?.ok_or(damaged("own prekey"))?;
                if !shelf.has(&table::prekey(&own.key))? {
                    report.say(Wrong::Incomplete);
                }
            }
            Some(b'p') => own_prekey(shelf, key)?,
            Some(b'a') => announce::load(shelf).map(|_| ())?,
            Some(b'j') => drop(group::joined(shelf)?),
            Some(b'u') => drop(people::expected(shelf, &user(key)?)?),
            Some(b'd') => drop(device::find(shelf, &user(key)?, device(key)?)?),
            Some(b'r') => drop(device::removed::when(shelf, &user(key)?, device(key)?)?),
            Some(b'y') => {
                device(key)?;
                read_dealings(row)?;
            }
            Some(b's') => session(shelf, key, row, report)?,
            Some(b't') => drop(row::read(row)?),
            Some(b'n') => known.next_number(read_row("number of sessions", row, Reader::u32)?, report),
            Some(b'b' | b'x') => points(shelf, key, row, report)?,
            Some(b'g') => {
                read_row("spent handshake", row, |_| Some(()))?;
                let prekey: &Point =
                    key.get(1..34).and_then(|key| key.try_into().ok()).ok_or(damaged("spent handshake"))?;
                if !shelf.has(&table::prekey(prekey))? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(b'f') => {
                let end = table::private_end(read_secret(row)?.ends, key);
                present(shelf, end, report)?;
            }
            Some(b'F') => {
                let (at, secret) = table::private_ended(key).ok_or(damaged("end of a private prekey"))?;
                let kept = shelf.get(&secret)?.map(|row| read_secret(&row));
                // One that cannot be read is found by itself.
                if kept.is_none_or(|kept| kept.is_ok_and(|kept| kept.ends != at)) {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(b'h') => drop(read_row("chores", row, Reader::u64)?),
            Some(b'k' | b'c' | b'l') => known.skipped(shelf, key, row, report)?,
            Some(tag @ (b'w' | b'e')) => {
                read_row("noted", row, |_| Some(()))?;
                if !known.queued.contains(&(*tag, key.to_vec())) {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(tag @ (b'U' | b'W' | b'E')) if key.len() == 1 => known.ends(*tag, row, report)?,
            Some(tag @ (b'U' | b'W' | b'E')) => {
                if let Some(noted) = entry(*tag, row)? {
                    present(shelf, noted, report)?;
                }
            }
            // What only its own writer can read.
            _ => {}
        }
        Ok(())
    })
}

impl Known {
    fn gather(shelf: &Shelf<'_>) -> Result<Self, StoreError> {
        let mut known = Self::default();
        for tag in [b's', b't'] {
            let sessions = shelf.scan(&[tag], None, usize::MAX)?;
            known
                .numbers
                .extend(sessions.iter().filter_map(|(_, row)| row::read(row).ok()).map(|s| s.number));
        }
        for tag in [b'U', b'W', b'E'] {
            let entries = shelf.scan(&[tag], Some(&[tag]), usize::MAX)?;
            let last =
                entries.last().and_then(|(key, _)| key.last_chunk()).copied().map_or(0, u64::from_be_bytes);
            known.seats.insert(tag, (entries.len() as u64, last));
            for (_, row) in entries {
                // One that cannot be read is found by itself.
                known
                    .queued
                    .extend(entry(tag, &row).ok().flatten().map(|key| (tag.to_ascii_lowercase(), key)));
            }
        }
        Ok(known)
    }

    /// A number that is given out twice would mix the keys of two sessions.
    fn next_number(&self, next: u32, report: &mut Report<'_>) {
        if let Some(last) = self.numbers.last().filter(|last| next <= **last) {
            let row = writer().u32(last.wrapping_add(1)).finish();
            report.mend(Wrong::Differs, [(table::NEXT_SESSION.to_vec(), Some(row))].into());
        }
    }

    /// A queue is as long as it says, and its next seat is free.
    fn ends(&self, tag: u8, row: &[u8], report: &mut Report<'_>) -> Result<(), StoreError> {
        let (next, len) = read_row("queue", row, |r| Some((r.u64()?, r.u64()?)))?;
        let (found, last) = self.seats.get(&tag).copied().unwrap_or_default();
        if found != len || (found > 0 && next <= last) {
            let next = next.max(last.saturating_add(1));
            let row = writer().u64(next).u64(found).finish();
            report.mend(Wrong::Differs, [([tag].to_vec(), Some(row))].into());
        }
        Ok(())
    }

    /// Skipped keys belong to a session, and their chain has its two names.
    fn skipped(
        &self,
        shelf: &Shelf<'_>,
        key: &[u8],
        row: &[u8],
        report: &mut Report<'_>,
    ) -> Result<(), StoreError> {
        let wrong = damaged("skipped key");
        let number = key.get(1..5).and_then(|n| n.try_into().ok()).map(u32::from_be_bytes).ok_or(wrong)?;
        if !self.numbers.contains(&number) {
            report.drop(Wrong::Dangling);
            return Ok(());
        }
        match key.first() {
            Some(b'k') => {
                read_row("skipped key", row, Reader::array::<32>)?;
                let epoch = table::epoch_of(key).filter(|_| key.len() == 13);
                if !shelf.has(&table::label(number, epoch.ok_or(damaged("skipped key"))?))? {
                    report.say(Wrong::Incomplete);
                }
            }
            Some(b'c') => {
                let epoch = read_row("chain of skipped keys", row, Reader::u32)?;
                let ratchet = key.get(5..).unwrap_or_default();
                let label = shelf.get(&table::label(number, epoch))?;
                if label.is_none_or(|label| label.get(1..) != Some(ratchet)) {
                    report.drop(Wrong::Dangling);
                }
            }
            _ => {
                let epoch =
                    table::epoch_of(key).filter(|_| key.len() == 9).ok_or(damaged("label of a chain"))?;
                let ratchet = read_row("label of a chain", row, |r| Some(r.rest()))?;
                let chain = (table::chain(number, ratchet), Some(writer().u32(epoch).finish()));
                if shelf.scan(&table::skipped_in(number, epoch), None, 1)?.is_empty() {
                    report.drop(Wrong::Dangling);
                } else if !shelf.has(&chain.0)? {
                    report.mend(Wrong::Incomplete, [chain].into());
                }
            }
        }
        Ok(())
    }
}

/// The private half of a prekey leads to the prekey.
fn own_prekey(shelf: &Shelf<'_>, key: &[u8]) -> Result<(), StoreError> {
    let wrong = || damaged("own prekey");
    let prekey: Point = key.get(1..).and_then(|key| key.try_into().ok()).ok_or_else(wrong)?;
    own::retired(shelf, &prekey)?;
    let secret = own::secret(shelf, &prekey, Timestamp::default(), Duration::MAX)?;
    match secret {
        Some((secret, _)) if secret.public().compressed() == prekey => Ok(()),
        _ => Err(wrong()),
    }
}

/// A session that expired is found when its time is over; one on a prekey of ours when that is replaced.
fn session(shelf: &Shelf<'_>, key: &[u8], row: &[u8], report: &mut Report<'_>) -> Result<(), StoreError> {
    let Session { number, expired, .. } = row::read(row)?;
    let prekey = table::prekey_of(key).filter(|_| table::session_device_of(key).is_some());
    let prekey = prekey.ok_or(damaged("session"))?;
    let index = match expired {
        Some(at) => table::expired(at, number),
        None if shelf.has(&table::prekey(prekey))? => table::begun_session(prekey, number),
        None => return Ok(()),
    };
    if !shelf.has(&index)? {
        report.mend(Wrong::Incomplete, [(index, Some(writer().bytes(key).finish()))].into());
    }
    Ok(())
}

/// An index of sessions points to one, which has the number that stands in the index and expired when it says.
fn points(shelf: &Shelf<'_>, key: &[u8], row: &[u8], report: &mut Report<'_>) -> Result<(), StoreError> {
    let target = read_row("index of sessions", row, |r| Some(r.rest()))?;
    let aside = [&b"t"[..], target.get(1..).unwrap_or_default()].concat();
    let Some(row) = shelf.get(target)?.map_or_else(|| shelf.get(&aside), |row| Ok(Some(row)))? else {
        report.drop(Wrong::Dangling);
        return Ok(());
    };
    // One that cannot be read is found by itself.
    let Ok(session) = row::read(&row) else { return Ok(()) };
    let number = key.last_chunk().copied().map(u32::from_be_bytes);
    let at = if key.first() == Some(&b'x') { table::expired_at(key) } else { session.expired };
    if number != Some(session.number) || at != session.expired {
        report.drop(Wrong::Differs);
    }
    Ok(())
}

/// The row that an entry of a queue is noted in as well, if it has one.
fn entry(tag: u8, row: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    match Queue(tag) {
        Queue(b'U') => {
            read_row("stranger", row, |r| UserId::from_compressed(r.rest()).ok())?;
            Ok(None)
        }
        Queue(b'W') => {
            let user = read_row("answered user", row, |r| {
                let user = UserId::from_compressed(&r.array::<33>()?).ok()?;
                r.u64().map(|_| user)
            })?;
            Ok(Some(table::answered(&user)))
        }
        Queue(_) => {
            let digest = read_row("seen message", row, |r| {
                let digest = r.array()?;
                r.u64().map(|_| digest)
            })?;
            Ok(Some(table::seen(&digest)))
        }
    }
}

/// An empty row has to be there.
fn present(shelf: &Shelf<'_>, key: Vec<u8>, report: &mut Report<'_>) -> Result<(), StoreError> {
    if !shelf.has(&key)? {
        let row: Value = writer().finish();
        report.mend(Wrong::Incomplete, [(key, Some(row))].into());
    }
    Ok(())
}

fn user(key: &[u8]) -> Result<UserId, StoreError> {
    let user = key.get(1..34).and_then(|user| UserId::from_compressed(user).ok());
    user.ok_or(damaged("the key of a user"))
}

fn device(key: &[u8]) -> Result<&str, StoreError> {
    table::device_of(key).filter(|device| !device.is_empty()).ok_or(damaged("the key of a device"))
}

const fn damaged(what: &'static str) -> StoreError {
    StoreError::Damaged { what }
}
