//! What has to hold for the rows of this layer.

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::row::Reader;
use status_layer::{Area, Read, Rendezvous, StoreError};

use super::{KEYS, MAX_KEYS, MAX_PLACES, PLACES, Place, VERSION, place_key};
use crate::payload::symmetric::KEY;
use crate::topic::Spot;

/// Tables of parcels that arrive in segments, as `segment` has them.
const UNFINISHED: u8 = 3;
const SEGMENTS: u8 = 4;

/// Every table of this layer.
pub const TABLES: [Table; 9] = [
    Table { tag: PLACES, holds: "places that are listened at", nature: Nature::Device },
    Table { tag: KEYS, holds: "keys of other places", nature: Nature::Index },
    Table { tag: UNFINISHED, holds: "parcels that arrive in segments", nature: Nature::Device },
    Table { tag: SEGMENTS, holds: "their segments", nature: Nature::Device },
    Table { tag: 5, holds: "parcels that are complete", nature: Nature::Device },
    Table { tag: 6, holds: "when parcels are forgotten", nature: Nature::Device },
    Table { tag: 7, holds: "topics that hide our own", nature: Nature::Device },
    Table { tag: 8, holds: "places where we left something", nature: Nature::Device },
    Table { tag: 9, holds: "when cover goes out next", nature: Nature::Device },
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
        if row_key.first() == Some(&KEYS) {
            keys += 1;
            Reader::read("the key of a place", VERSION, row, |r| r.bytes(KEY).map(|_| ()))?;
            if row_key.len() != 1 + 32 {
                return Err(StoreError::Damaged { what: "the key of a place" });
            }
            if keys > MAX_KEYS {
                report.drop(Wrong::TooMany);
            }
            return Ok(());
        }
        if row_key.first() != Some(&PLACES) {
            Reader::read("a row of parcels or cover", VERSION, row, |r| Some(r.rest()))?;
            if let Some((&SEGMENTS, id)) = row_key.split_first() {
                let whole = [&[UNFINISHED], id.get(..16).unwrap_or_default()].concat();
                if !shelf.has(&whole)? {
                    report.drop(Wrong::Dangling);
                }
            }
            return Ok(());
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
