//! Answering questions for history, from an archive.

use std::sync::{Arc, Mutex, PoisonError};

use libp2p::PeerId;
use tokio::time::Instant;

use super::{BURST, EACH, MAX_QUESTION, Refusal, legacy, wire};
use crate::generated::{HistoryIndex, HistoryRpc, StoreQueryRequest};
use crate::rate::Rates;
use crate::stream::{Arrivals, Begun, Served, StreamError, read, serve_arrivals, write};
use crate::{Archive, ArchiveError, MessageHash, Page, Query};

/// Answers that are under way: each may have 4 MiB, and its reader may be slow.
const SERVED: Served = Served { per_peer: 4, in_all: 64, patience: std::time::Duration::from_secs(60) };
/// Messages of one instant among which a place of the older protocol is looked for.
const MAX_AT_ONCE: usize = 1000;

/// Answers both versions from one archive.
#[derive(Debug)]
pub(crate) struct Server {
    archive: Arc<dyn Archive>,
    rates: Mutex<Rates>,
}

impl Server {
    pub(crate) fn new(archive: Arc<dyn Archive>) -> Arc<Self> {
        Arc::new(Self { archive, rates: Mutex::new(Rates::new(EACH, BURST)) })
    }

    /// Answers questions of version 3, until the node ends.
    pub(crate) async fn serve(self: Arc<Self>, questions: Arrivals) {
        serve_arrivals(questions, SERVED, |peer, stream| {
            let server = Arc::clone(&self);
            async move {
                // Who breaks off or never reads loses an answer, and that is all.
                let _ = server.answer(peer, stream).await;
            }
        })
        .await;
    }

    /// Answers questions of its forerunner, until the node ends.
    pub(crate) async fn serve_legacy(self: Arc<Self>, questions: Arrivals) {
        serve_arrivals(questions, SERVED, |peer, stream| {
            let server = Arc::clone(&self);
            async move {
                // As above.
                let _ = server.answer_legacy(peer, stream).await;
            }
        })
        .await;
    }

    async fn answer(&self, peer: PeerId, mut stream: Begun) -> Result<(), StreamError> {
        let asked: Result<StoreQueryRequest, _> = read(&mut stream, MAX_QUESTION).await;
        let answer = match asked {
            Ok(asked) => {
                let page = match wire::read_question(&asked) {
                    _ if !self.allows(peer) => Err(Refusal::TooMany),
                    Ok(query) => self.page(&query).await,
                    Err(why) => Err(why),
                };
                wire::write_answer(Some(asked.request_id), page, !asked.include_data)
            }
            Err(StreamError::Malformed | StreamError::TooLarge { .. }) => {
                wire::write_answer(None, Err(unreadable()), true)
            }
            Err(error) => return Err(error),
        };
        write(&mut stream, &answer).await
    }

    async fn answer_legacy(&self, peer: PeerId, mut stream: Begun) -> Result<(), StreamError> {
        let asked: Result<HistoryRpc, _> = read(&mut stream, MAX_QUESTION).await;
        let (id, page, query) = match asked {
            Ok(HistoryRpc { request_id, query: Some(asked), .. }) => {
                let (page, query) = match legacy::read_question(asked) {
                    _ if !self.allows(peer) => (Err(Refusal::TooMany), Query::default()),
                    Ok(question) => (self.legacy_page(&question).await, question.query),
                    Err(why) => (Err(why), Query::default()),
                };
                (Some(request_id), page, query)
            }
            Ok(HistoryRpc { request_id, .. }) => (Some(request_id), Err(unreadable()), Query::default()),
            Err(StreamError::Malformed | StreamError::TooLarge { .. }) => {
                (None, Err(unreadable()), Query::default())
            }
            Err(error) => return Err(error),
        };
        write(&mut stream, &legacy::write_answer(id, &query, page)).await
    }

    fn allows(&self, peer: PeerId) -> bool {
        // Nothing panics while it is held.
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).allow(peer, Instant::now())
    }

    async fn page(&self, query: &Query) -> Result<Page, Refusal> {
        self.archive.page(query).await.map_err(refusal)
    }

    async fn legacy_page(&self, question: &legacy::Question) -> Result<Page, Refusal> {
        let cursor = match &question.behind {
            Some(place) => Some(self.find(place).await?),
            None => None,
        };
        self.page(&Query { cursor, ..question.query.clone() }).await
    }

    /// The message at a place: one of those that came, or were made, at its time.
    async fn find(&self, place: &HistoryIndex) -> Result<MessageHash, Refusal> {
        for at in [place.receiver_time, place.sender_time] {
            let mut query = Query {
                pubsub_topic: Some(place.pubsub_topic.clone()).filter(|topic| !topic.is_empty()),
                from: Some(at),
                until: Some(at.saturating_add(1)),
                forward: true,
                ..Query::default()
            };
            let mut seen = 0;
            while seen < MAX_AT_ONCE {
                let page = self.page(&query).await?;
                if let Some(found) = page.messages.iter().find(|message| legacy::is_at(place, message)) {
                    return Ok(found.hash);
                }
                seen += page.messages.len();
                query.cursor = page.cursor;
                if page.cursor.is_none() {
                    break;
                }
            }
        }
        Err(Refusal::NoCursor)
    }
}

const fn unreadable() -> Refusal {
    Refusal::Bad("the request cannot be read")
}

fn refusal(error: ArchiveError) -> Refusal {
    match error {
        ArchiveError::NoCursor => Refusal::NoCursor,
        error => {
            tracing::warn!(%error, "history cannot be read");
            Refusal::Unavailable
        }
    }
}
