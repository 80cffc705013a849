//! Segments: a parcel that is too large for one envelope goes in several.
//!
//! Deployed peers split above encryption and below the envelope, which is exactly here: what security sealed is cut into
//! pieces, each travels as a `SegmentMessage` in an envelope of its own, and from eight pieces on one more segment for
//! every eight carries parity, so that as many may be lost. Whoever has as many segments as there are pieces has the
//! parcel, in any order; its hash, which every segment names, proves that it is whole.
//!
//! A last piece that was lost is rebuilt with the zeros that it was filled up with, and deployed peers then fail to find the
//! parcel's hash. Here the length is told along with the parity, in a field that they ignore; and where it is not told, the
//! end is searched for with the hash, which is how parcels of deployed peers are saved too.

mod gather;
mod parity;
mod pile;
mod table;
mod wire;

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use status_crypto::keccak256;
use status_layer::Sealed;

pub(crate) use gather::{forget_old, gather};

use self::parity::{Known, POINTS};
use self::wire::{Part, Segment};

/// How much of a parcel one segment carries over Waku, in bytes: three quarters of what every relay forwards (150 KiB), by
/// the rule of deployed peers. A parcel that is not longer goes whole.
pub const SEGMENT: usize = 150 * 1024 / 4 * 3;

/// The longest piece that is taken, in bytes; deployed peers send pieces of up to this length.
pub const MAX_SEGMENT: usize = (1 << 20) / 4 * 3;

/// The longest parcel that is split or put together, in bytes.
pub const MAX_WHOLE: usize = 4 << 20;

/// The most unfinished parcels of one sender; one more, and their oldest is given up. Those without a signature count as
/// one sender.
pub const MAX_UNFINISHED_OF_SENDER: usize = 4;

/// The most unfinished parcels; one more, and the oldest is given up.
pub const MAX_UNFINISHED: usize = 64;

/// The most bytes of unfinished parcels of one sender, as [`MAX_UNFINISHED_OF_SENDER`].
pub const MAX_WAITING_OF_SENDER: usize = 2 * MAX_WHOLE;

/// The most bytes of unfinished parcels, as [`MAX_UNFINISHED`].
pub const MAX_WAITING: usize = 16 * MAX_WHOLE;

/// The most parcels that are remembered as complete, so that late copies do nothing; one more, and the oldest is forgotten.
pub const MAX_COMPLETE: usize = 1_024;

/// How long the segments of an unfinished parcel are kept.
pub const UNFINISHED_FOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How long a parcel is remembered as complete; about as long as history nodes keep frames.
pub const COMPLETE_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many zeros a last piece may end with, in bytes, for its end to be found if its length is not told.
pub const MAX_ZEROS_SEARCHED: usize = 4_096;

/// For this many pieces there is one segment of parity.
const PIECES_A_PARITY: usize = 8;

/// Why a segment is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// It is a segment that nobody makes: a number that is not below its count, no hash, nothing in it.
    #[error("the segment is not one that a peer makes")]
    Malformed,
    /// It, or the parcel that it belongs to, is too large.
    #[error("the segment, or what it belongs to, has {len} bytes, at most {max} are taken")]
    TooLarge {
        /// Length found, in bytes.
        len: usize,
        /// Largest length, in bytes.
        max: usize,
    },
    /// It contradicts what is there of the same parcel.
    #[error("the segment contradicts others of the same parcel")]
    Conflict,
}

/// Cuts sealed bytes for envelopes that take `size` bytes each: one part if they fit, else segments, parity last.
///
/// What a reader would take for a segment goes as segments, too, whatever its length; so every parcel arrives as it is.
pub(crate) fn split(sealed: &Sealed, size: usize) -> Vec<Vec<u8>> {
    let bytes = sealed.as_bytes();
    let size = match bytes.len() {
        len if len > size => size.max(1),
        len if wire::resembles(bytes) => len.div_ceil(2),
        _ => return vec![bytes.to_vec()],
    };
    let whole = keccak256(&[bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
    let count = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
    let segment = |part, length, bytes| Segment { whole, part, length, bytes }.encode();

    let mut segments: Vec<_> = (0..count)
        .zip(&pieces)
        .map(|(index, piece)| segment(Part::Piece { index, count }, None, piece.to_vec()))
        .collect();
    let length = u32::try_from(bytes.len()).ok();
    let combined = combine(&pieces, size);
    let count = u16::try_from(combined.len()).unwrap_or(u16::MAX);
    for (index, bytes) in (0..count).zip(combined) {
        segments.push(segment(Part::Parity { index, count }, length, bytes));
    }
    segments
}

/// The parity of pieces; none below eight, and none if there are more segments than the code can tell apart.
pub(crate) fn combine(pieces: &[&[u8]], size: usize) -> Vec<Vec<u8>> {
    let parities = pieces.len() / PIECES_A_PARITY;
    if pieces.len() + parities > POINTS {
        return Vec::new();
    }
    let known = Known::new(&(0..=u8::MAX).zip(pieces.iter().copied()).collect::<Vec<_>>());
    (0..=u8::MAX).skip(pieces.len()).take(parities).map(|point| known.value_at(point, size)).collect()
}
