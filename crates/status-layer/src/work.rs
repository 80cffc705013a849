//! Work that has to be done for a frame before it may be published.
//!
//! Work takes seconds, so no step does it: [`Privacy::ready`](crate::Privacy::ready) only says what is to be found, the
//! driver finds it after the commit, and [`Privacy::prove`](crate::Privacy::prove) puts it into the frame and checks it.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::Frame;

/// A frame that is to be published, and what has to be done before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ready {
    /// The frame as it stands now.
    pub frame: Frame,
    /// What has to be found for it; `None` if it may go at once.
    pub work: Option<Work>,
}

/// A number is to be found: that of `keccak256(prefix ‖ number, 8 bytes big-endian)` the first `zeros` bits are zero.
#[derive(Clone, Eq, PartialEq)]
pub struct Work {
    /// What is hashed before the number.
    pub prefix: Vec<u8>,
    /// How many leading zero bits the hash has at least, 0 to 256.
    pub zeros: u32, // bits
    /// How long to search, counted from when the search begins.
    pub within: Duration,
    /// What to do when the time is over.
    pub late: Late,
}

/// What becomes of a search that found nothing good enough in its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Late {
    /// The frame waits in the outbox until its next try.
    GiveUp,
    /// The best number found is taken.
    TakeBest,
}

impl Ready {
    /// A frame that may go at once.
    #[must_use]
    pub const fn at_once(frame: Frame) -> Self {
        Self { frame, work: None }
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, zeros, within, late } = self;
        write!(f, "Work({zeros} bits after {} bytes within {within:?}, then {late:?})", prefix.len())
    }
}
