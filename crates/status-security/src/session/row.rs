//! How a session stands on the shelf.

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError, Timestamp, Value};

use super::{Private, Session};
use crate::key::Key;
use crate::ratchet::{Chain, OwnKey, Ratchet};
use crate::suite::RatchetKey;
use crate::table;
use crate::table::codec::{Reader, read_row, writer};

/// Layout: number, rank, handshake, whether it is private, digests of handshakes, skipped keys, the ratchet; then when it expired, if it has.
pub(super) fn write(session: &Session) -> Value {
    let ratchet = &session.ratchet;
    let private = match &session.private {
        Private::No => &[][..],
        Private::Yes => &[1],
        Private::Repeated(prekey) => prekey,
    };
    let count = u8::try_from(session.handshakes.len()).unwrap_or(u8::MAX);
    let row = writer()
        .u32(session.number)
        .bytes(&session.rank)
        .option(session.handshake.as_ref())
        .sized(private)
        .bytes(&[count])
        .bytes(session.handshakes.as_flattened())
        .u32(session.kept)
        .bytes(ratchet.root.expose())
        .bytes(ratchet.own.secret.expose())
        .sized(ratchet.own.public.as_bytes())
        .sized(ratchet.peer.as_ref().map_or(&[], RatchetKey::as_bytes))
        .bytes(ratchet.sending.key.expose())
        .u32(ratchet.sending.n)
        .bytes(ratchet.receiving.key.expose())
        .u32(ratchet.receiving.n)
        .u32(ratchet.previous)
        .u32(ratchet.epoch);
    let row = match session.expired {
        Some(at) => row.u64(at.millis()),
        None => row,
    };
    row.finish()
}

pub(crate) fn read(row: &[u8]) -> Result<Session, StoreError> {
    read_row("session", row, |r| {
        let (number, rank, handshake) = (r.u32()?, r.array()?, r.option()?);
        let private = if r.version() < 2 { Private::No } else { private(r.sized()?)? };
        let count = r.u8()?;
        let handshakes = (0..count).map(|_| r.array()).collect::<Option<Vec<_>>>()?;
        let (kept, ratchet) = (r.u32()?, ratchet(r)?);
        let expired = if r.is_empty() { None } else { Some(Timestamp::from_millis(r.u64()?)) };
        Some(Session { number, rank, handshake, private, handshakes, kept, ratchet, expired })
    })
}

fn private(bytes: &[u8]) -> Option<Private> {
    match bytes {
        [] => Some(Private::No),
        [1] => Some(Private::Yes),
        prekey => prekey.try_into().ok().map(Private::Repeated),
    }
}

fn ratchet(r: &mut Reader<'_>) -> Option<Ratchet> {
    Some(Ratchet {
        root: Key::new(r.array()?),
        own: OwnKey { secret: Key::new(r.array()?), public: RatchetKey::from_bytes(r.sized()?)? },
        peer: peer(r.sized()?)?,
        sending: chain(Key::new(r.array()?), r.u32()?),
        receiving: chain(Key::new(r.array()?), r.u32()?),
        previous: r.u32()?,
        epoch: r.u32()?,
    })
}

/// The outer `None` says that it cannot be read.
fn peer(bytes: &[u8]) -> Option<Option<RatchetKey>> {
    if bytes.is_empty() { Some(None) } else { RatchetKey::from_bytes(bytes).map(Some) }
}

const fn chain(key: Key, n: u32) -> Chain {
    Chain { key, n }
}

/// The number of the next session, used up.
pub(super) fn next_number(shelf: &mut Shelf<'_>) -> Result<u32, StoreError> {
    let number = match shelf.get(&table::NEXT_SESSION)? {
        Some(row) => read_row("number of sessions", &row, Reader::u32)?,
        None => 0,
    };
    shelf.put(table::NEXT_SESSION, writer().u32(number.wrapping_add(1)).finish());
    Ok(number)
}
