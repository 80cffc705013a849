//! The archive of a go-waku node: one table of SQLite with its columns and indexes, asked with its kind of questions.
//!
//! It is here to be measured, so it is given every advantage that costs nothing: statements are prepared once, and rows are read
//! without a copy more than the caller gets.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Result, Row, params, params_from_iter};
use status_p2p::{Archived, MessageHash, Query, WakuMessage};

/// When a message is safe.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Safe {
    /// As deployed: each message is a transaction of its own, and is on the disk some time later. A power cut loses what was kept
    /// last.
    Later,
    /// What was given together is one transaction, and is on the disk when the call returns.
    Now,
}

/// Messages in SQLite, as go-waku lays them out: named by their hash, with an index by time and one by topic.
#[derive(Debug)]
pub struct SqliteArchive {
    connection: Connection,
    safe: Safe,
}

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS message (
        pubsubTopic BLOB NOT NULL, contentTopic BLOB NOT NULL, payload BLOB, version INTEGER NOT NULL,
        timestamp INTEGER NOT NULL, id BLOB, messageHash BLOB PRIMARY KEY, storedAt INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS i_ts ON message (storedAt);
    CREATE INDEX IF NOT EXISTS i_query ON message (contentTopic, pubsubTopic, storedAt, id);";

const KEEP: &str =
    "INSERT INTO message (pubsubTopic, contentTopic, payload, version, timestamp, id, messageHash, storedAt)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

impl SqliteArchive {
    /// Opens the archive in the file `path`, or makes a new one.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn open(path: &Path, safe: Safe) -> Result<Self> {
        let connection = Connection::open(path)?;
        // The driver that go-waku uses asks for NORMAL unless told otherwise.
        let synchronous = match safe {
            Safe::Later => "NORMAL",
            Safe::Now => "FULL",
        };
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; {TABLE}"
        ))?;
        Ok(Self { connection, safe })
    }

    /// Keeps messages.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn keep(&mut self, messages: &[Archived]) -> Result<()> {
        match self.safe {
            Safe::Later => messages.iter().try_for_each(|message| put(&self.connection, message)),
            Safe::Now => {
                let transaction = self.connection.transaction()?;
                messages.iter().try_for_each(|message| put(&transaction, message))?;
                transaction.commit()
            }
        }
    }

    /// One page of what fits a question, oldest first. A cursor is passed over: it is one more condition on `id`.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn page(&self, query: &Query) -> Result<Vec<Archived>> {
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        if let Some(topic) = &query.pubsub_topic {
            conditions.push("pubsubTopic = ?".to_owned());
            values.push(blob(topic.as_bytes()));
        }
        if !query.content_topics.is_empty() {
            conditions.push(format!("contentTopic IN ({})", places(query.content_topics.len())));
            values.extend(query.content_topics.iter().map(|topic| blob(topic.as_bytes())));
        }
        if !query.hashes.is_empty() {
            conditions.push(format!("messageHash IN ({})", places(query.hashes.len())));
            values.extend(query.hashes.iter().map(|hash| blob(hash.as_bytes())));
        }
        for (bound, condition) in [(query.from, "storedAt >= ?"), (query.until, "storedAt < ?")] {
            if let Some(bound) = bound {
                conditions.push(condition.to_owned());
                values.push(Value::Integer(bound));
            }
        }
        let conditions =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        let way = if query.forward { "ASC" } else { "DESC" };
        // One more than is wanted: it says whether there is another page.
        values.push(Value::Integer(query.limit as i64 + 1));
        let words = format!(
            "SELECT pubsubTopic, contentTopic, payload, version, timestamp, messageHash, storedAt FROM message {conditions}
             ORDER BY storedAt {way}, id {way} LIMIT ?"
        );
        let mut statement = self.connection.prepare_cached(&words)?;
        let mut page: Vec<Archived> =
            statement.query_map(params_from_iter(values), read)?.collect::<Result<_>>()?;
        page.truncate(query.limit);
        if !query.forward {
            page.reverse();
        }
        Ok(page)
    }
}

fn put(connection: &Connection, message: &Archived) -> Result<()> {
    let wire = WakuMessage::decode(&message.data).unwrap_or_default();
    let id = [&message.at.to_be_bytes()[..], message.hash.as_bytes()].concat();
    connection.prepare_cached(KEEP)?.execute(params![
        message.pubsub_topic.as_bytes(),
        message.content_topic.as_bytes(),
        wire.payload,
        wire.version.unwrap_or_default(),
        wire.timestamp.unwrap_or_default(),
        id,
        message.hash.as_bytes(),
        message.at,
    ])?;
    Ok(())
}

/// A row as the message that is sent to who asks.
fn read(row: &Row<'_>) -> Result<Archived> {
    let text =
        |at| Ok::<_, rusqlite::Error>(String::from_utf8_lossy(row.get_ref(at)?.as_blob()?).into_owned());
    let content_topic = text(1)?;
    let message = WakuMessage {
        payload: row.get(2)?,
        content_topic: content_topic.clone(),
        version: Some(row.get(3)?),
        timestamp: Some(row.get(4)?),
        ..WakuMessage::default()
    };
    let hash: [u8; 32] = row.get(5)?;
    Ok(Archived {
        hash: MessageHash::new(hash),
        at: row.get(6)?,
        pubsub_topic: text(0)?,
        content_topic,
        data: message.encode(),
    })
}

fn blob(bytes: &[u8]) -> Value {
    Value::Blob(bytes.to_vec())
}

fn places(count: usize) -> String {
    vec!["?"; count].join(", ")
}
