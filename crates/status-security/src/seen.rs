//! Memory of the static messages that were opened, since nothing else tells a replay from a first coming.

use core::time::Duration;

use status_crypto::keccak256;
use status_layer::{Shelf, StoreError, Timestamp, UserId};

use crate::key::Point;
use crate::table::codec::{read_row, writer};
use crate::table::{self, SEEN};

/// Most static messages that are remembered; the oldest are forgotten.
pub const MAX_SEEN: u64 = 4096;

/// How long a static message is remembered: as long as networks keep messages for those who are away.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Notes the ephemeral key of a static message that `sender` signed; `false` if it was noted before.
///
/// Invariant: who signs the message of another as theirs does not keep that one from being opened.
pub(crate) fn note(
    shelf: &mut Shelf<'_>,
    sender: &UserId,
    ephemeral: &Point,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let digest = digest(sender, ephemeral);
    if shelf.has(&table::seen(&digest))? {
        return Ok(false);
    }
    SEEN.push(shelf, writer().bytes(&digest).u64(now.millis()))?;
    shelf.put(table::seen(&digest), writer().finish());
    while let Some((seat, entry)) = SEEN.oldest(shelf)? {
        let (digest, at) =
            read_row("seen message", &entry, |r| Some((r.array()?, Timestamp::from_millis(r.u64()?))))?;
        if SEEN.len(shelf)? <= MAX_SEEN && now.since(at) < REMEMBERED {
            break;
        }
        SEEN.remove(shelf, seat)?;
        shelf.delete(table::seen(&digest));
    }
    Ok(true)
}

/// Only X counts: a point and its negation give the same key, so a replay could wear the other sign.
fn digest(sender: &UserId, ephemeral: &Point) -> [u8; 16] {
    let [_, x @ ..] = ephemeral;
    keccak256(&[sender.as_bytes(), x]).first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    fn point(n: u64) -> Point {
        let mut point = [2; 33];
        point[25..].copy_from_slice(&n.to_be_bytes());
        point
    }

    fn user(n: u8) -> UserId {
        let mut bytes = [n; 33];
        bytes[0] = 2;
        UserId::from_compressed(&bytes).unwrap()
    }

    fn note_from(party: &mut Party, sender: u8, point: &Point) -> bool {
        party.run(|cx| note(&mut cx.shelf, &user(sender), point, cx.now)).unwrap()
    }

    fn note_at(party: &mut Party, n: u64) -> bool {
        note_from(party, 1, &point(n))
    }

    #[test]
    fn a_key_is_noted_once_whatever_its_sign() {
        let mut party = Party::new(1);
        let mut negated = point(1);
        negated[0] = 3;

        assert!(note_at(&mut party, 1));
        assert!(!note_at(&mut party, 1));
        assert!(!note_from(&mut party, 1, &negated));
    }

    #[test]
    fn a_key_that_another_user_has_signed_for_is_another_key() {
        let mut party = Party::new(1);

        assert!(note_from(&mut party, 2, &point(1)), "somebody copied it");
        assert!(note_from(&mut party, 1, &point(1)), "and the original still counts");
        assert!(!note_from(&mut party, 2, &point(1)));
    }

    #[test]
    fn the_memory_does_not_grow_without_bound() {
        let mut party = Party::new(1);

        for n in 0..MAX_SEEN + 10 {
            note_at(&mut party, n);
        }

        assert_eq!(party.store.len() as u64, 2 * MAX_SEEN + 1);
        assert!(!note_at(&mut party, 10), "the newest are remembered");
    }

    #[test]
    fn old_messages_are_forgotten() {
        let mut party = Party::new(1);
        note_at(&mut party, 1);

        party.wait(REMEMBERED);
        note_at(&mut party, 2);

        assert_eq!(party.store.len(), 3);
    }
}
