//! Keys of the curve secp256k1, the only curve of a Status identity.

use core::fmt;

use rand_core::CryptoRng;
use status_layer::{Secret, UserId};
use zeroize::Zeroizing;

use crate::curve::{Backend, Point, Private, Secp256k1};
use crate::signature::Signature;
use crate::{Keyring, keccak256, same};

/// A point of secp256k1 other than infinity.
#[derive(Clone, Copy)]
pub struct PublicKey {
    point: Point,
    /// The compressed form of `point`.
    user: UserId,
}

/// A scalar of secp256k1: 32 bytes big-endian, greater than zero and less than the order of the curve.
///
/// Wiped when dropped, compared in constant time, never printed.
#[derive(Clone)]
pub struct SecretKey {
    private: Private,
    public: PublicKey,
}

/// Why bytes are not a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key has another length than its form demands.
    #[error("a key in this form has {want} bytes, these are {len}")]
    Length {
        /// Length found, in bytes.
        len: usize,
        /// Length demanded, in bytes.
        want: usize,
    },
    /// The first byte is not that of the form, or the coordinates do not lie on the curve.
    #[error("these bytes are not a point of secp256k1; use a key that its owner has made")]
    NotAPoint,
    /// The scalar is zero, or not less than the order of the curve.
    #[error("a secret key is greater than zero and less than the order of secp256k1; make another one")]
    OutOfRange,
}

impl PublicKey {
    /// Reads the compressed form: 33 bytes, `02` or `03` and X.
    ///
    /// # Errors
    /// [`KeyError::Length`] or [`KeyError::NotAPoint`].
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes {
            [2 | 3, ..] if bytes.len() == 33 => Self::from_sec1(bytes),
            _ if bytes.len() == 33 => Err(KeyError::NotAPoint),
            _ => Err(KeyError::Length { len: bytes.len(), want: 33 }),
        }
    }

    /// Reads the uncompressed form: 65 bytes, `04`, X and Y.
    ///
    /// # Errors
    /// [`KeyError::Length`] or [`KeyError::NotAPoint`].
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, KeyError> {
        match bytes {
            [4, ..] if bytes.len() == 65 => Self::from_sec1(bytes),
            _ if bytes.len() == 65 => Err(KeyError::NotAPoint),
            _ => Err(KeyError::Length { len: bytes.len(), want: 65 }),
        }
    }

    /// The key that a user id names.
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`], since a user id is checked only for its length and first byte.
    pub fn from_user(user: &UserId) -> Result<Self, KeyError> {
        Self::from_compressed(user.as_bytes())
    }

    fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        Secp256k1::point(bytes).map(Self::from_point).ok_or(KeyError::NotAPoint)?
    }

    /// The one place where the point is given its name.
    pub(crate) fn from_point(point: Point) -> Result<Self, KeyError> {
        let name = Secp256k1::compressed(&point);
        let user = UserId::from_compressed(&name).map_err(|_| KeyError::NotAPoint)?;
        Ok(Self { point, user })
    }

    /// The compressed form: 33 bytes, `02` or `03` and X.
    #[must_use]
    pub const fn compressed(&self) -> [u8; 33] {
        *self.user.as_bytes()
    }

    /// The uncompressed form: 65 bytes, `04`, X and Y.
    #[must_use]
    pub fn uncompressed(&self) -> [u8; 65] {
        Secp256k1::uncompressed(&self.point)
    }

    /// The X coordinate, 32 bytes big-endian.
    #[must_use]
    pub fn x(&self) -> [u8; 32] {
        self.user.x()
    }

    /// The user whose identity this key is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The Ethereum address: the last 20 bytes of the Keccak-256 of X and Y.
    #[must_use]
    pub fn address(&self) -> [u8; 20] {
        let [_, coordinates @ ..] = self.uncompressed();
        let hash = keccak256(&[&coordinates]);
        let mut address = [0; 20];
        for (to, from) in address.iter_mut().zip(hash.iter().skip(12)) {
            *to = *from;
        }
        address
    }
}

impl SecretKey {
    /// Makes a key, drawing 32 bytes at a time until they are a scalar in range.
    ///
    /// The bytes are taken as they are drawn, so scripted randomness gives a chosen key.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(bytes.as_mut_slice());
            if let Ok(key) = Self::from_bytes(bytes.as_slice()) {
                return key;
            }
        }
    }

    /// Reads a scalar: 32 bytes big-endian.
    ///
    /// # Errors
    /// [`KeyError::Length`] or [`KeyError::OutOfRange`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let scalar = bytes.try_into().map_err(|_| KeyError::Length { len: bytes.len(), want: 32 })?;
        let private = Secp256k1::private(scalar).ok_or(KeyError::OutOfRange)?;
        let public = PublicKey::from_point(Secp256k1::public(&private))?;
        Ok(Self { private, public })
    }

    /// The scalar, 32 bytes big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Secp256k1::scalar(&self.private)
    }

    /// The public key that belongs to this key.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    /// Agrees on a secret with the owner of `other`: the X coordinate of the common point, 32 bytes
    /// big-endian, not hashed.
    #[must_use]
    pub fn agree(&self, other: &PublicKey) -> Secret {
        Secret::new(Secp256k1::agree(&self.private, &other.point).as_slice())
    }

    /// Like [`agree`](Self::agree) with a key that is kept as bytes, without the work of finding its public side.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`] if `scalar` is no secret key.
    pub fn agree_once(scalar: &[u8; 32], other: &PublicKey) -> Result<Secret, KeyError> {
        let shared = Secp256k1::agree_once(scalar, &other.point).ok_or(KeyError::OutOfRange)?;
        Ok(Secret::new(shared.as_slice()))
    }

    /// Signs a digest of 32 bytes: the same bytes every time (RFC 6979), with the smaller of both `s`.
    #[must_use]
    pub fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature::new(Secp256k1::sign(&self.private, digest))
    }
}

impl Keyring for SecretKey {
    fn public(&self) -> PublicKey {
        self.public()
    }

    fn sign(&self, digest: &[u8; 32]) -> Signature {
        self.sign(digest)
    }

    fn agree(&self, other: &PublicKey) -> Secret {
        self.agree(other)
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        same(self.to_bytes().as_slice(), other.to_bytes().as_slice())
    }
}

impl Eq for SecretKey {}

impl From<PublicKey> for UserId {
    fn from(key: PublicKey) -> Self {
        key.user
    }
}

// A point has one compressed form, so comparing names compares points.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.user.cmp(&other.user)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.x();
        write!(f, "PublicKey({a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

#[cfg(test)]
mod tests;
