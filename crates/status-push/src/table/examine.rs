//! What has to hold for the rows of a server.

use status_layer::examine::{Examined, Nature, Report, Table, Wrong, every_row};
use status_layer::row::{Reader, Writer};
use status_layer::{Area, Draft, Read, Shelf, StoreError};

use super::{
    DEVICE, DUE, Device, PERSON, QUEUE, QUEUED, RATE, REGISTRATION, SEEN, SEEN_AT, SEEN_COUNT, TOTALS,
    Totals, VERSION, device_key, devices, key, person, queue, read_person, read_registration, seen,
};
use crate::rate;

/// Every table of a server.
pub const TABLES: [Table; 11] = [
    table(TOTALS, "how much there is", Nature::Index),
    table(PERSON, "people with registrations", Nature::Index),
    table(DEVICE, "devices", Nature::Device),
    table(REGISTRATION, "registrations", Nature::Device),
    table(SEEN_COUNT, "how many messages came", Nature::Index),
    table(SEEN, "messages that came", Nature::Device),
    table(SEEN_AT, "the same by time", Nature::Index),
    table(QUEUE, "how many notifications wait", Nature::Device),
    table(QUEUED, "notifications that wait", Nature::Device),
    table(DUE, "the same by time", Nature::Index),
    table(RATE, "how often was asked", Nature::Device),
];

const fn table(tag: u8, holds: &'static str, nature: Nature) -> Table {
    Table { tag, holds, nature }
}

/// Looks at all rows of a server in `area`: every row can be read, and the invariants of the tables hold.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let sums = Sums::gather(rows, area)?;
    every_row(rows, area, &TABLES, |shelf, row_key, row, report| {
        match row_key.first().copied().unwrap_or_default() {
            TOTALS => {
                if Totals::read(row)? != sums.totals {
                    report.mend(Wrong::Differs, [(row_key.to_vec(), Some(sums.totals.row()))].into());
                }
            }
            PERSON => {
                let who = Reader::read_key("a person", row_key, Reader::array)?;
                let found = read_person(row)?;
                let count = |(_, device): &(_, Device)| device.registered;
                let registered = devices(shelf, &who)?.iter().filter(|it| count(it)).count() as u64;
                if u64::from(found) != registered {
                    report.say(Wrong::Differs);
                }
            }
            DEVICE => {
                let (who, which) = device_key(row_key)?;
                let has = shelf.has(&key(REGISTRATION, &[&who, &which]))?;
                if Device::read(row)?.registered != has || person(shelf, &who)?.is_none() {
                    report.say(Wrong::Incomplete);
                }
            }
            REGISTRATION => {
                read_registration(row)?;
                let (who, which) = device_key(row_key)?;
                if Device::load(shelf, &who, &which)?.is_none() {
                    report.say(Wrong::Dangling);
                }
            }
            SEEN_COUNT => {
                if seen::read_count(row)? != sums.seen {
                    let right = Writer::new(VERSION).u32(sums.seen).finish();
                    report.mend(Wrong::Differs, [(row_key.to_vec(), Some(right))].into());
                }
            }
            SEEN => {
                let at = seen::read(row)?.millis().to_be_bytes();
                let id: [u8; 32] = Reader::read_key("a message that came", row_key, Reader::array)?;
                present(shelf, key(SEEN_AT, &[&at, &id]), report)?;
            }
            SEEN_AT => {
                mark(row)?;
                let (at, id) = seen::at(row_key)?;
                let of = shelf.get(&key(SEEN, &[id.as_bytes()]))?.map(|row| seen::read(&row)).transpose()?;
                if of != Some(at) {
                    report.drop(Wrong::Dangling);
                }
            }
            QUEUE => {
                let (next, count) = queue::read_numbers(row)?;
                if count != sums.queued || next < sums.next {
                    let right = queue::numbers_row(next.max(sums.next), sums.queued);
                    report.mend(Wrong::Differs, [(row_key.to_vec(), Some(right))].into());
                }
            }
            QUEUED => {
                let number = Reader::read_key("a notification", row_key, Reader::u64)?;
                present(shelf, queue::due_key(queue::Queued::read(row)?.due, number), report)?;
            }
            DUE => {
                mark(row)?;
                let (due, number) = queue::due(row_key)?;
                if queue::load(shelf, number)?.is_none_or(|queued| queued.due != due) {
                    report.drop(Wrong::Dangling);
                }
            }
            _ => drop(rate::read(row)?),
        }
        Ok(())
    })
}

fn mark(row: &[u8]) -> Result<(), StoreError> {
    Reader::read("a mark", VERSION, row, |_| Some(()))
}

/// A row that says all in its key is there.
fn present(shelf: &Shelf<'_>, row: Vec<u8>, report: &mut Report<'_>) -> Result<(), StoreError> {
    if !shelf.has(&row)? {
        report.mend(Wrong::Incomplete, [(row, Some(Writer::new(VERSION).finish()))].into());
    }
    Ok(())
}

/// What the counts should be.
#[derive(Default)]
struct Sums {
    totals: Totals,
    seen: u32,
    queued: u32,
    next: u64,
}

impl Sums {
    fn gather(rows: &dyn Read, area: Area) -> Result<Self, StoreError> {
        let mut draft = Draft::new(rows);
        let shelf = draft.shelf(area);
        let count = |tag: u8| {
            let rows = shelf.scan(&[tag], None, usize::MAX)?;
            Ok::<_, StoreError>(u32::try_from(rows.len()).unwrap_or(u32::MAX))
        };
        let mut totals = Totals { people: count(PERSON)?, devices: 0, bytes: 0 };
        for (_, row) in shelf.scan(&[DEVICE], None, usize::MAX)? {
            if let Ok(device) = Device::read(&row) {
                totals.devices = totals.devices.saturating_add(1);
                totals.bytes = totals.bytes.saturating_add(u64::from(device.len));
            }
        }
        let last = shelf.scan(&[QUEUED], None, usize::MAX)?;
        let next = last.last().and_then(|(key, _)| Reader::read_key("a number", key, Reader::u64).ok());
        let next = next.map_or(0, |number| number.saturating_add(1));
        Ok(Self { totals, seen: count(SEEN)?, queued: count(QUEUED)?, next })
    }
}
