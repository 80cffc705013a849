//! Protocol internals, for research and for checking vectors. Nothing here is needed to use the layer, and nothing
//! here is stable.

mod node;
mod payload;

pub use node::{Node, State, StateKind, Storage};
pub use payload::{GroupOffer, Message, NotPayload, Payload, Wire, is_datasync};

use status_layer::{GroupId, Timestamp, UserId};

use crate::config::EPOCH;
use crate::ident;

/// The MVDS group of two users, 32 bytes: Keccak-256 over both compressed keys, the one with the smaller X first.
#[must_use]
pub fn group_id(a: &UserId, b: &UserId) -> GroupId {
    ident::pair(a, b)
}

/// The id of an MVDS message, 32 bytes: SHA-256 over `MESSAGE_ID`, the group, the time in seconds as 8 bytes
/// little-endian, and the body. Spec: 2/MVDS.
#[must_use]
pub fn message_id(group: &[u8], timestamp: i64, body: &[u8]) -> [u8; 32] {
    *ident::SyncId::of(group, timestamp, body).as_bytes()
}

/// The epoch in which a deployed peer (2024) sends again what it sent for the `send_count`th time in `epoch`:
/// 90 epochs later, doubling, and `random` (below 30) more.
#[must_use]
pub fn next_epoch(send_count: u32, epoch: u64, random: u64) -> u64 {
    let doublings = send_count.saturating_sub(1).min(48);
    epoch.saturating_add(90 << doublings).saturating_add(random)
}

/// The same for a peer of the year 2020: `epoch` and twice the count. That peer adds the result to the epoch in
/// which it was to be sent, instead of taking it as it is.
#[must_use]
pub fn next_epoch_in_2020(send_count: u32, epoch: u64) -> u64 {
    epoch.saturating_add(u64::from(send_count).saturating_mul(2))
}

/// [`next_epoch_in_2020`] as times, with the addition of that peer.
pub(crate) fn next_in_2020(due: Timestamp, now: Timestamp, sends: u32) -> Timestamp {
    time(epoch(due).saturating_add(next_epoch_in_2020(sends, epoch(now))))
}

/// The epoch of a moment, counting from the Unix epoch.
pub(crate) fn epoch(at: Timestamp) -> u64 {
    at.millis() / MILLIS
}

/// The first moment of an epoch.
pub(crate) fn time(epoch: u64) -> Timestamp {
    Timestamp::from_millis(epoch.saturating_mul(MILLIS))
}

const MILLIS: u64 = EPOCH.as_millis() as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_default_back_off_is_the_deployed_one_until_its_cap() {
        let resend = crate::Resend::default();

        for sends in 1..8 {
            let ours = resend.next(time(5), sends, 0);
            assert_eq!(ours, time(next_epoch(sends, 5, 0)), "after {sends} sendings");
        }
    }
}
