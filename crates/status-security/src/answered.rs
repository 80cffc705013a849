//! Memory of whom we have told our keys lately because they wrote what this device cannot read.

use core::time::Duration;

use status_layer::{Shelf, StoreError, Timestamp, UserId};

use crate::own::aged;
use crate::people;
use crate::table::codec::{read_row, writer};
use crate::table::{self, ANSWERED};

/// Most users who are remembered so. When there are more, only users whom the application expects are answered until
/// the oldest may be forgotten: a crowd of strangers makes us send this much, and no more.
pub const MAX_ANSWERED: u64 = 1024;

/// Notes that `user` is answered; `false` if they must not be, because that was less than `every` ago.
pub(crate) fn note(
    shelf: &mut Shelf<'_>,
    user: &UserId,
    now: Timestamp,
    every: Duration,
) -> Result<bool, StoreError> {
    while let Some((seat, entry)) = ANSWERED.oldest(shelf)? {
        let (user, at) = read_row("answered user", &entry, |r| {
            let user = UserId::from_compressed(&r.array::<33>()?).ok()?;
            Some((user, Timestamp::from_millis(r.u64()?)))
        })?;
        if !aged(now, at, every) {
            break;
        }
        ANSWERED.remove(shelf, seat)?;
        shelf.delete(table::answered(&user));
    }
    let full = ANSWERED.len(shelf)? >= MAX_ANSWERED && !people::expected(shelf, user)?;
    if full || shelf.has(&table::answered(user))? {
        return Ok(false);
    }
    ANSWERED.push(shelf, writer().bytes(user.as_bytes()).u64(now.millis()))?;
    shelf.put(table::answered(user), writer().finish());
    Ok(true)
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    const EVERY: Duration = Duration::from_secs(2 * 60 * 60);

    fn user(n: u64) -> UserId {
        let mut bytes = [2; 33];
        bytes[25..].copy_from_slice(&n.to_be_bytes());
        UserId::from_compressed(&bytes).unwrap()
    }

    fn answered(party: &mut Party, n: u64) -> bool {
        party.run(|cx| note(&mut cx.shelf, &user(n), cx.now, EVERY)).unwrap()
    }

    #[test]
    fn a_user_is_answered_once_in_two_hours_and_the_first_time_at_once() {
        let mut party = Party::new(1);

        let first = answered(&mut party, 1);
        party.wait(EVERY - Duration::from_millis(1));
        let soon = answered(&mut party, 1);
        party.wait(Duration::from_millis(1));
        let later = answered(&mut party, 1);

        assert_eq!((first, soon, later), (true, false, true));
    }

    #[test]
    fn a_crowd_of_strangers_fills_the_memory_and_gets_no_more_answers() {
        let mut party = Party::new(1);
        party.run(|cx| people::expect(&mut cx.shelf, &user(0))).unwrap();

        let strangers = (1..=MAX_ANSWERED + 100).filter(|n| answered(&mut party, *n)).count();
        let rows = party.store.len();

        assert_eq!(strangers as u64, MAX_ANSWERED);
        assert_eq!(rows as u64, 2 * MAX_ANSWERED + 2);
        assert!(answered(&mut party, 0), "whom we expect is answered all the same");
        party.wait(EVERY);
        assert!(answered(&mut party, 5000), "and strangers again when the memory has aged");
        assert_eq!(party.store.len(), 4);
    }
}
