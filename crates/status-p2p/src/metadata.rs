//! The first words of two nodes: which cluster, which shards. Spec: 66/WAKU2-METADATA.

mod exchange;

use std::collections::BTreeSet;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p::StreamProtocol;
use prost::Message as _;

use crate::config::SHARD_END;
use crate::stream::{StreamError, read_frame};
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

/// Answers one question, whose first byte was read.
async fn answer(
    first: u8,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ours: &Metadata,
) -> Result<(), StreamError> {
    // Exactly one message: deployed nodes keep their half of the stream open until they have the answer.
    let question = read_frame(&mut [first].as_slice().chain(&mut stream), MAX_FRAME).await?;
    Metadata::decode(&question).map_err(|_| StreamError::Malformed)?;
    stream.write_all(&ours.frame()).await.map_err(|_| StreamError::Broken)?;
    stream.close().await.map_err(|_| StreamError::Broken)
}

/// Asks over a fresh stream.
async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ours: &Metadata,
) -> Result<Metadata, StreamError> {
    stream.write_all(&ours.frame()).await.map_err(|_| StreamError::Broken)?;
    stream.flush().await.map_err(|_| StreamError::Broken)?;
    let answer = read_frame(&mut stream, MAX_FRAME).await?;
    let theirs = Metadata::decode(&answer).map_err(|_| StreamError::Malformed)?;
    // The answer is here; whether the other side sees the stream closed or reset is the same to both.
    let _ = stream.close().await;
    Ok(theirs)
}

#[cfg(test)]
mod tests {
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
}
