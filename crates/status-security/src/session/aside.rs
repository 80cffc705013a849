//! Sessions that are set aside: they open what still comes for them, and never seal again.
//!
//! After an old copy of the store was put back, nobody here knows how far a session had gone: its next message key may
//! have sealed already. So every session that we would seal in makes room for a new one. It is kept beside it, because
//! what peers sent in it since the copy was made comes once more from history, and nobody else would bring it.

use alloc::vec::Vec;

use status_layer::{Cx, Shelf, StoreError, Timestamp};

use super::ending::{delete, end_at};
use super::{Peer, Plain, key_of, row};
use crate::config::Config;
use crate::error::Error;
use crate::key::Point;
use crate::ratchet::Header;
use crate::table;

/// Sessions that are looked at in one read of the shelf.
const PAGE: usize = 256;

/// Sets every session aside that was set up with a prekey of the other side.
///
/// Those on our own prekeys are not sealed in once these are replaced.
pub(crate) fn set_all(cx: &mut Cx<'_>) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = cx.shelf.scan(&table::SESSIONS, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (key, _) in page {
            let prekey = table::prekey_of(&key).ok_or(StoreError::Damaged { what: "session" })?;
            if !cx.shelf.has(&table::prekey(prekey))? {
                set(&mut cx.shelf, key, cx.now)?;
            }
        }
    }
}

fn set(shelf: &mut Shelf<'_>, key: Vec<u8>, now: Timestamp) -> Result<(), StoreError> {
    let Some(row) = shelf.get(&key)? else { return Ok(()) };
    let mut session = row::read(&row)?;
    let aside = table::aside(&key);
    // One copy was put back before, and nothing was sealed for this device since: the older one gives way.
    delete(shelf, aside.clone())?;
    if let Some(at) = session.expired {
        shelf.delete(table::expired(at, session.number));
    }
    shelf.delete(key);
    let at = *session.expired.get_or_insert(now);
    shelf.put(aside.clone(), row::write(&session));
    end_at(shelf, &aside, session.number, at)
}

/// Opens a message in the session that was set aside, if there is one and the message fits.
pub(super) fn open(
    cx: &mut Cx<'_>,
    config: &Config,
    (peer, prekey): (&Peer<'_>, &Point),
    (header, payload): (&Header, &[u8]),
) -> Result<Option<Plain>, Error> {
    let key = table::aside(&key_of(peer, prekey));
    let Some(row) = cx.shelf.get(&key)? else { return Ok(None) };
    let mut session = row::read(&row)?;
    match session.open(cx, config, peer, (header, payload)) {
        Ok(plain) => {
            cx.shelf.put(key, row::write(&session));
            Ok(Some(plain))
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
