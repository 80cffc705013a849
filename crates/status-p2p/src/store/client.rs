//! Asking nodes that keep history.

use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use libp2p_stream::Control;
use prost::Message;

use super::{AskError, Cursor, Found, LEGACY, MAX_ANSWER, STORE, legacy, wire};
use crate::Query;
use crate::generated::{HistoryRpc, StoreQueryResponse};
use crate::peers::Peers;
use crate::stream::ask;

/// Asks connected nodes for what they keep.
#[derive(Clone)]
pub(crate) struct Client {
    control: Control,
    peers: Arc<Peers>,
    patience: Duration,
}

/// How a node can be asked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Dialect {
    /// By version 3.
    Current,
    /// Only by its forerunner: not for names alone, and not by name.
    Legacy,
}

impl Client {
    pub(crate) fn new(control: Control, peers: Arc<Peers>, patience: Duration) -> Self {
        Self { control, peers, patience }
    }

    /// Who keeps history of a shard, or of any, and can be asked, longest connected first; who speaks version 3 comes before others.
    /// Who has not said which shards it carries may carry this one.
    pub(crate) fn keepers(&self, shard: Option<u16>) -> Vec<(PeerId, Dialect)> {
        let mut keepers = self.peers.find(|name, peer| {
            let dialect = if peer.protocols.contains(&STORE) {
                Dialect::Current
            } else if peer.protocols.contains(&LEGACY) {
                Dialect::Legacy
            } else {
                return None;
            };
            let is_fit = shard
                .zip(peer.shards.as_ref())
                .is_none_or(|(shard, shards)| shards.is_empty() || shards.contains(&shard));
            is_fit.then_some((dialect, peer.since, *name))
        });
        keepers.sort_by_key(|(dialect, since, _)| (*dialect, *since));
        keepers.into_iter().map(|(dialect, _, name)| (name, dialect)).collect()
    }

    /// Asks one node for one page, behind a place. [`Query::cursor`] does not count.
    pub(crate) async fn page(
        &self,
        (peer, dialect): (PeerId, Dialect),
        query: &Query,
        behind: Option<&Cursor>,
    ) -> Result<Found, AskError> {
        let (mut control, id) = (self.control.clone(), request_id());
        match dialect {
            Dialect::Current => {
                let cursor = match behind {
                    None => None,
                    Some(Cursor::Hash(hash)) => Some(*hash),
                    Some(Cursor::Index(_)) => return Err(AskError::Unsayable),
                };
                let question = wire::write_question(id.clone(), &Query { cursor, ..query.clone() });
                let answer: StoreQueryResponse =
                    ask(&mut control, peer, STORE, &question, MAX_ANSWER, self.patience).await?;
                let bytes = answer.encoded_len();
                Ok(Found { bytes, ..wire::read_answer(&id, query, answer)? })
            }
            Dialect::Legacy => {
                let question = legacy::write_question(id.clone(), query, behind)?;
                let answer: HistoryRpc =
                    ask(&mut control, peer, LEGACY, &question, MAX_ANSWER, self.patience).await?;
                let bytes = answer.encoded_len();
                Ok(Found { bytes, ..legacy::read_answer(&id, query, answer)? })
            }
        }
    }
}

/// 32 random bytes in hexadecimal digits, as deployed nodes have it.
fn request_id() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
