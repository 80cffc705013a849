//! Thirty-two secret bytes, and the compressed points that travel in headers.

use core::fmt;

use status_crypto::{same, wipe};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A compressed point as it stands on the wire: 33 bytes, not yet known to lie on the curve.
pub type Point = [u8; 33];

/// A symmetric key of 32 bytes: wiped when dropped, compared in constant time, printed as `Key(..)`.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 secret bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the moment of their use.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Zeroize for Key {
    fn zeroize(&mut self) {
        wipe(&mut self.0);
    }
}

impl ZeroizeOnDrop for Key {}

impl Drop for Key {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", Key::new([7; 32])), "Key(..)");
    }
}
