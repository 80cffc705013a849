//! A queue on the shelf, for memories that must not grow without bound: the oldest entry can be found and removed.

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError, Value};

use super::codec::{read_row, writer};

/// A queue under one table tag.
///
/// Rows: the bare tag → next seat, number of entries; tag ‖ seat → entry.
#[derive(Clone, Copy)]
pub(crate) struct Queue(pub(crate) u8);

/// An entry's place in its queue; ascending by age.
pub(crate) type Seat = u64;

struct Ends {
    next: Seat,
    len: u64,
}

impl Queue {
    /// Puts `entry` last and returns its seat.
    pub(crate) fn push(
        self,
        shelf: &mut Shelf<'_>,
        entry: status_layer::row::Writer,
    ) -> Result<Seat, StoreError> {
        let Ends { next, len } = self.ends(shelf)?;
        shelf.put(self.key(next), entry.finish());
        self.set_ends(shelf, &Ends { next: next.saturating_add(1), len: len.saturating_add(1) });
        Ok(next)
    }

    /// The entry that has waited longest.
    pub(crate) fn oldest(self, shelf: &Shelf<'_>) -> Result<Option<(Seat, Value)>, StoreError> {
        // The seats come after the bare tag, which is their prefix.
        let Some((key, entry)) = shelf.scan(&[self.0], Some(&[self.0]), 1)?.into_iter().next() else {
            return Ok(None);
        };
        let seat = <[u8; 8]>::try_from(key.get(1..).unwrap_or_default());
        let seat = seat.map_err(|_| StoreError::Damaged { what: "seat of a queue" })?;
        Ok(Some((Seat::from_be_bytes(seat), entry)))
    }

    /// Removes the entry in `seat`, if any.
    pub(crate) fn remove(self, shelf: &mut Shelf<'_>, seat: Seat) -> Result<(), StoreError> {
        let key = self.key(seat);
        if shelf.has(&key)? {
            let Ends { next, len } = self.ends(shelf)?;
            shelf.delete(key);
            self.set_ends(shelf, &Ends { next, len: len.saturating_sub(1) });
        }
        Ok(())
    }

    /// The number of entries.
    pub(crate) fn len(self, shelf: &Shelf<'_>) -> Result<u64, StoreError> {
        Ok(self.ends(shelf)?.len)
    }

    fn key(self, seat: Seat) -> Vec<u8> {
        [&[self.0][..], &seat.to_be_bytes()].concat()
    }

    fn ends(self, shelf: &Shelf<'_>) -> Result<Ends, StoreError> {
        let Some(row) = shelf.get(&[self.0])? else { return Ok(Ends { next: 0, len: 0 }) };
        read_row("queue", &row, |r| Some(Ends { next: r.u64()?, len: r.u64()? }))
    }

    fn set_ends(self, shelf: &mut Shelf<'_>, ends: &Ends) {
        shelf.put([self.0], writer().u64(ends.next).u64(ends.len).finish());
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::Party;

    use super::*;

    #[test]
    fn the_oldest_entry_comes_first_and_removed_ones_are_not_counted() {
        let mut party = Party::new(1);

        let (oldest, len) = party
            .run(|cx| {
                let queue = Queue(b'q');
                let first = queue.push(&mut cx.shelf, writer().u32(1))?;
                let second = queue.push(&mut cx.shelf, writer().u32(2))?;
                queue.push(&mut cx.shelf, writer().u32(3))?;
                queue.remove(&mut cx.shelf, first)?;
                queue.remove(&mut cx.shelf, first)?;
                let oldest = queue.oldest(&cx.shelf)?.map(|(seat, _)| seat == second);
                Ok::<_, StoreError>((oldest, queue.len(&cx.shelf)?))
            })
            .unwrap();

        assert_eq!((oldest, len), (Some(true), 2));
    }
}
