//! Private prekeys: made by one device of ours for one device of a contact alone, sent inside a session, used once.
//!
//! Spec: whitepaper 2.3, "a second user-specific X3DH prekey bundle"; X3DH, 3.3, where it is the one-time prekey. It is
//! used besides the signed prekey, not in its place, so sessions are named, chosen and ended as without it, and the
//! secret of a session is at least as good as without it.
//!
//! | what we made is | since | until |
//! | --- | --- | --- |
//! | under way | the first message of a chain in an answered session carried it; so does each one of that chain | the device turned its ratchet → it has it; the session was replaced first → the next chain carries it again |
//! | there | | the device begins a session with it, or without any: it has lost it; or it is too old → another is made |
//! | wiped | its first message opened; or it is [`MAX_PRIVATE`] others or [`Config::keep_prekeys`] old | |
//!
//! Nothing of it is signed. That the session opens a message shows who made what it encloses, so nobody else can be
//! shown that; and who uses it proves their identity by the other agreements.
//!
//! [`Config::keep_prekeys`]: crate::Config::keep_prekeys

mod enclosed;
mod give;
mod take;

use alloc::vec::Vec;

use status_layer::{Shelf, StoreError, Timestamp, UserId, Value};

pub(crate) use enclosed::{enclose, unpack};
pub(crate) use give::{begun, offer, read as read_secret, secret, wipe_due};
pub(crate) use take::take_up;

use crate::bundle::PRIVATE_PREKEYS;
use crate::config::{Config, PrivatePrekeys};
use crate::device::{Device, MAX_KNOWN};
use crate::key::Point;
use crate::session::Peer;
use crate::suite::Suites;
use crate::table;
use crate::table::codec::{Reader, read_row, writer};

/// Most private prekeys that are kept for one device until they are used; the oldest goes.
pub const MAX_PRIVATE: usize = 4;

/// A private prekey as it is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PrivatePrekey {
    /// A compressed point.
    pub(crate) prekey: Point,
    /// Until when it may be used, by the clock of who made it.
    pub(crate) until: Timestamp,
    /// Rises with each that one device makes for another.
    pub(crate) number: u32,
}

/// What two devices have given each other.
///
/// Invariant: there is at most one for each device that is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dealings {
    /// The number of the last that we made; 0 before.
    made: u32,
    /// The one that the other device is to use.
    out: Option<Out>,
    /// The highest number that came from it.
    taken: u32,
    /// The one that we are to use.
    held: Option<PrivatePrekey>,
}

/// A private prekey of ours that was not used yet, as far as we know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Out {
    prekey: PrivatePrekey,
    way: Way,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// To be sent with the next chain.
    Unsent,
    /// Each message of a chain carries it.
    Carried {
        /// The number of the session.
        session: u32,
        /// The epoch of its ratchet.
        epoch: u32,
    },
    /// The other device has it.
    There,
}

/// What we announce. Who reads no more than deployed peers do is not known to announce anything.
pub(crate) fn features(config: &Config) -> u32 {
    match config.private_prekeys {
        PrivatePrekeys::Use if config.transition.reads() != Suites::DEPLOYED => PRIVATE_PREKEYS,
        PrivatePrekeys::Use | PrivatePrekeys::Off => 0,
    }
}

/// Whether we and a device have private prekeys for each other.
fn agreed(config: &Config, device: &Device) -> bool {
    features(config) != 0 && device.extension.is_some_and(|it| it.takes_private_prekeys())
}

/// Gives up what two devices have given each other, because one of them may have an old copy of its store: nothing of
/// theirs is used, and something new is given at the next chance. What is out still opens what is sealed with it.
pub(crate) fn reset(shelf: &mut Shelf<'_>, peer: &Peer<'_>) -> Result<(), StoreError> {
    reset_row(shelf, table::dealings(&peer.key.user(), peer.device))
}

/// [`reset`] for every device.
pub(crate) fn reset_all(shelf: &mut Shelf<'_>) -> Result<(), StoreError> {
    for (key, _) in shelf.scan(&table::DEALINGS, None, usize::MAX)? {
        reset_row(shelf, key)?;
    }
    Ok(())
}

fn reset_row(shelf: &mut Shelf<'_>, key: Vec<u8>) -> Result<(), StoreError> {
    let Some(row) = shelf.get(&key)? else { return Ok(()) };
    let dealings = read(&row)?;
    if dealings.out.is_some() || dealings.held.is_some() {
        shelf.put(key, write(&Dealings { out: None, held: None, ..dealings }));
    }
    Ok(())
}

/// Forgets what was given to a device and by it.
pub(crate) fn forget(shelf: &mut Shelf<'_>, user: &UserId, device: &str) -> Result<(), StoreError> {
    give::wipe_all(shelf, &table::private_secrets(user, device))?;
    shelf.delete(table::dealings(user, device));
    Ok(())
}

/// Forgets what was given to all devices of a user and by them.
pub(crate) fn forget_all(shelf: &mut Shelf<'_>, user: &UserId) -> Result<(), StoreError> {
    give::wipe_all(shelf, &table::private_secrets_of(user))?;
    for (key, _) in shelf.scan(&table::dealings_of(user), None, MAX_KNOWN)? {
        shelf.delete(key);
    }
    Ok(())
}

fn load(shelf: &Shelf<'_>, peer: &Peer<'_>) -> Result<Dealings, StoreError> {
    let row = shelf.get(&table::dealings(&peer.key.user(), peer.device))?;
    row.map_or(Ok(Dealings::default()), |row| read(&row))
}

fn save(shelf: &mut Shelf<'_>, peer: &Peer<'_>, dealings: &Dealings) {
    shelf.put(table::dealings(&peer.key.user(), peer.device), write(dealings));
}

fn write(dealings: &Dealings) -> Value {
    let out = dealings.out.map(|out| out.prekey);
    let (way, session, epoch) = match dealings.out.map(|out| out.way) {
        None | Some(Way::Unsent) => (0, 0, 0),
        Some(Way::Carried { session, epoch }) => (1, session, epoch),
        Some(Way::There) => (2, 0, 0),
    };
    let row = writer().u32(dealings.made).u32(dealings.taken).u8(way).u32(session).u32(epoch);
    row.option(out.map(written).as_ref()).option(dealings.held.map(written).as_ref()).finish()
}

pub(crate) fn read(row: &[u8]) -> Result<Dealings, StoreError> {
    read_row("private prekeys", row, |r| {
        let (made, taken) = (r.u32()?, r.u32()?);
        let way = match (r.u8()?, r.u32()?, r.u32()?) {
            (0, _, _) => Way::Unsent,
            (1, session, epoch) => Way::Carried { session, epoch },
            (2, _, _) => Way::There,
            _ => return None,
        };
        let out = prekey(r)?.map(|prekey| Out { prekey, way });
        Some(Dealings { made, out, taken, held: prekey(r)? })
    })
}

/// Point, until when it may be used, number.
type Written = [u8; 45];

fn written(prekey: PrivatePrekey) -> Written {
    let mut bytes = [0; 45];
    let (until, number) = (prekey.until.millis().to_be_bytes(), prekey.number.to_be_bytes());
    let parts = prekey.prekey.into_iter().chain(until).chain(number);
    bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    bytes
}

/// The outer `None` says that it cannot be read.
fn prekey(r: &mut Reader<'_>) -> Option<Option<PrivatePrekey>> {
    if !r.flag()? {
        return Some(None);
    }
    let (prekey, until, number) = (r.array()?, Timestamp::from_millis(r.u64()?), r.u32()?);
    Some(Some(PrivatePrekey { prekey, until, number }))
}

#[cfg(test)]
mod tests;
