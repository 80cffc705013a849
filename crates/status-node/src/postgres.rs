//! An archive in a PostgreSQL database.

mod page;
mod pool;
mod schema;

use std::fmt;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use status_p2p::{Archive, ArchiveError, ArchiveSize, Archived, Page, Query};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Transaction};

use crate::OpenArchiveError;
use pool::Pool;

/// Messages that are forgotten in one transaction.
const SLICE: usize = 2_000;

/// An archive in a PostgreSQL database (12 or newer), for fleets that outgrow one disk. Several nodes may share one.
///
/// - A batch is one transaction. Whether it survives a crash of the server is up to the server's `synchronous_commit`.
/// - Every question is answered from an index in the order of the page.
/// - A connection that breaks is made anew by the next call; at most 8 are open.
/// - Connections are **not encrypted**: use a socket of the same machine, a private network or a tunnel.
pub struct PostgresArchive {
    pool: Pool,
}

impl PostgresArchive {
    /// Connects to a database, such as `host=/run/postgresql user=status dbname=status` or
    /// `postgresql://status@192.0.2.7/status`, and makes the tables if they are missing.
    ///
    /// # Errors
    /// [`OpenArchiveError::Refused`] if the text is no connection string or the database does not do what it is asked;
    /// [`OpenArchiveError::Newer`] if the tables are those of a newer program.
    pub async fn open(connection: &str) -> Result<Self, OpenArchiveError> {
        // What is wrong with it may be a part of it, and it may hold a password.
        let config: Config =
            connection.parse().map_err(|_| OpenArchiveError::Refused("no connection string".to_owned()))?;
        let pool = Pool::new(config);
        let mut taken = pool.take().await.map_err(|error| OpenArchiveError::Refused(error.to_string()))?;
        schema::prepare(&mut taken.client).await?;
        pool.give(taken);
        Ok(Self { pool })
    }
}

#[async_trait]
impl Archive for PostgresArchive {
    async fn keep(&self, messages: Vec<Archived>) -> Result<(), ArchiveError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut taken = self.pool.take().await?;
        let done = keep(&mut taken.client, &Batch::of(messages)).await;
        self.pool.give(taken);
        done.map_err(|error| failed(&error))
    }

    async fn page(&self, query: &Query) -> Result<Page, ArchiveError> {
        let taken = self.pool.take().await?;
        let done = page::page(&taken.client, query).await;
        self.pool.give(taken);
        done
    }

    async fn forget(&self, before: i64, bytes: u64) -> Result<u64, ArchiveError> {
        let mut forgotten: u64 = 0;
        loop {
            let mut taken = self.pool.take().await?;
            let gone = forget(&mut taken.client, before, bytes).await;
            self.pool.give(taken);
            let gone = gone.map_err(|error| failed(&error))?;
            forgotten = forgotten.saturating_add(gone as u64);
            if gone < SLICE {
                return Ok(forgotten);
            }
        }
    }

    async fn size(&self) -> Result<ArchiveSize, ArchiveError> {
        let taken = self.pool.take().await?;
        let sql = "SELECT messages, bytes, (SELECT min(at) FROM status_archive) FROM status_archive_size";
        let row = taken.client.query_one(sql, &[]).await;
        self.pool.give(taken);
        let row = row.map_err(|error| failed(&error))?;
        let positive = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(ArchiveSize { messages: positive(row.get(0)), bytes: positive(row.get(1)), oldest: row.get(2) })
    }
}

impl fmt::Debug for PostgresArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // How it is reached may hold a password.
        f.write_str("PostgresArchive(..)")
    }
}

/// Keeps all of them in one transaction.
async fn keep(client: &mut Client, batch: &Batch) -> Result<(), Error> {
    let change = client.transaction().await?;
    let sql = "INSERT INTO status_archive \
         (hash, at, pubsub_topic, content_topic, pubsub_digest, content_digest, data) SELECT * FROM unnest(\
         $1::bytea[], $2::int8[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) \
         ON CONFLICT (hash) DO NOTHING RETURNING octet_length(data)::int8";
    let fresh = change.query(sql, &batch.columns()).await?;
    let bytes = fresh.iter().map(|row| row.get::<_, i64>(0)).fold(0, i64::saturating_add);
    count(&change, i64::try_from(fresh.len()).unwrap_or(i64::MAX), bytes).await?;
    change.commit().await
}

/// Forgets some of what is older than `before`, or the oldest while there are more than `bytes`, and says how many.
async fn forget(client: &mut Client, before: i64, bytes: u64) -> Result<usize, Error> {
    let change = client.transaction().await?;
    // Of several nodes that forget at the same time each sees what the one before has left.
    let sql = "SELECT bytes FROM status_archive_size FOR UPDATE";
    let left: i64 = change.query_one(sql, &[]).await?.get(0);
    let mut left = u64::try_from(left).unwrap_or_default();
    let sql = "SELECT hash, at, octet_length(data)::int8 FROM status_archive ORDER BY at, hash LIMIT $1";
    let (mut doomed, mut gone) = (Vec::new(), 0_i64);
    for row in change.query(sql, &[&i64::try_from(SLICE).unwrap_or(i64::MAX)]).await? {
        let (at, len) = (row.get::<_, i64>(1), row.get::<_, i64>(2));
        if at >= before && left <= bytes {
            break;
        }
        left = left.saturating_sub(u64::try_from(len).unwrap_or_default());
        gone = gone.saturating_add(len);
        doomed.push(row.get::<_, Vec<u8>>(0));
    }
    if !doomed.is_empty() {
        let sql = "DELETE FROM status_archive WHERE hash = ANY($1::bytea[])";
        change.execute(sql, &[&doomed]).await?;
        count(&change, -i64::try_from(doomed.len()).unwrap_or(i64::MAX), -gone).await?;
    }
    change.commit().await?;
    Ok(doomed.len())
}

/// Counts what came or went.
async fn count(change: &Transaction<'_>, messages: i64, bytes: i64) -> Result<(), Error> {
    let sql = "UPDATE status_archive_size SET messages = messages + $1, bytes = bytes + $2";
    change.execute(sql, &[&messages, &bytes]).await.map(|_| ())
}

/// Messages column by column, in the order of their hashes: two who keep the same wait for each other, and never both.
#[derive(Default)]
struct Batch {
    hashes: Vec<Vec<u8>>,
    times: Vec<i64>,
    pubsub_topics: Vec<Vec<u8>>,
    content_topics: Vec<Vec<u8>>,
    pubsub_digests: Vec<Vec<u8>>,
    content_digests: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
}

impl Batch {
    fn of(mut messages: Vec<Archived>) -> Self {
        // Stable: of two with one name the first stays.
        messages.sort_by_key(|message| message.hash);
        messages.dedup_by_key(|message| message.hash);
        let mut batch = Self::default();
        for message in messages {
            batch.hashes.push(message.hash.as_bytes().to_vec());
            batch.times.push(message.at);
            batch.pubsub_digests.push(digest(&message.pubsub_topic));
            batch.content_digests.push(digest(&message.content_topic));
            batch.pubsub_topics.push(message.pubsub_topic.into_bytes());
            batch.content_topics.push(message.content_topic.into_bytes());
            batch.data.push(message.data);
        }
        batch
    }
}

// The statement that takes them names them in this order.
impl Batch {
    fn columns(&self) -> [&(dyn ToSql + Sync); 7] {
        [
            &self.hashes,
            &self.times,
            &self.pubsub_topics,
            &self.content_topics,
            &self.pubsub_digests,
            &self.content_digests,
            &self.data,
        ]
    }
}

/// What stands for a topic in indices, which take no long texts.
fn digest(topic: &str) -> Vec<u8> {
    Sha256::digest(topic).iter().copied().take(16).collect()
}

fn failed(error: &Error) -> ArchiveError {
    ArchiveError::Failed(said(error))
}

/// What the database says; its errors alone only say that there is one.
fn said(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    }
}
