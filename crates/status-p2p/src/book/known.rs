//! One node that is known, as it is kept.

use std::time::Duration;

use status_layer::Timestamp;

use crate::{NodeId, NodeRecord, RecordError, Redial};

/// How a row begins; another form gets another number.
const VERSION: u8 = 1;

/// Who told of a node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Source {
    /// The settings name it.
    Named,
    /// It announced itself on the local network (mDNS).
    LocalNetwork,
    /// It is in a signed tree of the domain name system.
    Tree,
    /// It was met while walking through the network of nodes (discv5).
    Discv5,
    /// Another node told of it (peer exchange).
    PeerExchange,
    /// It dialled us.
    Incoming,
}

impl Source {
    const ALL: [Self; 6] =
        [Self::Named, Self::LocalNetwork, Self::Tree, Self::Discv5, Self::PeerExchange, Self::Incoming];

    const fn code(self) -> u8 {
        match self {
            Self::Named => 0,
            Self::LocalNetwork => 1,
            Self::Tree => 2,
            Self::Discv5 => 3,
            Self::PeerExchange => 4,
            Self::Incoming => 5,
        }
    }

    /// In a word, for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Named => "settings",
            Self::LocalNetwork => "local network",
            Self::Tree => "dns",
            Self::Discv5 => "discv5",
            Self::PeerExchange => "peer exchange",
            Self::Incoming => "incoming",
        }
    }
}

/// A node that was found, and how it went with it: what is worth keeping when a node ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownNode {
    /// Its own words.
    pub record: NodeRecord,
    /// Who told of it first.
    pub source: Source,
    /// When it was last told of.
    pub heard: Timestamp,
    /// When it was last connected.
    pub connected: Option<Timestamp>,
    /// When it was last dialled.
    pub tried: Option<Timestamp>,
    /// How often in a row dialling it was in vain.
    pub failures: u32,
}

/// Why bytes are not a known node.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KnownNodeError {
    /// The row was written by a newer version.
    #[error("the row of a known node has version {version}, at most {VERSION} is read; use a newer program")]
    Newer {
        /// The version of the row.
        version: u8,
    },
    /// The row is not one that was written.
    #[error("the row of a known node is damaged")]
    Damaged,
    /// The record in it is none.
    #[error("the row of a known node holds no record: {0}")]
    Record(RecordError),
}

impl KnownNode {
    pub(crate) const fn new(record: NodeRecord, source: Source, heard: Timestamp) -> Self {
        Self { record, source, heard, connected: None, tried: None, failures: 0 }
    }

    /// Its name.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.record.node()
    }

    /// The bytes to keep: at most 330.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let time = |at: Option<Timestamp>| at.map_or(0, Timestamp::millis).to_be_bytes();
        let mut bytes = vec![VERSION, self.source.code()];
        bytes.extend(self.heard.millis().to_be_bytes());
        bytes.extend(time(self.connected));
        bytes.extend(time(self.tried));
        bytes.extend(self.failures.to_be_bytes());
        bytes.extend(self.record.encode());
        bytes
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// [`KnownNodeError`] if the row is newer than this program, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, KnownNodeError> {
        let (version, rest) = bytes.split_first().ok_or(KnownNodeError::Damaged)?;
        if *version != VERSION {
            return Err(if *version > VERSION {
                KnownNodeError::Newer { version: *version }
            } else {
                KnownNodeError::Damaged
            });
        }
        Self::decode_fields(rest)
    }

    fn decode_fields(bytes: &[u8]) -> Result<Self, KnownNodeError> {
        let (source, bytes) = bytes.split_first().ok_or(KnownNodeError::Damaged)?;
        let source =
            Source::ALL.into_iter().find(|known| known.code() == *source).ok_or(KnownNodeError::Damaged)?;
        let (times, bytes) = bytes.split_first_chunk::<24>().ok_or(KnownNodeError::Damaged)?;
        let (times, _) = times.as_chunks();
        let [heard, connected, tried] = times else { return Err(KnownNodeError::Damaged) };
        let time = |at: &[u8; 8]| Timestamp::from_millis(u64::from_be_bytes(*at));
        let maybe = |at| Some(time(at)).filter(|at| at.millis() != 0);
        let (failures, record) = bytes.split_first_chunk().ok_or(KnownNodeError::Damaged)?;
        Ok(Self {
            record: NodeRecord::decode(record).map_err(KnownNodeError::Record)?,
            source,
            heard: time(heard),
            connected: maybe(connected),
            tried: maybe(tried),
            failures: u32::from_be_bytes(*failures),
        })
    }

    /// How long it is left alone after its last failure: each wait is twice the one before.
    pub(crate) fn rest(&self, redial: Redial) -> Duration {
        match self.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(more) => redial.first.saturating_mul(2_u32.saturating_pow(more)).min(redial.most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::record;

    fn known() -> KnownNode {
        let at = Timestamp::from_millis;
        let record = record(1, 16, &[32], &["/ip4/192.0.2.1/tcp/1"]);
        KnownNode { connected: Some(at(2)), failures: 4, ..KnownNode::new(record, Source::Discv5, at(1)) }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        for source in Source::ALL {
            let known = KnownNode { source, ..known() };

            assert_eq!(KnownNode::decode(&known.encode()), Ok(known));
        }
    }

    #[test]
    fn rows_that_were_not_written_are_refused() {
        let bytes = known().encode();
        let with = |at: usize, byte| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            KnownNode::decode(&bytes)
        };

        assert_eq!(with(0, 2), Err(KnownNodeError::Newer { version: 2 }));
        assert_eq!(with(0, 0), Err(KnownNodeError::Damaged));
        assert_eq!(with(1, 9), Err(KnownNodeError::Damaged));
        assert_eq!(with(40, 0), Err(KnownNodeError::Record(RecordError::Malformed)));
        for len in 0..bytes.len() {
            assert!(KnownNode::decode(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn rests_double_from_a_minute_to_an_hour() {
        let redial = Redial { first: Duration::from_secs(60), most: Duration::from_secs(3600) };
        let rest = |failures| KnownNode { failures, ..known() }.rest(redial).as_secs();

        assert_eq!([0, 1, 2, 3, 6, 7, u32::MAX].map(rest), [0, 60, 120, 240, 1920, 3600, 3600]);
    }
}
