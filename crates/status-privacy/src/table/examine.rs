//! What has to hold for the rows of this layer.

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::row::Reader;
use status_layer::{Area, Read, Rendezvous, StoreError, Value};

use super::{DECOYS, KEYS, MAX_KEYS, MAX_PLACES, PLACES, Place, VERSION, place_key};
use crate::payload::symmetric::KEY;
use crate::topic::Spot;
use crate::{cover, segment};

/// Every table of this layer.
pub const TABLES: [Table; 9] = [
    Table { tag: PLACES, holds: "places that are listened at", nature: Nature::Device },
    Table { tag: KEYS, holds: "keys of other places", nature: Nature::Index },
    Table {
        tag: segment::table::UNFINISHED,
        holds: "parcels that arrive in segments",
        nature: Nature::Device,
    },
    Table { tag: segment::table::SEGMENTS, holds: "segments", nature: Nature::Device },
    Table { tag: segment::table::COMPLETE, holds: "parcels that were complete", nature: Nature::Device },
    Table { tag: segment::table::FORGET, holds: "when parcels are forgotten", nature: Nature::Device },
    Table { tag: DECOYS, holds: "topics asked for to hide our own", nature: Nature::Device },
    Table { tag: cover::TRAILS, holds: "where we left something", nature: Nature::Device },
    Table { tag: cover::NEXT_TAG, holds: "when the next cover is due", nature: Nature::Device },
];

/// Looks at all rows of this layer in `area`.
///
/// Every row can be read, a place lies where its name says, and there are not more than there can be.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let (mut places, mut keys) = (0, 0);
    every_row(rows, area, &TABLES, |shelf, row_key, row, report| {
        match row_key.first() {
            Some(&PLACES) => {}
            Some(&KEYS) => {
                keys += 1;
                key(row_key, row)?;
                if keys > MAX_KEYS {
                    report.drop(Wrong::TooMany);
                }
                return Ok(());
            }
            Some(&DECOYS) => return decoy(row_key, row),
            Some(&(cover::TRAILS | cover::NEXT_TAG)) => return cover::check(row_key, row),
            _ => {
                if segment::table::check(shelf, row_key, row)? == segment::table::Whose::Nobodys {
                    report.drop(Wrong::Dangling);
                }
                return Ok(());
            }
        }
        places += 1;
        let meet = match Place::decode(row_key, row)? {
            Place::Inbox => None,
            Place::Named { name, .. } => Some(Rendezvous::Named(name)),
            Place::Shared { secret, .. } => Some(Rendezvous::Shared(secret)),
        };
        let spot = meet.and_then(|meet| Spot::of(&meet));
        if row_key.len() != 1 + 32 + 1 || spot.is_some_and(|spot| place_key(&spot) != row_key) {
            report.say(Wrong::Differs);
        }
        if places > MAX_PLACES {
            report.say(Wrong::TooMany);
        }
        Ok(())
    })
}

fn key(row_key: &[u8], row: &Value) -> Result<(), StoreError> {
    let read = |r: &mut Reader<'_>| r.bytes(KEY).filter(|_| row_key.len() == 1 + 32).map(drop);
    Reader::read("the key of a place", VERSION, row, read)
}

fn decoy(row_key: &[u8], row: &Value) -> Result<(), StoreError> {
    Reader::read("a decoy", VERSION, row, |_| (row_key.len() == 1 + 4).then_some(()))
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;
    use status_layer::{Name, Secret, Shelf};

    use super::super::{put_key, put_place};
    use super::*;

    fn spot(text: &str) -> (Spot, Name) {
        let name = Name::new(text).unwrap();
        (Spot::of(&Rendezvous::Named(name.clone())).unwrap(), name)
    }

    fn found(change: impl FnOnce(&mut Shelf<'_>)) -> Vec<(Wrong, bool)> {
        let mut party = Party::new(1);
        let filled: Result<(), StoreError> = party.run(|cx| {
            let (at, name) = spot("listened at");
            put_place(&mut cx.shelf, &at, &Place::Named { key: Secret::new([7; KEY]), name });
            put_key(&mut cx.shelf, &spot("written to").0, &Secret::new([8; KEY]))?;
            change(&mut cx.shelf);
            Ok(())
        });
        filled.unwrap();
        let examined = examine(&party.store, Party::AREA).unwrap();
        examined.findings.iter().map(|finding| (finding.wrong, !finding.repair.is_empty())).collect()
    }

    #[test]
    fn rows_that_were_used_are_in_order_and_what_does_not_fit_is_found() {
        let place = place_key(&spot("listened at").0);
        let elsewhere = place_key(&spot("elsewhere").0);
        let row = |name: &[u8]| [&[1][..], &[7; KEY], name].concat();

        assert_eq!(found(|_| {}), []);
        assert_eq!(found(|shelf| shelf.put(place.clone(), alloc::vec![1, 2])), [(Wrong::Damaged, false)]);
        assert_eq!(found(|shelf| shelf.put(elsewhere, row(b"listened at"))), [(Wrong::Differs, false)]);
        assert_eq!(
            found(|shelf| shelf.put([&[KEYS][..], &[5; 32]].concat(), alloc::vec![1, 2])),
            [(Wrong::Damaged, true)]
        );
        assert_eq!(found(|shelf| shelf.put(*b"z", alloc::vec![1])), [(Wrong::Unknown, false)]);
        let newer = (Wrong::Newer { found: 9, known: 1 }, false);
        assert_eq!(found(|shelf| shelf.put(place.clone(), alloc::vec![9])), [newer]);
    }

    #[test]
    fn keys_that_are_too_many_may_go() {
        let many = found(|shelf| {
            for n in 0..MAX_KEYS {
                let hash = [n.to_be_bytes().as_slice(), &[0; 24]].concat();
                shelf.put([&[KEYS][..], &hash].concat(), [&[1][..], &[5; KEY]].concat());
            }
        });

        assert_eq!(many, [(Wrong::TooMany, true)]);
    }
}
