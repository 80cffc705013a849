//! The rows of parcels that arrive in segments.
//!
//! | table | key | value, after the version byte |
//! | --- | --- | --- |
//! | unfinished parcels | `03 ‖ id` | since 8 ‖ sender 33, or none ‖ hash 32 ‖ pieces 2 ‖ parities 2 ‖ size 4 ‖ last 4 ‖ length 4 ‖ kept 4 ‖ segments 2 |
//! | their segments | `04 ‖ id ‖ point 2` | the bytes |
//! | complete parcels | `05 ‖ id` | nothing |
//! | when either is forgotten | `06 ‖ time 8 ‖ id` | nothing |
//!
//! The id is the start of the Keccak-256 of the place, the sender and the hash of the whole, so that nobody else can add to
//! a parcel, and nobody can pass it on at another place and make it count as complete here. The point is the number of a
//! piece, or 8000 hex and the number of a parity.

use alloc::vec::Vec;

use status_layer::row::{Reader, Writer};
use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};

use super::pile::Pile;
use super::wire::Part;
use super::{MAX_COMPLETE, MAX_UNFINISHED};

const UNFINISHED: u8 = 3;
const SEGMENTS: u8 = 4;
const COMPLETE: u8 = 5;
const FORGET: u8 = 6;
const VERSION: u8 = 1;

const WHAT: &str = "a parcel that arrives in segments";

/// Set in the point of a parity.
const PARITY: u16 = 0x8000;

/// How many bytes of a hash name a parcel.
const ID: usize = 16;

/// A parcel of one sender at one place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Id([u8; ID]);

impl Id {
    pub(crate) fn of_hash(hash: [u8; 32]) -> Self {
        let mut id = [0; ID];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(id)
    }
}

/// What is there of a parcel; `None` if it is not under way.
pub(crate) fn pile(shelf: &Shelf<'_>, id: Id) -> Result<Option<Pile>, StoreError> {
    shelf.get(&key(UNFINISHED, id))?.map(|row| decode(&row)).transpose()
}

/// All parcels under way.
pub(crate) fn piles(shelf: &Shelf<'_>) -> Result<Vec<(Id, Pile)>, StoreError> {
    let rows = shelf.scan(&[UNFINISHED], None, MAX_UNFINISHED + 1)?;
    rows.iter().map(|(key, row)| Ok((id_of(key.get(1..))?, decode(row)?))).collect()
}

/// Notes what is there of a parcel, which is forgotten in time unless it is complete before.
pub(crate) fn put_pile(shelf: &mut Shelf<'_>, id: Id, pile: &Pile) {
    let from = pile.from.map(|user| *user.as_bytes());
    let row = Writer::new(VERSION)
        .u64(pile.since.millis())
        .option(from.as_ref())
        .bytes(&pile.whole)
        .bytes(&pile.pieces.to_be_bytes())
        .bytes(&pile.parities.to_be_bytes())
        .u32(pile.size)
        .u32(pile.last)
        .u32(pile.length)
        .u32(pile.kept)
        .bytes(&pile.got.to_be_bytes());
    shelf.put(key(UNFINISHED, id), row.finish());
    shelf.put(forget_key(pile.until(), id), Writer::new(VERSION).finish());
}

/// Forgets a parcel under way and all its segments.
pub(crate) fn delete_pile(shelf: &mut Shelf<'_>, id: Id, until: Timestamp) -> Result<(), StoreError> {
    for (row, _) in shelf.scan(&key(SEGMENTS, id), None, usize::from(u16::MAX))? {
        shelf.delete(row);
    }
    shelf.delete(key(UNFINISHED, id));
    shelf.delete(forget_key(until, id));
    Ok(())
}

/// The bytes of one segment, if it is there.
pub(crate) fn segment(shelf: &Shelf<'_>, id: Id, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
    shelf.get(&segment_key(id, part))?.map(|row| read(&row, |r| Some(r.rest().to_vec()))).transpose()
}

/// Keeps the bytes of one segment.
pub(crate) fn put_segment(shelf: &mut Shelf<'_>, id: Id, part: Part, bytes: &[u8]) {
    let mut row = Vec::with_capacity(bytes.len().saturating_add(1));
    row.push(VERSION);
    row.extend_from_slice(bytes);
    shelf.put(segment_key(id, part), Value::new(row));
}

/// The segments that are there of a parcel: first the pieces, then the parity, each by its number.
pub(crate) fn segments(shelf: &Shelf<'_>, id: Id, limit: usize) -> Result<Parts, StoreError> {
    let mut parts = Parts::default();
    for (key, row) in shelf.scan(&key(SEGMENTS, id), None, limit)? {
        let point = key.last_chunk().copied().map(u16::from_be_bytes).ok_or(DAMAGED)?;
        let bytes = read(&row, |r| Some(r.rest().to_vec()))?;
        match point & PARITY {
            0 => parts.pieces.push((point, bytes)),
            _ => parts.parities.push((point & !PARITY, bytes)),
        }
    }
    Ok(parts)
}

/// The segments of a parcel with their numbers.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) pieces: Vec<(u16, Vec<u8>)>,
    pub(crate) parities: Vec<(u16, Vec<u8>)>,
}

/// Whether a parcel was complete before.
pub(crate) fn is_complete(shelf: &Shelf<'_>, id: Id) -> Result<bool, StoreError> {
    shelf.has(&key(COMPLETE, id))
}

/// Remembers that a parcel is complete.
///
/// Invariant: at most [`MAX_COMPLETE`] are remembered; the one that would be forgotten first makes room.
pub(crate) fn put_complete(shelf: &mut Shelf<'_>, id: Id, until: Timestamp) -> Result<(), StoreError> {
    if shelf.scan(&[COMPLETE], None, MAX_COMPLETE)?.len() >= MAX_COMPLETE {
        let all = shelf.scan(&[FORGET], None, MAX_COMPLETE + MAX_UNFINISHED)?;
        for (row, _) in all {
            let id = id_of(row.get(9..))?;
            if shelf.has(&key(COMPLETE, id))? {
                shelf.delete(key(COMPLETE, id));
                shelf.delete(row);
                break;
            }
        }
    }
    shelf.put(key(COMPLETE, id), Writer::new(VERSION).finish());
    shelf.put(forget_key(until, id), Writer::new(VERSION).finish());
    Ok(())
}

/// Forgets what is to be forgotten by `now`; returns when the next is.
pub(crate) fn forget(shelf: &mut Shelf<'_>, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let Some((row, _)) = shelf.scan(&[FORGET], None, 1)?.into_iter().next() else {
            return Ok(None);
        };
        let time = row.get(1..9).and_then(|time| time.try_into().ok()).map(u64::from_be_bytes);
        let time = Timestamp::from_millis(time.ok_or(DAMAGED)?);
        if time > now {
            return Ok(Some(time));
        }
        let id = id_of(row.get(9..))?;
        delete_pile(shelf, id, time)?;
        shelf.delete(key(COMPLETE, id));
    }
}

const DAMAGED: StoreError = StoreError::Damaged { what: WHAT };

fn decode(row: &[u8]) -> Result<Pile, StoreError> {
    read(row, |r| {
        let since = Timestamp::from_millis(r.u64()?);
        let from = match r.option::<33>()? {
            Some(key) => Some(UserId::from_compressed(&key).ok()?),
            None => None,
        };
        Some(Pile {
            since,
            from,
            whole: r.array()?,
            pieces: u16::from_be_bytes(r.array()?),
            parities: u16::from_be_bytes(r.array()?),
            size: r.u32()?,
            last: r.u32()?,
            length: r.u32()?,
            kept: r.u32()?,
            got: u16::from_be_bytes(r.array()?),
        })
    })
}

fn read<T>(row: &[u8], fields: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, StoreError> {
    Reader::read(WHAT, VERSION, row, fields)
}

fn id_of(bytes: Option<&[u8]>) -> Result<Id, StoreError> {
    bytes.and_then(|bytes| bytes.try_into().ok()).map(Id).ok_or(DAMAGED)
}

fn key(table: u8, id: Id) -> Vec<u8> {
    [&[table], id.0.as_slice()].concat()
}

fn forget_key(until: Timestamp, id: Id) -> Vec<u8> {
    [&[FORGET], until.millis().to_be_bytes().as_slice(), id.0.as_slice()].concat()
}

fn segment_key(id: Id, part: Part) -> Vec<u8> {
    let point = match part {
        Part::Piece { index, .. } => index,
        Part::Parity { index, .. } => index | PARITY,
    };
    [&[SEGMENTS], id.0.as_slice(), &point.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;
    use status_layer::{Batch, Store};

    use super::*;

    const A: Id = Id([7; ID]);

    fn some() -> Pile {
        let from = UserId::from_compressed(&[2; 33]).unwrap();
        let mut pile = Pile::new(Timestamp::from_millis(5), Some(from), [9; 32]);
        (pile.pieces, pile.parities, pile.size, pile.last) = (1, 2, 3, 4);
        (pile.length, pile.kept, pile.got) = (5, 6, 7);
        pile
    }

    #[test]
    fn a_parcel_under_way_reads_as_it_was_written() {
        let mut party = Party::new(1);
        for written in [some(), Pile { from: None, ..some() }] {
            let read = party.run(|cx| {
                put_pile(&mut cx.shelf, A, &written);
                Ok::<_, StoreError>((pile(&cx.shelf, A)?, piles(&cx.shelf)?))
            });

            assert_eq!(read.unwrap(), (Some(written.clone()), vec![(A, written)]));
        }
    }

    #[test]
    fn rows_of_a_newer_program_are_told_from_damaged_ones() {
        let mut party = Party::new(1);
        let mut read = |value: &[u8]| {
            let mut batch = Batch::default();
            batch.set(Party::AREA, key(UNFINISHED, A), Some(Value::new(value)));
            party.store.commit(batch).unwrap();
            party.run(|cx| pile(&cx.shelf, A)).unwrap_err()
        };

        assert!(matches!(read(&[2]), StoreError::Newer { found: 2, known: 1, .. }));
        assert!(matches!(read(&[]), StoreError::Damaged { what: WHAT }));
        assert!(matches!(read(&[1; 10]), StoreError::Damaged { what: WHAT }));
    }

    #[test]
    fn pieces_stand_before_parity() {
        let mut party = Party::new(1);
        let parts = party.run(|cx| {
            put_segment(&mut cx.shelf, A, Part::Parity { index: 0, count: 1 }, b"p");
            put_segment(&mut cx.shelf, A, Part::Piece { index: 255, count: 256 }, b"b");
            put_segment(&mut cx.shelf, A, Part::Piece { index: 1, count: 256 }, b"a");
            segments(&cx.shelf, A, 9)
        });

        let Parts { pieces, parities } = parts.unwrap();
        assert_eq!(pieces, [(1, b"a".to_vec()), (255, b"b".to_vec())]);
        assert_eq!(parities, [(0, b"p".to_vec())]);
    }
}
