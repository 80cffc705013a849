//! Questions and answers of version 3, read by its rules.

use super::{AskError, Cursor, Entry, Found, MAX_HASHES, MAX_TOPICS, PAGE, Refusal};
use crate::generated::{StoreEntry, StoreQueryRequest, StoreQueryResponse};
use crate::{MAX_PAGE, MessageHash, Page, Query, WakuMessage};

const OK: u32 = 200;
/// What a node repeats when it has not read the id of a question.
const NO_ID: &str = "N/A";

/// The question for a page, behind a place.
pub(crate) fn write_question(id: String, query: &Query) -> StoreQueryRequest {
    StoreQueryRequest {
        request_id: id,
        include_data: !query.names_only,
        pubsub_topic: query.pubsub_topic.clone(),
        content_topics: query.content_topics.clone(),
        time_start: query.from,
        time_end: query.until,
        message_hashes: query.hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect(),
        pagination_cursor: query.cursor.map(|hash| hash.as_bytes().to_vec()),
        pagination_forward: query.forward,
        pagination_limit: Some(query.page_size() as u64),
    }
}

/// Reads a question, or says which rule it breaks.
pub(crate) fn read_question(asked: &StoreQueryRequest) -> Result<Query, Refusal> {
    if asked.content_topics.len() > MAX_TOPICS {
        return Err(Refusal::Bad("at most 10 content topics can be asked for"));
    }
    if asked.content_topics.iter().any(String::is_empty) {
        return Err(Refusal::Bad("a content topic is empty"));
    }
    if asked.pubsub_topic.is_some() == asked.content_topics.is_empty() {
        return Err(Refusal::Bad("pubsub topic and content topics go together"));
    }
    if asked.pubsub_topic.as_ref().is_some_and(String::is_empty) {
        return Err(Refusal::Bad("the pubsub topic is empty"));
    }
    if !asked.message_hashes.is_empty() && asked.pubsub_topic.is_some() {
        return Err(Refusal::Bad("hashes and topics do not go together"));
    }
    if asked.message_hashes.len() > MAX_HASHES {
        return Err(Refusal::Bad("at most 1000 hashes can be asked for"));
    }
    if asked.time_start.zip(asked.time_end).is_some_and(|(start, end)| start > end) {
        return Err(Refusal::Bad("the time ends before it starts"));
    }
    let hash = |bytes: &Vec<u8>| read_hash(bytes).ok_or(Refusal::Bad("a hash does not have 32 bytes"));
    Ok(Query {
        pubsub_topic: asked.pubsub_topic.clone(),
        content_topics: asked.content_topics.clone(),
        from: asked.time_start,
        until: asked.time_end,
        hashes: asked.message_hashes.iter().map(hash).collect::<Result<_, _>>()?,
        cursor: asked.pagination_cursor.as_ref().map(hash).transpose()?,
        forward: asked.pagination_forward,
        limit: page_size(asked.pagination_limit),
        names_only: !asked.include_data,
    })
}

/// What a page has room for: as much as was asked for, within the rules.
pub(super) fn page_size(asked: Option<u64>) -> usize {
    match asked.map(|limit| usize::try_from(limit).unwrap_or(MAX_PAGE)) {
        None | Some(0) => PAGE,
        Some(limit) => limit.min(MAX_PAGE),
    }
}

/// The answer with a page, or with the reason why there is none.
pub(crate) fn write_answer(
    id: Option<String>,
    page: Result<Page, Refusal>,
    names_only: bool,
) -> StoreQueryResponse {
    let entry = |message: crate::Archived| StoreEntry {
        message_hash: Some(message.hash.as_bytes().to_vec()),
        message: (!names_only).then_some(message.data),
        pubsub_topic: (!names_only).then_some(message.pubsub_topic),
    };
    let request_id = id.unwrap_or_else(|| NO_ID.to_owned());
    let (code, words, page) = match page {
        Ok(page) => (OK, "OK", page),
        Err(why) => (why.code(), why.words(), Page::default()),
    };
    StoreQueryResponse {
        request_id,
        status_code: Some(code),
        status_desc: Some(words.to_owned()),
        messages: page.messages.into_iter().map(entry).collect(),
        pagination_cursor: page.cursor.map(|hash| hash.as_bytes().to_vec()),
    }
}

/// Reads an answer, and believes it as far as it can be checked.
pub(crate) fn read_answer(id: &str, query: &Query, answer: StoreQueryResponse) -> Result<Found, AskError> {
    if ![id, "", NO_ID].contains(&answer.request_id.as_str()) {
        return Err(AskError::Untrue);
    }
    match answer.status_code {
        Some(200..300) => {}
        Some(code) => return Err(AskError::Refused { code }),
        None => return Err(AskError::Untrue),
    }
    let next = answer.pagination_cursor.filter(|cursor| !cursor.is_empty());
    let next = next.map(|cursor| read_hash(&cursor).ok_or(AskError::Untrue)).transpose()?;
    // What makes a page endless makes it useless.
    if answer.messages.len() > query.page_size() || (answer.messages.is_empty() && next.is_some()) {
        return Err(AskError::Untrue);
    }
    let entries = answer.messages.into_iter().map(|entry| read_entry(query, entry));
    Ok(Found { entries: entries.collect::<Result<_, _>>()?, next: next.map(Cursor::Hash), bytes: 0 })
}

fn read_entry(query: &Query, entry: StoreEntry) -> Result<Entry, AskError> {
    let hash = entry.message_hash.as_deref().and_then(read_hash).ok_or(AskError::Untrue)?;
    let Some(data) = entry.message else { return Ok(Entry { hash, message: None, data: Vec::new() }) };
    // Spec: 13/WAKU2-STORE: an entry with a message has its pubsub topic.
    let pubsub_topic = entry.pubsub_topic.ok_or(AskError::Untrue)?;
    checked(query, Some(hash), pubsub_topic, data)
}

/// A message that is what was asked for. Only if it is no message that a relay forwards, it is passed over.
pub(super) fn checked(
    query: &Query,
    named: Option<MessageHash>,
    pubsub_topic: String,
    data: Vec<u8>,
) -> Result<Entry, AskError> {
    let Ok(message) = WakuMessage::decode(&data) else {
        let hash = named.unwrap_or(MessageHash::new([0; 32]));
        return Ok(Entry { hash, message: None, data: Vec::new() });
    };
    let hash = message.hash(&pubsub_topic);
    let is_asked_for = named.is_none_or(|named| named == hash)
        && query.pubsub_topic.as_ref().is_none_or(|topic| *topic == pubsub_topic)
        && (query.content_topics.is_empty() || query.content_topics.contains(&message.content_topic))
        && (query.hashes.is_empty() || query.hashes.contains(&hash));
    if !is_asked_for {
        return Err(AskError::Untrue);
    }
    Ok(Entry { hash, message: Some((pubsub_topic, message)), data })
}

fn read_hash(bytes: impl AsRef<[u8]>) -> Option<MessageHash> {
    bytes.as_ref().try_into().ok().map(MessageHash::new)
}

#[cfg(test)]
mod tests;
