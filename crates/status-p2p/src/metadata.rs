//! The first words of two nodes: which cluster, which shards. Spec: 66/WAKU2-METADATA.

mod exchange;

use std::collections::BTreeSet;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use prost::Message as _;

use crate::config::SHARD_END;
use crate::{WakuMessageError, generated};
pub(crate) use exchange::{Exchange, Told};

/// The protocol, named exactly as deployed nodes name it.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/vac/waku/metadata/1.0.0");

/// Largest frame that is read, in bytes; the largest honest one, 1024 shards in both forms, has about 6000.
const MAX_FRAME: usize = 16 * 1024;
/// What a node says of itself: its cluster and the shards that it carries. Question and answer look the same.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// The cluster, if the node belongs to one.
    pub cluster: Option<u32>,
    /// The shards, ascending.
    pub shards: BTreeSet<u16>,
}

/// Why a node's metadata is not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ExchangeError {
    #[error("the node does not speak the metadata protocol")]
    NotSpoken,
    #[error("the stream broke")]
    Broken,
    #[error("the frame is larger than {MAX_FRAME} bytes")]
    TooLarge,
    #[error("the bytes are no metadata")]
    Malformed,
    #[error("the node took too long")]
    Late,
}

impl Metadata {
    /// The bytes on the wire, without the length before them. The shards are written in the two forms that deployed
    /// nodes read.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.wire().encode_to_vec()
    }

    /// Reads either form of the shards, the newer one first.
    ///
    /// # Errors
    /// [`WakuMessageError::Malformed`] if it is not protobuf or names a shard that cannot exist.
    pub fn decode(bytes: &[u8]) -> Result<Self, WakuMessageError> {
        let wire = generated::ClusterMetadata::decode(bytes).map_err(|_| WakuMessageError::Malformed)?;
        let told = if wire.shards.is_empty() { wire.shards_unpacked } else { wire.shards };
        let shard = |shard| u16::try_from(shard).ok().filter(|shard| *shard < SHARD_END);
        let shards = told.into_iter().map(shard).collect::<Option<_>>().ok_or(WakuMessageError::Malformed)?;
        Ok(Self { cluster: wire.cluster_id, shards })
    }

    fn wire(&self) -> generated::ClusterMetadata {
        let shards: Vec<u32> = self.shards.iter().copied().map(u32::from).collect();
        generated::ClusterMetadata { cluster_id: self.cluster, shards_unpacked: shards.clone(), shards }
    }

    fn frame(&self) -> Vec<u8> {
        self.wire().encode_length_delimited_to_vec()
    }
}

/// Reads one byte.
async fn read_byte(stream: &mut (impl AsyncRead + Unpin)) -> Result<u8, ExchangeError> {
    let mut byte = [0];
    stream.read_exact(&mut byte).await.map_err(|_| ExchangeError::Broken)?;
    let [byte] = byte;
    Ok(byte)
}

/// Answers one question, whose first byte was read.
async fn answer(
    first: u8,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ours: &Metadata,
) -> Result<(), ExchangeError> {
    // Exactly one message: deployed nodes keep their half of the stream open until they have the answer.
    let question = read_frame(&mut [first].as_slice().chain(&mut stream)).await?;
    Metadata::decode(&question).map_err(|_| ExchangeError::Malformed)?;
    stream.write_all(&ours.frame()).await.map_err(|_| ExchangeError::Broken)?;
    stream.close().await.map_err(|_| ExchangeError::Broken)
}

/// Asks over a fresh stream.
async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ours: &Metadata,
) -> Result<Metadata, ExchangeError> {
    stream.write_all(&ours.frame()).await.map_err(|_| ExchangeError::Broken)?;
    stream.flush().await.map_err(|_| ExchangeError::Broken)?;
    let answer = read_frame(&mut stream).await?;
    let theirs = Metadata::decode(&answer).map_err(|_| ExchangeError::Malformed)?;
    // The answer is here; whether the other side sees the stream closed or reset is the same to both.
    let _ = stream.close().await;
    Ok(theirs)
}

/// Reads one length and so many bytes; not a byte more.
async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ExchangeError> {
    let len = read_length(stream).await?;
    if len > MAX_FRAME {
        return Err(ExchangeError::TooLarge);
    }
    let mut frame = vec![0; len];
    stream.read_exact(&mut frame).await.map_err(|_| ExchangeError::Broken)?;
    Ok(frame)
}

/// Three bytes of a varint hold more than the largest frame; a fourth is not read.
async fn read_length(stream: &mut (impl AsyncRead + Unpin)) -> Result<usize, ExchangeError> {
    let mut len = 0;
    for shift in [0, 7, 14] {
        let byte = read_byte(stream).await?;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(len);
        }
    }
    Err(ExchangeError::TooLarge)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    fn status() -> Metadata {
        Metadata { cluster: Some(16), shards: [32, 64].into() }
    }

    #[test]
    fn both_forms_of_the_shards_are_written() {
        assert_eq!(hex::encode(status().encode()), "08101020104 01a022040".replace(' ', ""));
    }

    #[test]
    fn either_form_of_the_shards_is_read() {
        for text in ["08101a022040", "081010201040", "0810120220 40", "081018201840"] {
            let bytes = hex::decode(text.replace(' ', "")).unwrap();

            assert_eq!(Metadata::decode(&bytes), Ok(status()), "{text}");
        }
        assert_eq!(Metadata::decode(b""), Ok(Metadata::default()));
    }

    #[test]
    fn shards_that_cannot_exist_are_refused() {
        let bytes = |shard: u32| {
            let wire = generated::ClusterMetadata { shards: vec![shard], ..Default::default() };
            wire.encode_to_vec()
        };

        assert!(Metadata::decode(&bytes(1023)).is_ok());
        assert_eq!(Metadata::decode(&bytes(1024)), Err(WakuMessageError::Malformed));
        assert_eq!(Metadata::decode(&bytes(u32::MAX)), Err(WakuMessageError::Malformed));
    }

    #[test]
    fn one_frame_is_read_and_nothing_behind_it() {
        let mut bytes: &[u8] = b"\x03abcdef";

        let frame = block_on(read_frame(&mut bytes));

        assert_eq!(frame, Ok(b"abc".to_vec()));
        assert_eq!(bytes, b"def");
    }

    #[test]
    fn lengths_are_believed_up_to_a_bound() {
        let read = |mut bytes: &[u8]| block_on(read_frame(&mut bytes));

        assert_eq!(read(b"\xff\xff\xff\xff\x0f"), Err(ExchangeError::TooLarge));
        assert_eq!(read(b"\x81\x80\x01"), Err(ExchangeError::TooLarge));
        assert_eq!(read(b"\x05abc"), Err(ExchangeError::Broken));
        assert_eq!(read(b""), Err(ExchangeError::Broken));
        assert_eq!(read(b"\x80\x00"), Ok(Vec::new()));
    }
}
