//! How sessions end: they expire, are kept for late messages, and are deleted.

use alloc::vec::Vec;

use status_layer::{Cx, Shelf, StoreError, Timestamp, UserId};

use super::{MAX_SESSIONS, Peer, Session, key_of, load, row};
use crate::config::Config;
use crate::key::Point;
use crate::skipped::SkippedKeys;
use crate::table::codec::writer;
use crate::{expiry, table};

/// Forgets every session with a user.
pub(crate) fn forget_all(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    for table in [table::sessions(user), table::all_aside(user)] {
        for (key, _) in shelf.scan(&table, None, MAX_SESSIONS)? {
            delete(shelf, key)?;
        }
    }
    Ok(())
}

/// Deletes the session under `key`, if any, with its skipped keys and all that points to it.
pub(crate) fn delete(shelf: &mut Shelf<'_>, key: Vec<u8>) -> Result<(), StoreError> {
    let Some(row) = shelf.get(&key)? else { return Ok(()) };
    let session = row::read(&row)?;
    SkippedKeys(session.number).forget_oldest(shelf, session.kept)?;
    if let Some(at) = session.expired {
        shelf.delete(table::expired(at, session.number));
    }
    if let Some(prekey) = table::prekey_of(&key) {
        shelf.delete(table::begun_session(prekey, session.number));
    }
    shelf.delete(key);
    Ok(())
}

/// Marks the session under `key`, if any, as one that is not sent in any more since `at`.
pub(crate) fn expire(shelf: &mut Shelf<'_>, key: &[u8], at: Timestamp) -> Result<(), StoreError> {
    let Some(row) = shelf.get(key)? else { return Ok(()) };
    let mut session = row::read(&row)?;
    if session.expired.is_none() {
        session.expired = Some(at);
        shelf.put(key, row::write(&session));
        end_at(shelf, key, session.number, at)?;
    }
    Ok(())
}

pub(super) fn end_at(
    shelf: &mut Shelf<'_>,
    key: &[u8],
    number: u32,
    at: Timestamp,
) -> Result<(), StoreError> {
    shelf.put(table::expired(at, number), writer().bytes(key).finish());
    expiry::look_at(shelf, at)
}

/// The session with a device that was set up with `prekey`; if it is past its time it ends now.
pub(super) fn kept(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    prekey: &Point,
) -> Result<Option<Session>, StoreError> {
    let Some(session) = load(&cx.shelf, peer, prekey)? else { return Ok(None) };
    let expired = expiry::since(&cx.shelf, &session, prekey)?;
    if expired.is_some_and(|at| cx.now.since(at) >= config.keep_sessions) {
        end(&mut cx.shelf, key_of(peer, prekey))?;
        return Ok(None);
    }
    Ok(Some(session))
}

/// Deletes the session under `key`, if any, whose time is over. Its handshakes are remembered as long as the prekey is
/// kept: nobody could begin it once more by bringing its first message again.
pub(crate) fn end(shelf: &mut Shelf<'_>, key: Vec<u8>) -> Result<(), StoreError> {
    if let (Some(row), Some(prekey)) = (shelf.get(&key)?, table::prekey_of(&key))
        && shelf.has(&table::prekey(prekey))?
    {
        for digest in row::read(&row)?.handshakes {
            shelf.put(table::spent_handshake(prekey, &digest), writer().finish());
        }
    }
    delete(shelf, key)
}
