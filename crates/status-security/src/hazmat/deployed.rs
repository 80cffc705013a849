//! How deployed peers keep message keys, over the same ratchet.
//!
//! They store the key of every message that they open and delete it when the application confirms, so the same bytes
//! open again until then. This layer deletes the key in the commit that hands up the message, so it needs no
//! confirmation and opens nothing twice. Everything else is equal; transcripts of deployed peers replay with this.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use status_layer::CryptoRng;
use zeroize::Zeroizing;

use crate::key::Key;
use crate::ratchet::{Header, Limits, Ratchet, RatchetError, cipher};
use crate::suite::RatchetKey;

/// A ratchet and the message keys that a deployed peer would hold beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeepingRatchet {
    /// The ratchet.
    pub ratchet: Ratchet,
    /// Keys held, by ratchet key and number of the message, with the order in which they were stored.
    pub keys: BTreeMap<(RatchetKey, u32), (u64, Key)>,
    /// How many keys were ever stored.
    pub stored: u64,
    /// The limits.
    pub limits: KeepingLimits,
}

/// The limits of a deployed peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeepingLimits {
    /// The largest gap that is bridged in one chain, in messages.
    pub max_skip: u32,
    /// How many stored keys later a key is deleted, used or not.
    pub max_keep: u64,
    /// The most keys that are held.
    pub max_keys: usize,
}

impl KeepingRatchet {
    /// Begins to keep keys beside `ratchet`.
    #[must_use]
    pub const fn new(ratchet: Ratchet, limits: KeepingLimits) -> Self {
        Self { ratchet, keys: BTreeMap::new(), stored: 0, limits }
    }

    /// Opens a message; its key stays.
    ///
    /// # Errors
    /// Any [`RatchetError`]; then nothing has changed.
    pub fn open(
        &mut self,
        rng: &mut dyn CryptoRng,
        header: &Header,
        payload: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, RatchetError> {
        if let Some((_, key)) = self.keys.get(&(header.key, header.n)) {
            return cipher::open(key, header, payload);
        }
        let limits = Limits { jump: self.limits.max_skip, keep: u32::MAX };
        let turn = self.ratchet.open(rng, limits, header, payload)?;
        self.ratchet = turn.ratchet;
        for skipped in turn.skipped {
            self.store((skipped.ratchet, skipped.n), skipped.key);
        }
        self.store((header.key, header.n), turn.used);
        self.drop_oldest();
        Ok(turn.plaintext)
    }

    /// Confirms that a message was processed: its key is deleted.
    pub fn confirm(&mut self, header: &Header) {
        self.keys.remove(&(header.key, header.n));
    }

    fn store(&mut self, message: (RatchetKey, u32), key: Key) {
        self.keys.insert(message, (self.stored, key));
        self.stored = self.stored.saturating_add(1);
    }

    fn drop_oldest(&mut self) {
        if let Some(last) = self.stored.checked_sub(self.limits.max_keep) {
            self.keys.retain(|_, (order, _)| *order > last);
        }
        while self.keys.len() > self.limits.max_keys {
            let oldest = self.keys.iter().min_by_key(|(_, (order, _))| *order).map(|(message, _)| *message);
            oldest.map(|message| self.keys.remove(&message));
        }
    }
}
