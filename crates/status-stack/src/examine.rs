//! What has to hold for the conductor's own rows.

use status_layer::examine::{Examined, Nature, Table, Wrong, every_row};
use status_layer::{Area, Read, StoreError};

use crate::table::{self, ALONE, COUNT, CURSOR, DUE, FRAME, LOAD, NEXT_ID, OF, TRY, WATCHED};
use crate::track;

/// Every table of the conductor.
pub const TABLES: [Table; 10] = [
    Table { tag: FRAME, holds: "frames that wait to be published", nature: Nature::Device },
    Table { tag: TRY, holds: "when frames are tried again", nature: Nature::Index },
    Table { tag: DUE, holds: "frames by the time of their next try", nature: Nature::Index },
    Table { tag: b'K', holds: "how many frames wait", nature: Nature::Index },
    Table { tag: b'A', holds: "since when nobody is there", nature: Nature::Device },
    Table { tag: LOAD, holds: "what frames carry", nature: Nature::Device },
    Table { tag: OF, holds: "which frames carry it", nature: Nature::Device },
    Table { tag: b'N', holds: "the number of the next frame", nature: Nature::Device },
    Table { tag: b'C', holds: "up to when nothing is missing", nature: Nature::Device },
    Table { tag: b'W', holds: "topics that are watched", nature: Nature::Device },
];

/// Looks at all rows of the conductor in `area`.
///
/// Every row can be read. A frame has a time at which it is tried again, and the other way round, and stands among all by
/// that time; its number is below the next one; as many as wait are counted. What frames carry and which frames carry it belong together.
///
/// # Errors
/// [`StoreError`] if the medium fails.
pub fn examine(rows: &dyn Read, area: Area) -> Result<Examined, StoreError> {
    let (mut highest, mut waiting) = (None, 0_u64);
    // A store that this version has not started yet has neither.
    let counted = rows.get(area, COUNT)?.is_some() || !rows.scan(area, &[DUE], None, 1)?.is_empty();
    let mut examined = every_row(rows, area, &TABLES, |shelf, key, value, report| {
        match key.first() {
            Some(&FRAME) => {
                let id = number(key)?;
                highest = highest.max(Some(id));
                table::decode_frame(value)?;
                if !shelf.has(&table::key(TRY, id))? {
                    let now = (table::key(TRY, id), Some(table::encode_number(0)));
                    let place = (table::due_key(0, id), Some(table::encode_mark()));
                    report.mend(Wrong::Incomplete, [now, place].into());
                }
            }
            Some(&TRY) => {
                let id = number(key)?;
                let place = table::due_key(table::decode_number(value)?, id);
                if !shelf.has(&table::key(FRAME, id))? {
                    report.drop(Wrong::Dangling);
                    return Ok(());
                }
                waiting = waiting.saturating_add(1);
                if counted && !shelf.has(&place)? {
                    report.mend(Wrong::Incomplete, [(place, Some(table::encode_mark()))].into());
                }
            }
            Some(&DUE) => {
                table::decode_mark(value)?;
                let (at, id) = table::due(key)?;
                let time = shelf.get(&table::key(TRY, id))?.map(|row| table::decode_number(&row));
                // One that cannot be read is found by itself.
                if !time.is_some_and(|time| time.map_or(true, |time| time == at)) {
                    report.drop(Wrong::Differs);
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
            _ if [NEXT_ID, CURSOR, COUNT, ALONE].contains(&key) => drop(table::decode_number(value)?),
            _ if key == WATCHED => drop(table::decode_topics(value)?),
            _ => report.say(Wrong::Unknown),
        }
        Ok(())
    })?;
    let count = rows.get(area, COUNT)?.map(|value| table::decode_number(&value)).transpose();
    if counted && count.is_ok_and(|count| count != Some(waiting)) {
        let right = table::encode_number(waiting);
        examined.add(&TABLES, COUNT, Wrong::Differs, [(COUNT.to_vec(), Some(right))].into());
    }
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

    /// When the frames are tried again.
    const AGAIN: u64 = 9_000_000;

    fn frame() -> Frame {
        Frame { topic: Topic::new("/a/topic"), at: Timestamp::from_millis(5), bytes: vec![1, 2, 3] }
    }

    /// An outbox of three frames, with some rows changed.
    fn found(change: &[(&[u8], Option<&[u8]>)]) -> Vec<(Vec<u8>, Wrong)> {
        let mut party = Party::new(1);
        party.now = Timestamp::from_millis(AGAIN - 1_000);
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
    fn an_outbox_of_an_earlier_version_is_in_order() {
        let places: Vec<_> = (0..3).map(|id| table::due_key(AGAIN, id)).collect();
        let mut change: Vec<(&[u8], Option<&[u8]>)> =
            places.iter().map(|key| (key.as_slice(), None)).collect();
        change.push((COUNT, None));

        assert_eq!(found(&change), []);
    }

    #[test]
    fn what_does_not_fit_in_an_outbox_is_found() {
        let (frame, again) = (table::key(FRAME, 1), table::key(TRY, 1));
        let (place, elsewhere) = (table::due_key(AGAIN, 1), table::due_key(AGAIN + 1, 1));
        let some = |all: &[(&[u8], Wrong)]| {
            all.iter().map(|(key, wrong)| (key.to_vec(), *wrong)).collect::<Vec<_>>()
        };
        let one = |key: &[u8], wrong| some(&[(key, wrong)]);
        let miscounted: (&[u8], Wrong) = (COUNT, Wrong::Differs);
        let newer = Wrong::Newer { found: 9, known: 1 };

        let taken = some(&[(&place, Wrong::Differs), (&frame, Wrong::Incomplete), miscounted]);
        assert_eq!(found(&[(&again, None)]), taken);
        assert_eq!(found(&[(&frame, None)]), some(&[(&again, Wrong::Dangling), miscounted]));
        assert_eq!(found(&[(&again, Some(&[9]))]), some(&[(&again, newer), miscounted]));
        assert_eq!(found(&[(&place, None)]), one(&again, Wrong::Incomplete));
        assert_eq!(found(&[(&elsewhere, Some(&[1]))]), one(&elsewhere, Wrong::Differs));
        assert_eq!(found(&[(COUNT, Some(&[1, 0, 0, 0, 0, 0, 0, 0, 2]))]), one(COUNT, Wrong::Differs));
        assert_eq!(found(&[(COUNT, None)]), one(COUNT, Wrong::Differs));
        assert_eq!(found(&[(COUNT, Some(&[]))]), one(COUNT, Wrong::Damaged));
        assert_eq!(found(&[(&frame, Some(&[1, 0]))]), one(&frame, Wrong::Damaged));
        assert_eq!(found(&[(NEXT_ID, Some(&[1, 0, 0, 0, 0, 0, 0, 0, 2]))]), one(NEXT_ID, Wrong::Differs));
        assert_eq!(found(&[(NEXT_ID, None)]), one(NEXT_ID, Wrong::Differs));
        assert_eq!(found(&[(b"Nothing", Some(&[1]))]), one(b"Nothing", Wrong::Unknown));
        assert_eq!(found(&[(b"z", Some(&[1]))]), one(b"z", Wrong::Unknown));
    }
}
