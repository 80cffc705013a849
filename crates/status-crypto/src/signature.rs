//! Recoverable ECDSA signatures, as Ethereum and Status write them.

use core::fmt;

use crate::PublicKey;
use crate::curve::{Backend, Secp256k1};

/// A recoverable signature: `r` (32 bytes big-endian), `s` (32 bytes big-endian), `v` (1 byte).
///
/// Written with `v` 0 or 1; read with `v` 0 to 3. Nobody verifies against a known key: the signer is
/// recovered and compared.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Signature([u8; 65]);

/// Why bytes are not a signature, or why nobody can have made it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A signature has 65 bytes.
    #[error("a signature has 65 bytes, these are {len}")]
    Length {
        /// Length found, in bytes.
        len: usize,
    },
    /// The last byte is not 0 to 3; in particular 27 and 28 are another convention.
    #[error("the last byte of a signature is 0 to 3, this is {found}")]
    RecoveryId {
        /// Byte found.
        found: u8,
    },
    /// No key can have made this signature: `r` or `s` is out of range, or `r` is not on the curve.
    #[error("no key can have made this signature")]
    Unrecoverable,
}

impl Signature {
    /// Reads a signature; its numbers are looked at only by [`Signature::recover`].
    ///
    /// # Errors
    /// [`SignatureError::Length`] or [`SignatureError::RecoveryId`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        let bytes = <[u8; 65]>::try_from(bytes).map_err(|_| SignatureError::Length { len: bytes.len() })?;
        match bytes {
            [.., 0..=3] => Ok(Self(bytes)),
            [.., found] => Err(SignatureError::RecoveryId { found }),
        }
    }

    /// What the curve has signed; its last byte is 0 to 3.
    pub(crate) const fn new(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    /// The signature, 65 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Recovers the key that signed `digest`. Any digest recovers to some key: compare it.
    ///
    /// Both `s` and its negative are accepted, as deployed peers do, so a signature is no identifier.
    ///
    /// # Errors
    /// [`SignatureError::Unrecoverable`].
    pub fn recover(&self, digest: &[u8; 32]) -> Result<PublicKey, SignatureError> {
        let signer = Secp256k1::recover(&self.0, digest).ok_or(SignatureError::Unrecoverable)?;
        PublicKey::from_point(signer).map_err(|_| SignatureError::Unrecoverable)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    /// A bundle signature of the key `2` repeated.
    const DIGEST: &str = "bfeee4c84f297a2087f66e5eb0ac5b0a05a86da421d30d9da4c2a9d6fce9cad6";
    const SIGNED: &str = "28719e2b36a3d3c15a998ed6c93edce9a10e2e38aeac7e095b12f240f3eda9ed\
                          25e08f40894f0ec7110078166ff4d0cb0cb082c62152ec9113c8d89eaa2072b500";
    /// The order of the curve less `s` of that signature.
    const HIGH_S: &str = "da1f70bf76b0f138eeff87e9900b2f33adfe5a208df5b3aaac0985ee2615ce8c";

    fn key() -> SecretKey {
        SecretKey::from_bytes(&[b'2'; 32]).unwrap()
    }

    fn digest() -> [u8; 32] {
        hex::decode(DIGEST).unwrap().try_into().unwrap()
    }

    fn signed() -> Vec<u8> {
        hex::decode(SIGNED).unwrap()
    }

    #[test]
    fn a_signature_is_deterministic() {
        assert_eq!(hex::encode(key().sign(&digest()).as_bytes()), SIGNED);
    }

    #[test]
    fn the_signer_is_recovered() {
        let signature = Signature::from_bytes(&signed()).unwrap();

        assert_eq!(signature.recover(&digest()), Ok(key().public()));
        assert_ne!(signature.recover(&[1; 32]), Ok(key().public()));
    }

    #[test]
    fn the_greater_s_is_accepted() {
        let mut bytes = signed();
        bytes[32..64].copy_from_slice(&hex::decode(HIGH_S).unwrap());
        bytes[64] ^= 1;

        let recovered = Signature::from_bytes(&bytes).unwrap().recover(&digest());

        assert_eq!(recovered, Ok(key().public()));
    }

    #[test]
    fn the_recovery_byte_is_0_to_3() {
        let with = |v: u8| {
            let mut bytes = signed();
            bytes[64] = v;
            Signature::from_bytes(&bytes)
        };

        for v in 0..=3 {
            assert!(with(v).is_ok(), "{v} was refused");
        }
        for v in [4, 27, 28, 255] {
            assert_eq!(with(v), Err(SignatureError::RecoveryId { found: v }));
        }
    }

    #[test]
    fn a_signature_has_65_bytes() {
        assert_eq!(Signature::from_bytes(&[]), Err(SignatureError::Length { len: 0 }));
        assert_eq!(Signature::from_bytes(&[0; 64]), Err(SignatureError::Length { len: 64 }));
        assert_eq!(Signature::from_bytes(&[0; 66]), Err(SignatureError::Length { len: 66 }));
    }

    #[test]
    fn numbers_out_of_range_are_unrecoverable() {
        let mut reduced = signed();
        reduced[64] = 2;

        for bytes in [vec![0; 65], [vec![0xff; 64], vec![0]].concat(), reduced] {
            let signature = Signature::from_bytes(&bytes).unwrap();

            assert_eq!(signature.recover(&digest()), Err(SignatureError::Unrecoverable));
        }
    }
}
