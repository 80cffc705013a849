//! Pages: the indices of all that a question names, merged in the order of time.

use std::collections::BTreeSet;
use std::ops::Bound;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, Value};
use status_p2p::{ArchiveError, Archived, MAX_PAGE_BYTES, Page, Query};

use super::failed;
use super::tables::{
    DATA, FIRST, LAST, MESSAGE, Order, PLACE, Place, SHELF, TOPIC, apart, begin_of, behind_digest, digest,
    order, place, read_head, read_whereabouts, time_and_hash, topic_place,
};

/// A gossip topic, and the number that stands for it.
pub(super) type Shelf = (String, u32);
/// Where messages lie, one after the other.
type Places<'a> = Box<dyn Iterator<Item = Result<Place, ArchiveError>> + 'a>;
type Span = (Bound<Order>, Bound<Order>);

/// Answers a question from one moment of the archive.
pub(super) fn page(database: &Database, query: &Query) -> Result<Page, ArchiveError> {
    let read = database.begin_read().map_err(failed)?;
    let Some(span) = span(&read, query)? else { return Ok(Page::default()) };
    let mut shelves = shelves(&read.open_table(SHELF).map_err(failed)?)?;
    if let Some(wanted) = &query.pubsub_topic {
        shelves.retain(|(topic, _)| topic == wanted);
    }
    if !query.hashes.is_empty() {
        let found = named(&read, query, span)?.into_iter().map(Ok);
        return fill(&read, query, &shelves, Merged::of(vec![Box::new(found)], query.forward)?);
    }
    let numbers = shelves.iter().map(|(_, shelf)| *shelf);
    if query.content_topics.is_empty() {
        let heads = read.open_table(MESSAGE).map_err(failed)?;
        let all =
            numbers.map(|shelf| places(&heads, span, query.forward, move |at| place(shelf, at), |at| at));
        let all = all.collect::<Result<_, _>>()?;
        return fill(&read, query, &shelves, Merged::of(all, query.forward)?);
    }
    let topics = read.open_table(TOPIC).map_err(failed)?;
    let wanted: BTreeSet<_> = query.content_topics.iter().map(|topic| digest(topic)).collect();
    let mut all = Vec::new();
    for shelf in numbers {
        for topic in &wanted {
            let key = move |at| topic_place(*topic, place(shelf, at));
            all.push(places(&topics, span, query.forward, key, behind_digest)?);
        }
    }
    fill(&read, query, &shelves, Merged::of(all, query.forward)?)
}

/// From where to where a page can reach; `None` if that is nowhere.
fn span(read: &ReadTransaction, query: &Query) -> Result<Option<Span>, ArchiveError> {
    let mut first = Bound::Included(query.from.map_or(FIRST, begin_of));
    let mut end = query.until.map_or(Bound::Included(LAST), |until| Bound::Excluded(begin_of(until)));
    if let Some(cursor) = &query.cursor {
        let places = read.open_table(PLACE).map_err(failed)?;
        let row = places.get(cursor.as_bytes()).map_err(failed)?.ok_or(ArchiveError::NoCursor)?;
        let (_, at) = read_whereabouts(*row.value());
        let at = order(at, cursor);
        if query.forward && at >= *inner(&first) {
            first = Bound::Excluded(at);
        }
        if !query.forward && at <= *inner(&end) {
            end = Bound::Excluded(at);
        }
    }
    let some = match (first, end) {
        (Bound::Included(first), Bound::Included(end)) => first <= end,
        _ => inner(&first) < inner(&end),
    };
    Ok(some.then_some((first, end)))
}

fn inner(bound: &Bound<Order>) -> &Order {
    match bound {
        Bound::Included(order) | Bound::Excluded(order) => order,
        Bound::Unbounded => &LAST,
    }
}

/// The messages that were asked for by name, in the order of the page.
fn named(read: &ReadTransaction, query: &Query, span: Span) -> Result<Vec<Place>, ArchiveError> {
    let table = read.open_table(PLACE).map_err(failed)?;
    let mut found = Vec::new();
    for hash in query.hashes.iter().collect::<BTreeSet<_>>() {
        let Some(row) = table.get(hash.as_bytes()).map_err(failed)? else { continue };
        let (shelf, at) = read_whereabouts(*row.value());
        let order = order(at, hash);
        if std::ops::RangeBounds::contains(&span, &order) {
            found.push((order, place(shelf, order)));
        }
    }
    found.sort_unstable();
    if !query.forward {
        found.reverse();
    }
    Ok(found.into_iter().map(|(_, place)| place).collect())
}

/// The keys of one index within a span, in the order of the page.
fn places<'a, const N: usize, V: Value + 'static>(
    table: &'a impl ReadableTable<&'static [u8; N], V>,
    (first, end): Span,
    forward: bool,
    key: impl Fn(Order) -> [u8; N],
    place: fn([u8; N]) -> Place,
) -> Result<Places<'a>, ArchiveError> {
    let (first, end) = (first.map(&key), end.map(&key));
    let range = table.range::<&[u8; N]>((first.as_ref(), end.as_ref())).map_err(failed)?;
    let read = move |row: Result<(redb::AccessGuard<'a, &'static [u8; N]>, _), redb::StorageError>| {
        row.map(|(key, _): (_, redb::AccessGuard<'a, V>)| place(*key.value())).map_err(failed)
    };
    Ok(if forward { Box::new(range.map(read)) } else { Box::new(range.rev().map(read)) })
}

/// All messages, oldest first: shelf and order.
pub(super) fn merged<'a>(
    heads: &'a impl ReadableTable<&'static Place, &'static [u8]>,
    shelves: &[Shelf],
) -> Result<impl Iterator<Item = Result<(Place, Order), ArchiveError>> + 'a, ArchiveError> {
    let span = (Bound::Included(FIRST), Bound::Included(LAST));
    let all = shelves.iter().map(|(_, shelf)| {
        let shelf = *shelf;
        places(heads, span, true, move |at| place(shelf, at), |at| at)
    });
    let merged = Merged::of(all.collect::<Result<_, _>>()?, true)?;
    Ok(merged.map(|found| found.map(|place| (place, apart(place).1))))
}

/// All gossip topics of which there are messages.
pub(super) fn shelves(
    table: &impl ReadableTable<&'static str, (u32, u64)>,
) -> Result<Vec<Shelf>, ArchiveError> {
    let rows = table.iter().map_err(failed)?;
    rows.map(|row| row.map(|(topic, shelf)| (topic.value().to_owned(), shelf.value().0)).map_err(failed))
        .collect()
}

/// Several ordered sequences as one. There are few: topics of a question times gossip topics of a node.
struct Merged<'a> {
    heads: Vec<(Order, Place, Places<'a>)>,
    forward: bool,
}

impl<'a> Merged<'a> {
    fn of(all: Vec<Places<'a>>, forward: bool) -> Result<Self, ArchiveError> {
        let mut heads = Vec::with_capacity(all.len());
        for mut places in all {
            if let Some(first) = places.next().transpose()? {
                heads.push((apart(first).1, first, places));
            }
        }
        Ok(Self { heads, forward })
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<Place, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let by_order = self.heads.iter().enumerate();
        let (index, _) = if self.forward {
            by_order.min_by_key(|(_, (order, ..))| *order)?
        } else {
            by_order.max_by_key(|(_, (order, ..))| *order)?
        };
        let (order, head, places) = self.heads.get_mut(index)?;
        let found = *head;
        match places.next() {
            Some(Ok(place)) => (*order, *head) = (apart(place).1, place),
            Some(Err(error)) => return Some(Err(error)),
            None => drop(self.heads.swap_remove(index)),
        }
        Some(Ok(found))
    }
}

/// Takes as much as a page holds.
fn fill(
    read: &ReadTransaction,
    query: &Query,
    shelves: &[Shelf],
    found: Merged<'_>,
) -> Result<Page, ArchiveError> {
    let heads = read.open_table(MESSAGE).map_err(failed)?;
    let data = read.open_table(DATA).map_err(failed)?;
    let mut page = Page::default();
    let mut bytes: u64 = 0;
    for at in found {
        let at = at?;
        let (shelf, order) = apart(at);
        let Some((pubsub_topic, _)) = shelves.iter().find(|(_, number)| *number == shelf) else { continue };
        let row = heads.get(&at).map_err(failed)?.ok_or_else(|| failed(super::DAMAGED))?;
        let (len, content_topic) = read_head(row.value())?;
        // Two topics may share a digest, and what was asked for by name may be of another topic.
        if !query.content_topics.is_empty()
            && !query.content_topics.iter().any(|topic| topic == content_topic)
        {
            continue;
        }
        let size = if query.names_only { 0 } else { len };
        let full = bytes.saturating_add(size) > MAX_PAGE_BYTES as u64 && !page.messages.is_empty();
        if full || page.messages.len() >= query.page_size() {
            page.cursor = page.messages.last().map(|last| last.hash);
            break;
        }
        bytes = bytes.saturating_add(size);
        let (at_time, hash) = time_and_hash(order);
        let data = match query.names_only {
            true => Vec::new(),
            false => data.get(&at).map_err(failed)?.map(|row| row.value().to_vec()).unwrap_or_default(),
        };
        let (pubsub_topic, content_topic) = (pubsub_topic.clone(), content_topic.to_owned());
        page.messages.push(Archived { hash, at: at_time, pubsub_topic, content_topic, data });
    }
    if !query.forward {
        page.messages.reverse();
    }
    Ok(page)
}
