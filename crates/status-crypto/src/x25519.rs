//! Keys of Curve25519, for ratchets as the whitepaper has them. An identity is never one of them.
//!
//! Spec: RFC 7748; Status forward-secrecy whitepaper, section 2.1.

use core::fmt;

use rand_core::CryptoRng;
use status_layer::Secret;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

/// A secret scalar of Curve25519, 32 bytes, with its public side. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey {
    scalar: StaticSecret,
    public: PublicKey,
}

/// A point of Curve25519: its `u` coordinate, 32 bytes little-endian. Any 32 bytes are one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct PublicKey([u8; 32]);

/// The other side's key leads to the same secret whatever ours is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this key gives the same secret with everybody; it must not be used")]
pub struct NotContributory;

impl SecretKey {
    /// Draws a key: exactly 32 bytes of `rng`.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self::from_bytes(&bytes)
    }

    /// Takes 32 bytes; clamped when they are used, as the curve demands.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        let scalar = StaticSecret::from(*bytes);
        let public = PublicKey(x25519_dalek::PublicKey::from(&scalar).to_bytes());
        Self { scalar, public }
    }

    /// Like [`from_bytes`](Self::from_bytes) with a public side that was kept beside the secret, without the work of
    /// finding it. The caller vouches that they belong together.
    #[must_use]
    pub fn from_kept(bytes: &[u8; 32], public: PublicKey) -> Self {
        Self { scalar: StaticSecret::from(*bytes), public }
    }

    /// The 32 bytes to keep.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.scalar.to_bytes())
    }

    /// The public side.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// The secret that both sides come to, 32 bytes, unhashed.
    ///
    /// # Errors
    /// [`NotContributory`] if `other` is a point of small order, with which the secret would be no secret.
    pub fn agree(&self, other: &PublicKey) -> Result<Secret, NotContributory> {
        agree(&self.scalar, other)
    }

    /// Like [`agree`](Self::agree) with a key that is kept as bytes, without the work of finding its public side.
    ///
    /// # Errors
    /// As [`agree`](Self::agree).
    pub fn agree_once(bytes: &[u8; 32], other: &PublicKey) -> Result<Secret, NotContributory> {
        agree(&StaticSecret::from(*bytes), other)
    }
}

fn agree(scalar: &StaticSecret, other: &PublicKey) -> Result<Secret, NotContributory> {
    let shared = scalar.diffie_hellman(&x25519_dalek::PublicKey::from(other.0));
    if shared.was_contributory() { Ok(Secret::new(*shared.as_bytes())) } else { Err(NotContributory) }
}

impl PublicKey {
    /// Takes the 32 bytes of a key.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use status_layer::testing::ScriptedRng;

    use super::*;

    fn bytes(text: &str) -> [u8; 32] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    // Spec: RFC 7748, section 6.1.
    #[test]
    fn agreement_equals_that_of_the_specification() {
        let bob =
            SecretKey::from_bytes(&bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
        let alice_public = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let bob_public = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");

        let agreed = bob.agree(&PublicKey::from_bytes(alice_public));

        assert_eq!(bob.public(), PublicKey::from_bytes(bob_public));
        assert_eq!(agreed, Ok(Secret::new(shared)));
    }

    #[test]
    fn both_sides_agree() {
        let (one, other) = (SecretKey::from_bytes(&[1; 32]), SecretKey::from_bytes(&[2; 32]));

        assert_eq!(one.agree(&other.public()), other.agree(&one.public()));
    }

    #[test]
    fn a_key_that_was_kept_is_the_same_key() {
        let key = SecretKey::from_bytes(&[1; 32]);
        let other = SecretKey::from_bytes(&[2; 32]).public();

        let kept = SecretKey::from_kept(&key.to_bytes(), key.public());

        assert_eq!((kept.public(), kept.agree(&other)), (key.public(), key.agree(&other)));
        assert_eq!(SecretKey::agree_once(&key.to_bytes(), &other), key.agree(&other));
    }

    #[test]
    fn a_point_of_small_order_is_refused() {
        let key = SecretKey::from_bytes(&[7; 32]);

        let refused = key.agree(&PublicKey::from_bytes([0; 32]));

        assert_eq!(refused, Err(NotContributory));
    }

    #[test]
    fn drawn_bytes_are_the_key() {
        let key = SecretKey::generate(&mut ScriptedRng::new([5; 32]));

        assert_eq!(*key.to_bytes(), [5; 32]);
    }

    #[test]
    fn a_secret_key_is_never_printed() {
        assert_eq!(format!("{:?}", SecretKey::from_bytes(&[7; 32])), "SecretKey(..)");
    }
}
