//! The plaintext of an envelope.
//!
//! ```text
//! flags 1 ‖ size 0..=3, little-endian ‖ payload ‖ padding ‖ signature 65, if flagged
//! ```

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use status_crypto::{Keyring, PublicKey, Signature, keccak256};
use status_layer::CryptoRng;

use crate::darkness::{BLOCK, Padding};

/// Length of a signature, in bytes.
const SIGNATURE: usize = 65;

/// The longest payload that three bytes can count.
const MAX_PAYLOAD: usize = 0xff_ffff; // bytes

/// The most that a plaintext is longer than its payload, in bytes.
pub(crate) const MAX_OVERHEAD: usize = 1 + 3 + BLOCK + SIGNATURE;

/// Flag bits 0 and 1: how many bytes the size has.
const SIZE_BYTES: u8 = 0b011;

/// Flag bit 2: a signature stands at the end. The other bits are written as zero and ignored when read.
const SIGNED: u8 = 0b100;

/// A plaintext taken apart; the signature is not yet checked.
pub(crate) struct Plain<'a> {
    /// Flags and size.
    head: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) padding: &'a [u8],
    signature: Option<&'a [u8; SIGNATURE]>,
}

/// Why bytes are not the plaintext of an envelope.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlainError {
    /// There is not even a flags byte.
    #[error("the message is empty")]
    Empty,
    /// It is flagged as signed, but is too short to hold a signature and something signed.
    #[error("the message is flagged as signed but too short for a signature")]
    NoSignature,
    /// It ends within the size.
    #[error("the message ends within its size")]
    SizeCut,
    /// It is shorter than its size says.
    #[error("the message has {left} bytes left for a payload of {size}")]
    PayloadCut {
        /// The size given, in bytes.
        size: usize,
        /// The bytes that are there.
        left: usize,
    },
    /// No key can have made the signature.
    #[error("the signature of the message is not one")]
    Signature,
}

/// Draws the padding that brings a plaintext to one of the lengths of `classes`; never none.
pub(crate) fn draw_padding(
    payload: &[u8],
    signer: Option<&dyn Keyring>,
    classes: Padding,
    rng: &mut dyn CryptoRng,
) -> Vec<u8> {
    let signature = if signer.is_some() { SIGNATURE } else { 0 };
    let raw = 1 + size_bytes(payload.len()) + payload.len() + signature;
    let mut padding = vec![0; classes.filled(raw).saturating_sub(raw)];
    rng.fill_bytes(&mut padding);
    padding
}

/// Lays out a plaintext and signs it, flags included, if there is a signer; `None` if the payload is too long
/// for its size to be written down.
pub(crate) fn encode(payload: &[u8], padding: &[u8], signer: Option<&dyn Keyring>) -> Option<Vec<u8>> {
    if payload.len() > MAX_PAYLOAD {
        return None;
    }
    let size_bytes = size_bytes(payload.len());
    let flags = u8::try_from(size_bytes).unwrap_or(SIZE_BYTES) | if signer.is_some() { SIGNED } else { 0 };
    let total = 1 + size_bytes + payload.len() + padding.len() + SIGNATURE;

    let mut plain = Vec::with_capacity(total);
    plain.push(flags);
    plain.extend(payload.len().to_le_bytes().iter().take(size_bytes));
    plain.extend_from_slice(payload);
    plain.extend_from_slice(padding);
    if let Some(signer) = signer {
        let signature = signer.sign(&keccak256(&[&plain]));
        plain.extend_from_slice(signature.as_bytes());
    }
    Some(plain)
}

impl<'a> Plain<'a> {
    /// Takes a plaintext apart, as strictly as deployed peers do.
    pub(crate) fn decode(plain: &'a [u8]) -> Result<Self, PlainError> {
        let flags = *plain.first().ok_or(PlainError::Empty)?;
        let (signed, signature) = match flags & SIGNED {
            0 => (plain, None),
            _ => match plain.split_last_chunk() {
                // Deployed peers want more than the flags to be signed.
                Some((signed, signature)) if signed.len() > 1 => (signed, Some(signature)),
                _ => return Err(PlainError::NoSignature),
            },
        };
        let size_bytes = usize::from(flags & SIZE_BYTES);
        let (head, rest) = signed.split_at_checked(1 + size_bytes).ok_or(PlainError::SizeCut)?;
        let size = head.iter().skip(1).rev().fold(0, |size, byte| (size << 8) | usize::from(*byte));
        let cut = PlainError::PayloadCut { size, left: rest.len() };
        let (payload, padding) = rest.split_at_checked(size).ok_or(cut)?;
        Ok(Self { head, payload, padding, signature })
    }

    /// Whose signature it bears; `None` if it is not signed.
    pub(crate) fn signer(&self) -> Result<Option<PublicKey>, PlainError> {
        let Some(signature) = self.signature else {
            return Ok(None);
        };
        let digest = keccak256(&[self.head, self.payload, self.padding]);
        let signature = Signature::from_bytes(signature).map_err(|_| PlainError::Signature)?;
        signature.recover(&digest).map(Some).map_err(|_| PlainError::Signature)
    }
}

impl fmt::Debug for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({} bytes, {} of padding)", self.payload.len(), self.padding.len())
    }
}

/// How many bytes count a payload; at least one, even for an empty payload.
fn size_bytes(len: usize) -> usize {
    len.to_le_bytes().iter().rposition(|byte| *byte != 0).map_or(1, |last| last + 1)
}

#[cfg(test)]
mod tests;
