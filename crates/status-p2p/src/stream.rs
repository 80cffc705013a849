//! Length-prefixed protobuf over streams, as all request and response protocols of Waku frame it.
//!
//! Exactly one message is read, never to the end of the stream: deployed nodes keep their half open until they have
//! the answer.

mod begun;
mod incoming;
mod serve;

use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{PeerId, StreamProtocol};
use libp2p_stream::{Control, OpenStreamError};
use prost::Message;
use tokio::time::timeout;

pub(crate) use begun::Begun;
pub(crate) use incoming::{Arrivals, Incoming};
pub(crate) use serve::{Served, serve_arrivals};

/// Bytes that are made room for before they have arrived. A peer that announces more has to send it to cost us more.
const CHUNK: usize = 64 * 1024;
/// A varint that is longer announces more than any protocol allows.
const MAX_VARINT_SHIFT: u32 = 28;

/// Why a peer and this node did not understand each other over a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum StreamError {
    /// The other side does not know the protocol.
    #[error("the node does not speak this protocol")]
    NotSpoken,
    /// The stream or its connection ended too early.
    #[error("the stream broke")]
    Broken,
    /// A frame was announced that is larger than the protocol allows.
    #[error("the frame is larger than {max} bytes")]
    TooLarge {
        /// What is allowed, in bytes.
        max: usize,
    },
    /// The bytes are not what the protocol says.
    #[error("the bytes do not follow the protocol")]
    Malformed,
    /// Patience ran out.
    #[error("the node took too long")]
    Late,
}

/// Opens a stream to a connected peer, asks, and reads one answer of at most `max` bytes, all within `patience`.
pub(crate) async fn ask<A: Message + Default>(
    control: &mut Control,
    peer: PeerId,
    protocol: StreamProtocol,
    question: &impl Message,
    max: usize,
    patience: Duration,
) -> Result<A, StreamError> {
    let exchange = async {
        let mut stream = open(control, peer, protocol).await?;
        write(&mut stream, question).await?;
        let answer = read(&mut stream, max).await?;
        // The answer is here; whether the other side sees the stream closed or reset is the same to both.
        let _ = stream.close().await;
        Ok(answer)
    };
    timeout(patience, exchange).await.unwrap_or(Err(StreamError::Late))
}

/// Opens a stream to a connected peer. It waits as long as the peer makes it wait.
pub(crate) async fn open(
    control: &mut Control,
    peer: PeerId,
    protocol: StreamProtocol,
) -> Result<libp2p::Stream, StreamError> {
    control.open_stream(peer, protocol).await.map_err(|error| match error {
        OpenStreamError::UnsupportedProtocol(_) => StreamError::NotSpoken,
        _ => StreamError::Broken,
    })
}

/// Reads one message of at most `max` bytes, and not a byte more.
pub(crate) async fn read<M: Message + Default>(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<M, StreamError> {
    let frame = read_frame(stream, max).await?;
    M::decode(frame.as_slice()).map_err(|_| StreamError::Malformed)
}

/// Writes one message and sees it off.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: &impl Message,
) -> Result<(), StreamError> {
    let frame = message.encode_length_delimited_to_vec();
    stream.write_all(&frame).await.map_err(|_| StreamError::Broken)?;
    stream.flush().await.map_err(|_| StreamError::Broken)
}

/// Reads one length and so many bytes, at most `max`.
pub(crate) async fn read_frame(
    stream: &mut (impl AsyncRead + Unpin),
    max: usize,
) -> Result<Vec<u8>, StreamError> {
    let len = read_length(stream, max).await?;
    let mut frame = Vec::new();
    while frame.len() < len {
        let start = frame.len();
        frame.resize(len.min(start.saturating_add(CHUNK)), 0);
        let rest = frame.get_mut(start..).unwrap_or_default();
        stream.read_exact(rest).await.map_err(|_| StreamError::Broken)?;
    }
    Ok(frame)
}

/// Reads one byte.
pub(crate) async fn read_byte(stream: &mut (impl AsyncRead + Unpin)) -> Result<u8, StreamError> {
    let mut byte = [0];
    stream.read_exact(&mut byte).await.map_err(|_| StreamError::Broken)?;
    let [byte] = byte;
    Ok(byte)
}

async fn read_length(stream: &mut (impl AsyncRead + Unpin), max: usize) -> Result<usize, StreamError> {
    let mut len = 0_usize;
    for shift in (0..=MAX_VARINT_SHIFT).step_by(7) {
        let byte = read_byte(stream).await?;
        len |= usize::from(byte & 0x7f).checked_shl(shift).unwrap_or(usize::MAX);
        if len > max {
            break;
        }
        if byte & 0x80 == 0 {
            return Ok(len);
        }
    }
    Err(StreamError::TooLarge { max })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    const MAX: usize = 16 * 1024;

    #[test]
    fn one_frame_is_read_and_nothing_behind_it() {
        let mut bytes: &[u8] = b"\x03abcdef";

        let frame = block_on(read_frame(&mut bytes, MAX));

        assert_eq!(frame, Ok(b"abc".to_vec()));
        assert_eq!(bytes, b"def");
    }

    #[test]
    fn lengths_are_believed_up_to_a_bound() {
        let read = |mut bytes: &[u8]| block_on(read_frame(&mut bytes, MAX));
        let too_large = Err(StreamError::TooLarge { max: MAX });

        assert_eq!(read(b"\xff\xff\xff\xff\x0f"), too_large);
        assert_eq!(read(b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), too_large);
        assert_eq!(read(b"\x81\x80\x01"), too_large);
        assert_eq!(read(b"\x05abc"), Err(StreamError::Broken));
        assert_eq!(read(b""), Err(StreamError::Broken));
        assert_eq!(read(b"\x80\x00"), Ok(Vec::new()));
    }

    #[test]
    fn a_frame_of_several_chunks_is_read_whole() {
        let content: Vec<u8> = (0..200_000_u32).map(|number| (number % 251) as u8).collect();
        let mut framed = vec![0xc0, 0x9a, 0x0c];
        framed.extend(&content);

        let frame = block_on(read_frame(&mut framed.as_slice(), 1024 * 1024));

        assert_eq!(frame, Ok(content));
    }
}
