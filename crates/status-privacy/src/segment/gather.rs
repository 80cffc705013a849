//! Putting parcels together whose segments arrive one by one.

use status_crypto::keccak256;
use status_layer::{Cx, Parcel, Sealed, Shelf, StoreError, Timestamp};

use super::pile::Pile;
use super::table::{self, Id};
use super::{
    COMPLETE_FOR, MAX_UNFINISHED, MAX_UNFINISHED_OF_SENDER, MAX_WAITING, MAX_WAITING_OF_SENDER, SegmentError,
    wire,
};
use crate::topic::Spot;
use crate::{Error, PeelError};

/// Takes a parcel as it was in its envelope. What is no segment comes back at once; of segments, the one with which there
/// are enough gives the whole parcel, and all others `None`. Copies change nothing, also after the parcel is complete.
///
/// # Errors
/// [`SegmentError`] if the segment cannot be, or contradicts what is there.
pub(crate) fn gather(cx: &mut Cx<'_>, parcel: Parcel) -> Result<Option<Parcel>, Error> {
    let Some(segment) = wire::decode(parcel.sealed.as_bytes()).map_err(PeelError::Segment)? else {
        return Ok(Some(parcel));
    };
    let id = id(&parcel, &segment.whole);
    if table::is_complete(&cx.shelf, id)? {
        return Ok(None);
    }
    if let Some(there) = table::segment(&cx.shelf, id, segment.part)? {
        let same = there == segment.bytes;
        return if same { Ok(None) } else { Err(PeelError::Segment(SegmentError::Conflict).into()) };
    }
    let mut pile =
        table::pile(&cx.shelf, id)?.unwrap_or_else(|| Pile::new(cx.now, parcel.hint, segment.whole));
    pile.admit(&segment).map_err(PeelError::Segment)?;
    make_room(&mut cx.shelf, id, &pile)?;
    table::put_segment(&mut cx.shelf, id, segment.part, &segment.bytes);
    if !pile.is_enough() {
        table::put_pile(&mut cx.shelf, id, &pile);
        return Ok(None);
    }
    let parts = table::segments(&cx.shelf, id, usize::from(pile.got))?;
    table::delete_pile(&mut cx.shelf, id, pile.until())?;
    // If it is not what its hash names, its sender made it wrong: nothing of it is kept, and it may come again.
    let Some(whole) = pile.assemble(parts) else {
        return Ok(None);
    };
    table::put_complete(&mut cx.shelf, id, cx.now.after(COMPLETE_FOR))?;
    Ok(Some(Parcel { sealed: Sealed::new(whole), ..parcel }))
}

/// Forgets parcels that never became whole and those that were whole long ago; returns when the next is forgotten.
pub(crate) fn forget_old(cx: &mut Cx<'_>) -> Result<Option<Timestamp>, StoreError> {
    table::forget(&mut cx.shelf, cx.now)
}

/// Names the parcel that a segment belongs to: of this sender, at this place.
fn id(parcel: &Parcel, whole: &[u8; 32]) -> Id {
    let (kind, place) = Spot::of(&parcel.meet).map_or(([0], [0; 32]), |spot| ([spot.kind as u8], spot.hash));
    let from = parcel.hint.map_or([0; 33], |user| *user.as_bytes());
    Id::of_hash(keccak256(&[&kind, &place, &from, whole]))
}

/// Gives up other parcels until there is room for `pile`: first of the same sender, then of anybody, the oldest first.
fn make_room(shelf: &mut Shelf<'_>, id: Id, pile: &Pile) -> Result<(), Error> {
    let kept = |pile: &Pile| usize::try_from(pile.kept).unwrap_or(usize::MAX);
    let (len, max) = (kept(pile), MAX_WAITING_OF_SENDER);
    if len > max {
        return Err(PeelError::Segment(SegmentError::TooLarge { len, max }).into());
    }
    let mut others = table::piles(shelf)?;
    others.retain(|(other, _)| *other != id);
    others.sort_by_key(|(_, other)| other.since);
    let limits = [
        (Some(pile.from), MAX_UNFINISHED_OF_SENDER, MAX_WAITING_OF_SENDER),
        (None, MAX_UNFINISHED, MAX_WAITING),
    ];
    for (from, most, bytes) in limits {
        let counts = |other: &Pile| from.is_none_or(|from| other.from == from);
        loop {
            let (piles, sum) = others
                .iter()
                .filter(|(_, other)| counts(other))
                .fold((1_usize, kept(pile)), |(piles, sum), (_, other)| {
                    (piles + 1, sum.saturating_add(kept(other)))
                });
            if piles <= most && sum <= bytes {
                break;
            }
            let Some(oldest) = others.iter().position(|(_, other)| counts(other)) else { break };
            let (other, gone) = others.remove(oldest);
            table::delete_pile(shelf, other, gone.until())?;
        }
    }
    Ok(())
}
