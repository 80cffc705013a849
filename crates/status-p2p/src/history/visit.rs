//! One span of time and at most ten topics: what two nodes or more have of it is handed up.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use libp2p::PeerId;
use status_layer::{Fetching, NetworkEvent, Topic};
use tokio::sync::{mpsc, oneshot};

use super::nodes::{Keeper, Nodes};
use crate::node::inside::Inside;
use crate::store::{AskError, Cursor, Dialect, Found, MAX_TOPICS};
use crate::stream::StreamError;
use crate::verdict::Route;
use crate::{Config, MAX_PAGE, MessageHash, Query};

/// Nodes that are asked for the same.
const WANTED: usize = 2;
/// Nodes that are tried for it.
const MAX_TRIED: usize = 8;
/// Pages that one node may give of one span: two hundred thousand names.
const MAX_PAGES: usize = 2000;
/// Messages that are asked for by name at once, as deployed nodes do.
const BY_NAME: usize = 50;

/// Where visits are made from: whom to ask, and where to hand up what they give.
pub(super) struct Desk {
    pub(super) nodes: Arc<Nodes>,
    ask: mpsc::Sender<Inside>,
    pub(super) route: Route,
    page: usize,
    largest: usize,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// What is wanted of each node in turn.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Where these topics are published.
    pub(super) pubsub_topic: String,
    /// At most ten.
    pub(super) topics: Vec<String>,
    /// In nanoseconds since the Unix epoch.
    pub(super) from: i64,
    /// In nanoseconds since the Unix epoch; not part of it.
    pub(super) until: i64,
}

/// The spans for so many topics: each for those of one gossip topic, which go together in a question.
pub(super) fn spans(route: &Route, topics: &[Topic], from: i64, until: i64) -> Vec<Span> {
    let mut by_route: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for topic in topics {
        by_route.entry(route.of(topic.as_str())).or_default().push(topic.as_str().to_owned());
    }
    let spans = by_route.into_iter().flat_map(|(pubsub_topic, topics)| {
        let span = |topics: &[String]| Span {
            pubsub_topic: pubsub_topic.clone(),
            topics: topics.to_vec(),
            from,
            until,
        };
        topics.chunks(MAX_TOPICS).map(span).collect::<Vec<_>>()
    });
    spans.collect()
}

/// How much is expected to be missing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Care {
    /// Much: one node is asked for messages, another one for names.
    Fetch,
    /// Nothing: one node is asked for names.
    Check,
}

/// Nobody could be asked, or nobody answered to the end.
#[derive(Debug)]
pub(super) struct Nobody;

impl Desk {
    pub(super) fn new(nodes: Arc<Nodes>, ask: mpsc::Sender<Inside>, route: Route, config: &Config) -> Self {
        Self {
            nodes,
            ask,
            route,
            page: config.asking.page.clamp(1, MAX_PAGE),
            largest: config.receive_limit,
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// Counts anew.
    pub(super) fn begin(&self) {
        self.messages.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Messages that were given since it began.
    pub(super) fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Tells the owner something, behind all frames that were handed up before. A node that has ended is told nothing.
    pub(super) async fn report(&self, event: NetworkEvent) {
        drop(self.ask.send(Inside::Report(event)).await);
    }

    /// Hands up all that nodes have of a span.
    pub(super) async fn visit(&self, span: &Span, care: Care) -> Result<(), Nobody> {
        let mut visit = Visit { desk: self, span, here: HashSet::new() };
        let wanted = if care == Care::Fetch { WANTED } else { 1 };
        let (mut tried, mut done): (Vec<PeerId>, usize) = (Vec::new(), 0);
        while done < wanted && tried.len() < MAX_TRIED {
            let Some(keeper) = self.nodes.pick(&span.pubsub_topic, &tried) else { break };
            let first = tried.is_empty() && care == Care::Fetch;
            tried.push(keeper.0);
            let by_messages = first || keeper.1 == Dialect::Legacy;
            let outcome = if by_messages { visit.messages(keeper).await } else { visit.names(keeper).await };
            done += usize::from(outcome.is_ok());
        }
        if done == 0 { Err(Nobody) } else { Ok(()) }
    }

    async fn hand_up(&self, found: Found) {
        let (mut messages, bytes) = (0, found.bytes as u64);
        for entry in found.entries {
            let Some((pubsub_topic, message)) = entry.message else { continue };
            messages += 1;
            if entry.data.len() <= self.largest {
                // Fails only if the node has ended.
                drop(self.ask.send(Inside::Heard { pubsub_topic, message }).await);
            }
        }
        let messages = self.messages.fetch_add(messages, Ordering::Relaxed).saturating_add(messages);
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.report(NetworkEvent::Fetching(Fetching { messages, bytes })).await;
    }

    /// Which of these were not handed up lately.
    async fn missing(&self, names: Vec<MessageHash>) -> Vec<MessageHash> {
        let (told, answer) = oneshot::channel();
        if names.is_empty() || self.ask.send(Inside::Missing { names, told }).await.is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }
}

/// One span, node by node.
struct Visit<'a> {
    desk: &'a Desk,
    span: &'a Span,
    /// What was handed up, or was here already.
    here: HashSet<MessageHash>,
}

impl Visit<'_> {
    /// Takes all messages that a node has.
    async fn messages(&mut self, keeper: Keeper) -> Result<(), AskError> {
        let mut pages = Pages::of(self.query(false));
        while let Some(found) = pages.next(&self.desk.nodes, keeper).await? {
            self.here.extend(found.entries.iter().map(|entry| entry.hash));
            self.desk.hand_up(found).await;
        }
        Ok(())
    }

    /// Takes all names that a node has, and the messages that are missing here.
    async fn names(&mut self, keeper: Keeper) -> Result<(), AskError> {
        let mut pages = Pages::of(self.query(true));
        while let Some(found) = pages.next(&self.desk.nodes, keeper).await? {
            let names = found.entries.iter().map(|entry| entry.hash);
            let unknown: Vec<_> = names.filter(|name| !self.here.contains(name)).collect();
            let missing = self.desk.missing(unknown.clone()).await;
            self.here.extend(unknown.iter().filter(|name| !missing.contains(name)));
            for some in missing.chunks(BY_NAME) {
                self.by_name(keeper, some).await?;
            }
        }
        Ok(())
    }

    async fn by_name(&mut self, keeper: Keeper, names: &[MessageHash]) -> Result<(), AskError> {
        let hashes = names.to_vec();
        let mut pages = Pages::of(Query { hashes, forward: true, limit: names.len(), ..Query::default() });
        let mut given = 0;
        while let Some(found) = pages.next(&self.desk.nodes, keeper).await? {
            // What is on another topic was not named for this span.
            let strange = found.entries.iter().any(|entry| {
                entry
                    .message
                    .as_ref()
                    .is_some_and(|(_, message)| !self.span.topics.contains(&message.content_topic))
            });
            if strange {
                self.desk.nodes.lied(keeper.0);
                return Err(AskError::Untrue);
            }
            given += found.entries.len();
            self.here.extend(found.entries.iter().map(|entry| entry.hash));
            self.desk.hand_up(found).await;
        }
        if given == 0 {
            // It has named what it does not have.
            self.desk.nodes.lied(keeper.0);
            return Err(AskError::Untrue);
        }
        Ok(())
    }

    fn query(&self, names_only: bool) -> Query {
        Query {
            pubsub_topic: Some(self.span.pubsub_topic.clone()),
            content_topics: self.span.topics.clone(),
            from: Some(self.span.from),
            until: Some(self.span.until),
            forward: true,
            limit: if names_only { MAX_PAGE } else { self.desk.page },
            names_only,
            ..Query::default()
        }
    }
}

/// The pages of one node.
struct Pages {
    query: Query,
    next: Option<Option<Cursor>>,
    given: HashSet<MessageHash>,
    count: usize,
}

impl Pages {
    fn of(query: Query) -> Self {
        Self { query, next: Some(None), given: HashSet::new(), count: 0 }
    }

    /// The next page; `None` behind the last one. Each has to bring something new, or there would be no end.
    async fn next(&mut self, nodes: &Nodes, keeper: Keeper) -> Result<Option<Found>, AskError> {
        if self.count >= MAX_PAGES {
            return Ok(None);
        }
        let Some(behind) = &self.next else { return Ok(None) };
        let found = loop {
            match nodes.page(keeper, &self.query, behind.as_ref()).await {
                Err(AskError::Stream(StreamError::TooLarge { .. })) if self.query.page_size() > 1 => {
                    self.query.limit = self.query.page_size() / 2;
                }
                other => break other?,
            }
        };
        let before = self.given.len();
        self.given.extend(found.entries.iter().map(|entry| entry.hash));
        if found.next.is_some() && self.given.len() == before {
            nodes.lied(keeper.0);
            return Err(AskError::Untrue);
        }
        self.count += 1;
        self.next = found.next.clone().map(Some);
        Ok(Some(found))
    }
}
