//! Bloom filters: how a node tells its peers what to send without naming its topics.

use core::fmt;

/// Length of a filter, in bytes.
const LENGTH: usize = 64;

/// A filter of 512 bits, up to three of them for each topic.
///
/// Deployed nodes assign a byte where they should add a bit to it, so of two bits of one topic in one byte only the later
/// is set. It is done so here as well: a filter made otherwise would not match theirs. Topics are united properly.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Bloom([u8; LENGTH]);

impl Bloom {
    /// The filter of a node that wants everything.
    pub const FULL: Self = Self([0xff; LENGTH]);

    /// The filter that lets nothing pass.
    pub const EMPTY: Self = Self([0; LENGTH]);

    /// A filter as it is sent.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The filter of one topic.
    #[must_use]
    pub fn of(topic: [u8; 4]) -> Self {
        let mut bits = [0; LENGTH];
        let [indexes @ .., high] = topic;
        for (place, low) in indexes.into_iter().enumerate() {
            let index = usize::from(low) + if high & (1 << place) == 0 { 0 } else { 256 };
            if let Some(byte) = bits.get_mut(index / 8) {
                *byte = 1 << (index % 8);
            }
        }
        Self(bits)
    }

    /// What this filter or the other lets pass.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (byte, more) in self.0.iter_mut().zip(other.0) {
            *byte |= more;
        }
        self
    }

    /// Whether every bit of `sample` is set here.
    #[must_use]
    pub fn covers(&self, sample: &Self) -> bool {
        self.0.iter().zip(sample.0).all(|(ours, theirs)| ours & theirs == theirs)
    }

    /// The filter as it is sent.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// What any of the topics lets pass.
impl FromIterator<[u8; 4]> for Bloom {
    fn from_iter<I: IntoIterator<Item = [u8; 4]>>(topics: I) -> Self {
        topics.into_iter().map(Self::of).fold(Self::EMPTY, Self::or)
    }
}

impl fmt::Debug for Bloom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits: u32 = self.0.iter().map(|byte| byte.count_ones()).sum();
        write!(f, "Bloom({bits} bits)")
    }
}
