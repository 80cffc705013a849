//! Which envelopes a node takes from its peers.

use crate::whisper::{Bloom, Envelope, pow};

/// How far the clocks of two nodes may be apart, in seconds. What has run out is looked at for twice as long.
const ALLOWANCE: u32 = 10;

/// What a node asks of an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The largest size, in bytes; see [`Envelope::size`].
    pub max_size: usize,
    /// The least work. Whoever raises it lets the former value pass for ten seconds more.
    pub min_pow: f64,
    /// The topics taken. Whoever narrows it lets the former ones pass for ten seconds more.
    pub bloom: Bloom,
}

impl Default for Rules {
    /// What deployed Status nodes ask.
    fn default() -> Self {
        Self { max_size: 1 << 20, min_pow: 0.000_002, bloom: Bloom::FULL }
    }
}

/// What a node does with an envelope that breaks no rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Opens it and carries it on.
    Take,
    /// Drops it without a word: it ran out a moment ago.
    RunOut,
}

/// Which rule an envelope breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Its sender's clock is more than 10 seconds ahead of ours.
    #[error("the envelope comes from the future. Check the clock")]
    FromFuture,
    /// It ran out more than 20 seconds ago.
    #[error("the envelope ran out long ago. Check the clock")]
    VeryOld,
    /// It is larger than we take.
    #[error("the envelope is too large")]
    TooLarge,
    /// Too little work was done for it.
    #[error("too little work was done for the envelope")]
    LittleWork,
    /// We did not ask for its topic.
    #[error("the envelope is of a topic that was not asked for")]
    OutsideBloom,
}

impl Rules {
    /// Judges an envelope at `now`, in seconds since the Unix epoch; numbers run modulo 2³², as in deployed nodes.
    ///
    /// # Errors
    /// [`Refusal`], the first of those that apply.
    pub fn judge(&self, envelope: &Envelope<'_>, now: u32) -> Result<Verdict, Refusal> {
        let sent = envelope.sent();
        if sent > now && sent.wrapping_sub(ALLOWANCE) > now {
            return Err(Refusal::FromFuture);
        }
        if envelope.expiry < now {
            let long_ago = envelope.expiry.wrapping_add(2 * ALLOWANCE) < now;
            return if long_ago { Err(Refusal::VeryOld) } else { Ok(Verdict::RunOut) };
        }
        // Whoever is ahead has it carried for longer than it says; a second more for the way.
        self.deserves(envelope, if sent > now { sent.wrapping_sub(now).wrapping_add(1) } else { 0 })?;
        Ok(Verdict::Take)
    }

    /// The rules that have nothing to do with the time; `later` as for [`pow::value`].
    ///
    /// # Errors
    /// [`Refusal`], the first of those that apply.
    pub fn deserves(&self, envelope: &Envelope<'_>, later: u32) -> Result<(), Refusal> {
        if envelope.size() > self.max_size {
            return Err(Refusal::TooLarge);
        }
        if pow::value(envelope, later) < self.min_pow {
            return Err(Refusal::LittleWork);
        }
        if !self.bloom.covers(&Bloom::of(envelope.topic)) {
            return Err(Refusal::OutsideBloom);
        }
        Ok(())
    }
}
