//! Keys from secrets, and keys from passwords.

use hkdf::Hkdf;
use sha2::Sha256;
use status_layer::Secret;
use zeroize::Zeroizing;

/// Why no key was derived.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KdfError {
    /// More was asked for than the function can give.
    #[error("{len} bytes were asked for, HKDF-SHA-256 gives at most {max}")]
    TooLong {
        /// Length asked for, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
}

/// The most that HKDF-SHA-256 gives, in bytes (RFC 5869, section 2.3).
const HKDF_MAX: usize = 255 * 32;

/// Fills `out` from a secret, by HKDF-SHA-256 (RFC 5869). An empty salt equals one of 32 zero bytes.
///
/// # Errors
/// [`KdfError::TooLong`] if `out` has more than 8160 bytes; then it is left as it was.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), KdfError> {
    let len = out.len();
    Hkdf::<Sha256>::new(Some(salt), ikm)
        .expand(info, out)
        .map_err(|_| KdfError::TooLong { len, max: HKDF_MAX })
}

/// Derives a key of 32 bytes from a password, by PBKDF2-HMAC-SHA-256 (RFC 8018).
#[must_use]
pub fn pbkdf2_sha256(password: &[u8], salt: &[u8], rounds: u32) -> Secret {
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, key.as_mut_slice());
    Secret::new(key.as_slice())
}
