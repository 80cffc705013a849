//! What is known of a parcel of which not all segments are there.

use alloc::vec::Vec;

use status_crypto::Keccak;
use status_layer::{Timestamp, UserId};

use super::parity::{Known, POINTS};
use super::table::Parts;
use super::wire::{Part, Segment};
use super::{MAX_WHOLE, MAX_ZEROS_SEARCHED, SegmentError, UNFINISHED_FOR};

/// A parcel under way. A number that is not known yet is 0.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pile {
    /// When its first segment came.
    pub(crate) since: Timestamp,
    /// Who signed its segments, if anybody did.
    pub(crate) from: Option<UserId>,
    /// Keccak-256 of the whole.
    pub(crate) whole: [u8; 32],
    /// How many pieces there are.
    pub(crate) pieces: u16,
    /// How many segments of parity there are.
    pub(crate) parities: u16,
    /// Length of each piece but the last, in bytes.
    pub(crate) size: u32,
    /// Length of the last piece, in bytes.
    pub(crate) last: u32,
    /// Length of the whole, in bytes, as the sender said.
    pub(crate) length: u32,
    /// How many bytes are there.
    pub(crate) kept: u32,
    /// How many segments are there.
    pub(crate) got: u16,
}

impl Pile {
    pub(crate) const fn new(since: Timestamp, from: Option<UserId>, whole: [u8; 32]) -> Self {
        Self { since, from, whole, pieces: 0, parities: 0, size: 0, last: 0, length: 0, kept: 0, got: 0 }
    }

    /// When it is given up.
    pub(crate) fn until(&self) -> Timestamp {
        self.since.after(UNFINISHED_FOR)
    }

    /// Whether the whole can be put together.
    pub(crate) const fn is_enough(&self) -> bool {
        self.pieces > 0 && self.got >= self.pieces
    }

    /// Counts a segment that was not there yet, and learns what it tells of the whole.
    pub(crate) fn admit(&mut self, segment: &Segment) -> Result<(), SegmentError> {
        let len = u32::try_from(segment.bytes.len()).unwrap_or(u32::MAX);
        match segment.part {
            Part::Piece { index, count } => {
                agree(&mut self.pieces, count)?;
                let known = if index + 1 < count { &mut self.size } else { &mut self.last };
                agree(known, len)?;
            }
            Part::Parity { count, .. } => {
                agree(&mut self.parities, count)?;
                agree(&mut self.size, len)?;
            }
        }
        if let Some(length) = segment.length {
            agree(&mut self.length, length)?;
        }
        if self.size > 0 && self.last > self.size {
            return Err(SegmentError::Conflict);
        }
        if usize::from(self.pieces) + usize::from(self.parities) > POINTS {
            return Err(SegmentError::Malformed);
        }
        let least =
            u64::from(self.pieces.saturating_sub(1)) * u64::from(self.size) + u64::from(self.last.max(1));
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        if least > MAX_WHOLE {
            return Err(SegmentError::TooLarge { len: least, max: MAX_WHOLE });
        }
        self.kept = self.kept.saturating_add(len);
        self.got = self.got.saturating_add(1);
        Ok(())
    }

    /// Puts the whole together; `None` if what is there is not what its hash names.
    pub(crate) fn assemble(&self, parts: Parts) -> Option<Vec<u8>> {
        let pieces = usize::from(self.pieces);
        if parts.pieces.len() >= pieces {
            let whole: Vec<u8> = parts.pieces.into_iter().flat_map(|(_, bytes)| bytes).collect();
            return self.is_whole(&Keccak::of(&whole)).then_some(whole);
        }
        let parities =
            parts.parities.iter().map(|(number, bytes)| (number.saturating_add(self.pieces), bytes));
        let known: Vec<(u8, &[u8])> = (parts.pieces.iter().map(|(number, bytes)| (*number, bytes)))
            .chain(parities)
            .filter_map(|(point, bytes)| Some((u8::try_from(point).ok()?, bytes.as_slice())))
            .take(pieces)
            .collect();
        if known.len() < pieces {
            return None;
        }
        let known = Known::new(&known);
        let size = usize::try_from(self.size).ok()?;
        let mut whole = Vec::with_capacity(pieces.saturating_mul(size));
        let mut there = parts.pieces.iter().peekable();
        for number in 0..self.pieces {
            match there.next_if(|(found, _)| *found == number) {
                Some((_, bytes)) => whole.extend_from_slice(bytes),
                None => whole.extend(known.value_at(u8::try_from(number).ok()?, size)),
            }
        }
        if self.last > 0 {
            return self.is_whole(&Keccak::of(&whole)).then_some(whole);
        }
        let len = self.end_of(&whole, size)?;
        whole.truncate(len);
        Some(whole)
    }

    /// How long the whole is whose last piece was rebuilt, and so is filled up with zeros; `None` if no end fits its hash.
    fn end_of(&self, filled: &[u8], size: usize) -> Option<usize> {
        let fits = |len: usize| {
            let whole = filled.get(..len)?;
            self.is_whole(&Keccak::of(whole)).then_some(len)
        };
        // The last piece has at least one byte.
        let first = filled.len().saturating_sub(size).saturating_add(1);
        let told = usize::try_from(self.length).ok().filter(|len| (first..=filled.len()).contains(len));
        if let Some(len) = told.and_then(fits).or_else(|| fits(filled.len())) {
            return Some(len);
        }
        let solid = filled.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let solid = solid.max(first);
        let mut hash = Keccak::of(filled.get(..solid)?);
        for len in (solid..filled.len()).take(MAX_ZEROS_SEARCHED) {
            if self.is_whole(&hash) {
                return Some(len);
            }
            hash.update(&[0]);
        }
        None
    }

    fn is_whole(&self, hash: &Keccak) -> bool {
        hash.digest() == self.whole
    }
}

/// Learns a number, or checks that it is the one that is known.
fn agree<T: Copy + Default + PartialEq>(known: &mut T, said: T) -> Result<(), SegmentError> {
    if *known == T::default() {
        *known = said;
    }
    if *known == said { Ok(()) } else { Err(SegmentError::Conflict) }
}
