//! Connections to the database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use status_p2p::ArchiveError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls};

use super::failed;

/// Connections at the same time; further calls wait.
const SEATS: usize = 8;
/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the database may think about one statement.
const THINKING: &str = "SET statement_timeout = '60s'";

/// Some connections.
pub(super) struct Pool {
    config: Config,
    seats: Arc<Semaphore>,
    idle: Mutex<Vec<Client>>,
}

/// A connection that is in use. If it is dropped instead of given back, it is closed.
pub(super) struct Taken {
    pub(super) client: Client,
    _seat: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(config: Config) -> Self {
        Self { config, seats: Arc::new(Semaphore::new(SEATS)), idle: Mutex::default() }
    }

    /// A connection that worked when it was last used, or a new one.
    pub(super) async fn take(&self) -> Result<Taken, ArchiveError> {
        let gone = |_| ArchiveError::Failed("the archive is closed".to_owned());
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(gone)?;
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|client| !client.is_closed());
            idle.pop()
        };
        let client = match idle {
            Some(client) => client,
            None => self.connect().await?,
        };
        Ok(Taken { client, _seat: seat })
    }

    /// Gives a connection back, for others to use.
    pub(super) fn give(&self, Taken { client, .. }: Taken) {
        if !client.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }

    async fn connect(&self) -> Result<Client, ArchiveError> {
        let late = |_| ArchiveError::Failed("the database does not answer".to_owned());
        let connecting = timeout(PATIENCE, self.config.connect(NoTls)).await.map_err(late)?;
        let (client, connection) = connecting.map_err(|error| failed(&error))?;
        tokio::spawn(async move {
            // Who waits for an answer is told too.
            if let Err(error) = connection.await {
                tracing::warn!(why = %super::said(&error), "a connection to the database broke");
            }
        });
        client.batch_execute(THINKING).await.map_err(|error| failed(&error))?;
        Ok(client)
    }
}
