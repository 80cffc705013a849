//! The tables of an archive.

use tokio_postgres::{Client, Error};

use super::said;
use crate::OpenArchiveError;

/// The version of the tables that this program makes.
const VERSION: i16 = 1;
/// Two nodes that start at the same moment make the tables once: the number is any that nobody else uses.
const LOCK: i64 = 0x7374_6174_7573;

/// Topics are bytes, since texts of PostgreSQL take no zero; indices are over digests, since they take nothing long.
const TABLES: &str = "
CREATE TABLE status_archive (
    hash bytea PRIMARY KEY,
    at int8 NOT NULL,
    pubsub_topic bytea NOT NULL,
    content_topic bytea NOT NULL,
    pubsub_digest bytea NOT NULL,
    content_digest bytea NOT NULL,
    data bytea NOT NULL
);
CREATE INDEX status_archive_time ON status_archive (at, hash);
CREATE INDEX status_archive_shard ON status_archive (pubsub_digest, at, hash);
CREATE INDEX status_archive_topic ON status_archive (content_digest, pubsub_digest, at, hash);
CREATE TABLE status_archive_size (messages int8 NOT NULL, bytes int8 NOT NULL);
INSERT INTO status_archive_size VALUES (0, 0);
CREATE TABLE status_archive_format (version int2 NOT NULL);
";

/// Makes the tables if they are missing, or checks that they are ours.
pub(super) async fn prepare(client: &mut Client) -> Result<(), OpenArchiveError> {
    let change = client.transaction().await.map_err(refused)?;
    change.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(refused)?;
    let sql = "SELECT to_regclass('status_archive_format') IS NOT NULL";
    if change.query_one(sql, &[]).await.map_err(refused)?.get(0) {
        let row = change.query_one("SELECT version FROM status_archive_format", &[]).await;
        return match row.map_err(refused)?.get::<_, i16>(0) {
            VERSION => Ok(()),
            found if found > VERSION => Err(OpenArchiveError::Newer {
                found: u8::try_from(found).unwrap_or(u8::MAX),
                known: u8::try_from(VERSION).unwrap_or(u8::MAX),
            }),
            _ => Err(OpenArchiveError::Damaged),
        };
    }
    change.batch_execute(TABLES).await.map_err(refused)?;
    change.execute("INSERT INTO status_archive_format VALUES ($1)", &[&VERSION]).await.map_err(refused)?;
    change.commit().await.map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
fn refused(error: Error) -> OpenArchiveError {
    OpenArchiveError::Refused(said(&error))
}
