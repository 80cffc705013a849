//! Protocol internals, for research and for fuzzing: what strangers say, read as the node reads it.

mod gossip;
mod light;
mod tree;

use prost::Message;

use crate::generated::{HistoryRpc, StoreQueryRequest, StoreQueryResponse};
use crate::store::{
    AskError, Found, Refusal, read_answer, read_legacy_answer, read_legacy_question, read_question,
    write_answer, write_legacy_answer, write_question,
};
use crate::{MessageHash, Page, Query};
pub use gossip::{Judged, judge_gossip, read_frame};
pub use light::{
    Subscriptions, judge_light_push, read_light_push_answer, read_peer_exchange_answer,
    read_peer_exchange_question, read_push, write_peer_exchange_answer,
};
pub use tree::{TreeText, read_tree_root, read_tree_text, sign_tree_root};

/// Which of the two protocols for history.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Store {
    /// Version 3.
    Current,
    /// 2.0.0-beta4.
    Legacy,
}

/// Reads a question as a node that keeps history does; `None` if it is none, or the code of the refusal.
#[must_use]
pub fn read_store_question(store: Store, bytes: &[u8]) -> Option<Result<Query, u32>> {
    match store {
        Store::Current => {
            let asked = StoreQueryRequest::decode(bytes).ok()?;
            Some(read_question(&asked).map_err(Refusal::code))
        }
        Store::Legacy => {
            let asked = HistoryRpc::decode(bytes).ok()?.query?;
            Some(read_legacy_question(asked).map(|question| question.query).map_err(Refusal::code))
        }
    }
}

/// The question of version 3, as a node that asks writes it.
#[must_use]
pub fn write_store_question(query: &Query) -> Vec<u8> {
    write_question(String::new(), query).encode_to_vec()
}

/// The answer with a page, as a node that keeps history writes it.
#[must_use]
pub fn write_store_answer(store: Store, query: &Query, page: Page) -> Vec<u8> {
    match store {
        Store::Current => write_answer(Some(String::new()), Ok(page), query.names_only).encode_to_vec(),
        Store::Legacy => write_legacy_answer(Some(String::new()), query, Ok(page)).encode_to_vec(),
    }
}

/// Reads an answer as a node that asks does: the names of what it brings, and whether there is more. `None` if it is not
/// believed.
#[must_use]
pub fn read_store_answer(store: Store, query: &Query, bytes: &[u8]) -> Option<(Vec<MessageHash>, bool)> {
    let found: Result<Found, AskError> = match store {
        Store::Current => read_answer("", query, StoreQueryResponse::decode(bytes).ok()?),
        Store::Legacy => read_legacy_answer("", query, HistoryRpc::decode(bytes).ok()?),
    };
    let found = found.ok()?;
    Some((found.entries.iter().map(|entry| entry.hash).collect(), found.next.is_some()))
}
