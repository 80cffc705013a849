//! The rows of a server. A key is a tag and what the row is about; numbers are big-endian, so that keys sort by them. A value is
//! a version and its fields.
//!
//! | tag | key | value | file |
//! | --- | --- | --- | --- |
//! | `n` | – | people 4, devices 4, bytes of registrations 8 | `table` |
//! | `p` | key hash 64 | how many devices are registered 4: the people | `table` |
//! | `r` | key hash 64, installation 36 | version 8, time 8, whether it is registered 1, bytes 4 | `table` |
//! | `R` | key hash 64, installation 36 | the registration as it was sealed for us: secrets | `table` |
//! | `c` | – | how many ids are remembered 4 | `seen` |
//! | `s` | message id 32 | when it came 8 | `seen` |
//! | `S` | time 8, message id 32 | –: the same by time | `seen` |
//! | `m` | – | next number 8, how many notifications wait 4 | `queue` |
//! | `o` | number 8 | time 8, due 8, tries 1, key hash 64, installation, chat, message: what waits for the gateway | `queue` |
//! | `O` | due 8, number 8 | –: the same by time | `queue` |
//! | `w` | what 1, about whom | minute 8, count 4 | `rate` |
//!
//! Invariants: each registered `r` has an `R`, and no other has; each `r` a `p`; each `s` an `S`; each `o` an `O`; the counts are
//! right. Installations are stored in lower case.

mod examine;
pub(crate) mod queue;
pub(crate) mod seen;

use status_layer::row::{Reader, Writer};
use status_layer::{Area, Shelf, StoreError, Timestamp};
use status_payload::PushNotificationRegistration;

pub use examine::{TABLES, examine};

/// Where a server keeps its rows; the layers below it have areas of their own.
pub const AREA: Area = Area(33);

pub(crate) const TOTALS: u8 = b'n';
pub(crate) const PERSON: u8 = b'p';
pub(crate) const DEVICE: u8 = b'r';
pub(crate) const REGISTRATION: u8 = b'R';
pub(crate) const SEEN_COUNT: u8 = b'c';
pub(crate) const SEEN: u8 = b's';
pub(crate) const SEEN_AT: u8 = b'S';
pub(crate) const QUEUE: u8 = b'm';
pub(crate) const QUEUED: u8 = b'o';
pub(crate) const DUE: u8 = b'O';
pub(crate) const RATE: u8 = b'w';

pub(crate) const VERSION: u8 = 1;
const WHAT: &str = "a registration for notifications";

/// The hash of a key: who is registered.
pub(crate) type KeyHash = [u8; 64];

/// The UUID of a device in its text form, in lower case.
pub(crate) type Installation = [u8; 36];

/// A UUID of a device; `None` if it cannot be one.
pub(crate) fn installation(text: &str) -> Option<Installation> {
    text.to_ascii_lowercase().as_bytes().try_into().ok()
}

/// What is known of a device, besides the registration itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Device {
    /// Of the registration, or of its end.
    pub(crate) version: u64,
    pub(crate) at: Timestamp,
    pub(crate) registered: bool,
    /// Of the registration, in bytes.
    pub(crate) len: u32,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Totals {
    pub(crate) people: u32,
    pub(crate) devices: u32,
    pub(crate) bytes: u64,
}

pub(crate) fn key(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag][..], parts.concat().as_slice()].concat()
}

impl Totals {
    pub(crate) fn load(shelf: &Shelf<'_>) -> Result<Self, StoreError> {
        shelf.get(&[TOTALS])?.map_or(Ok(Self::default()), |row| Self::read(&row))
    }

    pub(crate) fn save(self, shelf: &mut Shelf<'_>) {
        shelf.put([TOTALS], self.row());
    }

    pub(crate) fn row(self) -> status_layer::Value {
        Writer::new(VERSION).u32(self.people).u32(self.devices).u64(self.bytes).finish()
    }

    pub(crate) fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read("the totals of a push server", VERSION, row, |r| {
            Some(Self { people: r.u32()?, devices: r.u32()?, bytes: r.u64()? })
        })
    }
}

impl Device {
    pub(crate) fn load(
        shelf: &Shelf<'_>,
        who: &KeyHash,
        which: &Installation,
    ) -> Result<Option<Self>, StoreError> {
        shelf.get(&key(DEVICE, &[who, which]))?.map(|row| Self::read(&row)).transpose()
    }

    pub(crate) fn save(&self, shelf: &mut Shelf<'_>, who: &KeyHash, which: &Installation) {
        let row = Writer::new(VERSION).u64(self.version).u64(self.at.millis()).flag(self.registered);
        shelf.put(key(DEVICE, &[who, which]), row.u32(self.len).finish());
    }

    pub(crate) fn read(row: &[u8]) -> Result<Self, StoreError> {
        Reader::read(WHAT, VERSION, row, |r| {
            let (version, at) = (r.u64()?, Timestamp::from_millis(r.u64()?));
            Some(Self { version, at, registered: r.flag()?, len: r.u32()? })
        })
    }
}

/// Which device an `r` or an `R` is about.
pub(crate) fn device_key(key: &[u8]) -> Result<(KeyHash, Installation), StoreError> {
    Reader::read_key(WHAT, key, |r| Some((r.array()?, r.array()?)))
}

/// The devices of a person, also those that are not registered any more.
pub(crate) fn devices(shelf: &Shelf<'_>, who: &KeyHash) -> Result<Vec<(Installation, Device)>, StoreError> {
    let rows = shelf.scan(&key(DEVICE, &[who]), None, usize::MAX)?;
    rows.iter().map(|(key, row)| Ok((device_key(key)?.1, Device::read(row)?))).collect()
}

/// How many devices of a person are registered; nothing, if they never had one.
pub(crate) fn person(shelf: &Shelf<'_>, who: &KeyHash) -> Result<Option<u32>, StoreError> {
    shelf.get(&key(PERSON, &[who]))?.map(|row| read_person(&row)).transpose()
}

pub(crate) fn set_person(shelf: &mut Shelf<'_>, who: &KeyHash, registered: u32) {
    shelf.put(key(PERSON, &[who]), Writer::new(VERSION).u32(registered).finish());
}

pub(crate) fn read_person(row: &[u8]) -> Result<u32, StoreError> {
    Reader::read("a person with registrations", VERSION, row, Reader::u32)
}

/// What a device has registered, if it is registered.
pub(crate) fn registration(
    shelf: &Shelf<'_>,
    who: &KeyHash,
    which: &Installation,
) -> Result<Option<PushNotificationRegistration>, StoreError> {
    shelf.get(&key(REGISTRATION, &[who, which]))?.map(|row| read_registration(&row)).transpose()
}

/// Replaces what a device has registered.
pub(crate) fn set_registration(
    shelf: &mut Shelf<'_>,
    who: &KeyHash,
    which: &Installation,
    bytes: Option<&[u8]>,
) {
    let key = key(REGISTRATION, &[who, which]);
    match bytes {
        Some(bytes) => shelf.put(key, Writer::new(VERSION).bytes(bytes).finish()),
        None => shelf.delete(key),
    }
}

pub(crate) fn read_registration(row: &[u8]) -> Result<PushNotificationRegistration, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| PushNotificationRegistration::from_bytes(r.rest()).ok())
}
