//! What a ratchet asks of a curve, and the two curves that give it.

use status_crypto::{PublicKey, SecretKey, x25519};
use status_layer::{CryptoRng, Secret};

use super::RatchetKey;
use crate::key::Key;
use crate::ratchet::{OwnKey, RatchetError};

/// The curve of a suite. Keys are kept as bytes and read once for each turn of the ratchet.
pub(crate) trait Curve {
    /// A private key that was drawn, with its public side.
    type Private;
    /// A public key, ready for use.
    type Public;

    /// Draws a private key.
    fn generate(rng: &mut dyn CryptoRng) -> Self::Private;

    /// What our key as it is kept and the other side's come to, 32 bytes.
    fn agree_kept(kept: &Key, other: &Self::Public) -> Result<Secret, RatchetError>;

    /// Reads the other side's key.
    fn public(key: &RatchetKey) -> Result<Self::Public, RatchetError>;

    /// The pair as it is kept.
    fn own(private: &Self::Private) -> OwnKey;

    /// What our key and the other side's come to, 32 bytes.
    fn agree(private: &Self::Private, other: &Self::Public) -> Result<Secret, RatchetError>;
}

/// The deployed suite: the agreement is the X coordinate, unhashed.
pub(crate) enum Secp256k1 {}

/// The whitepaper's suite: the agreement is that of RFC 7748; one that does not depend on both keys is refused.
pub(crate) enum Curve25519 {}

impl Curve for Secp256k1 {
    type Private = SecretKey;
    type Public = PublicKey;

    fn generate(rng: &mut dyn CryptoRng) -> SecretKey {
        SecretKey::generate(rng)
    }

    fn agree_kept(kept: &Key, other: &PublicKey) -> Result<Secret, RatchetError> {
        SecretKey::agree_once(kept.expose(), other).map_err(|_| RatchetError::NotAPoint)
    }

    fn public(key: &RatchetKey) -> Result<PublicKey, RatchetError> {
        let RatchetKey::Secp256k1(point) = key else { return Err(RatchetError::OtherSuite) };
        PublicKey::from_compressed(point).map_err(|_| RatchetError::NotAPoint)
    }

    fn own(private: &SecretKey) -> OwnKey {
        OwnKey {
            secret: Key::new(*private.to_bytes()),
            public: RatchetKey::Secp256k1(private.public().compressed()),
        }
    }

    fn agree(private: &SecretKey, other: &PublicKey) -> Result<Secret, RatchetError> {
        Ok(private.agree(other))
    }
}

impl Curve for Curve25519 {
    type Private = x25519::SecretKey;
    type Public = x25519::PublicKey;

    fn generate(rng: &mut dyn CryptoRng) -> x25519::SecretKey {
        x25519::SecretKey::generate(rng)
    }

    fn agree_kept(kept: &Key, other: &x25519::PublicKey) -> Result<Secret, RatchetError> {
        x25519::SecretKey::agree_once(kept.expose(), other).map_err(|_| RatchetError::WeakKey)
    }

    fn public(key: &RatchetKey) -> Result<x25519::PublicKey, RatchetError> {
        let RatchetKey::Curve25519(u) = key else { return Err(RatchetError::OtherSuite) };
        Ok(x25519::PublicKey::from_bytes(*u))
    }

    fn own(private: &x25519::SecretKey) -> OwnKey {
        OwnKey {
            secret: Key::new(*private.to_bytes()),
            public: RatchetKey::Curve25519(*private.public().as_bytes()),
        }
    }

    fn agree(private: &x25519::SecretKey, other: &x25519::PublicKey) -> Result<Secret, RatchetError> {
        private.agree(other).map_err(|_| RatchetError::WeakKey)
    }
}
