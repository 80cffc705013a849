//! Rows that are sealed once more, each with a key that can be destroyed.

use std::collections::BTreeSet;
use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use status_layer::{Area, StoreError, Value};
use zeroize::Zeroizing;

use super::cipher::{Cipher, NONCE, TAG};
use super::layout::SLOT;
use super::slots::Slots;
use super::superblock::DataKey;
use crate::lock::KEY;

const DAMAGED: StoreError = StoreError::Damaged { what: "a secret row" };
/// The layout of a sealed row.
const VERSION: u8 = 1;
/// Bytes before the record of a row: version, slot.
const HEADER: usize = 1 + 4;

/// Seals and opens the rows of the areas that are secret.
pub(crate) struct Secrets {
    key: DataKey,
    id: [u8; 16],
    pub(crate) areas: BTreeSet<Area>,
}

impl Secrets {
    pub(crate) fn new(key: &DataKey, id: [u8; 16]) -> Self {
        Self { key: key.clone(), id, areas: BTreeSet::new() }
    }

    /// Whether the row at `place` is secret.
    pub(crate) fn covers(&self, place: &[u8]) -> bool {
        place.first().is_some_and(|area| self.areas.contains(&Area(*area)))
    }

    /// Seals the row at `place` with a slot.
    ///
    /// # Errors
    /// [`StoreError`] if the operating system gives no randomness.
    pub(crate) fn seal(
        &self,
        (slot, bytes): (u32, &[u8; SLOT]),
        place: &[u8],
        value: &[u8],
    ) -> Result<Value, StoreError> {
        let mut row = vec![0; HEADER.saturating_add(NONCE).saturating_add(value.len()).saturating_add(TAG)];
        if let Some((header, record)) = row.split_first_chunk_mut::<HEADER>() {
            *header = head(slot);
            self.cipher(slot, bytes)?.seal(place, value, record).map_err(crate::rows::unavailable)?;
        }
        Ok(Value::new(row))
    }

    /// Opens the row at `place`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if its slot is not what it was.
    pub(crate) fn open(&self, slots: &Slots, place: &[u8], row: &[u8]) -> Result<Value, StoreError> {
        let slot = slot_of(row)?;
        let bytes = slots.get(slot).ok_or(DAMAGED)?;
        let record = row.get(HEADER..).ok_or(DAMAGED)?;
        let len = record.len().checked_sub(NONCE.saturating_add(TAG)).ok_or(DAMAGED)?;
        let mut plain = Zeroizing::new(vec![0; len]);
        self.cipher(slot, &bytes)?.open(place, record, &mut plain).map_err(|_| DAMAGED)?;
        Ok(Value::new(std::mem::take(&mut *plain)))
    }

    /// The key that follows from the key of the data and a slot: without either of them it is not found.
    ///
    /// Spec: RFC 5869.
    pub(super) fn cipher(&self, slot: u32, bytes: &[u8; SLOT]) -> Result<Cipher, StoreError> {
        let mut key = Zeroizing::new([0; KEY]);
        Hkdf::<Sha256>::new(Some(bytes), self.key.as_slice())
            .expand_multi_info(&[b"row", &self.id, &slot.to_le_bytes()], key.as_mut_slice())
            .map_err(|_| DAMAGED)?;
        Ok(Cipher::new(&key))
    }
}

/// The slot with which a row is sealed.
///
/// # Errors
/// [`StoreError`] if it is no sealed row.
pub(crate) fn slot_of(row: &[u8]) -> Result<u32, StoreError> {
    match row.first_chunk::<HEADER>() {
        Some([VERSION, slot @ ..]) => Ok(u32::from_le_bytes(*slot)),
        Some([0, ..]) | None => Err(DAMAGED),
        Some([found, ..]) => Err(StoreError::Newer { what: "a secret row", found: *found, known: VERSION }),
    }
}

fn head(slot: u32) -> [u8; HEADER] {
    let [a, b, c, d] = slot.to_le_bytes();
    [VERSION, a, b, c, d]
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}
