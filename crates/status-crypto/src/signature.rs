//! Recoverable ECDSA signatures, as Ethereum and Status write them.

use core::fmt;

use k256::ecdsa::{RecoveryId, VerifyingKey};

use crate::PublicKey;

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

    pub(crate) fn new(signature: k256::ecdsa::Signature, parity: RecoveryId) -> Self {
        let mut bytes = [parity.to_byte(); 65];
        for (to, from) in bytes.iter_mut().zip(signature.to_bytes()) {
            *to = from;
        }
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
        let [numbers @ .., v] = &self.0;
        let parity = RecoveryId::from_byte(*v).ok_or(SignatureError::RecoveryId { found: *v })?;
        let key = k256::ecdsa::Signature::from_slice(numbers)
            .and_then(|signature| VerifyingKey::recover_from_prehash(digest, &signature, parity))
            .map_err(|_| SignatureError::Unrecoverable)?;
        PublicKey::from_point(key.into()).map_err(|_| SignatureError::Unrecoverable)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}
