//! The naive model: who wrote what to whom, and what each device has done. It knows nothing of keys.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use status_layer::{Grade, Parcel, Timestamp};

use crate::shape::Turn;

/// Something that a user wrote.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// The device that sealed it.
    pub(crate) from: usize,
    /// The user for whom it is.
    pub(crate) to: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) grade: Grade,
}

/// What a device has done, as far as its store knows.
#[derive(Clone, Default)]
pub(crate) struct Timeline {
    /// The texts that came out.
    pub(crate) heard: BTreeSet<usize>,
    /// Texts that came out of parcels that were changed under their signature.
    pub(crate) tainted: BTreeSet<usize>,
    /// The parcels that were taken, and when.
    pub(crate) taken: BTreeMap<Mark, Timestamp>,
    /// Whether one of them was static and so long ago that it is not remembered.
    pub(crate) forgotten: bool,
    /// What was sealed with which message key, for which device.
    pub(crate) used: BTreeMap<(String, Turn), Mark>,
    /// The users of whom a bundle was taken.
    pub(crate) knows: BTreeSet<usize>,
    /// When a user was answered.
    pub(crate) answered: BTreeMap<usize, Timestamp>,
}

/// Stands for bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Of a parcel, wherever it is left.
    pub(crate) fn of(parcel: &Parcel) -> Self {
        let mut hasher = DefaultHasher::new();
        parcel.sealed.as_bytes().hash(&mut hasher);
        parcel.hint.hash(&mut hasher);
        Self(hasher.finish())
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// Most texts of one device.
const MOST_TEXTS: usize = 1 << 16;

impl Text {
    /// The number of the next text of a device; it does not depend on what other devices write.
    pub(crate) fn next(texts: &BTreeMap<usize, Self>, device: usize) -> usize {
        let first = device * MOST_TEXTS;
        texts.range(first..first + MOST_TEXTS).next_back().map_or(first, |(last, _)| last + 1)
    }

    /// What is sealed for the text of this number.
    pub(crate) fn bytes(number: usize, filler: u8) -> Vec<u8> {
        let mut bytes = u32::try_from(number).unwrap().to_be_bytes().to_vec();
        bytes.resize(4 + usize::from(filler), filler);
        bytes
    }

    /// The number of a text that came out.
    pub(crate) fn number(bytes: &[u8]) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(*bytes.first_chunk()?)).ok()
    }
}
