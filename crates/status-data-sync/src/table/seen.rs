//! Which messages arrived, so that copies are noticed. Bounded by number and age for each sender.

use alloc::vec::Vec;

use status_layer::row::Reader;
use status_layer::{Shelf, StoreError, Timestamp, UserId};

use super::peer::Peer;
use super::{SEEN, SEEN_BY, empty, id, key, user};
use crate::ident::SyncId;

/// Whether a message arrived, as far as that is still known.
pub(crate) fn has(shelf: &Shelf<'_>, id: SyncId) -> Result<bool, StoreError> {
    shelf.has(&seen_key(id))
}

/// Notes a message that arrived for the first time.
pub(crate) fn note(shelf: &mut Shelf<'_>, peer: &mut Peer, id: SyncId, now: Timestamp) {
    shelf.put(seen_key(id), empty());
    shelf.put(seen_by_key(&peer.user, now, id), empty());
    peer.counts.seen = peer.counts.seen.saturating_add(1);
}

/// Notes looked at in one go: few, because mostly none is to be forgotten.
const LOOK: usize = 8;

/// Forgets the notes about a sender that are from before `since`.
pub(crate) fn trim(shelf: &mut Shelf<'_>, peer: &mut Peer, since: Timestamp) -> Result<(), StoreError> {
    let prefix = key(SEEN_BY, &[peer.user.as_bytes()]);
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = shelf.scan(&prefix, after.as_deref(), LOOK)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(last.clone());
        for (row, _) in rows {
            let (at, id) = Reader::read_key("a data sync note", &row, |r| {
                user(r)?;
                Some((Timestamp::from_millis(r.u64()?), id(r)?))
            })?;
            if at >= since {
                return Ok(());
            }
            shelf.delete(seen_key(id));
            shelf.delete(row);
            peer.counts.seen = peer.counts.seen.saturating_sub(1);
        }
    }
}

fn seen_key(id: SyncId) -> Vec<u8> {
    key(SEEN, &[id.as_bytes()])
}

fn seen_by_key(user: &UserId, at: Timestamp, id: SyncId) -> Vec<u8> {
    key(SEEN_BY, &[user.as_bytes(), &at.millis().to_be_bytes(), id.as_bytes()])
}
