//! Gossip topics: shards of a cluster, and the names from before there were shards.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::config::SHARD_END;

/// Longest name of a gossip topic that is taken, in bytes.
const MAX_NAME: usize = 256;

/// A gossip topic. Spec: 23/WAKU2-TOPICS, WAKU2-RELAY-SHARDING.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PubsubTopic {
    /// `/waku/2/rs/<cluster>/<shard>`.
    Shard {
        /// The cluster.
        cluster: u16,
        /// The shard, below 1024.
        shard: u16,
    },
    /// `/waku/2/<name>`, from before there were shards; the best known is `/waku/2/default-waku/proto`.
    Named(String),
}

/// Why a text is not a gossip topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PubsubTopicError {
    /// It does not begin with `/waku/2/`, ends there, or is too long.
    #[error("a gossip topic begins with /waku/2/ and has a name of at most {MAX_NAME} bytes")]
    NotWaku,
    /// It begins like a shard and is none.
    #[error("a shard is written /waku/2/rs/<cluster>/<shard>, the shard below {SHARD_END}")]
    NoShard,
}

/// Why a content topic has no shard.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AutoshardError {
    /// Not `/<application>/<version>/<name>/<encoding>`, with `/<generation>` before it or without.
    #[error("a content topic is written /<application>/<version>/<name>/<encoding>")]
    NoContentTopic,
    /// A generation that is not known here.
    #[error("only generation 0 is known")]
    UnknownGeneration,
}

/// The gossip topic of a shard: `/waku/2/rs/<cluster>/<shard>`.
#[must_use]
pub fn pubsub_topic(cluster: u16, shard: u16) -> String {
    PubsubTopic::Shard { cluster, shard }.to_string()
}

/// The shard, below `shards`, on which a content topic is carried where that is not agreed otherwise.
///
/// Spec: WAKU2-RELAY-SHARDING, "Automatic Sharding": the last eight bytes of SHA-256 over application and version,
/// modulo the number of shards.
///
/// # Errors
/// [`AutoshardError`] if the content topic is not of the form that has a shard.
pub fn autoshard(content_topic: &str, shards: u16) -> Result<u16, AutoshardError> {
    let mut parts = content_topic.strip_prefix('/').ok_or(AutoshardError::NoContentTopic)?.split('/');
    if parts.clone().count() == 5 {
        match parts.next().map(str::parse::<u32>) {
            Some(Ok(0)) => {}
            Some(Ok(_)) => return Err(AutoshardError::UnknownGeneration),
            _ => return Err(AutoshardError::NoContentTopic),
        }
    }
    let (Some(application), Some(version), Some(name), Some(encoding), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(AutoshardError::NoContentTopic);
    };
    if [application, version, name, encoding].iter().any(|part| part.is_empty()) {
        return Err(AutoshardError::NoContentTopic);
    }
    let hash: [u8; 32] = Sha256::new().chain_update(application).chain_update(version).finalize().into();
    let last = hash.last_chunk().copied().unwrap_or_default();
    let shard = u64::from_be_bytes(last) % u64::from(shards.max(1));
    Ok(u16::try_from(shard).unwrap_or_default())
}

impl fmt::Display for PubsubTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shard { cluster, shard } => write!(f, "/waku/2/rs/{cluster}/{shard}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl FromStr for PubsubTopic {
    type Err = PubsubTopicError;

    fn from_str(text: &str) -> Result<Self, PubsubTopicError> {
        let name = text.strip_prefix("/waku/2/").ok_or(PubsubTopicError::NotWaku)?;
        if name.is_empty() || text.len() > MAX_NAME {
            return Err(PubsubTopicError::NotWaku);
        }
        let Some(shard) = name.strip_prefix("rs/") else {
            return Ok(Self::Named(text.to_owned()));
        };
        let (cluster, shard) = shard.split_once('/').ok_or(PubsubTopicError::NoShard)?;
        let cluster = decimal(cluster).ok_or(PubsubTopicError::NoShard)?;
        let shard = decimal(shard).filter(|shard| *shard < SHARD_END).ok_or(PubsubTopicError::NoShard)?;
        Ok(Self::Shard { cluster, shard })
    }
}

/// A number as it is written in the name of a shard: two names of one shard would be two topics.
fn decimal(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number: &u16| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_as_they_are_written() {
        for text in ["/waku/2/rs/16/32", "/waku/2/rs/0/1023", "/waku/2/default-waku/proto"] {
            assert_eq!(text.parse::<PubsubTopic>().unwrap().to_string(), text);
        }
        assert_eq!(pubsub_topic(16, 64), "/waku/2/rs/16/64");
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        let long = format!("/waku/2/{}", "x".repeat(MAX_NAME));
        for text in ["", "/waku/1/x/proto", "/waku/2/", &long] {
            assert_eq!(text.parse::<PubsubTopic>(), Err(PubsubTopicError::NotWaku), "{text}");
        }
        for text in ["rs/16", "rs/16/1024", "rs/16/032", "rs/+1/1", "rs/65536/1", "rs/16/32/1"] {
            let text = format!("/waku/2/{text}");
            assert_eq!(text.parse::<PubsubTopic>(), Err(PubsubTopicError::NoShard), "{text}");
        }
    }

    /// Spec: 23/WAKU2-TOPICS; the first is the vector of deployed nodes.
    #[test]
    fn content_topics_have_the_shards_of_the_specification() {
        assert_eq!(autoshard("/myapp/1/latest/proto", 8), Ok(0));
        assert_eq!(autoshard("/0/myapp/1/latest/proto", 8), Ok(0));
        assert_eq!(autoshard("/myapp/1/another/name", 8), Ok(0), "only application and version count");
        let spread: std::collections::BTreeSet<u16> =
            (0..100).filter_map(|app| autoshard(&format!("/app{app}/1/x/proto"), 8).ok()).collect();
        assert_eq!(spread, (0..8).collect());
    }

    #[test]
    fn what_is_no_content_topic_has_no_shard() {
        for topic in ["", "/", "myapp/1/latest/proto", "/myapp/1/latest", "/a/b/c/d/e/f", "/myapp//x/proto"] {
            assert_eq!(autoshard(topic, 8), Err(AutoshardError::NoContentTopic), "{topic}");
        }
        assert_eq!(autoshard("/1/myapp/1/x/proto", 8), Err(AutoshardError::UnknownGeneration));
        assert_eq!(autoshard("/x/myapp/1/x/proto", 8), Err(AutoshardError::NoContentTopic));
        assert_eq!(autoshard("/myapp/1/x/proto", 0), Ok(0));
    }
}
