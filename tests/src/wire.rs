//! What is inside frames, for who holds all keys.

use std::collections::BTreeMap;

use status_layer::Frame;
use status_security::hazmat::{Direct, Lock, Message, RatchetKey};
use status_sim::NodeId;

use crate::key;
use crate::talk::Talk;

/// What a key for one message is known by: the ratchet key, or the ephemeral key, and a number.
pub type KeyName = (NodeId, String, RatchetKey, u32);

/// The message of security in a frame that was left in the inbox of one of `seats`.
#[must_use]
pub fn mail(frame: &Frame, seats: &[u8]) -> Option<Message> {
    let plain =
        seats.iter().find_map(|seat| status_privacy::hazmat::open_asymmetric(&*key(*seat), &frame.bytes))?;
    let plain = status_privacy::hazmat::decode(&plain).ok()?;
    Message::decode(&plain.payload).ok()
}

/// Every ciphertext on the wire of `talk` by the key that sealed it.
///
/// # Errors
/// The name of a key that sealed two texts.
pub fn keys_used(talk: &Talk, seats: &[u8]) -> Result<BTreeMap<KeyName, Vec<u8>>, KeyName> {
    let mut used: BTreeMap<KeyName, Vec<u8>> = BTreeMap::new();
    for (node, frame) in &talk.world.wire {
        for (slot, Direct { lock, payload, .. }) in mail(frame, seats).unwrap_or_default().direct {
            let name = match lock {
                Lock::Ratchet { header, .. } => (*node, slot, header.key, header.n),
                Lock::Fixed { ephemeral } => (*node, slot, ephemeral.into(), 0),
            };
            if used.insert(name.clone(), payload.clone()).is_some_and(|before| before != payload) {
                return Err(name);
            }
        }
    }
    Ok(used)
}

/// Whether a frame's mail is sealed with a ratchet; `None` if it carries no mail.
#[must_use]
pub fn ratcheted(frame: &Frame, seats: &[u8]) -> Option<bool> {
    let mail = mail(frame, seats)?;
    let direct = mail.direct.values().next()?;
    Some(matches!(direct.lock, Lock::Ratchet { .. }))
}
