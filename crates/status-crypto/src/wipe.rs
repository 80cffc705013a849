//! Wiping secrets from memory, all bytes at once.

use core::ops::{Deref, DerefMut};

/// Overwrites `bytes` with zeros; the compiler cannot leave that out.
///
/// The same promise as that of [`Zeroizing`](zeroize::Zeroizing), which writes byte by byte: for keys of every message
/// the difference counts.
#[inline]
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

/// `N` secret bytes that are wiped when dropped.
pub(crate) struct Wiped<const N: usize>([u8; N]);

impl<const N: usize> Wiped<N> {
    /// All zero, to be filled.
    pub(crate) const fn new() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Drop for Wiped<N> {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl<const N: usize> Deref for Wiped<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Wiped<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wiped_bytes_are_zero() {
        let mut bytes = [7; 33];

        wipe(&mut bytes);

        assert_eq!(bytes, [0; 33]);
    }
}
