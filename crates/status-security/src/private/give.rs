//! Private prekeys that we make for devices of others.

use alloc::vec::Vec;

use status_crypto::SecretKey;
use status_layer::{Cx, Shelf, StoreError, Timestamp};

use super::{Dealings, MAX_PRIVATE, Out, PrivatePrekey, Way, agreed, load, save};
use crate::config::Config;
use crate::device::{Device, MAX_KNOWN};
use crate::key::{Key, Point};
use crate::session::{Peer, Session};
use crate::table::codec::{read_row, writer};
use crate::{expiry, people, table};

/// Most private prekeys that are wiped in one call of `due`; the rest waits for the next.
const PAGE: usize = 64;

/// The private prekey that the next message in a session carries, if any. One is made if the application expects the
/// user, a chain begins, and the device has none.
pub(crate) fn offer(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    (device, session): (&Device, &Session),
) -> Result<Option<PrivatePrekey>, StoreError> {
    let answered = session.handshake.is_none() && session.ratchet.peer.is_some();
    if !answered || !agreed(config, device) {
        return Ok(None);
    }
    let (number, epoch) = (session.number, session.ratchet.epoch);
    let here = Way::Carried { session: number, epoch };
    let mut dealings = load(&cx.shelf, peer)?;
    if session.ratchet.sending.n > 0 {
        return Ok(dealings.out.filter(|out| out.way == here).map(|out| out.prekey));
    }
    if !people::expected(&cx.shelf, &peer.key.user())? {
        return Ok(None);
    }
    let (prekey, way) = match dealings.out.filter(|out| out.prekey.until > cx.now) {
        Some(Out { way: Way::There, .. }) => return Ok(None),
        Some(Out { prekey, way: Way::Carried { session, epoch: before } })
            if session == number && before < epoch =>
        {
            (prekey, Way::There)
        }
        Some(Out { prekey, .. }) => (prekey, here),
        None => (make(cx, config, peer, &mut dealings)?, here),
    };
    dealings.out = Some(Out { prekey, way });
    save(&mut cx.shelf, peer, &dealings);
    Ok((way == here).then_some(prekey))
}

/// Makes one.
///
/// Invariant: its number is above that of every one before, even of those that this store does not know because an old
/// copy of it was put back. Hence numbers follow the clock and not a count.
pub(super) fn make(
    cx: &mut Cx<'_>,
    config: &Config,
    peer: &Peer<'_>,
    dealings: &mut Dealings,
) -> Result<PrivatePrekey, StoreError> {
    let minutes = u32::try_from(cx.now.secs() / 60).unwrap_or(u32::MAX);
    let number = dealings.made.saturating_add(1).max(minutes);
    let secret = SecretKey::generate(cx.rng);
    let (prekey, ends) = (secret.public().compressed(), cx.now.after(config.keep_prekeys));
    let kept = Kept { scalar: Key::new(*secret.to_bytes()), number, ends };

    let key = table::private_secret(&peer.key.user(), peer.device, &prekey);
    make_room(&mut cx.shelf, peer)?;
    cx.shelf.put(table::private_end(ends, &key), writer().finish());
    cx.shelf.put(key, write(&kept));
    expiry::look_at(&mut cx.shelf, ends)?;
    dealings.made = number;
    Ok(PrivatePrekey { prekey, until: cx.now.after(config.keep_prekeys / 2), number })
}

/// The private half of a private prekey that we made for a device, if it was not used.
///
/// Invariant: no other device is answered with it.
pub(crate) fn secret(
    shelf: &Shelf<'_>,
    peer: &Peer<'_>,
    prekey: &Point,
    now: Timestamp,
) -> Result<Option<SecretKey>, StoreError> {
    let Some(row) = shelf.get(&table::private_secret(&peer.key.user(), peer.device, prekey))? else {
        return Ok(None);
    };
    let kept = read(&row)?;
    if kept.ends <= now {
        return Ok(None);
    }
    let key = SecretKey::from_bytes(kept.scalar.expose());
    key.map(Some).map_err(|_| StoreError::Damaged { what: "private prekey" })
}

/// Notes that a device has begun a session anew, with a private prekey or without one. What it used is wiped; who uses
/// none has none.
pub(crate) fn begun(
    shelf: &mut Shelf<'_>,
    peer: &Peer<'_>,
    private: Option<&Point>,
) -> Result<(), StoreError> {
    if let Some(used) = private {
        wipe(shelf, table::private_secret(&peer.key.user(), peer.device, used))?;
    }
    let dealings = load(shelf, peer)?;
    let Some(out) = dealings.out else { return Ok(()) };
    // If it used an earlier one, it may not have this one yet.
    let other = private.is_some_and(|used| *used != out.prekey.prekey);
    let out = other.then_some(Out { way: Way::Unsent, ..out });
    save(shelf, peer, &Dealings { out, ..dealings });
    Ok(())
}

/// Wipes what was kept for long enough; returns when to come again.
pub(crate) fn wipe_due(shelf: &mut Shelf<'_>, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    for (end, _) in shelf.scan(&table::PRIVATE_ENDS, None, PAGE)? {
        let found = table::private_ended(&end).ok_or(StoreError::Damaged { what: "end of a private prekey" });
        let (at, secret) = found?;
        if at > now {
            return Ok(Some(at));
        }
        shelf.delete(secret);
        shelf.delete(end);
    }
    let more = shelf.scan(&table::PRIVATE_ENDS, None, 1)?;
    Ok((!more.is_empty()).then(|| now.after(expiry::SOON)))
}

/// Wipes all whose keys begin with `prefix`: those of a device or of a user.
pub(super) fn wipe_all(shelf: &mut Shelf<'_>, prefix: &[u8]) -> Result<(), StoreError> {
    for (key, _) in shelf.scan(prefix, None, MAX_KNOWN.saturating_mul(MAX_PRIVATE))? {
        wipe(shelf, key)?;
    }
    Ok(())
}

/// Wipes the oldest for a device if there is no room for another.
fn make_room(shelf: &mut Shelf<'_>, peer: &Peer<'_>) -> Result<(), StoreError> {
    let kept = shelf.scan(&table::private_secrets(&peer.key.user(), peer.device), None, MAX_PRIVATE)?;
    if kept.len() < MAX_PRIVATE {
        return Ok(());
    }
    let mut oldest: Option<(u32, Vec<u8>)> = None;
    for (key, row) in kept {
        let number = read(&row)?.number;
        if oldest.as_ref().is_none_or(|(oldest, _)| number < *oldest) {
            oldest = Some((number, key));
        }
    }
    oldest.map_or(Ok(()), |(_, key)| wipe(shelf, key))
}

fn wipe(shelf: &mut Shelf<'_>, key: Vec<u8>) -> Result<(), StoreError> {
    if let Some(row) = shelf.get(&key)? {
        shelf.delete(table::private_end(read(&row)?.ends, &key));
        shelf.delete(key);
    }
    Ok(())
}

/// The private half of one.
pub(crate) struct Kept {
    scalar: Key,
    number: u32,
    /// When it is wiped, used or not.
    pub(crate) ends: Timestamp,
}

fn write(kept: &Kept) -> status_layer::Value {
    writer().bytes(kept.scalar.expose()).u32(kept.number).u64(kept.ends.millis()).finish()
}

pub(crate) fn read(row: &[u8]) -> Result<Kept, StoreError> {
    read_row("private prekey", row, |r| {
        let (scalar, number) = (Key::new(r.array()?), r.u32()?);
        Some(Kept { scalar, number, ends: Timestamp::from_millis(r.u64()?) })
    })
}
