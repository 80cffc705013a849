//! A segment as it travels, checked.

use alloc::vec::Vec;

use prost::Message;

use super::parity::POINTS;
use super::{MAX_SEGMENT, MAX_WHOLE, SegmentError};
use crate::generated::SegmentMessage;

/// A piece of a parcel, or a combination of its pieces.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Segment {
    /// Keccak-256 of the whole.
    pub(crate) whole: [u8; 32],
    pub(crate) part: Part,
    /// How long the whole is, in bytes, if it is said.
    pub(crate) length: Option<u32>,
    pub(crate) bytes: Vec<u8>,
}

/// Which part of the whole it is. Numbers are counted from 0 and below their count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// A piece; there are 2 to 256.
    Piece { index: u16, count: u16 },
    /// A combination of all pieces; there are 1 to 256.
    Parity { index: u16, count: u16 },
}

/// Reads a segment; `None` if the bytes are none, which is no error: they are a whole parcel then.
pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Segment>, SegmentError> {
    // Spec: what deployed peers take for a segment; whatever else there is goes up as it stands.
    let Some(found) = SegmentMessage::decode(bytes)
        .ok()
        .filter(|found| found.segments_count >= 2 || found.parity_segments_count > 0)
    else {
        return Ok(None);
    };
    let whole = found.entire_message_hash.as_slice().try_into().map_err(|_| SegmentError::Malformed)?;
    let part = match (found.segments_count, found.parity_segments_count) {
        (0, count) => Part::Parity { index: number(found.parity_segment_index)?, count: number(count)? },
        (count, 0) => Part::Piece { index: number(found.index)?, count: number(count)? },
        _ => return Err(SegmentError::Malformed),
    };
    let (Part::Piece { index, count } | Part::Parity { index, count }) = part;
    let len = found.payload.len();
    if index >= count || usize::from(count) > POINTS || len == 0 {
        return Err(SegmentError::Malformed);
    }
    if len > MAX_SEGMENT {
        return Err(SegmentError::TooLarge { len, max: MAX_SEGMENT });
    }
    let told = found.entire_message_length;
    let length = usize::try_from(told).is_ok_and(|len| (1..=MAX_WHOLE).contains(&len)).then_some(told);
    Ok(Some(Segment { whole, part, length, bytes: found.payload }))
}

/// Whether deployed peers would take the bytes for a segment.
pub(crate) fn resembles(bytes: &[u8]) -> bool {
    !matches!(decode(bytes), Ok(None))
}

impl Segment {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut message = SegmentMessage {
            entire_message_hash: self.whole.to_vec(),
            payload: self.bytes,
            entire_message_length: self.length.unwrap_or_default(),
            ..SegmentMessage::default()
        };
        match self.part {
            Part::Piece { index, count } => {
                message.index = index.into();
                message.segments_count = count.into();
            }
            Part::Parity { index, count } => {
                message.parity_segment_index = index.into();
                message.parity_segments_count = count.into();
            }
        }
        message.encode_to_vec()
    }
}

fn number(number: u32) -> Result<u16, SegmentError> {
    u16::try_from(number).map_err(|_| SegmentError::Malformed)
}
