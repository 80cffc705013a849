//! An archive that is gone when its process ends.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Archive, ArchiveError, ArchiveSize, Archived, MAX_PAGE_BYTES, Page, Query};
use crate::MessageHash;

/// What orders messages.
type Place = (i64, MessageHash);

/// An archive in memory, with a bound: the oldest messages give way to new ones.
pub struct MemoryArchive {
    most: usize,
    most_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    ordered: BTreeMap<Place, Archived>,
    times: HashMap<MessageHash, i64>,
    bytes: u64,
}

impl MemoryArchive {
    /// An empty archive for so many messages with so many bytes of data.
    #[must_use]
    pub fn new(messages: usize, bytes: u64) -> Self {
        Self { most: messages, most_bytes: bytes, kept: Mutex::default() }
    }

    // Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Archive for MemoryArchive {
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError> {
        let mut kept = self.lock();
        for message in messages {
            kept.put(message);
        }
        while kept.ordered.len() > self.most || kept.bytes > self.most_bytes {
            kept.drop_oldest();
        }
        Ok(())
    }

    async fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        self.lock().page(query)
    }

    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError> {
        let mut kept = self.lock();
        let mut forgotten = 0;
        while kept.oldest().is_some_and(|at| at < before) || kept.bytes > bytes {
            kept.drop_oldest();
            forgotten += 1;
        }
        Ok(forgotten)
    }

    async fn size(&self) -> Result<ArchiveSize, ArchiveError> {
        let kept = self.lock();
        Ok(ArchiveSize { messages: kept.ordered.len() as u64, bytes: kept.bytes, oldest: kept.oldest() })
    }
}

impl Kept {
    fn put(&mut self, message: Archived) {
        if self.times.contains_key(&message.hash) {
            return;
        }
        self.bytes = self.bytes.saturating_add(message.data.len() as u64);
        self.times.insert(message.hash, message.at);
        self.ordered.insert((message.at, message.hash), message);
    }

    fn oldest(&self) -> Option<i64> {
        self.ordered.first_key_value().map(|((at, _), _)| *at)
    }

    fn drop_oldest(&mut self) {
        if let Some((_, message)) = self.ordered.pop_first() {
            self.times.remove(&message.hash);
            self.bytes = self.bytes.saturating_sub(message.data.len() as u64);
        }
    }

    fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let cursor = query
            .cursor
            .map(|hash| self.times.get(&hash).map(|at| (*at, hash)).ok_or(ArchiveError::NoCursor))
            .transpose()?;
        let (first, last) = match cursor {
            Some(place) if query.forward => (Bound::Excluded(place), Bound::Unbounded),
            Some(place) => (Bound::Unbounded, Bound::Excluded(place)),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let mut range = self.ordered.range((first, last));
        let mut next = || if query.forward { range.next() } else { range.next_back() };
        let fitting = std::iter::from_fn(|| next().map(|(_, message)| message));
        Ok(fill(fitting.filter(|message| query.fits(message)), query))
    }
}

/// Takes as much as a page holds.
fn fill<'a>(fitting: impl Iterator<Item = &'a Archived>, query: &Query) -> Page {
    let mut page = Page::default();
    let mut bytes = 0_usize;
    for message in fitting {
        let size = if query.names_only { 0 } else { message.data.len() };
        let full = bytes.saturating_add(size) > MAX_PAGE_BYTES && !page.messages.is_empty();
        if full || page.messages.len() >= query.page_size() {
            page.cursor = page.messages.last().map(|last| last.hash);
            break;
        }
        bytes = bytes.saturating_add(size);
        page.messages.push(if query.names_only { named(message) } else { message.clone() });
    }
    if !query.forward {
        page.messages.reverse();
    }
    page
}

fn named(message: &Archived) -> Archived {
    Archived {
        hash: message.hash,
        at: message.at,
        pubsub_topic: message.pubsub_topic.clone(),
        content_topic: message.content_topic.clone(),
        data: Vec::new(),
    }
}

impl fmt::Debug for MemoryArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryArchive({} messages)", self.lock().ordered.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::conform_archive;

    fn message(number: u8, size: usize) -> Archived {
        Archived {
            hash: MessageHash::new([number; 32]),
            at: i64::from(number),
            pubsub_topic: String::new(),
            content_topic: String::new(),
            data: vec![number; size],
        }
    }

    #[tokio::test]
    async fn it_is_an_archive() {
        conform_archive(async || Arc::new(MemoryArchive::new(usize::MAX, u64::MAX)) as Arc<dyn Archive>)
            .await;
    }

    #[tokio::test]
    async fn the_oldest_give_way_when_there_are_too_many() {
        let archive = MemoryArchive::new(2, u64::MAX);

        archive.keep(vec![message(3, 1), message(1, 1)]).await.unwrap();
        archive.keep(vec![message(2, 1)]).await.unwrap();

        let page = archive.page(&Query::default()).await.unwrap();
        assert_eq!(page.messages, [message(2, 1), message(3, 1)]);
    }

    #[tokio::test]
    async fn the_oldest_give_way_when_they_are_too_large() {
        let archive = MemoryArchive::new(10, 100);

        archive.keep(vec![message(1, 40), message(2, 40), message(3, 40)]).await.unwrap();

        let size = ArchiveSize { messages: 2, bytes: 80, oldest: Some(2) };
        assert_eq!(archive.size().await, Ok(size));
    }
}
