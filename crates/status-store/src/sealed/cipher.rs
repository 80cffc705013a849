//! One record: a block of bytes, encrypted and authenticated with its place.

use std::fmt;
use std::io;

use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;

/// Bytes before the ciphertext of a record: a random nonce.
pub(crate) const NONCE: usize = 24;
/// Bytes after the ciphertext of a record: what authenticates it.
pub(crate) const TAG: usize = 16;

/// A key that seals records. Wiped when dropped, never printed.
pub(crate) struct Cipher(XChaCha20Poly1305);

/// A record is not what was sealed under this key for this place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Forged;

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals `plain` into `record`, which is [`NONCE`] + [`TAG`] bytes longer. `place` is authenticated with it.
    ///
    /// # Errors
    /// An I/O error if the operating system gives no randomness.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8], record: &mut [u8]) -> io::Result<()> {
        let Some((nonce, rest)) = record.split_first_chunk_mut::<NONCE>() else { return Err(misfit()) };
        let Some((sealed, tag)) = rest.split_last_chunk_mut::<TAG>() else { return Err(misfit()) };
        random(nonce)?;
        let buffer = InOutBuf::new(plain, sealed).map_err(|_| misfit())?;
        let made =
            self.0.encrypt_inout_detached(&XNonce::from(*nonce), place, buffer).map_err(|_| misfit())?;
        *tag = made.into();
        Ok(())
    }

    /// Opens `record` into `plain`, which is zero if that fails.
    pub(crate) fn open(&self, place: &[u8], record: &[u8], plain: &mut [u8]) -> Result<(), Forged> {
        let opened = self.try_open(place, record, plain);
        if opened.is_err() {
            plain.fill(0);
        }
        opened
    }

    fn try_open(&self, place: &[u8], record: &[u8], plain: &mut [u8]) -> Result<(), Forged> {
        let (nonce, rest) = record.split_first_chunk::<NONCE>().ok_or(Forged)?;
        let (sealed, tag) = rest.split_last_chunk::<TAG>().ok_or(Forged)?;
        let buffer = InOutBuf::new(sealed, plain).map_err(|_| Forged)?;
        self.0
            .decrypt_inout_detached(&XNonce::from(*nonce), place, buffer, &Tag::from(*tag))
            .map_err(|_| Forged)
    }
}

/// Fills `out` from the operating system.
pub(crate) fn random(out: &mut [u8]) -> io::Result<()> {
    SysRng.try_fill_bytes(out).map_err(|_| io::Error::other("the operating system gives no randomness"))
}

fn misfit() -> io::Error {
    io::Error::other("a record does not fit its block")
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}
