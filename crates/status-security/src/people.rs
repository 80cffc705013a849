//! Whom we deal with. Anybody can make us hear of somebody, so what is kept of strangers is bounded.

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError, UserId};

use crate::table::codec::{read_row, writer};
use crate::table::queue::Seat;
use crate::table::{self, STRANGERS};
use crate::{device, private, session};

/// Most users of whom keys are kept although we do not expect them. The one not met for longest is forgotten, with
/// their devices and sessions.
pub const MAX_STRANGERS: u64 = 1024;

/// What we have to do with a user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Standing {
    /// Expected by the application: never forgotten.
    expected: bool,
    /// Whether we listen at the place that we share with them.
    shared: bool,
    /// Where they stand among the strangers.
    seat: Option<Seat>,
}

/// Users who were forgotten while we listened at a place shared with them.
pub(crate) type Forgotten = Vec<UserId>;

/// Notes that something of `user` is kept. Does not count as meeting them.
pub(crate) fn hear_of(shelf: &mut Shelf<'_>, user: &UserId) -> Result<Forgotten, StoreError> {
    match load(shelf, user)? {
        Some(_) => Ok(Forgotten::new()),
        None => seat_last(shelf, user, Standing::default()),
    }
}

/// Notes that `user` wrote to us or we to them.
pub(crate) fn meet(shelf: &mut Shelf<'_>, user: &UserId) -> Result<Forgotten, StoreError> {
    match load(shelf, user)?.unwrap_or_default() {
        Standing { expected: true, .. } => Ok(Forgotten::new()),
        standing => seat_last(shelf, user, standing),
    }
}

/// Whether the application expects `user`.
pub(crate) fn expected(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(load(shelf, user)?.is_some_and(|standing| standing.expected))
}

/// Whether the application expects `user`, or something sealed went from one to the other.
pub(crate) fn is_met(shelf: &Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    Ok(load(shelf, user)?.is_some_and(|standing| standing.expected || standing.shared))
}

/// Notes that the application expects `user`.
pub(crate) fn expect(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    let standing = load(shelf, user)?.unwrap_or_default();
    if let Some(seat) = standing.seat {
        STRANGERS.remove(shelf, seat)?;
    }
    save(shelf, user, &Standing { expected: true, seat: None, ..standing });
    Ok(())
}

/// Notes that the application expects `user` no more: they are a stranger from now on, without a shared place.
/// Returns those who have to be forgotten for that; `user` comes first if we listened at a shared place.
pub(crate) fn ignore(shelf: &mut Shelf<'_>, user: &UserId) -> Result<Forgotten, StoreError> {
    let Some(standing) = load(shelf, user)? else { return Ok(Forgotten::new()) };
    let mut left: Forgotten = standing.shared.then_some(*user).into_iter().collect();
    left.extend(seat_last(shelf, user, Standing { expected: false, shared: false, ..standing })?);
    Ok(left)
}

/// Notes that we listen at the place shared with `user`; whether that is new.
pub(crate) fn share(shelf: &mut Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    let standing = load(shelf, user)?.unwrap_or_default();
    if !standing.shared {
        save(shelf, user, &Standing { shared: true, ..standing });
    }
    Ok(!standing.shared)
}

/// Gives a stranger the last seat, and forgets whoever is one too many.
fn seat_last(shelf: &mut Shelf<'_>, user: &UserId, standing: Standing) -> Result<Forgotten, StoreError> {
    if let Some(seat) = standing.seat {
        STRANGERS.remove(shelf, seat)?;
    }
    let seat = STRANGERS.push(shelf, writer().bytes(user.as_bytes()))?;
    save(shelf, user, &Standing { seat: Some(seat), ..standing });

    let mut forgotten = Forgotten::new();
    while STRANGERS.len(shelf)? > MAX_STRANGERS {
        let Some((seat, entry)) = STRANGERS.oldest(shelf)? else { break };
        STRANGERS.remove(shelf, seat)?;
        let user = read_row("stranger", &entry, |r| UserId::from_compressed(r.rest()).ok())?;
        if forget(shelf, &user)? {
            forgotten.push(user);
        }
    }
    Ok(forgotten)
}

/// Forgets all of a user; whether we listened at a shared place.
fn forget(shelf: &mut Shelf<'_>, user: &UserId) -> Result<bool, StoreError> {
    let standing = load(shelf, user)?.unwrap_or_default();
    device::forget(shelf, user)?;
    session::forget_all(shelf, user)?;
    private::forget_all(shelf, user)?;
    shelf.delete(table::user(user));
    Ok(standing.shared)
}

fn load(shelf: &Shelf<'_>, user: &UserId) -> Result<Option<Standing>, StoreError> {
    let Some(row) = shelf.get(&table::user(user))? else { return Ok(None) };
    let standing = read_row("user", &row, |r| {
        let (expected, shared) = (r.flag()?, r.flag()?);
        Some(Standing { expected, shared, seat: r.option()?.map(Seat::from_be_bytes) })
    });
    standing.map(Some)
}

fn save(shelf: &mut Shelf<'_>, user: &UserId, standing: &Standing) {
    let row = writer().flag(standing.expected).flag(standing.shared);
    let seat = standing.seat.map(Seat::to_be_bytes);
    shelf.put(table::user(user), row.option(seat.as_ref()).finish());
}

#[cfg(test)]
mod tests;
