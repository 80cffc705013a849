//! The forerunner of version 3: questions and answers. Spec: 13/WAKU2-STORE, 2.0.0-beta4.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::wire::{checked, page_size};
use super::{AskError, Cursor, Found, MAX_TOPICS, Refusal};
use crate::generated::{
    HistoryContentFilter, HistoryIndex, HistoryPaging, HistoryQuery, HistoryResponse, HistoryRpc,
};
use crate::{Archived, Page, Query, WakuMessage};

const FORWARD: i32 = 1;
const NO_ERROR: i32 = 0;
const INVALID_CURSOR: i32 = 1;

/// A question that was read, and where its page begins.
#[derive(Debug)]
pub(crate) struct Question {
    /// The question without its cursor.
    pub(crate) query: Query,
    /// The place, as this protocol names it.
    pub(crate) behind: Option<HistoryIndex>,
}

/// The question for a page, behind a place.
pub(crate) fn write_question(
    id: String,
    query: &Query,
    cursor: Option<&Cursor>,
) -> Result<HistoryRpc, AskError> {
    let cursor = match cursor {
        None => None,
        Some(Cursor::Index(index)) => Some(HistoryIndex::clone(index)),
        Some(Cursor::Hash(_)) => return Err(AskError::Unsayable),
    };
    if !query.hashes.is_empty() {
        return Err(AskError::Unsayable);
    }
    let filter = |topic: &String| HistoryContentFilter { content_topic: topic.clone() };
    let asked = HistoryQuery {
        pubsub_topic: query.pubsub_topic.clone().unwrap_or_default(),
        content_filters: query.content_topics.iter().map(filter).collect(),
        paging_info: Some(HistoryPaging {
            page_size: query.page_size() as u64,
            cursor,
            direction: i32::from(query.forward),
        }),
        start_time: query.from,
        end_time: query.until,
    };
    Ok(HistoryRpc { request_id: id, query: Some(asked), response: None })
}

/// Reads a question, or says which rule it breaks. Zero and absent times do not restrict.
pub(crate) fn read_question(asked: HistoryQuery) -> Result<Question, Refusal> {
    if asked.content_filters.len() > MAX_TOPICS {
        return Err(Refusal::Bad("at most 10 content topics can be asked for"));
    }
    let content_topics: Vec<String> =
        asked.content_filters.into_iter().map(|filter| filter.content_topic).collect();
    if content_topics.iter().any(String::is_empty) {
        return Err(Refusal::Bad("a content topic is empty"));
    }
    let (from, until) = (said(asked.start_time), said(asked.end_time));
    if from.zip(until).is_some_and(|(from, until)| from > until) {
        return Err(Refusal::Bad("the time ends before it starts"));
    }
    let paging = asked.paging_info.unwrap_or_default();
    let query = Query {
        pubsub_topic: Some(asked.pubsub_topic).filter(|topic| !topic.is_empty()),
        content_topics,
        from,
        // Here the end belongs to the time.
        until: until.map(|until| until.saturating_add(1)),
        forward: paging.direction == FORWARD,
        limit: page_size(Some(paging.page_size)),
        ..Query::default()
    };
    Ok(Question { query, behind: paging.cursor })
}

fn said(time: Option<i64>) -> Option<i64> {
    time.filter(|time| *time != 0)
}

/// The answer with a page, or with the reason why there is none.
pub(crate) fn write_answer(id: Option<String>, query: &Query, page: Result<Page, Refusal>) -> HistoryRpc {
    let response = match page {
        Ok(page) => {
            let last = page.cursor.and_then(|hash| page.messages.iter().find(|one| one.hash == hash));
            let cursor = last.map(index);
            let paging = HistoryPaging {
                page_size: page.messages.len() as u64,
                cursor,
                direction: i32::from(query.forward),
            };
            let messages = page.messages.into_iter().map(|message| message.data).collect();
            HistoryResponse { messages, paging_info: Some(paging), error: NO_ERROR }
        }
        Err(why) => {
            let code = if why == Refusal::NoCursor {
                INVALID_CURSOR
            } else {
                i32::try_from(why.code()).unwrap_or(i32::MAX)
            };
            HistoryResponse { messages: Vec::new(), paging_info: None, error: code }
        }
    };
    HistoryRpc { request_id: id.unwrap_or_default(), query: None, response: Some(response) }
}

/// How this protocol names the place of a message.
fn index(message: &Archived) -> HistoryIndex {
    let made = WakuMessage::decode(&message.data).ok();
    HistoryIndex {
        digest: made.as_ref().map(digest).unwrap_or_default().to_vec(),
        receiver_time: message.at,
        sender_time: made.and_then(|made| made.timestamp).unwrap_or_default(),
        pubsub_topic: message.pubsub_topic.clone(),
    }
}

/// Whether a place is that of a message.
pub(super) fn is_at(place: &HistoryIndex, message: &Archived) -> bool {
    WakuMessage::decode(&message.data).is_ok_and(|made| digest(&made).as_slice() == place.digest)
}

/// What this protocol names a message by: SHA-256 of content topic and payload.
pub(super) fn digest(message: &WakuMessage) -> [u8; 32] {
    Sha256::new().chain_update(&message.content_topic).chain_update(&message.payload).finalize().into()
}

/// Reads an answer, and believes it as far as it can be checked. Without a response there is nothing.
pub(crate) fn read_answer(id: &str, query: &Query, answer: HistoryRpc) -> Result<Found, AskError> {
    if !answer.request_id.is_empty() && answer.request_id != id {
        return Err(AskError::Untrue);
    }
    let Some(response) = answer.response else { return Ok(Found::default()) };
    if response.error != NO_ERROR {
        let code = if response.error == INVALID_CURSOR { 400 } else { response.error.unsigned_abs() };
        return Err(AskError::Refused { code });
    }
    if response.messages.len() > query.page_size() {
        return Err(AskError::Untrue);
    }
    let next =
        response.paging_info.and_then(|paging| paging.cursor).filter(|cursor| !cursor.digest.is_empty());
    // Some nodes name a place even in their last page.
    let next = next.filter(|_| !response.messages.is_empty());
    let topic = query.pubsub_topic.clone().unwrap_or_default();
    let entries = response.messages.into_iter().map(|data| checked(query, None, topic.clone(), data));
    let next = next.map(|index| Cursor::Index(Arc::new(index)));
    Ok(Found { entries: entries.collect::<Result<_, _>>()?, next, bytes: 0 })
}

#[cfg(test)]
mod tests;
