//! An identity key that remembers what it has agreed on and signed: most inputs of a fuzzer bring what was there before.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use status_crypto::{Keyring, PublicKey, SecretKey, Signature};
use status_layer::{Secret, UserId};

/// Most agreements, and most signatures, that are remembered.
const MOST: usize = 4096;

/// A key with its agreements and signatures.
#[derive(Debug)]
pub struct Ring {
    key: SecretKey,
    agreed: Mutex<BTreeMap<UserId, Secret>>,
    signed: Mutex<BTreeMap<[u8; 32], Signature>>,
}

impl Ring {
    pub fn new(key: SecretKey) -> Self {
        Self { key, agreed: Mutex::default(), signed: Mutex::default() }
    }
}

impl Keyring for Ring {
    fn public(&self) -> PublicKey {
        self.key.public()
    }

    fn sign(&self, digest: &[u8; 32]) -> Signature {
        remembered(&self.signed, *digest, || self.key.sign(digest))
    }

    fn agree(&self, other: &PublicKey) -> Secret {
        remembered(&self.agreed, other.user(), || self.key.agree(other))
    }
}

fn remembered<K: Ord, V: Clone>(memory: &Mutex<BTreeMap<K, V>>, what: K, make: impl FnOnce() -> V) -> V {
    let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    if memory.len() >= MOST {
        memory.clear();
    }
    memory.entry(what).or_insert_with(make).clone()
}
