//! What is looked for, and how it is found.

use std::sync::{Arc, Mutex};

use status_layer::row::Reader;
use status_layer::{Area, Batch, Memory, Read, Row, Store, StoreError, Value};

use crate::keeping;

/// A secret by its name.
pub struct Secret {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// Where a secret was found.
#[derive(Debug)]
pub struct Leak {
    pub name: &'static str,
    /// Length of the block, in bytes.
    pub block: usize,
}

impl Secret {
    pub fn new(name: &'static str, bytes: &[u8]) -> Self {
        Self { name, bytes: bytes.to_vec() }
    }

    /// The forms in which it might have been written down.
    fn forms(&self) -> Vec<Vec<u8>> {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let turned: Vec<u8> = self.bytes.iter().rev().copied().collect();
        let hex = hex::encode(&self.bytes).into_bytes();
        let mut forms = vec![self.bytes.clone(), hex, wide, turned];
        forms.retain(|form| form.len() >= 8);
        forms
    }
}

/// Looks for secrets in all memory that was freed.
pub fn leaks(secrets: &[Secret]) -> Vec<Leak> {
    // By their first bytes, so that one pass is enough.
    let mut by_start = std::collections::HashMap::<[u8; 4], Vec<(&'static str, Vec<u8>)>>::new();
    for secret in secrets {
        for form in secret.forms() {
            by_start.entry(*form.first_chunk().unwrap()).or_default().push((secret.name, form));
        }
    }
    let mut found = Vec::new();
    keeping::each_freed(|block| {
        for (at, start) in block.windows(4).enumerate() {
            let Some(forms) = by_start.get(start) else { continue };
            for (name, form) in forms {
                if block[at..].starts_with(form) {
                    found.push(Leak { name, block: block.len() });
                }
            }
        }
    });
    found
}

/// A store in memory that remembers every secret that was ever committed to it.
#[derive(Clone, Default)]
pub struct Recorder {
    inner: Arc<Mutex<(Memory, Vec<(u8, Vec<u8>)>)>>,
}

/// The area of the security layer.
const SECURITY: Area = Area(2);

impl Recorder {
    /// Every secret, taken apart. Called when the allocator rests.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets: Vec<Secret> = self.inner.lock().unwrap().1.iter().flat_map(|(tag, row)| apart(*tag, row)).collect();
        secrets.retain(|secret| secret.bytes.iter().any(|byte| *byte != 0));
        secrets.sort_by(|a, b| a.bytes.cmp(&b.bytes));
        secrets.dedup_by(|a, b| a.bytes == b.bytes);
        secrets
    }
}

/// The secrets in a row.
pub fn apart(tag: u8, row: &[u8]) -> Vec<Secret> {
    match tag {
        b'p' => row.get(1..33).map(|key| Secret::new("a prekey", key)).into_iter().collect(),
        b'f' => row.get(1..33).map(|key| Secret::new("a private prekey", key)).into_iter().collect(),
        b'k' => row.get(1..33).map(|key| Secret::new("the key of a message", key)).into_iter().collect(),
        _ => Reader::read("session", u8::MAX, row, |r| {
            r.bytes(4 + 8)?;
            r.option::<33>()?;
            r.sized()?;
            let count = r.u8()?;
            r.bytes(usize::from(count) * 8 + 4)?;
            let root = Secret::new("a root key", r.bytes(32)?);
            let own = Secret::new("a ratchet key", r.bytes(32)?);
            r.sized()?;
            r.sized()?;
            let sending = Secret::new("a sending chain key", r.bytes(32)?);
            r.u32()?;
            let receiving = Secret::new("a receiving chain key", r.bytes(32)?);
            r.rest();
            Some(vec![root, own, sending, receiving])
        })
        .unwrap(),
    }
}

impl Read for Recorder {
    fn get(&self, area: Area, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.inner.lock().unwrap().0.get(area, key)
    }

    fn scan(&self, area: Area, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.inner.lock().unwrap().0.scan(area, prefix, after, limit)
    }
}

impl Store for Recorder {
    fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let (store, rows) = &mut *self.inner.lock().unwrap();
        for (area, key, value) in batch.iter() {
            if let (SECURITY, Some(value), Some(tag @ (b'p' | b's' | b'k' | b'f'))) = (area, value, key.first().copied()) {
                rows.push((tag, value.to_vec()));
            }
        }
        store.commit(batch)
    }
}
