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

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: RFC 5869, test case 1
    #[test]
    fn hkdf_gives_the_known_bytes() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let mut out = [0; 42];

        hkdf_sha256(&[0x0b; 22], &salt, &info, &mut out).unwrap();

        assert_eq!(
            hex::encode(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    #[test]
    fn no_salt_is_a_salt_of_zeros() {
        let (mut empty, mut zeros) = ([0; 32], [0; 32]);

        hkdf_sha256(b"secret", &[], b"info", &mut empty).unwrap();
        hkdf_sha256(b"secret", &[0; 32], b"info", &mut zeros).unwrap();

        assert_eq!(empty, zeros);
    }

    #[test]
    fn too_long_an_output_is_refused_and_left_alone() {
        let mut out = vec![7; HKDF_MAX + 1];

        let refused = hkdf_sha256(b"secret", &[], &[], &mut out);

        assert_eq!(refused, Err(KdfError::TooLong { len: 8161, max: 8160 }));
        assert!(out.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn the_key_of_a_channel_comes_from_its_name() {
        let key = pbkdf2_sha256(b"status", &[], 65_356);

        assert_eq!(
            hex::encode(key.expose()),
            "36224048e42c49e5c59c57bba5024fbb8822d6b4ee6ac5fbefd8b77f5323ecc4"
        );
    }
}
