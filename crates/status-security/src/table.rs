//! The rows of this layer: which tables there are, and how their keys are spelled.
//!
//! | tag | key | value |
//! | --- | --- | --- |
//! | `o` | – | our current prekey: version, public key, when it was made |
//! | `p` | prekey (33) | its private half, version, when it was made and retired |
//! | `a` | – | last announcement: when, and of which version |
//! | `u` | user (33) | how close we are, and the seat among the strangers |
//! | `U` | seat (8) | queue of strangers, the one not met for longest first |
//! | `d` | user (33), device | its prekey, version, bundle time, whether it is enabled |
//! | `s` | user (33), length and text of device, prekey (33) | a session |
//! | `n` | – | number of the next session |
//! | `k` | session (4), epoch (4), n (4) | a skipped message key |
//! | `c` | session (4), ratchet key (33 or 32) | epoch of a chain that has skipped keys |
//! | `l` | session (4), epoch (4) | ratchet key of that chain |
//! | `e` | digest (16) | seat of a static message's ephemeral key |
//! | `E` | seat (8) | queue of those: digest, and when it was seen |

pub(crate) mod codec;
pub(crate) mod queue;

use alloc::vec::Vec;

use queue::Queue;
use status_layer::UserId;

use crate::key::Point;

pub(crate) const OWN: [u8; 1] = *b"o";
pub(crate) const ANNOUNCED: [u8; 1] = *b"a";
pub(crate) const NEXT_SESSION: [u8; 1] = *b"n";
pub(crate) const STRANGERS: Queue = Queue(b'U');
pub(crate) const SEEN: Queue = Queue(b'E');

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

/// The device text in a key of [`device`].
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

pub(crate) fn seen(digest: &[u8; 16]) -> Vec<u8> {
    [&b"e"[..], digest].concat()
}
