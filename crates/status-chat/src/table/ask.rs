//! Requests for history that are under way, and how far each device that was asked has come.
//!
//! | key | value |
//! | --- | --- |
//! | `z` `a` request (16) | version, begun at (8), since (8), until (8), then each chat with its length (2): what was asked for |
//! | `z` `g` request (16) device id | version, stand (1), due (8), covered (8), total (8), taken (8), whether there is a place (1), length (2) and chat, clock (8), message id (32): where the next page begins |
//!
//! Numbers are big-endian, times in milliseconds since the Unix epoch.

use status_layer::row::{Reader, Writer};
use status_layer::{DeviceId, Shelf, StoreError, Timestamp};

use super::{Spot, chat_bytes, chat_of, devices};
use crate::devices::{HistoryGiver, HistoryId, HistoryProgress, HistoryRange};
use crate::event::Chat;

pub(crate) const ASK: u8 = b'z';

const REQUEST: u8 = b'a';
const GIVER: u8 = b'g';
const VERSION: u8 = 1;
const WHAT: &str = "requests for history";

/// Requests that are under way at once.
pub(crate) const MAX_REQUESTS: usize = 16;

/// A request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Request {
    pub(crate) begun: Timestamp,
    pub(crate) range: HistoryRange,
}

/// Where a page begins: behind this place, towards the older messages.
pub(crate) type Place = (Chat, Spot);

/// How far a device that is asked has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Giver {
    pub(crate) stand: Stand,
    /// When it is asked next, unless it is done.
    pub(crate) due: Timestamp,
    pub(crate) covered: u64,
    pub(crate) total: u64,
    pub(crate) taken: u64,
    /// Nothing until it has answered.
    pub(crate) after: Option<Place>,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stand {
    /// It is to be asked.
    Waiting = 0,
    /// It was asked, and has not answered.
    Asked = 1,
    /// It has given all it has.
    Done = 2,
}

pub(crate) fn save(shelf: &mut Shelf<'_>, id: HistoryId, request: &Request) {
    let HistoryRange { chats, since, until } = &request.range;
    let row = Writer::new(VERSION).u64(request.begun.millis()).u64(*since).u64(*until);
    let row = chats.iter().fold(row, |row, chat| row.sized(&chat_bytes(chat)));
    shelf.put(request_key(id), row.finish());
}

/// Every request, in the order of their ids.
pub(crate) fn all(shelf: &Shelf<'_>) -> Result<Vec<(HistoryId, Request)>, StoreError> {
    let rows = shelf.scan(&[ASK, REQUEST], None, MAX_REQUESTS)?;
    rows.iter()
        .map(|(key, row)| {
            let id = key.last_chunk::<16>().ok_or(StoreError::Damaged { what: WHAT })?;
            Ok((HistoryId(*id), read_request(row)?))
        })
        .collect()
}

/// Forgets a request with all that belongs to it.
pub(crate) fn forget(shelf: &mut Shelf<'_>, id: HistoryId) -> Result<(), StoreError> {
    shelf.delete(request_key(id));
    for (device, _) in givers(shelf, id)? {
        shelf.delete(giver_key(id, &device));
    }
    Ok(())
}

pub(crate) fn save_giver(shelf: &mut Shelf<'_>, id: HistoryId, device: &DeviceId, giver: &Giver) {
    let row = Writer::new(VERSION)
        .u8(giver.stand as u8)
        .u64(giver.due.millis())
        .u64(giver.covered)
        .u64(giver.total)
        .u64(giver.taken);
    let row = match &giver.after {
        None => row.flag(false),
        Some((chat, spot)) => row.flag(true).sized(&chat_bytes(chat)).u64(spot.clock).bytes(&spot.id),
    };
    shelf.put(giver_key(id, device), row.finish());
}

pub(crate) fn giver(
    shelf: &Shelf<'_>,
    id: HistoryId,
    device: &DeviceId,
) -> Result<Option<Giver>, StoreError> {
    shelf.get(&giver_key(id, device))?.map(|row| read_giver(&row)).transpose()
}

/// Every device that was asked, in the order of their ids.
pub(crate) fn givers(shelf: &Shelf<'_>, id: HistoryId) -> Result<Vec<(DeviceId, Giver)>, StoreError> {
    let prefix = [&[ASK, GIVER], id.0.as_slice()].concat();
    let rows = shelf.scan(&prefix, None, devices::MAX_DEVICES)?;
    rows.iter().map(|(key, row)| Ok((device_in(key)?, read_giver(row)?))).collect()
}

/// When somebody is to be asked next, if anybody is.
pub(crate) fn due(shelf: &Shelf<'_>) -> Result<Option<Timestamp>, StoreError> {
    let rows = shelf.scan(&[ASK, GIVER], None, MAX_REQUESTS * devices::MAX_DEVICES)?;
    let mut due = None;
    for (_, row) in rows {
        let giver = read_giver(&row)?;
        if giver.stand != Stand::Done {
            due = Some(due.map_or(giver.due, |due: Timestamp| due.min(giver.due)));
        }
    }
    Ok(due)
}

/// How far a request has come.
pub(crate) fn progress(shelf: &Shelf<'_>, id: HistoryId) -> Result<HistoryProgress, StoreError> {
    let of = |(device, giver): (DeviceId, Giver)| HistoryGiver {
        device,
        taken: giver.taken,
        covered: giver.covered,
        total: giver.total,
        done: giver.stand == Stand::Done,
    };
    let givers: Vec<_> = givers(shelf, id)?.into_iter().map(of).collect();
    let done = givers.iter().all(|giver| giver.done);
    Ok(HistoryProgress { id, givers, done })
}

/// Looks whether a row can be read.
pub(super) fn check(shelf: &Shelf<'_>, key: &[u8], row: &[u8]) -> Result<bool, StoreError> {
    match key.get(1) {
        Some(&REQUEST) if key.len() == 18 => read_request(row).map(|_| true),
        Some(&GIVER) => {
            device_in(key)?;
            read_giver(row)?;
            let id = key.get(2..18).and_then(|id| id.try_into().ok());
            let id = HistoryId(id.ok_or(StoreError::Damaged { what: WHAT })?);
            shelf.has(&request_key(id))
        }
        _ => Err(StoreError::Damaged { what: WHAT }),
    }
}

fn read_request(row: &[u8]) -> Result<Request, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let begun = Timestamp::from_millis(r.u64()?);
        let (since, until) = (r.u64()?, r.u64()?);
        let mut chats = Vec::new();
        while !r.is_empty() {
            chats.push(chat_of(r.sized()?)?);
        }
        Some(Request { begun, range: HistoryRange { chats, since, until } })
    })
}

fn read_giver(row: &[u8]) -> Result<Giver, StoreError> {
    Reader::read(WHAT, VERSION, row, |r| {
        let stand = match r.u8()? {
            0 => Stand::Waiting,
            1 => Stand::Asked,
            2 => Stand::Done,
            _ => return None,
        };
        let due = Timestamp::from_millis(r.u64()?);
        let (covered, total, taken) = (r.u64()?, r.u64()?, r.u64()?);
        let after = match r.flag()? {
            true => Some((chat_of(r.sized()?)?, Spot { clock: r.u64()?, id: r.array()? })),
            false => None,
        };
        Some(Giver { stand, due, covered, total, taken, after })
    })
}

fn device_in(key: &[u8]) -> Result<DeviceId, StoreError> {
    let text = std::str::from_utf8(key.get(18..).unwrap_or_default()).ok();
    text.and_then(|text| DeviceId::new(text).ok()).ok_or(StoreError::Damaged { what: WHAT })
}

fn request_key(id: HistoryId) -> Vec<u8> {
    [&[ASK, REQUEST], id.0.as_slice()].concat()
}

fn giver_key(id: HistoryId, device: &DeviceId) -> Vec<u8> {
    [&[ASK, GIVER], id.0.as_slice(), device.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use status_layer::Name;
    use status_layer::testing::Party;

    use super::*;

    #[test]
    fn a_request_is_kept_as_it_was_and_goes_with_all_its_devices() {
        let (id, room) = (HistoryId([7; 16]), Chat::Channel(Name::new("room").unwrap()));
        let request = Request {
            begun: Timestamp::from_millis(5),
            range: HistoryRange { chats: vec![room.clone(), room.clone()], since: 6, until: 7 },
        };
        let at = |millis| Timestamp::from_millis(millis);
        let some = Giver {
            stand: Stand::Asked,
            due: at(9),
            covered: 1,
            total: 2,
            taken: 3,
            after: Some((room, Spot { clock: 4, id: [8; 32] })),
        };
        let done = Giver { stand: Stand::Done, due: at(2), after: None, ..some.clone() };
        let (a, b) = (DeviceId::new("a").unwrap(), DeviceId::new("b").unwrap());

        let kept: Result<_, StoreError> = Party::new(1).run(|cx| {
            let shelf = &mut cx.shelf;
            save(shelf, id, &request);
            save_giver(shelf, id, &a, &some);
            save_giver(shelf, id, &b, &done);
            let kept = (all(shelf)?, givers(shelf, id)?, due(shelf)?, progress(shelf, id)?.done);
            forget(shelf, id)?;
            Ok((kept, shelf.scan(&[ASK], None, 9)?.len()))
        });

        let kept = kept.unwrap();
        assert_eq!(kept.0, (vec![(id, request)], vec![(a, some), (b, done)], Some(at(9)), false));
        assert_eq!(kept.1, 0);
    }
}
