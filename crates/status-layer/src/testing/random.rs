//! Randomness that repeats.

use alloc::vec::Vec;
use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Randomness that follows from a seed: SplitMix64. Not secret, hence for tests and simulation only.
#[derive(Clone, Debug)]
pub struct SeededRng(u64);

/// Randomness that follows from `seed`.
#[must_use]
pub const fn rng(seed: u64) -> SeededRng {
    SeededRng(seed)
}

impl SeededRng {
    /// A number below `bound`, or 0 if `bound` is 0. Nearly even, which is enough for tests.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.step().checked_rem(bound).unwrap_or(0)
    }

    /// Whether an event of probability `percent` / 100 happens.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    const fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl TryRng for SeededRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.step() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.step())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.step().to_le_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for SeededRng {}

/// Randomness that is given: first the scripted bytes in order, then what follows from a seed.
#[derive(Clone, Debug)]
pub struct ScriptedRng {
    script: Vec<u8>,
    at: usize,
    rest: SeededRng,
}

impl ScriptedRng {
    /// Plays `script`, then goes on with the seed 0.
    #[must_use]
    pub fn new(script: impl Into<Vec<u8>>) -> Self {
        Self { script: script.into(), at: 0, rest: rng(0) }
    }

    /// The number of scripted bytes not yet played.
    #[must_use]
    pub fn left(&self) -> usize {
        self.script.len().saturating_sub(self.at)
    }
}

impl TryRng for ScriptedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for to in out {
            match self.script.get(self.at) {
                Some(byte) => {
                    *to = *byte;
                    self.at += 1;
                }
                None => self.rest.try_fill_bytes(core::slice::from_mut(to))?,
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for ScriptedRng {}
