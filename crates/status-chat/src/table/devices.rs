//! What is known of the user's own devices.
//!
//! | key | value |
//! | --- | --- |
//! | `D` device id | version, joined (1): another device of our own |
//! | `n` device id | version, clock (8), length (2) and name, length (2) and kind: what a device of ours, or this one, is called |
//! | `Y` device id | version, until (8), why (1): a device that was not heard of yet, and what is to happen when it is |
//!
//! Numbers are big-endian, times in milliseconds since the Unix epoch.

use std::time::Duration;

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, Shelf, StoreError, Timestamp};

use crate::devices::{DeviceName, OwnDevice};

pub(crate) const DEVICE: u8 = b'D';
pub(crate) const NAME: u8 = b'n';
pub(crate) const EXPECTED: u8 = b'Y';

const VERSION: u8 = 1;
const WHAT: &str = "the chat's devices";

/// Most devices of our own that are shown. The security layer remembers 16.
pub(crate) const MAX_DEVICES: usize = 64;

/// How long a device is waited for that was handed the account, and how long one that was removed is not taken back on the
/// word of another.
pub(crate) const EXPECTED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is to happen when a device is heard of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    /// It was handed the account here: it joins, and our other devices are told of it.
    Invited = 1,
    /// A device that belongs to us says that it belongs to us as well: it joins.
    Vouched = 2,
    /// It was removed: nobody's word takes it back but the user's here.
    Removed = 3,
}

/// Keeps whether a device belongs to us.
pub(crate) fn save(shelf: &mut Shelf<'_>, id: &DeviceId, joined: bool) -> Result<(), StoreError> {
    let key = key(DEVICE, id);
    if shelf.has(&key)? || shelf.scan(&[DEVICE], None, MAX_DEVICES)?.len() < MAX_DEVICES {
        shelf.put(key, Writer::new(VERSION).flag(joined).finish());
    }
    Ok(())
}

/// Whether a device belongs to us; `None` if it was not heard of.
pub(crate) fn joined(shelf: &Shelf<'_>, id: &DeviceId) -> Result<Option<bool>, StoreError> {
    shelf.get(&key(DEVICE, id))?.map(|row| Reader::read(WHAT, VERSION, &row, Reader::flag)).transpose()
}

/// Every device, in the order of their ids.
pub(crate) fn all(shelf: &Shelf<'_>) -> Result<Vec<OwnDevice>, StoreError> {
    let rows = shelf.scan(&[DEVICE], None, MAX_DEVICES)?;
    rows.iter()
        .map(|(key, row)| {
            let (id, joined) = read(key, row)?;
            let name = name(shelf, &id)?.map(|(_, name)| name).unwrap_or_default();
            Ok(OwnDevice { id, joined, name })
        })
        .collect()
}

/// The device in a row, and whether it belongs to us.
pub(crate) fn read(key: &[u8], row: &[u8]) -> Result<(DeviceId, bool), StoreError> {
    Ok((device_in(key)?, Reader::read(WHAT, VERSION, row, Reader::flag)?))
}

/// Whether copies have a reader.
pub(crate) fn any_joined(shelf: &Shelf<'_>) -> Result<bool, StoreError> {
    let rows = shelf.scan(&[DEVICE], None, MAX_DEVICES)?;
    for (key, row) in rows {
        if read(&key, &row)?.1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keeps what a device is called, and the clock at which that was said.
pub(crate) fn save_name(shelf: &mut Shelf<'_>, id: &DeviceId, name: &DeviceName, clock: u64) {
    shelf.put(key(NAME, id), name.write(Writer::new(VERSION).u64(clock)).finish());
}

/// What a device is called, and the clock at which that was said.
pub(crate) fn name(shelf: &Shelf<'_>, id: &DeviceId) -> Result<Option<(u64, DeviceName)>, StoreError> {
    shelf.get(&key(NAME, id))?.map(|row| read_name(&row)).transpose()
}

/// The name in a row.
pub(crate) fn read_name(row: &[u8]) -> Result<(u64, DeviceName), StoreError> {
    Reader::read(WHAT, VERSION, row, |r| Some((r.u64()?, DeviceName::read(r)?)))
}

/// Remembers what is to happen when a device is heard of. If there is no room, what would be forgotten first goes.
pub(crate) fn expect(
    shelf: &mut Shelf<'_>,
    id: &DeviceId,
    why: Expected,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = key(EXPECTED, id);
    let mut rows = Vec::new();
    for (other, row) in shelf.scan(&[EXPECTED], None, MAX_DEVICES)? {
        let (_, until, _) = read_expected(&other, &row)?;
        if until <= now {
            shelf.delete(other);
        } else if other != key {
            rows.push((until, other));
        }
    }
    if rows.len() >= MAX_DEVICES
        && let Some((_, first)) = rows.into_iter().min()
    {
        shelf.delete(first);
    }
    let until = now.after(EXPECTED_FOR);
    shelf.put(key, Writer::new(VERSION).u64(until.millis()).u8(why as u8).finish());
    Ok(())
}

/// What is to happen when a device is heard of, if anything.
pub(crate) fn expected(
    shelf: &Shelf<'_>,
    id: &DeviceId,
    now: Timestamp,
) -> Result<Option<Expected>, StoreError> {
    let key = key(EXPECTED, id);
    let Some(row) = shelf.get(&key)? else { return Ok(None) };
    let (_, until, why) = read_expected(&key, &row)?;
    Ok((now < until).then_some(why))
}

/// It has happened.
pub(crate) fn expect_no_more(shelf: &mut Shelf<'_>, id: &DeviceId) {
    shelf.delete(key(EXPECTED, id));
}

/// The device in a row, until when it is expected, and why.
pub(crate) fn read_expected(key: &[u8], row: &[u8]) -> Result<(DeviceId, Timestamp, Expected), StoreError> {
    let id = device_in(key)?;
    Reader::read(WHAT, VERSION, row, |r| {
        let until = Timestamp::from_millis(r.u64()?);
        let why = match r.u8()? {
            1 => Expected::Invited,
            2 => Expected::Vouched,
            3 => Expected::Removed,
            _ => return None,
        };
        Some((id, until, why))
    })
}

fn device_in(key: &[u8]) -> Result<DeviceId, StoreError> {
    let text = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
    text.and_then(|text| DeviceId::new(text).ok()).ok_or(StoreError::Damaged { what: WHAT })
}

fn key(tag: u8, id: &DeviceId) -> Vec<u8> {
    [&[tag], id.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    fn id(name: &str) -> DeviceId {
        DeviceId::new(name).unwrap()
    }

    #[test]
    fn what_is_expected_lapses_and_is_bounded() {
        let mut party = Party::new(1);
        let kept = party.run(|cx| {
            for number in 0..MAX_DEVICES + 3 {
                let at = cx.now.after(Duration::from_secs(number as u64));
                expect(&mut cx.shelf, &id(&format!("device {number}")), Expected::Vouched, at)?;
            }
            let late = cx.now.after(EXPECTED_FOR);
            let found = |number: usize, now| expected(&cx.shelf, &id(&format!("device {number}")), now);
            let rows = cx.shelf.scan(&[EXPECTED], None, 1_000)?.len();
            Ok::<_, StoreError>((
                rows,
                found(2, cx.now)?,
                found(3, cx.now)?,
                found(3, late)?,
                found(4, late)?,
            ))
        });

        let vouched = Some(Expected::Vouched);
        assert_eq!(kept.unwrap(), (MAX_DEVICES, None, vouched, vouched, vouched));
    }

    #[test]
    fn a_name_is_kept_with_its_clock_and_shown_with_the_device() {
        let mut party = Party::new(1);
        let phone = DeviceName::new("Bob's phone", "android").unwrap();

        let shown = party.run(|cx| {
            save(&mut cx.shelf, &id("a"), true)?;
            save(&mut cx.shelf, &id("b"), false)?;
            save_name(&mut cx.shelf, &id("a"), &phone, 7);
            Ok::<_, StoreError>((all(&cx.shelf)?, name(&cx.shelf, &id("a"))?, any_joined(&cx.shelf)?))
        });

        let (all, name, any) = shown.unwrap();
        assert_eq!((name, any), (Some((7, phone.clone())), true));
        assert_eq!(all[0], OwnDevice { id: id("a"), joined: true, name: phone });
        assert_eq!(all[1], OwnDevice { id: id("b"), joined: false, name: DeviceName::default() });
    }
}
