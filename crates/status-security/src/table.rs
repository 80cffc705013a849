//! The rows of this layer: which tables there are, and how their keys are spelled.
//!
//! | tag | key | value |
//! | --- | --- | --- |
//! | `o` | – | our current prekey: version, public key, when it was made |
//! | `p` | prekey (33) | its private half, version, when it was made and retired |
//! | `a` | – | last announcement: when, and of which version |
//! | `u` | user (33) | how close we are, and the seat among the strangers |
//! | `U` | seat (8) | queue of strangers, the one not met for longest first |
//! | `d` | user (33), device | its prekey, version, bundle times, whether it is enabled, since when it is missed |
//! | `r` | user (33), device | when the user removed it |
//! | `j` | – | when this device was last taken into our group |
//! | `s` | user (33), length and text of device, prekey (33) | a session |
//! | `t` | as `s` | a session that is set aside: it opens, and seals no more |
//! | `n` | – | number of the next session |
//! | `b` | own prekey (33), session (4) | key of a session that was set up with it |
//! | `x` | when (8), session (4) | key of a session that expired then |
//! | `g` | own prekey (33), digest (8) | a handshake of a session that was deleted before the prekey |
//! | `f` | user (33), length and text of device, private prekey (33) | the private half of one that we made for the device |
//! | `F` | when (8), key of an `f` row without its tag | a private prekey is to be wiped then |
//! | `y` | user (33), device | which private prekeys we and the device have given each other |
//! | `h` | – | when something may have to be deleted next |
//! | `k` | session (4), epoch (4), n (4) | a skipped message key |
//! | `c` | session (4), ratchet key (33 or 32) | epoch of a chain that has skipped keys |
//! | `l` | session (4), epoch (4) | ratchet key of that chain |
//! | `w` | user (33) | the user was told our keys lately |
//! | `W` | seat (8) | queue of those: user, and when it was |
//! | `e` | digest (16) | seat of a static message's ephemeral key |
//! | `E` | seat (8) | queue of those: digest, and when it was seen |

pub(crate) mod codec;
mod examine;
pub(crate) mod queue;

use alloc::vec::Vec;

pub use examine::{TABLES, examine};
use queue::Queue;
use status_layer::{Timestamp, UserId};

use crate::key::Point;

pub(crate) const OWN: [u8; 1] = *b"o";
pub(crate) const ANNOUNCED: [u8; 1] = *b"a";
pub(crate) const JOINED: [u8; 1] = *b"j";
pub(crate) const NEXT_SESSION: [u8; 1] = *b"n";
pub(crate) const PREKEYS: [u8; 1] = *b"p";
pub(crate) const SESSIONS: [u8; 1] = *b"s";
pub(crate) const DEALINGS: [u8; 1] = *b"y";
pub(crate) const EXPIRED: [u8; 1] = *b"x";
pub(crate) const PRIVATE_ENDS: [u8; 1] = *b"F";
pub(crate) const CHORES: [u8; 1] = *b"h";
pub(crate) const STRANGERS: Queue = Queue(b'U');
pub(crate) const SEEN: Queue = Queue(b'E');
pub(crate) const ANSWERED: Queue = Queue(b'W');

pub(crate) fn prekey(prekey: &Point) -> Vec<u8> {
    [&b"p"[..], prekey].concat()
}

pub(crate) fn user(user: &UserId) -> Vec<u8> {
    [&b"u"[..], user.as_bytes()].concat()
}

/// All devices of a user.
pub(crate) fn devices(user: &UserId) -> Vec<u8> {
    [&b"d"[..], user.as_bytes()].concat()
}

pub(crate) fn device(user: &UserId, device: &str) -> Vec<u8> {
    [&b"d"[..], user.as_bytes(), device.as_bytes()].concat()
}

/// All devices that a user has removed.
pub(crate) fn removals(user: &UserId) -> Vec<u8> {
    [&b"r"[..], user.as_bytes()].concat()
}

pub(crate) fn removed(user: &UserId, device: &str) -> Vec<u8> {
    [&b"r"[..], user.as_bytes(), device.as_bytes()].concat()
}

/// The device text in a key of [`device`] or [`removed`].
pub(crate) fn device_of(key: &[u8]) -> Option<&str> {
    core::str::from_utf8(key.get(34..)?).ok()
}

/// All sessions with a user.
pub(crate) fn sessions(user: &UserId) -> Vec<u8> {
    [&b"s"[..], user.as_bytes()].concat()
}

/// The session with one device of a user that was set up with `prekey`. A device text has at most 128 bytes.
pub(crate) fn session(user: &UserId, device: &str, prekey: &Point) -> Vec<u8> {
    let len = u8::try_from(device.len()).unwrap_or(u8::MAX);
    [&b"s"[..], user.as_bytes(), &[len], device.as_bytes(), prekey].concat()
}

/// The prekey in a key of [`session`].
pub(crate) fn prekey_of(session: &[u8]) -> Option<&Point> {
    session.last_chunk()
}

/// The device text in a key of [`session`].
pub(crate) fn session_device_of(session: &[u8]) -> Option<&str> {
    let device = session.get(35..session.len().checked_sub(33)?)?;
    core::str::from_utf8(device).ok()
}

/// All sessions with a user that are set aside.
pub(crate) fn all_aside(user: &UserId) -> Vec<u8> {
    aside(&sessions(user))
}

/// Where the session under a key of [`session`] stands once it is set aside.
pub(crate) fn aside(session: &[u8]) -> Vec<u8> {
    [&b"t"[..], session.get(1..).unwrap_or_default()].concat()
}

/// All sessions that were set up with a prekey of ours, and are not known to have expired.
pub(crate) fn begun(prekey: &Point) -> Vec<u8> {
    [&b"b"[..], prekey].concat()
}

pub(crate) fn begun_session(prekey: &Point, session: u32) -> Vec<u8> {
    [&b"b"[..], prekey, &session.to_be_bytes()].concat()
}

/// All handshakes that are remembered of a prekey beyond their sessions.
pub(crate) fn spent(prekey: &Point) -> Vec<u8> {
    [&b"g"[..], prekey].concat()
}

pub(crate) fn spent_handshake(prekey: &Point, digest: &[u8; 8]) -> Vec<u8> {
    [&b"g"[..], prekey, digest].concat()
}

pub(crate) fn expired(at: Timestamp, session: u32) -> Vec<u8> {
    [&b"x"[..], &at.millis().to_be_bytes(), &session.to_be_bytes()].concat()
}

/// The time in a key of [`expired`].
pub(crate) fn expired_at(key: &[u8]) -> Option<Timestamp> {
    key.get(1..)?.first_chunk().copied().map(u64::from_be_bytes).map(Timestamp::from_millis)
}

/// All private prekeys that we made for devices of a user.
pub(crate) fn private_secrets_of(user: &UserId) -> Vec<u8> {
    [&b"f"[..], user.as_bytes()].concat()
}

/// All private prekeys that we made for a device.
pub(crate) fn private_secrets(user: &UserId, device: &str) -> Vec<u8> {
    let len = u8::try_from(device.len()).unwrap_or(u8::MAX);
    [&b"f"[..], user.as_bytes(), &[len], device.as_bytes()].concat()
}

pub(crate) fn private_secret(user: &UserId, device: &str, prekey: &Point) -> Vec<u8> {
    [private_secrets(user, device).as_slice(), prekey].concat()
}

/// When the private prekey under `secret` is to be wiped.
pub(crate) fn private_end(at: Timestamp, secret: &[u8]) -> Vec<u8> {
    [&PRIVATE_ENDS[..], &at.millis().to_be_bytes(), secret.get(1..).unwrap_or_default()].concat()
}

/// The time in a key of [`private_end`], and the key of [`private_secret`].
pub(crate) fn private_ended(key: &[u8]) -> Option<(Timestamp, Vec<u8>)> {
    let (at, secret) = key.get(1..)?.split_first_chunk()?;
    Some((Timestamp::from_millis(u64::from_be_bytes(*at)), [&b"f"[..], secret].concat()))
}

/// What we and the devices of a user have given each other.
pub(crate) fn dealings_of(user: &UserId) -> Vec<u8> {
    [&b"y"[..], user.as_bytes()].concat()
}

pub(crate) fn dealings(user: &UserId, device: &str) -> Vec<u8> {
    [&b"y"[..], user.as_bytes(), device.as_bytes()].concat()
}

/// All skipped keys of a session, the oldest first.
pub(crate) fn skipped_of(session: u32) -> Vec<u8> {
    [&b"k"[..], &session.to_be_bytes()].concat()
}

/// All skipped keys of one chain.
pub(crate) fn skipped_in(session: u32, epoch: u32) -> Vec<u8> {
    [&b"k"[..], &session.to_be_bytes(), &epoch.to_be_bytes()].concat()
}

pub(crate) fn skipped(session: u32, epoch: u32, n: u32) -> Vec<u8> {
    [&b"k"[..], &session.to_be_bytes(), &epoch.to_be_bytes(), &n.to_be_bytes()].concat()
}

/// The epoch in a key of [`skipped`].
pub(crate) fn epoch_of(key: &[u8]) -> Option<u32> {
    key.get(5..)?.first_chunk().copied().map(u32::from_be_bytes)
}

pub(crate) fn chain(session: u32, ratchet: &[u8]) -> Vec<u8> {
    [&b"c"[..], &session.to_be_bytes(), ratchet].concat()
}

pub(crate) fn label(session: u32, epoch: u32) -> Vec<u8> {
    [&b"l"[..], &session.to_be_bytes(), &epoch.to_be_bytes()].concat()
}

pub(crate) fn answered(user: &UserId) -> Vec<u8> {
    [&b"w"[..], user.as_bytes()].concat()
}

pub(crate) fn seen(digest: &[u8; 16]) -> Vec<u8> {
    [&b"e"[..], digest].concat()
}
