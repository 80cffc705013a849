//! Pages: which messages are in one is read first, then their data, so that no more is read than a page holds.

use std::collections::{BTreeSet, HashMap};

use status_p2p::{ArchiveError, Archived, MAX_PAGE_BYTES, MessageHash, Page, Query};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::{digest, failed};

/// What is read of a message besides its data.
const HEAD: &str = "m.hash, m.at, m.pubsub_topic, m.content_topic, octet_length(m.data)::int8";
const SPAN: &str = "(m.at, m.hash) >= ($1, $2) AND (m.at, m.hash) < ($3, $4)";
/// All gossip topics there are: each is found from the one before, so no more is read than there are topics.
const SHARDS: &str = "
WITH RECURSIVE shard(digest) AS (
    (SELECT pubsub_digest FROM status_archive ORDER BY pubsub_digest LIMIT 1)
    UNION ALL
    SELECT (SELECT pubsub_digest FROM status_archive m WHERE m.pubsub_digest > shard.digest
            ORDER BY pubsub_digest LIMIT 1)
    FROM shard WHERE digest IS NOT NULL
)
SELECT digest FROM shard WHERE digest IS NOT NULL";

/// From where on, and up to where: time, and hash or what comes before or after all hashes.
struct Span {
    from: (i64, Vec<u8>),
    until: (i64, Vec<u8>),
}

/// A message without its data.
struct Head {
    message: Archived,
    len: usize,
}

/// Answers a question.
pub(super) async fn page(client: &Client, query: &Query) -> Result<Page, ArchiveError> {
    let span = span(client, query).await?;
    let heads = heads(client, query, &span).await?;
    let (mut page, wanted) = fill(&heads, query);
    if !wanted.is_empty() {
        let sql = "SELECT hash, data FROM status_archive WHERE hash = ANY($1::bytea[])";
        let rows = client.query(sql, &[&wanted]).await.map_err(|error| failed(&error))?;
        let mut data: HashMap<Vec<u8>, Vec<u8>> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        // What was forgotten in between is not there.
        page.messages.retain_mut(|message| match data.remove(&message.hash.as_bytes()[..]) {
            Some(data) => {
                message.data = data;
                true
            }
            None => false,
        });
    }
    if !query.forward {
        page.messages.reverse();
    }
    Ok(page)
}

async fn span(client: &Client, query: &Query) -> Result<Span, ArchiveError> {
    let mut from = (query.from.unwrap_or(i64::MIN), Vec::new());
    let mut until = query.until.map_or_else(|| (i64::MAX, vec![0xff; 33]), |until| (until, Vec::new()));
    if let Some(cursor) = &query.cursor {
        let hash = cursor.as_bytes().to_vec();
        let sql = "SELECT at FROM status_archive WHERE hash = $1";
        let row = client.query_opt(sql, &[&hash]).await.map_err(|error| failed(&error))?;
        let at: i64 = row.ok_or(ArchiveError::NoCursor)?.get(0);
        if query.forward {
            // What comes right behind a text is the same with a zero.
            from = from.max((at, [hash, vec![0]].concat()));
        } else {
            until = until.min((at, hash));
        }
    }
    Ok(Span { from, until })
}

/// As many as a page may hold, and one more, in the order of the page.
async fn heads(client: &Client, query: &Query, span: &Span) -> Result<Vec<Row>, ArchiveError> {
    let order = if query.forward { "m.at, m.hash" } else { "m.at DESC, m.hash DESC" };
    let limit = i64::try_from(query.page_size()).unwrap_or(i64::MAX).saturating_add(1);
    let shard = query.pubsub_topic.as_deref().map(digest);
    let topics: BTreeSet<_> = query.content_topics.iter().map(|topic| digest(topic)).collect();
    let topics: Vec<_> = topics.into_iter().collect();
    let mut values: Vec<&(dyn ToSql + Sync)> =
        vec![&span.from.0, &span.from.1, &span.until.0, &span.until.1, &limit];
    let shards;
    let hashes: Vec<&[u8]>;
    let sql = if !query.hashes.is_empty() {
        hashes = query.hashes.iter().map(|hash| &hash.as_bytes()[..]).collect();
        values.extend([&hashes as &(dyn ToSql + Sync), &shard, &topics]);
        format!(
            "SELECT {HEAD} FROM status_archive m WHERE {SPAN} AND m.hash = ANY($6::bytea[]) \
             AND ($7::bytea IS NULL OR m.pubsub_digest = $7) \
             AND (cardinality($8::bytea[]) = 0 OR m.content_digest = ANY($8)) ORDER BY {order} LIMIT $5"
        )
    } else if !topics.is_empty() {
        shards = match &shard {
            Some(shard) => vec![shard.clone()],
            None => all_shards(client).await?,
        };
        values.extend([&shards as &(dyn ToSql + Sync), &topics]);
        format!(
            "SELECT m.* FROM unnest($6::bytea[]) AS s(shard) CROSS JOIN unnest($7::bytea[]) AS t(topic) \
             CROSS JOIN LATERAL (SELECT {HEAD} FROM status_archive m WHERE {SPAN} \
             AND m.pubsub_digest = s.shard AND m.content_digest = t.topic ORDER BY {order} LIMIT $5) m \
             ORDER BY {order} LIMIT $5"
        )
    } else if let Some(shard) = &shard {
        values.push(shard);
        format!(
            "SELECT {HEAD} FROM status_archive m WHERE {SPAN} AND m.pubsub_digest = $6 ORDER BY {order} LIMIT $5"
        )
    } else {
        format!("SELECT {HEAD} FROM status_archive m WHERE {SPAN} ORDER BY {order} LIMIT $5")
    };
    client.query(&sql, &values).await.map_err(|error| failed(&error))
}

async fn all_shards(client: &Client) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let rows = client.query(SHARDS, &[]).await.map_err(|error| failed(&error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Takes as much as a page holds, and says of which messages the data are wanted.
fn fill(rows: &[Row], query: &Query) -> (Page, Vec<Vec<u8>>) {
    let (mut page, mut wanted, mut bytes) = (Page::default(), Vec::new(), 0_usize);
    // Two topics may share a digest.
    for Head { message, len } in rows.iter().filter_map(head).filter(|head| query.fits(&head.message)) {
        let len = if query.names_only { 0 } else { len };
        let full = bytes.saturating_add(len) > MAX_PAGE_BYTES && !page.messages.is_empty();
        if full || page.messages.len() >= query.page_size() {
            page.cursor = page.messages.last().map(|last| last.hash);
            break;
        }
        bytes = bytes.saturating_add(len);
        if !query.names_only {
            wanted.push(message.hash.as_bytes().to_vec());
        }
        page.messages.push(message);
    }
    (page, wanted)
}

/// A row, unless somebody else wrote it.
fn head(row: &Row) -> Option<Head> {
    let hash = MessageHash::new(row.get::<_, &[u8]>(0).try_into().ok()?);
    let (pubsub_topic, content_topic) = (text(row, 2)?, text(row, 3)?);
    let len = usize::try_from(row.get::<_, i64>(4)).ok()?;
    Some(Head {
        message: Archived { hash, at: row.get(1), pubsub_topic, content_topic, data: Vec::new() },
        len,
    })
}

fn text(row: &Row, column: usize) -> Option<String> {
    String::from_utf8(row.get(column)).ok()
}
