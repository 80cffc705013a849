//! The identity key as the layers see it.

use alloc::sync::Arc;
use core::fmt::Debug;

use status_layer::{Secret, UserId};

use crate::{PublicKey, Signature};

/// Holds the identity key of the local user and does what only its owner can do.
///
/// A trait, so that the key may live elsewhere (a key card, another process) than in this memory.
pub trait Keyring: Debug + Send + Sync {
    /// The identity key.
    fn public(&self) -> PublicKey;

    /// The local user.
    fn user(&self) -> UserId {
        self.public().user()
    }

    /// Signs a digest of 32 bytes; see [`crate::SecretKey::sign`].
    fn sign(&self, digest: &[u8; 32]) -> Signature;

    /// Agrees on a secret of 32 bytes with the owner of `other`; see [`crate::SecretKey::agree`].
    fn agree(&self, other: &PublicKey) -> Secret;
}

impl<K: Keyring + ?Sized> Keyring for Arc<K> {
    fn public(&self) -> PublicKey {
        (**self).public()
    }

    fn sign(&self, digest: &[u8; 32]) -> Signature {
        (**self).sign(digest)
    }

    fn agree(&self, other: &PublicKey) -> Secret {
        (**self).agree(other)
    }
}
