//! What has to hold for the conductor's own rows.

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::{Area, Read, StoreError};

use crate::table::{self, CURSOR, FRAME, LOAD, NEXT_ID, OF, TRY, WATCHED};
use crate::track;

/// Every table of the conductor.
pub const TABLES: [Table; 7] = [
    Table { tag: FRAME, holds: "frames that wait to be published", nature: Nature::Device },
    Table { tag: TRY, holds: "when frames are tried again", nature: Nature::Index },
    Table { tag: LOAD, holds: "what frames carry", nature: Nature::Device },
    Table { tag: OF, holds: "which frames carry it", nature: Nature::Device },
    Table { tag: b'N', holds: "the number of the next frame", nature: Nature::Device },
    Table { tag: b'C', holds: "up to when frames were seen", nature: Nature::Device },
    Table { tag: b'W', holds: "topics that are watched", nature: Nature::Device },
];

/// Looks at all rows of the conductor in `area`.
///
/// Every row can be read. A frame has a time at which it is tried again, and the other way round; its number is below
/// the next one. What frames carry and which frames carry it belong together.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let mut highest = None;
    let mut examined = every_row(rows, area, &TABLES, |shelf, key, value, report| {
        match key.first() {
            Some(&FRAME) => {
                let id = number(key)?;
                highest = highest.max(Some(id));
                table::decode_frame(value)?;
                if !shelf.has(&table::key(TRY, id))? {
                    let now = (table::key(TRY, id), Some(table::encode_number(0)));
                    report.mend(Wrong::Incomplete, [now].into());
                }
            }
            Some(&TRY) => {
                let id = number(key)?;
                table::decode_number(value)?;
                if !shelf.has(&table::key(FRAME, id))? {
                    report.drop(Wrong::Dangling);
                }
            }
            Some(&LOAD) => {
                let id = number(key)?;
                let frames = u64::from(track::frames(value)?);
                if frames == 0 || !shelf.has(&table::key(OF, id.saturating_add(frames - 1)))? {
                    report.drop(Wrong::Incomplete);
                }
            }
            Some(&OF) => {
                let id = number(key)?;
                let first = track::first(value)?;
                let load = shelf.get(&table::key(LOAD, first))?.map(|row| track::frames(&row));
                // One that cannot be read is found by itself.
                let carries = load.is_some_and(|frames| {
                    frames.map_or(true, |frames| (first..first.saturating_add(frames.into())).contains(&id))
                });
                if !carries {
                    report.drop(Wrong::Dangling);
                }
            }
            _ if key == NEXT_ID || key == CURSOR => drop(table::decode_number(value)?),
            _ if key == WATCHED => drop(table::decode_topics(value)?),
            _ => report.say(Wrong::Unknown),
        }
        Ok(())
    })?;
    let next = rows.get(area, NEXT_ID)?.map(|value| table::decode_number(&value)).transpose();
    // A number that is given out twice would put one frame in the place of another.
    if let (Some(highest), Ok(next)) = (highest, next)
        && next.unwrap_or(0) <= highest
    {
        let after = table::encode_number(highest.saturating_add(1));
        examined.add(&TABLES, NEXT_ID, Wrong::Differs, [(NEXT_ID.to_vec(), Some(after))].into());
    }
    Ok(examined)
}

/// The number in a key of nine bytes.
fn number(key: &[u8]) -> Result<u64, StoreError> {
    if key.len() == 9 { table::id(key) } else { Err(table::damaged()) }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use status_layer::testing::Party;
    use status_layer::{Frame, Timestamp, Topic};

    use super::*;
    use crate::outbox;

    fn frame() -> Frame {
        Frame { topic: Topic::new("/a/topic"), at: Timestamp::from_millis(5), bytes: vec![1, 2, 3] }
    }

    /// An outbox of three frames, with some rows changed.
    fn found(change: &[(&[u8], Option<&[u8]>)]) -> Vec<(Vec<u8>, Wrong)> {
        let mut party = Party::new(1);
        party
            .run(|cx| {
                for _ in 0..3 {
                    outbox::put(cx, core::time::Duration::from_secs(1), &frame())?;
                }
                for (key, value) in change {
                    match value {
                        Some(value) => cx.shelf.put(*key, value.to_vec()),
                        None => cx.shelf.delete(*key),
                    }
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let examined = examine(&party.store, Party::AREA).unwrap();
        examined.findings.into_iter().map(|finding| (finding.key, finding.wrong)).collect()
    }

    #[test]
    fn an_outbox_that_was_used_is_in_order() {
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn what_does_not_fit_in_an_outbox_is_found() {
        let (frame, again) = (table::key(FRAME, 1), table::key(TRY, 1));
        let one = |key: &[u8], wrong| [(key.to_vec(), wrong)].to_vec();

        assert_eq!(found(&[(&again, None)]), one(&frame, Wrong::Incomplete));
        assert_eq!(found(&[(&frame, None)]), one(&again, Wrong::Dangling));
        assert_eq!(found(&[(&frame, Some(&[1, 0]))]), one(&frame, Wrong::Damaged));
        assert_eq!(found(&[(&again, Some(&[9]))]), one(&again, Wrong::Newer { found: 9, known: 1 }));
        assert_eq!(found(&[(NEXT_ID, Some(&[1, 0, 0, 0, 0, 0, 0, 0, 2]))]), one(NEXT_ID, Wrong::Differs));
        assert_eq!(found(&[(NEXT_ID, None)]), one(NEXT_ID, Wrong::Differs));
        assert_eq!(found(&[(b"Nothing", Some(&[1]))]), one(b"Nothing", Wrong::Unknown));
        assert_eq!(found(&[(b"z", Some(&[1]))]), one(b"z", Wrong::Unknown));
    }
}
