//! Short names of bytes. Not secret and not safe from collisions made on purpose: nobody attacks a simulation.

/// FNV-1a with 64 bits, as it grows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Digest(u64);

impl Digest {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

/// A short name of what is made of `parts`; where one part ends counts.
pub(crate) fn digest<const N: usize>(parts: [&[u8]; N]) -> u64 {
    let mut digest = Digest::new();
    for part in parts {
        digest.add(part);
        digest.add(&(part.len() as u64).to_be_bytes());
    }
    digest.value()
}
